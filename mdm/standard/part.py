"""Standardisers that take a text apart: words that tell, the house in an address, the department in a name.

What they give is a part and no longer the whole, so most of them have nothing to say about their own answer.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

import polars as pl

from mdm.standard.person import suffix
from mdm.standard.standardiser import Standardiser, present

# What kind of street it is, as `address_key` writes it; often left out, and what follows it is a unit.
_STREET_KINDS = "st ave blvd rd dr pl ln ct pkwy hwy ter cir sq way trl expy fwy plz aly row loop path pike tpke rte".split()
_PREMISES = rf"^(\d+)[a-z]? (?:\d+ )*(.*?)(?: (?:{'|'.join(_STREET_KINDS)})(?: .*)?)?$"

_GENERATIONS = "jr|sr|jnr|snr|junior|senior|ii|iii|iv"


def words(without: Collection[str] = ()) -> Standardiser:
    """The different words of a folded text, sorted, as a list; null if none but these are left."""
    dropped = sorted(without)

    def told(column: pl.Expr) -> pl.Expr:
        parted = present(column).str.split(" ").list.eval(pl.element().unique().sort())
        kept = parted.list.filter(~pl.element().is_in(dropped)) if dropped else parted
        return pl.when(kept.list.len() > 0).then(kept)

    return Standardiser("words", told, "A list of the different words.")


@dataclass(frozen=True)
class _Each(Standardiser):
    inner: Standardiser = field(kw_only=True)

    def on(self, column: pl.Expr) -> pl.Expr:
        return self.expr(column)

    def __call__(self, value: Sequence[str] | None) -> list[object] | None:
        column = pl.Series("value", [value], dtype=pl.List(pl.String))
        given: list[list[object] | None] = self.series(column).to_list()
        return given[0]

    @property
    def dtype(self) -> pl.DataType:
        return pl.List(self.inner.dtype)


def each(inner: Standardiser) -> Standardiser:
    """A standardiser of lists of text: every element by `inner`, each result once, sorted; an empty list is null."""

    def told(column: pl.Expr) -> pl.Expr:
        kept = column.list.eval(inner.expr(pl.element())).list.drop_nulls().list.eval(pl.element().unique().sort())
        return pl.when(kept.list.len() > 0).then(kept)

    return _Each(f"each({inner.name})", told, f"Of a list, each: {inner.about}", inner=inner)


def _premises(column: pl.Expr) -> pl.Expr:
    return present(column.str.replace(_PREMISES, "$1 $2").str.strip_chars())


premises = Standardiser(
    "premises", _premises, "House number and street of an address to compare, without the street's kind and the unit."
)
house_number = Standardiser(
    "house_number", lambda column: column.str.extract(r"^(\d{1,7})"), "The number an address to compare starts with."
)


def _department(column: pl.Expr) -> pl.Expr:
    before = column.str.extract(r"(?i)\b(?:department|dept|division|div)\b\.? (?:of |for )?(\p{L}[^,;:()]*?)(?: - |[,;:()]|$)")
    after = column.str.extract(r"(?i)([\p{L}]+) (?:department|dept)\b")
    return present(pl.coalesce(before, after).str.strip_chars())


def _unit(column: pl.Expr) -> pl.Expr:
    forms = (r"^department (\w+)", r"(\w+) department$", r"^(\w+) department ", r" department (\w+)")
    return pl.coalesce(*(column.str.extract(form) for form in forms), pl.when(column.is_not_null()).then(pl.lit("whole")))


department = Standardiser("department", _department, "The department that the name of an organisation speaks of.")
unit = Standardiser(
    "unit", _unit, "Of an organisation's name to compare, the first word of the department it speaks of, or: whole."
)
generation = Standardiser(
    "generation", lambda column: column.str.extract(rf"(?i)[\s,]({_GENERATIONS})[\s.]*$"), "What a name ends in: Jr, Sr, III."
).then(suffix)
without_generation = Standardiser(
    "without_generation",
    lambda column: present(column.str.replace(rf"(?i)(?:[\s,]+(?:{_GENERATIONS})[\s.]*)+$", "").str.strip_chars()),
    "A name without the generation at its end.",
)
