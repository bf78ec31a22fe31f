"""Pairs worth a look: where a person would hesitate, and what the truth is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path

from mdm.demo import delivery, noise
from mdm.demo.world import Truth, World

FILE = Path("truth") / "worth_a_look.csv"


@dataclass(frozen=True)
class Pair:
    """Two source records, written as `source/stream:key`; whether they are one thing; and why they are worth a look."""

    entity: str
    a: str
    b: str
    same: str
    why: str


@dataclass(frozen=True)
class _Records:
    """The records of every thing, by the source that tells of it, and the names they tell."""

    of: Mapping[tuple[str, str], Sequence[str]]
    names: Mapping[str, str]

    def pair(self, one: tuple[str, str], other: tuple[str, str]) -> tuple[str, str] | None:
        """A record of one and a record of the other, if both are there."""
        a, b = self.of.get(one, ()), self.of.get(other, ())
        return (a[0], b[0]) if a and b else None

    def told(self, cluster: str, name: str) -> str | None:
        """A record of this thing that tells this name."""
        records = [r for source in ("register", "crm", "vault") for r in self.of.get((cluster, source), ())]
        return next((r for r in records if _folded(self.names[r]) == _folded(name)), None)


def worth_a_look(folder: Path) -> list[Pair]:
    """The pairs of a demo folder, one of each kind."""
    return [Pair(**row) for row in delivery.read_csv(folder / FILE)]


def write(folder: Path, everything: World, truth: Sequence[Truth], names: Mapping[str, str]) -> None:
    """Keep the pairs beside the truth; `names` are the family names and site names records tell."""
    records: dict[tuple[str, str], list[str]] = {}
    for line in truth:
        name = f"{line.source}/{line.stream}:{line.source_key}"
        records.setdefault((line.cluster, line.source), []).append(name)
    kinds = (_fathers_and_sons, _renamed, _strengths, _married)
    found = [next(kind(everything, _Records(records, names)), None) for kind in kinds]
    pairs = [asdict(pair) for pair in found if pair is not None]
    delivery.write_csv(folder / FILE, pairs, columns=("entity", "a", "b", "same", "why"))


def _fathers_and_sons(everything: World, records: _Records) -> Iterator[Pair]:
    for father in everything.people:
        if father.suffix == "Sr":
            pair = records.pair((f"hcp-{father.number}", "crm"), (f"hcp-{father.number + 1}", "crm"))
            if pair:
                yield Pair("hcp", *pair, "no", "father and son: one name, one address, one telephone")


def _married(everything: World, records: _Records) -> Iterator[Pair]:
    for person in everything.people:
        before = records.told(f"hcp-{person.number}", person.former_family) if person.former_family else None
        now = records.told(f"hcp-{person.number}", person.family)
        if before and now:
            yield Pair("hcp", before, now, "yes", f"a name changed by marriage: {person.former_family}, now {person.family}")


def _renamed(everything: World, records: _Records) -> Iterator[Pair]:
    for site in everything.sites:
        before = records.told(f"site-{site.number}", site.old_name) if site.old_name else None
        now = records.told(f"site-{site.number}", site.name)
        if before and now:
            yield Pair("site", before, now, "yes", f"a hospital renamed: {site.old_name}, now {site.name}")


def _strengths(everything: World, records: _Records) -> Iterator[Pair]:
    products = [m for m in everything.materials if m.level == "product"]
    for one, other in pairwise(products):
        pair = records.pair((f"material-{one.number}", "erp"), (f"material-{other.number}", "regulatory"))
        if pair and one.substance == other.substance and one.strength != other.strength:
            why = f"one product in two strengths: {one.strength} {one.unit} and {other.strength} {other.unit}"
            yield Pair("material", *pair, "no", why)


def _folded(name: str) -> str:
    return noise.plain(name).casefold()
