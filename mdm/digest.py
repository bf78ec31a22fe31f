"""Stable 63-bit names and fingerprints of text, vectorised.

The same text gives the same number in every process, on every machine and in every version: record ids and digests are
kept in the hub for years. MD5 is used for its spread, not for secrecy.
"""

import hashlib
import threading
from collections.abc import Sequence

import duckdb
import polars as pl

SEPARATOR = "\x1f"
_local = threading.local()


def digests(frame: pl.DataFrame, columns: Sequence[str]) -> pl.Series:
    """A digest (Int64, not negative) of some columns per row; null and empty differ."""
    parts = [pl.col(c).cast(pl.String).fill_null("\x1e") for c in columns]
    return of_text(frame.select(pl.concat_str(parts, separator=SEPARATOR).alias("text"))["text"])


def of_text(text: pl.Series) -> pl.Series:
    """The digest of each text; null stays null."""
    if text.is_empty():
        return pl.Series("digest", [], dtype=pl.Int64)
    connection = _connection()
    connection.register("_texts", text.rename("text").to_frame())
    table = connection.sql("select (md5_number_lower(text) >> 1)::bigint as digest from _texts").to_arrow_table()
    connection.unregister("_texts")
    return pl.DataFrame(pl.from_arrow(table))["digest"]


def record_ids(frame: pl.DataFrame, source: str | None = None, stream: str | None = None) -> pl.Series:
    """The record id of each row: from source, stream and source_key."""
    parts = [
        pl.lit(source) if source is not None else pl.col("source"),
        pl.lit(stream) if stream is not None else pl.col("stream"),
        pl.col("source_key"),
    ]
    return of_text(frame.select(pl.concat_str(parts, separator=SEPARATOR).alias("text"))["text"]).rename("record_id")


def record_id(source: str, stream: str, key: str) -> int:
    """The record id of one record."""
    low = hashlib.md5(SEPARATOR.join((source, stream, key)).encode(), usedforsecurity=False).digest()[8:]
    return int.from_bytes(low, "little") >> 1


def _connection() -> duckdb.DuckDBPyConnection:
    if not hasattr(_local, "connection"):
        _local.connection = duckdb.connect(":memory:")
        # Rows come back in the order they went in.
        _local.connection.execute("set preserve_insertion_order = true")
    return _local.connection
