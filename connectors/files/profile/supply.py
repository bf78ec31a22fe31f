"""Materials and their supply: SAP material master tables, kits and lots of randomisation systems."""

from typing import Any

from connectors.files.profile.kind import Kind, Profile

_FLAGGED = {"deleted": {"field": "LVORM", "values": ["X"]}}


def _table(about: str, key: str, name: str, settings: dict[str, Any], *maps: dict[str, Any]) -> Kind:
    return Kind(about, key.split(), {"member": [f"*{name}*", f"*{name.lower()}*"]}, settings, maps)


SAP = Profile(
    "sap",
    "Tables of the SAP material master with their field names as headers; numbers keep their zeros, 00000000 is no date.",
    {
        "mara": _table(
            "Materials; LVORM flags those to be deleted.",
            "MATNR",
            "MARA",
            _FLAGGED,
            {"entity": "material", "fields": {"MATNR": "part_number", "EAN11": "gtin", "RAUBE": "storage"}},
        ),
        "makt": _table(
            "Descriptions, a row for each language.",
            "MATNR SPRAS",
            "MAKT",
            {},
            {"entity": "material", "where": {"SPRAS": ["E", "EN"]}, "fields": {"MATNR": "part_number", "MAKTX": "name"}},
        ),
        "marc": _table("Materials at plants.", "MATNR WERKS", "MARC", _FLAGGED),
        "marm": _table("Units of measure.", "MATNR MEINH", "MARM", {}),
        "mch1": _table("Batches.", "MATNR CHARG", "MCH1", _FLAGGED),
    },
)

IRT = Profile(
    "irt",
    "Kits and lots of a randomisation and supply system. Every vendor has its own headers: set `key` if yours differ.",
    {
        "kits": Kind(
            "Kits, each with a number of its own in its study; destroyed and expired ones stay, inactive.",
            ("Study", "Kit Number"),
            {"member": "*[Kk]it*"},
            {"inactive": {"field": "Status", "values": ["destroyed", "expired", "damaged", "returned"]}},
            (
                {
                    "entity": "material",
                    "constants": {"level": "clinical_supply"},
                    "fields": {"Kit Number": "part_number", "Kit Type": "name", "Study": "protocol"},
                },
            ),
        ),
        "lots": Kind(
            "Lots of a material; an expiry date may move without a new lot.",
            ("Material", "Lot Number"),
            {"member": "*[Ll]ot*"},
            {"inactive": {"field": "Status", "values": ["expired", "rejected", "destroyed"]}},
            (
                {
                    "entity": "material",
                    "constants": {"level": "clinical_supply"},
                    "fields": {"Material": "name", "Lot Number": "part_number", "Study": "protocol"},
                },
            ),
        ),
    },
)

ALL = (SAP, IRT)
