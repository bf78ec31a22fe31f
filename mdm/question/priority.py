"""Priority: how open a question is, times how much hangs on it, times how much it decides beside. Pure but for the links.

Each factor lies between 0 and 1, and so does the product.
"""

import math

import polars as pl

from mdm.bench import Bench
from mdm.constraint import TIED
from mdm.question.kind import DOUBTFUL

# Records and links of both sides, and of the smaller side and the other questions, that count in full.
_FULL, _WIDE = 64, 64
_DOUBTS = (DOUBTFUL, TIED)


def ranked(bench: Bench, queue: pl.DataFrame, members: pl.DataFrame, accept: float) -> pl.DataFrame:
    """The questions (a, b, weight, reason, ga, gb) with their priority."""
    links = bench.frame("select record_id, count(*) as links from bench.relation group by record_id")
    sizes = (
        members.join(links, on="record_id", how="left")
        .group_by("golden_id")
        .agg(records=pl.len().cast(pl.Int64), links=pl.col("links").sum().cast(pl.Int64))
    )
    return prioritised(queue, sizes, accept)


def prioritised(queue: pl.DataFrame, sizes: pl.DataFrame, accept: float) -> pl.DataFrame:
    """The same by the sizes of golden records: golden_id, records, links. Pure."""
    asked_of = pl.concat([queue.select(golden_id="ga"), queue.select(golden_id="gb")]).group_by("golden_id").len("questions")
    known = sizes.join(asked_of, on="golden_id")
    both = queue.join(known, left_on="ga", right_on="golden_id").join(known, left_on="gb", right_on="golden_id", suffix="_b")
    probability = 1 / (1 + 2.0 ** (-pl.col("weight")))
    doubt = pl.col("weight") < accept
    openness = pl.when(doubt & pl.any_horizontal(pl.col("reason").str.starts_with(d) for d in _DOUBTS)).then(
        4 * probability * (1 - probability)
    )
    hanging = pl.sum_horizontal("records", "records_b", "links", "links_b")
    # The question itself is counted at both of its ends.
    others = pl.col("questions") + pl.col("questions_b") - 2
    beside = pl.min_horizontal("records", "records_b") * (1 + others)
    product = openness.fill_null(1.0) * _share(hanging, 2, _FULL) * _share(beside, 1, _WIDE)
    return both.select("a", "b", "weight", "reason", priority=product.round(6))


def of_hubs(many: pl.DataFrame) -> pl.DataFrame:
    """The questions about hubs with their priority: the more records share the value, the higher. Pure."""
    return many.with_columns(priority=_share(pl.col("records"), 2, _FULL).round(6))


def _share(amount: pl.Expr, least: int, full: int) -> pl.Expr:
    """Half at the least amount, 1 at the full one and beyond, and evenly between by doubling."""
    steps = (amount.cast(pl.Float64) / least).log(2) / math.log2(full / least)
    return 0.5 + 0.5 * steps.clip(0.0, 1.0)
