"""Drawing: a random sample of automatic decisions, kept in the hub with what the machine had decided of them.

Which pairs are drawn depends on the run and the sample's number alone. They are listed in random order, and the list does
not say what the machine decided: who reviews must not be led.
"""

import datetime
import json
from dataclasses import dataclass

import polars as pl
import sqlalchemy as sa

from mdm import audit, digest, fingerprint, model, news
from mdm.bench import Bench
from mdm.context import Context
from mdm.entity import Entity
from mdm.errors import ConflictError, NotFoundError, UsageError
from mdm.hub import Session
from mdm.hub.run import now, utc
from mdm.sample.allocation import allocated
from mdm.sample.population import Release, joins, refusals
from mdm.sample.stratum import joined, refused, sources, strata

SIZE = 400
_PAIR = ("ordinal", "stratum", "a", "b", "weight", "sources")


@dataclass(frozen=True)
class Sample:
    """A sample as the hub keeps it.

    `strata`: see `stratum.STRATUM`. `pairs`: ordinal (the order of the list), stratum, a, b, weight, sources. `refusals`:
    whether automatic refusals were drawn as well as joins.
    """

    entity: str
    number: int
    run: int
    model: int | None
    refusals: bool
    drawn_at: datetime.datetime
    event_seq: int
    strata: pl.DataFrame
    pairs: pl.DataFrame


def drawn(context: Context, name: str, size: int = SIZE, *, joins_only: bool = False) -> Sample:
    """Draw the next sample of the published release: half joins, half refusals."""
    entity = context.entity(name)
    with context.hub.lock(f"entity:{name}"):
        with context.hub.read() as session:
            release = Release.read(session, name)
            number = (_last(session, name) or 0) + 1
        if not release.run:
            raise UsageError(f"{name} has no published run yet; run `mdm run {name}` first")
        pairs = population(context, entity, release, joins_only=joins_only)
        found, numbered = strata(pairs)
        chosen = choice(found, numbered, size, f"{name}|{release.run}|{number}")
        if chosen.is_empty():
            raise NotFoundError(f"run {release.run} of {name} has decided nothing by itself; there is nothing to look at")
        _kept(context, name, number, release, found, chosen, refusals=not joins_only)
    with context.hub.read() as session:
        return held(session, name, number)


def population(context: Context, entity: Entity, release: Release, *, joins_only: bool) -> pl.DataFrame:
    """Every automatic decision of a release: a, b, weight, kind, band, floor, sources, stands_for."""
    own = joins(release, model.weight_of(entity.accept)).with_columns(stands_for=pl.lit(1.0))
    parts = [joined(entity, own)]
    if not joins_only:
        bench = context.bench(entity.name)
        try:
            _readied(context, bench, entity, release)
            parts.append(refused(entity, refusals(context.hub, bench, entity, release)))
        finally:
            bench.close()
    columns = ("a", "b", "weight", "kind", "band", "floor", "stands_for")
    return sources(pl.concat([p.select(columns) for p in parts]), release.member)


