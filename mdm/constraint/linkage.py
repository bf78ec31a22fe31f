"""Linkage: in which order clusters become one, by the strongest pair between them or by the average of all.

Both ask the joiner before each join, the first its guards as well, and both name the strong pairs that ended up apart. Weights are added as whole
micro-bits, so that a sum does not depend on its order.
"""

import math

import numpy as np
import polars as pl

from mdm.constraint.guard import TORN, Guard
from mdm.constraint.joiner import Joiner, Refused
from mdm.constraint.means import Means
from mdm.constraint.ruling import TIED, Limits
from mdm.constraint.weakest import PARTED, weakest

# What a pair counts in an average, in bits: one that was never seen or is not worth a look; and the most a pair can.
ABSENT, MOST = -5.0, 20.0
_MICRO = 1_000_000


def strongest(joiner: Joiner, pairs: pl.DataFrame, limits: Limits) -> tuple[list[Refused], pl.DataFrame]:
    """Join along pairs (a, b, weight) that reach `accept`, the strongest first.

    Returns those refused, and of those that fit two equally what else they fit (see `TORN`).
    """
    guard, joined = Guard(joiner, pairs, limits), True
    # Strongest first: a doubtful pair must not decide which side a cut falls on.
    strong = pairs.filter(pl.col("weight") >= limits.accept).sort(["weight", "a", "b"], descending=[True, False, False])
    waiting: list[Refused] = [(a, b, weight, "") for a, b, weight in strong.select("a", "b", "weight").iter_rows()]
    while joined:
        # What a guard held back is looked at again when clusters have grown: more may speak for it now.
        refused, joined = [], False
        for a, b, weight, _ in waiting:
            if joiner.of[a] is joiner.of[b]:
                continue
            reason = joiner.conflict(a, b) or guard.objection(a, b, weight)
            if reason is None:
                joiner.join(a, b)
                joined = True
            else:
                refused.append((a, b, weight, reason))
        waiting = refused
    torn = [(a, b, weight, *(guard.tied(a, b, weight) or ())) for a, b, weight, reason in refused if reason == TIED]
    return refused, pl.DataFrame(torn, schema=TORN, orient="row")


def average(joiner: Joiner, pairs: pl.DataFrame, limits: Limits) -> tuple[list[Refused], pl.DataFrame]:
    """Join the two clusters whose pairs weigh most on average, while that reaches `accept`.

    Returns the pairs at or above `accept` that are apart: those a constraint refuses, and those whose groups agree too little.
    """
    accept = limits.accept
    if pairs.filter(pl.col("weight") >= accept).is_empty():
        return [], pl.DataFrame(schema=PARTED)
    records, means = _opened(joiner, pairs, accept)
    while (found := means.largest()) is not None:
        x, y = found
        if _against(joiner, records[x], records[y], limits) is None:
            joiner.join(records[x], records[y])
            means.join(x, y)
        else:
            means.part(x, y)
    return _apart(joiner, pairs, limits)


def _opened(joiner: Joiner, pairs: pl.DataFrame, accept: float) -> tuple[list[int], Means]:
    """The clusters that rulings made or left, by rank of their smallest record (returned), and the means between them."""
    grown = joiner.assigned().filter(pl.len().over("cluster") > 1)
    a, b = (pl.col(c).replace(grown["record_id"], grown["cluster"]) for c in ("a", "b"))
    above = ((pl.col("weight").clip(upper_bound=max(MOST, accept)) - ABSENT) * _MICRO).round().cast(pl.Int64)
    sums = (
        pairs.select(low=pl.min_horizontal(a, b), high=pl.max_horizontal(a, b), above=above)
        .filter(pl.col("low") != pl.col("high"))
        .group_by("low", "high")
        .agg(pl.col("above").sum())
    )
    names, codes = np.unique(np.concatenate([sums["low"].to_numpy(), sums["high"].to_numpy()]), return_inverse=True)
    records = names.tolist()
    size = np.array([len(joiner.of[r].records) for r in records], dtype=np.int64)
    low, high = codes[: sums.height], codes[sums.height :]
    edges = sums.select("above", low=low, high=high, count=size[low] * size[high])
    # A pair at `accept` is enough, however that number is written in binary.
    return records, Means(edges, size.tolist(), math.ceil(round((accept - ABSENT) * _MICRO, 3)))


def _against(joiner: Joiner, a: int, b: int, limits: Limits) -> str | None:
    return joiner.conflict(a, b) or joiner.excess(a, b, limits.caution.largest)


def _apart(joiner: Joiner, pairs: pl.DataFrame, limits: Limits) -> tuple[list[Refused], pl.DataFrame]:
    home = joiner.assigned().rename({"cluster": "home"})
    ends = pairs.join(home, left_on="a", right_on="record_id").join(home, left_on="b", right_on="record_id", suffix="_b")
    two = {"x": pl.min_horizontal("home", "home_b"), "y": pl.max_horizontal("home", "home_b")}
    across = ends.filter(pl.col("home") != pl.col("home_b")).select("a", "b", "weight", **two)
    strong = across.filter(pl.col("weight") >= limits.accept)
    groups = strong.select("x", "y").unique()
    reasons = [_against(joiner, x, y, limits) for x, y in groups.iter_rows()]
    why = groups.with_columns(reason=pl.Series(reasons, dtype=pl.String))
    strong = strong.join(why, on=["x", "y"])
    refused = strong.filter(pl.col("reason").is_not_null()).select("a", "b", "weight", "reason")
    loose = why.filter(pl.col("reason").is_null()).select("x", "y")
    found = weakest(across.join(loose, on=["x", "y"], how="semi"), home, ABSENT)
    return refused.rows(), strong.join(found, on=["x", "y"]).select(*PARTED)
