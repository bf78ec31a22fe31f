"""Pull: every stream of the sources named, landed; one that fails does not stop the others."""

import time
from collections.abc import Callable, Sequence

import mdm
from mdm import catalog, mapping, settings
from mdm.connector import Context as World
from mdm.context import Context
from mdm.entity import Entity
from mdm.errors import MdmError
from mdm.hub import run as record
from mdm.hub.migration import current
from mdm.report import StreamReport
from mdm.stages import land

Progress = Callable[[str, str], None]


def silent(_stage: str, _words: str) -> None:
    """No progress is told."""


def begin(context: Context) -> int:
    """A new run number."""
    with context.hub.begin() as tx:
        return record.begin(tx.connection, context.hub.fixed, actor=context.actor, version=mdm.__version__)


def sync(
    context: Context,
    names: Sequence[str] = (),
    *,
    number: int | None = None,
    accept_shrink: bool = False,
    progress: Progress = silent,
) -> list[StreamReport]:
    """Pull and land the sources named, or all; a stream that fails does not stop the others."""
    current(context.hub)
    chosen = [context.settings.source(n) for n in names] or list(context.settings.sources.values())
    for source in chosen:
        for stream in source.streams.values():
            mapping.validated(stream, context.entities, context.settings.sources)
    number = number if number is not None else begin(context)
    reports = []
    for source in chosen:
        try:
            with context.hub.lock(f"source:{source.name}"):
                reports += _sync(context, source, number, accept_shrink=accept_shrink, progress=progress)
        except MdmError as error:
            reports.append(StreamReport(source.name, "", error=str(error)))
    return reports


def _sync(
    context: Context, source: settings.Source, number: int, *, accept_shrink: bool, progress: Progress
) -> list[StreamReport]:
    connector = catalog.connector(source)
    world = World(home=context.settings.folder, resolve=settings.resolve)
    key = context.settings.hub.pseudonym_key
    reports = []
    for stream in source.streams.values():
        started = time.monotonic()
        progress("pull", f"{source.name}/{stream.name}")
        landing = land.Landing(
            context.hub, source, stream, number, accept_shrink, settings.resolve(key) if key and stream.pseudonymise else None
        )
        report = StreamReport(source.name, stream.name)
        try:
            tally = land.run(landing, connector, world)
            report.read, report.notes = tally.counts, tally.notes
        except MdmError as error:
            report.error = world.secrets.redact(str(error))
            land.failed(landing, report.error)
            report.read, report.notes = land.counted(landing)
        report.seconds = time.monotonic() - started
        reports.append(report)
    return reports


def feeding(context: Context, entities: Sequence[Entity]) -> list[str]:
    wanted = {e.name for e in entities}
    return [s.name for s in context.settings.sources.values() if any(wanted & set(t.entities) for t in s.streams.values())]
