"""Registers of places: ROR, ClinicalTrials.gov, lists of facilities."""

from connectors.files.profile.kind import Kind, Profile

ROR = Profile(
    "ror",
    "The register of research organisations: the JSON of its zip, in the second version of its schema.",
    {
        "organisations": Kind(
            "Organisations.",
            ("id",),
            {"format": "json", "encoding": "utf-8", "member": ["*ror-data_schema_v2.json", "v2*ror-data.json"]},
            {"delivery": "full", "inactive": {"field": "status", "values": ["inactive", "withdrawn"]}},
            (
                {
                    "entity": "site",
                    "constants": {"kind": "organisation"},
                    "fields": {
                        "id": "ror",
                        "names[1].value": "name",
                        "names[2].value": "other_names",
                        "locations[1].geonames_details.name": "city",
                        "locations[1].geonames_details.country_subdivision_code": "region",
                        "locations[1].geonames_details.country_code": "country",
                        "links[1].value": "web",
                        "status": "status",
                    },
                },
            ),
        )
    },
)

_LOCATIONS = "protocolSection.contactsLocationsModule.locations"
CLINICALTRIALS = Profile(
    "clinicaltrials",
    "Studies of ClinicalTrials.gov, saved as files: one study each, or answers of the API with a list of them.",
    {
        "studies": Kind(
            "Studies in the second version of the API.",
            ("protocolSection.identificationModule.nctId",),
            {"format": "json", "encoding": "utf-8", "records": ["studies", ""]},
            {"modified": "protocolSection.statusModule.lastUpdatePostDateStruct.date"},
            (
                {
                    "entity": "site",
                    "explode": _LOCATIONS,
                    # A location has no id of its own.
                    "element_key": ["facility", "city", "zip"],
                    "constants": {"kind": "place"},
                    "fields": {"facility": "name", "city": "city", "state": "region", "zip": "postcode", "country": "country"},
                },
                {
                    "entity": "hcp",
                    "explode": "protocolSection.contactsLocationsModule.overallOfficials",
                    "element_key": ["name", "affiliation"],
                    "fields": {"name": "family_name"},
                },
            ),
        ),
        "full_studies": Kind(
            "Studies in the first version of the API.",
            ("Study.ProtocolSection.IdentificationModule.NCTId",),
            {"format": "json", "encoding": "utf-8", "records": ["FullStudiesResponse.FullStudies"]},
            {},
            (
                {
                    "entity": "site",
                    "explode": "Study.ProtocolSection.ContactsLocationsModule.LocationList.Location",
                    "element_key": ["LocationFacility", "LocationCity", "LocationZip"],
                    "constants": {"kind": "place"},
                    "fields": {
                        "LocationFacility": "name",
                        "LocationCity": "city",
                        "LocationState": "region",
                        "LocationZip": "postcode",
                        "LocationCountry": "country",
                    },
                },
            ),
        ),
    },
)

_LABELS = {
    "name": "Name|Facility Name|Facility|Site Name|Site name|Organisation Name|Organization Name|Hospital Name",
    "address": "Address|Address 1|Address Line 1|Street|Street Address",
    "city": "City|City/Town|Town",
    "region": "State|State/Province|Province|Region",
    "postcode": "Zip|ZIP|ZIP Code|Zip Code|Postal Code|Postcode",
    "country": "Country|Country Code",
    "phone": "Phone|Telephone|Phone Number|Telephone Number",
    "web": "Website|Web|URL",
}
FACILITIES = Profile(
    "facilities",
    "A list of facilities as agencies publish it, replaced as a whole; no two are alike, so `key` is yours to set.",
    {
        "*": Kind(
            "Facilities.",
            (),
            {},
            {"delivery": "full"},
            ({"entity": "site", "fields": {label: goal for goal, said in _LABELS.items() for label in said.split("|")}},),
        )
    },
)

ALL = (ROR, CLINICALTRIALS, FACILITIES)
