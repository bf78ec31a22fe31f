"""Source records in the hub: the version in force of each, and those it superseded."""

import polars as pl
import sqlalchemy as sa

from mdm.hub import Session, lock


def store(tx: Session, rows: pl.DataFrame, source: str, stream: str) -> None:
    """Make these rows the current versions of their records; what they supersede is kept.

    `rows`: record_id, source_key, source_time, op, digest, payload, merged_id.
    """
    if rows.is_empty():
        return
    heads, versions = tx.hub.fixed["source_record"], tx.hub.fixed["source_version"]
    names = [c.name for c in versions.columns]
    superseded = sa.select(*(heads.c[n] for n in names)).where(tx.among(heads.c.record_id, rows["record_id"]))
    tx.execute(versions.insert().from_select(names, superseded))
    tx.execute(heads.delete().where(tx.among(heads.c.record_id, rows["record_id"])))
    first = next_seq(tx)
    ordered = rows.with_columns(seq=pl.int_range(first, first + pl.len(), dtype=pl.Int64))
    tx.insert(heads, ordered.select(
        "record_id", pl.lit(source).alias("source"), pl.lit(stream).alias("stream"), "source_key", "seq", "source_time", "op",
        "digest", "payload", pl.col("merged_id").alias("merged_into"),
    ))  # fmt: skip


def keep_late(tx: Session, rows: pl.DataFrame) -> None:
    """Versions older than the current one: kept in the history.

    They are in force only where the current one leaves something open (it deactivates, or is refused); so their records are
    read again.
    """
    if rows.is_empty():
        return
    versions = tx.hub.fixed["source_version"]
    known = tx.frame(sa.select(versions.c.record_id, versions.c.digest).where(tx.among(versions.c.record_id, rows["record_id"])))
    fresh = rows.join(known, on=["record_id", "digest"], how="anti")
    if fresh.is_empty():
        return
    first = next_seq(tx)
    tx.insert(versions, fresh.select(
        "record_id", pl.int_range(first, first + pl.len(), dtype=pl.Int64).alias("seq"), "source_time", "op", "digest", "payload",
        pl.col("merged_id").alias("merged_into"),
    ))  # fmt: skip
    heads = tx.hub.fixed["source_record"]
    place = sa.func.row_number().over(order_by=heads.c.record_id).label("place")
    ordered = sa.select(heads.c.record_id, place).where(tx.among(heads.c.record_id, fresh["record_id"])).subquery()
    again = first - 1 + fresh.height + ordered.c.place
    tx.execute(heads.update().where(heads.c.record_id == ordered.c.record_id).values(seq=again))


def next_seq(tx: Session) -> int:
    """The next landing sequence; it is ours until the transaction ends, so that no run's bound can pass it by."""
    lock.serialise(tx.connection, "landing")
    tops = [tx.scalar(sa.select(sa.func.max(tx.hub.fixed[t].c.seq))) or 0 for t in ("source_record", "source_version")]
    return max(tops) + 1
