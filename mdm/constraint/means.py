"""Means between growing clusters: which two agree most on average.

A cluster is a number, its rank by smallest record at first. What is kept of two clusters is by how much their pairs weigh
more, together, than absent pairs would: such sums simply add up when clusters join.
"""

import heapq
from collections.abc import Iterator

import polars as pl

# No sum of weights outweighs it: what may not be joined now may never be.
_NEVER = -(10**18)
_Key = tuple[float, int, int]


class Means:
    """Clusters that grow two by two, the largest mean first.

    `pairs`: low, high, above (whole micro-bits), count (pairs of records between the two). `need`: the mean that is enough.

    Single records wait in order in `_singles`; each cluster that has grown waits in `_grown` under its best mean. That best
    can only fall when another cluster grows, so it is looked for again when its turn comes.
    """

    def __init__(self, pairs: pl.DataFrame, size: list[int], need: int):
        self.need, self.size = need, size
        # The smallest record, by rank: it breaks ties.
        self.first = list(range(len(size)))
        self.version = [0] * len(size)
        self.near: list[dict[int, int]] = [{} for _ in size]
        for low, high, above in zip(*(pairs[c].to_list() for c in ("low", "high", "above")), strict=True):
            self.near[low][high] = self.near[high][low] = above
        self._grown: list[tuple] = []
        self._singles = self._fresh(pairs)
        self._ahead = next(self._singles, None)

    def _fresh(self, pairs: pl.DataFrame) -> Iterator[_Key]:
        enough = pairs.filter(pl.col("above") >= self.need * pl.col("count"))
        best = enough.select(-pl.col("above") / pl.col("count"), "low", "high").sort("above", "low", "high")
        for key in zip(*(c.to_list() for c in best), strict=True):
            if self.version[key[1]] == 0 == self.version[key[2]]:
                yield key

    def largest(self) -> tuple[int, int] | None:
        """The two clusters with the largest mean, if it is enough; of equal ones those with the smallest records."""
        while self._grown or self._ahead is not None:
            if self._ahead is not None and not (self._grown and self._grown[0] < self._ahead):
                (_, x, y), self._ahead = self._ahead, next(self._singles, None)
                if self.version[x] == 0 == self.version[y]:
                    return x, y
                continue
            *_, x, of_x, y, of_y = heapq.heappop(self._grown)
            if self.version[x] != of_x:
                continue
            if self.version[y] == of_y and self.near[x][y] != _NEVER:
                return x, y
            self._wait(x)
        return None

    def part(self, x: int, y: int) -> None:
        """Never again offer these two, nor whatever they grow into."""
        self.near[x][y] = self.near[y][x] = _NEVER
        if self.version[x]:
            self._wait(x)

    def join(self, x: int, y: int) -> None:
        """Two clusters become one."""
        if len(self.near[x]) < len(self.near[y]):
            x, y = y, x
        mine, theirs = self.near[x], self.near[y]
        del mine[y], theirs[x]
        for other, above in theirs.items():
            around = self.near[other]
            del around[y]
            mine[other] = around[x] = mine.get(other, 0) + above
        self.near[y] = {}
        self.size[x] += self.size[y]
        self.first[x] = min(self.first[x], self.first[y])
        self.version[x] += 1
        self.version[y] = -1
        self._wait(x)

    def _wait(self, x: int) -> None:
        """A cluster that has grown waits under its best mean, if that is enough."""
        size, mine, first = self.size, self.size[x], self.first
        top, best = -1.0, -1
        for other, above in self.near[x].items():
            mean = above / (mine * size[other])
            if mean > top or (mean == top and first[other] < first[best]):
                top, best = mean, other
        if best >= 0 and self.near[x][best] >= self.need * mine * size[best]:
            low, high = sorted((first[x], first[best]))
            heapq.heappush(self._grown, (-top, low, high, x, self.version[x], best, self.version[best]))
