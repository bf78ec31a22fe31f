"""The one spelling of identifiers, and schemes that have a form but no check digit."""

import polars as pl

from mdm.identifiers.scheme import Scheme
from mdm.standard.standardiser import Standardiser, present
from mdm.standard.text import upper


def bare(name: str, label: str = "") -> Standardiser:
    """Capitals without spaces, hyphens, dots and the label or address in front."""

    def spelled(column: pl.Expr) -> pl.Expr:
        said = upper.expr(column.str.normalize("NFKC")).str.replace(r"^HTTPS?://(?:[A-Z0-9-]+\.)+[A-Z]+/", "")
        # A spreadsheet turns an identifier into a number, and a number into text with ".0".
        whole = said.str.replace(r"^([0-9]+)\.0$", "$1").str.replace_all(r"[\s.\p{Pd}]+", "")
        labelled = whole.str.replace(rf"^(?:{label})[:#]*", "") if label else whole
        return present(labelled.str.normalize("NFC"))

    return Standardiser(name, spelled, "Capitals without spaces, hyphens and dots.")


def grouped(name: str, pattern: str, shape: str, label: str = "") -> Standardiser:
    """The bare spelling with its usual separators put back."""
    plain = bare(name, label)
    return Standardiser(name, lambda column: plain.expr(column).str.replace(pattern, shape), "The usual spelling.")


def formed(name: str, about: str, form: str, normal: Standardiser | None = None) -> Scheme:
    """A scheme without a check digit: valid is what has the form."""
    return Scheme(name, about, lambda column: column.str.contains(form), normal or bare(name))
