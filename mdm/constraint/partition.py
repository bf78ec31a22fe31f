"""The partition: which records are one, and which strong pairs are not.

Components in which nothing can bind are taken whole, set-based; only the others are joined two clusters at a time.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from mdm.constraint.guard import TORN
from mdm.constraint.joiner import Joiner, ruled
from mdm.constraint.linkage import average, strongest
from mdm.constraint.ruling import Limits, Rulings
from mdm.constraint.weakest import PARTED

Connected = Callable[[pl.DataFrame], pl.DataFrame]
_REFUSED: Any = {"a": pl.Int64, "b": pl.Int64, "weight": pl.Float64, "reason": pl.String}


@dataclass(frozen=True)
class Clusters:
    """`assigned`: record_id, cluster (its smallest record). `refused`: a, b, weight, reason.

    `parted`: a, b, weight, and the weakest pair between the groups around them, which agree too little: weak_a, weak_b, weakest.
    `torn`: of those refused because a record fits two equally, a, b, weight, and what fits as well: middle (one of the two),
    rival, rival_weight.
    """

    assigned: pl.DataFrame
    refused: pl.DataFrame
    parted: pl.DataFrame
    torn: pl.DataFrame


def components(edges: pl.DataFrame) -> pl.DataFrame:
    """Connected components of edges (a, b): record_id, component (its smallest record)."""
    if edges.is_empty():
        return pl.DataFrame(schema={"record_id": pl.Int64, "component": pl.Int64})
    # Only here: a run without news has no edges, and loading scipy would be a fifth of it.
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    a, b = edges["a"].to_numpy(), edges["b"].to_numpy()
    nodes, codes = np.unique(np.concatenate([a, b]), return_inverse=True)
    rows, columns = codes[: len(a)], codes[len(a) :]
    graph = coo_array((np.ones(len(a), dtype=np.int8), (rows, columns)), shape=(len(nodes), len(nodes)))
    _, label = connected_components(graph, directed=False)
    # Nodes are sorted, so the first of a label is its smallest.
    first = np.full(label.max() + 1, -1, dtype=np.int64)
    order = np.arange(len(nodes) - 1, -1, -1)
    first[label[order]] = nodes[order]
    return pl.DataFrame({"record_id": nodes, "component": first[label]})


def clusters(
    records: pl.DataFrame, edges: pl.DataFrame, rulings: Rulings, limits: Limits, *, connected: Connected = components
) -> Clusters:
    """Partition records along edges under constraints.

    `records`: record_id and the columns that the limits name. `edges`: a, b, weight (match weight in bits); those at or
    above `accept` connect, the weaker ones only count where an average is taken or one pair alone may be a bridge.
    `connected` finds components.
    """
    known = records.select("record_id")
    rulings = _within(rulings, known["record_id"])
    extra = pl.DataFrame(list(rulings.joining), schema={"a": pl.Int64, "b": pl.Int64}, orient="row")
    strong = edges.filter(pl.col("weight") >= limits.accept)
    found = connected(pl.concat([strong.select("a", "b"), extra]))
    grouped = found.join(records, on="record_id")
    bound = pl.concat([_bound(grouped, rulings, limits), _loose(found, strong, _smallest(limits))]).unique()
    free = found.join(bound, on="component", how="anti").select("record_id", cluster="component")
    joined = _constrained(grouped.join(bound, on="component", how="semi"), edges, rulings, limits)
    alone = known.join(found, on="record_id", how="anti").select("record_id", cluster="record_id")
    return Clusters(pl.concat([free, joined.assigned, alone]), joined.refused, joined.parted, joined.torn)


def _within(rulings: Rulings, known: pl.Series) -> Rulings:
    named = {r for pair in rulings.joining for r in pair} | {r for a, b in rulings.apart for r in (*a, *b)}
    return rulings.within(set(known.filter(known.is_in(list(named)))))


def _bound(grouped: pl.DataFrame, rulings: Rulings, limits: Limits) -> pl.DataFrame:
    """The components in which a constraint can bind."""
    differ = [pl.col(c).drop_nulls().n_unique() > 1 for c in limits.alike]
    repeat = [pl.col(c).drop_nulls().is_duplicated().any() for c in limits.distinct]
    large = [pl.len() > limits.caution.largest] if limits.caution.largest is not None else []
    any_of = pl.any_horizontal([*differ, *repeat, *large] or [pl.lit(False)]).first()
    differing = grouped.group_by("component").agg(any_of.alias("bound")).filter("bound").select("component")
    named = {r for a, b in rulings.apart for r in (*a, *b)}
    if not named:
        return differing
    said = grouped.filter(pl.col("record_id").is_in(list(named))).select("component")
    return pl.concat([differing, said]).unique()


def _smallest(limits: Limits) -> int | None:
    """The size from which a component in which not all pairs are strong may fall apart by itself."""
    if limits.linkage == "average":
        return 3
    return 2 * limits.caution.bridge if limits.caution.bridge is not None else None


def _loose(found: pl.DataFrame, strong: pl.DataFrame, smallest: int | None) -> pl.DataFrame:
    """The components of at least so many records in which not all pairs are strong."""
    if smallest is None:
        return found.select("component").clear()
    pairs = strong.select("a", "b").unique().join(found, left_on="a", right_on="record_id").group_by("component").len("pairs")
    sizes = found.group_by("component").agg(pl.len().cast(pl.Int64).alias("size")).filter(pl.col("size") >= smallest)
    whole = pl.col("size") * (pl.col("size") - 1) // 2
    return sizes.join(pairs, on="component", how="left").filter(pl.col("pairs").fill_null(0) < whole).select("component")


def _constrained(grouped: pl.DataFrame, edges: pl.DataFrame, rulings: Rulings, limits: Limits) -> Clusters:
    joiner = Joiner(rulings)
    for row in grouped.iter_rows(named=True):
        joiner.add(row["record_id"], {c: row[c] for c in limits.alike}, {c: row[c] for c in limits.distinct})
    refused = ruled(joiner, rulings)
    home = grouped.select("record_id", "component")
    inside = edges.join(home, left_on="a", right_on="record_id").join(home, left_on="b", right_on="record_id", suffix="_b")
    local = inside.filter(pl.col("component") == pl.col("component_b")).select("a", "b", "weight")
    parted, torn = pl.DataFrame(schema=PARTED), pl.DataFrame(schema=TORN)
    if limits.linkage == "average":
        against, parted = average(joiner, local, limits)
    else:
        against, torn = strongest(joiner, local, limits)
    return Clusters(joiner.assigned(), pl.DataFrame(refused + against, schema=_REFUSED, orient="row"), parted, torn)
