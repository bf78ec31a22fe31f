"""The example on the page about Salesforce, as it stands there: persons, hospitals, addresses and affiliations."""

import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from connectors.salesforce.identifier import long_id
from connectors.salesforce.profile import READY, RELATED
from mdm import catalog, pipeline, project, settings
from mdm.context import Context
from mdm.hub import Hub, migration
from tests.fakes.salesforce import CLIENT_ID, CLIENT_SECRET, FakeSalesforce, stamp

PAGE = Path(__file__).parents[2] / "docs" / "connectors" / "salesforce.md"
PERSON, OTHER, HOSPITAL, CLINIC = (long_id(f"001A000000Aa{at:03d}") for at in range(4))


def row(name: str, key: str, **values: Any) -> dict[str, Any]:
    """A row of an object with every field a Veeva CRM has there, empty unless given."""
    fields = dict.fromkeys([*READY[name], *RELATED[name].values()])
    at = stamp(time.time() - 86_400)
    return {**fields, "Id": key, "IsDeleted": False, "SystemModstamp": at, **values}


def org_of_four() -> dict[str, list[dict[str, Any]]]:
    person = {"IsPersonAccount": True, "RecordType.DeveloperName": "Professional_vod", "Status__c": "Active"}
    place = {"IsPersonAccount": False, "RecordType.DeveloperName": "Hospital_vod", "Status__c": "Active"}
    return {
        "Account": [
            row("Account", PERSON, **person, FirstName="Ana", LastName="Lopez", Gender_vod__c="F", PDRP_Opt_Out_vod__c=True,
                Primary_Parent_vod__c=HOSPITAL[:15], Specialty_1_vod__c="Cardiology"),
            row("Account", OTHER, **person, FirstName="Emil", LastName="Frost", Gender_vod__c="M"),
            row("Account", HOSPITAL, **place, Name="Invented General Hospital", BillingCity="Rome"),
            row("Account", CLINIC, **place, Name="Nowhere Heart Clinic", Primary_Parent_vod__c=HOSPITAL),
        ],
        "Address_vod__c": [
            row("Address_vod__c", long_id("a01A00000000001"), Account_vod__c=PERSON, Name="1 Invented Street", City_vod__c="Rome",
                Zip_vod__c="00100", Inactive_vod__c=False, **{"Account_vod__r.IsPersonAccount": True}),
            row("Address_vod__c", long_id("a01A00000000002"), Account_vod__c=HOSPITAL, Name="2 Invented Street", City_vod__c="Rome",
                Zip_vod__c="00100", Inactive_vod__c=False, **{"Account_vod__r.IsPersonAccount": False}),
            row("Address_vod__c", long_id("a01A00000000003"), Account_vod__c=OTHER, Name="3 Invented Street", City_vod__c="Rome",
                Zip_vod__c="00100", Inactive_vod__c=True, **{"Account_vod__r.IsPersonAccount": True}),
        ],
        "Child_Account_vod__c": [
            row("Child_Account_vod__c", long_id("a02A00000000001"), Parent_Account_vod__c=CLINIC, Child_Account_vod__c=PERSON,
                **{"Child_Account_vod__r.IsPersonAccount": True}),
            row("Child_Account_vod__c", long_id("a02A00000000002"), Parent_Account_vod__c=HOSPITAL, Child_Account_vod__c=CLINIC,
                **{"Child_Account_vod__r.IsPersonAccount": False}),
        ],
    }  # fmt: skip


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Context, Any, FakeSalesforce]]:
    """A hub built by the page's own settings, and the report of the run."""
    folder = tmp_path_factory.mktemp("crm")
    example = re.findall(r"^```toml\n(.*?)^```", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)[0]
    with FakeSalesforce() as org, pytest.MonkeyPatch.context() as patch:
        org.objects = org_of_four()
        org.types = {name: _types(name) for name in org.objects}
        patch.setenv("CRM_CLIENT_SECRET", CLIENT_SECRET)
        text = example.replace("https://example.my.salesforce.com", org.url).replace("3MVG9.example.consumer.key", CLIENT_ID)
        (folder / "mdm.toml").write_text(f'[hub]\nurl = "sqlite:///{folder}/mdm.db"\n{text}', encoding="utf-8")
        entities = catalog.entities(project.bundled("rules"))
        loaded = settings.load(folder / "mdm.toml")
        context = Context(loaded, entities, Hub(loaded.hub.url, entities.values()), "tester")
        migration.lay(context.hub)
        yield context, pipeline.run(context), org
        context.hub.dispose()


def _types(name: str) -> dict[str, str]:
    known = {"Id": "id", "IsDeleted": "boolean", "SystemModstamp": "datetime"}
    references = {"Primary_Parent_vod__c", "Account_vod__c", "Parent_Account_vod__c", "Child_Account_vod__c", "MasterRecordId"}
    return known | {field: "reference" if field in references else "string" for field in READY[name]}


def rows(context: Context, relation: str) -> list[dict[str, Any]]:
    import sqlalchemy as sa

    with context.hub.read() as session:
        return [dict(one) for one in session.rows(sa.text(f"select * from golden_{relation}"))]


def test_everything_is_read_without_a_complaint(built):
    _, report, _ = built

    assert [(one.stream, one.error, one.notes) for one in report.sources] == [
        (name, None, ()) for name in ("accounts", "addresses", "affiliations")
    ]


def test_persons_become_professionals_and_organisations_sites(built):
    context, _, _ = built

    people = {one["family_name"]: one for one in rows(context, "hcp")}

    assert set(people) == {"Lopez", "Frost"}
    assert (people["Lopez"]["gender"], bool(people["Lopez"]["opt_out"]), people["Lopez"]["status"]) == ("female", True, "active")
    assert {one["name"] for one in rows(context, "site")} == {"Invented General Hospital", "Nowhere Heart Clinic"}


def test_addresses_go_to_whom_they_belong(built):
    context, _, _ = built

    assert [one["line_1"] for one in rows(context, "hcp_address")] == ["1 Invented Street"]
    assert [one["line_1"] for one in rows(context, "site_address")] == ["2 Invented Street"]


def test_affiliations_become_links(built):
    context, _, _ = built
    names = {one["golden_id"]: one["name"] for one in rows(context, "site")}

    of_people = {(names[one["to_id"]], one["role"]) for one in rows(context, "hcp_link")}
    of_sites = {(names[one["golden_id"]], names[one["to_id"]], one["role"]) for one in rows(context, "site_link")}

    assert of_people == {("Invented General Hospital", "primary"), ("Nowhere Heart Clinic", "affiliation")}
    assert of_sites == {
        ("Nowhere Heart Clinic", "Invented General Hospital", None),
        ("Nowhere Heart Clinic", "Invented General Hospital", "affiliation"),
    }
