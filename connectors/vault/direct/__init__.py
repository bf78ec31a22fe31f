"""Direct Data: one extract of a Vault read from its archives, the full one first, then each incremental one in order.

The state: `stop`, the time at which the last applied archive ends; `columns`, those of the extract and their types; and
while an archive is under way `in`: its name, and how many deletions and rows of it have been given out. When an incremental
archive is no longer there only `stop` counts; when the first full one is no longer there, everything has to be read again.

Within an archive deletions come before updates. They carry no time of their own: each archive is one consistent moment, so
their order is the order of the archives.
"""

import difflib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import IO, Any

from connectors.vault.client import Client, seconds
from connectors.vault.direct.archive import Shelf, closed
from connectors.vault.direct.extract import Extract, extract_of
from connectors.vault.direct.listing import FULL, INCREMENTAL, LOG, Archive, Gap, gap, is_log, listed, minute, newest
from connectors.vault.direct.manifest import ABOUT, Manifest, guess, manifest
from connectors.vault.merge import winners
from mdm.connector import Checkpoint, Complete, Message, Notice, Options, SchemaChange, StreamRequest
from mdm.errors import ConfigError, DamagedError, DriftError, FullReconcileRequired, UnavailableError

__all__ = ["DirectReading", "Shelf", "extract_of"]
LATE = 86_400


