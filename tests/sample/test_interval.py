import itertools
import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mdm.sample import interval
from mdm.sample.interval import Interval, of_two, reviews_needed, weighted, wilson

COUNTS = st.integers(1, 2000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))
LEVELS = st.sampled_from([0.8, 0.9, 0.95, 0.99])
GROUPS = st.lists(
    st.tuples(st.floats(0.5, 1000), st.integers(0, 40), st.integers(1, 40)).map(lambda g: (g[0], min(g[1], g[2]), g[2])),
    min_size=1, max_size=6,
)  # fmt: skip


def columns(groups):
    return [list(column) for column in zip(*groups, strict=True)]


@given(COUNTS, LEVELS)
def test_an_interval_holds_its_estimate_and_stays_a_share(counted, level):
    right, n = counted

    found = wilson(right / n, n, level)

    assert 0 <= found.low <= found.value <= found.high <= 1
    assert found.low < found.high


@given(COUNTS, LEVELS)
def test_its_ends_are_the_shares_that_the_count_only_just_does_not_contradict(counted, level):
    right, n = counted
    share, z = right / n, interval.critical(level)

    for end in (wilson(share, n, level).low, wilson(share, n, level).high):
        if 0 < end < 1:
            assert abs(share - end) == pytest.approx(z * math.sqrt(end * (1 - end) / n), abs=1e-9)


@given(COUNTS)
def test_more_confidence_and_fewer_answers_make_it_wider(counted):
    right, n = counted
    narrow, sure, few = wilson(right / n, n, 0.9), wilson(right / n, n, 0.99), wilson(right / n, n / 2, 0.9)

    assert sure.low <= narrow.low <= narrow.high <= sure.high
    assert few.low <= narrow.low <= narrow.high <= few.high


def test_no_error_seen_is_no_certainty():
    found = wilson(1, 30)

    assert (found.value, found.high) == (1, 1)
    assert found.low == pytest.approx(30 / (30 + interval.critical(0.95) ** 2))


def test_nothing_answered_is_nothing_known():
    assert wilson(1, 0) == weighted([], [], []) == Interval(None, 0, 1)


@given(COUNTS, st.floats(0.5, 1000), st.integers(2, 5))
def test_equal_weights_are_a_plain_count(counted, weight, parts):
    right, n = counted
    cut = [(right * i // parts, n * i // parts) for i in range(parts + 1)]
    groups = [(weight, r2 - r1, n2 - n1) for (r1, n1), (r2, n2) in itertools.pairwise(cut)]
    groups = [(w, min(r, n), n) for w, r, n in groups]
    total = sum(r for _, r, _ in groups)

    found, plain = weighted(*columns(groups)), wilson(total / n, n)

    assert (found.value, found.low, found.high) == pytest.approx((plain.value, plain.low, plain.high))


@given(GROUPS, st.randoms(use_true_random=False))
def test_a_weighted_share_does_not_depend_on_the_order(groups, rng):
    shuffled = rng.sample(groups, len(groups))

    one, other = weighted(*columns(groups)), weighted(*columns(shuffled))

    assert (one.value, one.low, one.high) == pytest.approx((other.value, other.low, other.high))
    assert 0 <= one.low <= one.value <= one.high <= 1


@given(GROUPS)
def test_weights_never_tell_more_than_the_answers_there_are(groups):
    found, most = weighted(*columns(groups)), sum(n for *_, n in groups)
    plain = wilson(found.value, most)

    assert found.low <= plain.low + 1e-12
    assert found.high >= plain.high - 1e-12


def test_a_stratum_that_few_looked_at_is_not_made_sure_by_the_others():
    # Nineteen in twenty are in a stratum where 100 answers found no error: 3 % of them may still be wrong.
    found = weighted([9.5, 0.5], [100, 90], [100, 100], sides=1)

    assert found.value == pytest.approx(0.95 + 0.05 * 0.9, abs=1e-3)
    assert found.low < 0.975


@pytest.mark.parametrize(
    ("precision", "confidence", "errors", "needed"),
    [(0.995, 0.95, 0, 539), (0.99, 0.95, 0, 268), (0.9, 0.95, 0, 25), (0.995, 0.99, 0, 1077)],
    ids=["99.5 %", "99 %", "90 %", "99.5 % at 99 %"],
)
def test_the_reviews_that_a_precision_needs(precision, confidence, errors, needed):
    assert reviews_needed(precision, confidence, errors=errors) == needed


@given(st.floats(0.5, 0.999), LEVELS, st.integers(0, 5))
def test_as_many_reviews_as_needed_suffice_and_one_fewer_does_not(precision, level, errors):
    n = reviews_needed(precision, level, errors=errors)

    assert wilson((n - errors) / n, n, level, sides=1).low >= precision
    assert n == errors + 1 or wilson((n - 1 - errors) / (n - 1), n - 1, level, sides=1).low < precision
    assert reviews_needed(precision, level, errors=errors + 1) > n


@given(COUNTS, COUNTS, st.integers(1, 10**6), st.integers(1, 10**6))
def test_recall_lies_within_its_interval(have, lack, many, few):
    part, rest = wilson(have[0] / have[1], have[1]), wilson(lack[0] / lack[1], lack[1])

    found = of_two(part, rest, (many, few))

    if have[0]:
        assert 0 <= found.low <= found.value + 1e-12
        assert found.value <= found.high + 1e-12 <= 1 + 1e-11
        assert found.value == pytest.approx(many * part.value / (many * part.value + few * rest.value))
    else:
        assert found.value is None


@pytest.mark.parametrize(
    ("sizes", "wrong", "asked"),
    [
        ([10_000], [0.01], [300]),
        ([8_000, 1_500, 500], [0.002, 0.02, 0.2], [150, 90, 60]),
        ([9_000, 1_000], [0.02, 0.1], [100, 200]),
        ([50_000, 300], [0.01, 0.5], [250, 50]),
    ],
    ids=["one stratum", "errors where scores are low", "few asked of most", "a small bad stratum"],
)
def test_the_truth_lies_within_as_often_as_promised(sizes, wrong, asked):
    rng = random.Random(4)
    truth = 1 - sum(n * e for n, e in zip(sizes, wrong, strict=True)) / sum(sizes)
    weights = [n / k for n, k in zip(sizes, asked, strict=True)]

    hits = 0
    for _ in range(600):
        right = [sum(rng.random() >= e for _ in range(k)) for e, k in zip(wrong, asked, strict=True)]
        found = weighted(weights, right, asked)
        hits += found.low <= truth <= found.high

    # 600 trials of 95 % differ from it by less than 2.7 % in 999 of 1000 cases; more than promised is no fault.
    assert hits / 600 > 0.95 - 0.03
