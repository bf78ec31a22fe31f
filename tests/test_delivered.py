"""Rows of a delivery fall into one class each, whatever their order."""

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mdm import delivered

PAGE = {"record_id": pl.Int64, "digest": pl.Int64, "op": pl.String, "source_time": pl.Int64, "wanted": pl.Boolean}
HEAD = {"record_id": pl.Int64, "digest": pl.Int64, "op": pl.String, "source_time": pl.Int64}
NOTHING = pl.Series(dtype=pl.Int64)
row = st.tuples(
    st.integers(1, 4),
    st.integers(1, 3),
    st.sampled_from(["upsert", "delete", "inactive"]),
    st.none() | st.integers(1, 5),
    st.booleans(),
)


def page(*rows) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=PAGE, orient="row")


def heads(*rows) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=HEAD, orient="row")


@pytest.mark.parametrize(
    ("said", "known", "kind"),
    [
        ((1, 7, "upsert", 5, True), [], "new"),
        ((1, 7, "upsert", 5, False), [], "filtered"),
        ((1, 7, "inactive", 5, True), [], "filtered"),
        ((1, 7, "delete", 5, True), [], "filtered"),
        ((1, 7, "upsert", 5, True), [(1, 7, "upsert", 5)], "unchanged"),
        ((1, 8, "upsert", 6, True), [(1, 7, "upsert", 5)], "changed"),
        ((1, 8, "upsert", 4, True), [(1, 7, "upsert", 5)], "late"),
        ((1, 8, "upsert", None, True), [(1, 7, "upsert", 5)], "changed"),
        ((1, 8, "delete", 6, True), [(1, 7, "upsert", 5)], "deleted"),
        ((1, 9, "delete", 6, True), [(1, 7, "delete", 5)], "unchanged"),
        ((1, 7, "upsert", 6, True), [(1, 7, "delete", 5)], "changed"),
    ],
)
def test_a_row_is_classed_by_what_is_known(said, known, kind):
    found = delivered.classified(page(said), heads(*known), NOTHING)

    assert found["kind"].to_list() == [kind]


def test_the_same_again_in_one_delivery_is_a_duplicate():
    found = delivered.classified(page((1, 7, "upsert", 5, True)), heads((1, 7, "upsert", 5)), pl.Series([1]))

    assert found["kind"].to_list() == ["duplicate"]


def test_versions_in_one_page_are_landed_in_the_order_of_their_time():
    parts = delivered.rounds(page((1, 30, "upsert", 3, True), (2, 1, "upsert", 1, True), (1, 10, "upsert", 1, True)))

    assert [p.filter(pl.col("record_id") == 1)["digest"].to_list() for p in parts] == [[10], [30]]


def test_a_version_without_a_time_follows_what_was_read_before_it():
    parts = delivered.rounds(page((1, 10, "upsert", 3, True), (1, 20, "inactive", None, True)))

    assert [p["digest"].to_list() for p in parts] == [[10], [20]]


@given(st.lists(row, max_size=12))
def test_rounds_lose_and_double_nothing(rows):
    whole = page(*rows)

    parts = delivered.rounds(whole)

    assert sum(p.height for p in parts) == whole.height
    assert all(p["record_id"].is_unique().all() for p in parts)
    if parts:
        assert sorted(pl.concat(parts).rows(), key=str) == sorted(whole.rows(), key=str)
