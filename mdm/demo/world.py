"""The whole truth of one demo, and which source knows of what."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from random import Random

from mdm.demo import goods, people, places
from mdm.demo.goods import Material
from mdm.demo.people import Person
from mdm.demo.places import Site

PERSON_SOURCES = {"crm": 0.85, "vault": 0.45, "register": 0.88}
SITE_SOURCES = {"crm": 0.85, "vault": 0.60, "register": 0.85, "edc": 0.45}
MATERIAL_SOURCES = {
    "substance": {"erp": 0.80, "regulatory": 0.90, "irt": 0.0},
    "product": {"erp": 0.60, "regulatory": 0.95, "irt": 0.20},
    "package": {"erp": 0.90, "regulatory": 0.80, "irt": 0.35},
    "clinical_supply": {"erp": 0.70, "regulatory": 0.30, "irt": 0.95},
}


@dataclass(frozen=True)
class Scale:
    """How large and how dirty a demo is; the same scale always makes the same files."""

    seed: int = 7
    hcps: int = 2000
    sites: int = 300
    materials: int = 500
    noise: float = 1.0

    def rng(self, part: str) -> Random:
        """The random stream of one part, independent of all others."""
        return Random(f"{self.seed}/{part}")

    def share(self, count: int) -> int:
        """A count of troubles meant for two thousand people, for this size; at least one."""
        return max(1, round(count * self.hcps / 2000))

    def store(self, path: Path) -> None:
        """Keep the scale beside the data, for the day after."""
        path.write_text(json.dumps(asdict(self), indent=1) + "\n", encoding="utf-8")

    @classmethod
    def stored(cls, path: Path) -> Scale:
        """The scale a folder was made with."""
        return cls(**json.loads(path.read_text(encoding="utf-8")))


@dataclass(frozen=True)
class World:
    """Everybody and everything there is, and the numbers of those each source knows."""

    scale: Scale
    people: Sequence[Person]
    sites: Sequence[Site]
    materials: Sequence[Material]
    knows: dict[tuple[str, str], list[int]]


@dataclass(frozen=True)
class Truth:
    """One record and the real thing it is about."""

    entity: str
    cluster: str
    source: str
    stream: str
    source_key: str


def world(scale: Scale) -> World:
    """The truth of this scale."""
    phones = places.Telephones()
    all_sites = places.sites(scale.rng("sites"), scale.sites, phones)
    everybody = people.people(scale.rng("people"), scale.hcps, all_sites, phones)
    everything = goods.materials(scale.rng("materials"), scale.materials)
    knows: dict[tuple[str, str], list[int]] = {}
    _know_sites(scale.rng("who knows which site"), all_sites, knows)
    _know_people(scale.rng("who knows whom"), everybody, knows)
    _know_materials(scale.rng("who knows which material"), everything, knows)
    return World(scale, everybody, all_sites, everything, knows)


def _know_sites(rng: Random, sites: Sequence[Site], knows: dict[tuple[str, str], list[int]]) -> None:
    for source in SITE_SOURCES:
        knows[source, "site"] = []
    for site in sites:
        told = [s for s, share in SITE_SOURCES.items() if rng.random() < share]
        if "npi" not in site.ids:
            told = [s for s in told if s != "register"]
        for source in told or ["crm"]:
            knows[source, "site"].append(site.number)


def _know_people(rng: Random, everybody: Sequence[Person], knows: dict[tuple[str, str], list[int]]) -> None:
    in_study = set(knows["edc", "site"])
    for source in (*PERSON_SOURCES, "edc"):
        knows[source, "hcp"] = []
    for person in everybody:
        told = [s for s, share in PERSON_SOURCES.items() if rng.random() < share or person.suffix]
        if not person.npi:
            told = [s for s in told if s != "register"]
        if person.sites[0] in in_study and rng.random() < 0.65:
            told.append("edc")
        if person.opted_out and "crm" not in told:
            told.append("crm")
        for source in told or ["crm"]:
            knows[source, "hcp"].append(person.number)


def _know_materials(rng: Random, materials: Sequence[Material], knows: dict[tuple[str, str], list[int]]) -> None:
    for source in ("erp", "regulatory", "irt"):
        knows[source, "material"] = []
    for material in materials:
        told = [s for s, share in MATERIAL_SOURCES[material.level].items() if rng.random() < share]
        for source in told or ["erp"]:
            knows[source, "material"].append(material.number)
