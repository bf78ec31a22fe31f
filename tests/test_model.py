"""Weights and the probabilities they stand for."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mdm import model


@given(st.floats(-100, 1000))
def test_no_probability_is_certain(weight):
    assert 0 < model.probability_of(weight) < 1
    assert model.in_percent(weight) not in ("100%", "100.0%", "100.00%")


@given(st.lists(st.floats(-40, 49), min_size=2))
def test_a_larger_weight_has_no_smaller_probability(weights):
    told = [model.probability_of(weight) for weight in sorted(weights)]

    assert all(low <= high for low, high in pairwise(told))


@pytest.mark.parametrize(
    ("weight", "words"),
    [(0, "50.0%"), (3.78, "93.2%"), (6.63, "99.0%"), (10, "99.902%"), (16, "99.9985%"), (40, "99.999999999909%"), (-7, "0.8%")],
)
def test_a_probability_is_shown_with_the_digits_it_takes(weight, words):
    assert model.in_percent(weight) == words
