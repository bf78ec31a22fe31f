"""Runs: what a run is, what a stage reports, and the records of both.

The release pointer of an entity names its last published run. Everything a run writes carries its number and stays
invisible until one short transaction moves the pointer.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from mdm import bench


@dataclass(frozen=True)
class Tally:
    """What a stage did: named counts, and notes for people."""

    counts: Mapping[str, int] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Run:
    """One run of one entity.

    `landed_seq` and `event_seq` bound what it sees: records landed and things people said up to then. `base` is the
    published run it starts from (0: none), with what that run remembered: its bounds, fingerprints, model and hot keys.
    """

    number: int
    entity: str
    started_at: datetime
    landed_seq: int
    event_seq: int
    base: int
    base_landed_seq: int
    base_event_seq: int
    base_at: datetime | None
    memory: Mapping[str, Any]
    bench: "bench.Bench"
    settings: Any
    full: bool = False
    model: int | None = None

    @property
    def whole(self) -> bool:
        """Everything is worked on again: asked for, or nothing was published before."""
        return self.full or self.base == 0


def now() -> datetime:
    """The present, in UTC, to the microsecond."""
    return datetime.now(UTC)


def utc(moment: datetime | None) -> datetime | None:
    """A time read from the hub, with its zone (SQLite forgets it)."""
    return moment.replace(tzinfo=UTC) if moment is not None and moment.tzinfo is None else moment


def begin(connection: sa.Connection, fixed: Mapping[str, sa.Table], *, actor: str, version: str) -> int:
    """A new run number, recorded."""
    run = fixed["run"]
    number = (connection.execute(sa.select(sa.func.max(run.c.run_id))).scalar() or 0) + 1
    connection.execute(run.insert().values(run_id=number, started_at=now(), actor=actor, version=version))
    return number


def pointer(connection: sa.Connection, fixed: Mapping[str, sa.Table], entity: str) -> int:
    """The published run of an entity, 0 when there is none."""
    release = fixed["release"]
    return connection.execute(sa.select(release.c.run_id).where(release.c.entity == entity)).scalar() or 0


def record_of(connection: sa.Connection, fixed: Mapping[str, sa.Table], entity: str, number: int) -> sa.RowMapping | None:
    """The record of one entity's part in a run."""
    part = fixed["run_entity"]
    return connection.execute(sa.select(part).where(part.c.entity == entity, part.c.run_id == number)).mappings().first()


def mark(connection: sa.Connection, fixed: Mapping[str, sa.Table], run: Run, **values: Any) -> None:
    """Write values into the record of a run's entity."""
    part = fixed["run_entity"]
    for name in ("memory", "counts"):
        if name in values:
            values[name] = json.dumps(values[name], sort_keys=True)
    connection.execute(part.update().where(part.c.run_id == run.number, part.c.entity == run.entity).values(**values))


def release(connection: sa.Connection, fixed: Mapping[str, sa.Table], entity: str, number: int, changes: int) -> None:
    """Move the pointer: from here on readers see this run. Reserves the gapless numbers of its changes."""
    pointer_table, part = fixed["release"], fixed["run_entity"]
    last = connection.execute(sa.select(sa.func.max(part.c.change_base + part.c.changes))).scalar() or 0
    published_at = _later(connection, part)
    connection.execute(pointer_table.delete().where(pointer_table.c.entity == entity))
    connection.execute(pointer_table.insert().values(entity=entity, run_id=number))
    connection.execute(
        part.update()
        .where(part.c.run_id == number, part.c.entity == entity)
        .values(state="published", published_at=published_at, change_base=last, changes=changes)
    )


def _later(connection: sa.Connection, part: sa.Table) -> datetime:
    # Strictly increasing, whatever the clock does: two versions of one key never share a moment.
    from datetime import timedelta

    last = utc(connection.execute(sa.select(sa.func.max(part.c.published_at))).scalar())
    present = now()
    return present if last is None or present > last else last + timedelta(microseconds=1)
