"""A Vault session: log in once, ask, and read the answer by what it says rather than by its HTTP status.

A refused login is never repeated: that would lock the account. An expired session is renewed once for each call. What
the server or anything in between says for the moment is tried again with patience; the rest fails at once.
"""

import ipaddress
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.auth import AuthBase

from mdm.connector import Backoff, Context, Options, retried, retry_after, same_host
from mdm.errors import ConfigError, DamagedError, DeniedError, DriftError, SourceError, UnavailableError

DENIED = {
    "INACTIVE_USER", "NO_PASSWORD_PROVIDED", "USERNAME_OR_PASSWORD_INCORRECT", "USER_LOCKED_OUT",
    "PASSWORD_CHANGE_REQUIRED", "INSUFFICIENT_ACCESS", "USER_NOT_FOUND",
}  # fmt: skip
BUSY = {"API_LIMIT_EXCEEDED", "RACE_CONDITION", "OPERATION_IN_PROGRESS", "UNEXPECTED_ERROR"}
SHAPE = {"ATTRIBUTE_NOT_SUPPORTED", "INVALID_FILTER", "INCORRECT_QUERY_SYNTAX_ERROR"}
EXPIRED = "INVALID_SESSION_ID"
TIMEOUT = (10, 180)
CLIENT_ID = "lifescience-mdm"

Answer = dict[str, Any]


class SessionExpired(SourceError):
    """The session is over; a new one may be asked for, once."""


class Refused(SourceError):
    """The Vault would not do this, for a reason that neither waiting nor a new session changes."""


class _Session(AuthBase):
    """Sets the session on a call, so that no .netrc of this machine is ever sent in its place."""

    def __init__(self, session_id: str | None) -> None:
        self._session_id = session_id

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        if self._session_id is not None:
            request.headers["Authorization"] = self._session_id
        return request


