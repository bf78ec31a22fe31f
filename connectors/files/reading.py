"""One part read page by page, whatever its format."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import polars as pl

from connectors.files import document, sheet
from connectors.files.delimited import Batch, Delimited
from connectors.files.dialect import Dialect, sniffed
from connectors.files.document import Texts
from connectors.files.passing import Page
from connectors.files.source import Part, blocks
from connectors.files.text import Text
from mdm.connector import Message, Notice, Options, Records, StreamRequest, keyed, keyed_json, rejected
from mdm.errors import ConfigError

_BY_NAME = {
    ".jsonl": "jsonl", ".ndjson": "jsonl", ".json": "json",
    ".xlsx": "excel", ".xlsm": "excel", ".xls": "excel", ".xlsb": "excel", ".ods": "excel",
}  # fmt: skip
_DELIMITERS = {"tab": "\t", "\\t": "\t", "comma": ",", "semicolon": ";", "pipe": "|"}
_UNIT = {"csv": "line", "jsonl": "line", "json": "element", "excel": "row"}


@dataclass
class Reading:
    """One part being read; `total` counts the records and rejections so far."""

    part: Part
    request: StreamRequest
    options: Options
    columns: list[str] = field(default_factory=list)
    total: int = 0
    notices: list[str] = field(default_factory=list)

    @cached_property
    def format(self) -> str:
        """What is in the part, by option, name and first bytes."""
        return format_of(self.part, self.options)

    @property
    def nested(self) -> bool:
        """Whether a record may leave out fields it has no value for."""
        return self.format in ("json", "jsonl")

    @property
    def blank(self) -> bool:
        """Whether the part, read to its end, turned out to hold nothing at all."""
        if self.total or self.columns:
            return False
        return self.format in ("csv", "excel") or not any(block.strip() for block in blocks(self.part, self.options))

    def told(self) -> list[Message]:
        """Notices that came up since the last time."""
        messages: list[Message] = [Notice(text) for text in self.notices]
        self.notices.clear()
        return messages

    def pages(self, after: int = 0) -> Iterator[Page]:
        """The records after this line, at most `page_rows` at a time."""
        if self.format in ("json", "jsonl"):
            yield from (self._texts(texts) for texts in self._documents(after) if len(texts.lines) or texts.rejects)
        else:
            yield from (self._page(batch) for batch in _paged(self._batches(after), self.options["page_rows"]))

    def _batches(self, after: int) -> Iterator[Batch]:
        if self.format == "excel":
            for batch in sheet.rows(self.part, self.options, self.notices, after):
                self.columns = batch.frame.columns
                yield batch
            return
        delimited = delimited_of(self.part, self.options, self.notices)
        for batch in delimited.batches(after):
            self.columns = delimited.columns
            yield batch
        self.columns = delimited.columns

    def _documents(self, after: int) -> Iterator[Texts]:
        text = text_of(self.part, self.options, self.notices)
        size = self.options["page_rows"]
        if self.format == "json":
            yield from document.document(text, self.options["records"], after, size)
            return
        for texts in document.json_lines(text, after):
            yield from _cut(texts, size)

    def _page(self, batch: Batch) -> Page:
        where, unit = self.part.label, _UNIT[self.format]
        position = _positions(where, unit, batch.lines)
        messages = keyed(batch.frame, self.request, position=position, where=f"{where} {unit} 1") if batch.frame.width else []
        return self._told(messages, batch.lines, batch.rejects, tuple(batch.frame.columns))

    def _texts(self, texts: Texts) -> Page:
        where, unit = self.part.label, _UNIT[self.format]
        fields = document.fields(texts.payload) if len(texts.payload) else ()
        position = _positions(where, unit, texts.lines)
        messages = keyed_json(texts.payload, self.request, position=position, where=where, fields=fields)
        return self._told(messages, texts.lines, texts.rejects, fields)

    def _told(
        self, messages: list[Message], lines: np.ndarray, rejects: list[tuple[int, str, str]], fields: tuple[str, ...]
    ) -> Page:
        unit = _UNIT[self.format]
        self.total += len(lines) + len(rejects)
        kept = [message for message in messages if not isinstance(message, Records) or len(message.frame)]
        if rejects:
            kept.append(rejected([(f"{self.part.label} {unit} {at}", reason, text) for at, reason, text in rejects]))
        last = max([int(lines[-1])] if len(lines) else [0], [rejects[-1][0]] if rejects else [0])[0]
        return Page(kept, last, fields)


def _positions(label: str, unit: str, lines: np.ndarray) -> pl.Series:
    return (
        pl.Series("line", lines, dtype=pl.Int64)
        .to_frame()
        .select(pl.format("{} {} {}", pl.lit(label), pl.lit(unit), "line"))
        .to_series()
    )


def _paged(batches: Iterator[Batch], size: int) -> Iterator[Batch]:
    """Batches of `size` records, cut and joined so that it does not matter how the text was cut."""
    held: list[Batch] = []
    height = 0
    for batch in batches:
        held.append(batch)
        height += len(batch.lines)
        if height >= size:
            whole = _merged(held)
            while len(whole.lines) >= size:
                page, whole = _split(whole, size)
                yield page
            held, height = [whole], len(whole.lines)
    if held and (height or _merged(held).rejects):
        yield _merged(held)


def _merged(batches: list[Batch]) -> Batch:
    if len(batches) == 1:
        return batches[0]
    rejects = [reject for batch in batches for reject in batch.rejects]
    frames = [batch.frame for batch in batches]
    return Batch(pl.concat(frames), np.concatenate([batch.lines for batch in batches]), rejects)


def _split(batch: Batch, size: int) -> tuple[Batch, Batch]:
    last = batch.lines[size - 1]
    here = [reject for reject in batch.rejects if reject[0] <= last]
    later = batch.rejects[len(here) :]
    return (
        Batch(batch.frame.slice(0, size), batch.lines[:size], here),
        Batch(batch.frame.slice(size), batch.lines[size:], later),
    )


def _cut(texts: Texts, size: int) -> Iterator[Texts]:
    for start in range(0, max(len(texts.lines), 1), size):
        stop = start + size
        low = texts.lines[start - 1] if start else 0
        high = texts.lines[stop - 1] if stop < len(texts.lines) else float("inf")
        rejects = [reject for reject in texts.rejects if low < reject[0] <= high]
        yield Texts(texts.payload.slice(start, size), texts.lines[start:stop], rejects)


def format_of(part: Part, options: Options) -> str:
    """What is in a part: as told, else by its name; a workbook's name may lie."""
    wanted = options["format"]
    if wanted == "auto":
        wanted = next((kind for ending, kind in _BY_NAME.items() if part.name.lower().endswith(ending)), "csv")
        # Spreadsheet programs open tab-separated text of any name, so deliveries come as .xls that are none.
        if wanted == "excel" and not sheet.is_workbook(next(blocks(part, options), b"")):
            return "csv"
    return str(wanted)


