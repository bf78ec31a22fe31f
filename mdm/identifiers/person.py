"""Identifiers of people."""

import polars as pl

from mdm.identifiers.check_digit import luhn, mod_11_2, weighted
from mdm.identifiers.scheme import Scheme
from mdm.identifiers.spelling import bare, formed, grouped
from mdm.standard.text import code

_DIGITS_16 = r"^([0-9]{4})([0-9]{4})([0-9]{4})([0-9]{3}[0-9X])$"


def _dea(column: pl.Expr) -> pl.Expr:
    total = weighted(column, [1, 2, 1, 2, 1, 2], start=2)
    return column.str.contains(r"^[A-Z][A-Z9][0-9]{7}$") & (total % 10 == weighted(column, [1], start=8))


def _lanr(column: pl.Expr) -> pl.Expr:
    # A doctor's number of six digits, its check digit, and two digits for the specialty.
    total = weighted(column, [6, 1, 6, 1, 6, 1])
    return column.str.contains(r"^[0-9]{9}$") & (total % 10 == weighted(column, [1], start=6))


def _provider_at(column: pl.Expr) -> pl.Expr:
    total = weighted(column, [3, 7, 9, 6, 4, 2, 1], start=1)
    return column.str.contains(r"^[0-9]{8}$") & (total % 11 == weighted(column, [1]))


def _iso_16(column: pl.Expr) -> pl.Expr:
    plain = column.str.replace_all(r"[ -]", "")
    return plain.str.contains(r"^[0-9]{15}[0-9X]$") & mod_11_2(plain)


npi = Scheme(
    "npi",
    "National Provider Identifier (US): ten digits, the last a Luhn check digit over 80840 and the number.",
    lambda column: column.str.contains(r"^[12][0-9]{9}$") & luhn(column, 10, constant=24),
    bare("npi", "NPI"),
)
dea = Scheme("dea", "Registration with the US Drug Enforcement Administration.", _dea, bare("dea", "DEA"))
licence = formed(
    "licence",
    "Licence number of a state board; unique only with state and type, so only its form is judged.",
    r"^[0-9A-Z]{2,20}$",
    code,
)
orcid = Scheme(
    "orcid",
    "Open Researcher and Contributor ID; check character by ISO 7064 mod 11-2.",
    _iso_16,
    grouped("orcid", _DIGITS_16, "$1-$2-$3-$4", "ORCID(?:ID)?"),
)
isni = Scheme(
    "isni",
    "International Standard Name Identifier (ISO 27729); check character by ISO 7064 mod 11-2.",
    _iso_16,
    grouped("isni", _DIGITS_16, "$1 $2 $3 $4", "ISNI"),
)
rpps = Scheme(
    "rpps",
    "French register of health professionals: eleven digits, the last a Luhn check digit.",
    lambda column: column.str.contains(r"^[0-9]{11}$") & luhn(column, 11),
    bare("rpps", "RPPS"),
)
lanr = Scheme("lanr", "German doctor's number for life (LANR): nine digits, the seventh checks.", _lanr, bare("lanr", "LANR"))
hpi_i = Scheme(
    "hpi_i",
    "Australian Healthcare Provider Identifier of an individual: sixteen digits, Luhn.",
    lambda column: column.str.contains(r"^800361[0-9]{10}$") & luhn(column, 16),
    bare("hpi_i", "HPII"),
)
provider_at = Scheme(
    "provider_at", "Austrian contract partner number: eight digits, the first checks.", _provider_at, bare("provider_at")
)
gmc = formed(
    "gmc", "Number in the register of the General Medical Council (UK): seven digits.", r"^[0-9]{7}$", bare("gmc", "GMC")
)
big = formed(
    "big", "Number in the Dutch register of professions in health care: eleven digits.", r"^[0-9]{11}$", bare("big", "BIG")
)
ctep_person = formed(
    "ctep_person", "Person code of the US Cancer Therapy Evaluation Program: five or six digits.", r"^[0-9]{5,6}$"
)
