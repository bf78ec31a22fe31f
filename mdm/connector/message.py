"""What a connector says while it reads: messages, in order.

Everything before a checkpoint is durable before that checkpoint is stored. Reading on from any checkpoint repeats
nothing that a comparison could not tell, and loses nothing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import polars as pl

OPERATIONS = ("upsert", "delete", "inactive", "merged_into")
RECORDS = pl.Schema(
    {
        "source_key": pl.String,
        "payload": pl.String,
        "source_time": pl.Int64,
        "op": pl.String,
        "merged_into": pl.String,
        "position": pl.String,
    }
)
REJECTED = pl.Schema({"position": pl.String, "reason": pl.String, "excerpt": pl.String})
EXCERPT = 200


@dataclass(frozen=True)
class Records:
    """A page of records, in the source's own order.

    `frame` has the columns of RECORDS: `source_key` (parts of a composite key joined with `|`, escaped by `\\`),
    `payload` (JSON text of what the source said), `source_time` (microseconds since 1970, UTC, or null), `op`,
    `merged_into` (the winner's key or null) and `position` (where it stood, in words). `fields` are the top-level
    field names seen in this page, in order; empty when there is no payload, as in a feed of deletions. In a `tabular`
    page every record has every field, so a field that is absent is gone; a document may just have nothing to say.
    """

    frame: pl.DataFrame
    fields: tuple[str, ...] = ()
    tabular: bool = False


@dataclass(frozen=True)
class Rejected:
    """Records that could not be read at all; `frame` has the columns of REJECTED."""

    frame: pl.DataFrame


@dataclass(frozen=True)
class SchemaChange:
    """The source's fields differ from those it had before; `retyped` maps a field to (old type, new type)."""

    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    retyped: Mapping[str, tuple[str, str]] = field(default_factory=dict)


@dataclass(frozen=True)
class Notice:
    """Something a person should know, that stops nothing."""

    text: str


@dataclass(frozen=True)
class Checkpoint:
    """A place to read on from: opaque JSON without secrets."""

    state: dict[str, Any]


@dataclass(frozen=True)
class Complete:
    """The whole stream was read to its proven end, so what is absent is absent at the source."""


Message = Records | Rejected | SchemaChange | Notice | Checkpoint | Complete


def records(rows: Sequence[Mapping[str, Any]], fields: Sequence[str] = ()) -> Records:
    """A page from rows; columns that are left out are null, and `op` is upsert."""
    frame = pl.DataFrame([{"op": "upsert", **row} for row in rows], schema=RECORDS)
    return Records(frame, tuple(fields))


def rejected(rows: Sequence[tuple[str, str, str]]) -> Rejected:
    """Rejections from (position, reason, excerpt)."""
    cut = [(position, reason, excerpt[:EXCERPT]) for position, reason, excerpt in rows]
    return Rejected(pl.DataFrame(cut, schema=REJECTED, orient="row"))
