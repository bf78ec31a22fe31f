"""One stream being landed: what was asked for, and what is known of the delivery so far."""

import hashlib
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from mdm.connector import Context as World
from mdm.hub import Hub, Tally
from mdm.landing.declared import Declared
from mdm.settings import Source, StreamSettings
from mdm.tables import READ_COUNTS


@dataclass(frozen=True)
class Landing:
    """One stream of one source being landed in one run."""

    hub: Hub
    source: Source
    stream: StreamSettings
    number: int
    accept_shrink: bool = False
    # Read all again and reconcile the keys: the cursor is older than the source remembers.
    anew: bool = False
    pseudonym_key: str | None = None
    declared: Declared | None = field(default=None, compare=False)

    @property
    def names(self) -> tuple[str, str]:
        """Source and stream."""
        return self.source.name, self.stream.name


@dataclass
class Delivery:
    """What is known of the delivery so far."""

    counts: Counter = field(default_factory=Counter)
    total: int = 0
    notes: list[str] = field(default_factory=list)
    fields: dict[str, None] = field(default_factory=dict)
    seen: list[pl.Series] = field(default_factory=list)
    complete: bool = False
    rejected: int = 0
    warned: set[str] = field(default_factory=set)
    shapes: set[tuple[str, ...]] = field(default_factory=set)
    # Deletions that wait for the end: those of this delivery, and whether there may be any at all.
    waiting: list[pl.Series] = field(default_factory=list)
    withheld: bool = False
    checked: bool = False
    first_state: str | None = None
    last_state: str | None = None
    content: Any = field(default_factory=hashlib.sha256)
    asked: tuple[int, int] = (0, 0)
    world: World | None = None

    def ids(self) -> pl.Series:
        """The records met so far."""
        return pl.concat(self.seen) if self.seen else pl.Series(dtype=pl.Int64)

    def tally(self) -> Tally:
        """The first sum, with what was noted."""
        counts = {name: self.counts.get(name, 0) for name in READ_COUNTS if name != "total"}
        return Tally({"total": self.total, **counts}, tuple(self.notes))

    def evidence(self) -> dict[str, Any]:
        """What an auditor asks of a reading: its size, where it began and ended, and a hash of all it said, in order."""
        used = self.world.evidence if self.world else None
        return {
            "requests": used.requests - self.asked[0] if used else 0,
            "bytes_read": used.bytes - self.asked[1] if used else 0,
            "first_state": self.first_state,
            "last_state": self.last_state,
            "content_hash": self.content.hexdigest() if self.total else None,
        }
