"""Questions for stewards: what a machine must not decide, one per pair of golden records."""

import polars as pl
import sqlalchemy as sa

from mdm import model
from mdm.constraint import MERGED
from mdm.entity import Entity
from mdm.hub import Hub, Run
from mdm.hub.version import visible
from mdm.said import Said

_QUESTION = {"a": pl.Int64, "b": pl.Int64, "weight": pl.Float64, "reason": pl.String, "priority": pl.Float64}


def asked(
    hub: Hub,
    entity: Entity,
    run: Run,
    said: Said,
    edges: pl.DataFrame,
    refused: pl.DataFrame,
    assigned: pl.DataFrame,
    touched: pl.DataFrame,
) -> pl.DataFrame:
    """Open questions with an end among the touched: a, b, weight, reason, priority; one per pair of golden records."""
    accept = model.weight_of(entity.accept)
    unsure = edges.filter(pl.col("weight") < accept).with_columns(reason=pl.lit("uncertain"))
    asked = pl.concat([unsure, refused.select("a", "b", "weight", "reason")])
    if asked.is_empty():
        return pl.DataFrame(schema=_QUESTION)
    home = _homes(hub, entity, run, asked, assigned, touched)
    asked = asked.join(home.rename({"record_id": "a", "golden_id": "ga"}), on="a").join(
        home.rename({"record_id": "b", "golden_id": "gb"}), on="b"
    )
    asked = asked.filter(pl.col("ga") != pl.col("gb"))
    asked = _without_repeated(hub, entity, run, asked, assigned)
    asked = _without_decided(run, said, _without_vetoed(run, entity, asked))
    pair = [pl.min_horizontal("ga", "gb").alias("g1"), pl.max_horizontal("ga", "gb").alias("g2")]
    best = (
        asked.with_columns(pair)
        .sort(["weight", "a", "b"], descending=[True, False, False])
        .unique(["g1", "g2"], keep="first", maintain_order=True)
    )
    probability = 1 / (1 + 2.0 ** (-pl.col("weight")))
    # A refusal is a contradiction in the data, worth more than a doubt.
    priority = pl.when(pl.col("reason") == "uncertain").then(4 * probability * (1 - probability)).otherwise(1.0).round(6)
    return best.select("a", "b", "weight", "reason", priority=priority)


def disagreeing(parted: pl.DataFrame, named: pl.DataFrame) -> pl.DataFrame:
    """Strong pairs whose groups agree too little (see `Clusters.parted`), with the weakest link as the reason. Pure."""
    name = named.select("record_id", name=pl.format("{}/{}:{}", "source", "stream", "source_key"))
    told = parted.join(name.rename({"record_id": "weak_a"}), on="weak_a").join(
        name.rename({"record_id": "weak_b"}), on="weak_b", suffix="_b"
    )
    weakest = pl.col("weakest").map_elements(lambda bits: f"{bits:.1f}", return_dtype=pl.String)
    reason = pl.format("the groups around them agree too little: {} and {} weigh {} bits", "name", "name_b", weakest)
    return told.select("a", "b", "weight", reason=reason)


def _homes(
    hub: Hub, entity: Entity, run: Run, asked: pl.DataFrame, assigned: pl.DataFrame, touched: pl.DataFrame
) -> pl.DataFrame:
    ends = pl.concat([asked.select(record_id="a"), asked.select(record_id="b")]).unique()
    others = ends.join(touched, on="record_id", how="anti")
    membership = hub.tables(entity.name).membership
    with hub.read() as session:
        query = sa.select(membership.c.record_id, membership.c.golden_id).where(
            visible(membership, run.base), session.among(membership.c.record_id, others["record_id"])
        )
        far = session.frame(query) if others.height else assigned.select("record_id", "golden_id").clear()
    return pl.concat([assigned.select("record_id", "golden_id").join(ends, on="record_id", how="semi"), far])


def _without_vetoed(run: Run, entity: Entity, asked: pl.DataFrame) -> pl.DataFrame:
    """An uncertain pair that also contradicts itself is no question."""
    columns = entity.constrained
    if not columns or asked.is_empty():
        return asked
    differ = " or ".join(f'l."{c}" <> r."{c}"' for c in columns)
    with run.bench.given("_asked", asked.select("a", "b")):
        bad = run.bench.frame(
            "select a, b from _asked join bench.compare l on l.record_id = a join bench.compare r on r.record_id = b "
            f"where {differ}"
        )
    return asked.join(bad.with_columns(reason=pl.lit("uncertain")), on=["a", "b", "reason"], how="anti")


def _without_repeated(hub: Hub, entity: Entity, run: Run, asked: pl.DataFrame, assigned: pl.DataFrame) -> pl.DataFrame:
    """Nor is an uncertain pair whose golden records each hold a record of a stream that never holds one thing twice."""
    distinct = run.bench.frame("select record_id, stream from distinct_record")
    if distinct.is_empty() or asked.is_empty():
        return asked
    asked_ids = pl.concat([asked.select(golden_id="ga"), asked.select(golden_id="gb")]).unique()
    far = asked_ids.join(assigned, on="golden_id", how="anti")["golden_id"]
    membership = hub.tables(entity.name).membership
    with hub.read() as session:
        query = sa.select(membership.c.record_id, membership.c.golden_id).where(
            visible(membership, run.base), session.among(membership.c.golden_id, far)
        )
        others = session.frame(query) if far.len() else assigned.select("record_id", "golden_id").clear()
    members = pl.concat([assigned.select("record_id", "golden_id"), others])
    held = members.join(distinct, on="record_id").select("golden_id", "stream").unique()
    both = asked.join(held, left_on="ga", right_on="golden_id").join(
        held, left_on=["gb", "stream"], right_on=["golden_id", "stream"], how="semi"
    )
    return asked.join(both.filter(pl.col("reason") == "uncertain"), on=["a", "b", "reason"], how="anti")


def _without_decided(run: Run, said: Said, asked: pl.DataFrame) -> pl.DataFrame:
    """No question whose answer is known, or that a steward could not answer while nothing has changed."""
    ends = set(asked["a"]) | set(asked["b"])
    known = {(min(x, y), max(x, y)) for a, b in said.rulings.apart for x in a & ends for y in b & ends}
    if said.unsure.height:
        seqs = run.bench.frame("select record_id, seq from bench.record")
        fresh = said.unsure.join(seqs, on="record_id").with_columns(stale=pl.col("seq") > pl.col("seen_seq"))
        quiet = fresh.group_by("number").agg(
            pl.col("stale").any(),
            a=pl.col("record_id").filter(pl.col("side") == "a"),
            b=pl.col("record_id").filter(pl.col("side") == "b"),
        )
        for a, b in quiet.filter(~pl.col("stale")).select("a", "b").iter_rows():
            known |= {(min(x, y), max(x, y)) for x in set(a) & ends for y in set(b) & ends}
    frame = pl.DataFrame(sorted(known), schema={"a": pl.Int64, "b": pl.Int64}, orient="row")
    # A merge that a no_match forbids is news to whoever said no_match.
    contested = asked.filter(pl.col("reason").str.starts_with(MERGED))
    return pl.concat(
        [asked.join(contested, on=["a", "b", "reason"], how="anti").join(frame, on=["a", "b"], how="anti"), contested]
    )
