"""Intervals of shares that are known from a sample. Pure.

A share that was counted has Wilson's score interval (1927): every true share that the count does not contradict. It stays
within 0 and 1 and says something where no error was seen. A share of a weighted sample has the same interval with the
effective number of answers in place of the count: as many as would tell as much if all weighed the same. Two numbers bound
that: Kish's (1965), of the weights alone, and the one of the estimate's own variance (Korn and Graubard 1998); the smaller
holds, so that a stratum in which few were asked never makes a figure look surer than it is.
"""

import math
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist

from mdm.sample.allocation import smallest

CONFIDENCE = 0.95


@dataclass(frozen=True)
class Interval:
    """A share and the ends of its confidence interval; no value: nothing is known."""

    value: float | None
    low: float = 0.0
    high: float = 1.0

    @property
    def opposite(self) -> "Interval":
        """The interval of the share that is left."""
        return Interval(None if self.value is None else 1 - self.value, 1 - self.high, 1 - self.low)


UNKNOWN = Interval(None)


def wilson(share: float, count: float, confidence: float = CONFIDENCE, *, sides: int = 2) -> Interval:
    """Wilson's interval of a share seen among `count`; with one side, each end holds by itself."""
    if count <= 0:
        return UNKNOWN
    z = critical(confidence, sides)
    middle = share + z * z / (2 * count)
    spread = z * math.sqrt(share * (1 - share) / count + z * z / (4 * count * count))
    whole = 1 + z * z / count
    # The share itself bounds the interval: at 0 and 1 rounding would put the end beside it.
    return Interval(share, max(0.0, min(share, (middle - spread) / whole)), min(1.0, max(share, (middle + spread) / whole)))


def critical(confidence: float, sides: int = 2) -> float:
    """How many standard errors an interval of this confidence reaches."""
    return NormalDist().inv_cdf(1 - (1 - confidence) / sides)


def weighted(
    weights: Sequence[float], right: Sequence[float], counts: Sequence[int], confidence: float = CONFIDENCE, *, sides: int = 2
) -> Interval:
    """The interval of a share in a weighted sample.

    Per group of answers that weigh the same: what one of them stands for, how many are right, how many there are.
    """
    groups = [(w, r, n) for w, r, n in zip(weights, right, counts, strict=True) if n and w]
    whole = math.fsum(w * n for w, _, n in groups)
    if not whole:
        return UNKNOWN
    share = min(1.0, math.fsum(w * r for w, r, _ in groups) / whole)
    return wilson(share, _effective(groups, share, whole), confidence, sides=sides)


def _effective(groups: Sequence[tuple[float, float, int]], share: float, whole: float) -> float:
    by_weight = whole * whole / math.fsum(w * w * n for w, _, n in groups)
    variance = math.fsum(w * w * (r * (1 - share) ** 2 + (n - r) * share**2) for w, r, n in groups) / (whole * whole)
    return min(by_weight, share * (1 - share) / variance) if variance > 0 else by_weight


def mixed(known: Interval, share: float) -> Interval:
    """The interval of a whole of which only this share was looked at: the rest may be all right or all wrong."""
    return Interval(known.value, known.low * share, known.high * share + (1 - share)) if known.value is not None else UNKNOWN


def of_two(part: Interval, rest: Interval, sizes: tuple[float, float]) -> Interval:
    """The interval of part / (part + rest), both estimated apart from one another as a share of their `sizes`.

    By the recovered variances of a ratio (MOVER-R: Donner and Zou 2012, Newcombe 2016).
    """
    if part.value is None or rest.value is None or not part.value * sizes[0]:
        return UNKNOWN
    have, low, high = (v * sizes[0] for v in (part.value, part.low, part.high))
    lack, least, most = (v * sizes[1] for v in (rest.value, rest.low, rest.high))
    product = have * lack
    down = _end(product, product**2 - least * high * (2 * lack - least) * (2 * have - high), high * (2 * have - high), -1)
    up = _end(product, product**2 - most * low * (2 * lack - most) * (2 * have - low), low * (2 * have - low), +1)
    return Interval(have / (have + lack), 1 / (1 + up), 1 / (1 + max(0.0, down)))


def _end(product: float, square: float, below: float, sign: int) -> float:
    return (product + sign * math.sqrt(max(0.0, square))) / below if below > 0 else math.inf * sign


def harmonic(one: Interval, other: Interval) -> Interval:
    """The harmonic mean of two shares; its ends are those of both, so it holds at least as often as they do."""
    mean = lambda x, y: 2 * x * y / (x + y) if x + y else 0.0  # noqa: E731
    if one.value is None or other.value is None:
        return UNKNOWN
    return Interval(mean(one.value, other.value), mean(one.low, other.low), mean(one.high, other.high))


def product(one: Interval, other: Interval) -> Interval:
    """The product of two shares, its ends those of both."""
    if one.value is None or other.value is None:
        return UNKNOWN
    return Interval(one.value * other.value, one.low * other.low, one.high * other.high)


def reviews_needed(precision: float, confidence: float = CONFIDENCE, *, errors: int = 0) -> int:
    """The fewest answers, of which `errors` are wrong, that show a precision of at least so much, one-sided."""
    enough = lambda n: wilson((n - errors) / n, n, confidence, sides=1).low >= precision  # noqa: E731
    return smallest(enough, errors, sys.maxsize)
