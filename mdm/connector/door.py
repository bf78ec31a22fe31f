"""One source's HTTP address: calls that stay at home, wait their turn, and fail by what the answer says.

What is the same for every API is here: no redirect and no link leads to another host, a password never travels in the
clear, the rate budget is kept, what may pass is tried again, what may not fails at once. What only one API knows, how it
says that something is wrong, comes from its connector as `complaint`.
"""

import hashlib
import ipaddress
import re
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import IO, TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlsplit

import requests
from requests.auth import AuthBase

from mdm.connector.contract import Finding
from mdm.connector.retry import Backoff, retried, retry_after, same_host
from mdm.connector.strict import mended, strictly
from mdm.errors import ConfigError, DamagedError, DeniedError, SourceError, UnavailableError

if TYPE_CHECKING:
    from mdm.connector.contract import Context

T = TypeVar("T")
Proof = Callable[[IO[bytes], requests.Response], None]
TIMEOUT = (10, 180)
SKEW = 300
STEP = 1 << 16
LARGEST = 64 << 30
# An answer that is held in memory; what may be larger is downloaded.
MOST = 512 << 20


# One half of a character, or a whole one written as two halves.
_HALF = re.compile(rb"\\u[dD][89a-fA-F]")


def _as_it_is(value: Any) -> Any:
    return value


class _Sent(AuthBase):
    """Sets these headers on a call, so that no .netrc of this machine is ever sent in their place."""

    def __init__(self, headers: Mapping[str, str]) -> None:
        self._headers = headers

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers.update(self._headers)
        return request


def _as_it_came(_file: IO[bytes], _response: requests.Response) -> None:
    """Nothing is asked of a file."""


def _no_complaint(_response: requests.Response) -> SourceError | None:
    return None


