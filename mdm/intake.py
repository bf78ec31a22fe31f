"""Intake: landed records read from the hub, mapped, standardised, and kept on the bench.

The bench's lasting tables: `record` (published forms), `compare` (what machines see), `live` (ids the mapping says are
there), `failed` (rules broken), `touch` (which record changed with which landing sequence), `child_*` and `relation`.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass

import polars as pl
import sqlalchemy as sa

from mdm import mapping, prepare
from mdm.bench import Bench
from mdm.entity import Entity
from mdm.hub import Hub, Run, Session, merge
from mdm.mapping.text import parsed
from mdm.settings import MapSettings, Settings, StreamSettings

WINDOW = 100_000
_LANDED = {
    "record_id": pl.Int64, "source": pl.String, "stream": pl.String, "source_key": pl.String, "seq": pl.Int64,
    "source_time": pl.Int64, "op": pl.String, "payload": pl.String,
}  # fmt: skip
_LASTING = (
    "create table if not exists bench.meta (key varchar primary key, value varchar)",
    "create table if not exists bench.live (record_id bigint, parent_id bigint, source varchar, stream varchar)",
    "create table if not exists bench.touch (record_id bigint, seq bigint)",
    "create table if not exists bench.failed (record_id bigint, attribute varchar, rule varchar, value varchar, hard "
    "boolean, stale boolean)",
    "create or replace temp table fresh (record_id bigint)",
)
# A bench of another shape was made by another version: it is made anew.
SHAPE = "; ".join(_LASTING)


@dataclass(frozen=True)
class Prepared:
    """Records of one map in published form, their children and links, and codes nobody knows."""

    records: pl.DataFrame
    children: dict[str, pl.DataFrame]
    links: pl.DataFrame
    codes: pl.DataFrame


def open_tables(bench: Bench, entity: Entity) -> None:
    """Make the lasting tables, in the shape that preparing nothing at all gives, and the empty list of fresh records."""
    for ddl in _LASTING:
        bench.execute(ddl)
    if bench.has("bench.record"):
        return
    stream, one = _by_hand(entity)
    made = prepared(pl.DataFrame(schema=_LANDED), stream, one, entity)
    bench.store("bench.record", made.records.with_columns(stale=pl.lit(False)))
    bench.store("bench.compare", prepare.compared(made.records, entity))
    bench.store("bench.relation", made.links)
    for name, rows in made.children.items():
        bench.store(f"bench.child_{name}", rows)


def mapped_streams(settings: Settings, entity: Entity) -> list[tuple[StreamSettings, list[MapSettings]]]:
    """The streams that feed an entity, with their maps; golden records made by hand come last."""
    found = [
        (stream, [m for m in stream.maps if m.entity == entity.name])
        for source in settings.sources.values()
        for stream in source.streams.values()
    ]
    steward, by_hand = _by_hand(entity)
    return [(s, m) for s, m in found if m] + [(steward, [by_hand])]


def _by_hand(entity: Entity) -> tuple[StreamSettings, MapSettings]:
    """The stream of golden records that stewards made: every field is the attribute of its name."""
    one = MapSettings(entity=entity.name, fields={a.name: (a.name,) for a in entity.attributes})
    return StreamSettings(name=entity.name, source="steward", maps=(one,)), one


def _last(frame: pl.DataFrame) -> int:
    """The highest landing sequence of some rows (there are some)."""
    return int(frame["seq"].max())  # type: ignore[arg-type]


def landed(hub: Hub, stream: StreamSettings, after: int, upto: int) -> Iterator[pl.DataFrame]:
    """What landed in a stream, window by window, deactivations laid over the last full version."""
    table = hub.fixed["source_record"]
    mine = sa.and_(
        table.c.source == stream.source, table.c.stream == stream.name, table.c.parent_id.is_(None), table.c.seq <= upto
    )
    while True:
        with hub.read() as session:
            frame = session.frame(
                sa.select(*(table.c[n] for n in _LANDED)).where(mine, table.c.seq > after).order_by(table.c.seq).limit(WINDOW)
            )
            if frame.is_empty():
                return
            laid = _laid_over(session, hub, frame)
        yield laid
        after = _last(frame)


def losers(hub: Hub, stream: StreamSettings, frame: pl.DataFrame, upto: int) -> pl.DataFrame:
    """The records that were merged into some of these, as they stand: they come and go with their winner."""
    with hub.read() as session:
        behind = merge.losers(session, (stream.source, stream.name), frame["record_id"])
    return landed_of(hub, stream, behind, upto)


def touched(bench: Bench, concerned: pl.DataFrame, by: pl.DataFrame) -> None:
    """Note that these records changed with what landed last."""
    _log(bench, concerned.select("record_id"), _last(by))


def landed_of(hub: Hub, stream: StreamSettings, ids: pl.Series, upto: int) -> pl.DataFrame:
    """These records of a stream as they landed, deactivations laid over the last full version."""
    table = hub.fixed["source_record"]
    mine = sa.and_(
        table.c.source == stream.source, table.c.stream == stream.name, table.c.parent_id.is_(None), table.c.seq <= upto
    )
    with hub.read() as session:
        rows = session.frame(sa.select(*(table.c[n] for n in _LANDED)).where(mine, session.among(table.c.record_id, ids)))
        return _laid_over(session, hub, rows)


def _laid_over(session: Session, hub: Hub, frame: pl.DataFrame) -> pl.DataFrame:
    """A deactivation or merge that blanks the other fields must not blank what we know; a loser leaves with its winner."""
    gone = merge.orphaned(session, frame.filter(pl.col("op") == "merged_into")["record_id"])
    if gone.len():
        left = pl.col("record_id").is_in(gone.implode())
        frame = frame.with_columns(op=pl.when(left).then(pl.lit("delete")).otherwise("op"))
    quiet = frame.filter(pl.col("op").is_in(["inactive", "merged_into"]))
    if quiet.is_empty():
        return frame
    versions = hub.fixed["source_version"]
    before = session.frame(
        sa.select(versions.c.record_id, versions.c.seq, versions.c.source_time, versions.c.payload).where(
            versions.c.op == "upsert", session.among(versions.c.record_id, quiet["record_id"])
        )
    )
    last = (
        before.sort("record_id", "source_time", "seq", nulls_last=True)
        .unique("record_id", keep="last")
        .select("record_id", prior="payload")
    )
    joined = quiet.join(last, on="record_id", how="left")
    # Deactivations are few; each is a small document laid over another.
    payloads = [_overlaid(prior, said) for prior, said in joined.select("prior", "payload").iter_rows()]
    over = joined.select("record_id").with_columns(over=pl.Series(payloads, dtype=pl.String))
    return (
        frame.join(over, on="record_id", how="left", maintain_order="left")
        .with_columns(payload=pl.coalesce("over", "payload"))
        .drop("over")
    )


def _overlaid(prior: str | None, said: str | None) -> str | None:
    if not prior or not said:
        return prior or said
    return json.dumps(
        {**parsed(prior), **{k: v for k, v in parsed(said).items() if v not in (None, "", [], {})}}, ensure_ascii=False
    )


def prepared(frame: pl.DataFrame, stream: StreamSettings, one: MapSettings, entity: Entity) -> Prepared:
    """One map applied to landed records, every value in its published form. Pure."""
    mapped = mapping.records(frame, stream, one, entity)
    children = {
        name: prepare.published(rows, entity.collection(name).attributes) for name, rows in mapped.children.items()
    }  # fmt: skip
    return Prepared(prepare.published(mapped.records, entity.attributes), children, mapped.links, mapped.unknown_codes)


def apply(
    hub: Hub, bench: Bench, entity: Entity, frame: pl.DataFrame, stream: StreamSettings, one: MapSettings, *, first: bool
) -> int:
    made = prepared(frame, stream, one, entity)
    if first:
        # Whatever these rows made before goes first: an element that vanished is then gone by itself.
        before = _made_before(bench, frame["record_id"])
        _log(bench, before, _last(frame))
        _remove(bench, before["record_id"])
        _remove_children(bench, entity, pl.concat([frame["record_id"], before["record_id"]]), _last(frame))
    records = made.records.with_columns(stale=pl.lit(False))
    _register_elements(hub, records)
    bench.store("bench.record", records, append=True)
    bench.store("bench.live", records.select("record_id", "parent_id", "source", "stream"), append=True)
    for name, rows in made.children.items():
        bench.store(f"bench.child_{name}", rows, append=True)
    bench.store("bench.relation", made.links, append=True)
    owners = pl.concat(
        [rows.select("record_id", seq=pl.lit(_last(frame), pl.Int64)) for rows in made.children.values()]
        or [records.select("record_id", "seq").clear()]
    )
    codes = made.codes.select(
        "record_id", "attribute", rule=pl.lit("unknown code"), value="code", hard=pl.lit(False), stale=pl.lit(False)
    )
    bench.store("bench.failed", codes, append=True)
    _log(bench, records.select("record_id", "seq"), None)
    _log(bench, owners, None)
    return records.height


def _made_before(bench: Bench, ids: pl.Series) -> pl.DataFrame:
    with bench.given("_ids", ids.to_frame("record_id")):
        # Not `record`: what was refused is not in it.
        return bench.frame("select distinct record_id from bench.live where record_id in (from _ids) or parent_id in (from _ids)")


def forget(bench: Bench, entity: Entity, stream: StreamSettings) -> None:
    """Take everything a stream made off the bench."""
    ids = bench.frame("select distinct record_id from bench.live where source = ? and stream = ?", [stream.source, stream.name])
    bench.store("fresh", ids, append=True)
    _remove(bench, ids["record_id"])
    _remove_children(bench, entity, ids["record_id"], 0)
    for collection in entity.collections:
        bench.execute(f"delete from bench.child_{collection.name} where source = ? and stream = ?", [stream.source, stream.name])


def again(hub: Hub, entity: Entity, run: Run, ids: pl.Series) -> pl.DataFrame:
    """Map these records once more, as they stand in the hub; returns the ids that came of it."""
    for stream, maps in mapped_streams(run.settings, entity):
        laid = landed_of(hub, stream, ids, run.landed_seq)
        for number, one in enumerate(maps):
            if laid.height:
                apply(hub, run.bench, entity, laid, stream, one, first=number == 0)
    with run.bench.given("_again", ids.to_frame("record_id")):
        return run.bench.frame("select record_id from bench.record where record_id in (from _again)")


def earlier(hub: Hub, settings: Settings, entity: Entity, ids: pl.Series) -> Iterator[pl.DataFrame]:
    """Earlier full versions of some records, in published form."""
    heads, versions = hub.fixed["source_record"], hub.fixed["source_version"]
    columns = [
        heads.c.record_id,
        heads.c.source,
        heads.c.stream,
        heads.c.source_key,
        versions.c.seq,
        versions.c.source_time,
        versions.c.op,
        versions.c.payload,
    ]
    for stream, maps in mapped_streams(settings, entity):
        with hub.read() as session:
            rows = session.frame(
                sa.select(*columns).join(versions, versions.c.record_id == heads.c.record_id).where(
                    heads.c.source == stream.source, heads.c.stream == stream.name, versions.c.op == "upsert",
                    session.among(heads.c.record_id, ids)))  # fmt: skip
        for one in maps:
            if rows.height and one.parent is None and one.explode is None:
                yield prepared(rows, stream, one, entity).records


def _log(bench: Bench, ids: pl.DataFrame, seq: int | None) -> None:
    """Note that these records changed with what landed at a sequence."""
    rows = ids if "seq" in ids.columns else ids.with_columns(seq=pl.lit(seq, pl.Int64))
    bench.store("bench.touch", rows.select("record_id", "seq"), append=True)
    bench.store("fresh", rows.select("record_id"), append=True)


def _remove(bench: Bench, ids: pl.Series) -> None:
    with bench.given("_ids", ids.to_frame("record_id")):
        for table in ("bench.record", "bench.compare", "bench.live", "bench.failed"):
            bench.execute(f"delete from {table} where record_id in (from _ids)")


def _remove_children(bench: Bench, entity: Entity, ids: pl.Series, seq: int) -> None:
    """Children and links that these landed rows had said, whoever owns them."""
    with bench.given("_ids", ids.to_frame("record_id")):
        for table in [f"bench.child_{c.name}" for c in entity.collections] + ["bench.relation"]:
            bench.execute(
                f"insert into bench.touch select record_id, ?::bigint from {table} where child_id in (from _ids)", [seq]
            )
            bench.execute(f"insert into fresh select record_id from {table} where child_id in (from _ids)")
            bench.execute(f"delete from {table} where child_id in (from _ids)")


def _register_elements(hub: Hub, records: pl.DataFrame) -> None:
    """Elements of a landed document are records too: readers find their names where those of all records are."""
    table = hub.fixed["source_record"]
    elements = records.filter(pl.col("parent_id").is_not_null()).select(
        "record_id", "source", "stream", "source_key", "parent_id"
    )
    if elements.is_empty():
        return
    with hub.read() as session:
        known = session.frame(sa.select(table.c.record_id).where(session.among(table.c.record_id, elements["record_id"])))
    fresh = elements.join(known, on="record_id", how="anti")
    hub.load(table, fresh.with_columns(seq=pl.lit(0, pl.Int64), op=pl.lit("element"), digest=pl.lit(0, pl.Int64)))
