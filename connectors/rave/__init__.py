"""Medidata Rave by its web services: sites, users, subjects, the audit trail and clinical views of one study.

Sites, users and subjects are whole lists, compared with what is known. The audit trail is the true increment: every
transaction since the last one read, removals among them. A clinical view (`dataset:FORM`) is a form's rows, read whole
first and by what changed later; it does not tell what was deleted.

Answers are kept in a temporary file until they are known to be whole, so one that was cut off is never an empty page.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from connectors.odm.stream import KINDS
from connectors.rave.answer import whole_xml
from connectors.rave.audit import Audit
from connectors.rave.client import Client, study_key
from connectors.rave.listing import Listing, document_of
from connectors.rave.view import KEY, View
from mdm.connector import PER_SECOND, Context, Field, Finding, Message, Option, Options, Stream, StreamRequest, chosen
from mdm.errors import MdmError, NotFoundError

STREAMS = ("sites", "users", "investigators", "subjects", "audit")
Reader = Listing | Audit | View


class Rave:
    """One study of a Rave, as a source."""

    options = (
        Option("base_url", str, help="Where Rave is: https://<name>.mdsol.com.", required=True),
        Option("username", str, help="The user of Rave Web Services.", required=True),
        Option("password", str, help="A reference to the password: env:NAME or file:PATH.", secret=True, required=True),
        Option("study", str, help="The study's project name, or its whole key such as Mediflex(Prod).", required=True),
        Option("environment", str, help="The environment, such as Prod or Dev; none if left out."),
        Option("virtual_dir", str, "RaveWebServices", "The first part of the path, where it is not the usual one."),
        Option("read", str, help="What a stream reads, where its name does not say it.", choices=(*STREAMS, "dataset")),
        Option("form", str, help="The form whose clinical view a stream reads, by its OID."),
        Option("dataset", str, "regular", "Which clinical view: with or without raw values.", choices=("regular", "raw")),
        Option("versionitem", str, help="Adds the CRF version to a clinical view, under this name."),
        Option("rawsuffix", str, help="Adds the values as entered to a clinical view, with this suffix."),
        Option("codelistsuffix", str, help="Adds the names of code lists to a clinical view, with this suffix."),
        Option("decodesuffix", str, help="Adds the words of coded values to a clinical view, with this suffix."),
        Option("stdsuffix", str, help="Adds standard values and units to a clinical view, with this suffix."),
        Option("overlap", int, 600, "How many seconds before the last run's beginning a clinical view is read again.", least=0),
        Option("site", str, help="Only the users of this site, by its number."),
        Option("roles", list, help="Which user types or roles are investigators; any that name one if left out."),
        Option("mode", str, help="Which kinds of audits to read; Rave's own choice if left out.",
               choices=("default", "enhanced", "all")),
        Option("per_page", int, 1000, "How many audits to ask for at a time.", least=1),
        Option("page_rows", int, 5_000, "How many records are landed at a time.", least=1),
        PER_SECOND,
    )  # fmt: skip

    def __init__(self, name: str, options: Mapping[str, Any]) -> None:
        self.name = name
        self.chosen = chosen(f"source {name!r}", self.options, options)
        self._client: Client | None = None
        self._context: Context | None = None

    def __repr__(self) -> str:
        return f"Rave({self.name!r})"

    @property
    def tenant(self) -> str:
        """Sources of one Rave share one rate budget."""
        return str(self.chosen["base_url"]).rstrip("/").lower()

    def check(self, context: Context) -> list[Finding]:
        """Whether Rave lets us in, whether the study is among those we may see, and whether its clock agrees with ours."""
        client, study = self.client(context), study_key(self.chosen)
        try:
            file, _ = client.kept("studies", {}, whole_xml)
            with file:
                studies = {element.get("OID") for element in document_of(file, "studies").walk(["Study"])}
        except MdmError as error:
            return [Finding("fail", str(error), "see above")]
        findings = [Finding("ok", f"let in, {len(studies)} studies")]
        if study not in studies:
            near = ", ".join(sorted(filter(None, studies))[:5])
            findings.append(
                Finding("fail", f"study {study!r} is not among them", f"set study and environment; there are: {near}")
            )
        findings += client.door.clock()
        return findings

    def discover(self, context: Context) -> list[Stream]:
        """The configured streams, or all but clinical views, with the fields of their first records."""
        return [self._stream(context, one) for one in context.streams or tuple(map(StreamRequest, STREAMS))]

    def read(self, context: Context, request: StreamRequest, state: dict[str, Any] | None) -> Iterator[Message]:
        """Every record of a list or view, or every transaction since the last."""
        yield from self._reader(context, request)[1].messages(state)

    def client(self, context: Context) -> Client:
        """The user all streams share."""
        if self._client is None or self._context is not context:
            self._client, self._context = Client(self.name, self.chosen, context), context
        return self._client

    def _reader(self, context: Context, request: StreamRequest) -> tuple[str, Reader]:
        options = self.chosen.over(request.options, f"source {self.name!r}, stream {request.stream!r}")
        kind, client = self._kind(request, options), self.client(context)
        if kind == "dataset":
            return kind, View(client, request, options)
        return kind, Audit(client, request, options) if kind == "audit" else Listing(client, request, options, kind)

    def _kind(self, request: StreamRequest, options: Options) -> str:
        if options["read"]:
            return str(options["read"])
        if request.stream in STREAMS:
            return request.stream
        if options["form"] or request.stream.startswith("dataset:"):
            return "dataset"
        raise NotFoundError(
            f"source {self.name!r} has no stream {request.stream!r}; there are {', '.join(STREAMS)} and dataset:FORM, or set `read` "
            "or `form` for it"
        )

    def _stream(self, context: Context, request: StreamRequest) -> Stream:
        kind, reader = self._reader(context, request)
        names = dict.fromkeys(reader.fields())
        if kind == "dataset":
            about = "A form's clinical view, by what changed."
            return Stream(request.stream, request.key or KEY, tuple(map(Field, names)), "start", "absence", about)
        known, key = KINDS[kind], request.key or KINDS[kind].key
        if known.own_key and names:
            names.update(dict.fromkeys(known.key))
        deletes = "field" if kind == "subjects" else known.deletes
        return Stream(request.stream, key, tuple(map(Field, names)), "startid" if kind == "audit" else None, deletes, known.about)
