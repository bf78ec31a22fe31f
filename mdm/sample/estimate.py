"""Estimates: what the answers to a sample say of everything the machine decided by itself. Pure.

A stratum's answers stand for all its pairs. A pair without an answer, or with `unsure`, counts as not looked at; a stratum
without any answer may be all right or all wrong, and widens the intervals by what it holds.
"""

from dataclasses import dataclass

import polars as pl

from mdm.sample import interval
from mdm.sample.interval import UNKNOWN, Interval
from mdm.sample.stratum import JOIN, REFUSAL

PRECISION, RECALL, F1 = "automatic_precision", "automatic_recall", "automatic_f1"
REFUSALS, WITH_BLOCKING = "automatic_refusal_precision", "automatic_recall_with_blocking"
MEASURES = (PRECISION, RECALL, F1, REFUSALS, WITH_BLOCKING)
# The answer that says the machine was right.
_RIGHT = {JOIN: "match", REFUSAL: "no_match"}
_MEASURE = {JOIN: PRECISION, REFUSAL: REFUSALS}


@dataclass(frozen=True)
class Figure:
    """One figure of a sample: of everything, of a band, or of a pair of sources; and the answers it rests on."""

    measure: str
    band: str
    sources: str
    share: Interval
    population: int | None = None
    drawn: int = 0
    answered: int = 0
    unsure: int = 0
    wrong: int = 0


def figures(
    strata: pl.DataFrame, pairs: pl.DataFrame, confidence: float = interval.CONFIDENCE, *, blocking: Interval = UNKNOWN
) -> list[Figure]:
    """Every figure: overall first, then by band, then by sources.

    `strata`: see `stratum.STRATUM`. `pairs`: stratum, sources, verdict (null: no answer). `blocking`: the share of true
    pairs that blocking makes, if it is known.
    """
    cells, whole = counted(strata, pairs), []
    for kind in (k for k in (JOIN, REFUSAL) if cells.filter(pl.col("kind") == k).height):
        mine = cells.filter(pl.col("kind") == kind)
        whole.append(_figure(_MEASURE[kind], mine, confidence))
        for part in mine.sort("floor", "band", nulls_last=True).partition_by("band", maintain_order=True):
            whole.append(_figure(_MEASURE[kind], part, confidence, band=part["band"][0]))
        whole += _by_sources(_MEASURE[kind], mine, pairs, confidence)
    return [*whole, *_together(whole, blocking)]


def counted(strata: pl.DataFrame, pairs: pl.DataFrame) -> pl.DataFrame:
    """The strata with how many pairs were drawn, answered, unsure and right."""
    right = pl.col("kind").replace_strict(_RIGHT, return_dtype=pl.String)
    known = pl.col("verdict").is_in(list(_RIGHT.values()))
    sums = (
        pairs.join(strata.select("stratum", "kind"), on="stratum")
        .group_by("stratum")
        .agg(
            drawn=pl.len().cast(pl.Int64),
            answered=known.sum().cast(pl.Int64),
            unsure=(pl.col("verdict") == "unsure").sum().cast(pl.Int64),
            right=(pl.col("verdict") == right).sum().cast(pl.Int64),
        )
    )
    return strata.join(sums, on="stratum", how="left").with_columns(pl.col("drawn", "answered", "unsure", "right").fill_null(0))


def share(cells: pl.DataFrame, confidence: float = interval.CONFIDENCE, *, sides: int = 2) -> Interval:
    """The share of right decisions among everything in these strata."""
    seen = cells.filter(pl.col("answered") > 0)
    weights = (seen["population"] / seen["answered"]).to_list()
    known = interval.weighted(weights, seen["right"].to_list(), seen["answered"].to_list(), confidence, sides=sides)
    return interval.mixed(known, int(seen["population"].sum()) / max(int(cells["population"].sum()), 1))


def _figure(measure: str, cells: pl.DataFrame, confidence: float, *, band: str = "") -> Figure:
    total = cells.select(pl.col("population", "drawn", "answered", "unsure", "right").sum()).row(0, named=True)
    wrong = total["answered"] - total.pop("right")
    return Figure(measure, band, "", share(cells, confidence), wrong=wrong, **total)


def _by_sources(measure: str, cells: pl.DataFrame, pairs: pl.DataFrame, confidence: float) -> list[Figure]:
    """By the sources of the pairs themselves: how many such pairs there are in all is an estimate too, and not told."""
    weight = cells.select("stratum", "kind", weight=pl.col("population") / pl.max_horizontal(pl.col("answered"), pl.lit(1)))
    mine = pairs.join(weight, on="stratum")
    found = []
    for part in mine.sort("sources").partition_by("sources", maintain_order=True):
        sums = counted(part.select("stratum", "kind").unique(), part).join(weight.select("stratum", "weight"), on="stratum")
        known = interval.weighted(sums["weight"].to_list(), sums["right"].to_list(), sums["answered"].to_list(), confidence)
        total = sums.select(pl.col("drawn", "answered", "unsure", "right").sum()).row(0, named=True)
        wrong = total["answered"] - total.pop("right")
        found.append(Figure(measure, "", part["sources"][0], known, wrong=wrong, **total))
    return found


def _together(whole: list[Figure], blocking: Interval) -> list[Figure]:
    """Recall and F1, where refusals were looked at as well as joins."""
    of = {f.measure: f for f in whole if not f.band and not f.sources}
    if PRECISION not in of or REFUSALS not in of:
        return []
    joins, refusals = of[PRECISION], of[REFUSALS]
    sizes = float(joins.population or 0), float(refusals.population or 0)
    recall = interval.of_two(joins.share, refusals.share.opposite, sizes)
    found = [(RECALL, recall), (F1, interval.harmonic(joins.share, recall))]
    if blocking.value is not None:
        found.append((WITH_BLOCKING, interval.product(recall, blocking)))
    return [Figure(measure, "", "", estimate) for measure, estimate in found]
