"""One part read page by page, whatever its format."""

import fnmatch
import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
import polars as pl

from connectors.files import document, expected, sheet, table
from connectors.files.delimited import Batch, Delimited
from connectors.files.dialect import Dialect, sniffed
from connectors.files.document import Texts
from connectors.files.layout import Layout
from connectors.files.passing import Page
from connectors.files.source import Part, blocks
from connectors.files.text import Text
from mdm.connector import Message, Notice, Options, Records, StreamRequest, keyed, keyed_json, rejected
from mdm.errors import ConfigError, DamagedError

_BY_NAME = {
    ".jsonl": "jsonl", ".ndjson": "jsonl", ".json": "json", ".parquet": "parquet", ".pq": "parquet",
    ".xlsx": "excel", ".xlsm": "excel", ".xls": "excel", ".xlsb": "excel", ".ods": "excel",
}  # fmt: skip
_DELIMITERS = {"tab": "\t", "\\t": "\t", "comma": ",", "semicolon": ";", "pipe": "|"}
_SEPARATOR = re.compile(rb'(?:\xef\xbb\xbf)?"?sep=([!-~\t])"?\r?\n', re.IGNORECASE)
_PAGE = (b"<!doctype html", b"<html")
_UNIT = {"csv": "line", "jsonl": "line", "json": "element", "excel": "row", "parquet": "row"}


@dataclass
class Reading:
    """One part being read; `total` counts the records and rejections so far."""

    part: Part
    request: StreamRequest
    options: Options
    columns: list[str] = field(default_factory=list)
    total: int = 0
    notices: list[str] = field(default_factory=list)
    _text: Text | None = None

    @property
    def encoding(self) -> str | None:
        """How the text was read, once it has been told from English letters."""
        return None if self._text is None or self._text.encoding == "auto" else self._text.encoding

    @cached_property
    def deactivates(self) -> bool:
        """Whether these rows only say that a record is inactive."""
        pattern = self.options["deactivations"]
        return pattern is not None and fnmatch.fnmatch(self.part.name.rsplit("/", 1)[-1], pattern)

    @cached_property
    def format(self) -> str:
        """What is in the part, by option, name and first bytes."""
        return format_of(self.part, self.options)

    @property
    def nested(self) -> bool:
        """Whether a record may leave out fields it has no value for."""
        return self.format in ("json", "jsonl") or self.deactivates

    @property
    def blank(self) -> bool:
        """Whether the part, read to its end, turned out to hold nothing at all."""
        if self.total or self.columns:
            return False
        return self.format in ("csv", "excel", "parquet") or not any(block.strip() for block in blocks(self.part, self.options))

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
            if self.columns and not self.total and not after:
                # Nothing but a header: it has to be that of this stream, or the file is something else.
                self._page(Batch(pl.DataFrame(schema=dict.fromkeys(self.columns, pl.String)), np.zeros(0, np.int64), []))

    def _batches(self, after: int) -> Iterator[Batch]:
        if self.format in ("excel", "parquet"):
            tabled = (
                table.rows(self.part, self.options, after)
                if self.format == "parquet"
                else sheet.rows(self.part, self.options, self.notices, after, self.request.key)
            )
            for batch in tabled:
                self.columns = batch.frame.columns
                yield batch
            return
        if next(blocks(self.part, self.options), b"")[:20].lstrip().lower().startswith(_PAGE):
            raise DamagedError(
                f"{self.part.label} line 1: is a page of HTML, as a login, an error and a report saved for Excel are; ask for CSV"
            )
        delimited = delimited_of(self.part, self.options, self.notices)
        self._text = delimited.text
        for batch in delimited.batches(after):
            self.columns = delimited.columns
            yield batch
        self.columns = delimited.columns

    def _documents(self, after: int) -> Iterator[Texts]:
        text = self._text = text_of(self.part, self.options, self.notices, layout_of(self.options))
        size = self.options["page_rows"]
        if self.format == "json":
            where = self.options["records"]
            if self.options["errors"] or isinstance(where, list):
                where = document.chosen(lambda: text_of(self.part, self.options, []), where, self.options["errors"])
            yield from document.document(text, where, after, size)
            return
        for texts in document.json_lines(text, after):
            yield from _cut(texts, size)

    def _page(self, batch: Batch) -> Page:
        batch = expected.held(batch, self.options["expected"] or {})
        where, unit = self.part.label, _UNIT[self.format]
        position, fields = _positions(where, unit, batch.lines), tuple(batch.frame.columns)
        messages: list[Message] = []
        if any(kind.is_nested() for kind in batch.frame.dtypes):
            payload = batch.frame.select(pl.struct(pl.all()).struct.json_encode()).to_series()
            messages = keyed_json(payload, self.request, position=position, where=where, fields=fields)
        elif batch.frame.width:
            request = self.request
            if self.deactivates and request.modified not in fields:
                request = replace(request, modified=None)
            messages = keyed(batch.frame, request, position=position, where=f"{where} {unit} 1")
        return self._told(messages, batch.lines, batch.rejects, fields)

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
        if self.deactivates:
            kept = [_inactive(message) for message in kept]
        if rejects:
            kept.append(rejected([(f"{self.part.label} {unit} {at}", reason, text) for at, reason, text in rejects]))
        last = max([int(lines[-1])] if len(lines) else [0], [rejects[-1][0]] if rejects else [0])[0]
        return Page(kept, last, fields)


