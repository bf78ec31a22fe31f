"""The smallest change that would turn a decision round. Pure.

A pair is joined when its weight reaches what a machine joins from and nothing stands in the way. A change moves the weight
and lifts or raises obstacles; changes of different values add up.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

# More changes than this together say nothing any more.
MOST = 3


@dataclass(frozen=True)
class Change:
    """One thing that could be otherwise: how it is said, what it adds to the weight, and the obstacles it lifts or raises.

    `about` is what it touches: two changes of one value do not go together.
    """

    words: str
    about: str
    bits: float = 0.0
    lifts: frozenset[str] = frozenset()
    raises: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Pair:
    """A pair as it stands: its weight, the weight that joins, and what stands in the way."""

    weight: float
    accept: float
    obstacles: frozenset[str] = frozenset()

    @property
    def joined(self) -> bool:
        """A machine joins it."""
        return self.weight >= self.accept and not self.obstacles

    def after(self, changes: Sequence[Change]) -> "Pair":
        """The pair with these changes made."""
        lifted = frozenset[str]().union(*(c.lifts for c in changes))
        raised = frozenset[str]().union(*(c.raises for c in changes))
        return Pair(self.weight + sum(c.bits for c in changes), self.accept, (self.obstacles - lifted) | raised)


@dataclass(frozen=True)
class Flip:
    """Changes that, made together, turn a pair round: in words, what each is, what they weigh, and the weight after them."""

    words: str
    changes: tuple[str, ...]
    bits: float
    weight: float | None


def smallest(pair: Pair, changes: Sequence[Change], most: int = MOST) -> tuple[Change, ...]:
    """The fewest changes that turn the pair round, the lightest of them first; empty when none do."""
    for size in range(1, most + 1):
        fits = [
            chosen
            for chosen in combinations(_useful(pair, changes), size)
            if len({c.about for c in chosen}) == size and pair.after(chosen).joined != pair.joined
        ]
        if fits:
            return min(fits, key=lambda chosen: (round(sum(abs(c.bits) for c in chosen), 6), [c.words for c in chosen]))
    return ()


def flipped(pair: Pair, changes: Sequence[Change]) -> Flip | None:
    """The smallest turn in words, or None."""
    chosen = smallest(pair, changes)
    if not chosen:
        return None
    bits = sum(c.bits for c in chosen)
    said = " and ".join(f"{c.words} ({c.bits:+.1f} bits)" if c.bits else c.words for c in chosen)
    end = "a machine would no longer join them" if pair.joined else "they would join"
    return Flip(f"if {said}, {end}", tuple(c.words for c in chosen), round(bits, 2), round(pair.weight + bits, 2))


def _useful(pair: Pair, changes: Sequence[Change]) -> list[Change]:
    """Those that push the right way; the rest can be left out of any answer."""
    if pair.joined:
        return [c for c in changes if c.bits < 0 or c.raises]
    return [c for c in changes if (c.bits > 0 or c.lifts & pair.obstacles) and not c.raises]
