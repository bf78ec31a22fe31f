"""Growing clusters: what each of them holds, which of them may become one, and what rulings join before any machine does."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field

import polars as pl

from mdm.constraint.ruling import LARGE, MERGED, Rulings

Refused = tuple[int, int, float, str]


@dataclass
class Cluster:
    """A growing cluster: its records, the values they have in each constrained column, and the rulings they stand in.

    `values` are those that may not differ, `once` those that may not come twice.
    """

    records: list[int]
    values: dict[str, dict[object, list[int]]] = field(default_factory=dict)
    once: dict[tuple[str, object], list[int]] = field(default_factory=dict)
    sides: set[tuple[int, str]] = field(default_factory=set)


class Joiner:
    """Joins records of bound components, two clusters at a time."""

    def __init__(self, rulings: Rulings):
        self.of: dict[int, Cluster] = {}
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

    def add(self, record: int, values: Mapping[str, object], once: Mapping[str, object]) -> None:
        """A cluster of one record: its values that may not differ, and those that may not come twice."""
        held = {column: {value: [record]} for column, value in values.items() if value is not None}
        single = {(column, value): [record] for column, value in once.items() if value is not None}
        self.of[record] = Cluster([record], held, single, set(self.sides.get(record, ())))

    def assigned(self) -> pl.DataFrame:
        """Each record_id with its cluster (the smallest record)."""
        first = {id(c): min(c.records) for c in self.of.values()}
        homes = {record: first[id(c)] for record, c in self.of.items()}
        schema = {"record_id": pl.Int64, "cluster": pl.Int64}
        return pl.DataFrame({"record_id": list(homes), "cluster": list(homes.values())}, schema=schema)

    def conflict(self, a: int, b: int, *, vetoes: bool = True) -> str | None:
        """Why the clusters of two records may not be one, or None."""
        left, right = self.of[a], self.of[b]
        if left is right:
            return None
        small, large = sorted((left.sides, right.sides), key=len)
        if any((number, "b" if side == "a" else "a") in large for number, side in small):
            return "a decision keeps them apart"
        return self._vetoed(left, right) if vetoes else None

    def excess(self, a: int, b: int, largest: int | None) -> str | None:
        """That the clusters of two records would be more than a machine may make one, or None."""
        size = len(self.of[a].records) + len(self.of[b].records)
        if largest is None or size <= largest or self.of[a] is self.of[b]:
            return None
        return f"{LARGE}: {size} records would be one, and machines join at most {largest}; this is the weakest link"

    def _vetoed(self, left: Cluster, right: Cluster) -> str | None:
        for column in sorted(left.values.keys() & right.values.keys()):
            if self._differ(left.values[column], right.values[column]):
                return f"different {column}"
        for column, value in sorted(left.once.keys() & right.once.keys()):
            if not all(self._excused(x, y) for x in left.once[column, value] for y in right.once[column, value]):
                return f"both hold a record of {value}, which never holds one thing twice"
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
        """The clusters of two records become one."""
        left, right = self.of[a], self.of[b]
        if left is right:
            return
        if len(left.records) < len(right.records):
            left, right = right, left
        for column, values in right.values.items():
            mine = left.values.setdefault(column, {})
            for value, records in values.items():
                mine.setdefault(value, []).extend(records)
        for key, records in right.once.items():
            left.once.setdefault(key, []).extend(records)
        left.sides |= right.sides
        left.records += right.records
        for record in right.records:
            self.of[record] = left


def ruled(joiner: Joiner, rulings: Rulings) -> list[Refused]:
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
