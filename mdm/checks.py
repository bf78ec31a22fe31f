"""Quality checks for rules: Pandera checks over whole columns, each with a plain English sentence.

A check looks at the published form of a value. An empty value passes: that something must be there is said by `required`.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Protocol

import polars as pl
from pandera.polars import Check, PolarsData

from mdm import standard
from mdm.standard import Standardiser


class Valid(Protocol):
    """Anything that can tell, over a column, whether identifiers are well formed."""

    name: str

    def valid_on(self, expression: pl.Expr) -> pl.Expr:
        """True where the identifier is well formed, null where there is none."""
        ...


def holds(test: Callable[[pl.Expr], pl.Expr], *, name: str, error: str) -> Check:
    """A check that applies a Polars test to one column."""

    def check(data: PolarsData) -> pl.LazyFrame:
        return data.lazyframe.select(test(pl.col(data.key)).fill_null(True))

    return Check(check, name=name, error=error)


def valid(scheme: Valid) -> Check:
    """The identifier is well formed and its check digit, if it has one, is right."""
    return holds(scheme.valid_on, name=f"valid_{scheme.name}", error=f"not a valid {scheme.name}")


def matches(pattern: str, *, error: str) -> Check:
    """The whole value has this form (a regular expression)."""
    whole = f"^(?:{pattern})$"
    return holds(lambda value: value.str.contains(whole), name="matches", error=error)


def one_of(*values: str) -> Check:
    """The value is one of these."""
    error = f"not one of: {', '.join(values)}"
    return holds(lambda value: value.is_in(list(values)), name="one_of", error=error)


def between(low: float, high: float) -> Check:
    """The number lies in this range, bounds included."""
    return holds(lambda value: value.is_between(low, high), name="between", error=f"not between {low} and {high}")


def not_future() -> Check:
    """The date is not after today."""
    return holds(lambda value: value <= datetime.now(UTC).date(), name="not_future", error="lies in the future")


def not_before(year: int) -> Check:
    """The date is not before this year began."""
    return holds(lambda value: value.dt.year() >= year, name="not_before", error=f"before the year {year}")


def has_letters() -> Check:
    """The value has at least one letter of some script."""
    return holds(lambda value: value.str.contains(r"\p{L}"), name="has_letters", error="has no letter in it")


def never(filler: Standardiser, *, error: str) -> Check:
    """The value is not one that `filler` calls true: for what is written where nothing is known."""
    return holds(lambda value: ~filler.on(value), name=f"never_{filler.name}", error=error)


def real_person(*columns: str) -> Check:
    """Taken together, these columns name a person, not an office or a filler ("Central Contact").

    For the `checks` of an entity.
    """

    def check(data: PolarsData) -> pl.LazyFrame:
        whole = pl.concat_str([pl.col(column) for column in columns], separator=" ", ignore_nulls=True)
        return data.lazyframe.select((~standard.placeholder_person.on(whole)).fill_null(True).alias("real"))

    return Check(check, name="real_person", error="a placeholder, not a person")