def choice(found: pl.DataFrame, pairs: pl.DataFrame, size: int, seed: str) -> pl.DataFrame:
    """The pairs drawn: each stratum's share of `size`, by lot; the order of the list is another lot. Pure."""
    kinds = found.partition_by("kind", maintain_order=True)
    shares = {kind["kind"][0]: size // len(kinds) for kind in kinds}
    # What cannot be halved goes to the joins.
    shares[kinds[0]["kind"][0]] += size - sum(shares.values()) if kinds else 0
    counts = [
        k.select("stratum", n=pl.Series(allocated(k["population"].to_list(), shares[k["kind"][0]]), dtype=pl.Int64))
        for k in kinds
    ]
    lots = pairs.with_columns(lot=digest.of_text(pairs.select(pl.format("{}|{}|{}", pl.lit(seed), "a", "b"))["literal"]))
    placed = lots.join(pl.concat(counts), on="stratum").with_columns(place=pl.col("lot").rank("ordinal").over("stratum"))
    chosen = placed.filter(pl.col("place") <= pl.col("n")).sort("a", "b")
    order = digest.of_text(chosen.select(pl.format("{}|order|{}|{}", pl.lit(seed), "a", "b"))["literal"])
    return chosen.with_columns(order=order).sort("order", "a", "b").with_row_index("ordinal", offset=1).select(_PAIR)


def latest(session: Session, entity: str) -> Sample | None:
    """The last sample drawn of an entity."""
    number = _last(session, entity)
    return None if number is None else held(session, entity, number)


def held(session: Session, entity: str, number: int) -> Sample:
    """A sample by its number."""
    fixed = session.hub.fixed
    row = session.rows(sa.select(fixed["audit_sample"]).where(_of(fixed["audit_sample"], entity, number)))[0]
    strata, pairs = fixed["audit_stratum"], fixed["audit_pair"]
    drawn_at = utc(row["drawn_at"])
    assert drawn_at is not None
    return Sample(
        entity, number, row["run_id"], row["model"], bool(row["refusals"]), drawn_at, row["event_seq"],
        session.frame(sa.select(strata).where(_of(strata, entity, number)).order_by(strata.c.stratum)).drop("entity", "number"),
        session.frame(sa.select(pairs).where(_of(pairs, entity, number)).order_by(pairs.c.ordinal)).drop("entity", "number"),
    )  # fmt: skip


def _readied(context: Context, bench: Bench, entity: Entity, release: Release) -> None:
    """A bench as a run of this very release leaves it, with everything to be paired."""
    part = context.hub.fixed["run_entity"]
    with context.hub.read() as session:
        of_run = sa.and_(part.c.entity == entity.name, part.c.run_id == release.run)
        row = session.rows(sa.select(part.c.landed_seq, part.c.memory).where(of_run))[0]
    rules = json.loads(row["memory"])["entity"]
    wanted = {"hub": context.hub.identity(), "entity": rules, "landed_seq": str(row["landed_seq"])}
    known = dict(bench.execute("select key, value from bench.meta")) if bench.has("bench.meta") else {}
    if rules != fingerprint.of_entity(entity) or any(known.get(k) != v for k, v in wanted.items()):
        raise ConflictError(
            f"the bench of {entity.name} is not that of run {release.run}, so refusals cannot be drawn; "
            f"run `mdm run {entity.name}` in this folder first, or draw joins only (--joins)"
        )
    news.distinct(bench, context.settings, entity)
    bench.execute("create or replace temp table changed as select record_id from bench.compare")


def _kept(
    context: Context, name: str, number: int, release: Release, found: pl.DataFrame, chosen: pl.DataFrame, *, refusals: bool
) -> None:
    of_one = {"entity": pl.lit(name), "number": pl.lit(number, pl.Int64)}
    with context.hub.begin() as tx:
        decided = {kind: int(n) for kind, n in found.group_by("kind").agg(pl.col("population").sum()).sort("kind").iter_rows()}
        seq = audit.record(
            tx, "draw audit sample", actor=context.actor, entity=name, object=f"audit sample:{number}",
            after={"run": release.run, "pairs": chosen.height, "population": decided},
        )  # fmt: skip
        tx.execute(tx.hub.fixed["audit_sample"].insert().values(
            entity=name, number=number, run_id=release.run, model=release.model, refusals=refusals, actor=context.actor,
            drawn_at=now(), event_seq=seq))  # fmt: skip
        tx.insert(tx.hub.fixed["audit_stratum"], found.with_columns(**of_one))
        tx.insert(tx.hub.fixed["audit_pair"], chosen.with_columns(**of_one))


def _last(session: Session, entity: str) -> int | None:
    table = session.hub.fixed["audit_sample"]
    return session.scalar(sa.select(sa.func.max(table.c.number)).where(table.c.entity == entity))


def _of(table: sa.Table, entity: str, number: int) -> sa.ColumnElement:
    return sa.and_(table.c.entity == entity, table.c.number == number)
