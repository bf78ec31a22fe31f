"""Salesforce ids: fifteen characters in which case counts, or eighteen that survive a program blind to case.

The last three of the eighteen tell which of the fifteen are capitals. Both forms name one record, so keys and references
are always written in the long one.
"""

import re

import polars as pl

SHORT, LONG = 15, 18
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"
_GROUP = 5
_SHORT = re.compile(rf"[A-Za-z0-9]{{{SHORT}}}")


def long_id(text: str) -> str:
    """An id in its long form; anything that is no short id stays as it is."""
    if not _SHORT.fullmatch(text):
        return text
    groups = (text[at : at + _GROUP] for at in range(0, SHORT, _GROUP))
    return text + "".join(_LETTERS[sum("A" <= letter <= "Z" and 1 << at for at, letter in enumerate(group))] for group in groups)


def long_ids(text: pl.Expr) -> pl.Expr:
    """The same for a column."""
    groups = [_check(text.str.slice(at, _GROUP)) for at in range(0, SHORT, _GROUP)]
    return pl.when(text.str.contains(f"^{_SHORT.pattern}$")).then(pl.concat_str([text, *groups])).otherwise(text)


def _check(group: pl.Expr) -> pl.Expr:
    capitals = [group.str.slice(at, 1).str.contains("^[A-Z]$").cast(pl.Int64) * (1 << at) for at in range(_GROUP)]
    return pl.lit(_LETTERS).str.slice(pl.sum_horizontal(capitals), 1)
