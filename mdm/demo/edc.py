"""The EDC: one CDISC ODM 1.3.2 snapshot with sites, their studies, and the people who work in them."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from xml.sax.saxutils import escape, quoteattr

from mdm.demo import delivery, told, words
from mdm.demo.people import Person
from mdm.demo.places import Address
from mdm.demo.told import Habit, Voice
from mdm.demo.world import Truth, World

HABIT = Habit(
    nickname=0.22, initial=0.05, typo=0.03, former=0.2, plain=0.4, middle=0.0, email=0.93, other_email=0.08, own_phone=0.3,
    shared_phone=0.45, abbreviated=0.35, with_city=0.25, outdated=0.5,
)  # fmt: skip
STUDIES = tuple(f"PRX-{number}" for number in range(301, 307))
ROLES = ("Principal Investigator", "Sub-Investigator", "Study Coordinator")
EXTENSION = "http://edc.example/odm-extension"
SPONSOR_USERS = 20
# What ODM asks for around the lists; it never changes.
_HEAD = (
    '<?xml version="1.0" encoding="UTF-8"?>',
    f'<ODM xmlns="http://www.cdisc.org/ns/odm/v1.3" xmlns:edc="{EXTENSION}" FileType="Snapshot" '
    f'FileOID="demo.2026-03-01" CreationDateTime="{delivery.TODAY:%Y-%m-%dT%H:%M:%S}+00:00" ODMVersion="1.3.2">',
)


@dataclass
class Snapshot:
    """The lines of the document, and what is true of it."""

    locations: list[str] = field(default_factory=list)
    users: list[str] = field(default_factory=list)
    clusters: dict[tuple[str, str], tuple[str, str]] = field(default_factory=dict)
    numbers: dict[int, list[tuple[str, str]]] = field(default_factory=dict)

    def truth(self) -> list[Truth]:
        """Every site and investigator; the sponsor's own users are nobody's business."""
        return [Truth(e, c, "edc", stream, key) for (stream, key), (e, c) in self.clusters.items()]


def snapshot(world: World) -> Snapshot:
    """The whole document."""
    voice = Voice(world.scale.rng("edc"), HABIT, world.sites, world.scale.noise)
    made = Snapshot()
    for number in world.knows["edc", "site"]:
        _add_location(made, voice, number)
    for number in world.knows["edc", "hcp"]:
        person = world.people[number]
        studies = made.numbers[person.sites[0]]
        for study, site_number in studies[: 2 if voice.does(0.35) else 1]:
            add_user(made, voice, person, study, site_number)
    _add_strangers(world, made, voice)
    return made


def write(folder: Path, made: Snapshot) -> None:
    """Write the document."""
    lines = [*_HEAD]
    for study in STUDIES:
        lines += [
            f'<Study OID="{study}"><GlobalVariables><StudyName>{study}</StudyName>'
            f"<StudyDescription>Invented study {study}</StudyDescription><ProtocolName>{study}</ProtocolName></GlobalVariables>",
            '<MetaDataVersion OID="v1" Name="Version 1"/></Study>',
        ]
    # Users come before locations: the schema says so.
    lines += ["<AdminData>", *made.users, *made.locations, "</AdminData>", "</ODM>"]
    delivery.write_lines(folder / "edc" / "study.xml", lines)


def location_oid(number: int) -> str:
    """The EDC's id of a site."""
    return f"LOC.{number:04d}"


def add_user(made: Snapshot, voice: Voice, truth: Person, study: str, site_number: str) -> None:
    """One account of a person: there is one for every study."""
    had = told.person(voice, truth)
    oid = f"USR.{len(made.users) + 1:05d}"
    role = ROLES[0] if voice.rng.random() < 0.3 else voice.rng.choice(ROLES[1:])
    family = f"{had.family} {had.suffix}" if had.suffix else had.family
    full = f"{family}, {had.given}" if voice.does(0.2) else f"{had.given} {family}"
    place = voice.sites[had.site]
    made.users.append(
        _user(
            _account(oid, "Investigator", role, study, site_number),
            {
                "LoginName": f"{oid.lower()}@{study.lower()}", "DisplayName": full, "FullName": full, "FirstName": had.given,
                "LastName": family, "Organization": place.name, "Address": had.address, "Email": had.email,
                "Phone": told.us_phone(had.phone, voice.rng.randrange(4)),
            },
            location_oid(had.site),
        )
    )  # fmt: skip
    made.clusters["users", oid] = ("hcp", f"hcp-{truth.number}")


