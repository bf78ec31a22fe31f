"""Clinical views: the rows of a form as CSV, all of them or those that changed since the last reading.

What changed is asked for from a little before the last reading began, by Rave's own clock. Rows that were deleted are
not told. The last line says `EOF`: without it the answer was cut off.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import IO, Any

import polars as pl

from connectors.files.delimited import Batch, Delimited
from connectors.files.dialect import Dialect
from connectors.files.text import Text
from connectors.rave.answer import EOF, whole_csv
from connectors.rave.client import Client, path_of, study_key
from mdm.connector import Checkpoint, Complete, Message, Notice, Options, SchemaChange, StreamRequest, keyed, rejected
from mdm.errors import ConfigError

KEY = ("RecordId",)
SUFFIXES = ("versionitem", "rawsuffix", "codelistsuffix", "decodesuffix", "stdsuffix")
BLOCK = 1 << 20
LONGEST = 16 << 20


@dataclass
class View:
    """The clinical view of one form."""

    client: Client
    request: StreamRequest
    options: Options
    known: list[str] = field(default_factory=list)

    def messages(self, state: dict[str, Any] | None) -> Iterator[Message]:
        """The rows that changed since the last reading; without one, all."""
        state = state or {}
        since, self.known = state.get("cursor"), list(state.get("fields", []))
        path, params = self.asked(since)
        file, _ = self.client.kept(path, params, whole_csv)
        upper = state.get("upper") or moment(self.client.door.now)
        kept = {"upper": upper} | ({"cursor": since} if since else {})
        with file:
            yield from self._rows(file, path.rpartition("/")[2], dict(state.get("at") or {}), kept)
        if since is None:
            yield Complete()
        yield Checkpoint({"cursor": upper, "fields": self.known})

    def fields(self) -> tuple[str, ...]:
        """The view's columns; what changed from now on is next to nothing."""
        path, params = self.asked(None)
        file, _ = self.client.kept(path, {**params, "start": moment(self.client.door.now)}, whole_csv)
        with file:
            table = _table(file, path, [])
            for _ in table.batches():
                break
        return tuple(table.columns)

    def asked(self, since: str | None) -> tuple[str, dict[str, str]]:
        """What to ask for."""
        form = self.options["form"] or self.request.stream.partition(":")[2]
        if not form:
            raise ConfigError(f"stream {self.request.stream!r}: which form? name it `dataset:FORM`, or set `form`")
        params = {name: self.options[name] for name in SUFFIXES if self.options[name]}
        if since is not None:
            params["start"] = moment(seconds(since) - self.options["overlap"])
        return path_of("studies", study_key(self.options), "datasets", self.options["dataset"], f"{form}.csv"), params

    def _rows(self, file: IO[bytes], label: str, at: dict[str, Any], kept: dict[str, Any]) -> Iterator[Message]:
        after, seen = int(at.get("after", 0)), hashlib.blake2b(digest_size=16)
        if after and not _same(file, label, after, str(at.get("print"))):
            yield Notice(f"{label}: the answer changed since the reading was stopped, so it was begun again")
            after = 0
        notices: list[str] = []
        table = _table(file, label, notices)
        count = 0
        for batch in table.batches():
            yield from self._columns(table.columns)
            for part in batch.frame.with_row_index("_at").iter_slices(self.options["page_rows"]):
                count += len(part)
                _marked(seen, part.drop("_at"))
                if count <= after:
                    continue
                yield from self._page(batch, part, label)
                yield Checkpoint({**kept, "at": {"after": count, "print": seen.hexdigest()}, "fields": self.known})
            if batch.rejects and count > after:
                yield rejected([(f"{label} line {line}", reason, text) for line, reason, text in batch.rejects])
        yield from self._columns(table.columns)
        yield from map(Notice, notices)

    def _page(self, batch: Batch, part: pl.DataFrame, label: str) -> list[Message]:
        lines = pl.Series(batch.lines).gather(part["_at"])
        position = lines.to_frame("line").select(pl.format("{} line {}", pl.lit(label), "line")).to_series()
        request = self.request
        if not request.key:
            request = StreamRequest(request.stream, KEY, request.modified, request.options, request.delivery)
        return keyed(part.drop("_at"), request, position=position, where=label)

    def _columns(self, columns: list[str]) -> Iterator[Message]:
        """Word of columns that came or went."""
        if columns and self.known and columns != self.known:
            added = tuple(name for name in columns if name not in self.known)
            removed = tuple(name for name in self.known if name not in columns)
            if added or removed:
                yield SchemaChange(added, removed)
        self.known = columns or self.known


def moment(at: float) -> str:
    """A time as Rave takes it."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%S")


def seconds(text: str) -> float:
    """A time as Rave takes it, as seconds since 1970."""
    return datetime.strptime(text, "%Y-%m-%dT%H:%M:%S").replace(tzinfo=UTC).timestamp()


def _table(file: IO[bytes], label: str, notices: list[str]) -> Delimited:
    return Delimited(Text(label, _blocks(file), "auto", LONGEST, notices), Dialect(",", '"', True, ""))


def _blocks(file: IO[bytes]) -> Iterator[bytes]:
    """The answer without its last line, which is no row."""
    size = file.seek(0, 2)
    file.seek(max(0, size - 4096))
    end = max(0, size - 4096) + file.read().rstrip().rfind(EOF)
    file.seek(0)
    left = end
    while left > 0 and (block := file.read(min(BLOCK, left))):
        left -= len(block)
        yield block


def _same(file: IO[bytes], label: str, after: int, mark: str) -> bool:
    """Whether the answer begins with the rows that were read before."""
    seen, count = hashlib.blake2b(digest_size=16), 0
    for batch in _table(file, label, []).batches():
        part = batch.frame.head(after - count)
        count += len(part)
        _marked(seen, part)
        if count >= after:
            break
    return count == after and seen.hexdigest() == mark


def _marked(seen: Any, part: pl.DataFrame) -> None:
    for row in part.select(pl.struct(pl.all()).struct.json_encode()).to_series():
        seen.update(row.encode())
