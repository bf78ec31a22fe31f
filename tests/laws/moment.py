"""What a reader sees in one moment: published relations read in one transaction, comparable between hubs."""

import json
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from mdm.hub import Hub

CURRENT = ("thing", "thing_part", "thing_link", "thing_lineage", "thing_xref", "thing_queue", "retired", "change")
EVER = (*CURRENT, "thing_history", "thing_xref_history", "thing_link_history", "retired_history")
# Times and run numbers are another run's.
_SKIPPED = {"created_at", "updated_at", "linked_at", "retired_at", "since", "at", "run_id", "known_from", "known_to"}


def published(hub: Hub, relations: Sequence[str] = CURRENT) -> dict[str, list[str]]:
    """The rows of these relations at one moment, ids included; times and run numbers left out."""
    with hub.read() as session:
        return {r: sorted(_told(row) for row in session.rows(_everything(hub, r))) for r in relations}


def _everything(hub: Hub, relation: str) -> sa.Select:
    schema, name = ("golden", relation) if hub.dialect == "postgresql" else (None, f"golden_{relation}")
    return sa.select(sa.text("*")).select_from(sa.table(name, schema=schema))


def _told(row: sa.RowMapping) -> str:
    kept: dict[str, Any] = {k: bool(v) if k == "is_primary" else v for k, v in row.items() if k not in _SKIPPED}
    # An open version and a closed one differ, whenever it was closed.
    if "known_to" in row:
        kept["known_to"] = row["known_to"] is not None
    return json.dumps(kept, sort_keys=True, default=str)
