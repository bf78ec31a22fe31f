"""Standardisers from text to dates, numbers, truth values and states."""

import polars as pl

from mdm.standard.standardiser import Standardiser, coded
from mdm.standard.text import folded

_MONTHS = {
    name: str(number)
    for number, names in enumerate(
        "jan january enero janvier januar gennaio|feb february febrero fevrier februar febbraio|"
        "mar march marzo mars marz maerz|apr april abril avril aprile|may mayo mai maggio|jun june junio juin juni giugno|"
        "jul july julio juillet juli luglio|aug august agosto aout|sep sept september septiembre septembre settembre|"
        "oct october octubre octobre okt oktober ottobre|nov november noviembre novembre|"
        "dec december diciembre decembre dez dezember dicembre".split("|"),
        start=1,
    )
    for name in names.split()
}
_TIME = r"(?:[T\s]+[0-9]{1,2}[:.]?[0-9]{2}.*|T.*)?$"
_STATES = {
    "active": "active a act enabled current licensed valid activo aktiv actif open operational",
    "inactive": "inactive i inact disabled deactivated inactivo inaktiv inactif terminated lapsed",
    "closed": "closed defunct",
    "deceased": "deceased dead died",
    "expired": "expired",
    "pending": "pending",
    "retired": "retired",
    "revoked": "revoked",
    "suspended": "suspended",
    "unknown": "unknown u unk",
}
_STATE = {word: state for state, words in _STATES.items() for word in words.split()} | {
    "not active": "inactive", "in active": "inactive", "no longer active": "inactive",
}  # fmt: skip
_TRUE = "true t yes y 1 on si s ja j oui sim x checked".split()
_FALSE = "false f no n 0 off nein non nao unchecked".split()


def _plausible(year: pl.Expr, month: pl.Expr, day: pl.Expr) -> pl.Expr:
    joined = pl.concat_str(year, pl.lit("-"), month.str.zfill(2), pl.lit("-"), day.str.zfill(2))
    return joined.str.to_date("%Y-%m-%d", strict=False)


def _dated(pattern: str, order: str) -> Standardiser:
    """Dates of one written form; order says which group is (y)ear, (m)onth and (d)ay."""
    at = {part: order.index(part) + 1 for part in "ymd"}

    def parsed(column: pl.Expr) -> pl.Expr:
        groups = column.str.extract_groups(pattern)
        year, month, day = (groups.struct.field(str(at[part])) for part in "ymd")
        return _plausible(year, month, day)

    return Standardiser(f"dated({order})", parsed)


_YEAR = r"([12][0-9]{3})"
_TWO = r"([0-9]{1,2})"
_ISO = _dated(rf"^{_YEAR}[-/.]{_TWO}[-/.]{_TWO}{_TIME}", "ymd")
_BASIC = _dated(rf"^{_YEAR}([0-9]{{2}})([0-9]{{2}})(?:[0-9]{{4,6}}|{_TIME})$", "ymd")
_AMERICAN = _dated(rf"^{_TWO}/{_TWO}/{_YEAR}{_TIME}", "mdy")
_GERMAN = _dated(rf"^{_TWO}\.\s?{_TWO}\.\s?{_YEAR}{_TIME}", "dmy")
_DAY_FIRST = _dated(rf"^{_TWO}[/.-]\s?{_TWO}[/.-]\s?{_YEAR}{_TIME}", "dmy")


def _worded(column: pl.Expr) -> pl.Expr:
    """Dates whose month is a word, in either order: 15MAR2024, March 15, 2024."""
    plain = folded.expr(column)
    first = plain.str.extract_groups(r"^([0-9]{1,2})(?:st|nd|rd|th)? ?(?:de )?([a-z]{3,10}) ?(?:de )?([12][0-9]{3})\b")
    second = plain.str.extract_groups(r"^([a-z]{3,10}) ([0-9]{1,2})(?:st|nd|rd|th)? ([12][0-9]{3})\b")

    def month(groups: pl.Expr, at: str) -> pl.Expr:
        return groups.struct.field(at).replace_strict(_MONTHS, default=None, return_dtype=pl.String)

    left = _plausible(first.struct.field("3"), month(first, "2"), first.struct.field("1"))
    return pl.coalesce(left, _plausible(second.struct.field("3"), month(second, "1"), second.struct.field("2")))


def _first_of(column: pl.Expr, *forms: Standardiser) -> pl.Expr:
    said = column.str.strip_chars()
    # A month in words has three letters; the T of a time stands alone.
    worded = _worded(pl.when(said.str.contains(r"\p{L}{3}")).then(said))
    return pl.coalesce(*(form.expr(said) for form in forms), worded)


def _date(column: pl.Expr) -> pl.Expr:
    return _first_of(column, _ISO, _BASIC, _AMERICAN, _GERMAN)


def _date_day_first(column: pl.Expr) -> pl.Expr:
    return _first_of(column, _ISO, _BASIC, _DAY_FIRST)


def _number(column: pl.Expr) -> pl.Expr:
    plain = column.str.normalize("NFKC").str.replace_all(r"[\s'’_]+", "").str.replace_all("−", "-", literal=True)
    signed = plain.str.replace(r"^([^-+]+)-$", "-$1")
    # Both marks: the later one is the decimal mark. Three digits behind a lone comma are thousands.
    german = signed.str.contains(r"^[-+]?[0-9]{1,3}(?:\.[0-9]{3})+,[0-9]+$|^[-+]?[0-9]{1,3}(?:\.[0-9]{3}){2,}$")
    turned = pl.when(german).then(signed.str.replace_all(".", "", literal=True)).otherwise(signed)
    grouped = turned.str.contains(r"^[-+]?[1-9][0-9]{0,2}(?:,[0-9]{3})+(?:\.[0-9]*)?$")
    plain_number = (
        pl.when(grouped).then(turned.str.replace_all(",", "", literal=True)).otherwise(turned.str.replace(",", ".", literal=True))
    )
    shaped = plain_number.str.extract(r"^([-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]{1,3})?)$")
    value = shaped.str.replace(r"^\+", "").cast(pl.Float64, strict=False)
    return pl.when(value.is_finite()).then(value)


def _integer(column: pl.Expr) -> pl.Expr:
    value = _number(column)
    return pl.when(value == value.round()).then(value).cast(pl.Int64, strict=False)


def _boolean(column: pl.Expr) -> pl.Expr:
    known = dict.fromkeys(_TRUE, True) | dict.fromkeys(_FALSE, False)
    return folded.expr(column).replace_strict(known, default=None, return_dtype=pl.Boolean)


date = Standardiser("date", _date, "A calendar date; month first where slashes part it; what is no date is null.")
date_day_first = Standardiser("date_day_first", _date_day_first, "A calendar date; day first where slashes part it.")
number = Standardiser("number", _number, "A number; decimal comma, thousands and trailing minus are understood.")
integer = Standardiser("integer", _integer, "A whole number; one with a fraction is null.")
boolean = Standardiser("boolean", _boolean, "True or false from yes, no and their like; another word is null.")
status = Standardiser(
    "status", lambda c: coded(folded.expr(c), _STATE, folded.expr(c)), "active, inactive, closed and on; another word is kept."
)
