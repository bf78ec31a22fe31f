"""Files: delimited text, JSON lines, JSON and Excel, also inside zip and gzip.

Everything is text: no type is guessed, so identifiers keep their leading zeros. Files are read in order of name, numbers
counted as numbers. A record that cannot be read is rejected with file and line and the others go on; a file that is cut
off, hostile or of another shape stops its stream, and says so.

What the path matches is read again each time and compared, unless `skip_unchanged` is set: then a file whose content has
landed before is left out. A full delivery is proven complete when every file was read to its end.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from connectors.files.passing import Pass
from connectors.files.reading import Reading, columns
from connectors.files.source import Part, found, labels, suggested_name
from mdm.connector import Context, Field, Finding, Message, Option, Options, Stream, StreamRequest, chosen
from mdm.errors import ConfigError, MdmError

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
        Option("page_rows", int, 50_000, "How many records are landed at a time.", least=1),
        Option("max_bytes", int, 100 << 30, "The largest file that is read, unpacked.", least=1),
        Option("max_ratio", int, 250, "How many times its packed size a file may unpack to.", least=1),
        Option("max_line", int, 16 << 20, "The longest line or JSON element that is read, in bytes.", least=1),
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
        yield from Pass(context, request, options, Reading).messages(state)

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
