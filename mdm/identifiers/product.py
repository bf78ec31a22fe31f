"""Identifiers of substances, medicines and packages."""

import polars as pl

from mdm.identifiers.check_digit import gs1, value_36, weighted
from mdm.identifiers.scheme import Scheme
from mdm.identifiers.spelling import bare, formed, grouped
from mdm.standard import product

_NDC = r"^(?:[0-9]{10}|[0-9]{5,6}-[0-9]{4}-[0-9]{2})$"


def _cas(column: pl.Expr) -> pl.Expr:
    # The places are counted from the right, so short numbers are padded on the left.
    plain = column.str.replace_all("-", "", literal=True).str.zfill(10)
    total = weighted(plain, [9, 8, 7, 6, 5, 4, 3, 2, 1])
    return column.str.contains(r"^[1-9][0-9]{1,6}-[0-9]{2}-[0-9]$") & (total % 10 == weighted(plain, [1], start=9))


def _unii(column: pl.Expr) -> pl.Expr:
    total = pl.sum_horizontal([value_36(column, at) for at in range(9)], ignore_nulls=False)
    return column.str.contains(r"^[0-9A-Z]{10}$") & (total % 36 == value_36(column, 9))


gtin = Scheme(
    "gtin",
    "Global Trade Item Number of GS1: 8, 12, 13 or 14 digits, the last a check digit.",
    lambda column: column.str.contains(r"^[0-9]{14}$") & gs1(column, 14),
    product.gtin,
)
sscc = Scheme(
    "sscc",
    "Serial Shipping Container Code of GS1: eighteen digits, the last a check digit.",
    lambda column: column.str.contains(r"^[0-9]{18}$") & gs1(column, 18),
    bare("sscc", r"SSCC|\(00\)"),
)
ndc = formed(
    "ndc",
    "National Drug Code (US) of a package: labeler, product and package; ten bare digits have three readings.",
    _NDC,
    product.ndc,
)
cas = Scheme(
    "cas",
    "CAS Registry Number: up to ten digits in three groups, the last a check digit.",
    _cas,
    grouped("cas", r"^([0-9]{2,7})([0-9]{2})([0-9])$", "$1-$2-$3", "CAS(?:RN|NO)?"),
)
unii = Scheme(
    "unii",
    "Unique Ingredient Identifier of FDA: ten letters and digits, the last a check character.",
    _unii,
    bare("unii", "UNII:"),
)
inchikey = formed(
    "inchikey",
    "InChIKey: the hashed structure of a substance, in blocks of 14, 10 and 1 letters.",
    r"^[A-Z]{14}-[A-Z]{10}-[A-Z]$",
    grouped("inchikey", r"^([A-Z]{14})([A-Z]{10})([A-Z])$", "$1-$2-$3", "INCHIKEY[:=]"),
)
atc = formed(
    "atc",
    "Anatomical Therapeutic Chemical code, of any of its five levels.",
    r"^[ABCDGHJLMNPRSV](?:[0-9]{2}(?:[A-Z](?:[A-Z](?:[0-9]{2})?)?)?)?$",
    bare("atc", "ATC:"),
)
