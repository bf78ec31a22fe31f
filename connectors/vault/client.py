"""A Vault session: log in once, ask, and read the answer by what it says rather than by its HTTP status.

A refused login is never repeated, not even for the next stream: that would lock the account. An expired session is renewed
once for each call.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import IO, Any, TypeVar

import requests

from connectors.vault.answer import VOICE, Answer, warnings
from connectors.vault.login import Login
from mdm.connector import Context, Door, Options, Session
from mdm.errors import SourceError

CLIENT_ID = "lifescience-mdm"
T = TypeVar("T")


@dataclass
class Client:
    """One Vault, as one user."""

    source: str
    options: Options = field(repr=False)
    context: Context = field(repr=False)
    told: list[str] = field(default_factory=list)
    _warned: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.door = Door(self.source, self.options["base_url"], self.context, self._complaint, self._heed)
        self.door.http.headers.update({"Accept": "application/json", "X-VaultAPI-ClientID": CLIENT_ID})
        self.session = Session(self.source, self.context, Login(self.door, self.options).session)

    @property
    def http(self) -> requests.Session:
        """What carries the calls."""
        return self.door.http

    @property
    def now(self) -> float:
        """The time by the Vault's clock."""
        return self.door.now

    def path(self, rest: str) -> str:
        """An address of the API's configured version."""
        return f"/api/{self.options['version']}/{rest}"

    def login(self) -> None:
        """Begin a session with the right Vault; a user who was denied once is not tried again."""
        self.session.login()

    def ask(self, method: str, link: str, form: Mapping[str, str] | None = None) -> Answer:
        """The answer to one call. Links are followed only to the Vault's own host."""
        answer = self._within_session(
            lambda credentials: self.door.ask(method, link, self._answered, credentials=credentials, data=form)
        )
        for text in warnings(answer, self.context.secrets):
            if text not in self._warned:
                self.context.log.warning("the Vault warns", extra={"source": self.source, "told": text})
                self._warned.add(text)
                self.told.append(text)
        return answer

    def download(self, link: str, *, md5: str | None = None, largest: int) -> IO[bytes]:
        """A file the Vault offers, as an open temporary one."""
        headers = {"Accept": "application/octet-stream"}
        return self._within_session(
            lambda credentials: self.door.download(
                link, credentials=credentials, md5=md5, largest=largest, headers=headers, words="application/json"
            )[0]
        )

    def _within_session(self, call: Callable[[Mapping[str, str]], T]) -> T:
        return self.session.within(lambda session_id: call({"Authorization": session_id}))

    def _answered(self, response: requests.Response) -> Answer:
        return VOICE.answered(self.source, self.context.secrets, response)

    def _complaint(self, response: requests.Response) -> SourceError | None:
        # What came with a good status is read once, by `_answered`; in place of a file nobody else would read it.
        read_later = response.ok and response.request.headers.get("Accept") != "application/octet-stream"
        return None if read_later else VOICE.complaint(self.source, self.context.secrets, response)

    def _heed(self, response: requests.Response) -> None:
        """Keep the pace the Vault asks for, and its clock."""
        remaining = response.headers.get("X-VaultAPI-BurstLimitRemaining", "")
        delay = response.headers.get("X-VaultAPI-ResponseDelay", "")
        self.context.budget.told(
            remaining=int(remaining) if remaining.isdigit() else None, delayed=int(delay) / 1000 if delay.isdigit() else None
        )


def moment(seconds: float) -> str:
    """A time as VQL writes it."""
    text = datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds")
    return text.replace("+00:00", "Z")


def seconds(text: str) -> float:
    """A time from the way a Vault writes it: of UTC, whether or not it says so."""
    read = datetime.fromisoformat(text)
    return (read if read.tzinfo else read.replace(tzinfo=UTC)).timestamp()


def said(row: Mapping[str, Any]) -> str:
    """A row as the Vault said it."""
    return json.dumps(row, ensure_ascii=False, separators=(",", ":"))
