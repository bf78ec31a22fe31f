"""History: a golden record over time, and what became of a retired one.

Times are when the hub knew it. A version lasts until a later published run says otherwise.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from mdm import exposure
from mdm.decisions import names, unknown
from mdm.entity import Entity
from mdm.errors import NotFoundError
from mdm.hub import Session
from mdm.hub.run import pointer, utc
from mdm.hub.version import visible

_ROLE = "steward"


@dataclass(frozen=True)
class Moment:
    """One published run that touched a golden record, in words a person reads."""

    at: datetime | None
    run: int
    kind: str
    changed: tuple[tuple[str, Any, Any], ...] = ()
    joined: tuple[str, ...] = ()
    left: tuple[str, ...] = ()
    successors: tuple[str, ...] = ()


@dataclass(frozen=True)
class State:
    """A golden record at one moment."""

    golden_id: str
    at: datetime | None
    run: int
    values: dict[str, Any] = field(default_factory=dict)
    members: tuple[str, ...] = ()


def moments(session: Session, entity: Entity, golden_id: str) -> list[Moment]:
    """Everything that happened to a golden id, oldest first."""
    last = pointer(session.connection, session.hub.fixed, entity.name)
    versions = _versions(session, entity, golden_id, last)
    if not versions:
        raise unknown(session, entity.name, golden_id)
    published = _published(session, entity.name)
    come, gone = _members(session, entity, golden_id, last)
    retired = _retired(session, entity.name, golden_id, last)
    kinds = _kinds(session, entity.name, golden_id, last)
    starts = {v["from_run"]: (before, v) for before, v in zip([None, *versions], versions, strict=False)}
    runs = sorted({*starts, *come, *gone, *retired} & set(published))
    return [
        Moment(
            published[run], run, kinds.get(run) or ("changed" if run in starts else "members changed"),
            _changes(entity, *starts[run]) if run in starts else (),
            tuple(come.get(run, ())), tuple(gone.get(run, ())), tuple(s for s in retired.get(run, ()) if s),
        )
        for run in runs
    ]  # fmt: skip


def states(session: Session, entity: Entity, golden_id: str, at: datetime | None = None) -> list[State]:
    """What a golden id stood for at a time (None: now): itself, or whoever answered for it then."""
    run, when = _run_at(session, entity.name, at)
    found, waiting, seen = [], [golden_id], set()
    while waiting:
        one = waiting.pop(0)
        seen.add(one)
        state = _state(session, entity, one, run, when)
        if state is not None:
            found.append(state)
        else:
            waiting += [s for s in _successors(session, entity.name, one, run) if s and s not in seen]
    if not found:
        _refuse(session, entity, golden_id, run, at)
    return found


def _refuse(session: Session, entity: Entity, golden_id: str, run: int, at: datetime | None) -> None:
    versions = _versions(session, entity, golden_id, pointer(session.connection, session.hub.fixed, entity.name))
    if not versions:
        raise unknown(session, entity.name, golden_id)
    when = "now" if at is None else f"at {at.isoformat(sep=' ', timespec='seconds')}"
    if versions[0]["from_run"] > run:
        first = _published(session, entity.name).get(versions[0]["from_run"])
        raise NotFoundError(f"{golden_id} did not exist {when}; it was first published {first:%Y-%m-%d %H:%M:%S} UTC")
    raise NotFoundError(
        f"{golden_id} is retired {when} and nothing follows it; `mdm history {entity.name} {golden_id}` shows its past"
    )


def _versions(session: Session, entity: Entity, golden_id: str, last: int) -> Sequence[sa.RowMapping]:
    golden = session.hub.tables(entity.name).golden
    wanted = sa.select(golden).where(golden.c.golden_id == golden_id, golden.c.from_run <= last)
    return session.rows(wanted.order_by(golden.c.from_run))


def _state(session: Session, entity: Entity, golden_id: str, run: int, when: datetime | None) -> State | None:
    tables = session.hub.tables(entity.name)
    row = session.rows(sa.select(tables.golden).where(tables.golden.c.golden_id == golden_id, visible(tables.golden, run)))
    if not row:
        return None
    member = sa.select(tables.membership.c.record_id).where(
        tables.membership.c.golden_id == golden_id, visible(tables.membership, run)
    )
    records = list(session.execute(member).scalars())
    shown = {name: value for name, value in _values(entity, row[0]).items() if value is not None}
    return State(golden_id, when, row[0]["from_run"], shown, tuple(sorted(names(session, records).values())))


def _members(session: Session, entity: Entity, golden_id: str, last: int) -> tuple[dict[int, list[str]], dict[int, list[str]]]:
    membership = session.hub.tables(entity.name).membership
    columns = (membership.c.record_id, membership.c.from_run, membership.c.to_run)
    rows = session.rows(sa.select(*columns).where(membership.c.golden_id == golden_id, membership.c.from_run <= last))
    written = names(session, [r["record_id"] for r in rows])
    come: dict[int, list[str]] = {}
    gone: dict[int, list[str]] = {}
    for row in rows:
        name = written.get(row["record_id"], str(row["record_id"]))
        come.setdefault(row["from_run"], []).append(name)
        if row["to_run"] <= last:
            gone.setdefault(row["to_run"], []).append(name)
    return {r: sorted(n) for r, n in come.items()}, {r: sorted(n) for r, n in gone.items()}


def _retired(session: Session, entity: str, golden_id: str, last: int) -> dict[int, list[str]]:
    table = session.hub.fixed["retired_id"]
    here = sa.and_(table.c.entity == entity, table.c.golden_id == golden_id, table.c.from_run <= last)
    found: dict[int, list[str]] = {}
    for row in session.rows(sa.select(table.c.successor_id, table.c.from_run).where(here).order_by(table.c.successor_id)):
        found.setdefault(row["from_run"], []).append(row["successor_id"])
    return found


def _successors(session: Session, entity: str, golden_id: str, run: int) -> list[str]:
    table = session.hub.fixed["retired_id"]
    here = sa.and_(table.c.entity == entity, table.c.golden_id == golden_id, visible(table, run))
    return list(session.execute(sa.select(table.c.successor_id).where(here).order_by(table.c.successor_id)).scalars())


def _kinds(session: Session, entity: str, golden_id: str, last: int) -> dict[int, str]:
    change = session.hub.fixed["change_log"]
    here = sa.and_(change.c.entity == entity, change.c.golden_id == golden_id, change.c.run_id <= last)
    return {r["run_id"]: r["kind"] for r in session.rows(sa.select(change.c.run_id, change.c.kind).where(here))}


def _published(session: Session, entity: str) -> dict[int, datetime | None]:
    part = session.hub.fixed["run_entity"]
    rows = session.rows(sa.select(part.c.run_id, part.c.published_at).where(part.c.entity == entity, part.c.state == "published"))
    return {r["run_id"]: utc(r["published_at"]) for r in rows}


def _run_at(session: Session, entity: str, at: datetime | None) -> tuple[int, datetime | None]:
    known = sorted((when, run) for run, when in _published(session, entity).items() if when is not None)
    past = [(run, when) for when, run in known if at is None or when <= at]
    if past:
        return past[-1]
    if known:
        first = f"{known[0][0]:%Y-%m-%d %H:%M:%S}"
        raise NotFoundError(f"no run of {entity} was published by then; the first was {first} UTC")
    raise NotFoundError(f"{entity} has no published run yet; run `mdm run {entity}`")


def _changes(entity: Entity, before: sa.RowMapping | None, after: sa.RowMapping) -> tuple[tuple[str, Any, Any], ...]:
    # After a retirement a version starts from nothing again.
    old = _values(entity, before) if before is not None and before["to_run"] == after["from_run"] else {}
    new = _values(entity, after)
    return tuple((name, old.get(name), value) for name, value in new.items() if old.get(name) != value)


def _values(entity: Entity, row: sa.RowMapping) -> dict[str, Any]:
    hidden = set(exposure.hidden(entity.attributes, _ROLE))
    values: dict[str, Any] = {}
    for attribute in entity.attributes:
        value = row[attribute.name]
        if value is not None and attribute.name in hidden:
            value = exposure.MASK
        values[attribute.name] = json.loads(value) if attribute.type is list and value not in (None, exposure.MASK) else value
    return {**values, **{f"{link.name}_id": row[f"{link.name}_id"] for link in entity.links}}
