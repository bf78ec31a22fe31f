"""Law 1: full, in batches and one by one give the same partition, values, children, links and lineage."""

import random
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mdm.testing.toy import Toy

NAMES = ("Ana Lopez", "Anna Lopez", "Bob Stone", "Bob Stonne", "Carl Zed")
row = st.fixed_dictionaries(
    {
        "id": st.sampled_from("123456"),
        "name": st.sampled_from((*NAMES, "")),
        "code": st.sampled_from(("", "", "K1", "K2")),
        "city": st.sampled_from(("", "Rome", "Paris")),
        "kind": st.sampled_from(("", "", "x", "y")),
        "colours": st.sampled_from(("", "red", "red;blue")),
        "part_1": st.sampled_from(("", "p1", "p2")),
        "whole": st.sampled_from(("", "1", "2")),
        "gone": st.sampled_from(("", "", "", "", "1")),
        "asleep": st.sampled_from(("", "", "", "1")),
        "into": st.sampled_from(("", "", "", "", "1")),
    }
)
batch = st.tuples(st.sampled_from("ab"), st.lists(row, min_size=1, max_size=4))


def landed(batches: list) -> list:
    """The batches with a source time for every row, so that order of landing does not matter."""
    number, told = 0, []
    for source, rows in batches:
        timed = []
        for r in rows:
            number += 1
            timed.append({**r, "modified": f"2026-01-01T00:{number // 60:02}:{number % 60:02}Z"})
        told.append((source, timed))
    return told


def a_toy(folder: Path, linkage: str) -> Toy:
    folder.mkdir()
    toy = Toy(folder, f"sqlite:///{folder}/hub.db").with_entity(linkage=linkage).lay()
    # One model for all, trained on nothing: the declared weights.
    toy.run()
    return toy


@pytest.mark.parametrize("linkage", ["strongest", "average"])
@settings(max_examples=12, suppress_health_check=list(HealthCheck))
@given(batches=st.lists(batch, min_size=2, max_size=5), seed=st.integers(0, 99))
def test_batches_and_full_runs_give_the_same(linkage: str, batches: list, seed: int):
    history = landed(batches)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        by_batch, at_once = a_toy(folder / "batches", linkage), a_toy(folder / "once", linkage)
        for source, rows in history:
            by_batch.deliver("a", []).deliver("b", []).deliver(source, rows).run()
            at_once.deliver("a", []).deliver("b", []).deliver(source, rows)
            at_once.run(plan=True)
        at_once.run()

        expected = by_batch.state()
        assert at_once.state() == expected
        by_batch.run(full=True)
        assert by_batch.state() == expected
        if seed % 2:
            by_batch.forget_bench()
            by_batch.run()
            assert by_batch.state(ids=True) == by_batch.state(ids=True)
            assert by_batch.state() == expected
        for toy in (by_batch, at_once):
            toy.context.hub.dispose()


@settings(max_examples=12, suppress_health_check=list(HealthCheck))
@given(batches=st.lists(batch, min_size=2, max_size=5))
def test_a_distinct_stream_gives_the_same_in_batches_in_full_and_said_late(batches: list):
    history = landed(batches)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        by_batch, late = (
            a_toy(folder / "batches", "strongest").with_stream("b", distinct="true"),
            a_toy(folder / "late", "strongest"),
        )
        for source, rows in history:
            for one in (by_batch, late):
                one.deliver("a", []).deliver("b", []).deliver(source, rows).run()
        late.with_stream("b", distinct="true").run()

        expected = by_batch.state()
        assert late.state() == expected
        by_batch.run(full=True)
        assert by_batch.state() == expected
        for toy in (by_batch, late):
            toy.context.hub.dispose()


def test_a_run_without_news_changes_no_published_row(toy: Toy):
    rows = [{"id": str(i), "name": NAMES[i % 5], "city": "Rome", "code": f"K{i % 3}"} for i in range(12)]
    toy.deliver("a", rows).run()
    before = {
        r: toy.rows(r) for r in ("thing", "thing_xref", "thing_history", "thing_lineage", "change", "thing_link", "thing_queue")
    }

    report = toy.run()

    assert sum(s.read["unchanged"] for s in report.sources) == 12
    for relation, rows_before in before.items():
        assert sorted(map(str, toy.rows(relation))) == sorted(map(str, rows_before)), relation


def test_threads_and_order_change_nothing(new_toy):
    rows = [{"id": str(i), "name": random.Random(i).choice(NAMES), "city": "Rome", "code": f"K{i % 7}"} for i in range(60)]
    first, second = new_toy(), new_toy()

    first.deliver("a", rows).run()
    second.deliver("a", random.Random(5).sample(rows, len(rows))).run()

    assert first.state(ids=True) == second.state(ids=True)


@pytest.mark.parametrize("at", [1, 3])
def test_a_hot_key_that_is_crossed_reopens_its_pairs(new_toy, at: int):
    toy, control = new_toy().with_entity(hot=at + 1), new_toy().with_entity(hot=at + 1)
    for one in (toy, control):
        one.run()
    rows = [{"id": str(i), "name": f"Ana Lopez {'x' * i}", "city": "Rome"} for i in range(at + 2)]

    for one_row in rows:
        toy.deliver("a", [one_row]).run()
    control.deliver("a", rows).run()

    assert toy.state() == control.state()
