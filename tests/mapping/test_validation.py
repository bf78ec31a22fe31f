"""A mapping is held against the entities it feeds; and its fingerprint, and a first proposal."""

import tomllib
from dataclasses import replace

import pytest

from mdm import mapping
from mdm.entity import Entity
from mdm.errors import ConfigError
from mdm.mapping import Target, target
from mdm.settings import LinkSettings, MapSettings, ParentSettings, Source

GOOD = MapSettings(
    "thing",
    fields={"N": ("name", "sort_name"), "L": ("licence[1].number",)},
    constants={"country": "US", "licence[1].state": "NY"},
    values={"status": {"A": "active"}, "licence.status": {"A": "active"}, "licence[1].state": {"a": "b"}},
    links=(LinkSettings("owner", "hco/units", ("U",)),),
)
CHILD = MapSettings("thing", fields={"L": ("line_1",)}, parent=ParentSettings(("A",), "accounts", "address"))


@pytest.mark.parametrize(
    "good",
    [
        GOOD,
        CHILD,
        replace(GOOD, explode="l", element_key=("id",)),
        replace(CHILD, fields={}, links=GOOD.links, parent=ParentSettings(("A",), "a")),
    ],
    ids=["flat", "child", "exploded", "links"],
)
def test_a_mapping_of_what_exists_is_accepted(stream, thing, good):
    made = stream(good)

    assert mapping.validated(made, {"thing": thing}) is made


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"entity": "thin"}, r"map\[1\] names the entity 'thin'; did you mean 'thing'"),
        ({"fields": {"N": ("nam",)}}, r"fields: the entity 'thing' has no attribute 'nam'; did you mean 'name'"),
        ({"fields": {"N": ("licence[1].numbr",)}}, r"the collection 'licence' has no attribute 'numbr'; did you mean 'number'"),
        ({"fields": {"N": ("license[1].number",)}}, r"has no collection 'license'; did you mean 'licence'"),
        ({"fields": {"N": ("licence[0].number",)}}, r"indexes of a collection start at 1"),
        ({"fields": {"N": ("licence.number",)}}, r"write 'licence\[1\]\.number'"),
        ({"fields": {"N": ("owner",)}}, r"'owner' is a link of 'thing'; map it under links"),
        ({"fields": {}, "links": ()}, r"maps no field"),
        ({"constants": {"contry": "US"}}, r"constants: .* 'contry'; did you mean 'country'"),
        ({"values": {"stat": {}}}, r"values: .*'stat'; did you mean 'status'"),
        ({"links": (LinkSettings("ownr", "a/b", ("U",)),)}, r"has no link 'ownr'; did you mean 'owner'"),
        ({"links": (LinkSettings("owner", "units", ("U",)),)}, r"to = 'units' must be 'source/stream'"),
        ({"explode": "l"}, r"explode and element_key go together"),
        ({"element_key": ("id",)}, r"explode and element_key go together"),
        ({"explode": "l", "element_key": ("id",), "parent": CHILD.parent}, r"either parent or explode"),
        ({"parent": ParentSettings(("A",), "accounts", "adress")}, r"collection 'adress'; did you mean 'address'"),
        ({"parent": CHILD.parent}, r"has no attribute 'name'|feeds one child a row"),
        ({"parent": ParentSettings(("A",), "accounts")}, r"parent has no 'collection'"),
    ],
)
def test_what_does_not_exist_is_refused_by_name(stream, thing, change, message):
    with pytest.raises(ConfigError, match=message):
        mapping.validated(stream(replace(GOOD, **change)), {"thing": thing})


def test_links_have_to_lead_to_a_stream_that_feeds_their_entity(stream, thing):
    units = stream(MapSettings("thing", fields={"N": ("name",)}), name="units", source="hco")
    other = stream(MapSettings("other", fields={"N": ("name",)}), name="units", source="hco")

    mapping.validated(stream(GOOD), {"thing": thing}, {"hco": Source("hco", "files", streams={"units": units})})

    with pytest.raises(ConfigError, match="which 'hco/units' does not feed"):
        mapping.validated(stream(GOOD), {"thing": thing}, {"hco": Source("hco", "files", streams={"units": other})})
    with pytest.raises(ConfigError, match="names the stream 'units'; did you mean 'unit'"):
        mapping.validated(stream(GOOD), {"thing": thing}, {"hco": Source("hco", "files", streams={"unit": units})})
    with pytest.raises(ConfigError, match="names the source 'hco'"):
        mapping.validated(stream(GOOD), {"thing": thing}, {"crm": Source("crm", "files")})


def test_targets_are_read():
    assert target("name") == Target("name")
    assert target("licence[12].number") == Target("number", "licence", 12)


def test_a_fingerprint_is_stable_and_blind_to_what_changes_nothing(stream):
    one = mapping.fingerprint(stream(GOOD))

    turned = replace(GOOD, fields=dict(reversed(GOOD.fields.items())))
    assert mapping.fingerprint(stream(turned, ignore=("X",), shrink=0.9, delivery="full", options={"path": "y"})) == one


@pytest.mark.parametrize(
    "change",
    [
        {"fields": {"N": ("name",), "L": ("licence[1].number",)}},
        {"where": {"T": ("a",)}},
        {"constants": {}},
        {"values": {}},
        {"links": ()},
        {"explode": "l", "element_key": ("id",)},
    ],
    ids=lambda change: next(iter(change)),
)
def test_a_fingerprint_sees_what_changes_records(stream, change):
    assert mapping.fingerprint(stream(replace(GOOD, **change))) != mapping.fingerprint(stream(GOOD))


def test_the_order_of_fields_that_feed_one_attribute_is_seen(stream):
    left = stream(MapSettings("thing", fields={"A": ("name",), "B": ("name",)}))
    right = stream(MapSettings("thing", fields={"B": ("name",), "A": ("name",)}))

    assert mapping.fingerprint(left) != mapping.fingerprint(right)


def test_a_proposal_is_toml_and_places_what_is_alike(thing):
    fields = ["Name", "SORT_NAME__c", "Thing Code", "License Number 2", "contact.City", "Owner", 'odd "one"']

    text = mapping.proposed(fields, thing, source="crm", stream="my things")

    found = tomllib.loads(text)["sources"]["crm"]["streams"]["my things"]["map"][0]
    assert found["entity"] == "thing"
    assert found["fields"]["Name"] == "name"
    assert found["fields"]["SORT_NAME__c"] == "sort_name"
    assert found["fields"]["License Number 2"] == "licence[2].number"
    assert '"Owner"' in text.splitlines()[-1]


def test_a_proposal_for_an_empty_stream_says_what_is_not_fed(thing):
    assert "not fed by any field: name" in mapping.proposed([], thing)
    assert isinstance(thing, Entity)
