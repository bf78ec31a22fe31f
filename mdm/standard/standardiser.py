"""What a standardiser is, and the few moves that all of them are built from.

The law: null and blank give null, nothing raises, and text standardised twice is text standardised once.
Each works on a whole column at a time; a call with one value is the same expression on a column of one.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl


@dataclass(frozen=True)
class Standardiser:
    """A named, pure way from what a source said to one form of it.

    `expr` takes a column of text and returns the standardised column.
    """

    name: str
    expr: Callable[[pl.Expr], pl.Expr]
    about: str = ""

    def __call__(self, value: Any) -> Any:
        """The standardised form of one value."""
        if value is None:
            return None
        # A lone surrogate is text in Python and in no column.
        told = str(value).encode("utf-8", "replace").decode("utf-8")
        column = self.series(pl.Series("value", [told], dtype=pl.String))
        return column.to_list()[0]

    def on(self, column: pl.Expr) -> pl.Expr:
        """The standardised form of a column; values that are not text are read as text."""
        return self.expr(column.cast(pl.String, strict=False))

    def series(self, column: pl.Series) -> pl.Series:
        """The standardised form of a series."""
        return column.to_frame("value").select(self.on(pl.col("value")).alias("value")).to_series()

    def then(self, other: "Standardiser") -> "Standardiser":
        """This standardiser, and the other on what it gives."""
        return Standardiser(
            f"{self.name}.then({other.name})",
            lambda column: other.on(self.on(column)),
            f"{self.about} {other.about}".strip(),
        )

    @property
    def dtype(self) -> pl.DataType:
        """The polars type of what it gives."""
        return self.series(pl.Series("value", [], dtype=pl.String)).dtype


def per_value(
    fn: Callable[[str], Any],
    dtype: Any = pl.String,
    *,
    name: str | None = None,
    about: str | None = None,
) -> Standardiser:
    """A standardiser from an ordinary function of one text; it runs once per distinct value and must not raise."""

    def column_wise(column: pl.Series) -> pl.Series:
        # Named apart from the column: a join must not meet two columns of one name.
        frame = column.to_frame("value")
        distinct = frame.select(pl.col("value").drop_nulls().unique())
        given = [_told(fn(value)) for value in distinct["value"].to_list()]
        told = distinct.with_columns(pl.Series("told", given, dtype=dtype, strict=False))
        return frame.join(told, on="value", how="left", maintain_order="left")["told"].alias(column.name)

    return Standardiser(
        name or fn.__name__.strip("_"),
        lambda column: present(column.str.strip_chars()).map_batches(column_wise, return_dtype=dtype),
        about if about is not None else (fn.__doc__ or "").strip(),
    )


def present(column: pl.Expr) -> pl.Expr:
    """The column with blank as null."""
    return column.replace("", None)


def squeezed(column: pl.Expr) -> pl.Expr:
    """The column without outer spaces and with single inner ones."""
    return column.str.replace_all(r"\s+", " ").str.strip_chars()


def reworded(column: pl.Expr, words: Mapping[str, str]) -> pl.Expr:
    """The column with each word that the table knows replaced; a word replaced by nothing is dropped."""
    # One hash look-up per word instead of one pass over the text per table row.
    known = pl.element().replace_strict(dict(words), default=pl.element())
    return squeezed(column.str.split(" ").list.eval(known).list.join(" "))


def coded(column: pl.Expr, codes: Mapping[str, str], default: pl.Expr) -> pl.Expr:
    """The column looked up whole in a table, else the default."""
    return column.replace_strict(dict(codes), default=default, return_dtype=pl.String)


def _told(value: Any) -> Any:
    return None if value == "" else value
