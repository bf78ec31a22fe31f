"""The CRM: accounts of people and sites in one stream, their addresses in another, in two deliveries.

The first delivery holds everything. The second, a week later, has a column nobody mapped, corrections,
withdrawn accounts, and accounts that were merged into others.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path

from mdm.demo import delivery, noise, told, words
from mdm.demo.people import Person
from mdm.demo.places import Address, Site
from mdm.demo.told import Habit, Voice
from mdm.demo.world import Truth, World

HABIT = Habit(
    nickname=0.18, initial=0.03, typo=0.03, former=0.35, plain=0.3, swapped=0.01, titled=0.02, middle=0.4, email=0.72,
    birth_date=0.35, abbreviated=0.3, with_city=0.05, outdated=0.3,
)  # fmt: skip
FIRST, SECOND = "accounts_2026-02-16.csv", "accounts_2026-02-23.csv"
ADDRESSES = "addresses_2026-02-16.csv"
INVALID_NPIS = 20
GROUP_NPIS = 4
PAYERS = 10
SECOND_ACCOUNT = 0.06
Row = dict[str, str]


@dataclass
class Extract:
    """What the CRM delivers, and what is true of it."""

    accounts: list[Row] = field(default_factory=list)
    second: list[Row] = field(default_factory=list)
    addresses: list[Row] = field(default_factory=list)
    clusters: dict[str, tuple[str, str]] = field(default_factory=dict)
    gone: set[str] = field(default_factory=set)

    def truth(self) -> list[Truth]:
        """Every live account and the thing it is about; merged accounts stay in the crosswalk."""
        return [Truth(e, c, "crm", "accounts", key) for key, (e, c) in self.clusters.items() if key not in self.gone]


def extract(world: World) -> Extract:
    """The CRM's two deliveries."""
    voice = Voice(world.scale.rng("crm"), HABIT, world.sites, world.scale.noise)
    made = Extract()
    for number in world.knows["crm", "site"]:
        _add_site(made, voice, world.sites[number], set(world.knows["crm", "site"]))
    for number in world.knows["crm", "hcp"]:
        person = world.people[number]
        add_person(made, voice, person, person.sites[0])
        if voice.does(SECOND_ACCOUNT) and not person.suffix:
            add_person(made, voice, person, person.sites[-1])
    _wound_npis(world, made, voice)
    _add_strangers(world, made, voice)
    _second_delivery(world, made, voice)
    return made


def write(folder: Path, made: Extract) -> None:
    """Write the deliveries as an Excel-minded export does: with a byte order mark."""
    delivery.write_csv(folder / "crm" / FIRST, made.accounts, encoding="utf-8-sig")
    delivery.write_csv(folder / "crm" / SECOND, made.second, encoding="utf-8-sig")
    delivery.write_csv(folder / "crm" / ADDRESSES, made.addresses, encoding="utf-8-sig")


def account_of(site: int) -> str:
    """The account of a site, as other accounts refer to it."""
    return f"001DS{site:010d}AAA"


def account(voice: Voice, key: str, record_type: str, **values: str) -> Row:
    """One account with every column of the export."""
    row = dict.fromkeys(
        "Id IsDeleted MasterRecordId RecordType Name Salutation FirstName Middle_vod__c LastName Suffix_vod__c NPI_vod__c "
        "Specialty_1_vod__c Specialty_2_vod__c Credentials_vod__c Gender_vod__c PersonBirthdate PersonEmail Phone "
        "Primary_Parent_vod__c PDRP_Opt_Out_vod__c Status__c BillingStreet BillingCity BillingState BillingPostalCode "
        "BillingCountry Website OwnerId LastModifiedDate".split(),
        "",
    )
    modified = delivery.iso(delivery.moment(voice.rng, newest=20))
    stated = {"Id": key, "IsDeleted": "false", "RecordType": record_type, "Status__c": "A", "PDRP_Opt_Out_vod__c": "false"}
    return row | stated | {"OwnerId": f"005{voice.rng.randrange(40):012d}", "LastModifiedDate": modified} | values


