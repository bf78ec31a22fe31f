"""The laws that every standardiser keeps."""

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mdm import standard
from mdm.standard import Standardiser
from tests.standard.texts import texts

_MADE = [
    standard.prefix(3),
    standard.suffix_of(3),
    standard.split(";"),
    standard.split(";", standard.strength),
    standard.phone_in("49"),
    standard.phone_key_in("49"),
    standard.name.then(standard.folded_name),
    standard.per_value(lambda value: value.strip().lower()[:5].strip(), name="per_value"),
]
_NAMED = [value for key in standard.__all__ if isinstance(value := getattr(standard, key), Standardiser)]
ALL = _NAMED + _MADE
# What takes a part out of a whole takes another part out of that part.
_PARTS = {"given_part", "family_part", "premises", "department", "unit", "house_number", "generation.then(suffix)"}


@pytest.mark.parametrize("form", ALL, ids=lambda form: form.name)
@settings(max_examples=15)
@given(values=st.lists(texts(), min_size=1, max_size=40))
def test_a_standardiser_keeps_its_law(form, values):
    column = pl.Series("value", [*values, None, "", " \t"], dtype=pl.String)

    once = form.series(column)

    assert once.dtype == form.dtype
    assert once.name == "value"
    if form.name not in _PARTS:
        assert once.to_list()[-3:] == [None, None, None]
    if once.dtype == pl.String and form.name not in _PARTS:
        assert "" not in once.to_list()
        assert form.series(once).to_list() == once.to_list()


@pytest.mark.parametrize("form", ALL, ids=lambda form: form.name)
def test_one_value_and_a_column_say_the_same(form):
    values = ["Dr. Ana López", "500 mg", "2014-05-29", "a; b", "\ud800".encode("utf-8", "replace").decode(), None]

    column = pl.DataFrame({"value": values}).select(form.on(pl.col("value"))).to_series()

    assert column.to_list() == [form(value) for value in values]


@pytest.mark.parametrize("form", _NAMED, ids=lambda form: form.name)
def test_a_standardiser_says_what_it_is_for(form):
    assert form.about.endswith(".")
    assert form in vars(standard).values()


def test_repeated_values_are_worked_out_once():
    asked = []
    form = standard.per_value(lambda value: asked.append(value) or value.upper(), name="asked")
    column = pl.DataFrame({"value": ["a", "b", None, "a"] * 5_000})

    told = column.select(form.on(pl.col("value"))).to_series()

    assert told.to_list() == ["A", "B", None, "A"] * 5_000
    assert sorted(asked) == ["a", "b"]


def test_a_column_that_is_no_text_is_read_as_text():
    column = pl.DataFrame({"value": [1234567893, None]})

    told = column.select(standard.digits.on(pl.col("value"))).to_series()

    assert told.to_list() == ["1234567893", None]


def test_a_surrogate_does_not_raise():
    assert standard.text("\ud800 a") == "? a"
