"""Identifiers of organisations and places."""

import polars as pl

from mdm.identifiers.check_digit import digit, gs1, luhn, mod_97_10, value_32
from mdm.identifiers.scheme import Scheme
from mdm.identifiers.spelling import bare, formed, grouped
from mdm.standard.standardiser import Standardiser

_ROR = r"^0[0-9a-hjkmnp-tv-z]{6}[0-9]{2}$"
_bare_ror = bare("ror", "ROR")


def _ror(column: pl.Expr) -> pl.Expr:
    number = pl.lit(0, dtype=pl.Int64)
    for at in range(1, 7):
        number = number * 32 + value_32(column, at)
    check = digit(column, 7) * 10 + digit(column, 8)
    return column.str.contains(_ROR) & (check == 98 - (number * 100) % 97)


ror = Scheme(
    "ror",
    "Research Organization Registry id; two check digits by ISO 7064 mod 97-10.",
    _ror,
    Standardiser("ror", lambda column: _bare_ror.expr(column).str.to_lowercase(), "Nine small letters and digits."),
)
lei = Scheme(
    "lei",
    "Legal Entity Identifier (ISO 17442): twenty characters, two check digits by ISO 7064 mod 97-10.",
    lambda column: column.str.contains(r"^[0-9A-Z]{18}[0-9]{2}$") & mod_97_10(column, 20),
    bare("lei", "LEI"),
)
gln = Scheme(
    "gln",
    "Global Location Number of GS1: thirteen digits, the last a check digit.",
    lambda column: column.str.contains(r"^[0-9]{13}$") & gs1(column, 13),
    bare("gln", "GLN"),
)
hpi_o = Scheme(
    "hpi_o",
    "Australian Healthcare Provider Identifier of an organisation: sixteen digits, Luhn.",
    lambda column: column.str.contains(r"^800362[0-9]{10}$") & luhn(column, 16),
    bare("hpi_o", "HPIO"),
)
duns = formed("duns", "Dun & Bradstreet number: nine digits, no check digit.", r"^[0-9]{9}$", bare("duns", "DUNS"))
fei = formed("fei", "FDA Establishment Identifier: seven or ten digits.", r"^(?:[0-9]{7}|[0-9]{10})$", bare("fei", "FEI"))
ccn = formed(
    "ccn",
    "CMS Certification Number (US): six characters, the first two the state.",
    r"^[0-9]{2}[0-9A-Z][0-9]{3}$",
    bare("ccn", "CCN"),
)
finess = formed(
    "finess", "French register of health establishments: nine characters.", r"^[0-9][0-9AB][0-9]{7}$", bare("finess", "FINESS")
)
ctep_site = formed(
    "ctep_site", "Site code of the US Cancer Therapy Evaluation Program: two letters and three digits.", r"^[A-Z]{2}[0-9]{3}$"
)
oms_organisation = formed(
    "oms_organisation",
    "Organisation id of the European Medicines Agency.",
    r"^ORG-[0-9]{9}$",
    grouped("oms_organisation", r"^ORG([0-9]+)$", "ORG-$1"),
)
oms_location = formed(
    "oms_location",
    "Location id of the European Medicines Agency.",
    r"^LOC-[0-9]{9}$",
    grouped("oms_location", r"^LOC([0-9]+)$", "LOC-$1"),
)
