"""Versioned tables: what is visible at a run, how versions open and close, and how an unpublished run is swept.

Writing goes in small transactions, so that a steward never waits for the length of a run.
"""

import time

import polars as pl
import sqlalchemy as sa

from mdm import fault
from mdm.hub import bulk
from mdm.hub.engine import writing
from mdm.tables import OPEN

_CHUNK = 20_000
# Between two chunks a waiting steward gets the lock.
_PAUSE = 0.004


def visible(table: sa.Table, run: int) -> sa.ColumnElement:
    """The versions in force at a published run."""
    return sa.and_(table.c.from_run <= run, table.c.to_run > run)


def open_now(table: sa.Table) -> sa.ColumnElement:
    """The versions in force for the run that is being prepared."""
    return table.c.to_run == OPEN


def append(engine: sa.Engine, table: sa.Table, rows: pl.DataFrame, run: int) -> int:
    """Open new versions under a run's number, chunk by chunk."""
    rows = rows.with_columns(from_run=pl.lit(run, pl.Int64), to_run=pl.lit(OPEN, pl.Int64))
    return load(engine, table, rows)


def load(engine: sa.Engine, table: sa.Table, rows: pl.DataFrame) -> int:
    """Append rows to a table, chunk by chunk."""
    chunk = _CHUNK if engine.dialect.name == "sqlite" else 10 * _CHUNK
    for part in rows.iter_slices(chunk):
        with writing(engine) as connection:
            bulk.insert(connection, table, part)
        fault.point(f"append.{table.name}")
        if rows.height > chunk:
            time.sleep(_PAUSE)
    return rows.height


def close(engine: sa.Engine, table: sa.Table, keys: pl.DataFrame, run: int) -> int:
    """End the open versions with these keys (a frame whose columns are key columns) at a run."""
    closed = 0
    for part in keys.unique(maintain_order=True).iter_slices(_CHUNK):
        with writing(engine) as connection:
            closed += _close(connection, table, part, run)
        fault.point(f"close.{table.name}")
    return closed


def _close(connection: sa.Connection, table: sa.Table, keys: pl.DataFrame, run: int) -> int:
    wanted = sa.Table("_closing", sa.MetaData(), *(sa.Column(n, table.c[n].type) for n in keys.columns), prefixes=["TEMPORARY"])
    connection.execute(sa.schema.DropTable(wanted, if_exists=True))
    connection.execute(sa.schema.CreateTable(wanted))
    bulk.insert(connection, wanted, keys)
    # A version opened by this very run and closed again was never seen: it goes.
    match = sa.and_(table.c.to_run == OPEN, *(table.c[n] == wanted.c[n] for n in keys.columns))
    connection.execute(table.delete().where(table.c.from_run == run, sa.exists().where(match)))
    done = connection.execute(table.update().values(to_run=run).where(match)).rowcount
    connection.execute(sa.schema.DropTable(wanted))
    return done


def sweep(engine: sa.Engine, table: sa.Table, published: int, where: sa.ColumnElement | None = None) -> None:
    """Undo what runs after `published` wrote into a table."""
    scope = sa.true() if where is None else where
    with writing(engine) as connection:
        connection.execute(table.delete().where(table.c.from_run > published, scope))
        connection.execute(table.update().values(to_run=OPEN).where(table.c.to_run > published, table.c.to_run < OPEN, scope))


def prune(engine: sa.Engine, table: sa.Table, run: int) -> None:
    """Drop the versions that ended at or before a published run, of a table that nobody asks for its past."""
    with writing(engine) as connection:
        connection.execute(table.delete().where(table.c.to_run <= run))
