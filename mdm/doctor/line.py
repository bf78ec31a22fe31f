"""One finding of the doctor."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Line:
    """One finding: `level` is ok, warn or fail."""

    what: str
    level: str
    text: str
    repair: str = ""
