"""The queue: one question per pair of golden records, one per value that many share, the most important first."""

import polars as pl
import sqlalchemy as sa

from mdm import model
from mdm.constraint import TIED
from mdm.entity import Entity
from mdm.hub import Hub, Run
from mdm.hub.version import visible
from mdm.question import answerable, home, priority, shared, tie
from mdm.question.home import Found
from mdm.question.kind import DOUBTFUL, LOOSE, SHARED
from mdm.said import Said

QUESTION = {"a": pl.Int64, "b": pl.Int64, "weight": pl.Float64, "reason": pl.String, "priority": pl.Float64}
_HELD = ["a", "b", "weight", "reason"]


def asked(hub: Hub, entity: Entity, run: Run, said: Said, found: Found) -> pl.DataFrame:
    """All open questions: a, b, weight, reason, priority."""
    published = _published(hub, entity, run)
    if found.touched.is_empty() and not run.whole:
        return published
    fresh = _fresh(hub, entity, run, said, found)
    queue = pl.concat([fresh, _kept(hub, entity, run, published, found)])
    ends = home.with_members(hub, entity, run, queue, found)
    queue = tie.told(hub, entity, run, ends, found.clusters.torn)
    many = shared.told(hub, entity, run, said, found, queue)
    return _merged(priority.ranked(run.bench, queue, ends.members, model.weight_of(entity.accept)), priority.of_hubs(many))


def _fresh(hub: Hub, entity: Entity, run: Run, said: Said, found: Found) -> pl.DataFrame:
    """Questions with an end among the touched: a, b, weight, reason; one per pair of golden records."""
    unsure = found.edges.filter(pl.col("weight") < model.weight_of(entity.accept)).with_columns(reason=pl.lit(DOUBTFUL))
    loose = disagreeing(found.clusters.parted, tie.named(run.bench, found.clusters.parted, "weak_a", "weak_b"))
    every = pl.concat([unsure.select(_HELD), found.clusters.refused.select(_HELD), loose])
    ends = home.with_members(hub, entity, run, every, found)
    apart = ends.queue.filter(pl.col("ga") != pl.col("gb"))
    apart = answerable.without_repeated(run, apart, ends.members)
    apart = answerable.without_decided(run, said, answerable.without_vetoed(run, entity, apart))
    pair = [pl.min_horizontal("ga", "gb").alias("g1"), pl.max_horizontal("ga", "gb").alias("g2")]
    best = (
        apart.with_columns(pair)
        .sort(["weight", "a", "b"], descending=[True, False, False])
        .unique(["g1", "g2"], keep="first", maintain_order=True)
    )
    return best.select(_HELD)


def disagreeing(parted: pl.DataFrame, name: pl.DataFrame) -> pl.DataFrame:
    """Strong pairs whose groups agree too little (see `Clusters.parted`), with the weakest link as the reason. Pure."""
    told = parted.join(name.rename({"record_id": "weak_a"}), on="weak_a").join(
        name.rename({"record_id": "weak_b"}), on="weak_b", suffix="_b"
    )
    weakest = pl.col("weakest").map_elements(lambda bits: f"{bits:.1f}", return_dtype=pl.String)
    reason = pl.format("{}: {} and {} weigh {} bits", pl.lit(LOOSE), "name", "name_b", weakest)
    return told.select("a", "b", "weight", reason=reason)


def _published(hub: Hub, entity: Entity, run: Run) -> pl.DataFrame:
    table = hub.tables(entity.name).question
    if not run.base:
        return pl.DataFrame(schema=QUESTION)
    with hub.read() as session:
        return session.frame(sa.select(*(table.c[n] for n in QUESTION)).where(visible(table, run.base)))


def _kept(hub: Hub, entity: Entity, run: Run, published: pl.DataFrame, found: Found) -> pl.DataFrame:
    """Published questions that no change can reach, as they were before they were told beside others."""
    if run.whole:
        return published.select(_HELD).clear()
    kept = published.filter(~pl.col("reason").str.starts_with(SHARED))
    for end in ("a", "b"):
        kept = kept.join(found.touched, left_on=end, right_on="record_id", how="anti")
    # Below `accept` there is no other reason than doubt; what a tie said of it is said anew.
    weak = (pl.col("weight") < model.weight_of(entity.accept)) & pl.col("reason").str.starts_with(TIED)
    return kept.select("a", "b", "weight", reason=pl.when(weak).then(pl.lit(DOUBTFUL)).otherwise("reason"))


def _merged(queue: pl.DataFrame, many: pl.DataFrame) -> pl.DataFrame:
    """One question per pair of records: two values that the same two records stand for are told in one."""
    one = (
        many.select(list(QUESTION))
        .sort("a", "b", "reason")
        .group_by("a", "b", maintain_order=True)
        .agg(pl.col("weight").first(), pl.col("reason").str.join("; "), pl.col("priority").max())
    )
    return pl.concat([queue.select(list(QUESTION)), one.select(list(QUESTION))]).sort("a", "b")
