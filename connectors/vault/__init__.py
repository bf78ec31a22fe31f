"""Veeva Vault: objects by VQL or from Direct Data, with what changed since the last run and what was deleted or merged.

A stream is an object, named by the stream or by its option `object`. By queries the first run reads everything and proves
it complete; later ones read what changed since the last run began (and a little before), then the feed of deletions. The
Vault remembers deletions for thirty days: a longer pause asks for a full reading. With `mode = "direct"` the Vault's
archives are read in the order in which they follow each other. Spark messages, put into an inbox by the receiver, name
rows to be asked for again.

`recorded = "folder"` plays a Vault from files instead of calling one; `record` writes such a folder, and
`connectors.vault.replay` describes it.
"""

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

from connectors.vault.client import Client
from connectors.vault.deletion import REMEMBERED
from connectors.vault.description import Descriptions
from connectors.vault.direct import DirectReading, Shelf
from connectors.vault.direct.extract import KEYS, extract_of
from connectors.vault.direct.listing import FULL, is_log, listed
from connectors.vault.login import needed
from connectors.vault.reading import VaultReading
from connectors.vault.replay import ADDRESS, Recorded, record
from connectors.vault.spark import Receiver, receiver
from mdm.connector import PER_SECOND, Context, Finding, Message, Option, Options, Stream, StreamRequest, chosen
from mdm.errors import MdmError

__all__ = ["Vault", "record"]
DAY = 86_400
MODES = ("query", "direct")


