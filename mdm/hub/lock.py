"""Locks: one run per entity and one sync per source at a time, released by the system when their holder dies."""

import contextlib
import tempfile
from collections.abc import Iterator
from pathlib import Path

import filelock
import sqlalchemy as sa

from mdm.errors import LockedError


@contextlib.contextmanager
def held(engine: sa.Engine, name: str) -> Iterator[None]:
    """Hold the named lock, or raise LockedError at once."""
    holder = _advisory if engine.dialect.name == "postgresql" else _file
    with holder(engine, name):
        yield


def serialise(connection: sa.Connection, name: str) -> None:
    """One transaction at a time from here to its end: numbers are then committed in the order they are given.

    On SQLite every writing transaction is already alone.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(sa.func.hashtextextended(f"mdm:{name}", 0))))


@contextlib.contextmanager
def _file(engine: sa.Engine, name: str) -> Iterator[None]:
    database = engine.url.database
    folder = Path(database).parent if database and database != ":memory:" else Path(tempfile.gettempdir())
    path = folder / f".{Path(database or 'memory').name}.{name.replace(':', '-').replace('/', '-')}.lock"
    lock = filelock.FileLock(path, timeout=0)
    try:
        lock.acquire()
    except filelock.Timeout:
        raise _busy(name) from None
    try:
        yield
    finally:
        lock.release()


@contextlib.contextmanager
def _advisory(engine: sa.Engine, name: str) -> Iterator[None]:
    key = sa.func.hashtextextended(f"mdm:{name}", 0)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        if not connection.execute(sa.select(sa.func.pg_try_advisory_lock(key))).scalar():
            raise _busy(name)
        try:
            yield
        finally:
            connection.execute(sa.select(sa.func.pg_advisory_unlock(key)))


def _busy(name: str) -> LockedError:
    return LockedError(f"{name} is being worked on by another process; wait for it to end, or look at `mdm status`")