@dataclass
class DirectReading:
    """A stream of an extract, from a state on."""

    client: Client
    shelf: Shelf
    request: StreamRequest
    options: Options
    fields: dict[str, str] = field(default_factory=dict)
    cursor: float | None = None
    at: dict[str, Any] = field(default_factory=dict)

    def messages(self, state: dict[str, Any] | None) -> Iterator[Message]:
        """The full archive, then each one that follows on, and the state to go on from."""
        state = state or {}
        self._usable()
        self.extract = Extract(self.request, self.options)
        self._of_archives(state)
        self.fields, self.at = dict(state.get("columns", {})), dict(state.get("in", {}))
        self.cursor = seconds(state["stop"]) if "stop" in state else None
        self.extract.winners = winners(self.client, self.options, self.cursor)
        if self.cursor is None and not is_log(self.extract.name):
            yield from self._full()
        yield from self._following()
        yield from self.extract.merged()
        yield self._checkpoint()

    def _of_archives(self, state: dict[str, Any]) -> None:
        if "cursor" in state or "at" in state:
            raise FullReconcileRequired(
                f"{self.extract.name}: was read by queries until now; read all of it again (`mdm run --full`), so that what was "
                "deleted in between is noticed"
            )

    def _usable(self) -> None:
        if self.options["where"]:
            raise ConfigError(
                f"stream {self.request.stream!r}: an archive holds every row, so `where` cannot be asked for; filter in the mapping"
            )
        if self.options["spark_inbox"]:
            raise ConfigError(f"stream {self.request.stream!r}: messages lead to queries; set mode = 'query' or drop spark_inbox")

    def _full(self) -> Iterator[Message]:
        there = listed(self.client, FULL)
        archive = newest(there.archives, self.at.get("name"))
        if archive is None:
            there.waiting(None)
            raise UnavailableError(
                "there is no full archive; a Vault makes one a day once Direct Data is switched on: run again later, "
                "or ask the Vault's administrator"
            )
        from_start = not self.at
        if self.at and self.at["name"] != archive.name:
            raise FullReconcileRequired(
                f"{self.extract.name}: the full archive {self.at['name']} was read in part and is no longer there; read all of it again "
                "(`mdm run --full`), so that what was deleted since is noticed"
            )
        yield from self._archive(archive)
        # What was read before an interruption may belong to a run that is long over, so only a reading in one go proves.
        if from_start:
            yield Complete()

    def _following(self) -> Iterator[Message]:
        kind = LOG if is_log(self.extract.name) else INCREMENTAL
        there = listed(self.client, kind, self.cursor)
        try:
            for archive in there.after(self.cursor):
                yield from self._archive(archive)
        except Gap as missing:
            raise gap(self.client, self.extract.name, missing) from None
        if self.cursor is not None and self.client.now - self.cursor > LATE + (LATE if kind == LOG else 0):
            yield Notice(
                f"{self.extract.name}: there is no archive after {minute(self.cursor)}; ask the Vault's administrator why"
            )

    def _archive(self, archive: Archive) -> Iterator[Message]:
        """One archive: what changed about the columns, then deletions, then updates."""
        if self.at.get("name") != archive.name:
            self.at = {"name": archive.name, "deletes": 0, "updates": 0}
        if archive.parts:
            said, files = self._opened(archive)
            try:
                yield from self._schema(archive, said)
                for step in ("deletes", "updates"):
                    yield from self._tables(archive, said, step, files)
            finally:
                closed(files)
        self.cursor, self.at = archive.stop, {}
        yield self._checkpoint()

    def _tables(self, archive: Archive, said: Manifest, step: str, files: dict[str, IO[bytes]]) -> Iterator[Message]:
        before = 0
        for table in said.tables(self.extract.name, deletes=step == "deletes"):
            count = 0
            for page in self.extract.pages(files[table.file], f"{archive.name} {table.file}", after=self.at[step] - before):
                count = page.last
                self.at[step] = before + count
                yield from page.messages(deletes=step == "deletes")
                yield self._checkpoint()
            count = max(count, self.at[step] - before)
            if table.records is not None and count != table.records:
                raise DamagedError(
                    f"{archive.name} {table.file}: holds {count} records where the manifest says {table.records}; "
                    "run again, or ask Veeva's support"
                )
            before += count

    def _schema(self, archive: Archive, said: Manifest) -> Iterator[Message]:
        name = self.extract.name
        there = said.columns.get(name, {})
        if self.cursor is None and not is_log(name):
            if name not in said.extracts:
                raise DriftError(f"{archive.name} has no extract {name!r}; {near(name, said)}")
            self.fields = self.fields or there
            return
        added = tuple(column for column in there if column not in self.fields) if self.fields else ()
        removed = tuple(column for column in said.removed.get(name, []) if column in self.fields)
        retyped = {c: (self.fields[c], kind) for c, kind in there.items() if c in self.fields and self.fields[c] != kind}
        self.fields = {column: kind for column, kind in (self.fields | there).items() if column not in removed}
        if added or removed or retyped:
            yield SchemaChange(added, removed, retyped)

    def _opened(self, archive: Archive) -> tuple[Manifest, dict[str, IO[bytes]]]:
        """What an archive says it holds, and the files of it that are needed."""
        files: dict[str, IO[bytes]] = {}
        try:
            return self._said(archive, files), files
        except BaseException:
            closed(files)
            raise

    def _said(self, archive: Archive, files: dict[str, IO[bytes]]) -> Manifest:
        """The manifest; `files` then holds what it names for this extract, and nothing else."""
        said: Manifest | None = self.shelf.known.get(archive.name)
        if said is None:
            first = (*ABOUT, *guess(self.extract.name))
            files |= self.shelf.unpacked(archive, lambda name: name in first)
            said = self.shelf.known[archive.name] = manifest(archive.name, files)
        needed = {table.file for kind in (True, False) for table in said.tables(self.extract.name, deletes=kind)}
        for name in [name for name in files if name not in needed]:
            files.pop(name).close()
        if missing := needed - set(files):
            files |= self.shelf.unpacked(archive, missing.__contains__)
        if missing := needed - set(files):
            raise DamagedError(
                f"{archive.name}: the manifest names {min(missing)!r}, which is not in it, so it was cut off; run again, "
                "or ask Veeva's support"
            )
        return said

    def _checkpoint(self) -> Checkpoint:
        state: dict[str, Any] = {"columns": dict(self.fields)}
        if self.cursor is not None:
            state["stop"] = minute(self.cursor)
        if self.at:
            state["in"] = dict(self.at)
        return Checkpoint(state)


def near(name: str, said: Manifest) -> str:
    """Extracts of a similar name."""
    found = difflib.get_close_matches(name, said.extracts, n=3)
    return (
        f"did you mean {' or '.join(map(repr, found))}?" if found else f"there are {len(said.extracts)} others; see the manifest"
    )
