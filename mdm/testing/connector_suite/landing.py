"""Laws held through the real runner, on a hub of their own: killed and resumed, told twice, and deleted at the source."""

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

import sqlalchemy as sa

from mdm.connector import Checkpoint, Complete, Connector, Context, Finding, Message, Option, Stream, StreamRequest
from mdm.hub import Hub, Tally, migration
from mdm.settings import Source, StreamSettings
from mdm.stages import land
from mdm.testing.connector_suite.subject import Subject, needed, read, table, world

SOURCE = "tested"
SAID = ("source_key", "op", "source_time", "digest", "payload", "merged_into")
# Deleting the last of some catches a feed that ends one too early.
DELETED = 3
ATTEMPTS = 100
TOLD_BY = ("feed", "field")


class Killed(BaseException):
    """The process is gone: nothing may catch this and go on."""


class _Dying:
    """A connector whose process dies in the middle of the page after so many checkpoints."""

    options: ClassVar[tuple[Option, ...]] = ()

    def __init__(self, connector: Connector, checkpoints: int) -> None:
        self.name, self._connector, self._left = connector.name, connector, checkpoints

    def check(self, context: Context) -> list[Finding]:
        """What the connector says."""
        return self._connector.check(context)

    def discover(self, context: Context) -> list[Stream]:
        """What the connector says."""
        return self._connector.discover(context)

    def read(self, context: Context, request: StreamRequest, state: dict[str, Any] | None) -> Iterator[Message]:
        """What the connector says, up to the end of the process."""
        messages = self._connector.read(context, request, state)
        for message in messages:
            yield message
            if self._left == 0 and next(messages, None) is not None:
                raise Killed
            self._left -= isinstance(message, Checkpoint)


def killed_in_mid_paging_it_resumes(subject: Subject) -> None:
    """A run killed in the middle of every page lands, in the end, what one run without a stop lands."""
    for request in subject.requests:
        with _hub() as straight, _hub() as broken:
            _land(straight, subject, request)
            for attempt in range(1, ATTEMPTS):
                # A full delivery is always read from its beginning: it gets further only when it lives longer.
                lives = attempt if request.delivery == "full" else 1
                try:
                    _land(broken, subject, request, connector=_Dying(subject.connector(), lives))
                except Killed:
                    continue
                break
            else:
                raise AssertionError(f"{request.stream}: never got to the end when killed in every page")
            _same(request, _landed(straight), _landed(broken), "killed in mid-paging")


def landing_it_again_changes_nothing(subject: Subject) -> None:
    """The same delivery a second time, from the start and from where the first ended, writes no new version."""
    for request in subject.requests:
        with _hub() as hub:
            _land(hub, subject, request)
            before = _landed(hub)
            for anew in (False, True):
                tally = _land(hub, subject, request, anew=anew)
                written = {name: tally.counts[name] for name in ("new", "changed", "deleted") if tally.counts[name]}
                assert written == {}, f"{request.stream}: landing the same again wrote {written}"
                _same(request, before, _landed(hub), "landed again")


def a_deletion_is_told(subject: Subject) -> None:
    """What is deleted at the source leaves the hub, in the way the stream declares, and nothing else does."""
    needed(subject.delete, "delete")
    assert subject.delete is not None
    offered = {stream.name: stream for stream in subject.connector().discover(world(subject))}
    for request in subject.requests:
        mode = offered[request.stream].deletes
        assert mode in ("feed", "field", "absence"), f"{request.stream}: deletes = {mode!r}, yet the subject deletes"
        asked = request if mode in TOLD_BY else replace(request, delivery="full")
        with _hub() as hub:
            _land(hub, subject, asked)
            last = read(subject, asked)[-1]
            gone = sorted(subject.keys[request.stream])[-DELETED:]
            for key in gone:
                subject.delete(request.stream, key)
            later = read(subject, asked, last if mode in TOLD_BY else None)
            _told(request, mode, later, gone)
            _land(hub, subject, asked)
            _left(request, hub, gone)


def _told(request: StreamRequest, mode: str, later: Sequence[Message], gone: Sequence[str]) -> None:
    said = table(later)
    if mode == "absence":
        assert any(isinstance(message, Complete) for message in later), f"{request.stream}: never proven complete"
        kept = [key for key in gone if key in said]
        assert not kept, f"{request.stream}: {kept[0]!r} was deleted at the source, and is still said"
        return
    lost = [key for key in gone if key not in said or (mode == "feed" and said[key][2] not in ("delete", "merged_into"))]
    assert not lost, f"{request.stream}: {len(lost)} of {len(gone)} deletions were lost, such as {lost[0]!r}"


def _left(request: StreamRequest, hub: Hub, gone: Sequence[str]) -> None:
    dead = {row[0] for row in _landed(hub)["source_record"] if row[1] == "delete"}
    lost, invented = sorted(set(gone) - dead), sorted(dead - set(gone))
    assert not lost, f"{request.stream}: {len(lost)} deletions did not reach the hub, such as {lost[0]!r}"
    assert not invented, f"{request.stream}: {invented[0]!r} was not deleted at the source, and left the hub"


@contextmanager
def _hub() -> Iterator[Hub]:
    """An empty hub in a folder of its own, where no pattern of the source can see it."""
    with tempfile.TemporaryDirectory() as folder:
        hub = Hub(f"sqlite:///{Path(folder).as_posix()}/hub.db")
        try:
            migration.lay(hub)
            yield hub
        finally:
            hub.dispose()


def _land(hub: Hub, subject: Subject, request: StreamRequest, *, connector: Connector | None = None, anew: bool = False) -> Tally:
    settings = StreamSettings(
        request.stream, SOURCE, request.key, request.modified, request.delivery, 1.0, options=request.options,
        **subject.settings,
    )  # fmt: skip
    source = Source(SOURCE, SOURCE, streams={request.stream: settings})
    number = 1 + max((row[0] for row in _rows(hub, "read_tally", ("run_id",))), default=0)
    landing = land.Landing(hub, source, settings, number, anew=anew)
    return land.run(landing, connector or subject.connector(), world(subject))


def _landed(hub: Hub) -> dict[str, list[tuple[Any, ...]]]:
    """Every version in the hub, without the order in which it came."""
    return {
        "source_record": sorted(_rows(hub, "source_record", SAID), key=repr),
        "source_version": sorted(_rows(hub, "source_version", ("record_id", *SAID[1:])), key=repr),
    }


def _rows(hub: Hub, name: str, columns: Sequence[str]) -> list[tuple[Any, ...]]:
    kept = hub.fixed[name]
    with hub.read() as session:
        return [tuple(row) for row in session.execute(sa.select(*(kept.c[column] for column in columns)))]


def _same(request: StreamRequest, wanted: dict[str, list], got: dict[str, list], where: str) -> None:
    for name, rows in wanted.items():
        lost = [row for row in rows if row not in got[name]]
        more = [row for row in got[name] if row not in rows]
        assert not lost, f"{request.stream}, {where}: {len(lost)} rows of {name} are lost, such as {lost[0]!r}"
        assert not more, f"{request.stream}, {where}: {len(more)} rows of {name} are too many, such as {more[0]!r}"
