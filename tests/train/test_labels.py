"""What decisions teach, and what they must not."""

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mdm import mixture, train
from mdm.bench import Bench
from mdm.tables import OPEN
from mdm.train import labels
from tests.train.decided import decide


def said(toy):
    with toy.context.hub.read() as session:
        return train.decided(session, "thing", OPEN)


def test_a_golden_id_stands_for_its_members_and_counts_once(toy):
    golden = toy.ids()["a/things:1"]
    assert golden == toy.ids()["b/things:1"]
    toy.decide(golden, "a/things:40", "no_match")

    found = said(toy)

    assert found.height == 2
    assert found["part"].to_list() == [0.5, 0.5]
    assert not found["is_match"].any()
    assert (found["a"] < found["b"]).all()


def test_nobody_learns_from_doubt_from_a_source_or_from_what_was_taken_back(toy):
    toy.decide("a/things:50", "b/things:50", "unsure")
    toy.withdraw(toy.decide("a/things:51", "b/things:51", "match"))
    toy.deliver("a", [{"id": "52", "into": "53"}]).deliver("b", []).run()

    assert said(toy).is_empty()


def test_only_pairs_on_the_bench_are_known(toy):
    decide(toy, range(4))
    pairs = said(toy)
    bench = Bench(None)
    bench.store("bench.compare", pl.concat([pairs[1:].select(record_id="a"), pairs[1:].select(record_id="b")]))

    found = labels.known(bench, pairs)

    assert (found.matches + found.others, found.pairs.height) == (3, 3)
    assert not found.enough
    bench.close()


def comparison(*m: float) -> dict:
    """A comparison with these m, strongest first, and a null level."""
    graded = [{"sql_condition": str(i), "m_probability": p, "u_probability": 0.5} for i, p in enumerate(m)]
    return {"comparison_levels": [{"is_null_level": True}, *graded]}


def learnt(told: dict) -> list[float]:
    return [level["m_probability"] for level in told["comparison_levels"][1:]]


@given(st.lists(st.integers(-1, 2), max_size=400), st.floats(0, 5000))
def test_decisions_correct_a_comparison_and_never_overturn_it(reached, seen):
    told = comparison(0.7, 0.2, 0.1)

    spoke = labels.blended(told, np.array(reached, dtype=int), np.ones(len(reached)), seen)

    assert spoke in (0.0, sum(level >= 0 for level in reached))
    assert sum(learnt(told)) == pytest.approx(1)
    assert all(abs(after - before) <= 0.2 for after, before in zip(learnt(told), (0.7, 0.2, 0.1), strict=True))
    assert all(0 < m < 1 for m in learnt(told))


def test_m_moves_towards_the_levels_that_matches_reach():
    told = comparison(0.9, 0.05, 0.05)

    labels.blended(told, np.array([0] * 50), np.ones(50), seen=0)

    assert learnt(told) == pytest.approx([0.9 * 0.8, 0.05 * 0.8, 0.05 * 0.8 + 0.2])


def test_what_is_fixed_stays():
    told = comparison(0.9, 0.05, 0.05)
    told["comparison_levels"][1]["fix_m_probability"] = True

    labels.blended(told, np.array([0] * 50), np.ones(50), seen=0)

    assert learnt(told)[0] == 0.9
    assert sum(learnt(told)) == pytest.approx(1)


PATTERNS = np.array([[0, 0], [0, 1], [1, 0], [1, 1]])
COUNTS = np.array([9000.0, 400.0, 400.0, 200.0])
FIELDS, OTHERS = ("x", "y"), {"x": np.array([0.95, 0.05]), "y": np.array([0.95, 0.05])}


def test_a_pinned_pair_is_no_guess():
    patterns, counts = np.concatenate([PATTERNS, [[0, 1]]]), np.append(COUNTS, 300.0)
    free = mixture.fitted(patterns, counts, FIELDS, OTHERS)

    yes, no = (mixture.fitted(patterns, counts, FIELDS, OTHERS, np.array([np.nan] * 4 + [verdict])) for verdict in (1.0, 0.0))

    assert no.m["x"][0] < free.m["x"][0] < yes.m["x"][0]
    assert no.share < free.share < yes.share


def test_nothing_pinned_changes_nothing():
    free = mixture.fitted(PATTERNS, COUNTS, FIELDS, OTHERS)

    same = mixture.fitted(PATTERNS, COUNTS, FIELDS, OTHERS, np.full(4, np.nan))

    assert same.share == free.share
    assert (same.m["x"] == free.m["x"]).all()
