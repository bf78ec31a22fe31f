"""News: what a run must work on, because it landed, was said, was mapped otherwise or moved since the base run."""

import polars as pl
import sqlalchemy as sa

from mdm import mapping
from mdm.bench import Bench
from mdm.entity import Entity
from mdm.hub import Hub, Run
from mdm.hub.run import pointer
from mdm.hub.version import visible
from mdm.intake import mapped_streams
from mdm.settings import Settings


def changed(hub: Hub, entity: Entity, run: Run) -> int:
    """Fill `changed` (what is to be matched again), `concerned` (only survived again) and `merged`; returns how many changed.

    `distinct_record` then holds the records of streams that never hold one thing twice, with their stream.
    """
    bench = run.bench
    distinct(bench, run.settings, entity)
    bench.store("merged", _merged(hub, entity, run))
    bench.store("concerned", _concerned(hub, entity, run))
    if run.whole:
        bench.execute("create or replace temp table changed as select record_id from bench.compare")
        return bench.execute("select count(*) from changed")[0][0]
    bench.execute(
        "create or replace temp table changed as select distinct record_id from bench.touch where seq > ?", [run.base_landed_seq]
    )
    widened = [
        s for s, _ in mapped_streams(run.settings, entity) if run.memory.get("mapping", {}).get(str(s)) != mapping.fingerprint(s)
    ]
    for stream in widened:
        bench.execute(
            "insert into changed select record_id from bench.record where source = ? and stream = ?", [stream.source, stream.name]
        )
    bench.store("changed", _waived_since(hub, entity, run), append=True)
    since = int((bench.execute("select value from bench.meta where key = 'complete_since'") or [("0",)])[0][0])
    gone_streams = set(run.memory.get("mapping", {})) - {str(s) for s, _ in mapped_streams(run.settings, entity)}
    if widened or gone_streams or since > run.base_landed_seq:
        bench.store("changed", _vanished(hub, entity, run), append=True)
    return bench.execute("select count(distinct record_id) from changed")[0][0]


def distinct(bench: Bench, settings: Settings, entity: Entity) -> None:
    """Fill `distinct_record`: the records of streams that never hold one thing twice, with their stream."""
    streams = [str(s) for s, _ in mapped_streams(settings, entity) if s.distinct]
    bench.execute(
        "create or replace temp table distinct_record as select record_id, source || '/' || stream as stream from bench.record "
        "where list_contains(?::varchar[], source || '/' || stream)",
        [streams],
    )


def _vanished(hub: Hub, entity: Entity, run: Run) -> pl.DataFrame:
    """Published members and quarantined records that the mapping no longer makes."""
    tables = hub.tables(entity.name)
    with hub.read() as session:
        known = [
            session.frame(sa.select(t.c.record_id).where(visible(t, run.base))) for t in (tables.membership, tables.quarantined)
        ]
    return pl.concat(known).unique().join(run.bench.frame("select record_id from bench.live"), on="record_id", how="anti")


def _waived_since(hub: Hub, entity: Entity, run: Run) -> pl.DataFrame:
    return _said_since(hub, hub.fixed["waiver"], entity, run)


def _said_since(hub: Hub, table: sa.Table, entity: Entity, run: Run, also: sa.ColumnElement | None = None) -> pl.DataFrame:
    """Records of rows that came or went since the base run."""
    news = sa.or_(
        table.c.event_seq > run.base_event_seq, table.c.withdrawn_seq > run.base_event_seq, *([] if also is None else [also])
    )
    with hub.read() as session:
        return session.frame(sa.select(table.c.record_id).where(table.c.entity == entity.name, news)).unique()


def _concerned(hub: Hub, entity: Entity, run: Run) -> pl.DataFrame:
    """Records corrected since the base run, or whose correction ran out, or that link to a record that moved."""
    table = hub.fixed["correction"]
    expired = None
    if run.base_at is not None:
        expired = sa.and_(table.c.until > run.base_at, table.c.until <= run.started_at)
    corrected = _said_since(hub, table, entity, run, expired)
    moved = [_moved(hub, run, link.to) for link in entity.links if link.to != entity.name]
    if run.whole or not moved:
        return corrected
    with run.bench.given("_moved", pl.concat(moved)):
        owners = run.bench.frame("select distinct record_id from bench.relation where to_record_id in (from _moved)")
    return pl.concat([corrected, owners]).unique()


def _moved(hub: Hub, run: Run, target: str) -> pl.DataFrame:
    """Records of another entity whose golden id is not what it was at the base run."""
    seen = run.memory.get("releases", {}).get(target, 0)
    table = hub.tables(target).membership
    with hub.read() as session:
        at = pointer(session.connection, hub.fixed, target)
        opened = sa.and_(table.c.from_run > seen, table.c.from_run <= at)
        closed = sa.and_(table.c.to_run > seen, table.c.to_run <= at)
        return session.frame(sa.select(table.c.record_id).where(sa.or_(opened, closed)))


def _merged(hub: Hub, entity: Entity, run: Run) -> pl.DataFrame:
    """Records merged away at their source, with the record they went into."""
    table = hub.fixed["source_record"]
    frames = [pl.DataFrame(schema={"record_id": pl.Int64, "merged_into": pl.Int64})]
    with hub.read() as session:
        for stream, _ in mapped_streams(run.settings, entity):
            if stream.source != "steward":
                query = sa.select(table.c.record_id, table.c.merged_into).where(
                    table.c.source == stream.source, table.c.stream == stream.name, table.c.op == "merged_into")  # fmt: skip
                frames.append(session.frame(query))
    return pl.concat(frames)
