"""What a contract suite tests, and reading it as a runner would."""

import json
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from unittest import SkipTest

import polars as pl

from mdm.connector import Checkpoint, Connector, Context, Message, Records, StreamRequest


@dataclass(frozen=True)
class Subject:
    """What is tested: how to make the connector, where it reads, what it is asked, and what must come out.

    `keys` are the source keys each stream holds. `again` is how many records a connector may give a second time when it
    goes on from a checkpoint. `secrets` must never show; `failing` makes connectors whose reading must end in an error.

    The rest can only be tested with a hand at the source; what is left out is skipped. `delete(stream, key)` removes a
    record at the source. `expire()` ends every session at the source. `wrong_password` makes a connector whose
    credentials are wrong, and `login_attempts()` tells how often the source was shown credentials so far (where there
    is no login: how many calls came in). `settings` are further settings of each stream, by which the runner lands it.
    """

    connector: Callable[[], Connector]
    context: Context
    requests: Sequence[StreamRequest]
    keys: Mapping[str, Collection[str]]
    again: int = 0
    secrets: Sequence[str] = ()
    failing: Sequence[Callable[[], Connector]] = field(default=())
    delete: Callable[[str, str], None] | None = None
    expire: Callable[[], None] | None = None
    wrong_password: Callable[[], Connector] | None = None
    login_attempts: Callable[[], int] | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)


Opened = Callable[[Path], AbstractContextManager[Subject]]
Law = Callable[[Subject], None]


def needed(hook: Any, name: str) -> None:
    """Skip a test whose hand at the source is not offered, and say which it was."""
    if hook is None:
        raise SkipTest(f"the subject offers no `{name}`")


def world(subject: Subject) -> Context:
    """The world as a new run would give it."""
    return replace(subject.context, streams=tuple(subject.requests))


def read(subject: Subject, request: StreamRequest, state: Message | None = None) -> list[Message]:
    """Everything a new connector says from a checkpoint on."""
    return list(reading(subject, request, state))


def reading(subject: Subject, request: StreamRequest, state: Message | None) -> Iterator[Message]:
    """A new connector's messages from a checkpoint on; its state has been through a hub."""
    stored = json.loads(json.dumps(state.state)) if isinstance(state, Checkpoint) else None
    return subject.connector().read(world(subject), request, stored)


def until_checkpoint(subject: Subject, request: StreamRequest, state: Message | None) -> tuple[list[Message], bool]:
    """The messages up to the next checkpoint, and whether the reading ends there."""
    piece: list[Message] = []
    messages = reading(subject, request, state)
    for message in messages:
        piece.append(message)
        if isinstance(message, Checkpoint):
            return piece, next(messages, None) is None
    raise AssertionError(f"{request.stream}: a reading ended without a checkpoint")


def frames(messages: Sequence[Message]) -> list[pl.DataFrame]:
    """The pages of records among some messages."""
    return [message.frame for message in messages if isinstance(message, Records)]


def versions(messages: Sequence[Message]) -> list[tuple[Any, ...]]:
    """Every record said, in order; where it stood is left out."""
    return [row for frame in frames(messages) for row in frame.drop("position").iter_rows()]


def table(messages: Sequence[Message]) -> dict[str, tuple[Any, ...]]:
    """The last version of each key, as a runner would have it."""
    return {row[0]: row[1:] for row in versions(messages)}


def same_table(request: StreamRequest, whole: Sequence[Message], pieces: Sequence[Message], where: str) -> None:
    """Hold that some pieces make the same records as the whole."""
    wanted, got = table(whole), table(pieces)
    lost = sorted(set(wanted) - set(got))
    assert not lost, f"{request.stream}: reading on from {where} lost {len(lost)} records, such as {lost[0]!r}"
    other = sorted(key for key in got if got[key] != wanted.get(key))
    assert not other, f"{request.stream}: reading on from {where} told {other[0]!r} in another way"
