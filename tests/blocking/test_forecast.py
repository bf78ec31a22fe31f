"""What the forecast says is what the rules then make."""

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mdm import blocking
from mdm.bench import Bench
from mdm.blocking.advice import lower
from mdm.blocking.forecast import changed, cost, remember
from mdm.entity import Attribute, Block, Entity


def made(bench: Bench, thing) -> int:
    bench.store("hot_now", blocking.hot_keys(bench, thing))
    blocking.candidates(bench, thing, whole=True)
    return bench.execute("select count(*) from blocked")[0][0]


def test_the_pairs_of_a_rule_are_counted_by_its_keys(entity, bench_of):
    bench = bench_of(city=["x", "x", "x", "y", "y", "z", None])
    thing = entity(["city"])

    ahead = blocking.forecast(bench, thing)

    (rule,) = ahead.costs
    assert (rule.keys, rule.records, rule.met, rule.pairs, rule.largest) == (3, 6, 5, 4, 3)
    assert made(bench, thing) == ahead.pairs


def test_hot_keys_make_no_pairs_and_say_how_many_they_would_have_made(entity, bench_of):
    bench = bench_of(city=["x"] * 4 + ["y"] * 2)
    thing = entity(Block("city", hot=3))

    (rule,) = blocking.forecast(bench, thing).costs

    assert (rule.pairs, rule.hot_keys, rule.hot_pairs) == (1, 1, 6)
    assert made(bench, thing) == 1


def test_an_element_of_a_list_is_a_key(entity, bench_of):
    bench = bench_of(words=[["a", "b"], ["b", "b"], ["b", "c"], [], None])

    (rule,) = blocking.forecast(bench, entity(["words"])).costs

    assert (rule.keys, rule.pairs, rule.largest) == (3, 3, 3)


def test_records_of_a_stream_that_holds_nothing_twice_make_no_pairs_among_themselves(entity, bench_of):
    bench = bench_of(city=["x"] * 5)
    bench.store("distinct_record", pl.DataFrame({"record_id": [1, 2, 3], "stream": ["a/one"] * 3}))
    thing = entity(["city"])

    assert blocking.forecast(bench, thing).pairs == 10 - 3 == made(bench, thing)


def test_only_what_changed_is_counted_where_only_that_is_matched(entity, bench_of):
    bench = bench_of(city=["x"] * 4 + ["y"] * 5)
    bench.store("changed", pl.DataFrame({"record_id": [1]}))

    assert changed(bench, entity(["city"])) == 3


def test_the_last_run_on_this_bench_says_how_long_it_takes(entity, bench_of):
    bench = bench_of(city=["x"] * 4)
    bench.execute("create table bench.meta (key varchar primary key, value varchar)")
    before = blocking.forecast(bench, entity(["city"])).seconds
    remember(bench, 1_000_000, 20.0)

    assert before is None
    assert blocking.forecast(bench, entity(["city"])).seconds == pytest.approx(6 * 0.00002)


def test_a_column_that_tells_every_record_apart_finds_nothing(entity, bench_of):
    bench = bench_of(serial=[f"s{i}" for i in range(2000)], city=["x", "y"] * 1000)
    thing = entity(["serial"], ["city"])

    ahead = blocking.forecast(bench, thing)

    assert ahead.notes == [
        "blocking rule serial finds next to nothing: nearly every key belongs to one record alone",
        "blocking rule city finds next to nothing: nearly every key is shared by more than 500 records (hot), which makes no pairs",
    ]


def test_an_identifier_that_joins_may_be_rare(entity, bench_of):
    bench = bench_of(code=[f"s{i}" for i in range(2000)])

    assert blocking.forecast(bench, entity(["code"], joins=True)).notes == []


THING = Entity(name="thing", about="A thing.", prefix="THG", attributes=[Attribute("city", "Where.")], block=[["city"]])
SIZED = st.dictionaries(st.integers(1, 60), st.integers(1, 5), min_size=1)


@given(sized=SIZED, hot=st.integers(1, 60), room=st.integers(0, 5_000))
def test_a_lower_limit_makes_what_it_says(sized, hot, room):
    frame = pl.DataFrame(
        {"n": list(sized), "keys": list(sized.values()), "pairs": [float(k * n * (n - 1) // 2) for n, k in sized.items()]},
        schema={"n": pl.Int64, "keys": pl.Int64, "pairs": pl.Float64},
    )
    rule = cost(THING, 0, Block("city", hot=hot), frame)

    found = lower(rule, frame, room)

    if found is not None:
        assert found.pairs <= min(room, rule.pairs)
        limit = int(found.code.partition("hot=")[2].rstrip(")"))
        assert limit < hot
        assert cost(THING, 0, Block("city", hot=limit), frame).pairs == found.pairs
    assert rule.pairs + rule.hot_pairs == frame["pairs"].sum()
