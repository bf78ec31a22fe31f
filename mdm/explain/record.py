"""A few records in the form people read, made from the hub as a run would make them."""

from collections.abc import Iterable, Sequence
from typing import Any

import polars as pl
import sqlalchemy as sa

from mdm import decisions, intake, prepare, survivorship
from mdm.context import Context
from mdm.entity import Entity
from mdm.hub.run import pointer
from mdm.hub.version import visible
from mdm.tables import OPEN


def published(context: Context, entity: Entity, records: Iterable[int]) -> pl.DataFrame:
    """Records in published form with role, demoted and filled; a stale one as it last passed, one that is gone not at all."""
    wanted = pl.Series("record_id", sorted(set(records)), dtype=pl.Int64)
    stale = _stale(context, entity, wanted)
    now = list(_mapped(context, entity, wanted.filter(~wanted.is_in(stale.implode()))))
    before = list(intake.earlier(context.hub, context.settings, entity, stale)) if stale.len() else []
    passed = [_last_passing(frame, entity) for frame in before]
    found = [f for f in (*now, *passed) if f.height]
    if not found:
        return _empty(entity)
    frame = pl.concat(found, how="diagonal_relaxed").filter(pl.col("record_id").is_in(wanted.implode()))
    whole = _ranked(context, frame.unique("record_id", keep="last", maintain_order=True))
    return whole.with_columns(filled=survivorship.filled(whole, [a.name for a in entity.attributes]))


def repeated(context: Context, entity: Entity, sides: Sequence[Sequence[int]]) -> list[str]:
    """Streams that never hold one thing twice, and hold a record of each side: in words."""
    distinct = {str(stream) for stream, _ in intake.mapped_streams(context.settings, entity) if stream.distinct}
    with context.hub.read() as session:
        written = decisions.names(session, {r for side in sides for r in side})
    left, right = ({written[r].partition(":")[0] for r in side if r in written} & distinct for side in sides)
    return [
        f"both hold a record of {stream}, which never holds one thing twice (distinct = true): machines neither compare nor "
        "join two of its records, a steward's match does"
        for stream in sorted(left & right)
    ]


def failures(frame: pl.DataFrame, entity: Entity) -> pl.DataFrame:
    """The rules these records fail."""
    return prepare.failures(frame, entity)


def _mapped(context: Context, entity: Entity, wanted: pl.Series) -> Iterable[pl.DataFrame]:
    table = context.hub.fixed["source_record"]
    with context.hub.read() as session:
        parents = session.frame(
            sa.select(table.c.parent_id.label("record_id")).where(
                session.among(table.c.record_id, wanted), table.c.parent_id.is_not(None)
            )
        )
    documents = pl.concat([wanted.to_frame(), parents])["record_id"].unique()
    for stream, maps in intake.mapped_streams(context.settings, entity):
        frame = intake.landed_of(context.hub, stream, documents, OPEN)
        for one in maps if frame.height else ():
            if one.parent is None:
                yield intake.prepared(frame, stream, one, entity).records


def _stale(context: Context, entity: Entity, wanted: pl.Series) -> pl.Series:
    table = context.hub.tables(entity.name).quarantined
    with context.hub.read() as session:
        here = visible(table, pointer(session.connection, context.hub.fixed, entity.name))
        found = session.frame(sa.select(table.c.record_id).where(here, table.c.stale, session.among(table.c.record_id, wanted)))
    return found["record_id"].unique()


def _last_passing(frame: pl.DataFrame, entity: Entity) -> pl.DataFrame:
    """The newest version of each record that fails nothing hard."""
    kept = []
    for _, version in frame.sort("source_time", "seq", nulls_last=False).group_by("seq", maintain_order=True):
        bad = prepare.failures(version, entity).filter("hard")
        kept.append(version.join(bad, on="record_id", how="anti"))
    return pl.concat(kept) if kept else frame.clear()


def _ranked(context: Context, frame: pl.DataFrame) -> pl.DataFrame:
    roles = {name: source.role for name, source in context.settings.sources.items()} | {"steward": "steward"}
    table = context.hub.fixed["source_record"]
    with context.hub.read() as session:
        ops = session.frame(sa.select(table.c.record_id, table.c.op).where(session.among(table.c.record_id, frame["record_id"])))
    name = pl.struct("source", "stream", "source_key")
    return frame.join(ops, on="record_id", how="left").with_columns(
        role=pl.col("source").replace_strict(roles, default="", return_dtype=pl.String),
        demoted=pl.col("op") == "merged_into",
        name_rank=name.rank("ordinal").cast(pl.Int64),
        cluster=pl.lit(""),
    )


def _empty(entity: Entity) -> pl.DataFrame:
    numbers, words = ("record_id", "seq", "source_time", "name_rank"), ("source", "stream", "source_key", "role", "cluster")
    schema: dict[str, Any] = {
        **dict.fromkeys(numbers, pl.Int64),
        **dict.fromkeys(words, pl.String),
        "demoted": pl.Boolean,
        "filled": pl.Float64,
    }
    return pl.DataFrame(schema=schema | {a.name: prepare.DTYPES[a.type] for a in entity.attributes})
