"""Absence: what a complete reading did not say is gone, unless too much of it is missing."""

import polars as pl
import sqlalchemy as sa

from mdm import digest
from mdm.errors import ShrunkError
from mdm.hub import source as versions
from mdm.landing import book
from mdm.landing.delivery import Delivery, Landing

SLICE = 20_000


def judged(landing: Landing, delivery: Delivery) -> pl.DataFrame:
    """The live records that a complete delivery left out; ShrunkError when they are too many."""
    hub, (source, stream) = landing.hub, landing.names
    table = hub.fixed["source_record"]
    with hub.read() as session:
        live = session.frame(sa.select(table.c.record_id, table.c.source_key).where(
            table.c.source == source, table.c.stream == stream, table.c.op != "delete", table.c.parent_id.is_(None)))  # fmt: skip
    gone = live.join(delivery.ids().unique().to_frame("record_id"), on="record_id", how="anti")
    if live.height and gone.height / live.height > landing.stream.shrink and not landing.accept_shrink:
        raise ShrunkError(
            f"{source}/{stream}: {gone.height} of {live.height} records are absent from this full delivery, more than shrink = "
            f"{landing.stream.shrink}; nothing was deleted. If it is right: `mdm sync {source} --accept-shrink`, else "
            "ask for a new delivery"
        )
    return gone


def applied(landing: Landing, delivery: Delivery, gone: pl.DataFrame) -> None:
    """Delete what is absent, and count it."""
    for part in gone.iter_slices(SLICE):
        rows = part.with_columns(
            source_time=pl.lit(None, pl.Int64),
            op=pl.lit("delete"),
            payload=pl.lit(None, pl.String),
            merged_id=pl.lit(None, pl.Int64),
        )
        rows = rows.with_columns(digest=digest.digests(rows, ["payload", "op"]))
        with landing.hub.begin() as tx:
            versions.store(tx, rows, *landing.names)
            delivery.counts["deleted"] += part.height
            delivery.total += part.height
            book.count(tx, landing, delivery)
