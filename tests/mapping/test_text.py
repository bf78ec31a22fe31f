"""What a payload says, as text and faithfully."""

import json

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mdm.mapping.key import joined, parts, written
from mdm.mapping.path import ways
from mdm.mapping.text import elements, present, texts

DOCUMENT = """{"n": 12.50, "e": 1e5, "i": 7, "big": 12345678901234567890123, "long": 0.12345678901234567890,
 "neg": -0.10, "t": true, "f": false, "null": null, "empty": "", "zeros": "00123", "q": "\\u00e9 \\"1.50\\"",
 "list": [1, "2", null, 3.00], "bracket": "[1.5, 2]", "objects": [{"a": 1}], "a.b": "exact", "a": {"b": "nested"},
 "deep": {"x.y": {"z": "found"}}, "people": [{"name": "Ana", "tags": ["x", "y"]}, {"name": "Bo"}],
 "*": "star", "$": "dollar", "a/b": "slash", "c~d": "tilde", "it's": "quote", "0": "zero", "": "unnamed"}"""


@pytest.mark.parametrize(
    ("field", "expected"),
    [
        ("n", "12.50"),
        ("e", "1e5"),
        ("i", "7"),
        ("big", "12345678901234567890123"),
        ("long", "0.12345678901234567890"),
        ("neg", "-0.10"),
        ("t", "true"),
        ("f", "false"),
        ("null", None),
        ("empty", None),
        ("absent", None),
        ("zeros", "00123"),
        ("q", 'é "1.50"'),
        ("list", "1;2;3.00"),
        ("bracket", "[1.5, 2]"),
        ("objects", '[{"a":1}]'),
        ("a.b", "exact"),
        ("deep.x.y.z", "found"),
        ("people.name", "Ana;Bo"),
        ("people[2].name", "Bo"),
        ("people[3].name", None),
        ("people.tags", "x;y"),
        ("people[1].tags[2]", "y"),
        ("list[2]", "2"),
        ("*", "star"),
        ("$", "dollar"),
        ("a/b", "slash"),
        ("c~d", "tilde"),
        ("it's", "quote"),
        ("0", "zero"),
    ],
)
def test_a_field_is_said_as_the_source_wrote_it(field, expected):
    assert texts(pl.Series([DOCUMENT]), [field])[field].to_list() == [expected]


def test_payloads_may_differ_in_shape():
    payload = pl.Series(['{"a": {"b": 1}}', '{"a": [{"b": 2}, {"b": 3.0}]}', '{"a.b": "x"}', '{"a": "text"}', "{}", None])

    assert texts(payload, ["a.b"])["a.b"].to_list() == ["1", "2;3.0", "x", None, None, None]


def test_no_payloads_say_nothing():
    assert texts(pl.Series([], dtype=pl.String), ["a.b"])["a.b"].to_list() == []


def test_a_field_may_be_there_and_empty():
    payload = pl.Series(['{"a": null}', '{"a": ""}', '{"b": {"c": null}}', "{}", None])

    found = present(payload, ["a", "b.c"])

    assert found["a"].to_list() == [True, True, False, False, False]
    assert found["b.c"].to_list() == [False, False, True, False, False]


def test_elements_keep_their_order_and_their_row():
    payload = pl.Series(['{"l": [{"a": 1.0}, null, 2]}', "{}", '{"l": {"a": 3}}', '{"l": null}', None, '{"l": []}'])

    assert elements(payload, "l").rows() == [(0, 1, '{"a":"1.0"}'), (0, 3, "2"), (2, 1, '{"a":3}')]


def test_lists_inside_lists_have_elements_too():
    payload = pl.Series(
        ['{"g": [{"l": [{"a": 1.5}, "x"]}, {"l": {"a": 2}}, {"m": 1}]}', "{}", '{"g": {"l": [3]}}', '{"g": [{}]}']
    )

    assert elements(payload, "g.l").rows() == [(0, 1, '{"a": "1.5"}'), (0, 2, '"x"'), (0, 3, '{"a": "2"}'), (2, 1, "3")]


def test_an_exact_name_is_tried_before_a_nested_one():
    assert ways("a.b.c") == (("a.b.c",), ("a.b", "c"), ("a", "b.c"), ("a", "b", "c"))
    assert ways("a[2].b")[-1] == ("a", 1, "b")


plain = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=8)


@given(st.dictionaries(plain.filter(lambda name: name != "."), plain | st.none() | st.booleans() | st.integers(), max_size=5))
def test_flat_payloads_say_what_python_reads(record):
    payload = pl.Series([json.dumps(record)], dtype=pl.String)

    said = texts(payload, record)

    for name, value in record.items():
        expected = None if value is None or value == "" else str(value).lower() if isinstance(value, bool) else str(value)
        assert said[name].to_list() == [expected]


@given(st.floats(allow_nan=False, allow_infinity=False), plain)
def test_numbers_keep_their_literals(number, text):
    payload = pl.Series([f'{{"n":[{number!r}],"t":{json.dumps(text)},"m":{number!r}}}'])

    said = texts(payload, ["n", "m", "t"])

    assert (said["n"][0], said["m"][0], said["t"][0]) == (repr(number), repr(number), text or None)


@given(
    st.lists(st.text(st.characters(codec="utf-8")), min_size=1, max_size=4).filter(lambda found: any(p.strip() for p in found))
)
def test_a_key_can_be_taken_apart_again(found):
    key = joined([pl.Series([part]) for part in found])[0]

    assert key == written(found)
    assert parts(key) == found


def test_a_key_of_blanks_is_no_key():
    assert joined([pl.Series(["a", " ", None]), pl.Series([None, "", None], dtype=pl.String)]).to_list() == ["a|", None, None]
