"""Salesforce landed by the real runner: what is deleted and merged there, in the hub; killed, and told twice."""

import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from connectors.salesforce.identifier import long_id
from mdm import settings
from mdm.testing.toy import Toy
from tests.fakes.salesforce import CLIENT_SECRET, FakeSalesforce, stamp

MDM = """
[hub]
url = "{url}"

[sources.crm]
connector = "salesforce"
role = "crm"
base_url = "{org}"
client_id = "invented-consumer-key"
client_secret = "env:CRM_SECRET"
page_size = 2

[sources.crm.streams.Account]
key = ["Id"]
modified = "SystemModstamp"
ignore = ["Id", "IsDeleted", "MasterRecordId", "SystemModstamp"]

[[sources.crm.streams.Account.map]]
entity = "thing"
fields = {{ Name = "name", City__c = "city" }}
"""
NAMES = ("Ana Lopez", "Emil Frost", "Dora Quill", "Ute Brand", "Otto Reed")


@pytest.fixture
def org() -> Iterator[FakeSalesforce]:
    with FakeSalesforce() as server:
        server.objects["Account"] = [row(at) for at in range(len(NAMES))]
        yield server


@pytest.fixture
def toy(tmp_path: Path, org: FakeSalesforce, monkeypatch: pytest.MonkeyPatch) -> Iterator[Toy]:
    monkeypatch.setenv("CRM_SECRET", CLIENT_SECRET)
    url = f"sqlite:///{tmp_path}/hub.db"
    made = Toy(tmp_path, url).lay()
    (tmp_path / "mdm.toml").write_text(MDM.format(url=url, org=org.url), encoding="utf-8")
    made.context = replace(made.context, settings=settings.load(tmp_path / "mdm.toml"))
    yield made
    made.context.hub.dispose()


def key(at: int) -> str:
    return long_id(f"001A000000Zz{at:03d}")


def row(at: int) -> dict[str, Any]:
    return {
        "Id": key(at), "Name": NAMES[at], "City__c": "Rome", "IsDeleted": False, "MasterRecordId": None,
        "SystemModstamp": stamp(time.time() - 300 + at),
    }  # fmt: skip


def member(at: int) -> str:
    return f"crm/Account:{key(at)}"


def test_what_is_deleted_and_merged_there_is_deleted_and_merged_here(toy, org):
    first = toy.run()
    alone = toy.ids()
    org.delete("Account", key(0), stamp(time.time() - 4))
    org.purge("Account", key(1), stamp(time.time() - 4))
    org.delete("Account", key(2), stamp(time.time() - 4), into=key(3))

    report = toy.run()

    assert [one.error for one in (*first.sources, *report.sources)] == [None, None]
    assert toy.partition() == {frozenset({member(2), member(3)}), frozenset({member(4)})}
    retired = {one["golden_id"]: one["successor_id"] for one in toy.rows("retired")}
    loser, winner = alone[member(2)], alone[member(3)]
    assert retired in [{alone[member(0)]: None, alone[member(1)]: None, a: b} for a, b in ((loser, winner), (winner, loser))]


def test_reading_the_same_again_changes_nothing(toy, org):
    org.delete("Account", key(2), stamp(time.time() - 4), into=key(3))
    toy.run()
    before = toy.state(ids=True)

    report = toy.run()
    whole = toy.run(full=True)

    assert {name: count for name, count in report.sources[0].read.items() if count} == {"total": 5, "unchanged": 4, "filtered": 1}
    assert toy.state(ids=True) == before
    assert whole.sources[0].error is None


def test_what_was_deleted_before_the_feed_begins_is_found_by_a_full_run(toy, org):
    toy.run()
    org.objects["Account"] = org.objects["Account"][1:]
    org.faults.earliest = stamp(time.time() + 3600).replace("Z", "+0000")

    stopped = toy.run()
    full = toy.run(full=True)

    assert "mdm run --full" in stopped.sources[0].error
    assert full.sources[0].error is None
    assert full.sources[0].read["deleted"] == 1
    assert member(0) not in toy.ids()


def test_a_run_that_breaks_off_in_mid_paging_is_gone_on_with(toy, org):
    toy.run()
    for at in range(len(NAMES)):
        org.objects["Account"][at] |= {"City__c": "Oslo", "SystemModstamp": stamp(time.time() - 4)}
    jobs = len(org.jobs)
    org.faults.page_cap = 1
    broken = breaking(toy, org, pages=3)

    report = toy.run()

    assert "SOMETHING_NEW" in broken.sources[0].error
    assert report.sources[0].error is None
    assert {one["city"] for one in toy.rows("thing")} == {"Oslo"}
    assert len(org.jobs) == jobs + 1
    assert report.sources[0].read["total"] == len(NAMES) - 3


def breaking(toy: Toy, org: FakeSalesforce, *, pages: int):
    """A run in which the page after so many fails for good."""
    answered = org.answer

    def failing(call: Any) -> Any:
        if call.path.endswith("/results") and len(org.asked("/results")) > before + pages:
            return 400, [{"errorCode": "SOMETHING_NEW", "message": "no"}], {}
        return answered(call)

    before = len(org.asked("/results"))
    org.answer = failing
    try:
        return toy.run()
    finally:
        org.answer = answered


def test_no_secret_and_no_token_is_in_the_hub(toy, org):
    toy.run()
    toy.context.hub.dispose()

    stored = b"".join(path.read_bytes() for path in toy.folder.rglob("*") if path.is_file() and path.name != "mdm.toml")

    assert CLIENT_SECRET.encode() not in stored
    assert not [token for token in org.tokens if token.encode() in stored]
