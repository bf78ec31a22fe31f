"""Fields that may only have certain values, such as an operation: another value is a signal, never a guess."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import polars as pl

from connectors.files.delimited import Batch


def held(batch: Batch, expected: Mapping[str, Sequence[str]]) -> Batch:
    """The batch with the rows rejected in which a field says what nobody knows."""
    for field, values in expected.items():
        if field not in batch.frame.columns:
            continue
        known = batch.frame[field].str.strip_chars().is_in(list(values)).fill_null(False)
        if known.all():
            continue
        odd = batch.frame.filter(~known)
        texts = odd.select(pl.struct(pl.all()).struct.json_encode()).to_series()
        lines = batch.lines[(~known).to_numpy()]
        told = [
            (int(line), f"{field} is {said!r}, which is none of {', '.join(values)}", text)
            for line, said, text in zip(lines, odd[field], texts, strict=True)
        ]
        batch = replace(
            batch, frame=batch.frame.filter(known), lines=batch.lines[known.to_numpy()], rejects=sorted([*batch.rejects, *told])
        )
    return batch
