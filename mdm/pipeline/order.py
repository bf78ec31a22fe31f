"""The order of the stages: from landed records to a publication, a plan, or a held plan."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

import sqlalchemy as sa

from mdm import audit, blocking, difference, fault, fingerprint, intake, mapping, model, news, spark, suggest, train
from mdm.context import Context
from mdm.entity import Entity
from mdm.errors import BlockingError, LedgerError
from mdm.hub import Run, version
from mdm.hub import run as record
from mdm.hub.migration import current
from mdm.pipeline import losses
from mdm.pipeline.opening import opened, recorded, sweep
from mdm.pipeline.pull import Progress, begin, feeding, silent, sync
from mdm.report import EntityReport, Report
from mdm.stages import check, cluster, match, publish, standardise, survive

MEASURED = ("created", "changed", "merged", "split", "retired", "restored")


@dataclass(frozen=True)
class Trained:
    """A new model, its number, and what it would change of the active one's pairs (None: there is nothing to compare)."""

    fitted: model.Model
    number: int
    differs: difference.Difference | None


def run(
    context: Context,
    names: Sequence[str] = (),
    *,
    pull: bool = True,
    full: bool = False,
    plan: bool = False,
    gated: bool = True,
    progress: Progress = silent,
) -> Report:
    """Pull, then take every entity named (or all) from landed records to a publication, a plan, or a held plan."""
    current(context.hub)
    for name in names:
        context.entity(name)
    chosen = [e for e in context.entities.values() if not names or e.name in names]
    if context.settings.run.engine == "spark":
        # What it cannot do is said before anything is read.
        spark.ready(context.settings.run, chosen)
    number = begin(context)
    report = Report(number)
    if pull:
        report.sources = sync(context, feeding(context, chosen), number=number, anew=full, progress=progress)
    for entity in chosen:
        with context.hub.lock(f"entity:{entity.name}"):
            report.entities.append(resolved(context, entity, number, full=full, plan=plan, gated=gated, progress=progress))
    return report


def train_model(context: Context, name: str, *, activate: bool = False, progress: Progress = silent) -> Trained:
    """Fit the next model of an entity to what has landed (pulling first if nothing has), beside the active one."""
    entity = context.entity(name)
    with _prepared(context, name, progress) as run:
        fitted, differs = _fitted(context, entity, run), None
        if run.model is not None:
            progress("compare", name)
            differs = difference.between(run.bench, entity, model.load(context.hub, name, run.model), fitted)
        if differs is not None:
            fitted = replace(fitted, evidence={**fitted.evidence, "difference": differs.counts})
        with context.hub.begin() as tx:
            saved = model.save(tx, context.hub, fitted)
            audit.record(tx, "train", actor=context.actor, entity=name, object=str(saved), after=dict(fitted.evidence))
            if activate:
                model.activate(tx, context.hub, name, saved)
                audit.record(tx, "activate", actor=context.actor, entity=name, object=str(saved))
    return Trained(fitted, saved, differs)


def compare_models(
    context: Context, name: str, before: int, after: int, *, progress: Progress = silent
) -> difference.Difference | None:
    """What model `after` would change of the pairs of model `before`, by what has landed; None: the rules are others now."""
    old, new = (model.load(context.hub, name, number) for number in (before, after))
    with _prepared(context, name, progress) as run:
        progress("compare", name)
        return difference.between(run.bench, context.entity(name), old, new)


def suggest_model(context: Context, name: str, *, progress: Progress = silent) -> str:
    """A rules file that matches an entity by what has landed (pulling first if nothing has)."""
    with _prepared(context, name, progress) as run:
        progress("suggest", name)
        return suggest.suggested(run.bench, context.entity(name))


def judge_blocking(context: Context, name: str, *, progress: Progress = silent) -> losses.Judged:
    """What the blocking rules of an entity cost and lose, by what has landed (pulling first if nothing has)."""
    with _prepared(context, name, progress) as run:
        progress("blocking", name)
        return losses.judged(context, context.entity(name), run)


@contextmanager
def _prepared(context: Context, name: str, progress: Progress) -> Iterator[Run]:
    """A run of one entity as far as its records are standardised and checked."""
    entity = context.entity(name)
    current(context.hub)
    number = begin(context)
    with context.hub.read() as session:
        landed = session.scalar(sa.select(sa.func.max(context.hub.fixed["source_record"].c.seq)))
    if not landed:
        sync(context, feeding(context, [entity]), number=number, progress=progress)
    with context.hub.lock(f"entity:{name}"):
        run = opened(context, entity, number, full=False)
        try:
            _prepare(context, entity, run, {}, progress)
            yield run
        finally:
            run.bench.close()


def resolved(
    context: Context, entity: Entity, number: int, *, full: bool, plan: bool, gated: bool, progress: Progress
) -> EntityReport:
    sweep(context, entity)
    report = EntityReport(entity.name, number)
    run = opened(context, entity, number, full=full)
    recorded(context, run)
    try:
        run = _prepare(context, entity, run, report.seconds, progress)
        run = _with_model(context, entity, run, report, progress)
        tallies = {}
        for stage in (match, cluster, survive, publish):
            tallies[stage.__name__] = _timed(stage, context, entity, run, report, progress)
        _judge(context, entity, run, report, tallies[publish.__name__], plan=plan, gated=gated)
    except BlockingError as error:
        with context.hub.begin() as tx:
            record.mark(tx.connection, context.hub.fixed, run, state="failed", message=str(error))
        raise
    finally:
        run.bench.close()
    return report


