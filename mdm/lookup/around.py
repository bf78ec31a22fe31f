"""What stands around a record in the hub: the golden records it resembles, their members, and what decisions say of them."""

from collections.abc import Iterable

import polars as pl
import sqlalchemy as sa

from mdm import decisions, model
from mdm.caution import IDENTIFIER_WEIGHT
from mdm.constraint import Limits, Rulings
from mdm.entity import Entity
from mdm.hub import Session
from mdm.hub.version import visible
from mdm.lookup.asked import Asked
from mdm.lookup.fate import Around
from mdm.lookup.snapshot import Snapshot
from mdm.tables import OPEN


def homes(session: Session, entity: Entity, held: Snapshot, records: pl.Series) -> pl.DataFrame:
    """Where records are in the snapshot's run: record_id, golden_id."""
    membership = session.hub.tables(entity.name).membership
    wanted = sa.select(membership.c.record_id, membership.c.golden_id)
    return session.frame(wanted.where(visible(membership, held.run), session.among(membership.c.record_id, records)))


def around(session: Session, entity: Entity, held: Snapshot, asked: Asked, scored: pl.DataFrame, ids: pl.Series) -> Around:
    """The members of some golden records, with all that decides whether the record may join them."""
    members = _members(session, entity, held, ids).filter(pl.col("record_id") != asked.record_id)
    columns = entity.constrained
    rows = [row for row in map(held.row_of, members["record_id"]) if row is not None]
    values = pl.concat([held.compared[rows].select("record_id", *columns), asked.compared.select("record_id", *columns)])
    stream = pl.DataFrame({"record_id": [asked.record_id], "stream": [asked.stream if asked.stream in held.distinct else None]},
                          schema=held.streams.schema)  # fmt: skip
    records = (
        values.with_columns(pl.col(columns).cast(pl.String))
        .join(members, on="record_id", how="left")
        .join(pl.concat([held.streams, stream]), on="record_id", how="left")
    )
    mine = scored.select(
        a=pl.min_horizontal("record_id", pl.lit(asked.record_id)), b=pl.max_horizontal("record_id", pl.lit(asked.record_id)),
        weight="weight",
    ).filter(pl.col("weight") >= model.weight_of(entity.review))  # fmt: skip
    accept = model.weight_of(entity.accept)
    limits = Limits(columns, ["stream"], entity.linkage, accept, IDENTIFIER_WEIGHT, entity.caution)
    if len(ids) < 2 and asked.stream is None:
        # Nothing was ever said of a record that has not landed, nor of one golden record and itself.
        return Around(records, mine, Rulings(), limits, model.weight_of(entity.review))
    between = _pairs(session, entity, held, members["record_id"]) if entity.linkage == "average" else mine.clear()
    rulings = _rulings(session, entity, set(records["record_id"]))
    return Around(records, pl.concat([mine, between]), rulings, limits, model.weight_of(entity.review))


def _members(session: Session, entity: Entity, held: Snapshot, ids: Iterable[str]) -> pl.DataFrame:
    membership = session.hub.tables(entity.name).membership
    wanted = sa.select(membership.c.record_id, membership.c.golden_id)
    return session.frame(
        wanted.where(visible(membership, held.run), session.among(membership.c.golden_id, ids)).order_by(membership.c.record_id)
    )


def _pairs(session: Session, entity: Entity, held: Snapshot, records: pl.Series) -> pl.DataFrame:
    pair = session.hub.tables(entity.name).pair
    inside = sa.and_(visible(pair, held.run), session.among(pair.c.a, records), session.among(pair.c.b, records))
    return session.frame(sa.select(pair.c.a, pair.c.b, pair.c.weight).where(inside))


def _rulings(session: Session, entity: Entity, known: set[int]) -> Rulings:
    """What decisions say of these records today."""
    given, members = decisions.live(session, entity.name, OPEN)
    sides: dict[int, dict[str, set[int]]] = {}
    for number, side, record in (
        members.filter(pl.col("record_id").is_in(list(known))).select("number", "side", "record_id").iter_rows()
    ):
        sides.setdefault(number, {"a": set(), "b": set()})[side].add(record)
    verdicts = dict(given.select("number", "verdict").iter_rows())
    together = [frozenset(s["a"] | s["b"]) for n, s in sorted(sides.items()) if verdicts[n] == "match"]
    apart = [(frozenset(s["a"]), frozenset(s["b"])) for n, s in sorted(sides.items()) if verdicts[n] == "no_match"]
    return Rulings(together=together, apart=apart).within(known)