@dataclass
class Client:
    """One Vault, as one user."""

    source: str
    options: Options = field(repr=False)
    context: Context = field(repr=False)
    http: requests.Session = field(repr=False, default_factory=requests.Session)
    backoff: Backoff = field(default_factory=Backoff)
    skew: float = 0.0
    _session_id: str | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        self.base = _base(self.source, self.options["base_url"])
        # A proxy has no business between this machine and itself.
        self.http.trust_env = not _loopback(self.base)
        self.http.headers.update({"Accept": "application/json", "X-VaultAPI-ClientID": CLIENT_ID})

    @property
    def now(self) -> float:
        """The time by the Vault's clock."""
        return self.context.clock() + self.skew

    def path(self, rest: str) -> str:
        """An address of the API's configured version."""
        return f"/api/{self.options['version']}/{rest}"

    def login(self) -> None:
        """Begin a session, and make sure that it is with the right Vault."""
        secrets = self.context.secrets
        password = secrets.reveal(self.options["password"]) if self.options["password"] else ""
        form = {"username": self.options["username"], "password": password}
        if self.options["vault_dns"]:
            form["vaultDNS"] = self.options["vault_dns"]
        answer = retried(lambda: self._once("POST", self.base + self.path("auth"), form, None), self.context, self.backoff)
        session_id = answer.get("sessionId")
        if not isinstance(session_id, str) or not session_id:
            raise DamagedError(f"source {self.source!r}: the login was answered without a session; check base_url")
        secrets.remember(session_id)
        self._same_vault(answer)
        self._session_id = session_id

    def ask(self, method: str, link: str, form: Mapping[str, str] | None = None) -> Answer:
        """The answer to one call. Links are followed only to the Vault's own host."""
        address = same_host(self.base, link)
        if self._session_id is None:
            self.login()
        try:
            return self._patiently(method, address, form)
        except SessionExpired:
            self.context.log.info("session expired, logging in again", extra={"source": self.source})
            self.login()
        try:
            return self._patiently(method, address, form)
        except SessionExpired:
            raise DeniedError(
                f"source {self.source!r}: a new session is refused as well; ask the Vault's administrator about this user"
            ) from None

    def _patiently(self, method: str, address: str, form: Mapping[str, str] | None) -> Answer:
        return retried(lambda: self._once(method, address, form, self._session_id), self.context, self.backoff)

    def _once(self, method: str, address: str, form: Mapping[str, str] | None, session_id: str | None) -> Answer:
        try:
            response = self.http.request(
                method, address, data=form, auth=_Session(session_id), timeout=TIMEOUT, allow_redirects=False
            )
        except requests.RequestException as error:
            # The error's own text may hold the whole request.
            raise UnavailableError(f"source {self.source!r}: no answer ({type(error).__name__}); try again later") from None
        self._heed(response)
        self._status(response)
        try:
            answer = response.json()
        except (requests.JSONDecodeError, UnicodeDecodeError):
            kind = response.headers.get("Content-Type", "no type").partition(";")[0]
            raise UnavailableError(f"source {self.source!r}: answered {kind} where JSON was due; try again later") from None
        return self._judged(answer)

    def _heed(self, response: requests.Response) -> None:
        """Keep the pace the Vault asks for, and its clock."""
        remaining = response.headers.get("X-VaultAPI-BurstLimitRemaining", "")
        delay = response.headers.get("X-VaultAPI-ResponseDelay", "")
        self.context.budget.told(
            remaining=int(remaining) if remaining.isdigit() else None, delayed=int(delay) / 1000 if delay.isdigit() else None
        )
        # The Date header is written as one form of Retry-After is.
        at = retry_after(response.headers.get("Date"), 0.0)
        if at is not None and at > 0:
            self.skew = at - self.context.clock()

    def _status(self, response: requests.Response) -> None:
        status = response.status_code
        if 200 <= status < 300:
            return
        where = f"source {self.source!r}: HTTP {status}"
        if status in (408, 425, 429) or status >= 500:
            wait = retry_after(response.headers.get("Retry-After"), self.context.clock())
            raise UnavailableError(
                f"{where}; the Vault, or a gateway before it, is busy or down: try again later", retry_after=wait
            )
        if status in (401, 403):
            raise DeniedError(f"{where}; something before the Vault refuses this user: correct the credentials or the network")
        if 300 <= status < 400:
            same_host(self.base, response.headers.get("Location", ""))
            raise DamagedError(f"{where}; the Vault does not redirect its API: check base_url")
        raise SourceError(f"{where}; check base_url {self.base!r} and version {self.options['version']!r}")

    def _judged(self, answer: Any) -> Answer:
        """The answer, if it is a success; its own words decide."""
        status = answer.get("responseStatus") if isinstance(answer, dict) else None
        if status == "WARNING":
            told = self.context.secrets.redact(str(answer.get("warnings") or answer.get("responseMessage")))[:300]
            self.context.log.warning("the Vault warns", extra={"source": self.source, "told": told})
        if status in ("SUCCESS", "WARNING"):
            return dict(answer)
        if status not in ("FAILURE", "EXCEPTION"):
            raise UnavailableError(f"source {self.source!r}: the answer has no responseStatus; try again later")
        errors = answer.get("errors") or [{"type": answer.get("errorType", ""), "message": answer.get("responseMessage", "")}]
        kind = str(errors[0].get("type") or answer.get("errorType") or "")
        text = self.context.secrets.redact(f"the Vault answered {kind or status}: {errors[0].get('message', '')}")
        raise self._error(kind, f"source {self.source!r}: {text[:400]}", status)

    def _error(self, kind: str, text: str, status: str) -> SourceError:
        if kind == EXPIRED:
            return SessionExpired(text)
        if kind in DENIED:
            return DeniedError(
                f"{text}. It was not tried again, for that could lock the account; correct the credentials or rights"
            )
        if kind in BUSY or status == "EXCEPTION":
            return UnavailableError(f"{text}; try again later")
        if kind in SHAPE:
            return DriftError(f"{text}. If the Vault's fields changed, adapt `fields`, `where` or the mapping")
        return Refused(f"{text}; correct the source's options")

    def _same_vault(self, answer: Answer) -> None:
        """A Vault that is not reachable lets the user silently into another one."""
        got = str(answer.get("vaultId", ""))
        url = next((str(v.get("url", "")) for v in answer.get("vaultIds", []) if str(v.get("id")) == got), "")
        host = (urlsplit(url).hostname or "").lower()
        wanted_id, wanted = self.options["vault_id"], self.options["vault_dns"] or urlsplit(self.base).hostname
        if (wanted_id and str(wanted_id) != got) or (host and wanted and host != wanted.lower()):
            raise DeniedError(
                f"source {self.source!r}: logged in to Vault {got} ({host}), not to {wanted_id or wanted}; nothing was read. "
                "The Vault that was meant may be down, or vault_dns is wrong"
            )


def _base(source: str, url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in ("https", "http") or not parts.hostname or parts.username:
        raise ConfigError(f"source {source!r}: base_url {parts.hostname or url!r} is not an address; write https://<your Vault>")
    if parts.scheme == "http" and not _loopback(url):
        raise ConfigError(f"source {source!r}: base_url would send the password in the clear; write https://")
    return f"{parts.scheme}://{parts.netloc}"


def _loopback(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def moment(seconds: float) -> str:
    """A time as VQL writes it."""
    text = datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds")
    return text.replace("+00:00", "Z")


def seconds(text: str) -> float:
    """A time from the way VQL writes it."""
    return datetime.fromisoformat(text).timestamp()


def said(row: Mapping[str, Any]) -> str:
    """A row as the Vault said it."""
    return json.dumps(row, ensure_ascii=False, separators=(",", ":"))
