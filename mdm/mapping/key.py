"""Keys of source records: parts of a composite key are joined with `|`; `|` and `\\` inside a part are escaped by `\\`."""

from collections.abc import Sequence

import polars as pl


def joined(parts: Sequence[pl.Series]) -> pl.Series:
    """Keys made of their parts; null where every part is blank."""
    frame = pl.DataFrame([part.alias(str(i)) for i, part in enumerate(parts)])
    filled = [pl.col(c).fill_null("") for c in frame.columns]
    said = pl.any_horizontal([part.str.strip_chars() != "" for part in filled])
    key = pl.concat_str([escaped(part) for part in filled], separator="|")
    return frame.select(pl.when(said).then(key).alias("key")).to_series()


def escaped(part: pl.Expr) -> pl.Expr:
    """One part of a key, with the signs that mean something escaped."""
    return part.str.replace_all("\\", "\\\\", literal=True).str.replace_all("|", "\\|", literal=True)


def written(parts: Sequence[str]) -> str:
    """One key made of its parts."""
    return "|".join(part.replace("\\", "\\\\").replace("|", "\\|") for part in parts)


def parts(key: str) -> list[str]:
    """The parts of a key, as the source wrote them."""
    found = [""]
    signs = iter(key)
    for sign in signs:
        if sign == "|":
            found.append("")
        else:
            found[-1] += next(signs, sign) if sign == "\\" else sign
    return found
