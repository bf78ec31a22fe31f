"""Reading a connector's messages in a test."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from connectors.files import Files
from mdm.connector import Checkpoint, Complete, Context, Message, Notice, Records, Rejected, StreamRequest


class Said:
    """What a connector said, sorted by kind."""

    def __init__(self, messages: Iterable[Message]) -> None:
        self.messages = list(messages)
        frames = [message.frame for message in self.messages if isinstance(message, Records)]
        self.rows: list[dict[str, Any]] = [row for frame in frames for row in frame.rows(named=True)]
        self.payloads = [json.loads(row["payload"]) for row in self.rows if row["payload"] is not None]
        self.keys = [row["source_key"] for row in self.rows]
        self.rejected = [
            row for m in self.messages if isinstance(m, Rejected) for row in m.frame.select("position", "reason").rows()
        ]
        self.notices = [message.text for message in self.messages if isinstance(message, Notice)]
        self.complete = Complete() in self.messages
        self.states = [message.state for message in self.messages if isinstance(message, Checkpoint)]


def read_files(
    folder: Path,
    path: str | list[str] = "*",
    *,
    key: str = "Id",
    modified: str | None = None,
    state: dict[str, Any] | None = None,
    delivery: str = "delta",
    **options: Any,
) -> Said:
    """What the files connector says of a folder."""
    request = StreamRequest("things", (key,), modified, delivery=delivery)
    return Said(Files("tested", {"path": path, **options}).read(Context(home=folder), request, state))
