"""Fields that nobody mapped, and fields that are gone."""

import pytest

from mdm import mapping
from mdm.errors import DriftError
from mdm.mapping import Drift
from mdm.settings import Condition, LinkSettings, MapSettings, ParentSettings

FLAT = MapSettings("thing", fields={"N": ("name",)}, where={"T": ("a",)}, links=(LinkSettings("owner", "a/b", ("U",), role="R"),))


def test_a_header_that_fits_has_no_drift(stream):
    settings = stream(FLAT, ignore=("O",), modified="M", deleted=Condition("D", ("1",)), pseudonymise=("P",))

    assert not mapping.drift(["id", "N", "T", "U", "R", "O", "M", "D", "P"], settings)


def test_a_new_field_is_unknown(stream):
    assert mapping.drift(["id", "N", "T", "U", "X"], stream(FLAT)) == Drift(unknown=("X",))


def test_a_field_that_is_gone_is_missing(stream):
    assert mapping.drift(["id", "T", "U"], stream(FLAT)).missing == ("N",)


def test_an_absent_role_is_a_constant_and_not_missing(stream):
    assert not mapping.drift(["id", "N", "T", "U"], stream(FLAT)).missing


def test_nothing_delivered_proves_nothing(stream, delivered):
    assert not mapping.drift([], stream(FLAT))
    assert not mapping.drift(delivered(None, op="delete"), stream(FLAT))


def test_nested_fields_are_named_with_dots(stream, delivered):
    one = MapSettings("thing", fields={"contact.email": ("name",), "tags[1].v": ("code",)})
    frame = delivered({"id": 1, "contact": {"email": "x", "fax": None}, "tags": [{"v": 1, "w": [[{"z": 1}]]}]}, {"flat.dot": 1})

    assert mapping.drift(frame, stream(one)) == Drift(unknown=("contact.fax", "tags.w.z", "flat.dot"))


def test_a_field_that_is_now_an_object_and_now_a_list_is_looked_into(stream, delivered):
    one = MapSettings("thing", fields={"a.x": ("name",)})

    assert mapping.drift(delivered({"id": 1, "a": {"x": 1}}, {"a": [{"x": 1, "y": 2}]}, {"a": "z"}), stream(one)).unknown == (
        "a.y",
    )


def test_ignoring_an_object_ignores_what_is_in_it(stream, delivered):
    one = MapSettings("thing", fields={"id": ("code",)})

    assert not mapping.drift(delivered({"id": 1, "o": {"a": {"b": 1}}}), stream(one, ignore=("o",)))


def test_a_header_of_top_names_covers_nested_mappings(stream):
    one = MapSettings("thing", fields={"contact.email": ("name",)})

    assert not mapping.drift(["id", "contact"], stream(one))


EXPLODED = MapSettings("thing", fields={"name": ("name",), "id": ("code",)}, explode="p.l", element_key=("name",))


def test_fields_of_elements_are_found_in_the_elements(stream, delivered):
    frame = delivered({"id": 1, "p": {"l": [{"name": "a", "new": 1}]}})

    assert mapping.drift(frame, stream(EXPLODED)) == Drift(unknown=("p.l.new",))


def test_a_list_that_is_gone_is_missing(stream, delivered):
    assert mapping.drift(delivered({"id": 1, "p": {"x": 1}}), stream(EXPLODED)).missing == ("p.l", "name")


def test_a_sparse_source_misses_only_when_nothing_is_left(stream, delivered):
    settings = stream(FLAT)

    assert not mapping.drift(delivered({"id": 1}), settings, sparse=True).missing
    assert mapping.drift(delivered({"other": 1}), settings, sparse=True).missing


def test_the_key_of_a_parent_is_needed(stream):
    one = MapSettings("thing", fields={"L": ("line_1",)}, parent=ParentSettings(("A",), "accounts", "address"))

    assert mapping.drift(["id", "L"], stream(one)).missing == ("A",)


def test_missing_fields_stop_the_stream_with_the_next_step(stream):
    with pytest.raises(DriftError, match=r"src/things: the mapped field 'N' is missing.*'Name'.*sources\.src\.streams\.things"):
        mapping.require(Drift(unknown=("Name",), missing=("N",)), stream(FLAT))


def test_unknown_fields_stop_nothing(stream):
    mapping.require(Drift(unknown=("X",)), stream(FLAT))
