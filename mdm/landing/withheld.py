"""Deletions wait until the whole delivery is known, so that a mass of them can be refused, whatever the size of a page.

A deletion that arrives is not applied but kept in `held_delete`, in the transaction of its page: it is as durable as the
checkpoint after it, and records that arrive meanwhile are landed. A record that is said again, later than its deletion,
takes it back. At the end of the stream all that wait are applied together, or, when they are more than a handful and more
than the stream's `shrink` of its live records, none of them: they go on waiting until somebody accepts them, or until a
full reading shows what is there.
"""

import polars as pl
import sqlalchemy as sa

from mdm.errors import ShrunkError
from mdm.hub import Session
from mdm.hub import source as versions
from mdm.landing import book
from mdm.landing.delivery import Delivery, Landing

# So few are nobody's mass, however small the stream.
HANDFUL = 20
SLICE = 20_000
_KEPT = ("record_id", "source_time", "digest", "payload")


def waiting(landing: Landing) -> bool:
    """Whether deletions of earlier runs still wait."""
    table = landing.hub.fixed["held_delete"]
    with landing.hub.read() as session:
        return session.scalar(sa.select(table.c.record_id).where(_mine(landing)).limit(1)) is not None


def settle(tx: Session, landing: Landing, delivery: Delivery, rows: pl.DataFrame) -> None:
    """Keep the deletions among classified rows waiting; take back those whose record is said again later."""
    if delivery.withheld:
        _take_back(tx, rows.filter((pl.col("op") != "delete") & (pl.col("kind") != "late")))
    going = rows.filter(pl.col("kind") == "deleted")
    if going.is_empty():
        return
    delivery.withheld = True
    delivery.waiting.append(going["record_id"])
    table = tx.hub.fixed["held_delete"]
    tx.execute(table.delete().where(tx.among(table.c.record_id, going["record_id"])))
    source, stream = landing.names
    tx.insert(table, going.select(*_KEPT, source=pl.lit(source), stream=pl.lit(stream), run_id=pl.lit(landing.number)))


def _take_back(tx: Session, said: pl.DataFrame) -> None:
    table = tx.hub.fixed["held_delete"]
    held = tx.frame(
        sa.select(table.c.record_id, table.c.source_time.label("gone_at")).where(tx.among(table.c.record_id, said["record_id"]))
    )
    if held.is_empty():
        return
    # Without a time on both sides, what is read later counts.
    later = held.join(said, on="record_id").filter(~(pl.col("source_time") < pl.col("gone_at")).fill_null(False))
    tx.execute(table.delete().where(tx.among(table.c.record_id, later["record_id"])))


def judged(landing: Landing, delivery: Delivery, *, reconciled: bool) -> pl.DataFrame:
    """The deletions to apply at the end of a stream; ShrunkError when they are too many.

    In a reading that `reconciled` all keys, what earlier runs kept waiting has been answered by absence or presence.
    """
    if not delivery.withheld:
        return pl.DataFrame()
    hub, mine = landing.hub, _mine(landing)
    table, heads = hub.fixed["held_delete"], hub.fixed["source_record"]
    alive = sa.and_(heads.c.record_id == table.c.record_id, heads.c.op != "delete")
    with hub.begin() as tx:
        # A record that has left in another way (its source was retired) needs no deletion any more.
        tx.execute(table.delete().where(mine, ~sa.exists(sa.select(heads.c.record_id).where(alive))))
        named = sa.select(*(table.c[name] for name in _KEPT), heads.c.source_key).join(
            heads, heads.c.record_id == table.c.record_id
        )
        held = tx.frame(named.where(mine).order_by(table.c.record_id))
        if reconciled:
            old = held.filter(~pl.col("record_id").is_in(_own(delivery).implode()))
            tx.execute(table.delete().where(tx.among(table.c.record_id, old["record_id"])))
            held = held.join(old, on="record_id", how="anti")
    _not_too_many(landing, held.height)
    return held


def _not_too_many(landing: Landing, count: int) -> None:
    if count <= HANDFUL or landing.accept_shrink:
        return
    (source, stream), heads = landing.names, landing.hub.fixed["source_record"]
    mine = sa.and_(heads.c.source == source, heads.c.stream == stream, heads.c.op != "delete", heads.c.parent_id.is_(None))
    with landing.hub.read() as session:
        live = session.scalar(sa.select(sa.func.count()).select_from(heads).where(mine)) or 0
    if count / max(live, 1) > landing.stream.shrink:
        raise ShrunkError(
            f"{source}/{stream}: the source deletes {count} of {live} records, more than shrink = {landing.stream.shrink}; "
            f"none was deleted, all else was landed, and the deletions wait. If they are right: `mdm sync {source} "
            "--accept-shrink`; if in doubt, `mdm run --full` reads all again and sees what is there"
        )


def applied(landing: Landing, delivery: Delivery, held: pl.DataFrame) -> None:
    """Delete what waited, and count it."""
    own = _own(delivery)
    for part in held.iter_slices(SLICE):
        rows = part.with_columns(op=pl.lit("delete"), merged_id=pl.lit(None, pl.Int64))
        here = int(part["record_id"].is_in(own.implode()).sum())
        with landing.hub.begin() as tx:
            versions.store(tx, rows, *landing.names)
            table = tx.hub.fixed["held_delete"]
            tx.execute(table.delete().where(tx.among(table.c.record_id, part["record_id"])))
            # Read in this run, they were counted as having changed nothing so far.
            delivery.counts["unchanged"] -= here
            delivery.counts["deleted"] += part.height
            delivery.total += part.height - here
            book.count(tx, landing, delivery)


def _own(delivery: Delivery) -> pl.Series:
    return pl.concat(delivery.waiting).unique() if delivery.waiting else pl.Series(dtype=pl.Int64)


def _mine(landing: Landing) -> sa.ColumnElement:
    table = landing.hub.fixed["held_delete"]
    source, stream = landing.names
    return sa.and_(table.c.source == source, table.c.stream == stream)
