"""Columns kept in order, so that one value is found without looking at the others."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl


class Column:
    """Numbers by value; `absent` is the number of a value that is not there."""

    def __init__(self, frame: pl.DataFrame, absent: float | None = None):
        """`frame`: two columns, the values and their numbers."""
        ordered = frame.drop_nulls().sort(frame.columns[0])
        self.values, self.numbers, self.absent = ordered.to_series(0), ordered.to_series(1), absent

    def of(self, wanted: pl.Series) -> pl.Series:
        """The number of each value; null stays null."""
        if wanted.null_count() == wanted.len():
            return pl.repeat(None, wanted.len(), dtype=pl.Float64, eager=True).alias("number")
        asked = wanted.drop_nulls().unique()
        if asked.is_empty() or self.values.is_empty():
            known = pl.DataFrame({"value": asked, "number": pl.Series([self.absent] * asked.len(), dtype=pl.Float64)})
        else:
            at = self.values.search_sorted(asked, side="left").clip(0, self.values.len() - 1)
            found = (self.values.gather(at) == asked).alias("found")
            known = pl.DataFrame({"value": asked, "number": self.numbers.gather(at).cast(pl.Float64)}).select(
                "value", number=pl.when(found).then("number").otherwise(pl.lit(self.absent, pl.Float64))
            )
        return wanted.alias("value").to_frame().join(known, on="value", how="left", maintain_order="left")["number"]


@dataclass(frozen=True)
class Keys:
    """Who has which blocking key: per rule the hashes in order, and beside each the row of a record that has it.

    `limits`: the most records that may share a key of the rule.
    """

    hashes: Sequence[np.ndarray]
    rows: Sequence[np.ndarray]
    limits: Sequence[int]

    def sharing(self, asked: Sequence[tuple[int, int]], own: int | None) -> tuple[pl.DataFrame, dict[int, int]]:
        """Who shares these keys (rule, hash): row, rule (the first that makes the pair); and rules passed over, with the
        number of records that share their key. `own`: the row of the record itself."""
        parts, hot = [pl.DataFrame(schema={"row": pl.Int64, "rule": pl.Int64})], {}
        for rule, key in asked:
            low, high = (int(np.searchsorted(self.hashes[rule], np.uint64(key), side=s)) for s in ("left", "right"))
            rows = self.rows[rule][low:high]
            others = rows if own is None else rows[rows != own]
            if len(others) + 1 > self.limits[rule]:
                hot[rule] = len(others) + 1
            else:
                parts.append(pl.DataFrame({"row": others.astype(np.int64)}).with_columns(rule=pl.lit(rule, pl.Int64)))
        return pl.concat(parts).group_by("row").agg(pl.col("rule").min()).sort("row"), hot
