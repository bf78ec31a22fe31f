"""A copy of what a lookup needs: compare forms, blocking keys and streams, from the bench or, without one, from the hub."""

import logging
from dataclasses import dataclass

import numpy as np
import polars as pl

from mdm import blocking, fingerprint, model
from mdm.bench import Bench
from mdm.context import Context
from mdm.entity import Entity
from mdm.errors import NotFoundError
from mdm.hub import Run
from mdm.hub import run as record
from mdm.intake import mapped_streams
from mdm.lookup.sorted import Column, Keys
from mdm.stages import check, standardise

_LOG = logging.getLogger("mdm")


@dataclass(frozen=True)
class Snapshot:
    """The records of an entity as the published run `run` left them.

    `compared`: record_id (in order), the compare forms, and the frequency `tf_...` of each value that has one. `distinct`:
    the streams that never hold one thing twice, and in `streams` their records: record_id, stream. `terms` and `words`: by
    column, what the model knows.
    """

    run: int
    compared: pl.DataFrame
    keys: Keys
    streams: pl.DataFrame
    distinct: frozenset[str]
    model: model.Model | None
    terms: dict[str, Column]
    words: dict[str, Column]

    def row_of(self, record_id: int) -> int | None:
        """Where a record stands, or None."""
        at = int(self.compared["record_id"].search_sorted(record_id))
        return at if at < self.compared.height and self.compared["record_id"][at] == record_id else None


def published(context: Context, entity: Entity) -> int:
    """The number of the published run."""
    with context.hub.read() as session:
        return record.pointer(session.connection, context.hub.fixed, entity.name)


def taken(context: Context, entity: Entity) -> Snapshot:
    """A copy of what the published run of an entity left behind."""
    hub = context.hub
    with hub.read() as session:
        number = record.pointer(session.connection, hub.fixed, entity.name)
        past = record.record_of(session.connection, hub.fixed, entity.name, number)
    if past is None:
        raise NotFoundError(f"{entity.name} has no published run to match against; run `mdm run {entity.name}` first")
    fitted = model.load(hub, entity.name, past["model"]) if past["model"] is not None and entity.comparisons else None
    bench = _bench(context, entity, past["landed_seq"], past["event_seq"])
    try:
        terms = {column: Column(frame) for column, frame in (fitted.terms if fitted else {}).items()}
        compared = bench.frame("select * from bench.compare order by record_id").rechunk()
        compared = compared.with_columns(terms[column].of(compared[column]).alias(f"tf_{column}") for column in sorted(terms))
        words = {key: Column(frame, _never_met(frame)) for key, frame in (fitted.rarity if fitted else {}).items()}
        distinct = frozenset(str(stream) for stream, _ in mapped_streams(context.settings, entity) if stream.distinct)
        return Snapshot(number, compared, _keys(bench, entity), _streams(bench, distinct), distinct, fitted, terms, words)
    finally:
        bench.close()


def _never_met(weights: pl.DataFrame) -> float | None:
    """What a word weighs that no record had when the model was trained."""
    found = weights.filter(pl.col("word") == "")["weight"]
    return float(found[0]) if found.len() else None


def _bench(context: Context, entity: Entity, landed: int, event: int) -> Bench:
    """The bench of this hub and these rules, else one made for the purpose."""
    bench = context.bench(entity.name, reading=True)
    held = dict(bench.execute("select key, value from bench.meta")) if bench.has("bench.meta") else {}
    wanted = fingerprint.of_bench(context.hub, entity)
    if all(held.get(k) == v for k, v in wanted.items()) and int(held.get("landed_seq", 0)) >= landed:
        return bench
    bench.close()
    _LOG.info("no bench of this hub and these rules: preparing every record from the hub", extra={"entity": entity.name})
    made = Bench(None, memory=context.settings.run.memory, threads=context.settings.run.threads)
    run = Run(
        number=0, entity=entity.name, started_at=record.now(), landed_seq=landed, event_seq=event, base=0, base_landed_seq=0,
        base_event_seq=0, base_at=None, memory={}, bench=made, settings=context.settings, full=True,
    )  # fmt: skip
    for stage in (standardise, check):
        stage.run(context.hub, entity, run)
    return made


def _keys(bench: Bench, entity: Entity) -> Keys:
    ids = bench.frame("select record_id from bench.compare order by record_id")["record_id"].to_numpy()
    hashes, rows, limits = [], [], []
    for block, (_, columns) in zip(blocking.blocks(entity), blocking.rules(entity), strict=True):
        found = bench.frame(f"select k, record_id from ({blocking.key_sql(bench, columns)}) order by k, record_id")
        hashes.append(found["k"].cast(pl.UInt64).to_numpy())
        rows.append(np.searchsorted(ids, found["record_id"].to_numpy()).astype(np.int32))
        limits.append(blocking.bound(entity, block))
    return Keys(hashes, rows, limits)


def _streams(bench: Bench, distinct: frozenset[str]) -> pl.DataFrame:
    return bench.frame(
        "select record_id, source || '/' || stream as stream from bench.record "
        "where list_contains(?::varchar[], source || '/' || stream) order by record_id",
        [sorted(distinct)],
    )
