"""Land: what the source said, unchanged, with the checkpoint after it, in one transaction.

A repeated page changes nothing. Every row read is counted in exactly one class:
total = new + changed + unchanged + duplicate + deleted + filtered + rejected.
"""

import json
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

import polars as pl
import sqlalchemy as sa

from mdm import delivered, digest, fault, mapping
from mdm.connector import Checkpoint, Complete, Connector, Notice, Records, Rejected, SchemaChange, StreamRequest
from mdm.connector import Context as World
from mdm.errors import LedgerError, ShrunkError
from mdm.hub import Hub, Session, Tally
from mdm.hub import source as versions
from mdm.hub.run import now
from mdm.settings import Source, StreamSettings
from mdm.tables import READ_COUNTS

_HEAD = {"record_id": pl.Int64, "digest": pl.Int64, "op": pl.String, "source_time": pl.Int64}
_MOST_REJECTED = 10_000


@dataclass(frozen=True)
class Landing:
    """One stream of one source being landed in one run."""

    hub: Hub
    source: Source
    stream: StreamSettings
    number: int
    accept_shrink: bool = False
    # Read all again and reconcile the keys: the cursor is older than the source remembers.
    anew: bool = False
    pseudonym_key: str | None = None

    @property
    def names(self) -> tuple[str, str]:
        """Source and stream."""
        return self.source.name, self.stream.name


@dataclass
class _Delivery:
    """What is known of the delivery so far."""

    counts: Counter = field(default_factory=Counter)
    total: int = 0
    notes: list[str] = field(default_factory=list)
    fields: dict[str, None] = field(default_factory=dict)
    seen: list[pl.Series] = field(default_factory=list)
    complete: bool = False
    rejected: int = 0
    warned: set[str] = field(default_factory=set)
    shapes: set[tuple[str, ...]] = field(default_factory=set)


def run(landing: Landing, connector: Connector, world: World, *, progress: Callable[[int], None] = lambda n: None) -> Tally:
    """Read one stream to its end, or to the error that stops it."""
    delivery = _Delivery()
    state = None if landing.anew else _state(landing)
    request = StreamRequest(
        landing.stream.name,
        landing.stream.key,
        landing.stream.modified,
        landing.source.options_of(landing.stream.name),
        landing.stream.delivery,
    )
    pages: list[pl.DataFrame] = []
    for message in connector.read(world, request, state):
        match message:
            case Records(frame, fields, tabular):
                _judge_drift(landing, delivery, frame, fields, tabular)
                delivery.total += frame.height
                pages.append(_judged(landing, frame))
            case Rejected(frame):
                _reject(landing, delivery, frame)
            case Checkpoint(value):
                _commit(landing, delivery, pages, value)
                progress(sum(delivery.counts.values()))
            case Notice(text):
                delivery.notes.append(text)
            case SchemaChange(added, removed, retyped):
                delivery.notes.append(_words(added, removed, retyped))
            case Complete():
                delivery.complete = True
    _commit(landing, delivery, pages, None)
    if (landing.anew or landing.stream.delivery == "full") and delivery.complete:
        _absent(landing, delivery)
    elif landing.stream.delivery == "full":
        delivery.notes.append("the delivery was not proven complete, so nothing absent was read as deleted")
    _finish(landing, delivery, "ok", None)
    return _tally(delivery)


def fingerprint(stream: StreamSettings) -> str:
    """What of a stream's settings, when changed, makes everything be read again."""
    landing = {
        "key": stream.key, "modified": stream.modified, "deleted": repr(stream.deleted), "inactive": repr(stream.inactive),
        "merged": stream.merged_into, "pseudonymise": stream.pseudonymise, "where": sorted(repr(sorted(m.where.items())) for m in stream.maps),
    }  # fmt: skip
    return json.dumps(landing, sort_keys=True)


def _state(landing: Landing) -> dict | None:
    table = landing.hub.fixed["stream_state"]
    source, stream = landing.names
    with landing.hub.read() as session:
        row = session.execute(
            sa.select(table.c.state, table.c.fingerprint).where(table.c.source == source, table.c.stream == stream)
        ).first()
    if row is None or row.state is None or landing.stream.delivery == "full" or row.fingerprint != fingerprint(landing.stream):
        return None
    return json.loads(row.state)


