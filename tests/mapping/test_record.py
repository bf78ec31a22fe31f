"""One map applied to landed records."""

import polars as pl
import pytest

from mdm import mapping
from mdm.digest import record_id
from mdm.settings import LinkSettings, MapSettings, ParentSettings


@pytest.fixture
def mapped(landed, stream, thing):
    """Landed payloads through one map."""

    def make(*payloads, op="upsert", **settings):
        one = MapSettings("thing", **settings)
        return mapping.records(landed(*payloads, op=op), stream(one), one, thing)

    return make


def test_a_field_may_feed_several_attributes(mapped):
    found = mapped({"N": "Ana"}, fields={"N": ("name", "sort_name")})

    assert found.records.select("name", "sort_name", "code").row(0) == ("Ana", "Ana", None)


def test_a_record_keeps_where_it_comes_from(mapped):
    found = mapped({"N": "Ana"}, fields={"N": ("name",)}).records

    columns = ["record_id", "parent_id", "source", "stream", "source_key", "seq", "source_time", "inactive"]
    assert found.select(columns).row(0) == (record_id("src", "things", "k0"), None, "src", "things", "k0", 1, 100, False)


def test_every_attribute_is_a_column_of_text(mapped, thing):
    found = mapped(fields={"N": ("name",)}).records

    assert found.columns[8:] == [a.name for a in thing.attributes]
    assert set(found.dtypes[8:]) == {pl.String}


def test_the_first_field_that_says_anything_feeds_the_attribute(mapped):
    found = mapped({"A": "", "B": "b"}, {"A": "a", "B": "b"}, {}, fields={"A": ("name",), "B": ("name",)})

    assert found.records["name"].to_list() == ["b", "a", None]


def test_a_constant_fills_what_no_field_says(mapped):
    found = mapped({"C": "FR"}, {"C": ""}, fields={"C": ("country",)}, constants={"country": "US", "status": "active"})

    assert found.records.select("country", "status").rows() == [("FR", "active"), ("US", "active")]


def test_where_keeps_the_rows_it_names_and_counts_the_others(mapped):
    found = mapped({"T": "a", "N": "1"}, {"T": "b"}, {}, {"T": "a"}, fields={"N": ("name",)}, where={"T": ("a",)})

    assert found.records["source_key"].to_list() == ["k0", "k3"]
    assert found.filtered == 2


def test_where_may_name_the_absent(mapped):
    found = mapped({"T": "a"}, {"T": ""}, {}, fields={"T": ("name",)}, where={"T": ("",)})

    assert found.records["source_key"].to_list() == ["k1", "k2"]


def test_a_deleted_record_says_nothing(mapped):
    found = mapped({"N": "1"}, None, op=["upsert", "delete"], fields={"N": ("name",)})

    assert found.records["source_key"].to_list() == ["k0"]
    assert found.filtered == 0


def test_an_inactive_record_has_the_status_inactive(mapped):
    found = mapped({"N": "1", "S": "A"}, op="inactive", fields={"N": ("name",), "S": ("status",)})

    assert found.records.select("name", "status", "inactive").row(0) == ("1", "inactive", True)


def test_an_inactive_record_that_blanks_its_type_is_not_filtered(mapped):
    found = mapped({"T": ""}, {"T": "b"}, op="inactive", fields={"N": ("name",)}, where={"T": ("a",)})

    assert found.records["source_key"].to_list() == ["k0"]


def test_codes_are_decoded_and_unknown_ones_reported(mapped):
    found = mapped(
        {"S": "A"},
        {"S": " I "},
        {"S": "Z"},
        {"S": ""},
        fields={"S": ("status",)},
        values={"status": {"A": "active", "I": "inactive"}},
    )

    assert found.records["status"].to_list() == ["active", "inactive", None, None]
    assert found.unknown_codes.rows() == [(record_id("src", "things", "k2"), "status", "Z")]


