"""What a lookup finds: golden records that a record may belong to, and what a run would do."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from mdm.explain.waterfall import Bar

JOIN, ASK, REFUSE, NOTHING = "join", "ask", "refuse", "nothing"


@dataclass(frozen=True)
class Candidate:
    """One golden record, by the record of it that is most like the one asked about.

    `golden_id` is None where nothing is published yet. `does`: what a run would do with the two: join them, ask a steward,
    refuse for the reason given, or nothing, since they are too unlike. `rule`: the blocking rule that found it.
    """

    golden_id: str | None
    record: str
    weight: float
    probability: float
    does: str
    because: str
    rule: str
    waterfall: tuple[Bar, ...] = ()


@dataclass(frozen=True)
class Found:
    """The candidates, the best first, and what must be known to read them: values that do not count, keys passed over."""

    candidates: tuple[Candidate, ...]
    notes: tuple[str, ...]
    run: int
    model: int | None

    def as_dict(self) -> Mapping[str, Any]:
        """The document."""
        return asdict(self)
