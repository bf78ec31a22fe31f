"""Code lists: what a source's codes mean. An unknown code says nothing, and is reported."""

from collections.abc import Mapping

import polars as pl

from mdm.mapping.text import JOIN, per_distinct

UNKNOWN = {"record_id": pl.Int64, "attribute": pl.String, "code": pl.String}
_UNIT = "\x1f"


def decoded(text: pl.Series, codes: Mapping[str, str], *, several: bool) -> pl.Series:
    """The meaning of each code; `several` codes may stand in one text, parted by `;`."""
    return per_distinct(text, lambda t: JOIN.join(codes[c] for c in _codes(t, several) if codes.get(c)) or None)


def unknown(text: pl.Series, codes: Mapping[str, str], owner: pl.Series, *, several: bool) -> pl.DataFrame:
    """The codes no list knows, one row each: record_id, code."""
    strange = per_distinct(text, lambda t: _UNIT.join(c for c in _codes(t, several) if c not in codes) or None)
    found = pl.DataFrame({"record_id": owner, "code": strange}).drop_nulls("code")
    return found.with_columns(pl.col("code").str.split(_UNIT)).explode("code")


def _codes(text: str, several: bool) -> list[str]:
    stripped = [code.strip() for code in (text.split(JOIN) if several else [text])]
    return [code for code in stripped if code]
