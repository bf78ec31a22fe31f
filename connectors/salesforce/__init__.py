"""Salesforce: objects by Bulk API 2.0, with what changed since the last run, what was deleted and what was merged.

A stream is an object, named by the stream or by its option `object`. The first run reads everything and proves it
complete; later ones read what changed since the last run began (and a little before), with the rows in the recycle bin,
then the feed of deletions. The loser of a merge follows its winner. Of Veeva CRM's accounts, addresses and affiliations
the fields that master data is made of are asked for unless others are named.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from connectors.salesforce.client import Client
from connectors.salesforce.login import NEEDED
from connectors.salesforce.profile import READY, fields
from connectors.salesforce.reading import DAY, REMEMBERED, SalesforceReading, described
from mdm.connector import PER_SECOND, Context, Field, Finding, Message, Option, Options, Stream, StreamRequest, chosen
from mdm.errors import MdmError

__all__ = ["Salesforce"]
SCARCE = 0.9


class Salesforce:
    """A Salesforce org, such as Veeva CRM, as a source."""

    options = (
        Option("base_url", str, help="Where the org is: https://<name>.my.salesforce.com.", required=True),
        Option("login_url", str, help="Where to log in, if not at base_url."),
        Option("grant", str, "client_credentials", "How to log in.", choices=tuple(NEEDED)),
        Option("client_id", str, help="The consumer key of the connected app."),
        Option("client_secret", str, help="A reference to the consumer secret: env:NAME or file:PATH.", secret=True),
        Option("username", str, help="The integration user, for `password` and `jwt`."),
        Option("password", str, help="A reference to the password, with the security token at its end.", secret=True),
        Option("private_key", str, help="A reference to the RSA key in PEM that signs the login, for `jwt`.", secret=True),
        Option(
            "audience", str, help="Who the signed login is for; Salesforce, or its sandboxes, as the address says, if left out."
        ),
        Option("instances", list, ["*.my.salesforce.com"], "Hosts that a login may send us on to."),
        Option("version", str, "v62.0", "The API's version."),
        Option("object", str, help="The object of a stream; the stream's name if left out."),
        Option("fields", list, help="Which fields to read, also through relationships; those of the profile if left out."),
        Option(
            "profile", str, "auto", "Fields read if none are named: Veeva CRM's where it is one, or all.", choices=("auto", "all")
        ),
        Option("ids", list, help="Text fields that hold ids of 15 characters, to be written with 18."),
        Option("where", str, help="A further condition, in SOQL."),
        Option("cursor", str, "SystemModstamp", "The field that tells when a row changed; empty if there is none."),
        Option("overlap", int, 600, "How many seconds before the last run's beginning to read again.", least=0),
        Option("deletions", bool, True, "Whether to read what was deleted and merged."),
        Option("page_size", int, 50_000, "How many rows to ask for at a time.", least=1),
        Option("job_wait", int, 7200, "How many seconds a query job may take.", least=1),
        PER_SECOND,
    )

    def __init__(self, name: str, options: Mapping[str, Any]) -> None:
        self.name = name
        self.chosen = chosen(f"source {name!r}", self.options, options)
        self._client: Client | None = None
        self._context: Context | None = None

    def __repr__(self) -> str:
        return f"Salesforce({self.name!r})"

    @property
    def tenant(self) -> str:
        """Sources of one org share one rate budget."""
        return f"salesforce:{str(self.chosen['base_url']).rstrip('/').lower()}"

    def check(self, context: Context) -> list[Finding]:
        """Whether the org lets us in, shows the objects, has calls left, and agrees with our clock."""
        client = self.client(context)
        try:
            client.login()
            for request in context.streams:
                described(client, self._of(request)["object"] or request.stream)
            client.ask("GET", client.path("sobjects"))
        except MdmError as error:
            return [Finding("fail", str(error), "see above")]
        findings = [Finding("ok", f"logged in, {len(context.streams)} objects described")]
        findings += client.door.clock()
        if client.usage is not None and client.usage[0] > SCARCE * client.usage[1]:
            used = f"{client.usage[0]:,} of {client.usage[1]:,} calls of today are used up"
            findings.append(Finding("warn", used, "read less often, or ask for more calls"))
        return findings

    def discover(self, context: Context) -> list[Stream]:
        """The configured streams with their fields; else Veeva CRM's objects with theirs, and the names of all others."""
        client = self.client(context)
        if context.streams:
            return [self._stream(client, request) for request in context.streams]
        rows = client.ask("GET", client.path("sobjects")).get("sobjects", [])
        names = [str(one["name"]) for one in rows if one.get("queryable", True) and not one.get("deprecatedAndHidden")]
        ready = [self._stream(client, StreamRequest(name)) for name in names if name in READY]
        return ready + [Stream(name, ("Id",)) for name in names if name not in READY]

    def read(self, context: Context, request: StreamRequest, state: dict[str, Any] | None) -> Iterator[Message]:
        """What changed, was deleted or merged; without a state, everything."""
        yield from SalesforceReading(self.client(context), request, self._of(request)).messages(state)

    def client(self, context: Context) -> Client:
        """The session all streams share."""
        if self._client is None or self._context is not context:
            self._client, self._context = Client(self.name, self.chosen, context), context
        return self._client

    def _of(self, request: StreamRequest) -> Options:
        return self.chosen.over(request.options, f"source {self.name!r}, stream {request.stream!r}")

    def _stream(self, client: Client, request: StreamRequest) -> Stream:
        options = self._of(request)
        there = described(client, options["object"] or request.stream)
        names = options["fields"] or fields(there.name, there.types, options["profile"])
        told = tuple(Field(name, there.types.get(name, "text"), there.labels.get(name, "")) for name in names)
        deletes = "feed" if options["deletions"] else "none"
        days = REMEMBERED // DAY if options["deletions"] and options["cursor"] else None
        return Stream(request.stream, request.key or ("Id",), told, options["cursor"] or None, deletes, tombstones=days)
