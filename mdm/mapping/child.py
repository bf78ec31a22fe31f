"""Children of a record: rows of a collection, numbered in the record itself or sent as a stream of their own."""

from collections.abc import Iterable, Mapping

import polars as pl

from mdm.entity import Collection

CHILD = {
    "record_id": pl.Int64,
    "child_id": pl.Int64,
    "source": pl.String,
    "stream": pl.String,
    "source_key": pl.String,
    "source_time": pl.Int64,
    "ordinal": pl.Int32,
    "inactive": pl.Boolean,
}


def children(
    base: pl.DataFrame, collection: Collection, values: Mapping[str, pl.Series], *, owner: pl.Series, told: pl.Series
) -> pl.DataFrame:
    """The rows of one collection; `told` marks those of which the source says anything."""
    nothing = pl.repeat(None, len(base), dtype=pl.String, eager=True)
    return base.select(
        owner.alias("record_id"),
        pl.col("record_id").alias("child_id"),
        "source",
        "stream",
        "source_key",
        "source_time",
        pl.lit(1, pl.Int32).alias("ordinal"),
        "inactive",
        *(values.get(a.name, nothing).alias(a.name) for a in collection.attributes),
    ).filter(told)


def empty(collection: Collection) -> pl.DataFrame:
    """No rows of a collection."""
    return pl.DataFrame(schema={**CHILD, **{a.name: pl.String for a in collection.attributes}})


def said_anything(values: Iterable[pl.Series], height: int) -> pl.Series:
    """The rows in which any of these values is there."""
    found = pl.repeat(False, height, eager=True)
    for value in values:
        found |= value.is_not_null()
    return found
