"""Files: delimited text, JSON lines, JSON and Excel, also inside zip and gzip.

Everything is text: no type is guessed, so identifiers keep their leading zeros. Files are read in order of name, numbers
counted as numbers. A record that cannot be read is rejected with file and line and the others go on; a file that is cut
off, hostile or of another shape stops its stream, and says so.

What the path matches is read again each time and compared, unless `skip_unchanged` is set: then a file whose content has
landed before is left out. A full delivery is proven complete when every file was read to its end.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from connectors.files import profile
from connectors.files.choice import OPTIONS
from connectors.files.passing import Pass
from connectors.files.reading import Reading, columns
from connectors.files.shelf import Shelf
from connectors.files.source import Landed, Part, delivery, found, labels, suggested_name
from mdm.connector import Context, Field, Finding, Message, Options, Stream, StreamRequest, chosen
from mdm.errors import ConfigError, MdmError, UnavailableError


class Files:
    """Files in a folder, as a source."""

    options = OPTIONS

    def __init__(self, name: str, options: Mapping[str, Any]) -> None:
        self.name = name
        self.chosen = chosen(f"source {name!r}", self.options, options, partial=True)
        self._given = dict(options)
        if self.chosen["profile"] is not None:
            profile.known(self.chosen["profile"])

    def __repr__(self) -> str:
        return f"Files({self.name!r})"

    def check(self, context: Context) -> list[Finding]:
        """Whether each stream has files, and the first of them can be opened."""
        return [self._finding(context, request) for request in context.streams or self._requests()]

    def discover(self, context: Context) -> list[Stream]:
        """The configured streams, or those the names of the files suggest."""
        with Shelf() as shelf:
            if context.streams:
                return [
                    self._stream(request, found(context, self._of(request), shelf, sample=True)) for request in context.streams
                ]
            if self.chosen["profile"] is not None and (offered := self._offered(context, shelf)):
                return offered
            suggested: dict[str, list[Part]] = {}
            for part in found(context, self.chosen, shelf, sample=True):
                suggested.setdefault(suggested_name(part), []).append(part)
            return [self._stream(StreamRequest(name), parts) for name, parts in suggested.items()]

    def read(self, context: Context, request: StreamRequest, state: dict[str, Any] | None) -> Iterator[Message]:
        """Every file the path matches, page by page."""
        options = self._of(request)
        yield from Pass(context, request, options, Reading).messages(state)

    @staticmethod
    def defaults(name: str, stream: str) -> dict[str, Any]:
        """What a profile says of a stream's settings: key, modified, delivery, and what means deleted or inactive."""
        return profile.settings(name, stream)

    @staticmethod
    def maps(name: str, stream: str) -> list[dict[str, Any]]:
        """The maps a profile proposes for a stream."""
        return [dict(one) for one in profile.of(name, stream).maps]

    def _of(self, request: StreamRequest) -> Options:
        where = f"source {self.name!r}, stream {request.stream!r}"
        ready = {**self._given, **request.options}.get("profile")
        if ready is None:
            return self.chosen.over(request.options, where)
        # A profile fills in what is not set, wherever it is not set.
        known = profile.of(ready, request.stream).options
        return chosen(where, self.options, {**known, **self._given, **request.options})

    def _offered(self, context: Context, shelf: Shelf) -> list[Stream]:
        """The streams of the profile whose files are there."""
        offered = []
        for name, kind in profile.known(self.chosen["profile"]).streams.items():
            request = StreamRequest(
                name, tuple(kind.key), kind.settings.get("modified"), {}, kind.settings.get("delivery", "delta")
            )
            try:
                parts = found(context, self._of(request), shelf, sample=True)
            except UnavailableError:
                continue
            if parts and name != "*":
                offered.append(self._stream(request, parts))
        return offered

    def _requests(self) -> list[StreamRequest]:
        """What to look at when no stream is configured."""
        if self.chosen["profile"] is None:
            return [StreamRequest("files")]
        return [StreamRequest(name, tuple(kind.key)) for name, kind in profile.known(self.chosen["profile"]).streams.items()]

    def _finding(self, context: Context, request: StreamRequest) -> Finding:
        try:
            with Shelf() as shelf:
                whole = delivery(context, self._of(request), shelf, Landed(sample=True))
                parts = whole.parts
                names = columns(parts[0], self._of(request)) if parts else []
        except ConfigError:
            raise
        except MdmError as error:
            return Finding("fail", f"{request.stream}: {error}", "see above")
        if not parts:
            return Finding("warn", f"{request.stream}: {whole.waiting[0]}", "wait for the delivery")
        missing = [field for field in request.key if names and field.split(".")[0] not in names and field not in names]
        if missing:
            return Finding("fail", f"{request.stream}: {parts[0].label} has no column {missing[0]!r}", "correct `key`")
        return Finding("ok", f"{request.stream}: {len(parts)} to read ({labels(parts)})")

    def _stream(self, request: StreamRequest, parts: list[Part]) -> Stream:
        fields = tuple(Field(name) for name in columns(parts[0], self._of(request))) if parts else ()
        deletes = "absence" if request.delivery == "full" else "none"
        return Stream(request.stream, request.key, fields, request.modified, deletes, f"{len(parts)} to read ({labels(parts)})")
