"""The bench: a DuckDB file with the standardised records of one entity, ready to be matched.

A cache and a workplace, never the truth: it can be deleted at any time and is rebuilt from the hub. What lasts is in the
file (schema `bench`); a run's scratch tables are in memory and go with the process.
"""

import contextlib
import time
from collections.abc import Iterator
from pathlib import Path

import duckdb
import polars as pl

from mdm.errors import LockedError

# Who only reads a bench copies what it needs and lets go: a run waits for that long, a reader does not wait for a run.
_RUN_WAITS, _READER_WAITS, _PAUSE = 180.0, 2.0, 0.05


class Bench:
    """One entity's bench; `reading` opens the file of another without changing or keeping it.

    `pairs`: how many candidate pairs may be made on it; None leaves it to the number of records.
    """

    def __init__(
        self, path: Path | None, *, memory: str = "4GB", threads: int | None = None, pairs: int | None = None,
        reading: bool = False,
    ):  # fmt: skip
        self.path, self.pairs, self.reading = path, pairs, reading
        self.connection = duckdb.connect(":memory:")
        self.execute(f"set memory_limit = '{memory}'")
        self.execute("set preserve_insertion_order = false")
        # A long query would draw it on stdout, among the data.
        self.execute("set enable_progress_bar = false")
        if threads:
            self.execute(f"set threads = {int(threads)}")
        if path is None:
            self.execute("attach ':memory:' as bench")
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            self.execute(f"set temp_directory = '{path.parent / 'spill'}'")
            self._attach(path)

    def _attach(self, path: Path) -> None:
        until = time.monotonic() + (_READER_WAITS if self.reading else _RUN_WAITS)
        while True:
            try:
                self.execute(f"attach '{path}' as bench{' (read_only)' if self.reading else ''}")
                return
            except duckdb.ResourceInUseException:
                held = True
            except duckdb.IOException as error:
                held = "lock" in str(error).lower()
            except (duckdb.Error, RuntimeError):
                held = False
            if not held:
                # Torn by a crash or made by another version: it is only a cache.
                self._rebuild(path)
                return
            if time.monotonic() > until:
                raise LockedError(f"the bench {path} is at work for a run or a reader; try again when it has ended")
            time.sleep(_PAUSE)

    def _rebuild(self, path: Path) -> None:
        if self.reading:
            self.execute("attach ':memory:' as bench")
            return
        for stale in (path, path.with_name(path.name + ".wal")):
            stale.unlink(missing_ok=True)
        self.execute(f"attach '{path}' as bench")

    def empty(self) -> None:
        """Forget everything that lasts."""
        for (name,) in self.execute("select table_name from duckdb_tables() where database_name = 'bench'"):
            self.execute(f'drop table bench."{name}"')

    def execute(self, sql: str, parameters: object = None) -> list[tuple]:
        """Run SQL and return all its rows (DuckDB wants a result read to its end)."""
        return self.connection.execute(sql, parameters).fetchall()

    def frame(self, sql: str, parameters: object = None) -> pl.DataFrame:
        """The rows of a query as a frame."""
        return pl.DataFrame(pl.from_arrow(self.connection.sql(sql, params=parameters).to_arrow_table()))

    def store(self, table: str, rows: pl.DataFrame, *, append: bool = False) -> None:
        """Write a frame into a table, replacing it unless `append`."""
        self.connection.register("_incoming", rows)
        if append and self.has(table):
            self.execute(f"insert into {table} by name from _incoming")
        else:
            kind = "table" if table.startswith("bench.") else "temp table"
            self.execute(f"create or replace {kind} {table} as from _incoming")
        self.connection.unregister("_incoming")

    @contextlib.contextmanager
    def given(self, name: str, rows: pl.DataFrame) -> Iterator[None]:
        """A frame under a name, for the length of a block."""
        self.connection.register(name, rows)
        yield
        # Left in place after an error: an aborted transaction lets nothing be dropped, and the rollback does it.
        self.connection.unregister(name)

    def has(self, table: str) -> bool:
        """The table exists; written `bench.name` or `name`."""
        database, _, name = table.rpartition(".")
        # Scratch tables are temporary: a DuckDB transaction may write to them beside one database.
        sql = "select 1 from duckdb_tables() where database_name = ? and table_name = ?"
        return bool(self.execute(sql, [database or "temp", name]))

    @contextlib.contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing."""
        self.execute("begin")
        try:
            yield
        except BaseException:
            self.execute("rollback")
            raise
        self.execute("commit")

    def close(self) -> None:
        """Let go of the file."""
        self.connection.close()