def _judge_drift(landing: Landing, delivery: _Delivery, frame: pl.DataFrame, fields: tuple[str, ...], tabular: bool) -> None:
    """Compare a page's fields with the mapping: the first page of every shape, and every page of nested data."""
    said = frame.filter(pl.col("payload").is_not_null())
    nested = not tabular and said["payload"].str.contains(r"[:\[,]\s*[\[{]").any()
    if said.is_empty() or (fields in delivery.shapes and not nested):
        return
    delivery.shapes.add(fields)
    found = mapping.drift(said if nested or not fields else list(fields), landing.stream, sparse=not tabular)
    mapping.require(found, landing.stream)
    for name in found.unknown:
        if name not in delivery.warned:
            delivery.warned.add(name)
            delivery.notes.append(f"new field {name!r} is neither mapped nor ignored; map it, or add it to `ignore`")
    delivery.fields.update(dict.fromkeys(fields))


def _judged(landing: Landing, frame: pl.DataFrame) -> pl.DataFrame:
    source, stream = landing.names
    page = mapping.judged(frame, landing.stream, pseudonym_key=landing.pseudonym_key)
    return page.with_columns(
        record_id=digest.record_ids(page, source, stream),
        digest=digest.digests(page, ["payload", "op", "merged_into"]),
        merged_id=digest.of_text(page.select(pl.when(pl.col("merged_into").is_not_null()).then(
            pl.concat_str(pl.lit(source), pl.lit(stream), "merged_into", separator=digest.SEPARATOR)).alias("text"))["text"]),
    )  # fmt: skip


def _commit(landing: Landing, delivery: _Delivery, pages: list[pl.DataFrame], state: dict | None) -> None:
    """One page (or a few) and the checkpoint after it, in one transaction."""
    page = pl.concat(pages) if pages else None
    pages.clear()
    with landing.hub.begin() as tx:
        if page is not None:
            _land(tx, landing, delivery, page)
        if state is not None:
            _store_state(tx, landing, state=json.dumps(state), fingerprint=fingerprint(landing.stream))
        _count(tx, landing, delivery)
    fault.point("land")


def _land(tx: Session, landing: Landing, delivery: _Delivery, page: pl.DataFrame) -> None:
    if landing.stream.delivery == "full":
        # A complete list says each thing once: of a key that comes twice, the last row counts.
        once = page.unique("record_id", keep="last", maintain_order=True)
        delivery.counts["duplicate"] += page.height - once.height
        page = once
    for part in delivered.rounds(page):
        _land_once(tx, landing, delivery, part)


def _land_once(tx: Session, landing: Landing, delivery: _Delivery, page: pl.DataFrame) -> None:
    table = landing.hub.fixed["source_record"]
    heads = tx.frame(sa.select(*(table.c[n] for n in _HEAD)).where(tx.among(table.c.record_id, page["record_id"])))
    seen = pl.concat(delivery.seen) if delivery.seen else pl.Series(dtype=pl.Int64)
    rows = delivered.classified(page, heads, seen)
    kinds = Counter(dict(rows["kind"].value_counts().iter_rows()))
    kinds["unchanged"] += kinds.pop("late", 0)
    delivery.counts.update(kinds)
    delivery.seen.append(page["record_id"])
    versions.store(tx, rows.filter(pl.col("kind").is_in(["new", "changed", "deleted"])), *landing.names)
    versions.keep_late(tx, rows.filter(pl.col("kind") == "late"))


def _absent(landing: Landing, delivery: _Delivery) -> None:
    """A complete delivery without a record we have: it was deleted, unless too many are missing."""
    hub, (source, stream) = landing.hub, landing.names
    table = hub.fixed["source_record"]
    with hub.read() as session:
        live = session.frame(sa.select(table.c.record_id, table.c.source_key).where(
            table.c.source == source, table.c.stream == stream, table.c.op != "delete", table.c.parent_id.is_(None)))  # fmt: skip
    seen = (
        pl.concat(delivery.seen).unique().to_frame("record_id") if delivery.seen else pl.DataFrame(schema={"record_id": pl.Int64})
    )
    gone = live.join(seen, on="record_id", how="anti")
    if live.height and gone.height / live.height > landing.stream.shrink and not landing.accept_shrink:
        raise ShrunkError(
            f"{source}/{stream}: {gone.height} of {live.height} records are absent from this full delivery, more than shrink = "
            f"{landing.stream.shrink}; nothing was deleted. If it is right: `mdm sync {source} --accept-shrink`, else "
            "ask for a new delivery"
        )
    for part in gone.iter_slices(20_000):
        rows = part.with_columns(
            source_time=pl.lit(None, pl.Int64),
            op=pl.lit("delete"),
            payload=pl.lit(None, pl.String),
            merged_id=pl.lit(None, pl.Int64),
        )
        rows = rows.with_columns(digest=digest.digests(rows, ["payload", "op"]))
        with hub.begin() as tx:
            versions.store(tx, rows, source, stream)
            delivery.counts["deleted"] += part.height
            delivery.total += part.height
            _count(tx, landing, delivery)


