"""Standardisers for any text: cleaning, folding, and parts of a text."""

import polars as pl

from mdm.standard.standardiser import Standardiser, present, squeezed

# Letters that Unicode does not take apart into a base letter and a mark.
_TRANSLITERATED = {
    "ß": "ss", "æ": "ae", "œ": "oe", "ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "ħ": "h", "ı": "i",
    "ŋ": "n", "ŧ": "t", "ĸ": "k", "ə": "e", "ɛ": "e", "ƒ": "f", "ς": "σ",
}  # fmt: skip
_APOSTROPHES = r"['’‘ʼʹʻ`´′＇]"
# Marks that stand on a letter in Latin, Greek, Cyrillic, Hebrew and Arabic script. The vowel signs
# of Indic and Thai script are letters to their readers and stay.
_MARKS = (
    r"[\u{300}-\u{36F}\u{1AB0}-\u{1AFF}\u{1DC0}-\u{1DFF}\u{20D0}-\u{20FF}\u{FE20}-\u{FE2F}"
    r"\u{591}-\u{5C7}\u{64B}-\u{65F}\u{670}]+"
)


def _clean(column: pl.Expr) -> pl.Expr:
    # Marks join their letter only after what stood between them is gone.
    dropped = column.str.replace_all(r"[[\p{Cc}\p{Cf}]&&[^\s]]+", "")
    return present(squeezed(dropped.str.normalize("NFC")))


def _folded(column: pl.Expr) -> pl.Expr:
    bare = column.str.normalize("NFKD").str.to_lowercase().str.replace_all(_MARKS, "")
    plain = bare.str.replace_many(_TRANSLITERATED).str.replace_all(_APOSTROPHES, "")
    words = plain.str.replace_all(r"[^\p{L}\p{N}\p{M}]+", " ").str.strip_chars()
    return present(words.str.normalize("NFC"))


def _compact(column: pl.Expr) -> pl.Expr:
    upper = column.str.normalize("NFKD").str.to_uppercase().str.normalize("NFKD").str.replace_all(_MARKS, "")
    return present(upper.str.replace_all(r"[^\p{L}\p{N}\p{M}]+", "").str.normalize("NFC"))


def _digits(column: pl.Expr) -> pl.Expr:
    # A spreadsheet turns an identifier into a number, and a number into text with ".0".
    whole = column.str.normalize("NFKD").str.replace(r"^\s*([0-9]+)\.0\s*$", "$1")
    return present(whole.str.replace_all(r"[^0-9]+", ""))


text = Standardiser("text", _clean, "Outer and repeated white space and control characters removed; case kept.")
upper = Standardiser("upper", lambda c: _clean(_clean(c).str.to_uppercase()), "Clean text in capitals.")
lower = Standardiser("lower", lambda c: _clean(_clean(c).str.to_lowercase()), "Clean text in small letters.")
folded = Standardiser(
    "folded", _folded, "For comparing: no accents, case or punctuation; apostrophes vanish, the rest parts words."
)
code = Standardiser("code", _compact, "Letters and digits only, in capitals; leading zeros kept.")
digits = Standardiser("digits", _digits, "Digits only; leading zeros kept.")
first_token = Standardiser("first_token", lambda c: _clean(c).str.extract(r"^(\S+)"), "The first word, as it is written.")
last_token = Standardiser("last_token", lambda c: _clean(c).str.extract(r"(\S+)$"), "The last word, as it is written.")
tokens_sorted = Standardiser(
    "tokens_sorted",
    lambda c: _folded(c).str.split(" ").list.eval(pl.element().unique().sort()).list.join(" "),
    "For comparing in any word order: the folded words, each once, sorted.",
)


def prefix(length: int) -> Standardiser:
    """The first characters of a text."""
    return Standardiser(
        f"prefix({length})", lambda c: present(_clean(_clean(c).str.slice(0, length))), f"The first {length} characters."
    )


def suffix_of(length: int) -> Standardiser:
    """The last characters of a text."""
    return Standardiser(
        f"suffix_of({length})", lambda c: present(_clean(_clean(c).str.tail(length))), f"The last {length} characters."
    )


def split(separator: str, each: Standardiser = text) -> Standardiser:
    """A list of the parts between separators, each standardised, none twice, in the order given."""

    def parts(column: pl.Expr) -> pl.Expr:
        told = column.str.split(separator).list.eval(each.on(pl.element()))
        listed = told.list.filter(pl.element().is_not_null()).list.unique(maintain_order=True)
        return pl.when(listed.list.len() > 0).then(listed)

    return Standardiser(f"split({separator!r})", parts, f"A list, parted at {separator!r}.")
