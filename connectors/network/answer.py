"""What an answer of Veeva Network says."""

from typing import Any

from connectors.veeva import Answer, Refused, Voice
from mdm.errors import DamagedError

__all__ = ["VOICE", "Answer", "Refused", "rows"]
VOICE = Voice("Network", {"TOO_MANY_REQUESTS"}, {"INVALID_FIELD"}, "If the data model changed, adapt `filters` or the mapping")


def rows(source: str, answer: Answer, name: str) -> list[dict[str, Any]]:
    """A list of an answer, each element an object."""
    found = answer.get(name)
    if not isinstance(found, list) or any(not isinstance(one, dict) for one in found):
        raise DamagedError(f"source {source!r}: the answer has no list of {name}; check version")
    return found
