"""Thresholds by precision: which `accept` supports a statement, and how many more reviews it needs. Pure.

The statement is one-sided: the precision of automatic joins is at least so much, at a confidence. Raising `accept` is judged
by leaving out the bands below it; joins by identifier or through other records are counted whatever `accept` is.
"""

from dataclasses import dataclass

import polars as pl

from mdm import model
from mdm.sample import estimate, interval
from mdm.sample.allocation import allocated, size_needed, smallest
from mdm.sample.stratum import JOIN

# Bits by which two floors may differ and be one.
_SAME = 1e-6


@dataclass(frozen=True)
class Threshold:
    """What could be said with this `accept`: the precision and its lower end, and by which reviews it would suffice.

    `more` and `bands` (reviews still missing, in all and per band) suppose that errors go on as seen so far; None: then, or
    among so few joins, no number of reviews suffices.
    """

    accept: float
    joins: int
    answered: int
    wrong: int
    precision: float | None
    low: float
    holds: bool
    more: int | None
    bands: dict[str, int]


def thresholds(cells: pl.DataFrame, accept: float, precision: float, confidence: float) -> list[Threshold]:
    """Every `accept` that a band begins at, the lowest first. `cells`: see `estimate.counted`; accept as a probability."""
    mine = cells.filter(pl.col("kind") == JOIN)
    first = model.weight_of(accept)
    above = mine.filter(pl.col("floor") > first + _SAME)["floor"].unique().to_list()
    return [
        _threshold(mine.filter(pl.col("floor").is_null() | (pl.col("floor") > floor - _SAME)), floor, precision, confidence)
        for floor in [first, *sorted(above)]
    ]


def size_for(cells: pl.DataFrame, precision: float, confidence: float) -> int:
    """How many joins a first sample needs for the statement, if none of them is wrong. `cells`: strata of joins."""
    return size_needed(cells["population"].to_list(), interval.reviews_needed(precision, confidence))


def _threshold(cells: pl.DataFrame, floor: float, precision: float, confidence: float) -> Threshold:
    known = estimate.share(cells, confidence, sides=1)
    total = cells.select(pl.col("population", "answered", "right").sum()).row(0, named=True)
    holds = known.value is not None and known.low >= precision
    more = None if holds else _more(cells, precision, confidence)
    bands = {} if more is None else dict(more.group_by("band", maintain_order=True).agg(pl.col("more").sum()).iter_rows())
    missing = 0 if holds else None if more is None else sum(bands.values())
    return Threshold(
        round(1 / (1 + 2.0**-floor), 9), total["population"], total["answered"], total["answered"] - total["right"],
        known.value, known.low, holds, missing, {b: n for b, n in bands.items() if n},
    )  # fmt: skip


def _more(cells: pl.DataFrame, precision: float, confidence: float) -> pl.DataFrame | None:
    """The strata with the reviews each still lacks (`more`): every total is tried on what the answers would then say."""
    sizes, seen = cells["population"].to_list(), cells["answered"].to_list()
    if not _enough(cells, sum(sizes), precision, confidence):
        return None
    total = smallest(lambda n: _enough(cells, n, precision, confidence), 0, sum(sizes))
    return cells.with_columns(more=_lacking(sizes, seen, total))


def _enough(cells: pl.DataFrame, total: int, precision: float, confidence: float) -> bool:
    more = cells.with_columns(more=_lacking(cells["population"].to_list(), cells["answered"].to_list(), total))
    rate = pl.when(pl.col("answered") > 0).then(pl.col("right") / pl.col("answered")).otherwise(1.0)
    then = more.with_columns(pl.col("answered") + pl.col("more"), pl.col("right") + pl.col("more") * rate)
    known = estimate.share(then, confidence, sides=1)
    return known.value is not None and known.low >= precision


def _lacking(sizes: list[int], seen: list[int], total: int) -> pl.Series:
    wanted = allocated(sizes, total)
    return pl.Series([max(0, n - have) for n, have in zip(wanted, seen, strict=True)], dtype=pl.Int64)
