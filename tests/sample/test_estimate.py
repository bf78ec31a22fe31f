import random

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mdm.sample import estimate, interval
from mdm.sample.stratum import JOIN, REFUSAL, STRATUM
from mdm.sample.threshold import thresholds

VERDICTS = st.sampled_from(["match", "no_match", "unsure", None])
ANSWERS = st.lists(st.tuples(st.integers(1, 4), st.sampled_from(["a+a", "a+b"]), VERDICTS), min_size=1, max_size=30)
_ANSWER = {"stratum": pl.Int64, "sources": pl.String, "verdict": pl.String}


def strata(*rows):
    """Strata from (kind, band, floor, population)."""
    told = [(i, kind, band, "a+b", floor, size) for i, (kind, band, floor, size) in enumerate(rows, 1)]
    return pl.DataFrame(told, schema=STRATUM, orient="row")


def answers(*rows):
    return pl.DataFrame(rows, schema=_ANSWER, orient="row")


FOUR = strata(
    (JOIN, "0.9 to 0.99", 3.17, 500), (JOIN, "from 0.99", 6.63, 9000), (REFUSAL, "0.1 to 0.5", -3.17, 80), (REFUSAL, "below 0.1", -1e3, 40_000)
)  # fmt: skip


def of(figures, measure, band=""):
    return next(f for f in figures if (f.measure, f.band, f.sources) == (measure, band, ""))


@given(ANSWERS, st.randoms(use_true_random=False))
def test_figures_do_not_depend_on_the_order_of_answers(given_, rng):
    one, other = (estimate.figures(FOUR, answers(*rows)) for rows in (given_, rng.sample(given_, len(given_))))

    assert [(f.measure, f.band, f.sources) for f in one] == [(f.measure, f.band, f.sources) for f in other]
    for x, y in zip(one, other, strict=True):
        assert (x.share.value is None) == (y.share.value is None)
        assert (x.share.low, x.share.high) == pytest.approx((y.share.low, y.share.high))


@given(ANSWERS)
def test_every_share_lies_within_its_interval(given_):
    for found in estimate.figures(FOUR, answers(*given_)):
        assert 0 <= found.share.low <= found.share.high <= 1
        if found.share.value is not None:
            assert found.share.low - 1e-9 <= found.share.value <= found.share.high + 1e-9


def test_a_stratum_stands_for_all_its_pairs():
    told = answers(*[(1, "a+b", "no_match")] * 5, *[(1, "a+b", "match")] * 5, *[(2, "a+b", "match")] * 90)

    found = of(estimate.figures(FOUR, told), estimate.PRECISION)

    assert found.share.value == pytest.approx((250 + 9000) / 9500)
    assert (found.population, found.drawn, found.answered, found.wrong) == (9500, 100, 100, 5)


def test_a_stratum_nobody_answered_may_be_all_right_or_all_wrong():
    told = answers(*[(2, "a+b", "match")] * 90, *[(1, "a+b", "unsure")] * 9)

    found = of(estimate.figures(FOUR, told), estimate.PRECISION)

    alone = interval.wilson(1, 90)
    assert found.share.low == pytest.approx(alone.low * 9000 / 9500)
    assert (found.share.high, found.unsure) == (1, 9)


def test_a_refused_pair_that_is_one_was_missed():
    told = answers(
        *[(s, "a+b", "match") for s in (1, 2) for _ in range(40)],
        *[(3, "a+b", "match")] * 10, *[(3, "a+b", "no_match")] * 10, *[(4, "a+b", "no_match")] * 60,
    )  # fmt: skip

    found = estimate.figures(FOUR, told)

    assert of(found, estimate.REFUSALS, "0.1 to 0.5").share.value == 0.5
    assert of(found, estimate.RECALL).share.value == pytest.approx(9500 / 9540)
    # Sixty without an error leave room for a good part of 40,000.
    assert of(found, estimate.RECALL).share.low < 0.9


def test_the_true_recall_lies_within_as_often_as_promised():
    rng = random.Random(6)
    wrong, asked = (0.1, 0.01, 0.4, 0.002), (60, 240, 40, 260)
    sizes = FOUR["population"].to_list()
    right = sum(n * (1 - e) for n, e in zip(sizes[:2], wrong, strict=False))
    missed = sum(n * e for n, e in zip(sizes[2:], wrong[2:], strict=True))

    hits = 0
    for _ in range(150):
        told = [
            (s, "a+b", ("match", "no_match")[(rng.random() < wrong[s - 1]) == (s < 3)]) for s in range(1, 5) for _ in range(asked[s - 1])
        ]  # fmt: skip
        share = of(estimate.figures(FOUR, answers(*told)), estimate.RECALL).share
        hits += share.low <= right / (right + missed) <= share.high

    # 150 trials of 95 % differ from it by less than 6 % in 999 of 1000 cases.
    assert hits / 150 > 0.89


def counted(*rows):
    """Strata of joins from (floor, population, answered, right)."""
    told = [(i, JOIN, f"band {i}", "a+b", floor, size, n, n, 0, right) for i, (floor, size, n, right) in enumerate(rows, 1)]
    schema = {**STRATUM, **dict.fromkeys(("drawn", "answered", "unsure", "right"), pl.Int64)}
    return pl.DataFrame(told, schema=schema, orient="row")


def test_a_higher_threshold_supports_what_a_lower_one_does_not():
    cells = counted((6.629357, 500, 100, 60), (9.964341, 20_000, 900, 900), (None, 3000, 200, 200))

    low, high = thresholds(cells, 0.99, 0.995, 0.95)

    assert (low.accept, low.holds, low.more) == (0.99, False, None)
    assert (high.accept, high.holds, high.more, high.wrong) == (0.999, True, 0, 0)
    assert high.joins == 23_000


def test_the_missing_reviews_would_suffice_and_fewer_would_not():
    cells = counted((6.629357, 2000, 30, 30), (9.964341, 20_000, 100, 100))

    found = thresholds(cells, 0.99, 0.99, 0.95)[0]

    assert not found.holds
    assert found.more == sum(found.bands.values()) > 0
    then = [cells["answered"][i] + found.bands.get(f"band {i + 1}", 0) for i in (0, 1)]
    done = counted((6.629357, 2000, then[0], then[0]), (9.964341, 20_000, then[1], then[1]))
    assert thresholds(done, 0.99, 0.99, 0.95)[0].holds
    fewer = counted((6.629357, 2000, then[0], then[0]), (9.964341, 20_000, then[1] - 5, then[1] - 5))
    assert not thresholds(fewer, 0.99, 0.99, 0.95)[0].holds
