"""Questions: their kinds, ties between them, what comes first, and what answers bring."""

from itertools import combinations, pairwise

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mdm import question
from mdm.question import forecast, priority, tie

ACCEPT = 6.63
weight = st.integers(-8, 26).map(lambda n: n / 4)
golden = st.sampled_from("ABCDEF")
doubts = st.dictionaries(st.tuples(golden, golden).filter(lambda p: p[0] < p[1]), weight, max_size=12)
QUEUE = {"a": pl.Int64, "b": pl.Int64, "weight": pl.Float64, "reason": pl.String, "ga": pl.String, "gb": pl.String}


def queue(found: dict, reason: str = "uncertain") -> pl.DataFrame:
    """Questions between golden records, each of which has one record."""
    rows = [(ord(x), ord(y), w, reason, x, y) for (x, y), w in found.items()]
    return pl.DataFrame(rows, schema=QUEUE, orient="row")


def sizes(**records: int) -> pl.DataFrame:
    rows = [(g, records.get(g, 1), 0) for g in "ABCDEF"]
    return pl.DataFrame(rows, schema={"golden_id": pl.String, "records": pl.Int64, "links": pl.Int64}, orient="row")


@pytest.mark.parametrize("kind", question.BEGINNINGS)
def test_a_kind_is_told_by_how_the_reason_begins(kind: str):
    assert question.kind(question.BEGINNINGS[kind] + " and more") == kind


def test_no_beginning_hides_another():
    assert not any(x.startswith(y) or y.startswith(x) for x, y in combinations(question.BEGINNINGS.values(), 2))


@given(found=doubts)
def test_a_doubt_is_a_tie_where_another_of_one_end_is_as_near_to_the_best(found: dict):
    told = tie.doubtful(queue(found), 2.0)

    expected = set()
    for pair, mine in found.items():
        for end in pair:
            others = [w for p, w in found.items() if end in p and p != pair]
            if others and abs(mine - max(others)) <= 2.0:
                expected.add(tuple(ord(x) for x in pair))
    assert set(told.select("a", "b").iter_rows()) == expected
    for a, b, mine, middle, rival, theirs in told.iter_rows():
        assert middle in (a, b) and rival not in (a, b)
        assert abs(mine - theirs) <= 2.0
        assert found[tuple(sorted((chr(middle), chr(rival))))] == theirs


@given(found=doubts, seed=st.integers(0, 9))
def test_the_order_of_questions_changes_no_tie(found: dict, seed: int):
    shuffled = queue(found).sample(fraction=1, shuffle=True, seed=seed)

    assert tie.doubtful(shuffled, 2.0).sort("a", "b").rows() == tie.doubtful(queue(found), 2.0).sort("a", "b").rows()


def test_without_a_margin_there_are_no_ties():
    assert tie.doubtful(queue({("A", "B"): 3.0, ("A", "C"): 3.0}), None).is_empty()


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ({("A", "npi"): ["1"], ("B", "npi"): ["2"]}, "npi"),
        ({("A", "npi"): ["1"], ("B", "npi"): ["2"], ("M", "npi"): ["3"]}, None),
        ({("A", "npi"): ["1"], ("B", "npi"): ["1"], ("A", "city"): ["x"], ("B", "city"): ["y"]}, "city"),
        ({("A", "npi"): ["1"], ("A", "city"): ["x"], ("B", "city"): ["x", "y"]}, None),
        ({("A", "city"): ["x"], ("B", "city"): ["y"], ("A", "npi"): ["1"], ("B", "npi"): ["2"]}, "npi"),
    ],
    ids=["they differ and it is empty", "it is not empty", "the first is equal", "one is empty or they overlap", "in order"],
)
def test_what_would_settle_a_tie(said: dict, expected: str | None):
    ties = pl.DataFrame({"a": [1], "b": [2], "middle_id": ["M"], "first_id": ["A"], "second_id": ["B"]})
    schema = {"golden_id": pl.String, "column": pl.String, "values": pl.List(pl.String)}
    values = pl.DataFrame([(g, c, v) for (g, c), v in said.items()], schema=schema, orient="row")

    facts = tie.settling(ties, values, ["npi", "city"])

    assert facts["column"].to_list() == ([expected] if expected else [])


