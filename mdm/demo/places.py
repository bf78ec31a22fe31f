"""The invented sites: hospitals, departments, practices and places, and what happened to some of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from random import Random

from mdm.demo import noise, words

RENAMED = 8 / 300
MOVED = 8 / 300
DEPARTMENTS = 40 / 300
BUILDINGS = 12 / 300


@dataclass(frozen=True)
class Address:
    """A postal address."""

    line_1: str
    city: str
    region: str
    postcode: str
    country: str
    line_2: str = ""


@dataclass(frozen=True)
class Site:
    """One real site, as somebody who knew everything would write it."""

    number: int
    name: str
    kind: str
    address: Address
    phone: str
    domain: str
    old_name: str = ""
    old_address: Address | None = None
    parent: int | None = None
    ids: dict[str, str] = field(default_factory=dict)


@dataclass
class Telephones:
    """Hands out telephone numbers of the 555 exchange, each once."""

    used: dict[str, int] = field(default_factory=lambda: defaultdict(int))

    def next(self, area: str, country: str = "US") -> str:
        """A new number: ten digits, or with its country's prefix abroad."""
        count = self.used[area]
        self.used[area] += 1
        number = f"555{100 + count:04d}"
        return f"{area}{number}" if country == "US" else f"+{words.DIALLING[country]} {area} {number}"


def sites(rng: Random, count: int, phones: Telephones) -> list[Site]:
    """All sites, numbered from zero; a department comes after its hospital."""
    departments = max(2, round(count * DEPARTMENTS))
    buildings = max(1, round(count * BUILDINGS))
    made = [_site(rng, number, phones) for number in range(count - departments - buildings)]
    hospitals = [s for s in made if "Hospital" in s.name or "Medical Center" in s.name] or made
    # Two departments of one house, never one: telling them apart is the point.
    houses = [h for h in rng.sample(hospitals, min(len(hospitals), -(-departments // 2))) for _ in range(2)]
    for house in houses[:departments]:
        made.append(_department(rng, len(made), house, made, phones))
    for _ in range(count - len(made)):
        made.append(_building(rng, len(made), rng.choice(hospitals), {s.name for s in made}))
    return _history(rng, made)


def area_code(address: Address) -> str:
    """The telephone area of an address."""
    rows = words.CITIES if address.country == "US" else words.ABROAD[address.country]
    return next(row[3] for row in rows if row[0] == address.city)


def street(rng: Random) -> str:
    """A house number and a street."""
    return f"{rng.randrange(10, 9900)} {rng.choice(words.STREETS)} {rng.choice(words.STREET_KINDS)[0]}"


def _address(rng: Random) -> Address:
    country = rng.choices(("US", "ES", "MX", "DE", "FR"), (84, 4, 4, 4, 4))[0]
    rows = words.CITIES if country == "US" else words.ABROAD[country]
    city, region, prefix, _ = rng.choice(rows)
    return Address(street(rng), city, region, f"{prefix}{rng.randrange(10, 99)}", country)


def _site(rng: Random, number: int, phones: Telephones) -> Site:
    address = _address(rng)
    if rng.random() < 0.6:
        name = _hospital_name(rng, address)
    else:
        name = f"{rng.choice(words.FAMILY_HEADS)}{rng.choice(words.FAMILY_TAILS)} {rng.choice(words.PRACTICE_KINDS)}"
    return Site(
        number, name, "organisation", address, phones.next(area_code(address), address.country),
        f"site{number:03d}.example", ids=_ids(rng, number, address.country),
    )  # fmt: skip


def _hospital_name(rng: Random, address: Address) -> str:
    draw = rng.random()
    if draw < 0.15:
        # The same saint in many cities: the name alone decides nothing.
        return f"Saint {rng.choice(words.SAINTS)} Hospital"
    place = address.city if draw < 0.5 else f"{rng.choice(words.FAMILY_HEADS)}{rng.choice(words.FAMILY_TAILS)}"
    return f"{place} {rng.choice(words.SITE_KINDS)}"


def _ids(rng: Random, number: int, country: str) -> dict[str, str]:
    ids = {"fei": f"39{number:08d}", "duns": f"98{number:07d}"}
    if country == "US":
        ids["npi"] = noise.npi(90_000_000 + number * 37)
    if rng.random() < 0.5:
        ids["ror"] = noise.ror(rng)
    if rng.random() < 0.4:
        ids["ctep"] = f"ZZ{number:03d}"
    return ids


def _department(rng: Random, number: int, house: Site, made: Sequence[Site], phones: Telephones) -> Site:
    taken = {s.name for s in made if s.parent == house.number}
    free = [d for d in words.DEPARTMENTS if not any(name.startswith(f"Department of {d},") for name in taken)]
    where = replace(house.address, line_2=f"Floor {rng.randrange(1, 9)}")
    return Site(
        number, f"Department of {rng.choice(free)}, {house.name}", "organisation", where,
        phones.next(area_code(where), where.country), house.domain, parent=house.number,
    )  # fmt: skip


def _building(rng: Random, number: int, house: Site, taken: Collection[str]) -> Site:
    names = [f"{house.name} {side} Campus" for side in rng.sample(("East", "West", "North", "South"), 4)]
    name = next((name for name in names if name not in taken), f"{house.name} Building {number}")
    where = replace(house.address, line_1=street(rng))
    return Site(number, name, "place", where, house.phone, house.domain, parent=house.number)


def _history(rng: Random, made: list[Site]) -> list[Site]:
    """Some hospitals change their name, some sites move within their city."""
    houses = [s.number for s in made if s.parent is None]
    chosen = rng.sample(houses, min(len(houses), max(2, round(len(made) * (RENAMED + MOVED)))))
    # Hospitals are renamed, anybody moves.
    chosen.sort(key=lambda number: "Hospital" not in made[number].name)
    renamed = chosen[: -(-len(chosen) // 2)]
    changed = {}
    for number in chosen:
        site = made[number]
        if number in renamed:
            old = f"{rng.choice(words.FAMILY_HEADS)}{rng.choice(words.FAMILY_TAILS)} Memorial Hospital"
            changed[number] = replace(site, old_name=old)
        else:
            old_address = replace(site.address, line_1=street(rng), postcode=_other_postcode(rng, site.address))
            changed[number] = replace(site, old_address=old_address)
    return [changed.get(site.number, site) for site in made]


def _other_postcode(rng: Random, address: Address) -> str:
    return f"{address.postcode[:-2]}{rng.randrange(10, 99)}"
