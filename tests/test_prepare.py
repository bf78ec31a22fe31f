"""Checks as they are applied: hard or soft, named, and never skipped in silence."""

import polars as pl
import pytest

from mdm import Attribute, Check, Entity, hard, prepare
from mdm.errors import DeclarationError


def shop(*checks: object, rows: tuple = ()) -> Entity:
    return Entity("shop", "A shop.", "SHP", attributes=[Attribute("name", "Its name.", checks=checks)], checks=rows)


def failures(entity: Entity, *names: str | None) -> list[tuple]:
    records = pl.DataFrame({"record_id": range(len(names)), "name": names}, schema={"record_id": pl.Int64, "name": pl.String})
    return prepare.failures(records, entity).sort("record_id", "rule").rows()


def test_a_failure_names_record_attribute_rule_and_value():
    found = failures(shop(Check.str_length(2, 9, error="is too short")), "ok name", "x", None)

    assert found == [(1, "name", "is too short", "x", False)]


@pytest.mark.parametrize("error", ["is too short", None])
def test_a_hard_check_is_hard_whether_it_has_words_or_not(error: str | None):
    found = failures(shop(hard(Check.str_length(2, 9, error=error))), "x")

    assert [hard_one for *_, hard_one in found] == [True]


@pytest.mark.parametrize("words", ["boom", None])
def test_a_check_that_cannot_be_applied_is_an_error_and_no_pass(words: str | None):
    broken = Check(lambda data: 1 / 0, error=words)

    with pytest.raises(DeclarationError, match=r"name: the check .* cannot be applied.*correct it in the rules"):
        failures(shop(broken), "Corner")


def test_a_check_of_whole_records_that_cannot_be_applied_is_an_error_too():
    broken = Check(lambda data: data.lazyframe.select(pl.col("absent").is_null()), error="needs a name")

    with pytest.raises(DeclarationError, match="cannot be applied"):
        failures(shop(rows=(broken,)), "Corner")
