"""Registers of people: NPPES files, saved answers of the NPI registry, OneKey feeds."""

from typing import Any

from connectors.files.profile.kind import Kind, Profile

_PRACTICE = "Provider Business Practice Location Address"
_MAILING = "Provider Business Mailing Address"
_COUNTRY = "Country Code (If outside U.S.)"


def _address(number: int, prefix: str, line: str) -> dict[str, Any]:
    return {
        f"Provider First Line Business {line} Address": f"address[{number}].line_1",
        f"Provider Second Line Business {line} Address": f"address[{number}].line_2",
        f"{prefix} City Name": f"address[{number}].city",
        f"{prefix} State Name": f"address[{number}].region",
        f"{prefix} Postal Code": f"address[{number}].postcode",
        f"{prefix} {_COUNTRY}": f"address[{number}].country",
        f"{prefix} Telephone Number": f"address[{number}].phone",
    }


def _here(fields: dict[str, Any]) -> dict[str, Any]:
    """The first address as the record's own as well."""
    own = {
        "line_1": "address",
        "city": "city",
        "region": "region",
        "postcode": "postcode",
        "country": "country",
        "phone": "phone",
    }
    told = {field: (goal, own.get(goal.rpartition(".")[2])) for field, goal in fields.items()}
    return {field: goal if plain is None else [plain, goal] for field, (goal, plain) in told.items()}


PERSON = {
    "entity": "hcp",
    "where": {"Entity Type Code": ["1"]},
    "constants": {"status": "active", "address[1].kind": "practice", "address[2].kind": "mailing"},
    "fields": {
        "NPI": "npi",
        "Provider Name Prefix Text": "prefix",
        "Provider First Name": "given_name",
        "Provider Middle Name": "middle_name",
        "Provider Last Name (Legal Name)": "family_name",
        "Provider Name Suffix Text": "suffix",
        "Provider Credential Text": "credentials",
        "Provider Gender Code": "gender",
        "Provider Sex Code": "gender",
        "Provider License Number_1": "licence[1].number",
        "Provider License Number State Code_1": "licence[1].state",
        "Provider License Number_2": "licence[2].number",
        "Provider License Number State Code_2": "licence[2].state",
        **_here(_address(1, _PRACTICE, "Practice Location")),
        **_address(2, _MAILING, "Mailing"),
    },
}
ORGANISATION = {
    "entity": "site",
    "where": {"Entity Type Code": ["2"]},
    "constants": {"kind": "organisation", "status": "active", "address[1].kind": "practice", "address[2].kind": "mailing"},
    "fields": {
        "NPI": "npi",
        "Provider Organization Name (Legal Business Name)": "name",
        "Provider Other Organization Name": "other_names",
        **_here(_address(1, _PRACTICE, "Practice Location")),
        **_address(2, _MAILING, "Mailing"),
    },
}
_SECONDARY = "Provider Secondary Practice Location Address"
NPPES = Profile(
    "nppes",
    "The provider register of the United States: monthly and weekly files, and reports of deactivations.",
    {
        "providers": Kind(
            "People and organisations; a deactivation blanks the row, or comes in a report of its own.",
            ("NPI",),
            {"member": ["npidata_pfile_*[0-9].csv", "*Deactivated*"], "deactivations": "*Deactivated*"},
            {
                "modified": "Last Update Date",
                "inactive": {"field": "NPI Deactivation Date", "present": True, "unless": "NPI Reactivation Date"},
                "merged_into": "Replacement NPI",
            },
            (PERSON, ORGANISATION),
        ),
        "other_names": Kind(
            "Other names of organisations.",
            ("NPI", "Provider Other Organization Name", "Provider Other Organization Name Type Code"),
            {"member": "othername_pfile_*[0-9].csv"},
        ),
        "practice_locations": Kind(
            "Further places of practice.",
            ("NPI", f"{_SECONDARY}- Address Line 1", f"{_SECONDARY} - Postal Code"),
            {"member": "pl_pfile_*[0-9].csv"},
        ),
        "endpoints": Kind("Electronic addresses.", ("NPI", "Endpoint"), {"member": "endpoint_pfile_*[0-9].csv"}),
    },
)

REGISTRY = Profile(
    "npi_registry",
    "Answers of the NPI registry's API, saved as files; an answer that speaks of errors is refused.",
    {
        "providers": Kind(
            "People and organisations.",
            ("number",),
            {"format": "json", "records": ["results"], "errors": "Errors", "encoding": "utf-8"},
            {"modified": "last_updated_epoch", "inactive": {"field": "basic.status", "values": ["D"]}},
            (
                {
                    "entity": "hcp",
                    "where": {"enumeration_type": ["NPI-1"]},
                    "fields": {
                        "number": "npi",
                        "basic.name_prefix": "prefix",
                        "basic.first_name": "given_name",
                        "basic.middle_name": "middle_name",
                        "basic.last_name": "family_name",
                        "basic.name_suffix": "suffix",
                        "basic.credential": "credentials",
                        "basic.gender": "gender",
                        "addresses[1].address_1": ["address", "address[1].line_1"],
                        "addresses[1].address_2": "address[1].line_2",
                        "addresses[1].city": ["city", "address[1].city"],
                        "addresses[1].state": ["region", "address[1].region"],
                        "addresses[1].postal_code": ["postcode", "address[1].postcode"],
                        "addresses[1].country_code": ["country", "address[1].country"],
                        "addresses[1].telephone_number": ["phone", "address[1].phone"],
                    },
                },
                {
                    "entity": "site",
                    "where": {"enumeration_type": ["NPI-2"]},
                    "constants": {"kind": "organisation"},
                    "fields": {
                        "number": "npi",
                        "basic.organization_name": "name",
                        "addresses[1].address_1": "address",
                        "addresses[1].city": "city",
                        "addresses[1].state": "region",
                        "addresses[1].postal_code": "postcode",
                        "addresses[1].country_code": "country",
                        "addresses[1].telephone_number": "phone",
                    },
                },
            ),
        )
    },
)

_PROCESS = {"deleted": {"field": "PROCESS", "values": ["D"]}}
ONEKEY = Profile(
    "onekey",
    "Delta feeds of IQVIA OneKey: the column PROCESS says R (new or changed) or D (deleted), row by row.",
    {
        "codes": Kind(
            "The table of codes, in several languages.",
            ("REFERENCE_TYPE", "COD_ID_ONEKEY", "LANGUAGE_CD"),
            {"member": "*codetable*.csv", "expected": {"PROCESS": ["R", "D"]}},
            _PROCESS,
        ),
        "*": Kind(
            "Any other file of the feed; set `key` to its identifier.", (), {"expected": {"PROCESS": ["R", "D"]}}, _PROCESS
        ),
    },
)

ALL = (NPPES, REGISTRY, ONEKEY)
