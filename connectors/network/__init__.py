"""Veeva Network: the exports of a target subscription, or its API.

With `path`, a stream is a kind of object in exported zips: professionals, organisations, addresses, licences, affiliations,
custom keys, reference data, change requests. With `base_url`, it is what a search finds that was modified, as documents
with their children. Either way the state of a record says whether it is there, inactive, deleted or merged into another.

`connectors.network.api` also sends change requests and asks how they stand.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from connectors.files import Files
from connectors.files.reading import columns
from connectors.files.source import found, labels
from connectors.network.api import PATHS, ChangeRequest, NetworkApi, Standing
from connectors.network.export import KEYED, KINDS, MEMBERS, OWNED, ExportPass, ExportReading, kind_of
from connectors.network.record_state import OPERATION
from connectors.network.search import KEY, SearchReading
from mdm.connector import (
    PER_SECOND,
    Checkpoint,
    Context,
    Field,
    Finding,
    Message,
    Notice,
    Option,
    Options,
    Stream,
    StreamRequest,
    chosen,
)
from mdm.errors import ConfigError, MdmError, NotFoundError, UnavailableError

__all__ = ["ChangeRequest", "Network", "NetworkApi", "Standing"]
FILES = ("path", "delimiter", "quote", "encoding", "header", "skip_unchanged", "page_rows", "max_bytes", "max_ratio", "max_line")


class Network:
    """A Veeva Network, as a source."""

    options = (
        Option("path", (str, list), help="The exports: a folder or a pattern relative to mdm.toml, or several."),
        Option("kind", str, help="What a stream reads; told from its name if left out.", choices=KINDS),
        Option(
            "member", (str, list), help="Which files of an export hold it: a pattern, or several; told from `kind` if left out."
        ),
        Option("delimiter", str, help="What separates fields; told from the header if left out. `tab` for a tab."),
        Option("quote", str, '"', "What encloses fields (the qualifier); empty if nothing does."),
        Option("header", (bool, list), True, "Whether the first line names the columns; or their names, if it does not."),
        Option("encoding", str, "auto", "Such as utf-8 or cp1252; judged and reported if left out."),
        Option("merge_columns", list, ["vid__v", "master_vid__v"], "Loser and winner in the files of merges."),
        Option("skip_unchanged", bool, True, "Leave out exports whose content has landed before."),
        Option("page_rows", int, 50_000, "How many records of an export are landed at a time.", least=1),
        Option("max_bytes", int, 100 << 30, "The largest file that is read, unpacked.", least=1),
        Option("max_ratio", int, 250, "How many times its packed size a file may unpack to.", least=1),
        Option("max_line", int, 16 << 20, "The longest line that is read, in bytes.", least=1),
        Option("base_url", str, help="Where the API is: https://<name>.veevanetwork.com."),
        Option("username", str, help="The integration user."),
        Option("password", str, help="A reference to the password: env:NAME or file:PATH.", secret=True),
        Option("network_id", (str, int), help="The id of the Network that is meant, checked at login."),
        Option("version", str, "v31.0", "The API's version."),
        Option("system", str, help="The system that change requests come from, as Network knows it."),
        Option("filters", list, help="Further filters of the search, such as primary_country__v:US."),
        Option("states", list, list(OPERATION), "Which record states to search for."),
        Option("page_size", int, 100, "How many records to search for at a time.", least=1),
        Option("overlap", int, 600, "How many seconds before the last run's beginning to search again.", least=0),
        PER_SECOND,
    )

    def __init__(self, name: str, options: Mapping[str, Any]) -> None:
        self.name = name
        self.chosen = chosen(f"source {name!r}", self.options, options)
        self._api: NetworkApi | None = None
        self._context: Context | None = None

    def __repr__(self) -> str:
        return f"Network({self.name!r})"

    @property
    def tenant(self) -> str | None:
        """Sources of one Network share one rate budget; its exports need none."""
        base_url = self.chosen["base_url"]
        return f"network:{base_url.rstrip('/').lower()}" if base_url else None

    def check(self, context: Context) -> list[Finding]:
        """Whether there are exports to read, or the API lets us in to the right Network."""
        if not self.chosen["base_url"]:
            return [self._finding(context, request) for request in self._asked(context)]
        api = self.api(context)
        try:
            api.login()
        except MdmError as error:
            return [Finding("fail", str(error), "see above")]
        findings = [Finding("ok", "logged in to the right Network")]
        findings += api.door.clock()
        return findings

    def discover(self, context: Context) -> list[Stream]:
        """The configured streams; else professionals and organisations."""
        return [self._stream(context, request) for request in self._asked(context)]

    def read(self, context: Context, request: StreamRequest, state: dict[str, Any] | None) -> Iterator[Message]:
        """What the exports hold, or what a search finds."""
        options = self._of(request)
        kind = kind_of(request.stream, options["kind"])
        if self._searches(options):
            yield from SearchReading(self.api(context), request, options, self._searched(request, kind)).messages(state)
            return
        files, wanted = self._files(request, options, kind), self._keyed(request, kind)
        try:
            found(context, files)
        except UnavailableError:
            # An export may have nothing to say of a kind; that there is no export at all is an error.
            found(context, files.over({"member": "*"}))
            yield Notice(f"{request.stream}: none of the exports has a file of this kind")
            yield Checkpoint(state or {})
            return
        reader = partial(ExportReading, owned=kind in OWNED, pair=tuple(options["merge_columns"]))
        yield from ExportPass(context, wanted, files, reader).messages(state)

    def api(self, context: Context) -> NetworkApi:
        """The session all streams share."""
        if self._api is None or self._context is not context:
            self._api, self._context = NetworkApi(self.name, self.chosen, context), context
        return self._api

    def _of(self, request: StreamRequest) -> Options:
        return self.chosen.over(request.options, f"source {self.name!r}, stream {request.stream!r}")

    def _searches(self, options: Options) -> bool:
        if bool(options["path"]) == bool(options["base_url"]):
            raise ConfigError(f"source {self.name!r}: set either `path` (exports) or `base_url` (the API)")
        if len(options["merge_columns"]) != 2:
            raise ConfigError(f"source {self.name!r}: merge_columns names two columns, the loser's and the winner's")
        if unknown := [name for name in options["states"] if name not in OPERATION]:
            raise ConfigError(f"source {self.name!r}: there is no record state {unknown[0]!r}; there are {', '.join(OPERATION)}")
        return bool(options["base_url"])

    def _searched(self, request: StreamRequest, kind: str) -> str:
        if kind.upper() not in PATHS:
            raise NotFoundError(
                f"source {self.name!r}: the API is searched for hcp and hco only, not for {request.stream!r}; children come with them"
            )
        return kind

    def _keyed(self, request: StreamRequest, kind: str) -> StreamRequest:
        if not request.key and kind not in KEYED:
            raise ConfigError(
                f"source {self.name!r}, stream {request.stream!r}: rows of this kind have no id of their own; set `key`"
            )
        return replace(request, key=request.key or (KEY,))

    def _files(self, request: StreamRequest, options: Options, kind: str) -> Options:
        """The same as options of the files connector."""
        given = {name: options[name] for name in FILES if options[name] is not None}
        # A full delivery is proven only by reading all of it.
        given["skip_unchanged"] = options["skip_unchanged"] and request.delivery != "full"
        member = options["member"] or _members(kind, self.name)
        return chosen(f"source {self.name!r}", Files.options, {**given, "member": member, "format": "csv"})

    def _asked(self, context: Context) -> tuple[StreamRequest, ...]:
        return context.streams or (StreamRequest("hcp"), StreamRequest("hco"))

    def _finding(self, context: Context, request: StreamRequest) -> Finding:
        options = self._of(request)
        self._searches(options)
        try:
            parts = found(context, self._files(request, options, kind_of(request.stream, options["kind"])))
        except UnavailableError as error:
            return Finding("fail", f"{request.stream}: {error}", "see above")
        return Finding("ok", f"{request.stream}: {len(parts)} to read ({labels(parts)})")

    def _stream(self, context: Context, request: StreamRequest) -> Stream:
        options = self._of(request)
        kind = kind_of(request.stream, options["kind"])
        key = request.key or ((KEY,) if kind in KEYED else ())
        if self._searches(options):
            return Stream(request.stream, key, (), request.modified, "field", f"{kind.upper()} by search")
        files = self._files(request, options, kind)
        parts = found(context, files)
        fields = tuple(Field(name) for name in columns(parts[0], files))
        deletes = "absence" if request.delivery == "full" else "field"
        return Stream(request.stream, key, fields, request.modified, deletes, f"{len(parts)} to read ({labels(parts)})")


def _members(kind: str, source: str) -> list[str]:
    if kind not in MEMBERS:
        raise ConfigError(f"source {source!r}: kind = {kind!r} has files of no known name; set `member`")
    return MEMBERS[kind]