def test_a_list_of_codes_is_decoded_one_by_one(mapped):
    found = mapped({"K": ["a", "x", "b"]}, fields={"K": ("kinds",)}, values={"kinds": {"a": "A", "b": "B"}})

    assert found.records["kinds"].to_list() == ["A;B"]
    assert found.unknown_codes.rows() == [(record_id("src", "things", "k0"), "kinds", "x")]


def test_a_code_that_means_nothing_is_not_unknown(mapped):
    found = mapped({"S": "U"}, fields={"S": ("status",)}, values={"status": {"U": ""}})

    assert found.records["status"].to_list() == [None]
    assert found.unknown_codes.is_empty()


def test_numbered_children_are_rows_of_their_collection(mapped):
    found = mapped(
        {"L1": "1", "S1": "NY", "L2": "2", "S2": ""},
        {"L2": "3"},
        {},
        fields={
            "L1": ("licence[1].number",),
            "S1": ("licence[1].state",),
            "L2": ("licence[2].number",),
            "S2": ("licence[2].state",),
        },
        constants={"licence[1].status": "valid", "licence[2].status": "valid"},
        values={"licence.state": {"NY": "New York"}},
    )

    rows = found.children["licence"].sort("record_id", "ordinal")
    own, other = record_id("src", "things", "k0"), record_id("src", "things", "k1")
    assert sorted(rows.select("record_id", "child_id", "source_key", "ordinal", "number", "state", "status").rows()) == sorted(
        [
            (own, own, "k0", 1, "1", "New York", "valid"),
            (own, own, "k0", 2, "2", None, "valid"),
            (other, other, "k1", 2, "3", None, "valid"),
        ]
    )
    assert found.children["address"].is_empty()


def test_a_stream_of_child_rows_belongs_to_its_parents(landed, stream, thing):
    one = MapSettings(
        "thing", fields={"Name": ("line_1",), "City": ("city",)}, parent=ParentSettings(("Account",), "accounts", "address")
    )
    frame = landed(
        {"Account": "a|1", "Name": "High St", "City": ""}, {"Account": "", "Name": "lost"}, {"Account": "b"}, stream="addresses"
    )

    found = mapping.records(frame, stream(one, name="addresses"), one, thing)

    rows = found.children["address"].select("record_id", "child_id", "stream", "source_key", "line_1", "city").rows()
    assert rows == [
        (record_id("src", "accounts", "a\\|1"), record_id("src", "addresses", "k0"), "addresses", "k0", "High St", None)
    ]
    assert found.records.is_empty()


def test_a_stream_may_send_nothing_but_links_of_its_parents(landed, stream, thing):
    link = LinkSettings("owner", "hco/units", ("Unit",), role="Role")
    one = MapSettings("thing", links=(link,), parent=ParentSettings(("A", "B"), "accounts"))
    frame = landed({"A": "1", "B": "2", "Unit": "u", "Role": "chief"}, {"Unit": "u"}, stream="jobs")

    found = mapping.records(frame, stream(one, name="jobs"), one, thing)

    assert found.links.select("record_id", "to_key", "role").rows() == [(record_id("src", "accounts", "1|2"), "u", "chief")]


def test_a_link_takes_constants_and_fields(mapped):
    link = LinkSettings("owner", "hco/units", ("Unit",), role="practice", number="No", valid_from="Start", valid_to="2030-01-01")

    found = mapped(
        {"Unit": "a|b", "No": 7, "Start": "2020-01-01"}, {"Unit": "c"}, {"Unit": ""}, {}, fields={"N": ("name",)}, links=(link,)
    )

    assert found.links.drop("record_id", "child_id").rows() == [
        ("owner", "hco", "units", "a\\|b", record_id("hco", "units", "a\\|b"), "practice", "7", None, "2020-01-01", "2030-01-01"),
        ("owner", "hco", "units", "c", record_id("hco", "units", "c"), "practice", "No", None, None, "2030-01-01"),
    ]


def test_a_link_may_lead_to_a_composite_key(mapped):
    link = LinkSettings("owner", "edc/sites", ("Study", "Site"), number="Site", study="Study")

    found = mapped({"Study": "S-1", "Site": "001"}, fields={"Study": ("name",)}, links=(link,))

    assert found.links.select("to_key", "number", "study").row(0) == ("S-1|001", "001", "S-1")


