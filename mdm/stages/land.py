"""Land: what the source said, unchanged, with the checkpoint after it, in one transaction.

A repeated page changes nothing. Every row read is counted in exactly one class:
total = new + changed + unchanged + duplicate + deleted + filtered + rejected.
"""

import json
from collections import Counter
from collections.abc import Callable
from typing import Any

import polars as pl
import sqlalchemy as sa

from mdm import delivered, digest, fault, mapping
from mdm.connector import EXCERPT, Checkpoint, Complete, Connector, Notice, Records, Rejected, SchemaChange, StreamRequest
from mdm.connector import Context as World
from mdm.hub import Session, Tally
from mdm.hub import source as versions
from mdm.hub.run import now
from mdm.landing import Declared, Delivery, Landing, absence, book, withheld
from mdm.landing.book import counted, failed, fingerprint
from mdm.landing.declared import may_delete, remembered

__all__ = ["Landing", "counted", "failed", "fingerprint", "run"]

_HEAD = {"record_id": pl.Int64, "digest": pl.Int64, "op": pl.String, "source_time": pl.Int64}
_MOST_REJECTED = 10_000


def run(landing: Landing, connector: Connector, world: World, *, progress: Callable[[int], None] = lambda n: None) -> Tally:
    """Read one stream to its end, or to the error that stops it."""
    declared = landing.declared or Declared(connector, world)
    state, delivery = _begun(landing, declared, world)
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
                frame = _storable(landing, delivery, frame)
                _trusted(landing, delivery, declared, frame)
                _judge_drift(landing, delivery, frame, fields, tabular)
                delivery.total += frame.height
                pages.append(_judged(landing, frame))
            case Rejected(frame):
                _reject(landing, delivery, frame)
            case Checkpoint(value):
                _commit(landing, delivery, pages, value)
                progress(sum(delivery.counts.values()))
            case Notice(text):
                delivery.notes.append(world.secrets.redact(text))
            case SchemaChange(added, removed, retyped):
                delivery.notes.append(_words(added, removed, retyped))
            case Complete():
                delivery.complete = True
    _commit(landing, delivery, pages, None)
    _conclude(landing, delivery)
    return delivery.tally()


def _begun(landing: Landing, declared: Declared, world: World) -> tuple[dict[str, Any] | None, Delivery]:
    """Where to read on from, and a delivery of which nothing is known yet."""
    state, last = book.state(landing)
    if state is not None:
        remembered(declared, landing.stream.name, "/".join(landing.names), last=last, now=now())
    used = world.evidence
    delivery = Delivery(world=world, asked=(used.requests, used.bytes), withheld=withheld.waiting(landing))
    delivery.first_state = None if state is None else json.dumps(state)
    return state, delivery


def _storable(landing: Landing, delivery: Delivery, frame: pl.DataFrame) -> pl.DataFrame:
    """The records a database can keep; those with a NUL in them are rejected, for one must not stop the rest."""
    nul = pl.any_horizontal(pl.col("source_key", "payload", "merged_into").str.contains("\0", literal=True).fill_null(False))
    bad = frame.filter(nul)
    if bad.is_empty():
        return frame
    reason = pl.lit("it holds a NUL, which no database keeps in a text").alias("reason")
    _reject(landing, delivery, bad.select("position", reason, pl.col("payload").str.slice(0, EXCERPT).alias("excerpt")))
    return frame.filter(~nul)


def _trusted(landing: Landing, delivery: Delivery, declared: Declared, frame: pl.DataFrame) -> None:
    """Hold a connector that sends deletions to what it declared, once."""
    if not delivery.checked and (frame["op"] == "delete").any():
        delivery.checked = True
        may_delete(declared.of(landing.stream.name), "/".join(landing.names), landing.stream.delivery)


def _conclude(landing: Landing, delivery: Delivery) -> None:
    """All is read: apply what was deleted, if it is not too much, and close the books."""
    whole = landing.anew or landing.stream.delivery == "full"
    # Both are judged before either is applied, so that a refusal deletes nothing.
    gone = absence.judged(landing, delivery) if whole and delivery.complete else None
    held = withheld.judged(landing, delivery, reconciled=gone is not None)
    if gone is not None:
        absence.applied(landing, delivery, gone)
    elif landing.stream.delivery == "full":
        delivery.notes.append("the delivery was not proven complete, so nothing absent was read as deleted")
    withheld.applied(landing, delivery, held)
    book.finish(landing, delivery)


def _judge_drift(landing: Landing, delivery: Delivery, frame: pl.DataFrame, fields: tuple[str, ...], tabular: bool) -> None:
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


def _commit(landing: Landing, delivery: Delivery, pages: list[pl.DataFrame], state: dict | None) -> None:
    """One page (or a few) and the checkpoint after it, in one transaction."""
    page = pl.concat(pages) if pages else None
    pages.clear()
    with landing.hub.begin() as tx:
        if page is not None:
            _land(tx, landing, delivery, page)
        if state is not None:
            book.keep(tx, landing, delivery, state)
        book.count(tx, landing, delivery)
    fault.point("land")


def _land(tx: Session, landing: Landing, delivery: Delivery, page: pl.DataFrame) -> None:
    delivery.content.update(page.select("record_id", "digest").to_numpy().tobytes())
    if landing.stream.delivery == "full":
        # A complete list says each thing once: of a key that comes twice, the last row counts.
        once = page.unique("record_id", keep="last", maintain_order=True)
        delivery.counts["duplicate"] += page.height - once.height
        page = once
    for part in delivered.rounds(page):
        _land_once(tx, landing, delivery, part)


def _land_once(tx: Session, landing: Landing, delivery: Delivery, page: pl.DataFrame) -> None:
    table = landing.hub.fixed["source_record"]
    heads = tx.frame(sa.select(*(table.c[n] for n in _HEAD)).where(tx.among(table.c.record_id, page["record_id"])))
    rows = delivered.classified(page, heads, delivery.ids())
    kinds = Counter(dict(rows["kind"].value_counts().iter_rows()))
    # What is older changes nothing, and neither does a deletion that waits.
    kinds["unchanged"] += kinds.pop("late", 0) + kinds.pop("deleted", 0)
    delivery.counts.update(kinds)
    delivery.seen.append(page["record_id"])
    versions.store(tx, rows.filter(pl.col("kind").is_in(["new", "changed"])), *landing.names)
    withheld.settle(tx, landing, delivery, rows)
    versions.keep_late(tx, rows.filter(pl.col("kind") == "late"))


def _reject(landing: Landing, delivery: Delivery, frame: pl.DataFrame) -> None:
    source, stream = landing.names
    kept = frame.head(max(0, _MOST_REJECTED - delivery.rejected)).select(
        pl.col("position", "reason", "excerpt").str.replace_all("\0", "\u2400", literal=True)
    )
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
        book.count(tx, landing, delivery)


def _words(added: tuple[str, ...], removed: tuple[str, ...], retyped: object) -> str:
    parts = [
        f"added: {', '.join(added)}" if added else "",
        f"removed: {', '.join(removed)}" if removed else "",
        f"retyped: {retyped}" if retyped else "",
    ]
    return "the source changed its fields; " + "; ".join(p for p in parts if p)
