"""What a run did, as values: for people on the terminal, for programs as one JSON document."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass
class StreamReport:
    """One stream of one source: what was read, or why it was not."""

    source: str
    stream: str
    read: Mapping[str, int] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    error: str | None = None
    seconds: float = 0.0


@dataclass
class EntityReport:
    """One entity: both sides of the second sum, and what changed."""

    entity: str
    run: int
    state: str = "published"
    live: Mapping[str, int] = field(default_factory=dict)
    pairs: int = 0
    queued: int = 0
    golden: Mapping[str, int] = field(default_factory=dict)
    reconciled: bool = False
    seconds: dict[str, float] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


@dataclass
class Report:
    """A whole run."""

    run: int
    sources: list[StreamReport] = field(default_factory=list)
    entities: list[EntityReport] = field(default_factory=list)

    @property
    def failed(self) -> list[StreamReport]:
        """The streams that did not deliver."""
        return [s for s in self.sources if s.error]

    @property
    def held(self) -> list[EntityReport]:
        """The entities whose plan a gate holds."""
        return [e for e in self.entities if e.state == "held"]

    def as_dict(self) -> dict[str, Any]:
        """The public document."""
        return {
            "run": self.run,
            "sources": [
                {"source": s.source, "stream": s.stream, "read": dict(s.read), "notes": list(s.notes), "error": s.error, "seconds": round(s.seconds, 3)}
                for s in self.sources
            ],
            "entities": [
                {
                    "entity": e.entity, "state": e.state, "live": dict(e.live), "pairs": e.pairs, "queued": e.queued, "golden": dict(e.golden),
                    "reconciled": e.reconciled, "seconds": {k: round(v, 3) for k, v in e.seconds.items()}, "notes": e.notes,
                }
                for e in self.entities
            ],
        }  # fmt: skip