def address_row(voice: Voice, key: str, parent: str, address: Address, phone: str = "", *, primary: bool = True) -> Row:
    """One address of an account."""
    country = address.country if voice.rng.random() < 0.7 else words.COUNTRY_NAMES[address.country]
    return {
        "Id": key, "Account_vod__c": parent, "Name": address.line_1, "Address_line_2_vod__c": address.line_2,
        "City_vod__c": address.city, "State_vod__c": address.region, "Zip_vod__c": address.postcode,
        "Country_vod__c": country, "Phone_vod__c": phone, "Primary_vod__c": str(primary).lower(), "IsDeleted": "false",
        "LastModifiedDate": delivery.iso(delivery.moment(voice.rng, newest=20)),
    }  # fmt: skip


def person_values(voice: Voice, truth: Person, site: int) -> tuple[Row, Address]:
    """The columns of a person's account, and the address that goes with it."""
    rng, had = voice.rng, told.person(voice, truth, site=site)
    specialties = [s for s in truth.specialties if voice.knows(0.85)] + ["", ""]
    born = had.birth_date
    return {
        "Name": f"{had.given} {had.family}", "Salutation": truth.prefix if voice.knows(0.6) else "",
        "FirstName": had.given, "Middle_vod__c": had.middle,
        "LastName": f"{had.family} {had.second_family}".strip() if rng.random() < 0.5 else had.family,
        "Suffix_vod__c": had.suffix, "NPI_vod__c": truth.npi if voice.knows(0.65) else "",
        "Specialty_1_vod__c": specialties[0], "Specialty_2_vod__c": specialties[1],
        "Credentials_vod__c": truth.credentials if voice.knows(0.7) else "",
        "Gender_vod__c": truth.gender if voice.knows(0.8) else "",
        "PersonBirthdate": born.isoformat() if born else "", "PersonEmail": had.email,
        "Phone": told.us_phone(had.phone, rng.randrange(4)), "PDRP_Opt_Out_vod__c": str(truth.opted_out).lower(),
        "Status__c": "I" if rng.random() < 0.03 else "A",
    }, had.address  # fmt: skip


def add_person(made: Extract, voice: Voice, truth: Person, site: int) -> None:
    """Add an account of a person, and its addresses."""
    key = f"001DP{len(made.accounts):010d}AAA"
    values, address = person_values(voice, truth, site)
    parent = account_of(site) if account_of(site) in made.clusters and voice.knows(0.85) else ""
    if voice.knows(0.6):
        values |= _billing(address)
    made.accounts.append(account(voice, key, "Professional_vod", Primary_Parent_vod__c=parent, **values))
    made.clusters[key] = ("hcp", f"hcp-{truth.number}")
    # An account moved to another practice keeps its old address beside the new one.
    for place, where in enumerate([address] + [voice.sites[n].address for n in truth.sites[1:2] if voice.does(0.3)]):
        row_id = f"a01D{len(made.addresses):011d}AAA"
        phone = values["Phone"] if place == 0 and voice.knows(0.5) else ""
        made.addresses.append(address_row(voice, row_id, key, where, phone, primary=place == 0))


def _add_site(made: Extract, voice: Voice, truth: Site, known: Iterable[int]) -> None:
    key, had = account_of(truth.number), told.told_site(voice, truth)
    kind = "Building_vod" if truth.kind == "place" else "Department_vod" if truth.parent is not None else "Hospital_vod"
    if truth.parent is None and not any(w in truth.name for w in ("Hospital", "Medical Center", "Institute", "Center")):
        kind = "Clinic_vod"
    row = account(
        voice, key, kind, Name=had.name, NPI_vod__c=truth.ids.get("npi", "") if voice.knows(0.3) else "",
        Phone=told.us_phone(had.phone, voice.rng.randrange(4)),
        Website=f"https://www.{truth.domain}" if voice.knows(0.4) else "",
        Primary_Parent_vod__c=account_of(truth.parent) if truth.parent is not None and truth.parent in known else "",
        **_billing(had.address),
    )  # fmt: skip
    made.accounts.append(row)
    made.clusters[key] = ("site", f"site-{truth.number}")


def _billing(address: Address) -> Row:
    # A line break inside a cell, as exports of text areas have them.
    street = "\n".join(filter(None, (address.line_1, address.line_2)))
    return {
        "BillingStreet": street, "BillingCity": address.city, "BillingState": address.region,
        "BillingPostalCode": address.postcode, "BillingCountry": address.country,
    }  # fmt: skip


