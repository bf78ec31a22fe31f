"""What a standardiser is, and the few moves that all of them are built from.

The law: null and blank give null, nothing raises, and text standardised twice is text standardised once.
Each works on a whole column at a time; a call with one value is the same expression on a column of one.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import polars as pl

# Below this a column is not worth sorting out; and in a sample with fewer repeats, neither.
_FEW = 2_000
_SAMPLE = 1_000
# Up to here, to set up a lazy query costs more than what it saves.
_HANDFUL = 50


@dataclass(frozen=True)
class Standardiser:
    """A named, pure way from what a source said to one form of it.

    `expr` takes a column of text and returns the standardised column. `on` runs it once per distinct value.
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
        return self.series(pl.Series("value", [told], dtype=pl.String)).to_list()[0]

    def on(self, column: pl.Expr) -> pl.Expr:
        """The standardised form of a column; values that are not text are read as text."""
        return column.cast(pl.String, strict=False).map_batches(self.series, return_dtype=self.dtype, is_elementwise=True)

    def series(self, column: pl.Series) -> pl.Series:
        """The standardised form of a series of text."""
        if column.null_count() == column.len():
            # Nothing gives nothing, and most sources leave most columns empty.
            return pl.repeat(None, column.len(), dtype=self.dtype, eager=True).alias(column.name)
        frame = column.rename("value").to_frame()
        if not _repeats(frame):
            return self._told(frame)["told"].alias(column.name)
        told = self._told(frame.select(pl.col("value").drop_nulls().unique()))
        return frame.join(told, on="value", how="left", maintain_order="left")["told"].alias(column.name)

    def then(self, other: "Standardiser") -> "Standardiser":
        """This standardiser, and the other on what it gives."""
        return Standardiser(
            f"{self.name}.then({other.name})",
            lambda column: other.expr(self.expr(column).cast(pl.String, strict=False)),
            f"{self.about} {other.about}".strip(),
        )

    @cached_property
    def dtype(self) -> pl.DataType:
        """The polars type of what it gives."""
        return self._told(pl.DataFrame(schema={"value": pl.String})).schema["told"]

    def _told(self, frame: pl.DataFrame) -> pl.DataFrame:
        if frame.height <= _HANDFUL:
            return frame.with_columns(told=self._written)
        # Lazily, so that what an expression names twice is worked out once.
        return frame.lazy().with_columns(told=self._written).collect()

    @cached_property
    def _written(self) -> pl.Expr:
        return self.expr(pl.col("value"))


def per_value(
    fn: Callable[[str], Any], dtype: Any = pl.String, *, name: str | None = None, about: str | None = None
) -> Standardiser:
    """A standardiser from an ordinary function of one text; it runs once per distinct value and must not raise."""

    def column_wise(column: pl.Series) -> pl.Series:
        known: dict[str, Any] = {}
        values = column.to_list()
        for value in values:
            if value is not None and value not in known:
                given = fn(value)
                known[value] = None if given == "" else given
        return pl.Series(column.name, [known.get(value) for value in values], dtype=dtype, strict=False)

    return Standardiser(
        name or fn.__name__.strip("_"),
        lambda column: present(column.str.strip_chars()).map_batches(column_wise, return_dtype=dtype, is_elementwise=True),
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
    joined = column.str.split(" ").list.eval(known).list.join(" ")
    return joined.str.replace_all(r"  +", " ").str.strip_chars(" ")


def coded(column: pl.Expr, codes: Mapping[str, str], default: pl.Expr) -> pl.Expr:
    """The column looked up whole in a table, else the default."""
    return column.replace_strict(dict(codes), default=default, return_dtype=pl.String)


def _repeats(frame: pl.DataFrame) -> bool:
    """Whether values come back often enough to look each up once; judged by a sample over the whole column."""
    if frame.height < _FEW:
        return False
    sample = frame["value"].gather_every(max(1, frame.height // _SAMPLE))
    return sample.n_unique() < 0.9 * sample.len()
