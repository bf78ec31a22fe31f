"""The store: the hub can be reached, its schema and sums hold, its events are whole, and nothing waits unseen."""

import os
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import sqlalchemy as sa

from mdm import audit, settings, status
from mdm.doctor.line import Line
from mdm.doctor.place import disk
from mdm.entity import Entity
from mdm.hub import Hub, Session, migration
from mdm.hub.run import now
from mdm.settings import Settings

_SKEWED, _TOO_SKEWED = 2.0, 60.0
_OLD_DAYS = 30


def examined(loaded: Settings, entities: Mapping[str, Entity]) -> Iterator[Line]:
    """Everything about the hub, from the outside in."""
    hub = Hub(settings.resolve(loaded.hub.url), entities.values())
    try:
        with hub.read() as session:
            yield Line("hub", "ok", _server(session))
            yield from _clock(session)
        yield from _file(hub)
        migration.current(hub)
        yield Line("schema", "ok", "the tables are those of the rules")
        with hub.read() as session:
            yield _events(session)
            yield from _runs(session)
            yield from _streams(session, loaded)
    finally:
        hub.dispose()


def _server(session: Session) -> str:
    url = session.hub.engine.url
    if session.hub.dialect == "sqlite":
        return f"SQLite {session.scalar(sa.select(sa.func.sqlite_version()))} at {url.database}"
    version = session.scalar(sa.select(sa.func.current_setting("server_version")))
    return f"PostgreSQL {version} at {url.host or url.query.get('host', 'a socket')}/{url.database}"


def _clock(session: Session) -> Iterator[Line]:
    if session.hub.dialect != "postgresql":
        return
    skew = abs(float(session.scalar(sa.select(sa.extract("epoch", sa.func.clock_timestamp())))) - time.time())
    level = "fail" if skew > _TOO_SKEWED else "warn" if skew > _SKEWED else "ok"
    yield Line("server clock", level, f"{skew:.1f} seconds from this machine's", "keep both by NTP")


def _file(hub: Hub) -> Iterator[Line]:
    if hub.dialect != "sqlite" or not hub.engine.url.database:
        return
    file = Path(hub.engine.url.database)
    if os.name == "posix" and file.exists() and file.stat().st_mode & 0o007:
        yield Line("hub file", "warn", f"{file} can be read by everybody on this machine", f"chmod 640 {file}")
    yield disk("disk", file.parent, "free space; a run needs about as much as the hub has")


def _events(session: Session) -> Line:
    verdict = audit.verify(session)
    if verdict.whole:
        return Line("events", "ok", f"{verdict.events} events in one chain; head {str(verdict.head)[:24]}...")
    repair = "find out who wrote to the database, and restore the last backup that verifies"
    return Line("events", "fail", str(verdict.problem), repair)


def _runs(session: Session) -> Iterator[Line]:
    for entity in status.entities(session):
        name = entity["entity"]
        if entity["waiting"]:
            number = entity["waiting"]["run"]
            repair = f"mdm approve {number}, or mdm reject {number} --reason ..."
            yield Line("plan", "warn", f"{name}: run {number} waits for an answer", repair)
        if not entity["reconciled"]:
            yield Line("sums", "fail", f"{name}: the second sum does not hold", f"mdm run {name} --full")


def _streams(session: Session, loaded: Settings) -> Iterator[Line]:
    for stream in status.sources(session, loaded):
        name = f"{stream['source']}/{stream['stream']}"
        if stream["status"] == "failed":
            yield Line("stream", "warn", f"{name}: {stream['message']}", f"mdm sync {stream['source']}")
        elif stream["synced_at"] and (now() - stream["synced_at"]).days >= _OLD_DAYS:
            days = (now() - stream["synced_at"]).days
            yield Line("stream", "warn", f"{name} was read {days} days ago", f"mdm sync {stream['source']}")
        if not stream["reconciled"]:
            yield Line("sums", "fail", f"{name}: the first sum does not hold", f"mdm sync {stream['source']}, and report it")
