"""Calibrating a fitted model: its weights beside what stewards decided about the same pairs.

Only pairs count of which the weight decides: blocking makes them, no identifier joins them by itself, and nothing declared
keeps them apart. Stewards are asked about the middle bands more often than about others. That choice hangs on the weight
alone, on which the line is conditional, so it does not bend the line; a pair counts by its part of a decision.
"""

from dataclasses import replace

import polars as pl

from mdm import calibration, model
from mdm.bench import Bench
from mdm.entity import Entity
from mdm.model import Model
from mdm.train import scoring
from mdm.train.labels import ENOUGH, Labels


def calibrated(bench: Bench, entity: Entity, fitted: Model, labels: Labels) -> Model:
    """The model with its calibration in the evidence; unchanged where too few decided pairs are left."""
    if not entity.comparisons or not scoring.blocked(bench, entity):
        return fitted
    bench.store("labelled", labels.pairs)
    judged = scoring.weighable(entity, "(select a, b from labelled semi join blocked using (a, b))")
    told = labels.pairs.join(scoring.scored(bench, fitted, judged), on=["a", "b"]).sort("a", "b")
    counts = {kind: told.filter(pl.col("is_match") == kind)["part"].sum() for kind in (True, False)}
    if min(counts.values()) < ENOUGH:
        return fitted
    weights, verdicts, part = (told[name].to_numpy() for name in ("weight", "is_match", "part"))
    line = calibration.fitted(weights, verdicts, part, joins=model.weight_of(entity.accept))
    said = {"match": round(counts[True], 3), "no_match": round(counts[False], 3)}
    return replace(fitted, evidence={**fitted.evidence, "calibration": line.as_dict() | said})
