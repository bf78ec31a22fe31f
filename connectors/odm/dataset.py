"""Dataset-JSON 1.1: the rows of a dataset, from a JSON document or from lines (NDJSON), in memory that does not grow.

The document is one object whose `rows` are arrays in the order of its `columns`; the line form has that object without
rows on its first line and one array on each line after it. What says how many records there are is held to it, so a file
that was cut off between rows is noticed.
"""

import codecs
import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import polars as pl

from connectors.files.source import Part, blocks
from mdm.connector import Message, Options, Records, StreamRequest, keyed_json, rejected, source_times, whole_characters
from mdm.errors import ConfigError, DamagedError, DriftError

_BLANK = " \t\r\n"
_ENDINGS = (".json", ".ndjson", ".jsonl")
LARGEST = 16 << 20
STEP = 1 << 20


def is_dataset(part: Part) -> bool:
    """Whether a part is JSON, by its name."""
    return part.name.lower().endswith(_ENDINGS)


@dataclass(frozen=True)
class Rows:
    """A page of rows: what they say, the number of the last, their fields, and how many were records and rejections."""

    messages: list[Message]
    last: int
    fields: tuple[str, ...]
    counted: tuple[int, int]


@dataclass
class Dataset:
    """One dataset in one part."""

    part: Part
    options: Options

    @cached_property
    def meta(self) -> dict[str, Any]:
        """What the dataset says of itself, wherever in the document it says it."""
        said: dict[str, Any] = {}
        for name, value in self._members():
            if name is not None:
                said[name] = value
                if "columns" in said and "itemGroupOID" in said and "datasetJSONCreationDateTime" in said:
                    break
        return said

    @property
    def names(self) -> list[str]:
        """The names of the columns, in order."""
        columns = self.meta.get("columns")
        if "clinicalData" in self.meta or "referenceData" in self.meta:
            raise self._damaged("is Dataset-JSON of version 1.0, and only 1.1 is read")
        if not isinstance(columns, list) or not all(isinstance(one, dict) and one.get("name") for one in columns):
            raise self._damaged("has no list of `columns` with names")
        names = [str(one["name"]) for one in columns]
        if len(set(names)) < len(names):
            raise self._damaged("has two columns of one name")
        return names

    def key(self) -> tuple[str, ...]:
        """The columns that make the key, in the order the dataset gives them."""
        _ = self.names
        numbered = [(one["keySequence"], str(one["name"])) for one in self.meta["columns"] if one.get("keySequence") is not None]
        return tuple(name for _, name in sorted(numbered, key=lambda pair: (float(pair[0]), pair[1])))

    def prove(self) -> None:
        """Read all of it and refuse it if it is cut off or says another number of records than it has."""
        count, claimed = 0, None
        names = self.names
        for name, value in self._members():
            if name is None:
                count += 1
                if not isinstance(value, list):
                    raise self._damaged(f"has a row {count} that is no list")
            elif name == "records":
                claimed = value
        if not names or (isinstance(claimed, int) and claimed != count):
            raise self._damaged(f"says it has {claimed} records and has {count}, so it was cut off or is not what it says")

    def pages(self, request: StreamRequest, kind: str, after: int) -> Iterator[Rows]:
        """The rows after this one, a page at a time, if this is a dataset the stream asks for."""
        if kind not in ("dataset", "item_groups"):
            raise ConfigError(
                f"{self.part.label} is Dataset-JSON, which has no {kind}; narrow `path` to ODM-XML, or read a dataset"
            )
        if not self._asked_for():
            return
        key = request.key or self.key()
        if not key:
            raise ConfigError(f"{self.part.label}: no column has a keySequence; set `key` for stream {request.stream!r}")
        if unknown := [name for name in (*key, *filter(None, [request.modified])) if name not in self.names]:
            raise DriftError(f"{self.part.label}: there is no column {unknown[0]!r}; the columns are {', '.join(self.names)}")
        wanted = StreamRequest(request.stream, key, request.modified, request.options, request.delivery)
        held: list[tuple[int, Any]] = []
        number = 0
        for name, value in self._members():
            if name is not None:
                continue
            number += 1
            if number > after:
                held.append((number, value))
            if len(held) == self.options["page_rows"]:
                yield self._page(held, wanted)
                held = []
        if held:
            yield self._page(held, wanted)

    def _asked_for(self) -> bool:
        wanted = self.options["dataset"] or self.options["item_group"]
        return wanted is None or wanted in (self.meta.get("name"), self.meta.get("itemGroupOID"))

    def _page(self, held: list[tuple[int, Any]], request: StreamRequest) -> Rows:
        names, label = self.names, self.part.label
        good = [(number, row) for number, row in held if len(row) == len(names)]
        bad = [(number, row) for number, row in held if len(row) != len(names)]
        payload = pl.Series(
            [whole_characters(json.dumps(dict(zip(names, row, strict=True)), ensure_ascii=False)) for _, row in good],
            dtype=pl.String,
        )
        position = pl.Series([f"{label} row {number}" for number, _ in good], dtype=pl.String)
        told = keyed_json(payload, request, position=position, where=label, fields=tuple(names)) if good else []
        messages = [self._dated(one, request) for one in told]
        if bad:
            reason = f"has not the {len(names)} values its columns ask for"
            messages.append(rejected([(f"{label} row {number}", reason, json.dumps(row)) for number, row in bad]))
        return Rows(messages, held[-1][0], tuple(names), (len(good), len(bad)))

    def _dated(self, message: Message, request: StreamRequest) -> Message:
        stamp = self.meta.get("datasetJSONCreationDateTime")
        if not isinstance(message, Records) or request.modified is not None or not isinstance(stamp, str):
            return message
        times, _ = source_times(pl.Series([stamp]))
        return Records(message.frame.with_columns(pl.lit(times[0], pl.Int64).alias("source_time")), message.fields, tabular=True)

    def _members(self) -> Iterator[tuple[str | None, Any]]:
        """Everything in the document: named members of its object, and rows, which have no name."""
        text = _Text(self.part, self.options)
        text.expect("{")
        rows = False
        more = not text.take("}")
        while more:
            name = text.value()
            text.expect(":")
            if name == "rows":
                rows = True
                text.expect("[")
                yield from ((None, row) for row in text.elements())
            else:
                yield str(name), text.value()
            more = text.take(",")
            if not more:
                text.expect("}")
        if not rows:
            # Lines: what follows the object are rows, one after another.
            while not text.ended():
                yield None, text.value()
        elif not text.ended():
            raise self._damaged("goes on after its end")

    def _damaged(self, words: str) -> DamagedError:
        return DamagedError(f"{self.part.label} {words}; ask for a new delivery")


