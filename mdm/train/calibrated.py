"""Calibrating a fitted model: its weights beside what stewards decided about the same pairs.

Only pairs count of which the weight decides: blocking makes them, no identifier joins them by itself, and nothing declared
keeps them apart. Each stands for the candidates of its band of weights, since stewards are asked about the middle bands.
"""

from dataclasses import replace

import polars as pl

from mdm import calibration, model
from mdm.bench import Bench
from mdm.entity import Entity
from mdm.model import Model
from mdm.train import scoring
from mdm.train.labels import ENOUGH, Labels

_BAND = 2.0
# What a pair may count beside the usual one: with no bound, a single odd pair would speak for thousands.
_MOST = 4.0
_MOST_CANDIDATES = 3_000_000


def calibrated(bench: Bench, entity: Entity, fitted: Model, labels: Labels) -> Model:
    """The model with its calibration in the evidence; unchanged where too few decided pairs are left."""
    found = scoring.blocked(bench, entity)
    if not found or not entity.comparisons:
        return fitted
    told = _told(bench, entity, fitted, labels)
    counts = {kind: told.filter(pl.col("is_match") == kind)["part"].sum() for kind in (True, False)}
    if min(counts.values()) < ENOUGH:
        return fitted
    every = -(-found // _MOST_CANDIDATES)
    pairs = f"{weighable(entity, 'blocked')} and hash(a, b) % {every} = 0"
    candidates = scoring.scored(bench, fitted, pairs, _BAND * (told["weight"].min() // _BAND))
    line = calibration.fitted(
        told["weight"].to_numpy(), told["is_match"].to_numpy(), importance(told, candidates).to_numpy(),
        joins=model.weight_of(entity.accept),
    )  # fmt: skip
    said = {"match": round(counts[True], 3), "no_match": round(counts[False], 3)}
    return replace(fitted, evidence={**fitted.evidence, "calibration": line.as_dict() | said})


def importance(told: pl.DataFrame, candidates: pl.DataFrame) -> pl.Series:
    """What each decided pair (weight, part) counts: as many candidates (weight) as its band has for each. Pure."""
    band = (pl.col("weight") / _BAND).floor().cast(pl.Int64).alias("band")
    there = candidates.group_by(band).len("there")
    rows = told.with_columns(band).join(there, on="band", how="left", maintain_order="left")
    each = pl.col("there").fill_null(1) / pl.col("part").sum().over("band")
    return rows.select(pl.col("part") * (each / each.median()).clip(1 / _MOST, _MOST)).to_series()


def _told(bench: Bench, entity: Entity, fitted: Model, labels: Labels) -> pl.DataFrame:
    """Decided pairs of which the weight decides: a, b, is_match, part, weight."""
    bench.store("labelled", labels.pairs)
    judged = weighable(entity, "(select a, b from labelled semi join blocked using (a, b))")
    return labels.pairs.join(scoring.scored(bench, fitted, judged), on=["a", "b"]).sort("a", "b")


def weighable(entity: Entity, pairs: str) -> str:
    """SQL: those of some pairs (a, b) of which the weight decides."""
    return (
        f"select a, b from {pairs} join bench.compare l on l.record_id = a join bench.compare r on r.record_id = b "
        f"where not {scoring.by_identifier(entity)} and not {scoring.by_constraint(entity)}"
    )