@given(found=doubts, records=st.dictionaries(golden, st.integers(1, 500)))
def test_a_priority_lies_between_nothing_and_one(found: dict, records: dict):
    ranked = priority.prioritised(queue(found), sizes(**records), ACCEPT)

    assert ranked.height == len(found)
    assert ranked["priority"].is_between(0, 1).all()


@given(found=doubts, more=st.integers(2, 400))
def test_a_priority_grows_with_what_hangs_on_it(found: dict, more: int):
    before = priority.prioritised(queue(found), sizes(), ACCEPT).sort("a", "b")["priority"]

    after = priority.prioritised(queue(found), sizes(A=more), ACCEPT).sort("a", "b")["priority"]

    assert (after >= before).all()


@pytest.mark.parametrize(
    ("higher", "lower"),
    [({("A", "B"): 0.0}, {("A", "B"): 5.0}), ({("A", "B"): 0.0, ("B", "C"): 0.0}, {("A", "B"): 0.0})],
    ids=["even odds before likely", "with other questions before alone"],
)
def test_what_comes_first(higher: dict, lower: dict):
    first, second = (priority.prioritised(queue(q), sizes(), ACCEPT).sort("a", "b")["priority"][0] for q in (higher, lower))

    assert first > second


def test_a_contradiction_comes_before_a_doubt():
    doubt = priority.prioritised(queue({("A", "B"): 1.0}), sizes(), ACCEPT)["priority"][0]

    assert priority.prioritised(queue({("A", "B"): 9.0}, "different npi"), sizes(), ACCEPT)["priority"][0] > doubt


one_open = st.tuples(st.sampled_from(("doubtful", "different", "shared")), st.floats(0, 1), st.integers(1, 9), st.integers(1, 9))


def opened(rows: list) -> pl.DataFrame:
    schema = {"kind": pl.String, "probability": pl.Float64, "size_a": pl.Int64, "size_b": pl.Int64}
    return pl.DataFrame(rows, schema=schema, orient="row").with_columns(doubt=pl.col("kind") == "doubtful")


@given(rows=st.lists(one_open, max_size=20), published=st.integers(0, 100), answered=st.integers(0, 5))
def test_a_forecast_grows_and_never_promises_more_than_there_is(rows: list, published: int, answered: int):
    likely = forecast.likely(opened(rows), {"different": (answered, 5)})

    found = forecast.forecast(likely, published, range(1, 25))

    assert likely["likely"].is_between(0, 1).all()
    for before, after in pairwise(found):
        assert after.duplicates >= before.duplicates and after.pairs >= before.pairs and after.recall >= before.recall
    assert all(one.duplicates <= one.answers and 0 <= one.recall <= 1 for one in found)
    assert found[-1].answers == len(rows)
    assert found[-1].duplicates == pytest.approx(found[-1].usual)


def test_a_forecast_by_hand():
    rows = [("doubtful", 0.5, 2, 3), ("different", 0.9, 1, 1), ("shared", 0.5, 1, 1), ("doubtful", 0.25, 1, 4)]

    found = forecast.forecast(forecast.likely(opened(rows), {"different": (1, 2)}), 15, [2, 10])

    assert [one.as_dict() for one in found] == [
        {"answers": 2, "duplicates": 1.0, "pairs": 3.5, "recall": round(3.5 / 19.5, 4), "usual": 0.625},
        {"answers": 4, "duplicates": 1.25, "pairs": 4.5, "recall": round(4.5 / 19.5, 4), "usual": 1.25},
    ]
