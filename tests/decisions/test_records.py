import pytest
from hypothesis import given
from hypothesis import strategies as st

from mdm.decisions import RecordName, joined, resolve
from mdm.errors import NotFoundError, UsageError


@given(st.lists(st.text(), min_size=1))
def test_the_parts_of_a_key_survive_being_joined(parts):
    assert RecordName.of("crm", "accounts", *parts).parts == parts
    assert RecordName("crm", "accounts", joined(parts)).parts == parts


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("crm/accounts:1", ["1"]),
        ("crm/accounts:1|US", ["1", "US"]),
        (r"crm/a:1\|2|b\\c", ["1|2", "b\\c"]),
        ("s/t:a:b/c", ["a:b/c"]),
    ],
    ids=["plain", "composite", "escaped", "separators in the key"],
)
def test_a_record_is_read_as_it_is_written(text, parts):
    name = RecordName.parse(text)

    assert name.parts == parts
    assert str(name) == text


@pytest.mark.parametrize("text", ["", "crm", "crm/accounts", "crm:1", "/a:1", "crm/:1", "crm/a:"])
def test_what_names_no_record_is_refused(text):
    with pytest.raises(UsageError, match="write source/stream:key"):
        RecordName.parse(text)


def test_a_record_has_the_number_that_duckdb_gives_it():
    import duckdb

    row = duckdb.sql("select md5_number_lower('crm' || chr(31) || 'people' || chr(31) || 'é|1') >> 1").fetchall()

    assert row[0][0] == RecordName("crm", "people", "é|1").record_id


def test_a_record_stands_for_itself(published):
    with published.read() as session:
        assert resolve(session, "thing", "crm/things:5") == [RecordName.parse("crm/things:5").record_id]


@pytest.mark.parametrize("text", ["THG-ONE", "thg-one", " THG-ONE ", "THG-OLD"])
def test_a_golden_id_stands_for_its_members(published, text):
    expected = sorted(RecordName("crm", "things", key).record_id for key in "12")

    with published.read() as session:
        assert resolve(session, "thing", text) == expected


def test_an_id_that_was_split_asks_which_part_is_meant(published):
    with published.read() as session, pytest.raises(UsageError, match="THG-ONE and THG-TWO"):
        resolve(session, "thing", "THG-CUT")


def test_an_id_that_is_gone_says_so(published):
    with published.read() as session, pytest.raises(NotFoundError, match="retired and nothing follows"):
        resolve(session, "thing", "THG-END")


@pytest.mark.parametrize(
    ("text", "near"),
    [
        ("crm/things:11", "crm/things:1"),
        ("crm/thing:1", "crm/things:1"),
        ("THG-0NE", "THG-ONE"),
        ("'; drop table", "write source"),
    ],
)
def test_an_unknown_name_hears_of_near_ones(published, text, near):
    with published.read() as session, pytest.raises(NotFoundError, match=near):
        resolve(session, "thing", text)


def test_a_record_of_another_entity_is_refused(published):
    from tests.decisions.conftest import land, publish

    land(published, ["crm/others:1"])
    publish(published, {"OTH-ONE": ["crm/others:1"]}, entity="other")

    with published.read() as session, pytest.raises(NotFoundError, match="record of other, not of thing"):
        resolve(session, "thing", "crm/others:1")
