"""Comparisons for rules, beside those of Splink: texts by their rare words, swapped names, sets and numbers.

Each returns a Splink comparison. A column named here is a key or an attribute in the form machines compare; `likeness`
wants keys declared `rare=True`. Two texts are as alike as the cosine between their words, each weighted by how rare it is
(Salton and Buckley 1988), raised by half of what would make the shorter text a part of the longer.
"""

from collections.abc import Sequence

import splink.comparison_level_library as cll
import splink.comparison_library as cl
from splink.internals.comparison_creator import ComparisonCreator

# What a rare key is called in the table that is compared.
RARITY = "_rarity"
LADDER = (0.999, 0.9, 0.75, 0.6, 0.45, 0.3, 0.15)
# Where nothing can be learnt: texts less alike than this speak against a match, and how many bits all of likeness is worth.
EVEN, BITS = 0.4, 16.0


def likeness(name: str, words: str, letters: str | None = None, *, at: Sequence[float] = LADDER) -> ComparisonCreator:
    """A comparison of texts by their rare `words`, or by runs of `letters` where these are more alike, on a ladder."""
    keys = [words, *([letters] if letters else [])]
    empty = " and ".join(f'("{key}{RARITY}_l" is null or "{key}{RARITY}_r" is null)' for key in keys)
    alike = f'likeness("{words}{RARITY}_l", "{words}{RARITY}_r")'
    if letters:
        alike = f'greatest({alike}, spelling("{letters}{RARITY}_l", "{letters}{RARITY}_r"))'
    steps = [cll.CustomLevel(f"{alike} >= {step}", f"alike by {step:.0%}") for step in at]
    odds = [2 ** (BITS * (step - EVEN)) for step in (*_middles(at), at[-1] / 4)]
    return cl.CustomComparison(
        output_column_name=name,
        comparison_levels=[cll.CustomLevel(empty, "nothing to compare").configure(is_null_level=True), *steps, cll.ElseLevel()],
    ).configure(m_probabilities=[o / (1 + o) for o in odds], u_probabilities=[1 / (1 + o) for o in odds])


def _middles(at: Sequence[float]) -> list[float]:
    """How alike the texts on each step of a ladder are, about."""
    return [(low + high) / 2 for low, high in zip(at, (1.0, *at), strict=False)]


def shared(name: str, key: str, *, same: bool = False) -> ComparisonCreator:
    """A comparison of lists: something in common, or nothing; with `same`, first whether all of it is."""
    equal = [cll.CustomLevel(f'"{key}_l" = "{key}_r"', "the same")] if same else []
    return cl.CustomComparison(
        output_column_name=name,
        comparison_levels=[
            cll.NullLevel(key),
            *equal,
            cll.ArrayIntersectLevel(key, 1).configure(label_for_charts="something in common"),
            cll.ElseLevel().configure(label_for_charts="nothing in common"),
        ],
    )


def spelt(column: str, *, swapped_with: str | None = None) -> ComparisonCreator:
    """A comparison of names: equal, written in each other's place, one slip, alike, a little alike."""
    left, right = f'"{column}_l"', f'"{column}_r"'
    swapped = (
        [cll.CustomLevel(f'{left} = "{swapped_with}_r" and "{swapped_with}_l" = {right}', f"{column} and {swapped_with} swapped")]
        if swapped_with
        else []
    )
    slip = cll.CustomLevel(
        f"jaro_winkler_similarity({left}, {right}) >= 0.92 or damerau_levenshtein({left}, {right}) <= 1", "one slip"
    )
    return cl.CustomComparison(
        output_column_name=column,
        comparison_levels=[
            cll.NullLevel(column),
            *swapped,
            cll.ExactMatchLevel(column),
            slip,
            cll.JaroWinklerLevel(column, 0.85),
            cll.JaroWinklerLevel(column, 0.7),
            cll.ElseLevel(),
        ],
    )


def digits(column: str, *, slips: int = 2) -> ComparisonCreator:
    """A comparison of numbers that are names (a date, a postcode, a code): equal, or up to so many slips."""
    levels = [cll.DamerauLevenshteinLevel(column, slip) for slip in range(1, slips + 1)]
    return cl.CustomComparison(
        output_column_name=column,
        comparison_levels=[cll.NullLevel(column), cll.ExactMatchLevel(column), *levels, cll.ElseLevel()],
    )


def same(column: str) -> ComparisonCreator:
    """A comparison of categories: equal or not."""
    return cl.CustomComparison(
        output_column_name=column, comparison_levels=[cll.NullLevel(column), cll.ExactMatchLevel(column), cll.ElseLevel()]
    )
