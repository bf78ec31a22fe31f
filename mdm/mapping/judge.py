"""What a delivered record is, before it is landed: deleted, inactive, merged away, wanted; with pseudonyms in place."""

import polars as pl

from mdm.mapping import condition
from mdm.mapping.document import Documents, Said
from mdm.mapping.key import joined
from mdm.mapping.pseudonym import pseudonymised
from mdm.mapping.text import elements
from mdm.settings import MapSettings, StreamSettings


def judged(frame: pl.DataFrame, stream: StreamSettings, *, pseudonym_key: str | None = None) -> pl.DataFrame:
    """Records as the settings read them: `op` and `merged_into` set, and `wanted` added.

    `wanted`: some map's `where` accepts the record, or it is deleted, inactive or merged away, which comes before.
    What the connector already knows to be deleted, inactive or merged stays so.
    """
    hidden = pseudonymised(frame, stream, pseudonym_key)
    told = _told(hidden, stream)
    upsert = told["op"] == "upsert"
    return told.with_columns((~upsert | _wanted(told, stream)).alias("wanted"))


def _told(frame: pl.DataFrame, stream: StreamSettings) -> pl.DataFrame:
    fields = [*condition.fields(stream.deleted), *condition.fields(stream.inactive), *stream.merged_into]
    if not fields or frame.is_empty():
        return frame
    said = Documents(frame["payload"]).texts(fields)
    winner = _winner(frame, said, stream)
    never = pl.repeat(False, len(frame), eager=True)
    deleted = condition.holds(stream.deleted, said) if stream.deleted else never
    inactive = condition.holds(stream.inactive, said) if stream.inactive else never
    upsert = pl.col("op") == "upsert"
    # A source that deletes the loser of a merge also says who won: that is the more telling.
    merged = pl.lit(winner.is_not_null()) & pl.col("op").is_in(["upsert", "delete"])
    op = (
        pl.when(merged)
        .then(pl.lit("merged_into"))
        .when(upsert & pl.lit(deleted))
        .then(pl.lit("delete"))
        .when(upsert & pl.lit(inactive))
        .then(pl.lit("inactive"))
        .otherwise("op")
    )
    return frame.with_columns(op.alias("op"), pl.when(merged).then(pl.lit(winner)).otherwise("merged_into").alias("merged_into"))


def _winner(frame: pl.DataFrame, said: Said, stream: StreamSettings) -> pl.Series:
    if not stream.merged_into:
        return pl.repeat(None, len(frame), dtype=pl.String, eager=True)
    winner = joined([said[field] for field in stream.merged_into])
    # Some sources name every record's master, which is mostly the record itself.
    return winner.set((winner == frame["source_key"]).fill_null(False), None)


def _wanted(frame: pl.DataFrame, stream: StreamSettings) -> pl.Series:
    wanted = pl.repeat(not stream.maps, len(frame), eager=True)
    for mapping in stream.maps:
        wanted |= _accepted(frame["payload"], mapping)
    return wanted


def _accepted(payload: pl.Series, mapping: MapSettings) -> pl.Series:
    everything = pl.repeat(True, len(payload), eager=True)
    if not mapping.where or payload.is_empty():
        return everything
    if mapping.explode is None:
        return condition.accepted(Documents(payload), mapping.where, ~everything)
    rows = elements(payload, mapping.explode)
    inside = Documents(payload, rows["element"], rows["row"])
    kept = condition.accepted(inside, mapping.where, pl.repeat(False, len(rows), eager=True))
    return pl.int_range(len(payload), eager=True).is_in(rows["row"].filter(kept).cast(pl.Int64).implode())
