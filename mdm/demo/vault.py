"""The master in a Vault: people and organisations, as recorded answers of its API."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from mdm.demo import delivery, told, words
from mdm.demo.people import Person
from mdm.demo.places import Address, Site
from mdm.demo.recorded import record
from mdm.demo.told import Habit, Voice
from mdm.demo.world import Truth, World

HABIT = Habit(
    nickname=0.06, typo=0.012, former=0.1, plain=0.08, middle=0.6, email=0.75, other_email=0.08, own_phone=0.55,
    shared_phone=0.25, birth_date=0.55, abbreviated=0.1,
)  # fmt: skip
PEOPLE, ORGANISATIONS = "hcp__v", "hco__v"
Row = dict[str, Any]


@dataclass
class Answers:
    """What the Vault holds, and what is true of it."""

    people: list[Row] = field(default_factory=list)
    organisations: list[Row] = field(default_factory=list)
    clusters: dict[tuple[str, str], tuple[str, str]] = field(default_factory=dict)

    def truth(self) -> list[Truth]:
        """Every record and the thing it is about."""
        return [Truth(e, c, "vault", stream, key) for (stream, key), (e, c) in self.clusters.items()]


def answers(world: World) -> Answers:
    """All records of the Vault."""
    voice = Voice(world.scale.rng("vault"), HABIT, world.sites, world.scale.noise)
    made = Answers()
    known = set(world.knows["vault", "site"])
    for number in sorted(known):
        made.organisations.append(_organisation(voice, world.sites[number], known))
        made.clusters[ORGANISATIONS, hco_id(number)] = ("site", f"site-{number}")
    for number in world.knows["vault", "hcp"]:
        made.people.append(person(voice, world.people[number], known))
        made.clusters[PEOPLE, hcp_id(number)] = ("hcp", f"hcp-{number}")
    return made


def write(folder: Path, made: Answers, *, deletions: tuple[tuple[str, datetime], ...] = ()) -> None:
    """Record the answers of both objects."""
    record(folder / "vault", PEOPLE, made.people, deletions)
    record(folder / "vault", ORGANISATIONS, made.organisations)


def hcp_id(number: int) -> str:
    """The Vault's id of a person."""
    return f"V0H{number + 1001:012d}"


def hco_id(number: int) -> str:
    """The Vault's id of an organisation."""
    return f"V0O{number + 1001:012d}"


def person(voice: Voice, truth: Person, known: set[int]) -> Row:
    """One person; picklists come as lists, what is not there as null."""
    had = told.person(voice, truth)
    names = {name: code for name, _, code in words.SPECIALTIES}
    specialties = [names[s] for s in truth.specialties]
    return {
        "id": hcp_id(truth.number), "name__v": f"{had.given} {had.family}", "first_name__v": had.given,
        "middle_name__v": had.middle or None, "last_name__v": had.family, "second_last_name__v": had.second_family or None,
        "suffix__v": had.suffix or None, "prefix__v": truth.prefix if voice.knows(0.5) else None,
        "npi_num__v": truth.npi if truth.npi and voice.knows(0.65) else None, "orcid__c": truth.orcid or None,
        "specialty_1__v": specialties[:1] if voice.knows(0.9) else None, "all_specialties__c": specialties,
        "medical_degree_1__v": truth.credentials, "gender__v": [f"{truth.gender.lower()}__v"],
        "birth_date__c": had.birth_date.isoformat() if had.birth_date else None, "email_1__v": had.email or None,
        "phone_1__v": told.us_phone(had.phone, 1) or None,
        "parent_hco__v": hco_id(had.site) if had.site in known else None, "hcp_status__v": ["active__v"],
        **_address(had.address), "modified_date__v": delivery.iso(delivery.moment(voice.rng)),
    }  # fmt: skip


def _organisation(voice: Voice, truth: Site, known: set[int]) -> Row:
    had = told.told_site(voice, truth)
    ids = {name: value if voice.knows(0.75) else None for name, value in truth.ids.items()}
    return {
        "id": hco_id(truth.number), "corporate_name__v": had.name,
        "other_names__c": [truth.old_name] if truth.old_name else None,
        "hco_type__v": [_kind(truth)],
        "npi_num__v": ids.get("npi"), "ror__c": f"https://ror.org/{ids['ror']}" if ids.get("ror") else None,
        "fei__c": ids.get("fei"), "duns__c": ids.get("duns"), "ctep__c": ids.get("ctep"),
        "phone_1__v": told.us_phone(had.phone, 0) or None, "website__c": f"www.{truth.domain}" if voice.knows(0.5) else None,
        "parent_hco__v": hco_id(truth.parent) if truth.parent in known else None, "hco_status__v": ["active__v"],
        **_address(had.address), "modified_date__v": delivery.iso(delivery.moment(voice.rng)),
    }  # fmt: skip


def _kind(truth: Site) -> str:
    if truth.kind == "place":
        return "place__c"
    return "organization__v" if truth.parent is None else "department__c"


def _address(address: Address) -> Row:
    return {
        "address_line_1__v": address.line_1, "address_line_2__v": address.line_2 or None, "locality__v": address.city,
        "administrative_area__v": address.region, "postal_code__v": address.postcode,
        "primary_country__v": [f"{address.country.lower()}__v"],
    }  # fmt: skip
