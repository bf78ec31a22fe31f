"""Names in other scripts, spelt in Latin letters, so that a name meets its own transliteration."""

import polars as pl
from anyascii import anyascii

from mdm.standard.standardiser import Standardiser
from mdm.standard.text import text

_FOREIGN = r"[\p{L}--\p{Latin}]"


def _spelt(column: pl.Series) -> pl.Series:
    foreign = column.str.contains(_FOREIGN).fill_null(False)
    if not foreign.any():
        return column
    known = {name: anyascii(name) for name in column.filter(foreign).unique().to_list()}
    return column.replace_strict(known, default=column, return_dtype=pl.String)


latin = Standardiser(
    "latin",
    lambda column: text.expr(column).map_batches(_spelt, return_dtype=pl.String, is_elementwise=True),
    "Text in another script spelt in Latin letters, without the vowels that Arabic and Hebrew leave out; Latin text stays.",
)