def text_of(part: Part, options: Options, notices: list[str]) -> Text:
    """The part's text."""
    return Text(part.label, blocks(part, options), options["encoding"].lower(), options["max_line"], notices)


def delimited_of(part: Part, options: Options, notices: list[str]) -> Delimited:
    """The part's records, with the delimiter given or told from its first line."""
    header = tuple(options["header"]) if isinstance(options["header"], list) else options["header"]
    delimiter = options["delimiter"]
    if delimiter is None:
        delimiter = _sniffed(part, options, notices)
    delimiter = _DELIMITERS.get(delimiter, delimiter)
    for name, value in (("delimiter", delimiter), ("quote", options["quote"] or '"'), ("comment", options["comment"] or "#")):
        if len(value) != 1 or not value.isascii() or value in "\r\n":
            raise ConfigError(f"option {name!r} takes one plain character, not {value!r}")
    dialect = Dialect(delimiter, options["quote"], header, options["comment"])
    return Delimited(text_of(part, options, notices), dialect)


def _sniffed(part: Part, options: Options, notices: list[str]) -> str:
    comment = options["comment"]
    for lines in text_of(part, options, []):
        for raw in lines.data.decode(errors="replace").split("\n"):
            if raw.strip() and not (comment and raw.startswith(comment)):
                delimiter = sniffed(raw)
                expected = "\t" if part.name.lower().endswith((".tsv", ".tab")) else ","
                if delimiter != expected:
                    notices.append(f"{part.label}: fields were read as separated by {delimiter!r}; set delimiter to be sure")
                return delimiter
    return ","


def columns(part: Part, options: Options) -> list[str]:
    """The field names of a part, read from its beginning."""
    reading = Reading(part, StreamRequest("columns"), options.over({"page_rows": 100}))
    for page in reading.pages():
        return list(page.fields)
    return reading.columns
