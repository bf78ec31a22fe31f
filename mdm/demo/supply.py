"""Materials three times over: the ERP's material master, the regulator's product list, the kit types of the IRT.

They agree on little: one writes 0.5 g where another writes 500 MG, one the salt where another the base, one the brand
where another the generic name; one pads its numbers, one leaves the hyphens out of the NDC.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

from mdm.demo import delivery, noise, words
from mdm.demo.goods import Material
from mdm.demo.world import Truth, World

ERP_TYPES = {"substance": "ROH", "product": "HALB", "package": "FERT", "clinical_supply": "ZCLN"}
REGULATORY_LEVELS = {
    "substance": "Substance", "product": "Product", "package": "Package", "clinical_supply": "Investigational Product",
}  # fmt: skip
SECOND_NUMBER = 0.08
Row = dict[str, str]


@dataclass
class Supply:
    """The rows of the three sources, and what is true of them."""

    erp: list[Row] = field(default_factory=list)
    regulatory: list[Row] = field(default_factory=list)
    irt: list[dict[str, Any]] = field(default_factory=list)
    clusters: dict[tuple[str, str, str], str] = field(default_factory=dict)

    def truth(self) -> list[Truth]:
        """Every material record and the material it is about."""
        return [Truth("material", cluster, *key) for key, cluster in self.clusters.items()]


def supply(world: World) -> Supply:
    """The three sources of materials."""
    made, rng, wild = Supply(), world.scale.rng("supply"), world.scale.noise
    products: dict[int | None, str] = {}
    for number in world.knows["erp", "material"]:
        for _ in range(2 if rng.random() < SECOND_NUMBER * wild else 1):
            row = erp_row(rng, world.materials[number], len(made.erp), wild)
            made.erp.append(row)
            made.clusters["erp", "materials", row["MATNR"]] = f"material-{number}"
    for number in world.knows["regulatory", "material"]:
        row = _regulatory(rng, world.materials[number], len(made.regulatory), wild)
        made.regulatory.append(row | {"Made_Of": products.get(world.materials[number].parent, "")})
        made.clusters["regulatory", "products", row["Product_ID"]] = f"material-{number}"
        products[number] = row["Product_ID"]
    for number in world.knows["irt", "material"]:
        kit = _kit(rng, world.materials[number], len(made.irt), wild)
        made.irt.append(kit)
        made.clusters["irt", "kit_types", kit["kitTypeId"]] = f"material-{number}"
    # A row of test data that is no material at all: it has no name.
    made.regulatory.append(made.regulatory[-1] | {"Product_ID": "RIM-TEST", "Name": "", "Nonproprietary_Name": ""})
    made.clusters["regulatory", "products", "RIM-TEST"] = "nameless-regulatory"
    return made


def write(folder: Path, made: Supply) -> None:
    """Write the three files; the ERP's is in the old Windows encoding with semicolons."""
    delivery.write_csv(folder / "erp" / "materials.csv", made.erp, encoding="cp1252", delimiter=";")
    delivery.write_csv(folder / "regulatory" / "products.csv", made.regulatory)
    lines = (json.dumps(kit, ensure_ascii=False) for kit in made.irt)
    delivery.write_lines(folder / "irt" / "kit_types.jsonl", lines)


def erp_row(rng: Random, truth: Material, place: int, wild: float) -> Row:
    """One row of the material master."""
    storage = words.STORAGES[truth.storage][2] if _there(rng, 0.7, wild) else ""
    changed = delivery.moment(rng)
    return {
        "MATNR": f"{100200 + place:018d}", "MTART": ERP_TYPES[truth.level], "MAKTX": _erp_text(rng, truth, wild),
        "MEINS": "KG" if truth.level == "substance" else "EA", "ZSUBST": _substance(rng, truth, wild).upper(),
        "ZSTRENGTH": _strength(rng, truth, wild), "ZFORM": words.FORMS[truth.form][1] if truth.strength else "",
        "ZMFR": words.MAKERS[truth.maker][rng.randrange(2)],
        "MFRPN": _part_number(rng, truth) if _there(rng, 0.85, wild) else "",
        "EAN11": _ean(rng, truth, wild), "ZNDC": _ndc(rng, truth, wild, hyphens=0.3), "ZCAS": _cas(rng, truth, 0.7**wild),
        "RAUBE": storage, "LVORM": "", "MSTAE": "Z9" if rng.random() < 0.03 else "",
        "ERSDA": f"{delivery.moment(rng, newest=900, oldest=3000):%Y%m%d}",
        "LAEDA": f"{changed:%Y%m%d}" if rng.random() < 0.9 else "00000000",
    }  # fmt: skip