def test_links_of_elements_belong_to_the_elements(mapped):
    found = mapped(
        {"unit": "u", "l": [{"id": "1"}, {"id": "2", "unit": "v"}]},
        fields={"id": ("code",)},
        explode="l",
        element_key=("id",),
        links=(LinkSettings("owner", "hco/units", ("unit",)),),
    )

    assert found.links.select("record_id", "to_key").rows() == [
        (record_id("src", "things", "k0|1"), "u"),
        (record_id("src", "things", "k0|2"), "v"),
    ]


LISTED = {
    "id": "S1",
    "status": "open",
    "part": {
        "list": [{"name": "A|x", "zip": "1"}, {"name": "B", "zip": None, "status": ""}, {"name": "A|x", "zip": "1"}, {"other": 1}]
    },
}


def test_a_list_explodes_into_one_record_per_element(mapped):
    found = mapped(
        LISTED,
        {"part": {"list": []}},
        fields={"name": ("name",), "id": ("code",)},
        explode="part.list",
        element_key=("name", "zip"),
    )

    parent = record_id("src", "things", "k0")
    assert found.records.select("record_id", "parent_id", "source_key", "name", "code").rows() == [
        (record_id("src", "things", "k0|A\\|x|1"), parent, "k0|A\\|x|1", "A|x", "S1"),
        (record_id("src", "things", "k0|B|"), parent, "k0|B|", "B", "S1"),
    ]
    assert (found.duplicates, found.unkeyed) == (1, 1)


def test_an_element_is_asked_before_the_record_around_it(mapped):
    found = mapped(LISTED, fields={"name": ("name",), "status": ("status",)}, explode="part.list", element_key=("name",))

    assert found.records.select("name", "status").rows() == [("A|x", "open"), ("B", None)]


def test_a_list_inside_an_element_is_the_elements_own(mapped):
    listed = {"contacts": [{"phone": "0"}], "l": [{"id": "1", "contacts": [{"phone": "7"}, {"phone": "8"}]}, {"id": "2"}]}

    found = mapped(listed, fields={"contacts.phone": ("name",)}, explode="l", element_key=("id",))

    assert found.records["name"].to_list() == ["7;8", "0"]


def test_where_judges_elements_before_they_are_counted_as_twice(mapped):
    twice = {"l": [{"id": "1", "t": "x"}, {"id": "1", "t": "y", "n": "kept"}]}

    found = mapped(twice, fields={"n": ("name",)}, where={"t": ("y",)}, explode="l", element_key=("id",))

    assert found.records["name"].to_list() == ["kept"]
    assert (found.filtered, found.duplicates) == (1, 0)


def test_a_list_of_plain_values_explodes_too(mapped):
    found = mapped({"names": ["Ana", "Bo"]}, fields={".": ("name",)}, explode="names", element_key=(".",))

    assert found.records.select("source_key", "name").rows() == [("k0|Ana", "Ana"), ("k0|Bo", "Bo")]


def test_the_order_and_split_of_records_change_nothing(landed, stream, thing):
    one = MapSettings(
        "thing",
        fields={"name": ("name",), "x.y": ("code",)},
        explode="l",
        element_key=("name",),
        links=(LinkSettings("owner", "hco/units", ("u",), role="r"),),
    )
    payloads = [
        {"l": [{"name": f"n{i}", "u": "1"}], "x": [{"y": i}]} if i % 2 else {"l": {"name": i, "r": "R", "u": 2}, "x.y": 1.50}
        for i in range(9)
    ]
    frame, made = landed(*payloads), stream(one)

    whole = mapping.records(frame, made, one, thing)
    parts = [mapping.records(frame[[i]], made, one, thing) for i in reversed(range(len(frame)))]

    assert whole.records.equals(pl.concat(p.records for p in parts).sort("seq"))
    assert whole.links.sort("record_id").equals(pl.concat(p.links for p in parts).sort("record_id"))
