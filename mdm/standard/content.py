"""Standardisers that find in a free text what tells one thing from another: codes, numbers, and parts of words.

Each gives a list, sorted and without repetition, or null; what they give is for comparing only.
"""

import polars as pl

from mdm.standard.standardiser import Standardiser
from mdm.standard.text import folded

_RUN = r"[a-z0-9][a-z0-9\-/.]*[a-z0-9]|[a-z0-9]"
# E-mail addresses with the word before them, and web addresses: they say where to write, not what it is.
_ADDRESS = r"(?i)(?:\be-?mails?\s*:?\s*)?\S+@\S+|\bhttps?://\S+"
_FILLERS = "unknown unk none null na nan tbd tba nil missing unspecified undefined".split()
_SHORTEST_CODE, _SHORTEST_DIGITS = 4, 5


def _listed(column: pl.Expr) -> pl.Expr:
    told = column.list.drop_nulls().list.eval(pl.element().unique().sort())
    return pl.when(told.list.len() > 0).then(told)


def _tokens(column: pl.Expr) -> pl.Expr:
    return column.str.normalize("NFKD").str.to_lowercase().str.extract_all(_RUN)


def _codes(column: pl.Expr) -> pl.Expr:
    said = _tokens(column)
    # A code is met whole ("kx-tg9344t"), without its hyphens, and part by part.
    whole = said.list.eval(pl.element().str.replace_all(r"[^a-z0-9]", ""))
    parts = column.str.normalize("NFKD").str.to_lowercase().str.extract_all(r"[a-z0-9]+")
    length, digit, letter = (
        pl.element().str.len_chars(), pl.element().str.contains(r"\d"), pl.element().str.contains(r"[a-z]"),
    )  # fmt: skip
    is_code = digit & ((letter & (length >= _SHORTEST_CODE)) | (length >= _SHORTEST_DIGITS))
    return _listed(pl.concat_list(whole, parts).list.filter(is_code))


def _numbers(column: pl.Expr) -> pl.Expr:
    alone = _tokens(column).list.eval(pl.element().str.extract(r"^v?(\d{1,4}(?:\.\d+)?)$"))
    return _listed(alone.list.eval(pl.element().str.replace(r"\.0+$", "")))


def _trigrams(column: pl.Expr) -> pl.Expr:
    letters = (pl.lit(" ") + folded.on(column) + pl.lit(" ")).str.split("")
    third = pl.concat_str(pl.element(), pl.element().shift(-1), pl.element().shift(-2))
    return _listed(letters.list.eval(third))


codes_in = Standardiser("codes_in", _codes, "A list of the part numbers and model codes a text holds.")
numbers_in = Standardiser("numbers_in", _numbers, "A list of the numbers that stand alone in a text: versions, sizes, years.")
trigrams = Standardiser("trigrams", _trigrams, "A list of the runs of three letters in a folded text; spelling hardly moves it.")

known = Standardiser(
    "known", lambda c: pl.when(~folded.expr(c).str.replace_all(" ", "").is_in(_FILLERS)).then(folded.expr(c)),
    "For comparing: folded text, unless it only says that nothing is known.",
)  # fmt: skip


def _prose(column: pl.Expr) -> pl.Expr:
    plain = column.str.normalize("NFKC").str.replace_all(_ADDRESS, " ")
    # "I.I.T. Bombay" and "J. R. Roe": what stands between single letters goes, what stands before a word becomes a space.
    marked = plain.str.replace_all(r"\b(\p{L})\.\s?", "$1\u0001").str.replace_all(r"\u0001(\p{L}{2,}|[^\p{L}])", " $1")
    apart = marked.str.replace_all("\u0001", "")
    return known.expr(apart.str.replace_all(r"\b(\p{L}{1,3})\s?&\s?(\p{L}{1,3})\b", "$1$2"))


prose = Standardiser(
    "prose", _prose, "For comparing: folded text without e-mail and web addresses; letters apart are one word: I.I.T., AT&T."
)
