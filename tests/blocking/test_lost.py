"""What blocking loses is found by comparing without it; the same records and model give the same answer."""

from collections.abc import Callable

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mdm import blocking, model
from mdm.bench import Bench
from mdm.blocking.lost import wilson
from mdm.blocking.sample import alike, drawn, widest
from mdm.model import Model
from mdm.testing.toy import thing as toy_thing

THING = {"block": [["city"]], "accept": 0.5, "review": 0.2, "veto": [], "hot": 40}


def things(people: int = 12) -> pl.DataFrame:
    """Every person twice: those of even number with their city both times, the others once without."""
    rows = []
    for n in range(people):
        name = f"{chr(97 + n)}{'aeiou'[n % 5] * 3}{chr(122 - n)}{n} stone"
        rows += [{"name": name, "city": f"c{n}"}, {"name": name, "city": None if n % 2 else f"c{n}"}]
    return pl.DataFrame(rows).select(
        record_id=pl.int_range(1, pl.len() + 1, dtype=pl.Int64), name="name", city="city", code=pl.lit(None, pl.String),
        kind=pl.lit(None, pl.String), status=pl.lit(None, pl.String), colours=pl.lit(None, pl.List(pl.String)),
        name_start=pl.col("name").str.slice(0, 2),
    )  # fmt: skip


@pytest.fixture
def laid() -> Callable:
    """A bench of things, the entity that blocks them by city, and its declared model."""
    from dataclasses import replace

    def make(people: int = 12, **changes) -> tuple:
        bench, entity = Bench(None), replace(toy_thing, **{**THING, **changes})
        bench.store("bench.compare", things(people))
        settings = model.declared(entity)
        settings["probability_two_random_records_match"] = 0.1
        return bench, entity, Model("thing", 1, settings, {}, {}, "")

    return make


def test_pairs_that_no_rule_makes_are_lost_and_the_advice_finds_them(laid):
    bench, entity, weights = laid()

    found = blocking.lost(bench, entity, weights)

    assert (found.accept.found, found.accept.lost, found.widest) == (6, 6, None)
    assert found.accept.low < found.accept.value == 0.5 < found.accept.high
    assert found.pairs["agrees"][0].to_list() == ["name"]
    assert (found.advice[0].code, found.advice[0].share) == ('["name"]', 1.0)


def test_what_a_constraint_parts_is_no_loss(laid):
    bench, entity, weights = laid(veto=["kind"])
    bench.execute("update bench.compare set kind = record_id::varchar where record_id <= 8")

    found = blocking.lost(bench, entity, weights)

    assert (found.accept.found, found.accept.lost) == (4, 4)


def test_nor_are_pairs_within_a_stream_that_holds_nothing_twice(laid):
    bench, entity, weights = laid()
    bench.execute("create temp table distinct_record as select record_id, 'a/b' as stream from bench.compare")

    found = blocking.lost(bench, entity, weights)

    assert found.accept.lost == 0
    assert found.accept.value is None


def test_a_sample_is_the_same_each_time_and_another_for_another_model(laid):
    bench, entity, weights = laid(26)

    one, two = (blocking.lost(bench, entity, weights, budget=300) for _ in range(2))

    assert one.sampled < one.records or one.widest is not None
    assert (one.accept, one.pairs.rows()) == (two.accept, two.pairs.rows())
    drawn(bench, "first", 10, 1)
    drawn(bench, "second", 10, 2)
    assert bench.execute("select record_id from first order by 1") != bench.execute("select record_id from second order by 1")


def test_partners_share_a_value_that_is_not_too_common(laid):
    bench, _, _ = laid()
    bench.execute("update bench.compare set kind = 'all'")
    drawn(bench, "few", 24, 1)

    most, partners = widest(bench, ["name", "kind"], 5.0)
    alike(bench, ["name", "kind"], "few", most)

    assert (most, partners) == (2, 1.0)
    assert bench.execute("select count(*) from (select distinct a, b from alike)") == [(12,)]


def test_new_pairs_are_those_no_earlier_rule_makes(laid):
    bench, entity, _ = laid(block=[["city"], ["name"]])

    assert blocking.fresh(bench, entity, blocking.forecast(bench, entity)) == {0: 6, 1: 6}


@given(count=st.integers(1, 10_000), share=st.floats(0, 1))
def test_an_interval_holds_its_share(count, share):
    right = round(count * share)
    low, high = wilson(right, count)

    assert 0 <= low <= right / count <= high <= 1
    assert high - low < 1
