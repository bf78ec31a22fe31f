"""Checks of rules: they judge whole columns, let what is empty pass, and say a sentence."""

from datetime import date

import pandera.polars as pa
import polars as pl
import pytest
from pandera.errors import SchemaErrors

from mdm import checks, identifiers, standard


def failing(check: pa.Check, values: list[object]) -> list[object]:
    """The values that fail, by their places."""
    frame = pl.DataFrame({"value": values})
    try:
        pa.DataFrameSchema({"value": pa.Column(nullable=True, checks=[check])}).validate(frame, lazy=True)
    except SchemaErrors as error:
        assert error.failure_cases["check"].unique().to_list() == [check.error]
        return [values[i] for i in error.failure_cases["index"]]
    return []


@pytest.mark.parametrize(
    ("check", "values", "bad"),
    [
        (checks.valid(identifiers.cas), ["7732-18-5", "7732-18-6", None], ["7732-18-6"]),
        (checks.matches("[A-Z]{2}", error="two letters"), ["US", "USA", "u", None], ["USA", "u"]),
        (checks.one_of("a", "b"), ["a", "c", None], ["c"]),
        (checks.between(0, 10), [0.0, 10.0, -0.1, None], [-0.1]),
        (checks.not_future(), [date(1970, 1, 1), date(2999, 1, 1), None], [date(2999, 1, 1)]),
        (checks.not_before(1900), [date(1900, 1, 1), date(1899, 12, 31), None], [date(1899, 12, 31)]),
        (checks.has_letters(), ["Ana", "李", "1855)", None], ["1855)"]),
        (checks.never(standard.placeholder_phone, error="nobody's"), ["999-999-9999", "513-555-0123", None], ["999-999-9999"]),
    ],
    ids=["valid", "matches", "one_of", "between", "not_future", "not_before", "has_letters", "never"],
)  # fmt: skip
def test_what_fails(check, values, bad):
    assert failing(check, values) == bad


def test_a_placeholder_is_told_by_the_whole_name():
    frame = pl.DataFrame({"given": ["Central", "Ana", None], "family": ["Contact", "Contreras", None]})

    with pytest.raises(SchemaErrors) as caught:
        pa.DataFrameSchema(checks=[checks.real_person("given", "family")]).validate(frame, lazy=True)

    assert caught.value.failure_cases["index"].to_list() == [0]


def test_every_check_says_what_is_wrong():
    assert checks.valid(identifiers.npi).error == "not a valid npi"
    assert checks.one_of("a", "b").error == "not one of: a, b"
