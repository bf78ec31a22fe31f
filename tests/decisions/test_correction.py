import json
from datetime import timedelta

import pytest
import sqlalchemy as sa

from mdm import audit, decisions
from mdm.decisions import RecordName
from mdm.errors import ConflictError, NotFoundError, UsageError
from mdm.hub.run import now
from mdm.tables import OPEN

ONE = "crm/things:1"


def fix(hub, record, attribute, value, **more):
    with hub.begin() as tx:
        return decisions.set_value(tx, "thing", record, attribute, value, actor="ana", reason="seen on paper", **more)


def make(hub, **values):
    with hub.begin() as tx:
        return decisions.create(tx, "thing", values, actor="ana", reason="told by telephone")


def quarantine(hub, name, rule="is too short", attribute="name", value="x"):
    with hub.begin() as tx:
        tx.execute(
            hub.tables("thing").quarantined.insert().values(
                record_id=RecordName.parse(name).record_id, rule=rule, attribute=attribute, value=value, stale=False,
                from_run=1, to_run=OPEN,
            )
        )  # fmt: skip


def waive(hub, record, rule):
    with hub.begin() as tx:
        return decisions.release(tx, "thing", record, rule, actor="ana", reason="it is right")


def in_force(hub, what):
    with hub.read() as session:
        return what(session, "thing", audit.head(session).seq)


def test_a_correction_belongs_to_one_record(published):
    number = fix(published, ONE, "name", " blue door ")

    rows = in_force(published, decisions.corrections).to_dicts()
    assert rows == [
        {"number": number, "record_id": RecordName.parse(ONE).record_id, "attribute": "name", "value": "blue door", "until": None}
    ]


def test_the_event_of_a_correction_tells_what_was_there_before(published):
    fix(published, ONE, "size", "7")

    with published.read() as session:
        event = session.rows(sa.select(published.fixed["event"]))[0]
    assert json.loads(event["before"]) == {"golden_id": "THG-ONE", "value": None}
    assert json.loads(event["after"])["value"] == 7


def test_a_golden_id_stands_for_its_founding_record(published):
    fix(published, "THG-TWO", "size", "12")

    assert in_force(published, decisions.corrections)["record_id"].to_list() == [RecordName.parse("crm/things:3").record_id]


def test_the_newest_correction_stands_until_it_is_withdrawn(published):
    first, second = fix(published, ONE, "size", "1"), fix(published, ONE, "size", "2")
    assert in_force(published, decisions.corrections)["number"].to_list() == [second]

    with published.begin() as tx:
        decisions.withdraw(tx, second, actor="ben", reason="no")

    assert in_force(published, decisions.corrections)["number"].to_list() == [first]


@pytest.mark.parametrize(
    ("attribute", "value", "says"),
    [
        ("size", "large", "cannot be read as int"),
        ("made_on", "someday", "cannot be read as date"),
        ("colours", "  ", "cannot be read"),
        ("name", "x", "is too short"),
    ],
    ids=["no number", "no date", "blank", "a check fails"],
)
def test_a_value_that_would_not_pass_is_refused(published, attribute, value, says):
    with pytest.raises(UsageError, match=says):
        fix(published, ONE, attribute, value)


def test_an_unknown_attribute_is_named(published):
    with pytest.raises(NotFoundError, match="it has: name, size"):
        fix(published, ONE, "colour", "blue")


def test_a_correction_may_end(published):
    until = now() + timedelta(days=1)
    fix(published, ONE, "size", "3", until=until)

    assert in_force(published, decisions.corrections)["until"][0] is not None


def test_a_correction_that_has_ended_already_is_refused(published):
    with pytest.raises(UsageError, match="has passed already"):
        fix(published, ONE, "size", "3", until=now() - timedelta(days=1))


def test_a_record_made_by_hand_is_a_record_of_the_steward(published):
    number = make(published, name="Blue door", size="4")

    record = published.fixed["source_record"]
    with published.read() as session:
        row = session.rows(sa.select(record).where(record.c.source == "steward"))[0]
        newest = session.scalar(sa.select(sa.func.max(record.c.seq)))
    assert (row["stream"], row["source_key"], row["op"], row["seq"]) == ("thing", str(number), "upsert", newest)
    assert row["record_id"] == RecordName("steward", "thing", str(number)).record_id
    assert json.loads(row["payload"]) == {"name": "Blue door", "size": "4"}


def test_everything_said_shares_one_row_of_numbers(published):
    numbers = [make(published, name="Blue door"), fix(published, ONE, "size", "1"), make(published, name="Red door")]

    assert numbers == [1, 2, 3]


def test_a_record_without_what_is_required_is_refused(published):
    with pytest.raises(UsageError, match="needs name"):
        make(published, size="4")


def test_a_waiver_holds_for_the_value_that_was_refused(published):
    quarantine(published, "crm/things:5")

    numbers = waive(published, "crm/things:5", "is too short")

    assert in_force(published, decisions.waivers).select("number", "rule", "value").rows() == [(numbers[0], "is too short", "x")]
    assert waive(published, "crm/things:5", "name") == numbers


def test_a_waiver_of_a_rule_that_was_passed_is_refused(published):
    quarantine(published, "crm/things:5")

    with pytest.raises(NotFoundError, match="it failed: 'is too short'"):
        waive(published, "crm/things:5", "required")
    with pytest.raises(NotFoundError, match="is not in quarantine; `mdm quarantine thing`"):
        waive(published, "crm/things:6", "required")


def test_a_waiver_can_be_withdrawn_once(published):
    quarantine(published, "crm/things:5")
    number = waive(published, "crm/things:5", "is too short")[0]
    with published.begin() as tx:
        decisions.withdraw(tx, number, actor="ben", reason="no")

    assert in_force(published, decisions.waivers).is_empty()
    with pytest.raises(ConflictError, match="withdrawn already"), published.begin() as tx:
        decisions.withdraw(tx, number, actor="ben", reason="no")
