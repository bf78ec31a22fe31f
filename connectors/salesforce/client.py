"""A Salesforce session: log in once, ask, and read a refusal by its error code rather than by its status.

An expired session is renewed once for each call. A limit that is counted by the day is not waited for.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import IO, Any, TypeVar

import requests

from connectors.salesforce import login
from connectors.salesforce.login import Granted
from mdm.connector import Context, Door, Options, Session, SessionExpired, retry_after
from mdm.errors import DeniedError, DriftError, FullReconcileRequired, SourceError, UnavailableError

T = TypeVar("T")
EXPIRED = "INVALID_SESSION_ID"
LIMIT = "REQUEST_LIMIT_EXCEEDED"
DENIED = {
    "INVALID_LOGIN", "INVALID_GRANT", "LOGIN_MUST_USE_SECURITY_TOKEN", "API_DISABLED_FOR_ORG", "API_CURRENTLY_DISABLED",
    "INSUFFICIENT_ACCESS", "INSUFFICIENT_ACCESS_OR_READONLY", "PASSWORD_LOCKOUT", "USER_INACTIVE",
}  # fmt: skip
SHAPE = {
    "MALFORMED_QUERY", "INVALID_FIELD", "INVALID_TYPE", "INVALID_QUERY_FILTER_OPERATOR", "INVALIDENTITY", "FEATURENOTENABLED",
    "FUNCTIONALITY_NOT_ENABLED", "INVALID_FIELD_FOR_BULK_QUERY",
}  # fmt: skip
BUSY = {
    "QUERY_TIMEOUT", "SERVER_UNAVAILABLE", "UNABLE_TO_LOCK_ROW", "UNKNOWN_EXCEPTION", "INTERNALSERVERERROR", "TXN_SECURITY_ERROR",
}  # fmt: skip
FORGOTTEN = {"INVALID_REPLICATION_DATE"}
GONE = {"NOT_FOUND", "INVALIDJOB", "INVALID_QUERY_LOCATOR", "INVALID_LOCATOR", "INVALIDJOBSTATE", "ENTITY_IS_DELETED"}
TOO_MANY = "EXCEEDED_ID_LIMIT"
# Longer than anybody waits within one run: what is counted by the day is over for today.
TOMORROW = 3600.0
_CODE = re.compile(r"[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+|[A-Z]{8,}")
_USAGE = re.compile(r"api-usage=(\d+)/(\d+)")


class Gone(SourceError):
    """What was asked for is not there any more: a job, its results, or a place in them."""


class TooMany(SourceError):
    """The answer would be longer than Salesforce gives at once."""


@dataclass
class Client:
    """One org, as one user."""

    source: str
    options: Options = field(repr=False)
    context: Context = field(repr=False)
    usage: tuple[int, int] | None = None
    _door: Door | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        login.required(self.source, self.options)
        refused = partial(login.complaint, self.source, self.context)
        url = self.options["login_url"] or self.options["base_url"]
        self._front = Door(self.source, url, self.context, complaint=refused, heed=self._heed)
        self.session = Session(self.source, self.context, self._begun)

    @property
    def now(self) -> float:
        """The time by Salesforce's clock."""
        return self.door.now

    @property
    def door(self) -> Door:
        """Where the org is asked; where it lets users in, as long as nobody was."""
        return self._door or self._front

    def path(self, rest: str) -> str:
        """An address of the API's configured version."""
        return f"/services/data/{self.options['version']}/{rest}"

    def login(self) -> None:
        """Begin a session; a user who was denied once is not tried again."""
        self.session.login()

    def ask(self, method: str, link: str, **request: Any) -> Any:
        """The answer to one call, as data."""
        return self._renewed(lambda door, headers: door.ask(method, link, self._read, credentials=headers, **request))

    def download(self, link: str, **request: Any) -> tuple[IO[bytes], requests.Response]:
        """The body of an answer in a temporary file, and the answer; a page of a gateway is no answer."""
        return self._renewed(lambda door, headers: door.download(link, credentials=headers, words="text/html", **request))

    def complaint(self, response: requests.Response) -> SourceError | None:
        """What an answer says is wrong."""
        if response.ok:
            return None
        try:
            said = response.json()
        except (requests.JSONDecodeError, UnicodeDecodeError):
            return None
        first = said[0] if isinstance(said, list) and said else said
        if not isinstance(first, dict) or not first.get("errorCode"):
            return None
        wait = retry_after(response.headers.get("Retry-After"), self.context.clock())
        return self.error(str(first["errorCode"]), str(first.get("message", "")), wait)

    def error(self, code: str, message: str, wait: float | None = None) -> SourceError:
        """An error code and its message as the error that says what to do."""
        text = self.context.secrets.redact(f"source {self.source!r}: Salesforce answered {code}: {message}")[:400]
        # A failed job wraps the code of what went wrong in its message.
        codes = {code.upper(), *_CODE.findall(message)} if code == "InvalidBatch" else {code.upper()}
        if EXPIRED in codes:
            return SessionExpired(text)
        if LIMIT in codes:
            return UnavailableError(
                f"{text}; the org's calls are used up, so it was not asked again: run again when they are renewed",
                retry_after=wait if "Concurrent" in message else max(wait or 0.0, TOMORROW),
            )
        if codes & BUSY:
            return UnavailableError(f"{text}; try again later, or narrow `where` and `fields`", retry_after=wait)
        if codes & DENIED:
            return DeniedError(f"{text}. It was not tried again; correct the credentials or the user's rights")
        if codes & SHAPE:
            return DriftError(f"{text}. If the object's fields changed, adapt `fields`, `where` or the mapping")
        if codes & FORGOTTEN:
            return FullReconcileRequired(f"{text}; read all of it again (`mdm run --full`), so that deletions are noticed")
        if TOO_MANY in codes:
            return TooMany(text)
        return Gone(text) if codes & GONE else SourceError(f"{text}; correct the source's options")

    def _begun(self) -> Granted:
        granted = login.login(self.source, self.options, self.context, self._front, self._front.now)
        if self._door is None or self._door.base != granted.base:
            self._door = Door(self.source, granted.base, self.context, complaint=self.complaint, heed=self._heed)
        return granted

    def _renewed(self, call: Callable[[Door, dict[str, str]], T]) -> T:
        """The call's result, with a new session if the one there is has ended."""
        return self.session.within(lambda granted: call(self.door, {"Authorization": f"Bearer {granted.token}"}))

    def _read(self, response: requests.Response) -> Any:
        try:
            return response.json()
        except (requests.JSONDecodeError, UnicodeDecodeError):
            kind = response.headers.get("Content-Type", "no type").partition(";")[0]
            raise UnavailableError(f"source {self.source!r}: answered {kind} where JSON was due; try again later") from None

    def _heed(self, response: requests.Response) -> None:
        """Keep the pace the org's limit leaves, and Salesforce's clock."""
        if found := _USAGE.search(response.headers.get("Sforce-Limit-Info", "")):
            self.usage = int(found[1]), int(found[2])
            self.context.budget.told(remaining=self.usage[1] - self.usage[0])


def moment(at: float) -> str:
    """A time as SOQL writes it."""
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def seconds(text: str) -> float:
    """A time as a state holds it, in seconds since 1970."""
    return datetime.fromisoformat(text).timestamp()
