"""Scores of an answer against the truth, counted from the sizes of clusters and never by listing their pairs.

One table: all pairs inside the answer's clusters against all pairs inside the true ones. Two tables: the given pairs,
and only pairs across the tables count. B-cubed takes every record, and the closure of pairs as clusters.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

Pair = tuple[str, str]
Clusters = Mapping[str, str]


# Not the framework's own: a peer's environment, where this is used too, has no framework in it.
@dataclass(frozen=True)
class Score:
    """How much of what was said is true, and how much of what is true was said."""

    precision: float
    recall: float

    @property
    def f1(self) -> float:
        """The harmonic mean."""
        total = self.precision + self.recall
        return 2 * self.precision * self.recall / total if total else 0.0

    def as_dict(self) -> dict[str, float]:
        """For a document."""
        return {"precision": round(self.precision, 4), "recall": round(self.recall, 4), "f1": round(self.f1, 4)}


def clustered(found: Clusters, true: Clusters) -> Score:
    """Pairwise, one table; a record that is in no cluster of the answer is alone."""
    answer = _complete(found, true)
    right = sum(_two(n) for n in Counter((answer[r], c) for r, c in true.items()).values())
    said = sum(_two(n) for n in Counter(answer[r] for r in true).values())
    return _score(right, said, sum(_two(n) for n in Counter(true.values()).values()))


def linked(found: Clusters, true: Iterable[Pair], left: Sequence[str], right: Sequence[str]) -> Score:
    """Pairwise, two tables: pairs across the tables that share a cluster of the answer, against the given pairs."""
    answer = _complete(found, [*left, *right])
    pairs = set(true)
    here, there = Counter(answer[r] for r in left), Counter(answer[r] for r in right)
    said = sum(n * there[c] for c, n in here.items())
    return _score(sum(answer[a] == answer[b] for a, b in pairs), said, len(pairs))


def paired(found: Iterable[Pair], true: Iterable[Pair]) -> Score:
    """Pairwise, two tables, for a tool that answers with pairs: as it gave them, without their closure."""
    said, pairs = set(found), set(true)
    return _score(len(said & pairs), len(said), len(pairs))


def b_cubed(found: Clusters, true: Clusters) -> Score:
    """The mean over records of the share of its cluster that is right, and of its true cluster that was found."""
    if not true:
        return Score(1.0, 1.0)
    answer = _complete(found, true)
    cells = Counter((answer[r], c) for r, c in true.items())
    said, real = Counter(answer[r] for r in true), Counter(true.values())
    precision = sum(n * n / said[f] for (f, _), n in cells.items())
    recall = sum(n * n / real[c] for (_, c), n in cells.items())
    return Score(precision / len(true), recall / len(true))


def closure(pairs: Iterable[Pair], records: Iterable[str]) -> dict[str, str]:
    """Clusters of what is connected by pairs; every record is in one."""
    parent = {record: record for record in records}

    def root(record: str) -> str:
        while parent[record] != record:
            parent[record] = parent[parent[record]]
            record = parent[record]
        return record

    for left, right in pairs:
        first, second = sorted((root(left), root(right)))
        parent[second] = first
    return {record: root(record) for record in parent}


def _complete(found: Clusters, records: Iterable[str]) -> dict[str, str]:
    """The answer for every record, with a cluster of its own for one it does not name."""
    return {r: f"of {found[r]}" if r in found else f"alone {r}" for r in records}


def _two(n: int) -> int:
    return n * (n - 1) // 2


def _score(right: int, said: int, true: int) -> Score:
    return Score(right / said if said else 1.0, right / true if true else 1.0)