def _inactive(message: Message) -> Message:
    """The records as no more than word that they are inactive: what they leave out is not gone."""
    if not isinstance(message, Records):
        return message
    return Records(message.frame.with_columns(op=pl.lit("inactive")), message.fields, tabular=False)


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


def text_of(part: Part, options: Options, notices: list[str], layout: Layout | None = None) -> Text:
    """The part's text; with a layout, what stands around its records is blank."""
    lines = None if layout is None else layout.applied
    return Text(part.label, blocks(part, options), options["encoding"].lower(), options["max_line"], notices, lines)


def layout_of(options: Options) -> Layout:
    """What stands around the records of a text."""
    footer = options["footer"] or ()
    footer = (footer,) if isinstance(footer, str) else tuple(footer) if isinstance(footer, list) else footer
    return Layout(options["skip"], footer, options["end_marker"])


def delimited_of(part: Part, options: Options, notices: list[str]) -> Delimited:
    """The part's records, with the delimiter given or told from its first line."""
    header = tuple(options["header"]) if isinstance(options["header"], list) else options["header"]
    layout, quote = layout_of(options), "" if options["frame"] else options["quote"]
    layout = replace(layout, frame=options["frame"])
    if told := _SEPARATOR.match(next(blocks(part, options), b"")):
        # What Excel is told the separator by is no record and no header.
        options = options.over({"skip": options["skip"] + 1, "delimiter": options["delimiter"] or told[1].decode()})
        layout = replace(layout, skip=options["skip"])
    delimiter = options["delimiter"] or options["frame"]
    if not delimiter:
        delimiter = _sniffed(part, options, notices)
    delimiter = _DELIMITERS.get(delimiter, delimiter)
    plain = {**{name: options[name] for name in ("quote", "comment", "frame", "escape")}, "delimiter": delimiter}
    for name, value in plain.items():
        if (value or name == "delimiter") and (len(value) != 1 or not value.isascii() or value in "\r\n"):
            raise ConfigError(f"option {name!r} takes one plain character, not {value!r}")
    layout = replace(layout, escape=options["escape"], quote=quote, delimiter=delimiter)
    dialect = Dialect(delimiter, quote, header, options["comment"], layout)
    return Delimited(text_of(part, options, notices, layout), dialect)


def _sniffed(part: Part, options: Options, notices: list[str]) -> str:
    comment = options["comment"]
    for lines in text_of(part, options, [], layout_of(options)):
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
