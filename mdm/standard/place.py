"""Standardisers for where something is: country, region, postcode, address line."""

from collections.abc import Mapping

import polars as pl

from mdm.standard.country import countries
from mdm.standard.region import regions, street_words
from mdm.standard.standardiser import Standardiser, coded, present, reworded
from mdm.standard.text import code, folded, text, upper


def _spelled(table: Mapping[str, str]) -> dict[str, str]:
    """A table by the compact spelling of its names, all of them spelled at once."""
    return dict(zip(code.series(pl.Series(list(table), dtype=pl.String)).to_list(), table.values(), strict=True))


_COUNTRY = _spelled(countries())
_REGION = _spelled(regions())
_UK = r"^([A-Z]{1,2}[0-9][A-Z0-9]?) ?([0-9][A-Z]{2})$"
_CANADA = r"^([A-Z][0-9][A-Z])[ -]?([0-9][A-Z][0-9])$"


def _country(column: pl.Expr) -> pl.Expr:
    return coded(code.expr(column), _COUNTRY, upper.expr(column))


def _region(column: pl.Expr) -> pl.Expr:
    return coded(code.expr(column), _REGION, text.expr(column))


def _region_key(column: pl.Expr) -> pl.Expr:
    return coded(code.expr(column), _REGION, folded.expr(column)).str.to_lowercase()


def _postcode(column: pl.Expr) -> pl.Expr:
    said = upper.expr(column)
    long = said.str.replace(r"^([0-9]{5})[ -]?([0-9]{4})$", "$1-$2").str.replace(r"^([0-9]{5})-(?:0000)?$", "$1")
    return long.str.replace(_UK, "$1 $2").str.replace(_CANADA, "$1 $2")


def _postcode_key(column: pl.Expr) -> pl.Expr:
    # A country's letter in front is of use on an envelope only.
    bare = _postcode(column).str.replace(r"^[A-Z]{1,3}-([0-9]{4,5})$", "$1")
    return code.expr(bare).str.replace(r"^([0-9]{5})[0-9]{4}$", "$1")


def _address(column: pl.Expr) -> pl.Expr:
    said = text.expr(column).str.replace_all(r"\s+([,;])", "$1").str.replace_all(r",(?:\s*,)+", ",")
    return present(said.str.strip_chars(" ,;"))


def _address_key(column: pl.Expr) -> pl.Expr:
    # "P.O." and "N.W." are one word each.
    joined = column.str.replace_all(r"\b(\p{L})\.", "$1").str.replace_all("#", " ", literal=True)
    plain = folded.expr(joined)
    known = reworded(plain, street_words()).str.replace_all(r"stra(?:ss|s)e\b", "str")
    boxed = known.str.replace_all(r"\b(?:p o|post(?:al)?(?: office)?) box\b", "po box")
    return pl.coalesce(present(boxed), plain)


country = Standardiser("country", _country, "ISO 3166-1 two-letter code; a country that is not known in capitals.")
region = Standardiser("region", _region, "Code of a state or province of the US or Canada; another region as written.")
region_key = Standardiser("region_key", _region_key, "For comparing: the region's code, or its folded name.")
postcode = Standardiser("postcode", _postcode, "In capitals; US, UK and Canadian codes with their usual separator.")
postcode_key = Standardiser("postcode_key", _postcode_key, "For comparing: the first five digits of a US code, else all.")
address = Standardiser("address", _address, "Clean text of one address line.")
address_key = Standardiser(
    "address_key", _address_key, "For comparing: folded, street words shortened, unit words dropped, numbers kept."
)
