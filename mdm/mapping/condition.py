"""Conditions on fields: which rows a map wants, and which say that a record is deleted or inactive."""

from collections.abc import Mapping

import polars as pl

from mdm.mapping.document import Documents, Said
from mdm.settings import Condition


def accepted(documents: Documents, where: Mapping[str, tuple[str, ...]], inactive: pl.Series) -> pl.Series:
    """Whether each document passes `where`: every field one of its values, an absent field being the empty text.

    An inactive record that blanks every field of `where` passes: it cannot tell, and must not be lost.
    """
    said = documents.texts(where)
    passed = inactive.new_from_index(0, len(inactive)) | True if len(inactive) else inactive
    blank = passed
    for field, values in where.items():
        passed &= said[field].fill_null("").is_in(list(values))
        blank &= said[field].is_null()
    return passed | (blank & inactive)


def fields(condition: Condition | None) -> list[str]:
    """The fields a condition looks at."""
    if condition is None:
        return []
    return [condition.field, *([condition.unless] if condition.unless else [])]


def holds(condition: Condition, said: Said) -> pl.Series:
    """Whether the condition is met, row by row. Values are compared without regard to case."""
    text = said[condition.field].str.strip_chars()
    if condition.present:
        met = _filled(text)
    else:
        met = text.str.to_lowercase().is_in([value.strip().lower() for value in condition.values]).fill_null(False)
    return met & ~_filled(said[condition.unless]) if condition.unless else met


def _filled(text: pl.Series) -> pl.Series:
    return (text.str.strip_chars() != "").fill_null(False)