class Vault:
    """A Vault, as a source."""

    options = (
        Option("base_url", str, help="Where the Vault is: https://<name>.veevavault.com."),
        Option("username", str, help="The integration user."),
        Option("password", str, help="A reference to the password: env:NAME or file:PATH.", secret=True),
        Option("vault_dns", str, help="The Vault that is meant, where base_url is a gateway."),
        Option(
            "oauth_profile", str, help="Log in by OAuth 2.0 / OpenID Connect with this profile of the Vault, not by password."
        ),
        Option("token", str, help="A reference to an access token of the identity provider.", secret=True),
        Option("token_url", str, help="Where the identity provider gives an access token for client_id and client_secret."),
        Option("client_id", str, help="The id this client is known by at the identity provider."),
        Option("client_secret", str, help="A reference to the client's secret at the identity provider.", secret=True),
        Option("scope", str, help="The scope to ask an access token for."),
        Option("login_url", str, "https://login.veevavault.com", "Where OAuth sessions begin."),
        Option("vault_id", (str, int), help="The id of the Vault that is meant, checked at login."),
        Option("version", str, "v25.2", "The API's version."),
        Option("recorded", str, help="A folder of recorded answers to play instead of calling a Vault."),
        Option("mode", str, "query", "How to read: by `query` (VQL), or `direct` from Direct Data archives.", choices=MODES),
        Option("object", str, help="The object (or Direct Data extract) of a stream; the stream's name if left out."),
        Option("fields", list, help="Which fields to read; all active ones if left out."),
        Option("where", str, help="A further condition, in VQL."),
        Option("cursor", str, "modified_date__v", "The field that tells when a row changed; empty if there is none."),
        Option("page_size", int, 1000, "How many rows to ask for at a time; the Vault may send fewer.", least=1),
        Option("overlap", int, 600, "How many seconds before the last run's beginning to read again.", least=0),
        Option("page_rows", int, 20_000, "How many rows of a Direct Data archive to land at a time.", least=1),
        PER_SECOND,
        Option("deletions", bool, True, "Whether to read the feed of deletions."),
        Option("merges", bool, False, "Whether to look through the Vault's jobs for merges; needs the right to read jobs."),
        Option("merge_jobs", list, help="The ids of merge jobs whose results are to be read."),
        Option("spark_inbox", str, help="The folder into which the receiver puts Spark messages."),
        Option("spark_address", str, help="The URL the Vault sends Spark messages to, as the Vault knows it."),
    )

    def __init__(self, name: str, options: Mapping[str, Any]) -> None:
        self.name = name
        self.chosen = chosen(f"source {name!r}", self.options, options)
        self._client: Client | None = None
        self._context: Context | None = None
        self._kept: Shelf | None = None
        needed(f"source {name!r}", self.chosen)

    def __repr__(self) -> str:
        return f"Vault({self.name!r})"

    @property
    def tenant(self) -> str | None:
        """The Vault, whose pace all sources that read it keep together."""
        if self.chosen["recorded"]:
            return None
        return f"vault:{str(self.chosen['vault_dns'] or urlsplit(self.chosen['base_url']).hostname).lower()}"

    def check(self, context: Context) -> list[Finding]:
        """Whether the Vault lets us in, whether it is the right one, and whether its clock agrees with ours."""
        client = self.client(context)
        try:
            client.login()
            objects = Descriptions(client).objects()
            direct = self.chosen["mode"] == "direct" and not listed(client, FULL).archives
        except MdmError as error:
            return [Finding("fail", str(error), "see above")]
        findings = [Finding("ok", f"logged in to the right Vault, {len(objects)} objects")]
        if direct:
            findings.append(
                Finding("warn", "there is no full Direct Data archive", "have Direct Data switched on, and wait a day")
            )
        findings += client.door.clock()
        return findings + [Finding("warn", f"the Vault warns: {text}", "see above") for text in client.told]

    def discover(self, context: Context) -> list[Stream]:
        """The configured streams, or every object of the Vault, with its fields and their picklists."""
        descriptions = Descriptions(self.client(context))
        requests = context.streams or tuple(StreamRequest(name) for name in descriptions.objects())
        return [self._stream(descriptions, request) for request in requests]

    def read(self, context: Context, request: StreamRequest, state: dict[str, Any] | None) -> Iterator[Message]:
        """What changed, then what was deleted; without a state, everything."""
        client, options = self.client(context), self._of(request)
        if options["mode"] == "direct":
            yield from DirectReading(client, self._shelf(client), request, options).messages(state)
        else:
            yield from VaultReading(client, request, options).messages(state)

    def receiver(self, context: Context) -> Receiver:
        """A WSGI application that takes the Vault's Spark messages into the inbox."""
        return receiver(self.client(context))

    def client(self, context: Context) -> Client:
        """The session all streams share."""
        if self._client is None or self._context is not context:
            options = self.chosen
            if options["recorded"]:
                options = options.over({"base_url": ADDRESS, "username": "recorded", "password": None, "vault_dns": ""})
            self._client, self._context = Client(self.name, options, context), context
            if options["recorded"]:
                self._client.http.mount(ADDRESS, Recorded(context.path(options["recorded"]), context))
        return self._client

    def _of(self, request: StreamRequest) -> Options:
        return self.chosen.over(request.options, f"source {self.name!r}, stream {request.stream!r}")

    def _shelf(self, client: Client) -> Shelf:
        """The archives all streams share."""
        if self._kept is None or self._kept.client is not client:
            self._kept = Shelf(client)
        return self._kept

    def _stream(self, descriptions: Descriptions, request: StreamRequest) -> Stream:
        options = self._of(request)
        name = options["object"] or request.stream
        if options["mode"] == "direct":
            return self._extract(descriptions, request, extract_of(name))
        told = [options[way] for way in ("deletions", "merges", "merge_jobs", "spark_inbox")]
        # A recording stands still, so it forgets nothing.
        days = REMEMBERED // DAY if options["deletions"] and options["cursor"] and not options["recorded"] else None
        key, deletes = request.key or ("id",), "feed" if any(told) else "none"
        return Stream(request.stream, key, descriptions.fields(name), options["cursor"] or None, deletes, tombstones=days)

    def _extract(self, descriptions: Descriptions, request: StreamRequest, name: str) -> Stream:
        """A stream of archives: what is missing among them is noticed by itself, however long the pause."""
        key = request.key or KEYS.get(name, ("id",))
        known = name.startswith("Object.")
        fields = descriptions.fields(name.removeprefix("Object.")) if known else ()
        cursor = self._of(request)["cursor"] if known else None
        return Stream(request.stream, key, fields, cursor or None, "none" if is_log(name) else "feed")
