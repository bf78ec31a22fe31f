"""Weights learnt from unlabelled pairs."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mdm import mixture

FIELDS = ("name", "date", "town")
MATCHES = {"name": [0.05, 0.15, 0.80], "date": [0.10, 0.90], "town": [0.3, 0.7]}
OTHERS = {"name": [0.90, 0.08, 0.02], "date": [0.99, 0.01], "town": [0.9, 0.1]}


def drawn(pairs: int, share: float, seed: int = 5) -> tuple[np.ndarray, np.ndarray]:
    draw = np.random.default_rng(seed)
    matches = draw.random(pairs) < share
    levels = np.stack(
        [
            np.where(matches, draw.choice(len(m), pairs, p=m), draw.choice(len(u), pairs, p=u))
            for m, u in ((MATCHES[f], OTHERS[f]) for f in FIELDS)
        ],
        axis=1,
    )
    return np.unique(levels, axis=0, return_counts=True)


def test_a_known_mixture_is_found_again():
    patterns, counts = drawn(200_000, share=0.08)

    found = mixture.fitted(patterns, counts, FIELDS, {f: np.array(OTHERS[f]) for f in FIELDS})

    assert found.share == pytest.approx(0.08, abs=0.01)
    assert found.m["name"] == pytest.approx(MATCHES["name"], abs=0.04)
    assert found.u["date"] == pytest.approx(OTHERS["date"], abs=0.01)


def test_the_order_of_patterns_changes_nothing_that_counts():
    patterns, counts = drawn(20_000, share=0.1)
    shuffled = np.random.default_rng(1).permutation(len(counts))
    others = {f: np.array(OTHERS[f]) for f in FIELDS}

    one = mixture.fitted(patterns, counts, FIELDS, others)
    two = mixture.fitted(patterns[shuffled], counts[shuffled], FIELDS, others)

    assert one.share == pytest.approx(two.share, rel=1e-9)


def test_what_cannot_be_compared_counts_for_neither_kind():
    patterns = np.array([[-1], [0], [1]])

    assert mixture.shares(patterns[:, 0], np.array([1000, 30, 10]), 2) == pytest.approx([0.75, 0.25], abs=0.01)


@given(st.lists(st.tuples(st.floats(0.001, 1), st.floats(0.001, 1)), min_size=1, max_size=8))
def test_a_more_similar_level_never_weighs_less(levels):
    m, u = (np.array(side) / sum(side) for side in zip(*levels, strict=True))

    risen = mixture.rising(m, u)

    weights = risen / u
    assert all(later >= earlier * (1 - 1e-9) for earlier, later in pairwise(weights))
    assert risen.sum() == pytest.approx(1)


def test_levels_that_rise_already_stay_as_they_are():
    m, u = np.array([0.1, 0.2, 0.7]), np.array([0.8, 0.15, 0.05])

    assert mixture.rising(m, u) == pytest.approx(m)
