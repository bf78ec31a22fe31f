"""What an identifier scheme is: its form, its check digit and its usual spelling."""

import string
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import polars as pl

from mdm.standard.standardiser import Standardiser

_ENDINGS = [*string.digits, *string.ascii_uppercase, *(f"{number:02}" for number in range(100))]


@dataclass(frozen=True)
class Scheme:
    """A published way of numbering things.

    `normal` gives an identifier its one spelling; `valid` judges that spelling, a column at a time. A valid check digit
    proves form, not ownership.
    """

    name: str
    about: str
    valid: Callable[[pl.Expr], pl.Expr]
    normal: Standardiser

    def __call__(self, value: Any) -> Any:
        """Whether one value is valid; None for none. A Pandera check may call it with its data, a whole column at once."""
        if value is None:
            return None
        if hasattr(value, "lazyframe"):
            return value.lazyframe.select(self.valid_on(pl.col(value.key)))
        told = str(value).encode("utf-8", "replace").decode("utf-8")
        frame = pl.DataFrame({"value": [told]}, schema={"value": pl.String})
        return frame.select(self.valid_on(pl.col("value"))).item()

    @property
    def __name__(self) -> str:
        """The name under which a check reports it."""
        return self.name

    def valid_on(self, column: pl.Expr) -> pl.Expr:
        """Whether each value of a column is valid; null stays null."""
        return self.valid(self.normal.on(column))

    def complete(self, stem: str) -> str:
        """The valid identifier that begins with this stem and lacks only its check characters."""
        found = next((stem + ending for ending in _ENDINGS if self(stem + ending)), None)
        if found is None:
            raise ValueError(f"{self.name}: no check character completes {stem!r}; give all characters in front of it")
        return self.normal(found)
