"""A connector that says what a test wrote down, and a hub to land it in."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from mdm.connector import (
    PER_SECOND,
    Checkpoint,
    Complete,
    Context,
    Finding,
    Message,
    Option,
    Records,
    Stream,
    StreamRequest,
    chosen,
    records,
)
from mdm.hub import Hub, Tally
from mdm.landing import Landing
from mdm.settings import Source, StreamSettings
from mdm.stages import land


class Scripted:
    """Says the messages of its script, after the first `state["at"]`; every call of discover is counted."""

    options = (Option("password", str, help="A reference.", secret=True), PER_SECOND)

    def __init__(self, name: str, options: Mapping[str, Any]) -> None:
        self.name, self.chosen = name, chosen(name, self.options, options)
        self.script: Sequence[Message] | Callable[[Context, StreamRequest], Iterator[Message]] = ()
        self.stream = Stream("things", ("id",), deletes="feed")
        self.discovered = 0
        self.states: list[dict[str, Any] | None] = []

    def check(self, context: Context) -> list[Finding]:
        return [Finding("ok", "well")]

    def discover(self, context: Context) -> list[Stream]:
        self.discovered += 1
        return [self.stream]

    def read(self, context: Context, request: StreamRequest, state: dict[str, Any] | None) -> Iterator[Message]:
        self.states.append(state)
        yield from self.script(context, request) if callable(self.script) else self.script


def rows(*keys: str, op: str = "upsert", times: Mapping[str, int] | None = None, **said: str) -> Records:
    """A page of things, by key; deletions have no payload."""
    known = times or {}
    said_of = [
        {
            "source_key": key, "op": op, "position": key, "source_time": known.get(key),
            "payload": None if op == "delete" else json.dumps({"id": key, **said}),
        }
        for key in keys
    ]  # fmt: skip
    return records(said_of, () if op == "delete" else ("id", *said))


def paged(message: Records, size: int) -> list[Message]:
    """A page cut into smaller ones, with a checkpoint after each."""
    frames = message.frame.iter_slices(size)
    return [part for at, frame in enumerate(frames) for part in (Records(frame, message.fields), Checkpoint({"at": at}))]


@dataclass
class Bay:
    """One stream of one scripted connector, landed run by run."""

    hub: Hub
    shrink: float = 0.2
    delivery: str = "delta"
    connector: Scripted = field(default_factory=lambda: Scripted("src", {}))
    world: Context = field(default_factory=Context)
    number: int = 0

    def land(self, *script: Message, **more: Any) -> Tally:
        """One run over these messages; they end with a checkpoint."""
        self.number += 1
        self.connector.script = [*script, Checkpoint({"run": self.number})]
        return land.run(self.landing(**more), self.connector, self.world)

    def landing(self, **more: Any) -> Landing:
        """What the runner is asked for."""
        settings = StreamSettings("things", "src", ("id",), delivery=self.delivery, shrink=self.shrink)
        return Landing(self.hub, Source("src", "scripted", streams={"things": settings}), settings, self.number, **more)

    def live(self) -> set[str]:
        """The keys that are not deleted."""
        return {row.source_key for row in self.rows("source_record") if row.op != "delete"}

    def rows(self, name: str) -> Sequence[Any]:
        """Every row of a table."""
        with self.hub.read() as session:
            return session.execute(sa.select(self.hub.fixed[name])).all()


COMPLETE = Complete()
