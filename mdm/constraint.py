"""Clusters under constraints, pure: strongest evidence first, and no join that breaks a decision, a veto or an identifier.

Components in which no constraint can bind are taken whole, set-based; only the others are joined edge by edge. The
result is a function of the sets given: ties are broken by the records' own names.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import polars as pl

_EDGE = {"a": pl.Int64, "b": pl.Int64, "weight": pl.Float64}
_REFUSED = {**_EDGE, "reason": pl.String}
# How the reason begins when a merge at the source is refused.
MERGED = "merged at the source"


@dataclass(frozen=True)
class Rulings:
    """What people and sources said, as sets of records.

    `together`: each set is in one golden record, whatever machines think. `adopted`: sets that were one golden record in
    another hub, and `merged`: pairs a source declared to be one; both yield only to `apart`. `apart`: pairs of sets of
    which no golden record may hold a member of each.
    """

    together: Sequence[frozenset[int]] = ()
    merged: Sequence[tuple[int, int]] = ()
    apart: Sequence[tuple[frozenset[int], frozenset[int]]] = ()
    adopted: Sequence[frozenset[int]] = ()

    @property
    def joining(self) -> Iterator[tuple[int, int]]:
        """Pairs that connect whatever a ruling may join."""
        yield from ((min(s), r) for s in (*self.together, *self.adopted) for r in s if r != min(s))
        yield from self.merged


@dataclass(frozen=True)
class Clusters:
    """`assigned`: record_id, cluster (its smallest record). `refused`: a, b, weight, reason."""

    assigned: pl.DataFrame
    refused: pl.DataFrame


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


def clusters(records: pl.DataFrame, edges: pl.DataFrame, rulings: Rulings, columns: Sequence[str]) -> Clusters:
    """Partition records along edges under constraints.

    `records`: record_id and the `columns` in which two members of one cluster may not differ (null differs from nothing).
    `edges`: a, b, weight (match weight in bits), all at or above `accept`.
    """
    known = records.select("record_id")
    rulings = _within(rulings, known["record_id"])
    extra = pl.DataFrame(list(rulings.joining), schema={"a": pl.Int64, "b": pl.Int64}, orient="row")
    present = pl.concat([edges.select("a", "b"), extra])
    found = components(present)
    grouped = found.join(records, on="record_id")
    bound = _bound(grouped, rulings, columns)
    free = found.join(bound, on="component", how="anti").select("record_id", cluster="component")
    joined, refused = _constrained(grouped.join(bound, on="component", how="semi"), edges, rulings, columns)
    alone = known.join(found, on="record_id", how="anti").select("record_id", cluster="record_id")
    assigned = pl.concat([free, joined, alone])
    return Clusters(assigned, refused)


def _bound(grouped: pl.DataFrame, rulings: Rulings, columns: Sequence[str]) -> pl.DataFrame:
    """The components in which a constraint can bind."""
    differing = (
        grouped.group_by("component")
        .agg(
            pl.any_horizontal([pl.col(c).drop_nulls().n_unique() > 1 for c in columns] or [pl.lit(False)]).first().alias("bound")
        )
        .filter("bound")
        .select("component")
    )
    named = {r for a, b in rulings.apart for r in (*a, *b)}
    if not named:
        return differing
    said = grouped.filter(pl.col("record_id").is_in(list(named))).select("component")
    return pl.concat([differing, said]).unique()


def _within(rulings: Rulings, known: pl.Series) -> Rulings:
    """The rulings as far as their records are here."""
    named = {r for pair in rulings.joining for r in pair} | {r for a, b in rulings.apart for r in (*a, *b)}
    here = set(known.filter(known.is_in(list(named))))
    return Rulings(
        together=[s & here for s in rulings.together if len(s & here) > 1],
        merged=[p for p in rulings.merged if p[0] in here and p[1] in here],
        apart=[(a & here, b & here) for a, b in rulings.apart if a & here and b & here],
        adopted=[s & here for s in rulings.adopted if len(s & here) > 1],
    )


@dataclass
class _Cluster:
    """A growing cluster: its records, the values they have in each constrained column, and the rulings they stand in."""

    records: list[int]
    values: dict[str, dict[object, list[int]]] = field(default_factory=dict)
    sides: set[tuple[int, str]] = field(default_factory=set)


class _Joiner:
    """Joins records of bound components one edge at a time."""

    def __init__(self, rulings: Rulings):
        self.of: dict[int, _Cluster] = {}
        # A forest: records with one root overlook each other's differences.
        self.exempt: dict[int, int] = {}
        for members in rulings.together:
            for record in members:
                self.excuse(record, min(members))
        self.sides: dict[int, list[tuple[int, str]]] = defaultdict(list)
        for number, (a, b) in enumerate(rulings.apart):
            for side, members in (("a", a), ("b", b)):
                for record in members:
                    self.sides[record].append((number, side))

    def add(self, record: int, values: dict[str, object]) -> None:
        held = {column: {value: [record]} for column, value in values.items() if value is not None}
        self.of[record] = _Cluster([record], held, set(self.sides.get(record, ())))

    def conflict(self, a: int, b: int, *, vetoes: bool = True) -> str | None:
        """Why the clusters of two records may not be one, or None."""
        left, right = self.of[a], self.of[b]
        if left is right:
            return None
        small, large = sorted((left.sides, right.sides), key=len)
        if any((number, "b" if side == "a" else "a") in large for number, side in small):
            return "a decision keeps them apart"
        if vetoes:
            for column in sorted(left.values.keys() & right.values.keys()):
                if self._differ(left.values[column], right.values[column]):
                    return f"different {column}"
        return None

    def _differ(self, left: dict[object, list[int]], right: dict[object, list[int]]) -> bool:
        if len(left) == 1 and left.keys() == right.keys():
            return False
        return any(
            not self._excused(x, y)
            for value, ours in left.items() for other, theirs in right.items() if value != other
            for x in ours for y in theirs
        )  # fmt: skip

    def _excused(self, x: int, y: int) -> bool:
        return x in self.exempt and y in self.exempt and self._root(x) == self._root(y)

    def _root(self, record: int) -> int:
        root = record
        while (above := self.exempt.setdefault(root, root)) != root:
            root = above
        while record != root:
            self.exempt[record], record = root, self.exempt[record]
        return root

    def excuse(self, a: int, b: int) -> None:
        """From here on the two records, and whoever was excused with either, overlook each other's differences."""
        self.exempt[self._root(a)] = self._root(b)

    def join(self, a: int, b: int) -> None:
        left, right = self.of[a], self.of[b]
        if left is right:
            return
        if len(left.records) < len(right.records):
            left, right = right, left
        for column, values in right.values.items():
            mine = left.values.setdefault(column, {})
            for value, records in values.items():
                mine.setdefault(value, []).extend(records)
        left.sides |= right.sides
        left.records += right.records
        for record in right.records:
            self.of[record] = left


