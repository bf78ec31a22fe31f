"""The weakest pair between two clusters: what to show where groups agree too little."""

from typing import Any

import polars as pl

PARTED: Any = {
    "a": pl.Int64, "b": pl.Int64, "weight": pl.Float64, "weak_a": pl.Int64, "weak_b": pl.Int64, "weakest": pl.Float64,
}  # fmt: skip
_GROUPS = ["x", "y"]


def weakest(across: pl.DataFrame, home: pl.DataFrame, absent: float) -> pl.DataFrame:
    """For pairs (a, b, weight) between clusters x and y: x, y, weak_a, weak_b, weakest; an absent pair if there is one.

    `home`: record_id, home (its cluster). Of equal pairs it is the one with the smallest records.
    """
    place = home.with_columns(at=pl.col("record_id").rank("ordinal").over("home").cast(pl.Int64) - 1)
    placed = _placed(across, place)
    seen = placed.sort("weight", "cell").unique(_GROUPS, keep="first").select(*_GROUPS, "p", "q", "weight")
    gone = pl.col("absent_p").is_not_null()
    p, q = (pl.when(gone).then(f"absent_{c}").otherwise(c) for c in ("p", "q"))
    return seen.join(_missing(placed, place), on=_GROUPS).select(
        *_GROUPS,
        weak_a=pl.min_horizontal(p, q),
        weak_b=pl.max_horizontal(p, q),
        weakest=pl.when(gone).then(pl.lit(absent)).otherwise("weight"),
    )


def _placed(across: pl.DataFrame, place: pl.DataFrame) -> pl.DataFrame:
    """The pairs as p of x and q of y, each with its cell in the table of all pairs between the two, row by row."""
    size = place.group_by(y="home").agg(pl.len().cast(pl.Int64).alias("size"))
    swap = pl.col("home") != pl.col("x")
    return (
        across.join(place, left_on="a", right_on="record_id")
        .with_columns(p=pl.when(swap).then("b").otherwise("a"), q=pl.when(swap).then("a").otherwise("b"))
        .select(*_GROUPS, "p", "q", "weight")
        .join(place.select(p="record_id", at="at"), on="p")
        .join(place.select(q="record_id", beside="at"), on="q")
        .join(size, on="y")
        .with_columns(cell=pl.col("at") * pl.col("size") + pl.col("beside"))
    )


def _missing(placed: pl.DataFrame, place: pl.DataFrame) -> pl.DataFrame:
    """The first cell that no pair fills, as records absent_p and absent_q; null where all are filled."""
    # In order, cells agree with counting until the first that is missing.
    filled = (pl.col("cell") == pl.int_range(pl.len())).sum().cast(pl.Int64)
    first = placed.sort(*_GROUPS, "cell").group_by(_GROUPS).agg(gap=filled, size=pl.col("size").first())
    return (
        first.with_columns(at=pl.col("gap") // pl.col("size"), beside=pl.col("gap") % pl.col("size"))
        .join(place.select(x="home", at="at", absent_p="record_id"), on=["x", "at"], how="left")
        .join(place.select(y="home", beside="at", absent_q="record_id"), on=["y", "beside"], how="left")
    )
