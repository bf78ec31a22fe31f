"""Engine and transactions: the only place that opens a connection to the hub.

On SQLite every writing transaction begins IMMEDIATE, because a read snapshot cannot be upgraded; readers never wait.
"""

import contextlib
from collections.abc import Iterator
from pathlib import Path

import sqlalchemy as sa

from mdm.errors import ConfigError

_PRAGMAS = (
    "journal_mode=WAL", "synchronous=NORMAL", "foreign_keys=ON", "recursive_triggers=ON",
    "busy_timeout=30000", "cache_size=-65536", "temp_store=MEMORY", "wal_autocheckpoint=16000",
)  # fmt: skip


def engine_of(url: str) -> sa.Engine:
    """An engine for a hub URL, prepared for its dialect."""
    try:
        parsed = sa.make_url(url)
    except sa.exc.ArgumentError:
        raise ConfigError(
            f"[hub] url {url.split('://')[0]!r}... is not a database URL; write sqlite:///mdm.db or postgresql+psycopg://user@host/db"
        ) from None
    if parsed.get_backend_name() == "sqlite":
        return _sqlite(parsed)
    if parsed.get_backend_name() == "postgresql":
        return _postgresql(parsed)
    raise ConfigError(f"[hub] url: {parsed.get_backend_name()!r} is not supported; use sqlite or postgresql")


def _sqlite(url: sa.URL) -> sa.Engine:
    if url.database and url.database != ":memory:":
        Path(url.database).parent.mkdir(parents=True, exist_ok=True)
    engine = sa.create_engine(url, connect_args={"timeout": 30})

    @sa.event.listens_for(engine, "connect")
    def _connected(connection, _record) -> None:
        connection.isolation_level = None
        for pragma in _PRAGMAS:
            connection.execute(f"PRAGMA {pragma}")

    @sa.event.listens_for(engine, "begin")
    def _begun(connection: sa.Connection) -> None:
        reading = connection.get_execution_options().get("readonly")
        connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")

    return engine


def _postgresql(url: sa.URL) -> sa.Engine:
    try:
        import psycopg  # noqa: F401
    except ImportError:
        raise ConfigError("the hub is on PostgreSQL, which needs an extra: pip install 'lifescience-mdm[postgres]'") from None
    engine = sa.create_engine(
        url.set(drivername="postgresql+psycopg"), connect_args={"options": "-c timezone=UTC"}, pool_pre_ping=True
    )

    @sa.event.listens_for(engine, "begin")
    def _begun(connection: sa.Connection) -> None:
        if connection.get_execution_options().get("readonly"):
            connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")

    return engine


@contextlib.contextmanager
def reading(engine: sa.Engine) -> Iterator[sa.Connection]:
    """A connection whose statements all see one moment."""
    # Begun at once: a bulk read goes around SQLAlchemy, which would otherwise not know that the moment has come.
    with engine.connect().execution_options(readonly=True) as connection, connection.begin():
        yield connection


@contextlib.contextmanager
def writing(engine: sa.Engine) -> Iterator[sa.Connection]:
    """A writing transaction, committed at the end unless something is raised."""
    with engine.connect() as connection, connection.begin():
        yield connection
