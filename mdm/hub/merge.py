"""Merges at a source, as its records stand: who was merged into whom, and who has lost even the winner.

A source that deletes the winner of a merge has nothing left of the loser either, so the loser leaves with it, and comes
back with it.
"""

import polars as pl
import sqlalchemy as sa

from mdm.hub import Session


def losers(session: Session, stream: tuple[str, str], winners: pl.Series) -> pl.Series:
    """The records of a source and stream that were merged into one of these, however often; these themselves left out."""
    table, (source, name) = session.hub.fixed["source_record"], stream
    merges = session.frame(
        sa.select(table.c.record_id, table.c.merged_into).where(
            table.c.source == source, table.c.stream == name, table.c.op == "merged_into"
        )
    )
    found = reached = winners
    while not reached.is_empty():
        behind = merges.filter(pl.col("merged_into").is_in(reached.implode()))["record_id"]
        reached = behind.filter(~behind.is_in(found.implode()))
        found = pl.concat([found, reached])
    return found.filter(~found.is_in(winners.implode()))


def orphaned(session: Session, ids: pl.Series) -> pl.Series:
    """Those of these losers whose last winner is deleted."""
    table, heads = session.hub.fixed["source_record"], dict[int, tuple[str, int | None]]()
    reached = ids
    while not reached.is_empty():
        rows = session.frame(
            sa.select(table.c.record_id, table.c.op, table.c.merged_into).where(session.among(table.c.record_id, reached))
        )
        heads |= {record: (op, winner) for record, op, winner in rows.iter_rows()}
        ahead = rows.filter(pl.col("op") == "merged_into")["merged_into"].drop_nulls().unique()
        reached = ahead.filter(~ahead.is_in(list(heads)))
        # A winner that never came has no head; it must not be asked for again.
        heads |= dict.fromkeys(reached, ("", None))
    return ids.filter(pl.Series([_ends_deleted(heads, record) for record in ids], dtype=pl.Boolean))


def _ends_deleted(heads: dict[int, tuple[str, int | None]], record: int) -> bool:
    walked: set[int] = set()
    at: int | None = record
    while at is not None and at not in walked:
        walked.add(at)
        op, winner = heads.get(at, ("", None))
        if op != "merged_into":
            return op == "delete"
        at = winner
    return False
