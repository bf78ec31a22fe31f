"""Calibration: what a model's weights are worth, told by pairs that people have decided. Pure.

The log odds that a pair is a match are a rising line over its weight (Cox 1958; Platt 1999), bent at fixed weights because a
model is often right about strangers and about twins, and too bold between. It is fitted with a prior at the model's own
word, so that few decisions move little, and where nobody decided anything the model's own slope goes on. A rising line
keeps the order of all pairs and can be turned back. Of pairs that were drawn by more than their weight, `importance` says
how many each stands for (Horvitz and Thompson 1952).

No claim goes far beyond its evidence: from `ceiling` up, bits count by their logarithm. Weights stay distinct and in order.
"""

import math
from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import Any

import numpy as np

# Where the line may bend, in bits: more bends would need more decisions.
_BENDS = (0.0, 4.0, 8.0, 12.0, 16.0)
_PARTS = len(_BENDS) + 1
# How far a line lies from the model's own word before anybody has decided: bits at weight 0, and bits per bit of each part.
_SHIFT, _SLOPE = 2.0, 0.5
_FLATTEST = 0.1
# A weight beyond this, in bits, says no more about the line than this one does.
_FAR = 30.0
_ROUNDS, _SETTLED, _SIGNIFICANT = 100, 1e-10, 8
_LN2 = math.log(2)


@dataclass(frozen=True)
class Calibration:
    """A rising map from a model's weights to calibrated ones, in bits; the default leaves every weight as it is.

    `shift`: what weight 0 is worth. `slopes`: bits per bit below the first bend, between bends, and above the last.
    """

    shift: float = 0.0
    slopes: tuple[float, ...] = (1.0,) * _PARTS
    ceiling: float = math.inf

    @property
    def identity(self) -> bool:
        """It changes nothing."""
        return self == Calibration()

    def weight(self, raw: float) -> float:
        """The calibrated weight of a pair to which the model gives `raw` bits."""
        line = float(self.shift + _parts(np.array([raw]))[:, 0] @ np.array(self.slopes))
        return line if line <= self.ceiling else self.ceiling + math.log2(1 + (line - self.ceiling) * _LN2)

    def raw(self, weight: float) -> float:
        """The model's weight that is worth `weight` bits: the inverse of `weight`."""
        if self.identity:
            return weight
        line = weight if weight <= self.ceiling else self.ceiling + (2 ** min(weight - self.ceiling, 1000) - 1) / _LN2
        start, worth, slope = _BENDS[0], self.shift, self.slopes[0]
        if line <= worth:
            return start + (line - worth) / slope
        for (low, high), slope in zip(pairwise((*_BENDS, math.inf)), self.slopes[1:], strict=True):
            if line <= worth + slope * (high - low):
                return low + (line - worth) / slope
            worth += slope * (high - low)
        return math.inf

    def sql(self, raw: str) -> str:
        """`weight` as an SQL expression over the expression `raw`; the identity is `raw` itself, to the last bit."""
        if self.identity:
            return raw
        each = [f"least({raw}, {_BENDS[0]!r})"]
        each += [f"least(greatest({raw} - {low!r}, 0), {high - low!r})" for low, high in pairwise(_BENDS)]
        each += [f"greatest({raw} - {_BENDS[-1]!r}, 0)"]
        line = " + ".join([f"({self.shift!r})", *(f"{s!r} * {part}" for s, part in zip(self.slopes, each, strict=True))])
        if math.isinf(self.ceiling):
            return f"({line})"
        # `greatest` keeps the logarithm defined where the line is below the ceiling.
        above = f"{self.ceiling!r} + log2(1 + greatest({line} - {self.ceiling!r}, 0) * {_LN2!r})"
        return f"least({line}, {above})"

    def as_dict(self) -> dict[str, Any]:
        """As kept with a model."""
        return asdict(self) | {"slopes": list(self.slopes)}


def fitted(weights: np.ndarray, is_match: np.ndarray, importance: np.ndarray, *, joins: float) -> Calibration:
    """The calibration that decided pairs ask for; their order means nothing.

    `weights`: what the model gives each pair, in bits. `is_match`: what people said. `importance`: how many pairs each
    stands for, on any scale. `joins`: the weight from which pairs are joined; up to one bit above it nothing is dampened.
    """
    order = np.lexsort((importance, is_match, weights))
    bits = np.clip(np.asarray(weights, dtype=float)[order], -_FAR, _FAR)
    said, each = np.asarray(is_match, dtype=float)[order], np.asarray(importance, dtype=float)[order]
    if not each.sum() > 0:
        return Calibration()
    # Unequal importance says less than as many equal pairs would (Kish 1965).
    effective = each.sum() ** 2 / (each**2).sum()
    line = _rising(np.concatenate([np.ones((1, len(bits))), _parts(bits)]), said, each * effective / each.sum())
    # Rule of succession: whoever saw n matches and nothing else may claim odds of n + 1 to 1.
    ceiling = max(math.log2(effective + 1), joins + 1 if math.isfinite(joins) else 0.0)
    shift, *slopes, ceiling = (float(f"{value:.{_SIGNIFICANT}g}") for value in (*line, ceiling))
    return Calibration(shift, tuple(slopes), ceiling)


def _parts(bits: np.ndarray) -> np.ndarray:
    """How far each weight reaches into each part of the line: one row per part; they sum to the weight."""
    between = [np.clip(bits - low, 0, high - low) for low, high in pairwise(_BENDS)]
    return np.stack([np.minimum(bits, _BENDS[0]), *between, np.maximum(bits - _BENDS[-1], 0)])


def _rising(rows: np.ndarray, said: np.ndarray, each: np.ndarray) -> np.ndarray:
    """Shift and slopes of the most likely line; a slope that would be too flat or fall is held, and the rest fitted anew."""
    line, free = np.array([0.0, *(1.0,) * _PARTS]), np.full(_PARTS + 1, True)
    while True:
        line = _likeliest(line, free, rows, said, each)
        flat = free & (line < _FLATTEST)
        flat[0] = False
        if not flat.any():
            return line
        line[flat], free[flat] = _FLATTEST, False


def _likeliest(line: np.ndarray, free: np.ndarray, rows: np.ndarray, said: np.ndarray, each: np.ndarray) -> np.ndarray:
    """The line at the top of a concave sum, by Newton's method over what is free."""
    sure = np.array([_SHIFT, *(_SLOPE,) * _PARTS]) ** -2.0
    own = np.array([0.0, *(1.0,) * _PARTS])

    def likely(tried: np.ndarray) -> float:
        odds = _LN2 * (rows * tried[:, None]).sum(axis=0)
        return float((each * (said * odds - np.logaddexp(0, odds))).sum() - (sure * (tried - own) ** 2).sum() / 2)

    for _ in range(_ROUNDS):
        chance = 1 / (1 + np.exp(-_LN2 * (rows * line[:, None]).sum(axis=0)))
        uphill = _LN2 * (rows * (each * (said - chance))).sum(axis=1) - sure * (line - own)
        bend = _LN2**2 * (rows * (each * chance * (1 - chance))) @ rows.T + np.diag(sure)
        step = np.zeros_like(line)
        step[free] = np.linalg.solve(bend[np.ix_(free, free)], uphill[free])
        while likely(line + step) < likely(line) - 1e-9:
            step /= 2
        line = line + step
        if np.abs(step).max() < _SETTLED:
            break
    return line
