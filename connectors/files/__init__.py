"""Files: delimited text, JSON lines, JSON and Excel, also inside zip and gzip.

Everything is text: no type is guessed, so identifiers keep their leading zeros. Files are read in order of name, numbers
counted as numbers. A record that cannot be read is rejected with file and line and the others go on; a file that is cut
off, hostile or of another shape stops its stream, and says so.

A `path` that many deliveries share is read again each time and compared, unless `skip_unchanged` is set; then a file
whose content was already landed is left out. A full delivery is proven complete when every file was read to its end.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from connectors.files.reading import Reading, columns
from connectors.files.source import Part, digest, found, labels, stamp, suggested_name, unchanged
from mdm.connector import (
    Checkpoint,
    Complete,
    Context,
    Field,
    Finding,
    Message,
    Notice,
    Option,
    Options,
    SchemaChange,
    Stream,
    StreamRequest,
    chosen,
)
from mdm.errors import ConfigError, DamagedError, MdmError

FORMATS = ("auto", "csv", "jsonl", "json", "excel")


class Files:
    """Files in a folder, as a source."""

    options = (
        Option("path", (str, list), help="Which files: a pattern relative to mdm.toml, or several.", required=True),
        Option("format", str, "auto", "What is in them; told from the name if left out.", choices=FORMATS),
        Option("delimiter", str, help="What separates fields; told from the header if left out. `tab` for a tab."),
        Option("quote", str, '"', "What encloses fields; empty if nothing does."),
        Option("encoding", str, "auto", "Such as utf-8, cp1252 or utf-16; judged and reported if left out."),
        Option("header", (bool, list), True, "Whether the first line names the columns; or their names, if it does not."),
        Option("sheet", str, help="Which sheet of a workbook; the first if left out."),
        Option("member", str, help="Which files inside a zip: a pattern; all if left out."),
        Option("comment", str, "", "Lines that begin with this character are passed over."),
        Option("records", str, help="Where the list of records is inside a JSON document, with dots."),
        Option("skip_unchanged", bool, False, "Leave out files whose content has landed before."),
        Option("page_rows", int, 50_000, "How many records are landed at a time."),
        Option("max_bytes", int, 100 << 30, "The largest file that is read, unpacked."),
        Option("max_ratio", int, 250, "How many times its packed size a file may unpack to."),
        Option("max_line", int, 16 << 20, "The longest line or JSON element that is read, in bytes."),
    )

    def __init__(self, name: str, options: Mapping[str, Any]) -> None:
        self.name = name
        self.chosen = chosen(f"source {name!r}", self.options, options, partial=True)

    def __repr__(self) -> str:
        return f"Files({self.name!r})"

    def check(self, context: Context) -> list[Finding]:
        """Whether each stream has files, and the first of them can be opened."""
        return [self._finding(context, request) for request in context.streams or (StreamRequest("files"),)]

    def discover(self, context: Context) -> list[Stream]:
        """The configured streams, or those the names of the files suggest."""
        if context.streams:
            return [self._stream(request, found(context, self._of(request))) for request in context.streams]
        suggested: dict[str, list[Part]] = {}
        for part in found(context, self.chosen):
            suggested.setdefault(suggested_name(part), []).append(part)
        return [self._stream(StreamRequest(name), parts) for name, parts in suggested.items()]

    def read(self, context: Context, request: StreamRequest, state: dict[str, Any] | None) -> Iterator[Message]:
        """Every file the path matches, page by page."""
        options = self._of(request)
        yield from _Pass(context, request, options, dict(state or {})).messages()

    def _of(self, request: StreamRequest) -> Options:
        return self.chosen.over(request.options, f"source {self.name!r}, stream {request.stream!r}")

    def _finding(self, context: Context, request: StreamRequest) -> Finding:
        try:
            parts = found(context, self._of(request))
            names = columns(parts[0], self._of(request))
        except ConfigError:
            raise
        except MdmError as error:
            return Finding("fail", f"{request.stream}: {error}", "see above")
        missing = [field for field in request.key if names and field.split(".")[0] not in names and field not in names]
        if missing:
            return Finding("fail", f"{request.stream}: {parts[0].label} has no column {missing[0]!r}", "correct `key`")
        return Finding("ok", f"{request.stream}: {len(parts)} to read ({labels(parts)})")

    def _stream(self, request: StreamRequest, parts: list[Part]) -> Stream:
        fields = tuple(Field(name) for name in columns(parts[0], self._of(request)))
        deletes = "absence" if request.delivery == "full" else "none"
        return Stream(request.stream, request.key, fields, request.modified, deletes, f"{len(parts)} to read ({labels(parts)})")


class _Pass:
    """One reading of a stream from beginning to end, or on from a checkpoint.

    The state: `done`, the digest of every file whose content has landed; while a pass is under way also `read`, the
    digests of those it has finished, and `at`, the file it is in and the line it has come to.
    """

    def __init__(self, context: Context, request: StreamRequest, options: Options, state: dict[str, Any]) -> None:
        self.context, self.request, self.options = context, request, options
        self.done: dict[str, str] = dict(state.get("done", {}))
        self.read: dict[str, str] = dict(state.get("read", {}))
        self.at: dict[str, Any] = dict(state.get("at", {}))
        self.fields: list[str] = list(state.get("fields", []))
        self.empty: list[Part] = []

    def messages(self) -> Iterator[Message]:
        parts = found(self.context, self.options)
        for part in parts:
            before = stamp(part.path)
            content = digest(part.path)
            if not self._finished(part, content):
                yield from self._part(part, content)
                unchanged(part, before)
            self.read[part.label] = content
            yield self._checkpoint()
        if len(self.empty) == len(parts):
            raise DamagedError(f"{labels(self.empty)}: empty, not even a header; ask for a new delivery")
        if not self.empty:
            yield Complete()
        self.done = {part.label: self.read[part.label] for part in parts}
        self.read, self.at = {}, {}
        yield self._checkpoint()

    def _finished(self, part: Part, content: str) -> bool:
        """Whether this pass has finished the file already, or the owner wants files left out that landed before."""
        landed = self.options["skip_unchanged"] and self.done.get(part.label) == content
        return landed or self.read.get(part.label) == content

    def _part(self, part: Part, content: str) -> Iterator[Message]:
        here = self.at.get("file") == part.label and self.at.get("digest") == content
        after = int(self.at["after"]) if here else 0
        reading = Reading(part, self.request, self.options)
        for page in reading.pages(after):
            if page.fields:
                yield from self._drift(page.fields, nested=reading.format in ("json", "jsonl"))
            yield from page.messages
            yield from reading.told()
            self.at = {"file": part.label, "digest": content, "after": page.last}
            yield self._checkpoint()
        yield from reading.told()
        if reading.blank:
            self.empty.append(part)
            yield Notice(f"{part.label}: is empty, not even a header; if something should be in it, ask for a new delivery")
        elif not reading.total and not after:
            yield Notice(f"{part.label} line 1: there is a header and no record after it")

    def _drift(self, fields: tuple[str, ...], *, nested: bool) -> Iterator[Message]:
        """What changed since the last file, or since the last time."""
        added = tuple(field for field in fields if field not in self.fields)
        # JSON leaves out what it has no value for: absence from one page says nothing.
        removed = () if nested else tuple(field for field in self.fields if field not in fields)
        if self.fields and (added or removed):
            yield SchemaChange(added, removed)
        self.fields = self.fields + list(added) if nested else list(fields)

    def _checkpoint(self) -> Checkpoint:
        state: dict[str, Any] = {"done": dict(self.done), "fields": list(self.fields)}
        if self.read or self.at:
            state |= {"read": dict(self.read), "at": dict(self.at)}
        return Checkpoint(state)
