"""Standardisers for e-mail addresses, telephone numbers and web addresses."""

import polars as pl

from mdm.standard.standardiser import Standardiser, present
from mdm.standard.text import lower, text

# Mail providers that are known to deliver name+tag to name.
_TAGGING = r"gmail\.com|outlook\.com|hotmail\.com|live\.com|icloud\.com|me\.com|fastmail\.com|proton\.me|protonmail\.com"
_LABEL = r"(?i)^(?:tel|telephone|phone|fax|mobile|cell|office|ph|t|p|f|m)\b[.:\s]*"
_EXTENSION = r"(?i)[\s,;]*(?:\b(?:extension|ext|extn|durchwahl)\b|x|#)[.:\s]*([0-9]{1,6})\s*$"


def _email(column: pl.Expr) -> pl.Expr:
    said = lower.expr(column)
    bracketed = said.str.extract(r"<\s*([^<>\s]+@[^<>\s]+)\s*>")
    return present(pl.coalesce(bracketed, said.str.replace(r"^(?:mailto:\s*)+", "").str.strip_chars(" ,;.<>")))


def _email_key(column: pl.Expr) -> pl.Expr:
    said = _email(column).str.replace(r"@googlemail\.com$", "@gmail.com")
    untagged = said.str.replace(rf"\+[^@]*@({_TAGGING})$", "@$1")
    undotted = pl.concat_str(
        untagged.str.replace(r"@gmail\.com$", "").str.replace_all(".", "", literal=True), pl.lit("@gmail.com")
    )
    return pl.when(untagged.str.contains(r"^[^@]+@gmail\.com$")).then(undotted).otherwise(untagged)


def _dialled(column: pl.Expr, country: str) -> pl.Expr:
    """The number with its country, or null where there is none or more than one."""
    bare = column.str.replace(_LABEL, "").str.replace(_EXTENSION, "").str.replace(r"\(0\)", "")
    plain = bare.str.replace_all(r"[^\p{L}0-9+]+", "").str.replace(r"^(?:00|011)([1-9])", "+$1")
    if country == "1":
        full = plain.str.replace(r"^1?([2-9][0-9]{2}[2-9][0-9]{6})$", "+1$1")
    else:
        full = plain.str.replace(r"^0([1-9][0-9]{5,12})$", f"+{country}${{1}}")
    return pl.when(full.str.contains(r"^\+?[0-9]{7,15}$")).then(full)


def phone_in(country: str) -> Standardiser:
    """Telephone numbers to read; those without a country are taken to be in the one with this calling code."""

    def published(column: pl.Expr) -> pl.Expr:
        said = text.expr(column).str.normalize("NFKC")
        number = _dialled(said, country)
        extended = pl.concat_str(number, pl.lit(" x"), said.str.extract(_EXTENSION))
        return pl.coalesce(extended, number, text.expr(column))

    about = f"International form where that is certain (country +{country} unless said), extension kept; else as written."
    return Standardiser(f"phone_in({country!r})" if country != "1" else "phone", published, about)


def phone_key_in(country: str) -> Standardiser:
    """Telephone numbers to compare: no extension; what is no number is null."""
    return Standardiser(
        f"phone_key_in({country!r})" if country != "1" else "phone_key",
        lambda column: _dialled(text.expr(column).str.normalize("NFKC"), country),
        "For comparing: international form without extension; null where there is no full number.",
    )


def _url(column: pl.Expr) -> pl.Expr:
    said = text.expr(column).str.replace(r"^((?:[\p{L}\p{N}-]+\.)+\p{L}{2,}(?:[/:?#].*)?)$", "https://$1")
    host = said.str.extract(r"^([A-Za-z][A-Za-z0-9+.-]*://[^/?#]*)").str.to_lowercase()
    rest = said.str.replace(r"^[A-Za-z][A-Za-z0-9+.-]*://[^/?#]*", "")
    whole = pl.concat_str(host.fill_null(""), rest)
    return present(text.expr(whole.str.replace(r"^(https?://[^/:?#]+):(?:80|443)([/?#]|$)", "$1$2").str.strip_chars_end("/ ")))


def _url_key(column: pl.Expr) -> pl.Expr:
    address = _url(column).str.replace(r"[?#].*$", "").str.to_lowercase()
    return present(address.str.replace(r"^[a-z][a-z0-9+.-]*://", "").str.replace(r"^(?:www\.)+", "").str.strip_chars("/ "))


email = Standardiser("email", _email, "Small letters, without display name; an address that is not valid is kept.")
email_key = Standardiser("email_key", _email_key, "For comparing: tags, and the dots that Gmail does not tell apart, removed.")
phone = phone_in("1")
phone_key = phone_key_in("1")
url = Standardiser("url", _url, "Host in small letters, scheme added, closing slash dropped; the path as written.")
url_key = Standardiser("url_key", _url_key, "For comparing: host and path, without scheme, www and query.")
