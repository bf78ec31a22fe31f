"""CDISC ODM: sites, users, subjects and clinical data from ODM-XML 1.1 to 2.0, and Dataset-JSON 1.1.

A record is its element as JSON: attributes and child elements by name, those of a vendor with their prefix
(`mdsol:Active`). Elements that may repeat (`MetaDataVersionRef`, `LocationRef`, `Address`, `Telecom`, ...) are always
lists; an element with nothing but text is that text; one with text and attributes keeps its text as `text`. Attributes
of the enclosing AdminData stand under `AdminData`, and the organisation a location or user names by its id under
`Organization`. In clinical data the ids of all levels and the items by their ids stand at the top.

Files are streamed, so size costs no memory, and each is read to its end before any of it lands: one that is cut off,
hostile or not built as ODM is lands nothing. Without a `modified` field, a record is as old as its document says it is
(`AsOfDateTime`, else `CreationDateTime`), a step of an audit trail as old as it says itself.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from connectors.files import Files
from connectors.files.passing import Pass
from connectors.files.shelf import Shelf
from connectors.files.source import Part, found, labels
from connectors.odm import dataset
from connectors.odm.chain import broken
from connectors.odm.reading import OdmReading, Proven, document_of, prove
from connectors.odm.stream import KINDS, kind_of
from mdm.connector import Context, Field, Finding, Message, Notice, Option, Options, Stream, StreamRequest, chosen
from mdm.errors import MdmError, NotFoundError

_SHARED = (
    "path", "member", "manifest", "settle", "skip_unchanged", "max_bytes", "max_ratio", "username", "password", "private_key",
    "host_key", "endpoint_url", "region", "access_key", "secret_key", "session_token",
)  # fmt: skip
_OFFERED = ("sites", "users", "investigators", "organizations", "subjects", "item_groups")
_SAMPLE = 500


class Odm:
    """ODM files in a folder, as a source."""

    options = (
        *(option for option in Files.options if option.name in _SHARED),
        Option("read", str, help="What a stream reads, where its name does not say it.", choices=tuple(KINDS)),
        Option("item_group", str, help="Only the data of this item group, by its OID (or a dataset's itemGroupOID)."),
        Option("form", str, help="Only the data of this form, by its OID; in 2.0 the outermost item group."),
        Option("dataset", str, help="Only the dataset of this name, of Dataset-JSON files."),
        Option("roles", list, help="Which user types or roles are investigators; any that name one if left out."),
        Option("page_rows", int, 5_000, "How many records are landed at a time.", least=1),
    )

    def __init__(self, name: str, options: Mapping[str, Any]) -> None:
        self.name = name
        self.chosen = chosen(f"source {name!r}", self.options, options, partial=True)
        self._proven: Proven = {}

    def __repr__(self) -> str:
        return f"Odm({self.name!r})"

    def check(self, context: Context) -> list[Finding]:
        """Whether there are files, and the first of them begins as ODM does."""
        return [self._finding(context, request) for request in context.streams or (StreamRequest("sites"),)]

    def discover(self, context: Context) -> list[Stream]:
        """The configured streams, or all that ODM-XML may hold, with the fields at the beginning of the first file."""
        if context.streams:
            return [self._stream(context, request) for request in context.streams]
        streams = [self._stream(context, StreamRequest(name, options={"read": name})) for name in self._kinds(context)]
        return [stream for stream in streams if stream.fields] or streams

    def read(self, context: Context, request: StreamRequest, state: dict[str, Any] | None) -> Iterator[Message]:
        """Every record of a stream, file by file."""
        options, kind = self._of(request)
        if request.delivery == "full" or not state:
            yield from map(Notice, self._sound(context, options, every=request.delivery == "full"))

        def reader(part: Part, asked: StreamRequest, told: Options) -> OdmReading:
            return OdmReading(part, asked, told, kind, self._proven)

        yield from Pass(context, request, options, reader).messages(state)

    def _sound(self, context: Context, options: Options, *, every: bool) -> list[str]:
        """What is odd about how the files follow each other; a full delivery is sound in every file or lands nothing."""
        with Shelf() as shelf:
            parts = found(context, options, shelf)
            for part in parts if every and len(parts) > 1 else ():
                prove(part, options, self._proven)
            xml = [part for part in parts if not dataset.is_dataset(part)]
            return broken([(part.label, document_of(part, options).head) for part in xml]) if len(xml) > 1 or every else []

    def _of(self, request: StreamRequest) -> tuple[Options, str]:
        options = self.chosen.over(request.options, f"source {self.name!r}, stream {request.stream!r}")
        kind = kind_of(request.stream, options)
        if kind is None:
            raise NotFoundError(
                f"source {self.name!r} has no stream {request.stream!r}; there are {', '.join(KINDS)}, or set `read`, `item_group`, "
                "`form` or `dataset` for it"
            )
        return options, kind

    def _kinds(self, context: Context) -> tuple[str, ...]:
        with Shelf() as shelf:
            return ("dataset",) if dataset.is_dataset(found(context, self.chosen, shelf)[0]) else _OFFERED

    def _finding(self, context: Context, request: StreamRequest) -> Finding:
        try:
            options, _ = self._of(request)
            with Shelf() as shelf:
                parts = found(context, options, shelf)
                version = _version(parts[0], options)
        except MdmError as error:
            return Finding("fail", f"{request.stream}: {error}", "see above")
        return Finding("ok", f"{request.stream}: {len(parts)} to read ({labels(parts)}), {version}")

    def _stream(self, context: Context, request: StreamRequest) -> Stream:
        options, kind = self._of(request)
        names: dict[str, None] = {}
        with Shelf() as shelf:
            part = found(context, options, shelf)[0]
            sample = OdmReading(part, request, options.over({"page_rows": _SAMPLE}), kind, self._proven)
            for page in sample.pages(proven=False):
                names.update(dict.fromkeys(page.fields))
                break
            key = request.key or KINDS[kind].key or dataset.Dataset(part, options).key()
        if not KINDS[kind].key or (names and kind in ("item_groups", "items", "audit", "subjects")):
            names.update(dict.fromkeys(key))
        fields = tuple(Field(name) for name in names)
        return Stream(request.stream, key, fields, request.modified, KINDS[kind].deletes, KINDS[kind].about)


def _version(part: Part, options: Options) -> str:
    if dataset.is_dataset(part):
        read = dataset.Dataset(part, options)
        return f"Dataset-JSON {read.meta.get('datasetJSONVersion', '')} {read.meta.get('name', '')}, {len(read.names)} columns"
    head = document_of(part, options).head
    return f"ODM {head.version or 'of a version it does not say'}" + (f", {head.file_type}" if head.file_type else "")