def _wound_npis(world: World, made: Extract, voice: Voice) -> None:
    """Some NPIs are mistyped, and some people carry the NPI of their practice."""
    rng = voice.rng
    wrong, group = world.scale.share(INVALID_NPIS), world.scale.share(GROUP_NPIS)
    suffixes = {f"hcp-{p.number}" for p in world.people if p.suffix}
    holders = [r for r in made.accounts if r["RecordType"] == "Professional_vod" and r["NPI_vod__c"]]
    holders = [r for r in holders if made.clusters[r["Id"]][1] not in suffixes]
    chosen = rng.sample(holders, min(len(holders), wrong + group))
    for place, row in enumerate(chosen[:wrong]):
        right = row["NPI_vod__c"]
        turned = noise.transposed(rng, right)
        caught = turned[-1] != noise.luhn_digit(turned[:-1], 24)
        row["NPI_vod__c"] = turned if place % 2 == 0 and caught else noise.wrong_npi(rng, right)
    organisations = [s.ids["npi"] for s in world.sites if "npi" in s.ids]
    for row in chosen[wrong:]:
        row["NPI_vod__c"] = rng.choice(organisations)


def _add_strangers(world: World, made: Extract, voice: Voice) -> None:
    """Rows that are no person and no site: placeholders, nameless accounts, payers, and rows sent twice."""
    for place, (given, family) in enumerate(words.PLACEHOLDERS[: world.scale.share(6)]):
        key = f"001DX{place:010d}AAA"
        names = {"Name": f"{given} {family}", "FirstName": given, "LastName": family}
        made.accounts.append(account(voice, key, "Professional_vod", **names))
        made.clusters[key] = ("hcp", f"placeholder-crm-{place}")
    for place in range(world.scale.share(3)):
        key = f"001DN{place:010d}AAA"
        email = f"front.desk{place}@mail.example"
        made.accounts.append(account(voice, key, "Professional_vod", FirstName="Nora", PersonEmail=email))
        made.clusters[key] = ("hcp", f"nameless-crm-{place}")
    for place in range(world.scale.share(PAYERS)):
        made.accounts.append(account(voice, f"001DZ{place:010d}AAA", "Payer_vod", Name=f"Harborlight Health Plan {place + 1}"))
    made.accounts += [dict(row) for row in voice.rng.sample(made.accounts, world.scale.share(12))]


def _second_delivery(world: World, made: Extract, voice: Voice) -> None:
    """A week later: merged, withdrawn and corrected accounts, and a column nobody announced."""
    rng, scale = voice.rng, world.scale
    people = [r for r in {r["Id"]: r for r in made.accounts}.values() if r["Id"].startswith("001DP")]
    at = delivery.TODAY - timedelta(days=7)
    winners = rng.sample(people, scale.share(15))
    for place, winner in enumerate(winners):
        number = int(made.clusters[winner["Id"]][1].removeprefix("hcp-"))
        person = world.people[number]
        add_person(made, replace(voice, habit=replace(HABIT, typo=0.3)), person, person.sites[0])
        loser = made.accounts[-1]
        # Salesforce says of a merged account that it is deleted, and names the winner.
        merged = {"IsDeleted": "true", "MasterRecordId": winner["Id"]}
        made.second.append(loser | merged | {"LastModifiedDate": delivery.iso(at + timedelta(minutes=place))})
    taken = {r["Id"] for r in winners}
    quiet = [r for r in people if r["Id"] not in taken and r["PDRP_Opt_Out_vod__c"] == "false"]
    chosen = rng.sample(quiet, scale.share(25) + scale.share(40))
    for place, row in enumerate(chosen):
        withdrawn = place < scale.share(25)
        change = {"IsDeleted": "true"} if withdrawn else {"PersonEmail": f"office{place}@clinic.example"}
        made.second.append(row | change | {"LastModifiedDate": delivery.iso(at + timedelta(hours=1, minutes=place))})
        if withdrawn:
            made.gone.add(row["Id"])
    for row in made.second:
        row["Territory_vod__c"] = f"T{rng.randrange(1, 40):02d}"
