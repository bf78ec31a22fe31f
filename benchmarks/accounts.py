"""Generated rows of a Vault: accounts of invented people, each changed at some moment of a year."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

START = datetime(2025, 1, 1, tzinfo=UTC)
TEXTS = 12
# Twenty rows share each moment, as rows that were loaded together do.
TIED = 20


def row(at: int) -> dict[str, Any]:
    """The row of this number."""
    moment = START + timedelta(seconds=at // TIED * 61)
    texts = {f"field_{number}__c": f"value {at * number % 10_007}" for number in range(1, TEXTS + 1)}
    changed = f"{moment:%Y-%m-%dT%H:%M:%S}.000Z"
    return {"id": f"V0P{at:012d}", "name__v": f"Account {at}", "kind__c": ["hcp__c"], "modified_date__v": changed, **texts}
