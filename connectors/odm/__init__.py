"""CDISC ODM-XML: the sites and users of a study, from files of versions 1.1, 1.3 and 2.0.

A record is its element as JSON: attributes and child elements by name, those of a vendor with their prefix
(`mdsol:Active`). Elements that may repeat (`MetaDataVersionRef`, `LocationRef`, `Address`, `Telecom`, ...) are always
lists; an element with nothing but text is that text; one with text and attributes keeps its text as `text`. Attributes
of the enclosing AdminData stand under `AdminData`, and the organisation a location or user names by its id under
`Organization`.

Files are streamed, so size costs no memory. A document type with declarations of its own is refused, an external one is
never fetched, and a document whose root is not closed was cut off. Without a `modified` field, a record is as old as the
document says it is (`AsOfDateTime`, else `CreationDateTime`).
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import polars as pl

from connectors.files import Files
from connectors.files.passing import Page, Pass
from connectors.files.source import Part, found, labels
from connectors.odm.document import Document
from mdm.connector import (
    Context,
    Field,
    Finding,
    Message,
    Option,
    Options,
    Records,
    Stream,
    StreamRequest,
    chosen,
    keyed_json,
    source_times,
)
from mdm.errors import MdmError, NotFoundError

STREAMS = {"sites": "Location", "users": "User"}
ABOUT = {"sites": "Locations of type Site.", "users": "Users; one person may have several."}


class Odm:
    """ODM files in a folder, as a source."""

    options = (
        *(option for option in Files.options if option.name in ("path", "member", "skip_unchanged", "max_bytes", "max_ratio")),
        Option("page_rows", int, 5_000, "How many records are landed at a time."),
    )

    def __init__(self, name: str, options: Mapping[str, Any]) -> None:
        self.name = name
        self.chosen = chosen(f"source {name!r}", self.options, options, partial=True)

    def __repr__(self) -> str:
        return f"Odm({self.name!r})"

    def check(self, context: Context) -> list[Finding]:
        """Whether there are files, and the first of them begins as ODM does."""
        return [self._finding(context, request) for request in _asked(context)]

    def discover(self, context: Context) -> list[Stream]:
        """Sites and users, with the fields found in the files."""
        return [self._stream(context, request) for request in _asked(context)]

    def read(self, context: Context, request: StreamRequest, state: dict[str, Any] | None) -> Iterator[Message]:
        """Every site, or every user."""
        if request.stream not in STREAMS:
            raise NotFoundError(f"source {self.name!r} has no stream {request.stream!r}; there are {', '.join(STREAMS)}")
        options = self._of(request)
        wanted = request if request.key else replace(request, key=("OID",))
        yield from Pass(context, wanted, options, OdmReading).messages(state)

    def _of(self, request: StreamRequest) -> Options:
        return self.chosen.over(request.options, f"source {self.name!r}, stream {request.stream!r}")

    def _finding(self, context: Context, request: StreamRequest) -> Finding:
        options = self._of(request)
        try:
            parts = found(context, options)
            root = Document(parts[0], options).root()
        except MdmError as error:
            return Finding("fail", f"{request.stream}: {error}", "see above")
        version = root.get("ODMVersion") or "of version 1.1"
        return Finding("ok", f"{request.stream}: {len(parts)} to read ({labels(parts)}), ODM {version}")

    def _stream(self, context: Context, request: StreamRequest) -> Stream:
        options = self._of(request)
        names: dict[str, None] = {}
        for page in OdmReading(found(context, options)[0], request, options).pages():
            names.update(dict.fromkeys(page.fields))
        fields, key = tuple(Field(name) for name in names), request.key or ("OID",)
        return Stream(request.stream, key, fields, request.modified, "absence", ABOUT[request.stream])


def _asked(context: Context) -> tuple[StreamRequest, ...]:
    return tuple(one for one in context.streams if one.stream in STREAMS) or tuple(StreamRequest(name) for name in STREAMS)


@dataclass
class OdmReading:
    """One document, read for one stream."""

    part: Part
    request: StreamRequest
    options: Options
    total: int = 0
    nested: bool = True
    blank: bool = False
    _notices: list[Message] = field(default_factory=list)

    def told(self) -> list[Message]:
        """Notices that came up since the last time."""
        messages, self._notices = self._notices, []
        return messages

    def pages(self, after: int = 0) -> Iterator[Page]:
        """The stream's elements, a page at a time."""
        document = Document(self.part, self.options)
        held: list[tuple[int, dict[str, Any]]] = []
        for at, (line, record) in enumerate(document.records(STREAMS[self.request.stream]), start=1):
            if at > after:
                held.append((line, record))
            if len(held) == self.options["page_rows"]:
                yield self._page(held, at, document.as_of)
                held = []
        if held:
            yield self._page(held, after + self.total + len(held), document.as_of)

    def _page(self, held: list[tuple[int, dict[str, Any]]], last: int, as_of: str | None) -> Page:
        self.total += len(held)
        payload = pl.Series([json.dumps(record, ensure_ascii=False) for _, record in held], dtype=pl.String)
        position = pl.Series([f"{self.part.label} line {line}" for line, _ in held], dtype=pl.String)
        fields = tuple(dict.fromkeys(name for _, record in held for name in record))
        messages = keyed_json(payload, self.request, position=position, where=self.part.label, fields=fields)
        return Page([self._dated(message, as_of) for message in messages], last, fields)

    def _dated(self, message: Message, as_of: str | None) -> Message:
        """Records with the document's own time, where none is taken from a field."""
        if not isinstance(message, Records) or self.request.modified is not None or as_of is None:
            return message
        times, _ = source_times(pl.Series([as_of]))
        return Records(message.frame.with_columns(pl.lit(times[0], pl.Int64).alias("source_time")), message.fields)
