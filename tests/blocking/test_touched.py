"""Counting what a change touches comes to the same as counting everything again."""

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from mdm import blocking
from mdm.bench import Bench
from mdm.entity import Attribute, Block, Entity

THING = Entity(
    name="thing", about="A thing.", prefix="THG",
    attributes=[Attribute("city", "Where."), Attribute("words", "What is said.", type=list), Attribute("name", "Its name.")],
    block=[Block("city", hot=2), Block("words", hot=3), ["city", "words"]], hot=2,
)  # fmt: skip
row = st.tuples(st.integers(1, 9), st.sampled_from((None, "x", "y")), st.lists(st.sampled_from("abc"), max_size=3))
batches = st.lists(st.lists(row, min_size=1, max_size=6), min_size=2, max_size=4)


def land(bench: Bench, batch: list) -> None:
    frame = pl.DataFrame(
        {"record_id": [r for r, _, _ in batch], "city": [c for _, c, _ in batch], "words": [w or None for _, _, w in batch]},
        schema={"record_id": pl.Int64, "city": pl.String, "words": pl.List(pl.String)},
    ).unique("record_id", keep="last", maintain_order=True)  # fmt: skip
    frame = frame.with_columns(name=pl.lit(None, pl.String))
    bench.store("changed", frame.select("record_id"))
    if bench.has("bench.compare"):
        bench.execute("delete from bench.compare where record_id in (select record_id from changed)")
    bench.store("bench.compare", frame, append=True)


def pairs(bench: Bench, *, whole: bool) -> set:
    blocking.candidates(bench, THING, whole=whole)
    return set(bench.execute("select a, b, rule from blocked"))


@settings(max_examples=25)
@given(history=batches)
def test_hot_keys_and_pairs_of_a_change_are_those_of_the_whole(history: list):
    bench = Bench(None)
    try:
        land(bench, history[0])
        hot = blocking.hot_keys(bench, THING)
        for batch in history[1:]:
            blocking.keep(bench, hot)
            before = hot.select("rule", "name").rows()
            land(bench, batch)

            touched = blocking.touched(bench, THING, before)
            hot = blocking.hot_keys(bench, THING)

            assert touched.hot.rows() == hot.rows()
            bench.store("hot_now", hot)
            changed = set(bench.frame("select record_id from changed")["record_id"])
            mine = pairs(bench, whole=False)
            assert mine == {p for p in pairs(bench, whole=True) if changed & {p[0], p[1]}}
            assert touched.pairs >= len(mine)
    finally:
        bench.close()


def test_without_what_the_last_change_left_everything_is_counted():
    bench = Bench(None)
    land(bench, [(1, "x", []), (2, "x", []), (3, "x", []), (4, "y", [])])

    assert blocking.touched(bench, THING, [(0, 12345)]).hot.rows() == blocking.hot_keys(bench, THING).rows()
    bench.close()


def test_two_lists_meet_element_by_element():
    bench = Bench(None)
    bench.store(
        "bench.compare", pl.DataFrame({"record_id": [1, 2], "words": [["a", "b"], ["b", "c"]], "names": [["p", "q"], ["q", "p"]]})
    )
    keys = {(r, t) for r, _, t in bench.execute(blocking.key_sql(bench, ["words", "names"]))}

    assert {t for r, t in keys if r == 1} & {t for r, t in keys if r == 2} == {"b|p", "b|q"}
    bench.close()
