"""Weights beside what people decided."""

import math

import duckdb
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mdm import calibration
from mdm.calibration import Calibration

ACCEPT = math.log2(0.99 / 0.01)
weights = st.floats(-40, 60, allow_nan=False)
slopes = st.lists(st.floats(0.1, 3), min_size=6, max_size=6).map(tuple)
maps = st.builds(Calibration, st.floats(-8, 8), slopes, st.one_of(st.just(math.inf), st.floats(3, 20)))
pairs = st.lists(st.tuples(st.floats(-20, 40), st.booleans(), st.floats(0.1, 10)), min_size=1, max_size=60)


def drawn(pairs: int, shift: float, slope: float, seed: int = 3) -> tuple[np.ndarray, np.ndarray]:
    """Weights of a model, and whether they are matches when the truth is another line."""
    draw = np.random.default_rng(seed)
    bits = draw.uniform(-6, 20, pairs)
    return bits, draw.random(pairs) < 1 / (1 + 2.0 ** -(shift + slope * bits))


def fitted(weights, is_match, importance=None, joins=ACCEPT) -> Calibration:
    each = np.ones(len(weights)) if importance is None else importance
    return calibration.fitted(np.asarray(weights), np.asarray(is_match), np.asarray(each), joins=joins)


def share(found: Calibration, bits: np.ndarray, is_match: np.ndarray, low: float = 0.85, high: float = 0.95) -> float:
    """The share of matches among pairs with a probability between two bounds."""
    probability = 1 / (1 + 2.0 ** -np.vectorize(found.weight)(bits))
    return float(is_match[(probability >= low) & (probability <= high)].mean())


@pytest.mark.parametrize(("shift", "slope"), [(-4.0, 1.0), (-1.5, 0.6), (2.0, 1.3)], ids=["u wrong by 4 bits", "bold", "timid"])
def test_nine_in_ten_are_matches_where_nine_in_ten_is_said(shift, slope):
    bits, is_match = drawn(100_000, shift, slope)

    found = fitted(bits[:400], is_match[:400])

    assert abs(share(Calibration(), bits, is_match) - 0.9) > 0.06
    assert share(found, bits, is_match) == pytest.approx(0.9, abs=0.04)


def test_what_is_oversampled_by_more_than_its_weight_is_put_right_by_importance():
    bits, is_match = drawn(20_000, -4, 1)
    # Matches were asked about four times as often as others.
    kept = is_match | (np.random.default_rng(1).random(len(bits)) < 0.25)

    found = fitted(bits[kept][:2000], is_match[kept][:2000], np.where(is_match[kept], 1.0, 4.0)[:2000])

    assert found.weight(6) == pytest.approx(2, abs=0.6)


@given(maps, weights, weights)
def test_a_larger_weight_stays_larger(found, one, other):
    low, high = sorted((one, other))

    assert found.weight(low) <= found.weight(high)
    if high - low > 1e-3:
        assert found.weight(low) < found.weight(high)


@given(maps, weights)
def test_a_weight_can_be_turned_back(found, bits):
    assert found.raw(found.weight(bits)) == pytest.approx(bits, abs=1e-6)


@given(maps, st.lists(weights, min_size=1, max_size=5))
def test_sql_says_the_same(found, bits):
    rows = duckdb.sql(f"select {found.sql('w')} from (select unnest({bits}::double[]) as w)").fetchall()

    assert [w for (w,) in rows] == pytest.approx([found.weight(b) for b in bits], abs=1e-9)


def test_the_identity_is_the_weight_itself():
    assert Calibration().sql("match_weight") == "match_weight"
    assert Calibration().raw(0.1 + 0.2) == 0.1 + 0.2


@given(pairs, st.randoms())
def test_the_order_of_decisions_means_nothing(told, random):
    shuffled = list(told)
    random.shuffle(shuffled)

    assert fitted(*zip(*told, strict=True)) == fitted(*zip(*shuffled, strict=True))


@given(pairs)
def test_whatever_was_decided_the_line_rises(told):
    found = fitted(*zip(*told, strict=True))

    assert min(found.slopes) >= 0.1
    assert found.ceiling > ACCEPT + 0.99


def test_few_decisions_move_less_than_many():
    bits, is_match = drawn(1000, -4, 1)

    moved = [abs(fitted(bits[:n], is_match[:n]).weight(6.0) - 6.0) for n in (0, 5, 1000)]

    assert moved[0] == 0
    assert moved[0] < moved[1] < moved[2]
    assert moved[2] == pytest.approx(4, abs=0.6)


def test_no_decision_moves_nothing():
    assert fitted([], []).identity


def test_no_probability_claims_what_nobody_has_seen():
    bits, is_match = drawn(300, 0, 1)

    found = fitted(bits, is_match)

    sure, surer = found.weight(30), found.weight(40)
    assert ACCEPT < sure < surer < 15
    assert 0.99 < 1 / (1 + 2**-sure) < 1 / (1 + 2**-surer) < 0.99999