def _add_location(made: Snapshot, voice: Voice, number: int) -> None:
    had = told.told_site(voice, voice.sites[number])
    studies = voice.rng.sample(STUDIES, voice.rng.choices((1, 2, 3), (5, 3, 2))[0])
    made.numbers[number] = [(study, f"{study[-1]}{number:03d}") for study in sorted(studies)]
    where, line = had.address, " ".join(filter(None, (had.address.line_1, had.address.line_2)))
    attributes = {
        "OID": location_oid(number), "Name": had.name, "LocationType": "Site", "edc:StreetName": line, "edc:City": where.city,
        "edc:StateProv": where.region, "edc:PostalCode": where.postcode, "edc:Country": where.country,
    }  # fmt: skip
    refs = "".join(
        f'<MetaDataVersionRef StudyOID="{study}" MetaDataVersionOID="v1" EffectiveDate="2025-0{place + 1}-15" '
        f'edc:StudySiteNumber="{code}"/>'
        for place, (study, code) in enumerate(made.numbers[number])
    )
    made.locations.append(f"<Location {_attributes(attributes)}>{refs}</Location>")
    made.clusters["sites", location_oid(number)] = ("site", f"site-{number}")


def _add_strangers(world: World, made: Snapshot, voice: Voice) -> None:
    """Placeholder people among the investigators, and the sponsor's own users."""
    places = world.knows["edc", "site"]
    for place in range(world.scale.share(6)):
        given, family = words.PLACEHOLDERS[place % len(words.PLACEHOLDERS)]
        oid, number = f"USR.{len(made.users) + 1:05d}", places[place % len(places)]
        study, code = made.numbers[number][0]
        head = _account(oid, "Investigator", ROLES[2], study, code)
        made.users.append(_user(head, _names(given, family), location_oid(number)))
        made.clusters["users", oid] = ("hcp", f"placeholder-edc-{place}")
    for place in range(world.scale.share(SPONSOR_USERS)):
        oid = f"USR.{len(made.users) + 1:05d}"
        head = _account(oid, "Sponsor", "Monitor", STUDIES[place % len(STUDIES)], "")
        given, family = words.FEMALE[place % len(words.FEMALE)], f"{words.FAMILY_HEADS[place % len(words.FAMILY_HEADS)]}worthy"
        made.users.append(_user(head, _names(given, family) | {"Email": f"monitor{place}@sponsor.example"}))


def _account(oid: str, kind: str, role: str, study: str, site_number: str) -> dict[str, str]:
    return {"OID": oid, "UserType": kind, "edc:UserRole": role, "edc:StudyOID": study, "edc:StudySiteNumber": site_number}


def _names(given: str, family: str) -> dict[str, str | Address]:
    return {"FullName": f"{given} {family}", "FirstName": given, "LastName": family}


def _user(attributes: dict[str, str], parts: dict[str, str | Address], location: str = "") -> str:
    inner = "".join(_element(name, value) for name, value in parts.items() if value)
    inner += f"<LocationRef LocationOID={quoteattr(location)}/>" if location else ""
    return f"<User {_attributes(attributes)}>{inner}</User>"


def _element(name: str, value: str | Address) -> str:
    if isinstance(value, str):
        return f"<{name}>{escape(value)}</{name}>"
    parts = {
        "StreetName": value.line_1, "City": value.city, "StateProv": value.region, "Country": value.country,
        "PostalCode": value.postcode, "OtherText": value.line_2,
    }  # fmt: skip
    return f"<Address>{''.join(_element(part, text) for part, text in parts.items() if text)}</Address>"


def _attributes(values: dict[str, str]) -> str:
    return " ".join(f"{name}={quoteattr(value)}" for name, value in values.items() if value)