def _reject(landing: Landing, delivery: _Delivery, frame: pl.DataFrame) -> None:
    source, stream = landing.names
    kept = frame.head(max(0, _MOST_REJECTED - delivery.rejected)).select("position", "reason", "excerpt")
    first = delivery.rejected + 1
    rows = kept.with_columns(
        run_id=pl.lit(landing.number, pl.Int64),
        source=pl.lit(source),
        stream=pl.lit(stream),
        ordinal=pl.int_range(first, first + pl.len(), dtype=pl.Int64),
    )
    delivery.rejected += frame.height
    delivery.total += frame.height
    delivery.counts["rejected"] += frame.height
    with landing.hub.begin() as tx:
        tx.insert(landing.hub.fixed["rejected_row"], rows)
        _count(tx, landing, delivery)


def _count(tx: Session, landing: Landing, delivery: _Delivery) -> None:
    table = landing.hub.fixed["read_tally"]
    source, stream = landing.names
    tx.execute(table.delete().where(table.c.run_id == landing.number, table.c.source == source, table.c.stream == stream))
    notes = json.dumps(delivery.notes[:100])
    tx.execute(table.insert().values(run_id=landing.number, source=source, stream=stream, notes=notes, **_tally(delivery).counts))


def _tally(delivery: _Delivery) -> Tally:
    counts = {name: delivery.counts.get(name, 0) for name in READ_COUNTS if name != "total"}
    return Tally({"total": delivery.total, **counts}, tuple(delivery.notes))


def _store_state(tx: Session, landing: Landing, **values: object) -> None:
    table = landing.hub.fixed["stream_state"]
    source, stream = landing.names
    where = sa.and_(table.c.source == source, table.c.stream == stream)
    if tx.execute(table.update().where(where).values(**values)).rowcount == 0:
        tx.execute(table.insert().values(source=source, stream=stream, **values))


def _finish(landing: Landing, delivery: _Delivery, status: str, message: str | None) -> None:
    classed = sum(delivery.counts.values())
    if classed != delivery.total:
        source, stream = landing.names
        raise LedgerError(
            f"{source}/{stream}: {delivery.total} rows were read, but {classed} are accounted for; report it with the file"
        )
    with landing.hub.begin() as tx:
        fields = {"fields": json.dumps(list(delivery.fields))} if delivery.fields else {}
        _store_state(tx, landing, synced_at=now(), status=status, message=message, **fields)
        _count(tx, landing, delivery)


def failed(landing: Landing, message: str) -> None:
    """Record that this stream could not be landed, and why."""
    with landing.hub.begin() as tx:
        _store_state(tx, landing, status="failed", message=message)


def counted(landing: Landing) -> tuple[dict[str, int], tuple[str, ...]]:
    """What was counted and noted of a stream in this run so far."""
    table = landing.hub.fixed["read_tally"]
    source, stream = landing.names
    where = sa.and_(table.c.run_id == landing.number, table.c.source == source, table.c.stream == stream)
    with landing.hub.read() as session:
        row = session.execute(sa.select(table).where(where)).mappings().first()
    if row is None:
        return dict.fromkeys(READ_COUNTS, 0), ()
    return {n: row[n] for n in READ_COUNTS}, tuple(json.loads(row["notes"]))


def _words(added: tuple[str, ...], removed: tuple[str, ...], retyped: object) -> str:
    parts = [
        f"added: {', '.join(added)}" if added else "",
        f"removed: {', '.join(removed)}" if removed else "",
        f"retyped: {retyped}" if retyped else "",
    ]
    return "the source changed its fields; " + "; ".join(p for p in parts if p)
