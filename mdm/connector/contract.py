"""What a connector is, and what it is given."""

import json
import logging
import random
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Protocol, runtime_checkable
from urllib.parse import quote, quote_plus

from mdm.connector.evidence import Evidence
from mdm.connector.message import Message
from mdm.connector.option import Option
from mdm.connector.retry import Budget

DELETES = ("feed", "field", "absence", "none")
# No source is thought to forget a deletion sooner, so a younger cursor needs no asking.
SHORTEST_MEMORY = 2
# What is shorter stands in any text by chance.
TELLING = 8


@dataclass(frozen=True)
class Field:
    """One field of a stream, as the source describes it."""

    name: str
    type: str = "text"
    about: str = ""


@dataclass(frozen=True)
class Stream:
    """One thing a source offers.

    `deletes` says how the source tells of deletions: `feed` (it sends them), `absence` (from a full delivery only),
    `field` (a field of the record says so) or `none`. The runner holds a connector to it: only `feed` and `field` may
    send deletions, and absence counts only after Complete. `tombstones` is for how many days the source remembers a
    deletion (two at least); after a longer pause the runner asks for a full reading.
    """

    name: str
    key: tuple[str, ...] = ()
    fields: tuple[Field, ...] = ()
    cursor: str | None = None
    deletes: str = "none"
    about: str = ""
    tombstones: int | None = None


@dataclass(frozen=True)
class StreamRequest:
    """What the runner asks for: a stream, the fields that make its key and source time, and its own options.

    `delivery` is delta or full; a full one is always read from the beginning (the state given is None).
    """

    stream: str
    key: tuple[str, ...] = ()
    modified: str | None = None
    options: Mapping[str, Any] = field(default_factory=dict)
    delivery: str = "delta"


@dataclass(frozen=True)
class Finding:
    """One line of a check: `level` is ok, warn or fail; `repair` says what to do."""

    level: str
    text: str
    repair: str = ""


class Secrets:
    """Resolves references to secrets, remembers what they were, and takes them out of any text."""

    def __init__(self, resolve: Callable[[str], str]) -> None:
        self._resolve = resolve
        self._known: set[str] = set()

    def __repr__(self) -> str:
        return "Secrets(***)"

    def reveal(self, reference: str) -> str:
        """The secret behind a reference."""
        return self.remember(self._resolve(reference))

    def remember(self, secret: str) -> str:
        """Treat this value as a secret from now on (a session id, a token)."""
        if secret:
            self._known.add(secret)
        return secret

    def holds(self, text: str) -> bool:
        """Whether a secret of some length stands in a text, as it is or as JSON writes it."""
        known = (secret for secret in self._known if len(secret) >= TELLING)
        return any(way in text for secret in known for way in _written(secret))

    def redact(self, text: str) -> str:
        """The text without any secret."""
        ways = {way for secret in self._known for way in _written(secret)}
        for way in sorted(ways, key=lambda way: (-len(way), way)):
            text = text.replace(way, "***")
        return text


def _written(secret: str) -> set[str]:
    """The ways a secret is written: as it is, in JSON, and in addresses and forms, as a source that repeats them shows it."""
    return {secret, json.dumps(secret)[1:-1], quote(secret), quote(secret, safe=""), quote_plus(secret)}


def _as_written(reference: str) -> str:
    return reference


@dataclass(frozen=True)
class Context:
    """The world as a connector may see it: all of it replaceable in a test."""

    home: Path = field(default_factory=Path.cwd)
    resolve: Callable[[str], str] = field(default=_as_written, repr=False)
    clock: Callable[[], float] = time.time
    sleep: Callable[[float], None] = time.sleep
    random: Callable[[], float] = random.random
    log: logging.Logger = field(default_factory=lambda: logging.getLogger("mdm.connector"))
    streams: tuple[StreamRequest, ...] = ()
    budget: Budget = field(default_factory=Budget)
    evidence: Evidence = field(default_factory=Evidence)
    secrets: Secrets = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "secrets", Secrets(self.resolve))

    def path(self, text: str) -> Path:
        """A path as the settings mean it: relative to the folder of mdm.toml."""
        return (self.home / text).expanduser() if not text.startswith("~") else Path(text).expanduser()


@runtime_checkable
class Connector(Protocol):
    """One kind of source, set up for one source; built from (name, options)."""

    options: ClassVar[tuple[Option, ...]]
    name: str
    # A connector may also have `tenant`, a text: sources of one tenant share one rate budget.

    def check(self, context: Context) -> list[Finding]:
        """Whether the source can be reached and read, without reading it."""
        ...

    def discover(self, context: Context) -> list[Stream]:
        """What the source offers."""
        ...

    def read(self, context: Context, request: StreamRequest, state: dict[str, Any] | None) -> Iterator[Message]:
        """The stream's messages, from the beginning or on from a checkpoint."""
        ...