def _constrained(
    grouped: pl.DataFrame, edges: pl.DataFrame, rulings: Rulings, columns: Sequence[str]
) -> tuple[pl.DataFrame, pl.DataFrame]:
    joiner = _Joiner(rulings)
    for record, *values in grouped.select("record_id", *columns).iter_rows():
        joiner.add(record, dict(zip(columns, values, strict=True)))
    refused = _ruled(joiner, rulings)
    inside = grouped.select(a="record_id", b="record_id")
    local = edges.join(inside, on="a", how="semi").join(inside, on="b", how="semi").select("a", "b", "weight")
    # Strongest first: a doubtful pair must not decide which side a cut falls on.
    for a, b, weight in local.sort(["weight", "a", "b"], descending=[True, False, False]).iter_rows():
        reason = joiner.conflict(a, b)
        if reason is None:
            joiner.join(a, b)
        else:
            refused.append((a, b, weight, reason))
    cluster_of = {id(c): min(c.records) for c in joiner.of.values()}
    assigned = pl.DataFrame(
        {"record_id": list(joiner.of), "cluster": [cluster_of[id(c)] for c in joiner.of.values()]},
        schema={"record_id": pl.Int64, "cluster": pl.Int64},
    )
    return assigned, pl.DataFrame(refused, schema=_REFUSED, orient="row")


def _ruled(joiner: _Joiner, rulings: Rulings) -> list[tuple[int, int, float, str]]:
    """Join what rulings join: matches first, then what was adopted, then merges; returns the merges that are refused."""
    here = [sorted(r for r in s if r in joiner.of) for s in rulings.together]
    for records in here:
        for record in records[1:]:
            joiner.join(records[0], record)
    for records in sorted(sorted(r for r in s if r in joiner.of) for s in rulings.adopted):
        # A set that a decision parts falls into as few pieces as it must.
        for at, record in enumerate(records):
            home = next((r for r in records[:at] if joiner.conflict(r, record, vetoes=False) is None), None)
            if home is not None:
                joiner.excuse(home, record)
                joiner.join(home, record)
    refused = []
    for a, b in sorted(rulings.merged):
        if a in joiner.of and b in joiner.of:
            reason = joiner.conflict(a, b, vetoes=False)
            if reason is None:
                joiner.excuse(a, b)
                joiner.join(a, b)
            else:
                refused.append((min(a, b), max(a, b), 0.0, f"{MERGED}, but {reason}"))
    return refused
