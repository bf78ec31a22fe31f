"""Allocation: how many pairs of each stratum are looked at. Pure.

By the square root of a stratum's size (a power allocation, Bankier 1988): a figure for everything wants large strata
looked at more, a figure for each band wants all alike, and this serves both.
"""

import heapq
import math
from collections.abc import Callable, Sequence

# No stratum is judged by fewer, if it has as many.
LEAST = 5


def allocated(sizes: Sequence[int], total: int, *, least: int = LEAST) -> list[int]:
    """How many of each stratum: together `total`, never more than there are; more in all never means fewer of one."""
    if total >= sum(sizes):
        return list(sizes)
    counts = [0] * len(sizes)
    # Those below the least come first, one each in turn; then whoever has fewest beside the root of its size.
    waiting = [(0, 0.0, -size, i) for i, size in enumerate(sizes) if size > 0]
    heapq.heapify(waiting)
    for _ in range(total):
        i = heapq.heappop(waiting)[3]
        counts[i] += 1
        if counts[i] < sizes[i]:
            heapq.heappush(waiting, (min(counts[i], least), (counts[i] + 0.5) / math.sqrt(sizes[i]), -sizes[i], i))
    return counts


def effective(sizes: Sequence[int], counts: Sequence[int]) -> float:
    """As many equally weighing answers as these tell as much as (Kish 1965); a stratum nobody looks at makes it 0."""
    if any(size and not n for size, n in zip(sizes, counts, strict=True)):
        return 0.0
    spread = math.fsum(size * size / n for size, n in zip(sizes, counts, strict=True) if n)
    return sum(sizes) ** 2 / spread if spread else 0.0


def size_needed(sizes: Sequence[int], answers: float) -> int:
    """The smallest total whose allocation tells as much as so many equally weighing answers, or all there are."""
    return smallest(lambda total: effective(sizes, allocated(sizes, total)) >= answers, 0, sum(sizes))


def smallest(enough: Callable[[int], bool], least: int, most: int) -> int:
    """The smallest number above `least` that is enough, or `most`; whatever is above one that is enough, is enough."""
    step = 1
    while least + step < most and not enough(least + step):
        least, step = least + step, 2 * step
    most = min(most, least + step)
    while most - least > 1:
        middle = (least + most) // 2
        least, most = (least, middle) if enough(middle) else (middle, most)
    return most