def _regulatory(rng: Random, truth: Material, place: int, wild: float) -> Row:
    strong = truth.strength > 0
    value, unit = _as_number(rng, truth, wild) if strong else ("", "")
    generic = truth.substance.name
    name = truth.brand if truth.brand and rng.random() < 0.8 else generic.capitalize()
    return {
        "Product_ID": f"RIM-{place + 1:05d}", "Level": REGULATORY_LEVELS[truth.level], "Name": _named_pack(name, truth),
        "Nonproprietary_Name": generic, "Active_Substances": generic if rng.random() < 0.7 else truth.substance.base,
        "Strength_Value": value, "Strength_Unit": unit, "Dosage_Form": words.FORMS[truth.form][2] if strong else "",
        "Route": words.FORMS[truth.form][3].upper() if strong else "", "Holder": words.MAKERS[truth.maker][0],
        "Part_Number": truth.part_number if truth.level == "clinical_supply" or _there(rng, 0.4, wild) else "",
        "GTIN": truth.gtin if _there(rng, 0.5, wild) else "", "NDC": _ndc(rng, truth, wild, hyphens=1.0),
        "UNII": truth.substance.unii if truth.level == "substance" else "", "CAS": _cas(rng, truth, 0.8**wild),
        "Storage_Condition": words.STORAGES[truth.storage][1], "Status": "Authorised" if rng.random() < 0.95 else "Withdrawn",
        "Updated": f"{delivery.moment(rng):%Y-%m-%d}",
    }  # fmt: skip


def _kit(rng: Random, truth: Material, place: int, wild: float) -> dict[str, Any]:
    """A kit type, nested as the IRT's interface delivers it."""
    form = words.FORMS[truth.form][0]
    return {
        "kitTypeId": f"KT{place + 1:04d}",
        "description": f"{truth.substance.base} {truth.strength}{truth.unit} {form}"
        + (f", study {truth.protocol}" if truth.protocol else f", comparator, {truth.pack} per box" if truth.pack else ""),
        "category": "IMP" if truth.level == "clinical_supply" else "COMPARATOR" if truth.level == "package" else "BULK",
        "substance": truth.substance.base if rng.random() < 0.5 else truth.substance.name,
        "strength": {"value": truth.strength, "unit": truth.unit.upper()},
        "doseForm": form, "supplier": {"name": words.MAKERS[truth.maker][1], "item": truth.part_number or None},
        "ids": {
            "gtin": truth.gtin if truth.gtin and _there(rng, 0.7, wild) else None,
            "ndc": _ndc(rng, truth, wild, hyphens=0.5) or None,
        },
        "storage": words.STORAGES[truth.storage][1], "active": rng.random() < 0.95,
        "updatedAt": delivery.iso(delivery.moment(rng)),
    }  # fmt: skip


def _erp_text(rng: Random, truth: Material, wild: float) -> str:
    name = truth.brand if truth.brand and rng.random() < 0.5 else truth.substance.base
    if truth.level == "substance":
        return f"{truth.substance.name} API".upper()
    if rng.random() < 0.03 * wild:
        name = noise.typo(rng, name)
    words_of = [name, _strength(rng, truth, wild), words.FORMS[truth.form][1]]
    if truth.pack:
        words_of.append(f"{truth.pack}CT" if rng.random() < 0.5 else f"x{truth.pack}")
    if truth.protocol:
        words_of.append(f"CLIN {truth.protocol}")
    if truth.level == "product":
        words_of.append("BULK")
    # MAKTX ends after forty characters, wherever that is.
    return " ".join(words_of).upper()[:40]


def _named_pack(name: str, truth: Material) -> str:
    if truth.level == "substance":
        return name
    strength = f"{name} {truth.strength} {truth.unit} {words.FORMS[truth.form][0]}"
    study = f" for {truth.protocol}" if truth.protocol else ""
    return f"{strength}, {truth.pack} per pack" if truth.pack else strength + study


def _substance(rng: Random, truth: Material, wild: float) -> str:
    return truth.substance.base if rng.random() < 0.4 * wild else truth.substance.name


def _strength(rng: Random, truth: Material, wild: float) -> str:
    if not truth.strength:
        return ""
    if truth.strength >= 500 and rng.random() < 0.5 * wild:
        return f"{truth.strength / 1000:g} g".replace(".", "," if rng.random() < 0.15 * wild else ".")
    return f"{truth.strength}{rng.choice((' ', ''))}{rng.choice(('mg', 'MG'))}"


def _as_number(rng: Random, truth: Material, wild: float) -> tuple[str, str]:
    if truth.strength >= 500 and rng.random() < 0.4 * wild:
        return f"{truth.strength / 1000:g}", "g"
    return f"{truth.strength:.1f}" if rng.random() < 0.2 else str(truth.strength), rng.choice(("mg", "MG", "milligram"))


def _there(rng: Random, share: float, wild: float) -> bool:
    """Whether a value is there; noise widens the gaps."""
    return rng.random() < share**wild


def _part_number(rng: Random, truth: Material) -> str:
    return truth.part_number if rng.random() < 0.7 else truth.part_number.replace("-", " ")


def _ean(rng: Random, truth: Material, wild: float) -> str:
    """The GTIN, sometimes without its leading zeros."""
    if not truth.gtin or not _there(rng, 0.75, wild):
        return ""
    return truth.gtin if rng.random() < 0.6 else truth.gtin.lstrip("0")


def _ndc(rng: Random, truth: Material, wild: float, *, hyphens: float) -> str:
    labeler, code, pack = truth.ndc
    if not labeler or not _there(rng, 0.8, wild):
        return ""
    # Without a package segment there is only the hyphenated form: eight digits alone mean nothing.
    if rng.random() < hyphens or not pack:
        return "-".join(filter(None, truth.ndc))
    # Five, three and two: as written, or padded to the eleven digits of billing.
    return f"{labeler}{code}{pack}" if rng.random() < 0.6 else f"{labeler}0{code}{pack}"


def _cas(rng: Random, truth: Material, share: float) -> str:
    return truth.substance.cas if truth.level == "substance" and rng.random() < share else ""
