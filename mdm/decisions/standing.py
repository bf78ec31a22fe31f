"""What live decisions say together, and whether one more can be true beside them. Pure.

A `match` joins all members of both its sides in one golden record; matches that share a record join further. A `no_match`
forbids any golden record that holds a member of each side. Decisions that cannot all be true contradict each other.
"""

from collections import defaultdict, deque
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

_A, _B = 1, 2


@dataclass(frozen=True)
class Decided:
    """One decision: its number, verdict, and the records of its two sides."""

    number: int
    verdict: str
    a: frozenset[int]
    b: frozenset[int]

    def says(self, verdict: str, a: Collection[int], b: Collection[int]) -> bool:
        """It says this already, whichever side was named first."""
        return self.verdict == verdict and {self.a, self.b} == {frozenset(a), frozenset(b)}


class Standing:
    """Live decisions, kept so that the next one can be judged in the time of its own size."""

    def __init__(self, decisions: Iterable[Decided] = ()):
        self.decisions: dict[int, Decided] = {}
        self._parent: dict[int, int] = {}
        # Per group of joined records: the no_match decisions with members in it, and which of their sides.
        self._sides: dict[int, dict[int, int]] = defaultdict(dict)
        self._touching: dict[int, list[int]] = defaultdict(list)
        for decided in sorted(decisions, key=lambda d: (d.verdict != "match", d.number)):
            self.add(decided)

    def add(self, decided: Decided) -> None:
        """Count one more decision."""
        self.decisions[decided.number] = decided
        for record in decided.a | decided.b:
            self._touching[record].append(decided.number)
        if decided.verdict == "match":
            self._join(decided.a | decided.b)
        elif decided.verdict == "no_match":
            for side, records in ((_A, decided.a), (_B, decided.b)):
                for group in self._groups(records):
                    self._sides[group][decided.number] = self._sides[group].get(decided.number, 0) | side

    def same(self, verdict: str, a: Collection[int], b: Collection[int]) -> Decided | None:
        """The live decision that says exactly this."""
        numbers = sorted({n for record in a for n in self._touching.get(record, ())})
        return next((self.decisions[n] for n in numbers if self.decisions[n].says(verdict, a, b)), None)

    def against(self, verdict: str, a: Collection[int], b: Collection[int]) -> list[Decided]:
        """The live decisions that together cannot be true beside this one; empty: it may stand."""
        if verdict == "match":
            return [self.decisions[n] for n in self._forbidding({*a, *b})[:1]]
        if verdict == "no_match" and self._groups(a) & self._groups(b):
            return [self.decisions[n] for n in self._path(set(a), set(b))]
        return []

    def _forbidding(self, records: Iterable[int]) -> list[int]:
        seen: dict[int, int] = {}
        for group in self._groups(records):
            for number, sides in self._sides.get(group, {}).items():
                seen[number] = seen.get(number, 0) | sides
        return sorted(number for number, sides in seen.items() if sides == _A | _B)

    def _path(self, start: set[int], end: set[int]) -> list[int]:
        """The fewest matches that lead from one side to the other."""
        came: dict[int, tuple[int, int] | None] = dict.fromkeys(sorted(start))
        waiting = deque(came)
        while waiting:
            record = waiting.popleft()
            if record in end:
                return sorted(set(_back(came, record)))
            for number in self._touching.get(record, ()):
                decided = self.decisions[number]
                for other in sorted(decided.a | decided.b) if decided.verdict == "match" else ():
                    if other not in came:
                        came[other] = (record, number)
                        waiting.append(other)
        return []

    def _join(self, records: Iterable[int]) -> None:
        # The group with most prohibitions stays, so that few have to move.
        groups = sorted(self._groups(records), key=lambda g: (-len(self._sides.get(g, ())), g))
        for group in groups[1:]:
            self._parent[group] = groups[0]
            for number, sides in self._sides.pop(group, {}).items():
                self._sides[groups[0]][number] = self._sides[groups[0]].get(number, 0) | sides

    def _groups(self, records: Iterable[int]) -> set[int]:
        return {self._group(record) for record in records}

    def _group(self, record: int) -> int:
        root = record
        while (above := self._parent.get(root)) is not None:
            root = above
        while (above := self._parent.get(record)) is not None:
            self._parent[record] = root if above != root else above
            record = above
        return root


def _back(came: Mapping[int, tuple[int, int] | None], record: int) -> Iterable[int]:
    step = came[record]
    while step is not None:
        yield step[1]
        step = came[step[0]]