class _Text:
    """JSON text read value by value, with no more of it in memory than one value needs."""

    def __init__(self, part: Part, options: Options) -> None:
        self.part = part
        self._blocks = _decoded(part, options)
        self._text, self._at, self._line, self._more = "", 0, 1, True
        self._decoder = json.JSONDecoder(parse_constant=self._refused)
        self._ready()
        if self.ended():
            raise DamagedError(f"{part.label} line 1: is empty; ask for a new delivery")

    def value(self) -> Any:
        """The next value."""
        while True:
            self._ready()
            try:
                value, end = self._decoder.raw_decode(self._text, self._at)
            except (ValueError, RecursionError) as error:
                if self._fill():
                    continue
                raise self._broken(str(error).partition(":")[0]) from None
            # A number at the very end of what is here may go on in what is not.
            if end < len(self._text) or not self._fill():
                self._at = end
                return value

    def elements(self) -> Iterator[Any]:
        """The elements of an array that has been opened."""
        if self.take("]"):
            return
        while True:
            yield self.value()
            if not self.take(","):
                self.expect("]")
                return

    def take(self, mark: str) -> bool:
        """Whether a mark comes next; if so, it is behind us."""
        self._ready()
        if not self._text.startswith(mark, self._at):
            return False
        self._at += 1
        return True

    def expect(self, mark: str) -> None:
        """Pass a mark that must come next."""
        if not self.take(mark):
            raise self._broken(f"{mark!r} should stand here")

    def ended(self) -> bool:
        """Whether there is nothing more."""
        self._ready()
        return self._at >= len(self._text)

    def _ready(self) -> None:
        """Stand before something that is not blank, if there is anything left."""
        while True:
            while self._at < len(self._text) and self._text[self._at] in _BLANK:
                self._at += 1
            if self._at < len(self._text) or not self._fill():
                return

    def _fill(self) -> bool:
        """More text, or False when there is none."""
        if len(self._text) - self._at > LARGEST:
            raise self._broken(f"one value is larger than {LARGEST:,} characters")
        block = next(self._blocks, None) if self._more else None
        if block is None:
            self._more = False
            return False
        self._line += self._text.count("\n", 0, self._at)
        self._text, self._at = self._text[self._at :] + block, 0
        return True

    def _refused(self, name: str) -> None:
        raise self._broken(f"{name} is no JSON")

    def _broken(self, words: str) -> DamagedError:
        line = self._line + self._text.count("\n", 0, self._at)
        if not self._more and self._at >= len(self._text):
            return DamagedError(
                f"{self.part.label} line {line}: ends before it is closed, so it was cut off; ask for a new delivery"
            )
        return DamagedError(f"{self.part.label} line {line}: is damaged JSON ({words}); ask for a new delivery")


def _decoded(part: Part, options: Options) -> Iterator[str]:
    decoder = codecs.getincrementaldecoder("utf-8-sig")()
    try:
        for block in blocks(part, options):
            for start in range(0, len(block), STEP):
                yield decoder.decode(block[start : start + STEP])
        yield decoder.decode(b"", True)
    except UnicodeDecodeError as error:
        raise DamagedError(f"{part.label}: is not UTF-8 ({error.reason}); ask for a new delivery") from None
