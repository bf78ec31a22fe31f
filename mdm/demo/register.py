"""The provider register: individuals and organisations in one file, and a weekly file a month later.

A deactivated provider keeps its row, with everything blank but the number and the date.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from mdm.demo import delivery, noise, told, words
from mdm.demo.people import Person
from mdm.demo.places import Address, Site
from mdm.demo.told import Habit, Voice
from mdm.demo.world import Truth, World

HABIT = Habit(typo=0.004, former=0.3, middle=0.8, own_phone=0.3, shared_phone=0.7, outdated=0.7, upper=True)
MONTHLY, WEEKLY = "providers_2026-02-09.csv", "providers_2026-03-01_weekly.csv"
PRACTICE = "Business Practice Location Address"
COLUMNS = (
    "NPI", "Entity Type Code", "Provider Organization Name (Legal Business Name)", "Provider Last Name (Legal Name)",
    "Provider First Name", "Provider Middle Name", "Provider Name Prefix Text", "Provider Name Suffix Text",
    "Provider Credential Text", "Provider Other Organization Name", "Provider Other Last Name",
    f"Provider First Line {PRACTICE}", f"Provider Second Line {PRACTICE}", f"Provider {PRACTICE} City Name",
    f"Provider {PRACTICE} State Name", f"Provider {PRACTICE} Postal Code",
    f"Provider {PRACTICE} Country Code (If outside U.S.)", f"Provider {PRACTICE} Telephone Number",
    "Provider Enumeration Date", "Last Update Date", "NPI Deactivation Reason Code", "NPI Deactivation Date",
    "NPI Reactivation Date", "Provider Gender Code", "Healthcare Provider Taxonomy Code_1",
    "Healthcare Provider Taxonomy Code_2", "License_1", "License_State_1", "License_2", "License_State_2",
)  # fmt: skip
Row = dict[str, str]


@dataclass
class Register:
    """The monthly and the weekly file, and what is true of them."""

    monthly: list[Row] = field(default_factory=list)
    weekly: list[Row] = field(default_factory=list)
    clusters: dict[str, tuple[str, str]] = field(default_factory=dict)

    def truth(self) -> list[Truth]:
        """Every provider; the deactivated ones stay, inactive."""
        return [Truth(e, c, "register", "providers", key) for key, (e, c) in self.clusters.items()]


def register(world: World) -> Register:
    """The register's two files."""
    voice = Voice(world.scale.rng("register"), HABIT, world.sites, world.scale.noise)
    made = Register()
    for number in world.knows["register", "hcp"]:
        row = _person(voice, world.people[number])
        made.monthly.append(row)
        made.clusters[row["NPI"]] = ("hcp", f"hcp-{number}")
    for number in world.knows["register", "site"]:
        row = _organisation(voice, world.sites[number])
        made.monthly.append(row)
        made.clusters[row["NPI"]] = ("site", f"site-{number}")
    made.monthly.sort(key=lambda row: row["NPI"])
    _weekly(world, made, voice)
    return made


def write(folder: Path, made: Register) -> None:
    """Write both files."""
    delivery.write_csv(folder / "register" / MONTHLY, made.monthly, columns=COLUMNS)
    delivery.write_csv(folder / "register" / WEEKLY, made.weekly, columns=COLUMNS)


def deactivated(npi: str, day: str) -> Row:
    """What the register leaves of a deactivated provider."""
    return dict.fromkeys(COLUMNS, "") | {"NPI": npi, "NPI Deactivation Date": day}


def _person(voice: Voice, truth: Person) -> Row:
    had = told.person(voice, truth)
    codes = {name: code for name, code, _ in words.SPECIALTIES}
    dotted = "".join(f"{letter}." for letter in truth.credentials)
    row = _common(voice, truth.npi, "1", had.address, had.phone)
    row |= {
        "Provider Last Name (Legal Name)": had.family, "Provider First Name": had.given,
        "Provider Middle Name": had.middle, "Provider Name Prefix Text": truth.prefix.upper() if voice.knows(0.3) else "",
        "Provider Name Suffix Text": f"{had.suffix}.".upper() if had.suffix else "",
        "Provider Credential Text": dotted if truth.credentials in ("MD", "DO") else truth.credentials.upper(),
        "Provider Other Last Name": noise.plain(_other_family(had.family, truth)).upper(), "Provider Gender Code": truth.gender,
    }  # fmt: skip
    for place, specialty in enumerate(truth.specialties[:2], start=1):
        row[f"Healthcare Provider Taxonomy Code_{place}"] = codes[specialty]
    for place, licence in enumerate(truth.licences[:2], start=1):
        row[f"License_{place}"], row[f"License_State_{place}"] = licence.number, licence.state
    return row


def _other_family(told_family: str, truth: Person) -> str:
    """The name before or after marriage, whichever the register does not use."""
    if not truth.former_family:
        return ""
    return truth.family if told_family == truth.former_family.upper() else truth.former_family


def _organisation(voice: Voice, truth: Site) -> Row:
    had = told.told_site(voice, truth)
    other = truth.name if had.name == noise.plain(truth.old_name).upper() and voice.does(0.5) else ""
    return _common(voice, truth.ids["npi"], "2", had.address, had.phone) | {
        "Provider Organization Name (Legal Business Name)": had.name,
        "Provider Other Organization Name": noise.plain(other).upper(),
    }


def _common(voice: Voice, npi: str, kind: str, address: Address, phone: str) -> Row:
    enumerated = delivery.moment(voice.rng, newest=1000, oldest=6000)
    updated = delivery.moment(voice.rng, newest=30, oldest=2000)
    return dict.fromkeys(COLUMNS, "") | {
        "NPI": npi, "Entity Type Code": kind, f"Provider First Line {PRACTICE}": address.line_1,
        f"Provider Second Line {PRACTICE}": address.line_2, f"Provider {PRACTICE} City Name": address.city,
        f"Provider {PRACTICE} State Name": address.region,
        f"Provider {PRACTICE} Postal Code": f"{address.postcode}{voice.rng.randrange(1000, 9999)}",
        f"Provider {PRACTICE} Country Code (If outside U.S.)": address.country,
        f"Provider {PRACTICE} Telephone Number": phone,
        "Provider Enumeration Date": f"{enumerated:%m/%d/%Y}", "Last Update Date": f"{updated:%m/%d/%Y}",
    }  # fmt: skip


def _weekly(world: World, made: Register, voice: Voice) -> None:
    """Deactivations of providers we know and of some we never saw, reactivations, and ordinary updates."""
    rng, share = voice.rng, world.scale.share
    chosen = rng.sample(made.monthly, share(12) + share(3) + share(30))
    for place, row in enumerate(chosen):
        if place < share(12):
            made.weekly.append(deactivated(row["NPI"], "02/20/2026"))
        elif place < share(12) + share(3):
            dates = {"NPI Deactivation Date": "01/10/2026", "NPI Reactivation Date": "02/21/2026"}
            made.weekly.append(row | dates | {"Last Update Date": "02/21/2026"})
        else:
            day = delivery.TODAY - timedelta(days=rng.randrange(2, 9))
            phone = {f"Provider {PRACTICE} Telephone Number": f"8885550{rng.randrange(100, 200)}"}
            made.weekly.append(row | phone | {"Last Update Date": f"{day:%m/%d/%Y}"})
    for place in range(share(5)):
        made.weekly.append(deactivated(noise.npi(99_900_000 + place), "12/01/2025"))
