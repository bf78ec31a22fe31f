"""Comparisons for rules, beside those of Splink: texts by their rare words, swapped names, sets and numbers.

Each returns a Splink comparison or level. A column named here is a key or an attribute in the form machines compare;
`likeness` wants keys declared `rare=True`. Similarity of two texts is the cosine between their words, each weighted by
how rare it is (Salton and Buckley 1988); the highest of several keys counts, such as whole words and runs of letters.
"""

from collections.abc import Sequence

import splink.comparison_level_library as cll
import splink.comparison_library as cl

# What a rare key is called in the table that is compared.
RARITY = "_rarity"
LADDER = (0.999, 0.9, 0.75, 0.6, 0.45, 0.3, 0.15)


def _alike(keys: Sequence[str], at: float) -> str:
    each = ", ".join(f'likeness("{key}{RARITY}_l", "{key}{RARITY}_r")' for key in keys)
    return f"{each if len(keys) == 1 else f'greatest({each})'} >= {at}"


def alike(*keys: str, at: float) -> cll.CustomLevel:
    """A level: the texts behind these rare keys are at least this similar (0 to 1)."""
    return cll.CustomLevel(_alike(keys, at), f"similar by {at:.0%}")


def likeness(name: str, *keys: str, at: Sequence[float] = LADDER) -> cl.CustomComparison:
    """A comparison of texts by their rare keys, on a ladder of similarities."""
    empty = " and ".join(f'("{key}{RARITY}_l" is null or "{key}{RARITY}_r" is null)' for key in keys)
    return cl.CustomComparison(
        output_column_name=name,
        comparison_levels=[
            cll.CustomLevel(empty, "nothing to compare").configure(is_null_level=True),
            *(alike(*keys, at=step) for step in at),
            cll.ElseLevel(),
        ],
    )


def shared(name: str, key: str, *, same: bool = False) -> cl.CustomComparison:
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


def spelt(column: str, *, swapped_with: str | None = None) -> cl.CustomComparison:
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


def digits(column: str, *, slips: int = 2) -> cl.CustomComparison:
    """A comparison of numbers that are names (a date, a postcode, a code): equal, or up to so many slips."""
    levels = [cll.DamerauLevenshteinLevel(column, slip) for slip in range(1, slips + 1)]
    return cl.CustomComparison(
        output_column_name=column,
        comparison_levels=[cll.NullLevel(column), cll.ExactMatchLevel(column), *levels, cll.ElseLevel()],
    )


def same(column: str) -> cl.CustomComparison:
    """A comparison of categories: equal or not."""
    return cl.CustomComparison(
        output_column_name=column, comparison_levels=[cll.NullLevel(column), cll.ExactMatchLevel(column), cll.ElseLevel()]
    )
