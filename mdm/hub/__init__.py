"""The hub: the relational database that holds the only truth.

The only room that knows SQLite from PostgreSQL. The caller owns the transaction: `begin` writes, `read` reads one moment.
"""

import contextlib
import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import polars as pl
import sqlalchemy as sa

from mdm import tables
from mdm.entity import Entity
from mdm.errors import NotFoundError
from mdm.hub import bulk, engine, lock, version
from mdm.hub.run import Run, Tally

__all__ = ["Hub", "Run", "Session", "Tally"]


class Session:
    """One open transaction on the hub."""

    def __init__(self, connection: sa.Connection, hub: "Hub"):
        self.connection = connection
        self.hub = hub

    def frame(self, statement: sa.Select | sa.CompoundSelect) -> pl.DataFrame:
        """All rows of a select, in bulk."""
        return bulk.frame(self.connection, statement)

    def insert(self, table: sa.Table, rows: pl.DataFrame) -> int:
        """Append a frame, in bulk."""
        return bulk.insert(self.connection, table, rows)

    def among(self, column: sa.ColumnElement, values: Iterable) -> sa.ColumnElement:
        """The column is one of many values."""
        return bulk.among(self.connection, column, values)

    def execute(self, statement: Any, parameters: Any = None) -> sa.CursorResult:
        """Run one statement."""
        return self.connection.execute(statement, parameters)

    def scalar(self, statement: sa.Select) -> Any:
        """The first column of the first row, or None."""
        return self.connection.execute(statement).scalar()

    def rows(self, statement: sa.Select) -> Sequence[sa.RowMapping]:
        """A few rows, by name."""
        return self.connection.execute(statement).mappings().all()


class Hub:
    """A hub by its URL, with the tables of its entities."""

    def __init__(self, url: str, entities: Iterable[Entity] = ()):
        self.url = url
        self.engine = engine.engine_of(url)
        self.entities = {e.name: e for e in entities}
        self.fixed: Mapping[str, sa.Table] = tables.hub_metadata().tables
        self.derived = {
            name: tables.derived(e, sa.MetaData(naming_convention=tables.NAMING)) for name, e in self.entities.items()
        }

    @property
    def dialect(self) -> str:
        """sqlite or postgresql."""
        return self.engine.dialect.name

    @contextlib.contextmanager
    def read(self) -> Iterator[Session]:
        """A session that sees one moment and writes nothing."""
        with engine.reading(self.engine) as connection:
            yield Session(connection, self)

    @contextlib.contextmanager
    def begin(self) -> Iterator[Session]:
        """A writing session, committed when the block ends well."""
        with engine.writing(self.engine) as connection:
            yield Session(connection, self)

    def lock(self, name: str) -> contextlib.AbstractContextManager[None]:
        """Hold a named lock, or raise LockedError."""
        return lock.held(self.engine, name)

    def append(self, table: sa.Table, rows: pl.DataFrame, run: Run) -> int:
        """Open versions under the run's number, in small transactions."""
        return version.append(self.engine, table, rows, run.number)

    def load(self, table: sa.Table, rows: pl.DataFrame) -> int:
        """Append rows, in small transactions."""
        return version.load(self.engine, table, rows)

    def close(self, table: sa.Table, keys: pl.DataFrame, run: Run) -> int:
        """End open versions at the run, in small transactions."""
        return version.close(self.engine, table, keys, run.number)

    def tables(self, entity: str) -> tables.EntityTables:
        """The derived tables of an entity."""
        if entity not in self.derived:
            raise NotFoundError(f"there is no entity {entity!r}; there are: {', '.join(self.derived) or 'none'}")
        return self.derived[entity]

    def identity(self) -> str:
        """What tells this hub from its copies; a restored hub gets a new one."""
        meta = self.fixed["meta"]
        wanted = sa.select(meta.c.value).where(meta.c.key == "identity")
        with self.read() as session:
            found = session.scalar(wanted)
        if found is not None:
            return found
        with self.begin() as tx:
            found = tx.scalar(wanted)
            if found is None:
                found = uuid.uuid4().hex
                tx.execute(meta.insert().values(key="identity", value=found))
        return found

    def dispose(self) -> None:
        """Close every connection."""
        self.engine.dispose()
