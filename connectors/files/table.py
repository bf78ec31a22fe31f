"""Parquet, read as text: numbers as they are written, dates as ISO, nothing where there is nothing."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from connectors.files.delimited import COLUMNS, Batch
from connectors.files.part import Part, blocks, within
from connectors.files.shelf import Shelf
from mdm.connector import Options
from mdm.errors import DamagedError

MAGIC = b"PAR1"
LARGEST_GROUP = 4 << 30


def rows(part: Part, options: Options, after: int = 0) -> Iterator[Batch]:
    """The rows, numbered from 1, so many at a time."""
    with Shelf() as shelf:
        path = part.path if part.member is None and not _packed(part) else shelf.kept(blocks(part, options))
        try:
            with pq.ParquetFile(path, memory_map=False) as file:
                _harmless(part, file.metadata, path.stat().st_size, options)
                yield from _batches(part, file, options, after)
        except (pa.ArrowException, OSError, pl.exceptions.PolarsError) as error:
            raise DamagedError(
                f"{part.label}: cannot be read as Parquet ({str(error).splitlines()[0][:200]}); ask for a new delivery"
            ) from None


def _packed(part: Part) -> bool:
    with part.path.open("rb") as stream:
        return stream.read(4) != MAGIC


def _harmless(part: Part, metadata: Any, packed: int, options: Options) -> None:
    """Refuse what unpacks to more than the limits allow, before it is unpacked."""
    if metadata.num_columns > COLUMNS:
        raise DamagedError(f"{part.label}: has {metadata.num_columns:,} columns, more than {COLUMNS:,}; ask for a new delivery")
    sizes = [metadata.row_group(at).total_byte_size for at in range(metadata.num_row_groups)]
    within(part.label, sum(sizes), packed, options)
    if max(sizes, default=0) > LARGEST_GROUP:
        raise DamagedError(f"{part.label}: has a row group beyond {LARGEST_GROUP:,} bytes; ask for smaller row groups")


def _batches(part: Part, file: Any, options: Options, after: int) -> Iterator[Batch]:
    at = 0
    for batch in file.iter_batches(batch_size=options["page_rows"]):
        numbers = np.arange(at + 1, at + len(batch) + 1)
        at += len(batch)
        if at > after:
            frame = pl.from_arrow(batch)
            assert isinstance(frame, pl.DataFrame)
            fresh = numbers > after
            yield Batch(said(frame, part.label).filter(pl.Series(fresh)), numbers[fresh], [])
    if at != file.metadata.num_rows:
        raise DamagedError(f"{part.label}: {at:,} of {file.metadata.num_rows:,} rows could be read; ask for a new delivery")
    if not at:
        yield Batch(pl.DataFrame(schema=dict.fromkeys(file.schema_arrow.names, pl.String)), np.arange(0), [])


def said(frame: pl.DataFrame, label: str) -> pl.DataFrame:
    """The frame with every plain value as text; lists and structures stay what they are."""
    return frame.select([_text(frame[name], label) for name in frame.columns])


def _text(column: pl.Series, label: str) -> pl.Series:
    kind = column.dtype
    if kind == pl.Binary:
        try:
            return column.cast(pl.String)
        except pl.exceptions.PolarsError:
            raise DamagedError(f"{label}: the column {column.name!r} holds bytes that are no text; ask for it without") from None
    if kind.is_nested():
        return column
    if kind == pl.Datetime:
        return column.dt.to_string("iso:strict" if getattr(kind, "time_zone", None) else "iso")
    return column.cast(pl.String)
