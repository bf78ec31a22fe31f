"""Standardisers that take a compare form apart: words that tell, and the parts of an address."""

from collections.abc import Collection

import polars as pl

from mdm.standard.standardiser import Standardiser, present

# What kind of street it is, as `address_key` writes it; often left out, and what follows it is a unit.
_STREET_KINDS = (
    "st ave blvd rd dr pl ln ct pkwy hwy ter cir sq way trl expy fwy plz aly row loop path pike tpke rte"
).split()
_PREMISES = rf"^(\d+)[a-z]? (?:\d+ )?(.*?)(?: (?:{'|'.join(_STREET_KINDS)})(?: .*)?)?$"


def words(without: Collection[str] = ()) -> Standardiser:
    """The different words of a folded text, sorted, as a list; null if none but these are left."""
    dropped = sorted(without)

    def told(column: pl.Expr) -> pl.Expr:
        parted = present(column).str.split(" ").list.unique().list.sort()
        kept = parted.list.filter(~pl.element().is_in(dropped)) if dropped else parted
        return pl.when(kept.list.len() > 0).then(kept)

    return Standardiser("words", told, "A list of the different words.")


def _premises(column: pl.Expr) -> pl.Expr:
    return present(column.str.replace(_PREMISES, "$1 $2").str.strip_chars())


premises = Standardiser(
    "premises", _premises, "House number and street of an address to compare, without the street's kind and the unit."
)
house_number = Standardiser(
    "house_number", lambda column: column.str.extract(r"^(\d{1,7})"), "The number an address to compare starts with."
)


def _department(column: pl.Expr) -> pl.Expr:
    before = column.str.extract(r"(?i)\b(?:department|dept|division|div)\b\.?,? (?:of |for )?([\p{L}][^,;:()]*?)(?: - |[,;:()]|$)")
    after = column.str.extract(r"(?i)([\p{L}]+) (?:department|dept)\b")
    return present(pl.coalesce(before, after).str.strip_chars())


department = Standardiser("department", _department, "The department that the name of an organisation speaks of.")
