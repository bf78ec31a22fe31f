"""The ledger of what people said: numbers shared by every kind, withdrawal, and what is in force when.

Whatever a person said is only ever added or withdrawn, never edited. A run sees what was said up to its start.
"""

from typing import Any

import polars as pl
import sqlalchemy as sa

from mdm import audit
from mdm.errors import ConflictError, NotFoundError, UsageError
from mdm.hub import Session
from mdm.hub.run import now, pointer

KINDS = ("decision", "correction", "waiver")


def reasoned(reason: str) -> str:
    """The reason, which has to be there."""
    if not reason or not reason.strip():
        raise UsageError("say why: a reason is kept with everything a person does")
    return reason.strip()


def next_number(tx: Session) -> int:
    """The number of the next thing said; decisions, corrections, waivers and hand-made records share them."""
    audit.serialise(tx)
    spoken = [tx.scalar(sa.select(sa.func.max(tx.hub.fixed[kind].c.number))) or 0 for kind in KINDS]
    record = tx.hub.fixed["source_record"]
    made = tx.scalar(sa.select(sa.func.max(sa.cast(record.c.source_key, sa.BigInteger))).where(record.c.source == "steward"))
    return max(*spoken, made or 0) + 1


def write(tx: Session, kind: str, values: dict[str, Any], *, actor: str, event_seq: int) -> None:
    """One row of a kind, with who said it and when."""
    tx.execute(tx.hub.fixed[kind].insert().values(**values, actor=actor, at=now(), event_seq=event_seq))


def withdraw(tx: Session, number: int, *, actor: str, reason: str) -> int:
    """Take back a decision, a correction or a waiver; returns the number of the event."""
    reason = reasoned(reason)
    audit.serialise(tx)
    kind, said = _said(tx, number)
    if said["withdrawn_seq"] is not None:
        raise ConflictError(
            f"{kind} {number} was withdrawn already, by {said['withdrawn_by']}: {said['withdrawn_reason']!r}; nothing to do"
        )
    seq = audit.record(
        tx, f"withdraw {kind}", actor=actor, entity=said["entity"], object=f"{kind}:{number}", reason=reason, before=_words(said)
    )
    table = tx.hub.fixed[kind]
    taken = {"withdrawn_seq": seq, "withdrawn_at": now(), "withdrawn_by": actor, "withdrawn_reason": reason}
    tx.execute(table.update().where(table.c.number == number).values(**taken))
    return seq


def in_force(table: sa.Table, entity: str, event_seq: int) -> sa.ColumnElement:
    """What was said of an entity up to an event and not taken back by then."""
    return sa.and_(
        table.c.entity == entity,
        table.c.event_seq <= event_seq,
        sa.or_(table.c.withdrawn_seq.is_(None), table.c.withdrawn_seq > event_seq),
    )


def published_seq(session: Session, entity: str) -> int:
    """The last event the published run of an entity has seen."""
    part = session.hub.fixed["run_entity"]
    number = pointer(session.connection, session.hub.fixed, entity)
    return session.scalar(sa.select(part.c.event_seq).where(part.c.entity == entity, part.c.run_id == number)) or 0


def with_state(session: Session, entity: str, rows: pl.DataFrame) -> pl.DataFrame:
    """Adds `state`: live, withdrawn, or pending when the published run has not seen the last word yet."""
    seen = published_seq(session, entity)
    unseen = pl.coalesce("withdrawn_seq", "event_seq") > seen
    # Said and taken back between two runs: no run will ever see it.
    never = pl.col("withdrawn_seq").is_not_null() & (pl.col("event_seq") > seen)
    state = (
        pl.when(unseen & ~never)
        .then(pl.lit("pending"))
        .when(pl.col("withdrawn_seq").is_not_null())
        .then(pl.lit("withdrawn"))
        .otherwise(pl.lit("live"))
    )
    return rows.with_columns(state=state)


def _said(session: Session, number: int) -> tuple[str, sa.RowMapping]:
    for kind in KINDS:
        table = session.hub.fixed[kind]
        found = session.rows(sa.select(table).where(table.c.number == number))
        if found:
            return kind, found[0]
    raise NotFoundError(f"nothing has the number {number}; `mdm decisions ENTITY` lists what was said")


def _words(said: sa.RowMapping) -> dict[str, Any]:
    kept = ("verdict", "a", "b", "record_id", "attribute", "value", "until", "rule")
    return {name: said[name] for name in kept if said.get(name) is not None}
