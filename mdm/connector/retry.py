"""Trying again, politely: full jitter, Retry-After, a budget per source, and links that stay at home."""

import email.utils
import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import urljoin, urlsplit

from mdm.errors import DamagedError, UnavailableError

if TYPE_CHECKING:
    from mdm.connector.contract import Context

T = TypeVar("T")
_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True)
class Backoff:
    """How long to go on trying: `attempts` calls within `deadline` seconds, waits growing from `first` to `cap`."""

    first: float = 0.5
    cap: float = 60.0
    deadline: float = 900.0
    attempts: int = 8


class Budget:
    """How fast a tenant may be asked, shared by all its streams and by all sources that read it in one sync.

    `per_second` is a fixed limit for sources that tell none. A source that does tell is fed in by `told`.
    """

    def __init__(self, per_second: float | None = None, *, floor: int = 200, pause: float = 30.0) -> None:
        self.per_second, self.floor, self.pause = per_second, floor, pause
        self._next_at = 0.0
        self._owed = 0.0

    def wait(self, context: "Context") -> None:
        """Wait until the next call is fair."""
        now = context.clock()
        delay = max(self._next_at - now, self._owed, 0.0)
        self._owed = 0.0
        if delay > 0:
            context.sleep(delay)
        if self.per_second:
            self._next_at = now + delay + 1.0 / self.per_second

    def limit(self, per_second: float | None) -> None:
        """One more fixed limit; of several, the strictest holds."""
        if per_second is not None:
            self.per_second = per_second if self.per_second is None else min(self.per_second, per_second)

    def told(self, *, remaining: int | None = None, delayed: float | None = None) -> None:
        """What the last answer said: calls left in the window, seconds it was held back."""
        if remaining is not None and remaining < self.floor:
            self._owed = max(self._owed, self.pause)
        if delayed:
            self._owed = max(self._owed, delayed)


def retried(call: Callable[[], T], context: "Context", backoff: Backoff = Backoff()) -> T:
    """The call's result, tried again as long as it raises UnavailableError and time is left."""
    started = context.clock()
    attempt = 0
    while True:
        context.budget.wait(context)
        try:
            return call()
        except UnavailableError as error:
            attempt += 1
            wait = _wait(error, attempt, context, backoff)
            if attempt >= backoff.attempts or context.clock() - started + wait > backoff.deadline:
                raise
            context.log.warning("source busy, trying again", extra={"attempt": attempt, "wait": round(wait, 1)})
            context.sleep(wait)


def _wait(error: UnavailableError, attempt: int, context: "Context", backoff: Backoff) -> float:
    jittered = context.random() * min(backoff.cap, backoff.first * 2**attempt)
    # A source that names a time means it: jitter is added, never taken off.
    return jittered if error.retry_after is None else error.retry_after + min(jittered, 1.0)


def retry_after(header: str | None, now: float) -> float | None:
    """The seconds a Retry-After header asks for, in either of its forms; None when it says nothing usable."""
    if header is None:
        return None
    try:
        seconds = float(header)
    except ValueError:
        try:
            moment = email.utils.parsedate_to_datetime(header.strip())
        except ValueError:
            return None
        seconds = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() - now
    return max(seconds, 0.0) if math.isfinite(seconds) else None


def same_host(base: str, link: str) -> str:
    """The link made absolute, if it stays on the scheme, host and port of the base."""
    try:
        target = urljoin(base, link)
        urlsplit(target)
    except ValueError:
        # An address that cannot be read is nobody's home.
        target = "unreadable:"
    if _origin(target) != _origin(base) or "@" in urlsplit(target).netloc:
        raise DamagedError(
            f"the source points to {_shown(target)!r}, which is not its own host {_shown(base)!r}; "
            "it was not followed: check base_url, and whether something stands between you and the source"
        )
    return target


def _origin(url: str) -> tuple[str, str, int | None]:
    parts = urlsplit(url)
    try:
        port = parts.port
    except ValueError:
        port = -1
    return parts.scheme.lower(), (parts.hostname or "").lower(), port or _PORTS.get(parts.scheme.lower())


def _shown(url: str) -> str:
    scheme, host, port = _origin(url)
    return f"{scheme}://{host}" + (f":{port}" if port and port != _PORTS.get(scheme) else "")
