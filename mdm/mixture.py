"""Learning weights from unlabelled pairs as a mixture of matches and others. Pure.

Expectation maximisation over counted patterns of agreement, fields independent within each kind (Fellegi and Sunter
1969; Winkler 1988). A level of -1 says that there was nothing to compare, and counts for neither kind.

Pairs that people have decided take part with their answer in place of the guess (Larsen and Rubin 2001). Which pairs were
asked about hangs on their patterns alone, which are all here, so that the choice does not bend the weights (Rubin 1976).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

_ROUNDS, _SETTLED = 100, 1e-9
_START = 0.05
# A little of every level is always possible.
_SMOOTH = 0.1


@dataclass(frozen=True)
class Mixture:
    """Per field the share of each level among matches (m) and among others (u), and the share of matches."""

    m: Mapping[str, np.ndarray]
    u: Mapping[str, np.ndarray]
    share: float


def shares(patterns: np.ndarray, counts: np.ndarray, levels: int) -> np.ndarray:
    """The share of each level of one field among counted patterns (a column of levels, -1 for none)."""
    seen = patterns >= 0
    held = np.bincount(patterns[seen], weights=counts[seen].astype(float), minlength=levels) + _SMOOTH
    return held / held.sum()


def fitted(
    patterns: np.ndarray, counts: np.ndarray, fields: Sequence[str], others: Mapping[str, np.ndarray],
    pinned: np.ndarray | None = None,
) -> Mixture:  # fmt: skip
    """The mixture that explains the patterns best, from where `others` (the levels of unrelated pairs) is the first guess.

    `patterns`: one row per pattern, one column per field, levels from 0 (disagreement) up. `counts`: pairs per pattern.
    `pinned`: per row 1 for known matches, 0 for known others, NaN for what is to be found out; a pattern may have rows of each.
    """
    u = {f: np.asarray(others[f], dtype=float) for f in fields}
    m = {f: _steep(len(u[f])) for f in fields}
    share = _START
    for _ in range(_ROUNDS):
        guess = _posterior(patterns, fields, Mixture(m, u, share))
        likely = guess if pinned is None else np.where(np.isnan(pinned), guess, pinned)
        weights, rest = likely * counts, (1 - likely) * counts
        before, share = share, float(np.clip(weights.sum() / counts.sum(), 1e-9, 1 - 1e-6))
        m = {f: shares(patterns[:, i], weights, len(m[f])) for i, f in enumerate(fields)}
        u = {f: shares(patterns[:, i], rest, len(u[f])) for i, f in enumerate(fields)}
        if abs(share - before) < _SETTLED:
            break
    return Mixture(m, u, share)


def _steep(levels: int) -> np.ndarray:
    """The first guess of matches: each level three times as likely as the one below."""
    guess = 3.0 ** np.arange(levels)
    return guess / guess.sum()


def _posterior(patterns: np.ndarray, fields: Sequence[str], mixture: Mixture) -> np.ndarray:
    odds = np.full(len(patterns), np.log(mixture.share) - np.log1p(-mixture.share))
    for i, name in enumerate(fields):
        weights = np.log(mixture.m[name]) - np.log(mixture.u[name])
        level = patterns[:, i]
        odds += np.where(level >= 0, weights[np.maximum(level, 0)], 0.0)
    return 1 / (1 + np.exp(-np.clip(odds, -700, 700)))


def rising(m: np.ndarray, u: np.ndarray) -> np.ndarray:
    """m changed as little as needed so that no more similar level weighs less: adjacent violators are pooled."""
    pools: list[tuple[float, float, int]] = []
    for mine, theirs in zip(m, u, strict=True):
        pools.append((float(mine), float(theirs), 1))
        while len(pools) > 1 and pools[-2][0] * pools[-1][1] > pools[-1][0] * pools[-2][1]:
            (m1, u1, n1), (m2, u2, n2) = pools[-2:]
            pools[-2:] = [(m1 + m2, u1 + u2, n1 + n2)]
    ratios = np.repeat([a / b for a, b, _ in pools], [n for _, _, n in pools])
    return ratios * u
