"""Writes the demo: invented sources with real troubles, and the truth about them."""

from __future__ import annotations

from collections.abc import Iterable
from importlib import resources
from pathlib import Path

from mdm.demo import crm, delivery, edc, register, supply, vault
from mdm.demo.world import Scale, Truth, world

SCALE_FILE = "demo.json"


def generate(
    folder: Path, seed: int = 7, *, hcps: int = 2000, sites: int = 300, materials: int = 500, noise: float = 1.0
) -> None:
    """Write the sources, their truth and an `mdm.toml` into the folder; the same seed writes the same bytes."""
    scale = Scale(seed, hcps, sites, materials, noise)
    everything = world(scale)
    accounts, answers = crm.extract(everything), vault.answers(everything)
    providers, snapshot = register.register(everything), edc.snapshot(everything)
    goods = supply.supply(everything)
    folder.mkdir(parents=True, exist_ok=True)
    crm.write(folder, accounts)
    vault.write(folder, answers)
    register.write(folder, providers)
    edc.write(folder, snapshot)
    supply.write(folder, goods)
    write_truth(folder, [t for made in (accounts, answers, providers, snapshot, goods) for t in made.truth()])
    (folder / "mdm.toml").write_text(settings(), encoding="utf-8", newline="\n")
    scale.store(folder / SCALE_FILE)


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
