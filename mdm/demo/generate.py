"""Writes the demo: invented sources with real troubles, and the truth about them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from mdm.demo import crm, delivery, edc, negative, notable, register, supply, vault, words
from mdm.demo.world import Scale, Truth, World, world

SCALE_FILE = "demo.json"


@dataclass(frozen=True)
class Deliveries:
    """What every source delivers."""

    accounts: crm.Extract
    answers: vault.Answers
    providers: register.Register
    snapshot: edc.Snapshot
    goods: supply.Supply

    def truth(self) -> list[Truth]:
        """Every live record and the thing it is about."""
        made = (self.accounts, self.answers, self.providers, self.snapshot, self.goods)
        return [line for one in made for line in one.truth()]

    def names(self) -> dict[str, str]:
        """The family name or the site's name that a record tells, by `source/stream:key`."""
        organisation, family = "Provider Organization Name (Legal Business Name)", "Provider Last Name (Legal Name)"
        told = {f"crm/accounts:{row['Id']}": row["LastName"] or row["Name"] for row in self.accounts.accounts}
        told |= {f"register/providers:{row['NPI']}": row[family] or row[organisation] for row in self.providers.monthly}
        told |= {f"vault/hcp__v:{row['id']}": row["last_name__v"] for row in self.answers.people}
        return told | {f"vault/hco__v:{row['id']}": row["corporate_name__v"] for row in self.answers.organisations}


def generate(
    folder: Path, seed: int = 7, *, hcps: int = 2000, sites: int = 300, materials: int = 500, noise: float = 1.0
) -> None:
    """Write the sources, their truth and an `mdm.toml` into the folder; the same seed writes the same bytes."""
    scale = Scale(seed, hcps, sites, materials, noise)
    everything = world(scale)
    made = deliveries(everything)
    folder.mkdir(parents=True, exist_ok=True)
    crm.write(folder, made.accounts)
    vault.write(folder, made.answers)
    register.write(folder, made.providers)
    edc.write(folder, made.snapshot)
    supply.write(folder, made.goods)
    _write_codes(folder)
    write_truth(folder, made.truth())
    notable.write(folder, everything, made.truth(), made.names())
    negative.write(folder, everything, made.truth())
    (folder / "mdm.toml").write_text(settings(), encoding="utf-8", newline="\n")
    scale.store(folder / SCALE_FILE)


def deliveries(everything: World) -> Deliveries:
    """What the sources make of the world."""
    return Deliveries(
        crm.extract(everything),
        vault.answers(everything),
        register.register(everything),
        edc.snapshot(everything),
        supply.supply(everything),
    )


def settings() -> str:
    """The demo's `mdm.toml`."""
    return resources.files("mdm.demo").joinpath("mdm.toml").read_text(encoding="utf-8")


def write_truth(folder: Path, truth: Iterable[Truth]) -> None:
    """Write which records are one thing, a file for each entity."""
    rows: dict[str, list[dict[str, str]]] = {"hcp": [], "site": [], "material": []}
    for line in truth:
        told = {"cluster": line.cluster, "source": line.source, "stream": line.stream, "source_key": line.source_key}
        rows[line.entity].append(told)
    for entity, lines in rows.items():
        delivery.write_csv(folder / "truth" / f"{entity}.csv", lines)


def _write_codes(folder: Path) -> None:
    """The code lists that the mappings name."""
    storages = [{"code": written, "value": row[0]} for row in words.STORAGES for written in row[1:]]
    delivery.write_csv(folder / "codes" / "storage.csv", storages)
    for source, place in (("register", 1), ("vault", 2)):
        rows = [{"code": line[place], "value": line[0]} for line in words.SPECIALTIES]
        delivery.write_csv(folder / "codes" / f"specialty_{source}.csv", rows)
