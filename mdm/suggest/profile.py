"""What kind of thing a column holds, judged by its values. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import polars as pl

from mdm.standard import codes_in, numbers_in

# A column that fewer records than this share have tells too little.
_FILLED = 0.2
_DATE = r"^(1[5-9]|20)\d\d ?\d\d ?\d\d$"
_SAMPLE = 50_000
# Columns that share more of their values than this draw on one vocabulary.
_SWAPS = 0.15


@dataclass(frozen=True)
class Column:
    """A column and what it looks like: `kind` is name, code, date, number, category, phrase or text.

    A text is `coded` or `numbered` where enough of its values hold codes or numbers to be compared by them.
    """

    name: str
    kind: str
    filled: float
    distinct: int
    words: float
    coded: bool = False
    numbered: bool = False

    @property
    def why(self) -> str:
        """The reason for its kind, in words."""
        return f"{self.filled:.0%} filled, {self.distinct:,} different values, {self.words:.1f} words each: {self.kind}"


def columns(folded: pl.DataFrame) -> list[Column]:
    """The columns worth comparing. `folded`: one text column per attribute, folded, null where nothing is known."""
    found = [_column(folded[name], folded.height) for name in folded.columns]
    kept = [c for c in found if c is not None]
    composite = _composite(folded, kept)
    return [c for c in kept if c.name not in composite]


def swapped(folded: pl.DataFrame, found: Sequence[Column]) -> dict[str, str]:
    """Pairs of name columns that draw on one vocabulary, so that values stand in each other's place."""
    pairs: dict[str, str] = {}
    for a, b in combinations([c.name for c in found if c.kind == "name"], 2):
        left, right = folded[a].drop_nulls(), folded[b].drop_nulls()
        shared = min(_mean(left.is_in(right.unique().implode())), _mean(right.is_in(left.unique().implode())))
        if shared > _SWAPS and a not in pairs and b not in pairs.values():
            pairs[a] = b
    return pairs


def _column(values: pl.Series, height: int) -> Column | None:
    held = values.drop_nulls()
    if held.len() < max(2, _FILLED * height):
        return None
    distinct = held.n_unique()
    words = _mean(held.str.split(" ").list.len())
    kind = _kind(held, height, distinct, words)
    inside = [kind == "text" and _mean(form.series(held).is_not_null()) > _FILLED for form in (codes_in, numbers_in)]
    return Column(values.name, kind, held.len() / height, distinct, words, *inside)


def _kind(held: pl.Series, height: int, distinct: int, words: float) -> str:
    length = _mean(held.str.len_chars())
    figures = _mean(held.str.count_matches(r"[0-9]")) / max(length, 1)
    repeats = distinct / held.len()
    numeric = _mean(held.str.replace_all(" ", ".").cast(pl.Float64, strict=False).is_not_null())
    if distinct <= max(30, 0.002 * height) and repeats < 0.05:
        return "category"
    if _mean(held.str.contains(_DATE)) > 0.8:
        return "date"
    if words >= 2.6:
        return "text"
    if figures > 0.5 and length >= 5 and repeats > 0.1:
        return "code"
    if numeric > 0.8:
        return "number"
    return "phrase" if words >= 1.6 and length > 10 else "name"


def _mean(values: pl.Series) -> float:
    """The mean, 0 of nothing."""
    mean = values.cast(pl.Float64).mean()
    return mean if isinstance(mean, float) else 0.0


def _composite(folded: pl.DataFrame, found: Sequence[Column]) -> set[str]:
    """Columns that only put together what other columns say part by part: they would count the same thing twice."""
    sample = folded.head(_SAMPLE)
    words = {c.name: sample[c.name].str.split(" ") for c in found if c.kind in ("name", "phrase", "text")}
    dropped: set[str] = set()
    for whole in words:
        parts = [p for p in words if p != whole and p not in dropped and _inside(words[p], words[whole])]
        if len(parts) >= 2 and _covered(words[whole], [words[p] for p in parts]) > 0.7:
            dropped.add(whole)
    return dropped


def _inside(part: pl.Series, whole: pl.Series) -> bool:
    """Most values of one column are made of words of the other, which says more."""
    both = pl.DataFrame({"part": part, "whole": whole}).drop_nulls()
    if both.height < 50:
        return False
    said = both.select(
        inside=(pl.col("part").list.set_difference("whole").list.len() == 0).mean(),
        longer=(pl.col("part").list.len() < pl.col("whole").list.len()).mean(),
    )
    return bool(said["inside"][0] > 0.6 and said["longer"][0] > 0.3)


def _covered(whole: pl.Series, parts: Sequence[pl.Series]) -> float:
    frame = pl.DataFrame({"whole": whole, **{f"p{i}": p.list.drop_nulls() for i, p in enumerate(parts)}})
    said = pl.concat_list([pl.col(f"p{i}").fill_null([]) for i in range(len(parts))])
    share = pl.col("whole").list.set_intersection(said).list.len() / pl.col("whole").list.n_unique()
    return float(frame.filter(pl.col("whole").is_not_null()).select(share.mean()).item() or 0)
