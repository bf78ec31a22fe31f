"""Hard negatives: two things that are easily taken for one, and must not be."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from itertools import combinations, groupby
from pathlib import Path

from mdm.demo import delivery
from mdm.demo.goods import Material
from mdm.demo.world import Truth, World

FILE = Path("truth") / "hard_negatives.csv"


@dataclass(frozen=True)
class Negative:
    """Two different things, by the names of their clusters in the truth, and in what they are alike."""

    entity: str
    kind: str
    a: str
    b: str


def hard_negatives(folder: Path) -> list[Negative]:
    """The hard negatives of a demo folder."""
    return [Negative(**row) for row in delivery.read_csv(folder / FILE)]


def write(folder: Path, everything: World, truth: Iterable[Truth]) -> None:
    """Keep the hard negatives of which both sides have records."""
    told = {(line.entity, line.cluster) for line in truth}
    found = (*_fathers_and_sons(everything), *_departments(everything), *_goods(everything))
    kept = [asdict(n) for n in found if {(n.entity, n.a), (n.entity, n.b)} <= told]
    delivery.write_csv(folder / FILE, kept, columns=("entity", "kind", "a", "b"))


def _fathers_and_sons(everything: World) -> Iterator[Negative]:
    for person in everything.people:
        if person.suffix == "Sr":
            yield Negative("hcp", "father and son", f"hcp-{person.number}", f"hcp-{person.number + 1}")


def _departments(everything: World) -> Iterator[Negative]:
    """Two departments of one house, and each of them and the house."""
    houses: dict[int, list[int]] = {}
    for site in everything.sites:
        if site.parent is not None and site.kind != "place":
            houses.setdefault(site.parent, []).append(site.number)
    for house, departments in houses.items():
        for one, other in combinations(departments, 2):
            yield Negative("site", "two departments", f"site-{one}", f"site-{other}")
        for department in departments:
            yield Negative("site", "department and house", f"site-{department}", f"site-{house}")


def _goods(everything: World) -> Iterator[Negative]:
    alike = (
        ("salt and base", "substance", lambda m: (m.substance.base, m.maker)),
        ("two strengths", "product", lambda m: (m.substance, m.brand, m.form, m.maker)),
        ("two strengths", "package", lambda m: (m.substance, m.brand, m.form, m.maker, m.pack)),
        ("two packs", "package", lambda m: m.parent),
    )
    for kind, level, likeness in alike:
        goods = sorted((m for m in everything.materials if m.level == level), key=lambda m: (str(likeness(m)), m.number))
        for _, group in groupby(goods, key=lambda m: str(likeness(m))):
            for one, other in combinations(group, 2):
                yield Negative("material", kind, _name(one), _name(other))


def _name(material: Material) -> str:
    return f"material-{material.number}"