def _timed(stage, context: Context, entity: Entity, run: Run, report: EntityReport, progress: Progress):
    name = stage.__name__.rpartition(".")[2]
    progress(name, entity.name)
    fault.point(f"stage.{name}")
    started = time.monotonic()
    tally = stage.run(context.hub, entity, run)
    report.seconds[name] = time.monotonic() - started
    report.notes += tally.notes
    return tally


def _prepare(context: Context, entity: Entity, run: Run, seconds: dict[str, float], progress: Progress) -> Run:
    """Standardise and check, together: the bench moves from one consistent state to the next."""
    with run.bench.transaction():
        for stage in (standardise, check):
            name = stage.__name__.rpartition(".")[2]
            progress(name, entity.name)
            fault.point(f"stage.{name}")
            started = time.monotonic()
            stage.run(context.hub, entity, run)
            seconds[name] = time.monotonic() - started
        run.bench.execute("delete from bench.touch where seq <= ?", [run.base_landed_seq])
    news.changed(context.hub, entity, run)
    return run


def _with_model(context: Context, entity: Entity, run: Run, report: EntityReport, progress: Progress) -> Run:
    """A run without a model trains number 1 and says so."""
    if run.model is not None or not entity.comparisons:
        return run
    progress("train", entity.name)
    started = time.monotonic()
    fitted = _fitted(context, entity, run)
    with context.hub.begin() as tx:
        number = model.save(tx, context.hub, fitted)
        model.activate(tx, context.hub, entity.name, number)
        part = context.hub.fixed["run_entity"]
        tx.execute(part.update().where(part.c.run_id == run.number, part.c.entity == entity.name).values(model=number))
    report.seconds["train"] = time.monotonic() - started
    report.notes.append(f"there was no match model: trained and activated model {number} on {fitted.evidence['records']} records")
    return replace(run, model=number)


def _fitted(context: Context, entity: Entity, run: Run) -> model.Model:
    with context.hub.read() as session:
        said = train.decided(session, entity.name, run.event_seq)
    return train.fitted(run.bench, entity, said)


def _judge(context: Context, entity: Entity, run: Run, report: EntityReport, tally, *, plan: bool, gated: bool) -> None:
    """Hold the second sum, then publish, keep as a plan, or hold at a gate."""
    hub = context.hub
    with hub.read() as session:
        sums = publish.sums(session, entity, run)
    report.live = {k: sums[k] for k in ("members", "quarantined", "suppressed")}
    report.pairs, report.queued = sums["pairs"], sums["queued"]
    report.golden = {**{k: tally.counts[k] for k in MEASURED}, "total": sums["total"]}
    found = sum(report.live.values())
    if sums["live"] != found:
        with hub.begin() as tx:
            record.mark(tx.connection, hub.fixed, run, state="failed", message="the second sum does not hold")
        raise LedgerError(
            f"{entity.name}, run {run.number}: {sums['live']} live source records, but {found} are members, quarantined "
            "or suppressed "
            f"({report.live}); nothing was published. Run `mdm run {entity.name} --full`, and report it if it stays"
        )
    report.reconciled = True
    counts = {**report.live, "pairs": report.pairs, "queued": report.queued, **report.golden, "live": sums["live"]}
    changes = sum(tally.counts.values())
    over = _over(context, entity, counts, sums) if gated and not plan and run.base else []
    report.notes += over
    report.state = "planned" if plan else "held" if over else "published"
    memory = {
        "entity": fingerprint.of_entity(entity), "hot": blocking.hot_names(run.bench),
        "mapping": {str(s): mapping.fingerprint(s) for s, _ in intake.mapped_streams(run.settings, entity)},
        "releases": _releases(context, entity),
    }  # fmt: skip
    fault.point("release.before")
    with hub.begin() as tx:
        record.mark(
            tx.connection,
            hub.fixed,
            run,
            memory=memory,
            counts=counts,
            changes=changes,
            state=report.state,
            message="; ".join(over) or None,
        )
        if report.state == "published":
            record.release(tx.connection, hub.fixed, entity.name, run.number, changes)
    fault.point("release.after")
    if report.state == "published":
        # A pair that is no longer one is nobody's history.
        version.prune(hub.engine, hub.tables(entity.name).pair, run.number)


def _releases(context: Context, entity: Entity) -> dict[str, int]:
    with context.hub.read() as session:
        return {k.to: record.pointer(session.connection, context.hub.fixed, k.to) for k in entity.links if k.to != entity.name}


def _over(context: Context, entity: Entity, counts: dict[str, int], sums: dict[str, int]) -> list[str]:
    """The gates that this run is beyond, in words."""
    words = []
    for name, limit in context.settings.gates.get(entity.name, {}).items():
        of = max(sums["live"], 1) if name == "quarantined" else max(counts["total"], 1)
        share = counts.get(name, 0) / of
        if share > limit:
            words.append(f"{name}: {counts.get(name, 0)} of {of} ({share:.1%}) is more than the gate's {limit:.1%}")
    return words
