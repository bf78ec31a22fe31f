"""Pull: every stream of the sources named, landed; one that fails does not stop the others."""

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import replace

import mdm
from mdm import catalog, mapping, settings
from mdm.connector import Connector
from mdm.connector import Context as World
from mdm.context import Context
from mdm.entity import Entity
from mdm.errors import FullReconcileRequired, LedgerError, MdmError
from mdm.hub import run as record
from mdm.hub.migration import current
from mdm.report import StreamReport
from mdm.stages import land

log = logging.getLogger("mdm")

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
    anew: bool = False,
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
                reports += _sync(context, source, number, accept_shrink=accept_shrink, anew=anew, progress=progress)
        except LedgerError:
            raise
        except MdmError as error:
            reports.append(StreamReport(source.name, "", error=str(error)))
    return reports


def _sync(
    context: Context, source: settings.Source, number: int, *, accept_shrink: bool, anew: bool, progress: Progress
) -> list[StreamReport]:
    connector = catalog.connector(source)
    world = World(home=context.settings.folder, resolve=settings.resolve)
    key = context.settings.hub.pseudonym_key
    reports = []
    for stream in source.streams.values():
        progress("pull", f"{source.name}/{stream.name}")
        secret = settings.resolve(key) if key and stream.pseudonymise else None
        landing = land.Landing(context.hub, source, stream, number, accept_shrink, pseudonym_key=secret)
        reports.append(_landed(landing, connector, world, anew=anew))
    return reports


def _landed(landing: land.Landing, connector: Connector, world: World, *, anew: bool) -> StreamReport:
    """One stream landed, or why it was not; only a sum that does not hold stops the others."""
    started = time.monotonic()
    report = StreamReport(*landing.names)
    try:
        try:
            tally = land.run(landing, connector, world)
        except FullReconcileRequired:
            if not anew:
                raise
            tally = land.run(replace(landing, anew=True), connector, world)
        report.read, report.notes = tally.counts, tally.notes
    except LedgerError:
        raise
    except Exception as error:
        # A connector is somebody else's code: whatever it raises must not stop the other streams.
        told = (
            str(error) if isinstance(error, MdmError) else f"the connector failed with {type(error).__name__}: {error}; report it"
        )
        log.debug("stream failed", exc_info=error)
        report.error = world.secrets.redact(told)
        land.failed(landing, report.error)
        report.read, report.notes = land.counted(landing)
    report.seconds = time.monotonic() - started
    return report


def feeding(context: Context, entities: Sequence[Entity]) -> list[str]:
    """The sources that feed these entities."""
    wanted = {e.name for e in entities}
    return [s.name for s in context.settings.sources.values() if any(wanted & set(t.entities) for t in s.streams.values())]
