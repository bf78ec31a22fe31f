"""Calibration: what a model's weights are worth, told by pairs that people have decided. Pure.

The log odds that a pair is a match are a straight line over its weight (Cox 1958; Platt 1999), fitted with a prior at the
model's own word, so that few decisions move little. A line keeps the order of all pairs: it can be trusted beyond the
weights that were decided, and it can be turned back. Of pairs that were drawn by more than their weight, `importance` says
how many each stands for (Horvitz and Thompson 1952).

No claim goes far beyond its evidence: from `ceiling` up, bits count by their logarithm. Weights stay distinct and in order.
"""

import math
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

# How far a line lies from the model's own word before anybody has decided: bits, and bits per bit.
_SHIFT, _SLOPE = 2.0, 0.35
_FLATTEST = 0.1
# A weight beyond this, in bits, says no more about the line than this one does.
_FAR = 30.0
_ROUNDS, _SETTLED, _SIGNIFICANT = 100, 1e-10, 8
_LN2 = math.log(2)


@dataclass(frozen=True)
class Calibration:
    """A rising map from a model's weights to calibrated ones, in bits; the default leaves every weight as it is."""

    shift: float = 0.0
    slope: float = 1.0
    ceiling: float = math.inf

    @property
    def identity(self) -> bool:
        """It changes nothing."""
        return self == Calibration()

    def weight(self, raw: float) -> float:
        """The calibrated weight of a pair to which the model gives `raw` bits."""
        line = self.shift + self.slope * raw
        return line if line <= self.ceiling else self.ceiling + math.log2(1 + (line - self.ceiling) * _LN2)

    def raw(self, weight: float) -> float:
        """The model's weight that is worth `weight` bits: the inverse of `weight`."""
        line = weight if weight <= self.ceiling else self.ceiling + (2 ** min(weight - self.ceiling, 1000) - 1) / _LN2
        return (line - self.shift) / self.slope

    def sql(self, raw: str) -> str:
        """`weight` as an SQL expression over the expression `raw`; the identity is `raw` itself, to the last bit."""
        if self.identity:
            return raw
        line = f"({self.shift!r} + {self.slope!r} * ({raw}))"
        if math.isinf(self.ceiling):
            return line
        # `greatest` keeps the logarithm defined where the line is below the ceiling.
        above = f"{self.ceiling!r} + log2(1 + greatest({line} - {self.ceiling!r}, 0) * {_LN2!r})"
        return f"least({line}, {above})"

    def as_dict(self) -> dict[str, Any]:
        """As kept with a model."""
        return asdict(self)


def fitted(weights: np.ndarray, is_match: np.ndarray, importance: np.ndarray, *, joins: float) -> Calibration:
    """The calibration that decided pairs ask for; their order means nothing.

    `weights`: what the model gives each pair, in bits. `is_match`: what people said. `importance`: how many pairs each
    stands for, on any scale. `joins`: the weight from which pairs are joined; at least one bit above it is never dampened.
    """
    order = np.lexsort((importance, is_match, weights))
    bits = np.clip(np.asarray(weights, dtype=float)[order], -_FAR, _FAR)
    said, each = np.asarray(is_match, dtype=float)[order], np.asarray(importance, dtype=float)[order]
    if not each.sum() > 0:
        return Calibration()
    # Unequal importance says less than as many equal pairs would (Kish 1965).
    effective = each.sum() ** 2 / (each**2).sum()
    shift, slope = _line(bits, said, each * effective / each.sum())
    if slope < _FLATTEST:
        shift, slope = _line(bits, said, each * effective / each.sum(), slope=_FLATTEST)
    # Rule of succession: whoever saw n matches and nothing else may claim odds of n + 1 to 1.
    ceiling = max(math.log2(effective + 1), joins + 1 if math.isfinite(joins) else 0.0)
    return Calibration(*(float(f"{value:.{_SIGNIFICANT}g}") for value in (shift, slope, ceiling)))


def _line(bits: np.ndarray, said: np.ndarray, each: np.ndarray, *, slope: float | None = None) -> tuple[float, float]:
    """Shift and slope of the most likely line, the slope held where one is given; Newton's method on a concave sum."""
    line, free = np.array([0.0, 1.0 if slope is None else slope]), 2 if slope is None else 1
    rows = np.stack([np.ones_like(bits), bits])
    wide = np.array([_SHIFT, _SLOPE]) ** -2.0
    for _ in range(_ROUNDS):
        chance = 1 / (1 + np.exp(-_LN2 * (line @ rows)))
        uphill = _LN2 * (rows * (each * (said - chance))).sum(axis=1) - wide * (line - [0.0, 1.0])
        bend = _LN2**2 * (rows * (each * chance * (1 - chance))) @ rows.T + np.diag(wide)
        step = np.linalg.solve(bend[:free, :free], uphill[:free])
        while _likely(line[:free] + step, line, bits, said, each) < _likely(line[:free], line, bits, said, each) - 1e-9:
            step /= 2
        line[:free] += step
        if np.abs(step).max() < _SETTLED:
            break
    return float(line[0]), float(line[1])


def _likely(tried: np.ndarray, line: np.ndarray, bits: np.ndarray, said: np.ndarray, each: np.ndarray) -> float:
    """How likely a line is, as a logarithm: by the decisions and by the prior."""
    shift, slope = (*tried, *line[len(tried) :])
    odds = _LN2 * (shift + slope * bits)
    told = (each * (said * odds - np.logaddexp(0, odds))).sum()
    return float(told - (shift / _SHIFT) ** 2 / 2 - ((slope - 1) / _SLOPE) ** 2 / 2)
