"""A rule that would explode is refused before it does, with advice that holds; so are rules that find nobody."""

import random

import pytest

from mdm import blocking
from mdm.blocking.advice import advice
from mdm.entity import Block
from mdm.errors import BlockingError

DRAW = random.Random(3)


def columns(count: int = 300) -> dict[str, list]:
    """Few cities, names that some share, secret dates, serial numbers."""
    return {
        "city": [DRAW.choice(["lund", "lund", "york"]) for _ in range(count)],
        "name": [DRAW.choice("abcdefghijklmnopqrstuvwxyz") * 3 for _ in range(count)],
        "born": [f"19{DRAW.randrange(50, 99)}-01-01" for _ in range(count)],
        "serial": [f"s{i}" for i in range(count)],
    }


def refused(bench, thing, **options) -> str:
    with pytest.raises(BlockingError) as error:
        blocking.allow(bench, thing, blocking.forecast(bench, thing), **options)
    return str(error.value)


def test_a_rule_that_explodes_is_refused_by_name_with_its_largest_key(entity, bench_of):
    said = refused(bench_of(pairs=2_000, **columns()), entity(["city"]))

    assert 'Most come from the rule ["city"]' in said
    assert "'lund' with" in said
    assert "more than the limit of 2,000" in said
    assert "what is published stays" in said


def test_what_is_personal_is_counted_and_not_shown(entity, bench_of):
    data = columns() | {"born_key": ["1950-01-01"] * 300}
    said = refused(bench_of(pairs=2_000, **data), entity(["born_key"]))

    assert "1950-01-01" not in said
    assert "'***' with 300 records" in said


def test_the_advice_holds_when_it_is_followed(entity, bench_of):
    bench = bench_of(pairs=2_000, **columns())
    thing = entity(["city"])
    ahead = blocking.forecast(bench, thing)

    found = advice(bench, thing, ahead, ahead.costs[0])

    assert found[0].code in ('["city", "name"]', '["city", "born"]')
    for one in found:
        followed = entity(eval(one.code, {"Block": Block}))
        assert blocking.forecast(bench, followed).pairs == one.pairs <= 2_000


def test_a_rule_whose_keys_are_all_one_size_gets_no_limit_that_keeps_nothing(entity, bench_of):
    bench = bench_of(pairs=10, city=["x"] * 50)
    thing = entity(["city"])
    ahead = blocking.forecast(bench, thing)

    assert advice(bench, thing, ahead, ahead.costs[0]) == []


def test_few_changed_records_pass_on_a_base_that_is_over_the_limit(entity, bench_of):
    bench = bench_of(pairs=2_000, **columns())
    bench.execute("delete from changed where record_id > 1")
    thing = entity(["city"])

    blocking.allow(bench, thing, blocking.forecast(bench, thing), whole=False)


def test_rules_that_find_nobody_are_refused(entity, bench_of):
    data = {"serial": [f"s{i}" for i in range(2000)], "city": ["x"] * 2000}
    bench = bench_of(streams=["one", "two"] * 1000, **data)

    said = refused(bench, entity(["serial"], ["city"]))

    assert 'its rules are: ["serial"] (nearly every key belongs to one record alone), ["city"]' in said.replace("Its", "its")


@pytest.mark.parametrize(
    ("block", "streams", "count"),
    [
        ([["serial"]], ["one", "one"], 2000),
        ([["serial"]], ["one", "two"], 200),
        ([["serial", "name"]], ["one", "two"], 2000),
        ([["serial"], ["code"]], ["one", "two"], 2000),
    ],
    ids=["one stream may be clean", "too few to say", "two columns may be clean", "an identifier joins"],
)
def test_rules_that_may_well_find_nobody_yet_are_not(entity, bench_of, block, streams, count):
    serials = [f"s{i}" for i in range(count)]
    bench = bench_of(streams=streams * (count // 2), serial=serials, name=serials, code=serials)
    thing = entity(*block, joins=["code"] in block)

    blocking.allow(bench, thing, blocking.forecast(bench, thing))


def test_a_training_block_that_explodes_is_refused(entity, bench_of):
    bench = bench_of(pairs=2_000, **columns())

    with pytest.raises(BlockingError, match=r'the training block \["city"\] has .* instead of it: \["city", "(name|born)"\]'):
        blocking.allow_training(bench, entity(["name"]), ["city"])
