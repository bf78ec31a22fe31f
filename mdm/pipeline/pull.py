"""Pull: every stream of the sources named, landed; one that fails does not stop the others."""

import logging
import time
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import mdm
from mdm import catalog, mapping, settings
from mdm.connector import Budget, Connector
from mdm.connector import Context as World
from mdm.context import Context
from mdm.entity import Entity
from mdm.errors import DeniedError, FullReconcileRequired, LedgerError, MdmError, ShrunkError
from mdm.hub import run as record
from mdm.hub.migration import current
from mdm.landing import Declared, Landing
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
    pull = _Pull(context, number if number is not None else begin(context), accept_shrink, anew, progress)
    reports = []
    for source in chosen:
        try:
            with context.hub.lock(f"source:{source.name}"):
                reports += _sync(pull, source)
        except LedgerError:
            raise
        except MdmError as error:
            reports.append(StreamReport(source.name, "", error=str(error)))
    return reports


@dataclass(frozen=True)
class _Pull:
    """One pull of some sources; those of one tenant share one budget."""

    context: Context
    number: int
    accept_shrink: bool
    anew: bool
    progress: Progress
    budgets: dict[str, Budget] = field(default_factory=dict)

    def budget(self, source: settings.Source, connector: Connector) -> Budget:
        """The budget of a source's tenant; a source whose connector names none is a tenant of its own."""
        tenant = getattr(connector, "tenant", None)
        return self.budgets.setdefault(f"tenant {tenant}" if tenant else f"source {source.name}", Budget())


def _sync(pull: _Pull, source: settings.Source) -> list[StreamReport]:
    context, connector = pull.context, catalog.connector(source)
    world = catalog.world(context.settings, source, pull.budget(source, connector))
    declared, key = Declared(connector, world), context.settings.hub.pseudonym_key
    reports: list[StreamReport] = []
    denied: str | None = None
    for stream in source.streams.values():
        secret = settings.resolve(key) if key and stream.pseudonymise else None
        landing = Landing(
            context.hub, source, stream, pull.number, pull.accept_shrink, pseudonym_key=secret, declared=declared
        )  # fmt: skip
        if denied is not None:
            reports.append(_unasked(landing, denied))
            continue
        pull.progress("pull", f"{source.name}/{stream.name}")
        report, error = _landed(landing, connector, world, anew=pull.anew)
        reports.append(report)
        if isinstance(error, DeniedError) and not error.rights:
            denied = stream.name
    return reports


def _unasked(landing: Landing, denied: str) -> StreamReport:
    """A stream that is not asked for, because the source has refused us: once more for each stream would lock the account."""
    error = f"not asked: the source refused us at stream {denied!r}; correct that first"
    land.failed(landing, error)
    return StreamReport(*landing.names, read=land.counted(landing)[0], error=error)


def _landed(landing: Landing, connector: Connector, world: World, *, anew: bool) -> tuple[StreamReport, Exception | None]:
    """One stream landed, or why it was not; only a sum that does not hold stops the others."""
    started = time.monotonic()
    report, problem = StreamReport(*landing.names), None
    try:
        try:
            tally = land.run(landing, connector, world)
        except (FullReconcileRequired, ShrunkError) as asked:
            # A mass of deletions that a delta sent is true or not: reading everything shows which.
            answered = isinstance(asked, FullReconcileRequired) or landing.stream.delivery == "delta"
            if not (anew and answered):
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
        # Not as `exc_info`: what formats that knows no secrets.
        trace = world.secrets.redact("".join(traceback.format_exception(error)))
        log.debug("stream failed", extra={"source": landing.source.name, "stream": landing.stream.name, "trace": trace})
        problem, report.error = error, world.secrets.redact(told)
        land.failed(landing, report.error)
        report.read, report.notes = land.counted(landing)
    report.seconds = time.monotonic() - started
    return report, problem


def feeding(context: Context, entities: Sequence[Entity]) -> list[str]:
    """The sources that feed these entities."""
    wanted = {e.name for e in entities}
    return [s.name for s in context.settings.sources.values() if any(wanted & set(t.entities) for t in s.streams.values())]
