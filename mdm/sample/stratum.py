"""Strata: the bands of score and the sources that automatic decisions fall into. Pure.

A band is named by the probabilities it lies between, from nine to nine, for an error is as rare as there are nines. Joins
that no score decided have bands of their own.
"""

import itertools
from typing import Any

import polars as pl

from mdm import model
from mdm.entity import Entity

JOIN, REFUSAL = "join", "refusal"
IDENTIFIER, TOGETHER, RULE = "same identifier", "through other records", "against a rule"
EDGES = (1e-6, 1e-3, 0.01, 0.1, 0.5, 0.9, 0.99, 0.999, 0.9999, 0.99999, 0.999999)
OTHER = "other"
# What a band holds of two sources is a stratum of its own from this share of all joins, or of all refusals, on.
_SHARE = 0.02
STRATUM: Any = {
    "stratum": pl.Int64, "kind": pl.String, "band": pl.String, "sources": pl.String, "floor": pl.Float64,
    "population": pl.Int64,
}  # fmt: skip


def joined(entity: Entity, pairs: pl.DataFrame) -> pl.DataFrame:
    """Automatic joins (weight null: no pair of its own; `by_identifier`) with their kind, band and floor in bits."""
    edges = [entity.accept, *(e for e in EDGES if e > entity.accept)]
    floor, name = _banded(edges)
    by_identifier, alone = pl.col("by_identifier"), pl.col("weight").is_null()
    band = pl.when(alone).then(pl.lit(TOGETHER)).when(by_identifier).then(pl.lit(IDENTIFIER)).otherwise(name)
    return pairs.with_columns(kind=pl.lit(JOIN), band=band, floor=pl.when(alone | by_identifier).then(None).otherwise(floor))


def refused(entity: Entity, pairs: pl.DataFrame) -> pl.DataFrame:
    """Automatic refusals with their kind, band and floor: by score below `review`, by a rule above."""
    edges = [0.0, *(e for e in EDGES if e < entity.review), entity.review]
    floor, name = _banded(edges)
    ruled = pl.col("weight") >= model.weight_of(entity.review)
    band = pl.when(ruled).then(pl.lit(RULE)).otherwise(name)
    return pairs.with_columns(kind=pl.lit(REFUSAL), band=band, floor=pl.when(ruled).then(None).otherwise(floor))


def strata(pairs: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The strata of pairs with kind, band, floor, sources and `stands_for`; and the pairs, each with its stratum."""
    held = pairs.group_by("kind", "band", "sources").agg(pl.col("stands_for").sum())
    share = pl.col("stands_for") / pl.col("stands_for").sum().over("kind")
    few = held.filter(share < _SHARE).select("kind", "band", "sources", group=pl.lit(OTHER))
    grouped = pairs.join(few, on=["kind", "band", "sources"], how="left").with_columns(group=pl.coalesce("group", "sources"))
    cells = grouped.group_by("kind", "band", "group").agg(pl.col("floor").first(), population=pl.col("stands_for").sum().round())
    ordered = cells.sort("kind", pl.col("floor").fill_null(-1e9), "band", "group").with_row_index("stratum", offset=1)
    found = ordered.select("stratum", "kind", "band", "floor", "population", sources="group").cast(STRATUM).select(list(STRATUM))
    numbered = grouped.join(
        found.rename({"sources": "group"}).select("stratum", "kind", "band", "group"), on=["kind", "band", "group"]
    )
    return found, numbered.drop("group")


def sources(pairs: pl.DataFrame, records: pl.DataFrame) -> pl.DataFrame:
    """Adds `sources`: the sources of both records (record_id, source) in order, as `crm+register`."""
    ends = pairs.join(records.select(a="record_id", of_a="source"), on="a").join(
        records.select(b="record_id", of_b="source"), on="b"
    )
    both = pl.concat_str(pl.min_horizontal("of_a", "of_b"), pl.max_horizontal("of_a", "of_b"), separator="+")
    return ends.with_columns(sources=both).drop("of_a", "of_b")


def _banded(edges: list[float]) -> tuple[pl.Expr, pl.Expr]:
    """The floor in bits and the name of the band that `weight` falls into; the first and the last have no other end."""
    names = [
        f"{_written(low)} to {_written(high)}" if low else f"below {_written(high)}" for low, high in itertools.pairwise(edges)
    ]
    if edges[0]:
        names.append(f"from {_written(edges[-1])}")
    floor, name = pl.lit(None, pl.Float64), pl.lit(None, pl.String)
    for low, text in zip(edges, names, strict=False):
        bits = model.weight_of(low) if low else float("-inf")
        here = pl.col("weight") >= bits
        floor = pl.when(here).then(pl.lit(bits if low else -1e3)).otherwise(floor)
        name = pl.when(here).then(pl.lit(text)).otherwise(name)
    return floor, name


def _written(probability: float) -> str:
    return f"{probability:.6f}".rstrip("0").rstrip(".")
