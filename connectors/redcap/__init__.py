"""REDCap: records, data access groups, users and the data dictionary, by the API or from a project's files.

A stream is one of the contents (`records`, `dags`, `users`, `metadata`, `events`, `arms`), named by the stream or by its
option `content`. Records are read in batches by record id: all of them at first, later those that changed, and then what
the project's log says was deleted. With `path`, a project's XML or a CSV export is read instead, and gives the same rows.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from connectors.files import Files
from connectors.files.passing import PartReader, Pass
from connectors.files.reading import columns
from connectors.files.source import Part, found, labels
from connectors.redcap.client import Client
from connectors.redcap.export import CsvReading, DictionaryReading, XmlReading, is_xml, knowledge
from connectors.redcap.listing import ABOUT, KEYS, listed, messages
from connectors.redcap.reading import RecordReading
from connectors.redcap.shape import EVENT, GROUP, INSTANCE, INSTRUMENT
from mdm.connector import PER_SECOND, Context, Field, Finding, Message, Option, Options, Stream, StreamRequest, chosen
from mdm.errors import ConfigError, MdmError, NotFoundError

__all__ = ["Redcap"]
OF_FILES = ("path", "delimiter", "encoding", "member", "page_rows", "skip_unchanged", "max_bytes", "max_ratio", "max_line")


class Redcap:
    """A REDCap project, as a source."""

    options = (
        Option("base_url", str, help="Where REDCap is: https://<host>/redcap/ or the API's own address."),
        Option("token", str, help="A reference to the project's API token: env:NAME or file:PATH.", secret=True),
        Option("content", str, help="What a stream reads; the stream's name if left out.", choices=tuple(ABOUT)),
        Option("instrument", str, help="Only the rows and fields of this instrument."),
        Option("events", list, help="Only these events, by their unique names."),
        Option("survey_fields", bool, False, "Whether to read survey identifiers and timestamps as well."),
        Option("batch", int, 100, "How many records to ask for at a time.", least=1),
        Option("overlap", int, 86_400, "How many seconds before the last run's beginning to read again.", least=0),
        Option("timezone", str, "UTC", "The time zone of the server's own clock, such as America/Chicago."),
        Option("deletions", bool, True, "Whether to read deletions from the log."),
        Option("renames", bool, False, "Whether a renamed record, as far as the log shows it, asks for a full reading."),
        # REDCap tells no limit; it bans an address that asks too often (600 times a minute, as it comes).
        replace(PER_SECOND, default=5.0),
        *(option for option in Files.options if option.name in OF_FILES and option.name != "path"),
        Option("path", (str, list), help="A project's XML or CSV export to read instead of calling a server."),
    )

    def __init__(self, name: str, options: Mapping[str, Any]) -> None:
        self.name = name
        self.chosen = chosen(f"source {name!r}", self.options, options)
        self._client: Client | None = None
        self._context: Context | None = None

    def __repr__(self) -> str:
        return f"Redcap({self.name!r})"

    def check(self, context: Context) -> list[Finding]:
        """Whether the token opens the project, what may be read with it, and whether the clocks agree."""
        try:
            if self._from_files(context):
                return [self._file_finding(context, request) for request in context.streams or (StreamRequest("records"),)]
            client = self.client(context)
            title = client.project.get("project_title", "")
        except ConfigError:
            raise
        except MdmError as error:
            return [Finding("fail", str(error), "see above")]
        findings = [Finding("ok", f"the token opens the project {title!r}")]
        findings += self._log_finding(client) if self.chosen["deletions"] else []
        findings += client.door.clock()
        return findings

    def discover(self, context: Context) -> list[Stream]:
        """The configured streams, or every content the project has, with its fields."""
        if self._from_files(context):
            return [self._file_stream(context, one) for one in context.streams or (StreamRequest("records"),)]
        client = self.client(context)
        longitudinal = str(client.project["is_longitudinal"]) == "1"
        all_of_it = [name for name in ABOUT if longitudinal or name not in ("events", "arms")]
        return [self._stream(client, one) for one in context.streams or tuple(map(StreamRequest, all_of_it))]

    def read(self, context: Context, request: StreamRequest, state: dict[str, Any] | None) -> Iterator[Message]:
        """Records that changed and then those that were deleted; of the small lists, all of it."""
        options, content = self._of(request), self._content(request)
        if options["path"]:
            yield from self._pass(context, request, options, content).messages(state)
        elif content == "records":
            yield from RecordReading(self.client(context), request, options).messages(state)
        else:
            yield from messages(self.client(context), content, request, state, options["batch"])

    def client(self, context: Context) -> Client:
        """The project all streams share."""
        if self._client is None or self._context is not context:
            missing = [key for key in ("base_url", "token") if not self.chosen[key]]
            if missing:
                raise ConfigError(f"source {self.name!r}: option {missing[0]!r} is missing; set it (or `path`)")
            self._client, self._context = Client(self.name, self.chosen, context), context
        return self._client

    def _of(self, request: StreamRequest) -> Options:
        return self.chosen.over(request.options, f"source {self.name!r}, stream {request.stream!r}")

    def _content(self, request: StreamRequest) -> str:
        content = self._of(request)["content"] or request.stream
        if content not in ABOUT:
            raise NotFoundError(
                f"source {self.name!r}: a stream {request.stream!r} is none of {', '.join(ABOUT)}; set `content` to say which"
            )
        return str(content)

    def _log_finding(self, client: Client) -> list[Finding]:
        try:
            now = client.local(client.now)
            client.ask("log", {"logtype": "record_delete", "beginTime": now, "endTime": now})
        except MdmError as error:
            return [Finding("fail", f"deletions cannot be read: {error}", "ask for the Logging right, or set deletions = false")]
        return []

    def _stream(self, client: Client, request: StreamRequest) -> Stream:
        content = self._content(request)
        if content == "records":
            return self._records_stream(client, request)
        rows, _, _ = listed(client, content)
        fields = tuple(Field(name) for name in dict.fromkeys(name for row in rows for name in row))
        return Stream(request.stream, request.key or KEYS[content], fields, request.modified, "absence", ABOUT[content])

    def _records_stream(self, client: Client, request: StreamRequest) -> Stream:
        options, project = self._of(request), client.project
        places = [EVENT] if str(project["is_longitudinal"]) == "1" else []
        if str(project.get("has_repeating_instruments_or_events", "0")) == "1":
            places += [INSTRUMENT, INSTANCE]
        exported = [str(row["export_field_name"]) for row in client.ask("exportFieldNames")]
        names = dict.fromkeys([client.id_field, *places, GROUP, *exported])
        deletes = "feed" if options["deletions"] else "absence"
        key = request.key or (client.id_field, *places)
        return Stream(request.stream, key, tuple(map(Field, names)), "dateRangeBegin", deletes, ABOUT["records"])

    def _from_files(self, context: Context) -> bool:
        return bool(self.chosen["path"]) or any(self._of(one)["path"] for one in context.streams)

    def _pass(self, context: Context, request: StreamRequest, options: Options, content: str) -> Pass:
        reader = partial(self._reader, context=context, content=content, form=options["instrument"])
        wanted = replace(request, key=KEYS.get(content, ())) if not request.key else request
        return Pass(context, wanted, _file_options(options, self.name), reader)

    def _file_finding(self, context: Context, request: StreamRequest) -> Finding:
        stream = self._file_stream(context, request)
        return Finding("ok", f"{request.stream}: {stream.about}")

    def _file_stream(self, context: Context, request: StreamRequest) -> Stream:
        options, content = _file_options(self._of(request), self.name), self._content(request)
        parts = found(context, options)
        form = self._of(request)["instrument"]
        reader = self._reader(parts[0], request, options.over({"page_rows": 100}), context=context, content=content, form=form)
        page = next(reader.pages(), None)
        names = tuple(map(Field, page.fields if page else ()))
        key = request.key or KEYS.get(content) or tuple(name.name for name in names[:1])
        return Stream(request.stream, key, names, request.modified, "absence", f"{len(parts)} to read ({labels(parts)})")

    @staticmethod
    def _reader(
        part: Part, request: StreamRequest, options: Options, *, context: Context, content: str, form: str | None
    ) -> PartReader:
        """How one file is read for one content."""
        if is_xml(part, options):
            if content not in ("records", "dags", "events", "arms"):
                raise NotFoundError(
                    f"{part.label}: a project's XML is read for records, dags, events and arms, not for {content}"
                )
            return XmlReading(part, request, options, content=content, form=form)
        if content == "metadata":
            return DictionaryReading(part, request, options)
        if content != "records":
            raise NotFoundError(
                f"{part.label}: a CSV export is read for records (or a dictionary for metadata), not for {content}"
            )
        names = columns(part, options)
        key = request.key or tuple(name for at, name in enumerate(names) if at == 0 or name in (EVENT, INSTRUMENT, INSTANCE))
        return CsvReading(part, replace(request, key=key), options, known=knowledge(context, options), form=form)


def _file_options(options: Options, source: str) -> Options:
    """The options of the files that are read, under the names that connector has for them."""
    return chosen(f"source {source!r}", Files.options, {name: options[name] for name in OF_FILES if options[name] is not None})