@dataclass
class Door:
    """Where a source is asked. `complaint` reads an answer, body and status, for the API's own words of what is wrong;
    `heed` is told of every answer (its pace)."""

    source: str
    base_url: str
    context: "Context" = field(repr=False)
    complaint: Callable[[requests.Response], SourceError | None] = field(default=_no_complaint, repr=False)
    heed: Callable[[requests.Response], None] = field(default=lambda response: None, repr=False)
    backoff: Backoff = field(default_factory=Backoff)
    http: requests.Session = field(repr=False, default_factory=requests.Session)
    # How many seconds the source's clock is ahead of ours, by its last answer.
    skew: float = 0.0
    # Whether the source has let us in before: then a refusal is about one thing, and not about who we are.
    _known: bool = field(default=False, repr=False)

    def __post_init__(self) -> None:
        self.base = address(self.source, self.base_url)
        # A proxy has no business between this machine and itself.
        self.http.trust_env = not loopback(self.base)

    @property
    def now(self) -> float:
        """The time by the source's clock."""
        return self.context.clock() + self.skew

    def clock(self) -> list[Finding]:
        """What a check finds of the two clocks: nothing, as long as they agree."""
        if abs(self.skew) <= SKEW:
            return []
        return [Finding("warn", f"this machine's clock is {self.skew:+.0f} s from that of {self.source!r}", "set the clock")]

    def ask(
        self, method: str, link: str, judge: Callable[[requests.Response], T], *, credentials: Mapping[str, str] | None = None,
        **request: Any,
    ) -> T:  # fmt: skip
        """What `judge` makes of the answer; asked again, with patience, while it or the status says to wait.

        `link` is relative to the base or on its host; `credentials` are headers; `request` goes to requests (`data`,
        `json`, `params`, `headers`).
        """
        where = same_host(self.base, link)
        return retried(lambda: judge(self._once(method, where, credentials or {}, request)), self.context, self.backoff)

    def download(
        self, link: str, *, credentials: Mapping[str, str] | None = None, method: str = "GET", largest: int = LARGEST,
        md5: str | None = None, words: str | None = None, proof: Proof = _as_it_came, **request: Any,
    ) -> tuple[IO[bytes], requests.Response]:  # fmt: skip
        """The body of an answer as an open temporary file, whole, at its beginning; and the answer for its headers.

        A body that breaks off, or whose `md5` differs, is asked for again from the start. An answer of the content type
        `words` is no file but something the source has to say, which `complaint` reads. `proof` raises if what arrived is
        not whole or not what was asked for.
        """
        where = same_host(self.base, link)
        return retried(
            lambda: self._kept(self._file(method, where, credentials or {}, request, words), largest, md5, proof),
            self.context, self.backoff,
        )  # fmt: skip

    def _once(self, method: str, where: str, credentials: Mapping[str, str], request: Mapping[str, Any]) -> requests.Response:
        self.context.evidence.asked()
        streamed = bool(request.get("stream"))
        try:
            response = self.http.request(
                method, where, auth=_Sent(credentials), timeout=TIMEOUT, allow_redirects=False, **{**request, "stream": True}
            )
            # A body that is still to be streamed is judged by whoever reads it.
            if not (streamed and response.ok):
                self._read(response)
        except requests.RequestException as error:
            # The error's own text may hold the whole request.
            raise UnavailableError(f"source {self.source!r}: no answer ({type(error).__name__}); try again later") from None
        self._tell_time(response)
        self.heed(response)
        try:
            told = None if streamed and response.ok else self.complaint(response)
            if told is not None:
                raise told
            self._status(response)
        except DeniedError as error:
            error.rights = self._known and bool(credentials)
            raise
        self._known = self._known or bool(credentials) or method == "POST"
        return response

    def _tell_time(self, response: requests.Response) -> None:
        # The Date header is written as one form of Retry-After is.
        at = retry_after(response.headers.get("Date"), 0.0)
        if at:
            self.skew = at - self.context.clock()

    def _read(self, response: requests.Response) -> None:
        """The body read into the answer, as far as memory should go."""
        blocks, size = [], 0
        with response:
            for block in response.iter_content(STEP):
                size += len(block)
                self.context.evidence.read(len(block))
                if size > MOST:
                    raise DamagedError(f"source {self.source!r}: an answer is larger than {MOST:,} bytes; ask for smaller pages")
                blocks.append(block)
        # What `content` would hold, had it been read without a limit.
        response._content = b"".join(blocks)
        plain, where = response.json, f"source {self.source!r}"
        mend = mended if _HALF.search(response._content) else _as_it_is
        response.json = lambda **more: mend(strictly(partial(plain, **more), where))  # type: ignore[method-assign]

    def _file(
        self, method: str, where: str, credentials: Mapping[str, str], request: Mapping[str, Any], words: str | None
    ) -> requests.Response:
        response = self._once(method, where, credentials, {**request, "stream": True})
        if words is not None and response.headers.get("Content-Type", "").startswith(words):
            raise self.complaint(response) or UnavailableError(
                f"source {self.source!r}: answered {words} where a file was due; try again later"
            )
        return response

    def _kept(
        self, response: requests.Response, largest: int, md5: str | None, proof: Proof
    ) -> tuple[IO[bytes], requests.Response]:
        file: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 (the caller closes it)
        digest, size = hashlib.md5(usedforsecurity=False), 0
        try:
            with response:
                for block in response.iter_content(STEP):
                    size += len(block)
                    self.context.evidence.read(len(block))
                    if size > largest:
                        raise DamagedError(f"source {self.source!r}: an answer is larger than {largest:,} bytes; it was left")
                    digest.update(block)
                    file.write(block)
            if md5 is not None and digest.hexdigest() != md5.lower():
                raise UnavailableError(f"source {self.source!r}: a part arrived damaged (its md5 differs); try again later")
            proof(file, response)
        except requests.RequestException as error:
            file.close()
            raise UnavailableError(f"source {self.source!r}: the answer broke off ({type(error).__name__}); try again") from None
        except BaseException:
            file.close()
            raise
        file.seek(0)
        return file, response

    def _status(self, response: requests.Response) -> None:
        status, where = response.status_code, f"source {self.source!r}: HTTP {response.status_code}"
        if 200 <= status < 300:
            return
        if status in (408, 425, 429) or status >= 500:
            wait = retry_after(response.headers.get("Retry-After"), self.context.clock())
            raise UnavailableError(f"{where}; the source, or a gateway before it, is busy: try again later", retry_after=wait)
        if status in (401, 403, 407):
            raise DeniedError(f"{where}; this user is refused: correct the credentials, the rights or the network")
        if 300 <= status < 400:
            same_host(self.base, response.headers.get("Location", ""))
            raise DamagedError(f"{where}; an API does not redirect: check base_url {self.base!r}")
        asked = urlsplit(response.url or "").path
        raise SourceError(f"{where} at {asked!r} of {self.base!r}; check base_url and the source's options")


def address(source: str, url: str) -> str:
    """Scheme, host and port of an address that credentials may be sent to."""
    parts = urlsplit(url)
    if parts.scheme not in ("https", "http") or not parts.hostname or "@" in parts.netloc:
        raise ConfigError(f"source {source!r}: base_url {parts.hostname or ''!r} is not an address; write https://<host>")
    if parts.scheme == "http" and not loopback(url):
        raise ConfigError(f"source {source!r}: base_url would send the password in the clear; write https://")
    return f"{parts.scheme}://{parts.netloc}"


def loopback(url: str) -> bool:
    """Whether an address is this machine's own."""
    host = urlsplit(url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
