"""The day after: the same sources with a few changed, new and withdrawn records."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from mdm.demo import crm, delivery, people, register, supply, vault
from mdm.demo.generate import SCALE_FILE, deliveries, write_truth
from mdm.demo.places import Telephones
from mdm.demo.told import Voice
from mdm.demo.world import Scale, World, world

TOMORROW = delivery.TODAY + timedelta(days=1)
ACCOUNTS, ADDRESSES, PROVIDERS = "accounts_2026-03-03.csv", "addresses_2026-03-03.csv", "providers_2026-03-03_weekly.csv"


def next_day(folder: Path, now: datetime | None = None) -> None:
    """Change the sources of a demo folder in place, and its truth; doing it twice changes nothing more.

    The Vault is asked for what changed since the last time by the clock, so its changes are of this moment.
    """
    scale = Scale.stored(folder / SCALE_FILE)
    everything = world(scale)
    made = deliveries(everything)
    _accounts(folder, everything, made.accounts)
    _answers(folder, scale, made.answers, now or datetime.now(UTC))
    _providers(folder, scale, made.providers)
    _materials(folder, everything, made.goods)
    write_truth(folder, made.truth())


def _accounts(folder: Path, everything: World, made: crm.Extract) -> None:
    """New people, a new telephone for some, and accounts that are withdrawn."""
    scale = everything.scale
    rng = scale.rng("next day in the CRM")
    first, addresses = len(made.accounts), len(made.addresses)
    touched = {row["Id"] for row in made.second}
    kept = [r for r in made.accounts if r["Id"].startswith("001DP") and r["Id"] not in touched]
    kept = list({r["Id"]: r for r in kept if r["PDRP_Opt_Out_vod__c"] == "false"}.values())
    voice = Voice(rng, crm.HABIT, everything.sites, scale.noise)
    for person in _newcomers(everything):
        crm.add_person(made, voice, person, person.sites[0])
    rows = made.accounts[first:]
    chosen = rng.sample(kept, scale.share(20) + scale.share(10))
    for place, row in enumerate(chosen):
        if place < scale.share(20):
            rows.append(row | {"Phone": f"888-555-{1000 + place}"})
        else:
            rows.append(row | {"IsDeleted": "true"})
            made.gone.add(row["Id"])
    for place, row in enumerate(rows):
        row |= {"LastModifiedDate": delivery.iso(TOMORROW + timedelta(minutes=place)), "Territory_vod__c": "T01"}
    delivery.write_csv(folder / "crm" / ACCOUNTS, rows, encoding="utf-8-sig")
    delivery.write_csv(folder / "crm" / ADDRESSES, made.addresses[addresses:], encoding="utf-8-sig")


def _newcomers(everything: World) -> list[people.Person]:
    """People nobody has heard of."""
    scale = everything.scale
    phones = Telephones()
    found = people.people(scale.rng("newcomers"), max(5, scale.share(5)), everything.sites, phones)
    return [
        replace(p, number=scale.hcps + p.number, npi="", opted_out=False, email=f"new{p.number}.{p.email}", phone="")
        for p in found
    ]


def _answers(folder: Path, scale: Scale, made: vault.Answers, now: datetime) -> None:
    """Some records change their e-mail, some are deleted and appear in the deletions feed."""
    rng = scale.rng("next day in the Vault")
    chosen = rng.sample(made.people, scale.share(15) + scale.share(5))
    gone = {row["id"] for row in chosen[: scale.share(5)]}
    changed = {row["id"]: place for place, row in enumerate(chosen[scale.share(5) :])}
    kept = [row for row in made.people if row["id"] not in gone]
    made.people[:] = [
        row | {"email_1__v": f"moved{changed[row['id']]}@clinic.example", "modified_date__v": delivery.iso(now)}
        if row["id"] in changed
        else row
        for row in kept
    ]
    for key in gone:
        del made.clusters[vault.PEOPLE, key]
    vault.write(folder, made, deletions=tuple((key, now) for key in sorted(gone)))


def _providers(folder: Path, scale: Scale, made: register.Register) -> None:
    """A few more providers are deactivated."""
    rng = scale.rng("next day in the register")
    known = {row["NPI"] for row in made.weekly}
    chosen = rng.sample([row["NPI"] for row in made.monthly if row["NPI"] not in known], scale.share(6))
    rows = [register.deactivated(npi, "03/02/2026") for npi in chosen]
    delivery.write_csv(folder / "register" / PROVIDERS, rows, columns=register.COLUMNS)


def _materials(folder: Path, everything: World, made: supply.Supply) -> None:
    """The ERP's whole file again: some rows are gone, one is flagged, some are changed, one is new."""
    rng = everything.scale.rng("next day in the ERP")
    share = max(1, round(len(made.erp) / 80))
    chosen = rng.sample(range(len(made.erp)), 2 * share + 1)
    gone, flagged, changed = set(chosen[:share]), {chosen[share]}, set(chosen[share + 1 :])
    rows = []
    for place, row in enumerate(made.erp):
        if place in gone | flagged:
            del made.clusters["erp", "materials", row["MATNR"]]
        if place in flagged:
            rows.append(row | {"LVORM": "X"})
        elif place in changed:
            rows.append(row | {"RAUBE": "refrigerate at 2 to 8 C", "LAEDA": f"{TOMORROW:%Y%m%d}"})
        elif place not in gone:
            rows.append(row)
    known = set(everything.knows["erp", "material"])
    new = next((m for m in everything.materials if m.number not in known), everything.materials[0])
    rows.append(supply.erp_row(rng, new, len(made.erp), everything.scale.noise))
    made.clusters["erp", "materials", rows[-1]["MATNR"]] = f"material-{new.number}"
    made.erp[:] = rows
    supply.write(folder, made)
