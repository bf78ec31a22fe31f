"""Guards: joins that evidence alone would make and a machine should not.

A group that grows past a limit, two groups that one pair alone holds together, a record that fits two equally well.
"""

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

import polars as pl

from mdm.constraint.joiner import Cluster, Joiner
from mdm.constraint.ruling import BRIDGE, TIED, Limits

TORN: Any = {
    "a": pl.Int64, "b": pl.Int64, "weight": pl.Float64, "middle": pl.Int64, "rival": pl.Int64, "rival_weight": pl.Float64,
}  # fmt: skip


class Guard:
    """Objections to joining two clusters, by all pairs (a, b, weight) that are kept, the weak ones too."""

    def __init__(self, joiner: Joiner, pairs: pl.DataFrame, limits: Limits):
        self.joiner, self.limits = joiner, limits
        self.near: dict[int, dict[int, float]] = defaultdict(dict)
        for a, b, weight in pairs.select("a", "b", "weight").iter_rows():
            self.near[a][b] = self.near[b][a] = weight

    def objection(self, a: int, b: int, weight: float) -> str | None:
        """Why the clusters of two records should not become one by this pair, or None."""
        if self.tied(a, b, weight) is not None:
            return TIED
        return self._bridged(a, b, weight) or self.joiner.excess(a, b, self.limits.caution.largest)

    def tied(self, a: int, b: int, weight: float) -> tuple[int, int, float] | None:
        """What fits as well as this pair and cannot be had with it: the record in the middle, the other it fits, the weight."""
        found = [*self._rivals(a, b, weight), *self._rivals(b, a, weight)] if self.limits.caution.margin is not None else []
        return min(found, key=lambda f: (-f[2], f[0], f[1]), default=None)

    def _rivals(self, here: int, there: int, weight: float) -> Iterator[tuple[int, int, float]]:
        """Strong pairs of `here`'s cluster with a third that it could be one with, and that may not be one with `there`'s."""
        of, conflict, limits = self.joiner.of, self.joiner.conflict, self.limits
        # An identifier is outweighed by nothing but another.
        enough = limits.sure if weight >= limits.sure else max(limits.accept, weight - (limits.caution.margin or 0.0))
        mine, theirs = of[here], of[there]
        possible: dict[int, bool] = {}
        for record in mine.records:
            for other, reach in self.near[record].items():
                third = of.get(other)
                if third is None or third is mine or third is theirs or reach < enough:
                    continue
                if id(third) not in possible:
                    possible[id(third)] = conflict(there, other) is not None and conflict(here, other) is None
                if possible[id(third)]:
                    yield record, other, reach

    def _bridged(self, a: int, b: int, weight: float) -> str | None:
        small, large = sorted((self.joiner.of[a], self.joiner.of[b]), key=lambda c: len(c.records))
        if self.limits.caution.bridge is None or weight >= self.limits.sure or len(small.records) < self.limits.caution.bridge:
            return None
        if self._meetings(small, large) > 1:
            return None
        sizes = f"{len(small.records)} and {len(large.records)}"
        return f"{BRIDGE}: {sizes} records meet in this pair of {weight:.1f} bits and in no other"

    def _meetings(self, small: Cluster, large: Cluster) -> int:
        """How many pairs two clusters have in common; beyond one it does not matter how many."""
        found = 0
        for record in small.records:
            for other in self.near[record]:
                found += self.joiner.of.get(other) is large
                if found > 1:
                    return found
        return found
