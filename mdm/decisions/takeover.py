"""Taking over an incumbent's crosswalk: its golden ids become ours, and what it held together stays together.

The members of one adopted id become one golden record with that id, unless a `no_match` decision parts them. An adopted
id may have any form; it may not be one that this hub has given to something else.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl
import sqlalchemy as sa

from mdm import audit, digest
from mdm.decisions import ledger
from mdm.errors import ConflictError, ContradictionError, UsageError
from mdm.hub import Session

COLUMNS = ("source", "stream", "source_key", "golden_id")
_LONGEST = 100


@dataclass(frozen=True)
class Adopted:
    """How much was taken over; `unknown` records have not landed yet and take their id when they do."""

    records: int
    ids: int
    known_before: int
    unknown: int


def table(file: Path, columns: Sequence[str]) -> pl.DataFrame:
    """A CSV of text with these columns, and `line`, where each row stands."""
    try:
        rows = pl.read_csv(file, infer_schema=False, empty_string_is_null=False)
    except FileNotFoundError:
        raise UsageError(f"there is no file {file}") from None
    except (pl.exceptions.PolarsError, OSError) as error:
        why = str(error).splitlines()[0]
        raise UsageError(f"{file} cannot be read as UTF-8 CSV with the header {','.join(columns)}: {why}") from None
    missing = [c for c in columns if c not in rows.columns]
    if missing:
        raise UsageError(f"{file} has no column {missing[0]!r}; its header must be {','.join(columns)}")
    rows = rows.select(pl.col(c).str.strip_chars() for c in columns).with_row_index("line", offset=2)
    for column in columns:
        blank = rows.filter(pl.col(column) == "")
        if blank.height:
            raise UsageError(f"{file} line {blank['line'][0]}: {column} is empty; fill it, or leave the line out")
    return rows


def adopt(tx: Session, entity: str, rows: pl.DataFrame, *, actor: str, reason: str) -> Adopted:
    """Take over who belongs to which golden id; `rows` as `table` gives them. All of it, or an error and none."""
    reason = ledger.reasoned(reason)
    audit.serialise(tx)
    _formed(rows)
    rows = rows.with_columns(record_id=digest.record_ids(rows))
    _one_id_each(rows)
    rows = rows.unique("record_id", keep="first", maintain_order=True)
    fresh = _new(tx, entity, rows)
    _unissued(tx, entity, fresh)
    _uncontradicted(tx, entity, rows)
    landed = tx.hub.fixed["source_record"]
    known = tx.frame(sa.select(landed.c.record_id).where(tx.among(landed.c.record_id, rows["record_id"])))
    report = Adopted(fresh.height, fresh["golden_id"].n_unique(), rows.height - fresh.height, rows.height - known.height)
    if fresh.height:
        seq = audit.record(
            tx, "adopt", actor=actor, entity=entity, object=f"{entity}:adopted", reason=reason,
            after={"records": report.records, "ids": report.ids},
        )  # fmt: skip
        kept = fresh.select(entity=pl.lit(entity), record_id="record_id", golden_id="golden_id", event_seq=pl.lit(seq, pl.Int64))
        tx.insert(tx.hub.fixed["adopted_id"], kept)
    return report


def adopted(session: Session, entity: str, event_seq: int) -> pl.DataFrame:
    """What was taken over up to an event: record_id, golden_id, event_seq."""
    table = session.hub.fixed["adopted_id"]
    wanted = sa.select(table.c.record_id, table.c.golden_id, table.c.event_seq)
    return session.frame(wanted.where(table.c.entity == entity, table.c.event_seq <= event_seq).order_by(table.c.record_id))


def _formed(rows: pl.DataFrame) -> None:
    strange = pl.col("golden_id").str.contains(r"[\x00-\x1f\x7f]|\s") | (pl.col("golden_id").str.len_chars() > _LONGEST)
    wrong = rows.filter(strange)
    if wrong.height:
        raise UsageError(
            f"line {wrong['line'][0]}: {wrong['golden_id'][0][:_LONGEST]!r} cannot be a golden id; "
            f"it must be one word of at most {_LONGEST} characters"
        )


def _one_id_each(rows: pl.DataFrame) -> None:
    twice = rows.filter(pl.col("golden_id").n_unique().over("record_id") > 1).sort("record_id", "line")
    if twice.height:
        first = twice.filter(pl.col("record_id") == twice.sort("line")["record_id"][0]).sort("line")
        other = first.filter(pl.col("golden_id") != first["golden_id"][0])
        raise UsageError(
            f"line {other['line'][0]}: {_name(other)} is in {other['golden_id'][0]}, but line {first['line'][0]} "
            f"puts it in {first['golden_id'][0]}; a record has one golden id"
        )


def _new(tx: Session, entity: str, rows: pl.DataFrame) -> pl.DataFrame:
    """The rows that were not taken over before; one that says otherwise now is refused."""
    table = tx.hub.fixed["adopted_id"]
    wanted = sa.select(table.c.record_id, table.c.golden_id.label("held")).where(table.c.entity == entity)
    before = rows.join(tx.frame(wanted.where(tx.among(table.c.record_id, rows["record_id"]))), on="record_id", how="left")
    moved = before.filter(pl.col("held") != pl.col("golden_id"))
    if moved.height:
        raise ConflictError(
            f"line {moved['line'][0]}: {_name(moved)} was adopted as {moved['held'][0]} before, not as {moved['golden_id'][0]}; "
            "join or part golden records with `mdm decide`"
        )
    return before.filter(pl.col("held").is_null()).drop("held")


def _unissued(tx: Session, entity: str, rows: pl.DataFrame) -> None:
    """An id is never given to something else: refuse those this hub has issued, or adopted for another entity."""
    ids, table = rows["golden_id"].unique(), tx.hub.fixed["adopted_id"]
    taken = tx.frame(sa.select(table.c.golden_id, table.c.entity).distinct().where(tx.among(table.c.golden_id, ids)))
    ours = taken.filter(pl.col("entity") == entity)["golden_id"]
    issued = set(taken.filter(pl.col("entity") != entity)["golden_id"])
    for other in tx.hub.derived.values():
        column = other.golden.c.golden_id
        issued |= set(tx.execute(sa.select(column).distinct().where(tx.among(column, ids))).scalars()) - set(ours)
    wrong = rows.filter(pl.col("golden_id").is_in(sorted(issued)))
    if wrong.height:
        raise ConflictError(
            f"line {wrong['line'][0]}: {wrong['golden_id'][0]} is an id this hub has given already; "
            "an id is never given twice, so leave the line out"
        )


def _uncontradicted(tx: Session, entity: str, rows: pl.DataFrame) -> None:
    decision, member = tx.hub.fixed["decision"], tx.hub.fixed["decision_member"]
    wanted = (
        sa.select(member.c.number, member.c.side, member.c.record_id)
        .join(decision, decision.c.number == member.c.number)
        .where(decision.c.entity == entity, decision.c.verdict == "no_match", decision.c.withdrawn_seq.is_(None))
    )
    sides = rows.join(tx.frame(wanted), on="record_id")
    parted = sides.filter(pl.col("side").n_unique().over("number", "golden_id") > 1).sort("line")
    if parted.height:
        raise ContradictionError(
            f"line {parted['line'][0]}: decision {parted['number'][0]} says no_match of records "
            f"that {parted['golden_id'][0]} holds; "
            f"withdraw it first (mdm withdraw {parted['number'][0]} --reason ...), or leave the line out"
        )


def _name(rows: pl.DataFrame) -> str:
    return "{}/{}:{}".format(*rows.select("source", "stream", "source_key").row(0))
