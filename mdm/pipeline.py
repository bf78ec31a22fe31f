"""The order of the stages, and what surrounds them: run records, locks, sums, gates and the release.

The only room that knows the order. Everything here can be interrupted at any point and run again.
"""

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import replace

import sqlalchemy as sa

import mdm
from mdm import audit, catalog, fault, fingerprint, intake, mapping, model, settings, train
from mdm.bench import Bench
from mdm.connector import Context as World
from mdm.context import Context
from mdm.entity import Entity
from mdm.errors import ConflictError, LedgerError, MdmError, NotFoundError, UsageError
from mdm.hub import Run, version
from mdm.hub import run as record
from mdm.hub.migration import current
from mdm.report import EntityReport, Report, StreamReport
from mdm.stages import check, cluster, land, match, publish, standardise, survive

Progress = Callable[[str, str], None]
_MEASURED = ("created", "changed", "merged", "split", "retired", "restored")


def _silent(_stage: str, _words: str) -> None:
    return None


def begin(context: Context) -> int:
    """A new run number."""
    with context.hub.begin() as tx:
        return record.begin(tx.connection, context.hub.fixed, actor=context.actor, version=mdm.__version__)


def sync(
    context: Context, names: Sequence[str] = (), *, number: int | None = None, accept_shrink: bool = False, progress: Progress = _silent
) -> list[StreamReport]:
    """Pull and land the sources named, or all; a stream that fails does not stop the others."""
    current(context.hub)
    chosen = [context.settings.source(n) for n in names] or list(context.settings.sources.values())
    for source in chosen:
        for stream in source.streams.values():
            mapping.validated(stream, context.entities)
    number = number if number is not None else begin(context)
    reports = []
    for source in chosen:
        try:
            with context.hub.lock(f"source:{source.name}"):
                reports += _sync(context, source, number, accept_shrink=accept_shrink, progress=progress)
        except MdmError as error:
            reports.append(StreamReport(source.name, "", error=str(error)))
    return reports


def _sync(context: Context, source: settings.Source, number: int, *, accept_shrink: bool, progress: Progress) -> list[StreamReport]:
    connector = catalog.connector(source)
    world = World(home=context.settings.folder, resolve=settings.resolve)
    key = context.settings.hub.pseudonym_key
    reports = []
    for stream in source.streams.values():
        started = time.monotonic()
        progress("pull", f"{source.name}/{stream.name}")
        landing = land.Landing(context.hub, source, stream, number, accept_shrink, settings.resolve(key) if key and stream.pseudonymise else None)
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


def run(
    context: Context, names: Sequence[str] = (), *, pull: bool = True, full: bool = False, plan: bool = False, gated: bool = True, progress: Progress = _silent
) -> Report:
    """Pull, then take every entity named (or all) from landed records to a publication, a plan, or a held plan."""
    current(context.hub)
    for name in names:
        context.entity(name)
    chosen = [e for e in context.entities.values() if not names or e.name in names]
    number = begin(context)
    report = Report(number)
    if pull:
        report.sources = sync(context, _feeding(context, chosen), number=number, progress=progress)
    for entity in chosen:
        with context.hub.lock(f"entity:{entity.name}"):
            report.entities.append(_run(context, entity, number, full=full, plan=plan, gated=gated, progress=progress))
    return report


def _feeding(context: Context, entities: Sequence[Entity]) -> list[str]:
    wanted = {e.name for e in entities}
    return [s.name for s in context.settings.sources.values() if any(wanted & set(t.entities) for t in s.streams.values())]


def train_model(context: Context, name: str, *, activate: bool = False, progress: Progress = _silent) -> tuple[model.Model, int]:
    """Fit the next model of an entity to what has landed (pulling first if nothing has); returns it and its number."""
    entity = context.entity(name)
    current(context.hub)
    number = begin(context)
    with context.hub.read() as session:
        landed = session.scalar(sa.select(sa.func.max(context.hub.fixed["source_record"].c.seq)))
    if not landed:
        sync(context, _feeding(context, [entity]), number=number, progress=progress)
    with context.hub.lock(f"entity:{name}"):
        run = _opened(context, entity, number, full=False)
        try:
            _prepare(context, entity, run, {}, progress)
            fitted = train.fitted(run.bench, entity)
        finally:
            run.bench.close()
        with context.hub.begin() as tx:
            saved = model.save(tx, context.hub, fitted)
            audit.record(tx, "train", actor=context.actor, entity=name, object=str(saved), after=dict(fitted.evidence))
            if activate:
                model.activate(tx, context.hub, name, saved)
                audit.record(tx, "activate", actor=context.actor, entity=name, object=str(saved))
    return fitted, saved


def _run(context: Context, entity: Entity, number: int, *, full: bool, plan: bool, gated: bool, progress: Progress) -> EntityReport:
    _sweep(context, entity)
    report = EntityReport(entity.name, number)
    run = _opened(context, entity, number, full=full)
    _record(context, run)
    try:
        run = _prepare(context, entity, run, report.seconds, progress)
        run = _with_model(context, entity, run, report, progress)
        tallies = {}
        for stage in (match, cluster, survive, publish):
            tallies[stage.__name__] = _timed(stage, context, entity, run, report, progress)
        _judge(context, entity, run, report, tallies[publish.__name__], plan=plan, gated=gated)
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
    return tally


def _opened(context: Context, entity: Entity, number: int, *, full: bool) -> Run:
    """A run with its bounds and its past; the bench is made anew where it is not of this hub or these rules."""
    hub = context.hub
    print_of = fingerprint.of_entity(entity)
    with hub.read() as session:
        base = record.pointer(session.connection, hub.fixed, entity.name)
        past = record.record_of(session.connection, hub.fixed, entity.name, base) if base else None
        landed = session.scalar(sa.select(sa.func.max(hub.fixed["source_record"].c.seq))) or 0
        said = session.scalar(sa.select(sa.func.max(hub.fixed["event"].c.seq))) or 0
        active = model.active(session, hub, entity.name)
    memory = json.loads(past["memory"]) if past and past["memory"] else {}
    changed = memory.get("entity") != print_of or (past is not None and past["model"] != active)
    return Run(
        number=number, entity=entity.name, started_at=record.now(), landed_seq=landed, event_seq=said, base=base,
        base_landed_seq=past["landed_seq"] if past else 0, base_event_seq=past["event_seq"] if past else 0,
        base_at=record.utc(past["published_at"]) if past else None, memory=memory, bench=_bench(context, entity, print_of, landed),
        settings=context.settings, full=full or changed, model=active,
    )  # fmt: skip


def _bench(context: Context, entity: Entity, print_of: str, landed: int) -> Bench:
    bench = context.bench(entity.name)
    wanted = {"hub": context.hub.identity(), "entity": print_of}
    held = dict(bench.execute("select key, value from bench.meta")) if bench.has("bench.meta") else {}
    if any(held.get(k) != v for k, v in wanted.items()) or int(held.get("landed_seq", 0)) > landed:
        bench.empty()
        intake.open_tables(bench, entity)
        for key, value in {**wanted, "complete_since": str(landed)}.items():
            bench.execute("insert or replace into bench.meta values (?, ?)", [key, value])
    return bench


def _record(context: Context, run: Run) -> None:
    part = context.hub.fixed["run_entity"]
    with context.hub.begin() as tx:
        tx.execute(part.insert().values(
            run_id=run.number, entity=run.entity, state="running", started_at=run.started_at, base_run=run.base,
            landed_seq=run.landed_seq, event_seq=run.event_seq, model=run.model))  # fmt: skip


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
    intake.changed(context.hub, entity, run)
    return run


def _with_model(context: Context, entity: Entity, run: Run, report: EntityReport, progress: Progress) -> Run:
    """A run without a model trains number 1 and says so."""
    if run.model is not None or not entity.comparisons:
        return run
    progress("train", entity.name)
    started = time.monotonic()
    fitted = train.fitted(run.bench, entity)
    with context.hub.begin() as tx:
        number = model.save(tx, context.hub, fitted)
        model.activate(tx, context.hub, entity.name, number)
        part = context.hub.fixed["run_entity"]
        tx.execute(part.update().where(part.c.run_id == run.number, part.c.entity == entity.name).values(model=number))
    report.seconds["train"] = time.monotonic() - started
    report.notes.append(f"there was no match model: trained and activated model {number} on {fitted.evidence['records']} records")
    return replace(run, model=number)


def _judge(context: Context, entity: Entity, run: Run, report: EntityReport, tally, *, plan: bool, gated: bool) -> None:
    """Hold the second sum, then publish, keep as a plan, or hold at a gate."""
    hub = context.hub
    with hub.read() as session:
        sums = publish.sums(session, entity, run)
    report.live = {k: sums[k] for k in ("members", "quarantined", "suppressed")}
    report.pairs, report.queued = sums["pairs"], sums["queued"]
    report.golden = {**{k: tally.counts[k] for k in _MEASURED}, "total": sums["total"]}
    found = sum(report.live.values())
    if sums["live"] != found:
        with hub.begin() as tx:
            record.mark(tx.connection, hub.fixed, run, state="failed", message="the second sum does not hold")
        raise LedgerError(
            f"{entity.name}, run {run.number}: {sums['live']} live source records, but {found} are members, quarantined or suppressed "
            f"({report.live}); nothing was published. Run `mdm run {entity.name} --full`, and report it if it stays"
        )
    report.reconciled = True
    counts = {**report.live, "pairs": report.pairs, "queued": report.queued, **report.golden, "live": sums["live"]}
    changes = sum(tally.counts.values())
    over = _over(context, entity, counts, sums) if gated and not plan and run.base else []
    report.notes += over
    report.state = "planned" if plan else "held" if over else "published"
    memory = {
        "entity": fingerprint.of_entity(entity), "hot": match.hot_names(run.bench),
        "mapping": {str(s): mapping.fingerprint(s) for s, _ in intake.mapped_streams(run.settings, entity)},
        "releases": _releases(context, entity),
    }  # fmt: skip
    fault.point("release.before")
    with hub.begin() as tx:
        record.mark(tx.connection, hub.fixed, run, memory=memory, counts=counts, changes=changes, state=report.state, message="; ".join(over) or None)
        if report.state == "published":
            record.release(tx.connection, hub.fixed, entity.name, run.number, changes)
    fault.point("release.after")


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


def _sweep(context: Context, entity: Entity) -> None:
    """Take away what unpublished runs of this entity left behind: crashed, planned or held."""
    hub, part = context.hub, context.hub.fixed["run_entity"]
    with hub.read() as session:
        base = record.pointer(session.connection, hub.fixed, entity.name)
        left = session.rows(sa.select(part.c.run_id).where(part.c.entity == entity.name, part.c.state.in_(["running", "planned", "held", "failed"])))
    if not left:
        return
    for table in hub.tables(entity.name).versioned:
        version.sweep(hub.engine, table, base)
    for name in ("retired_id", "rule_in_force"):
        version.sweep(hub.engine, hub.fixed[name], base, hub.fixed[name].c.entity == entity.name)
    with hub.begin() as tx:
        for row in left:
            for name in ("change_log", "quality_figure"):
                table = hub.fixed[name]
                tx.execute(table.delete().where(table.c.entity == entity.name, table.c.run_id == row["run_id"]))
            tx.execute(part.update().where(part.c.entity == entity.name, part.c.run_id == row["run_id"]).values(state="swept"))


def approve(context: Context, number: int, *, reason: str = "approved", progress: Progress = _silent) -> Report:
    """Publish the plans of a run; one that another run has swept is computed again under a new number."""
    report = Report(number)
    for part in _parts(context, number):
        entity = context.entity(part["entity"])
        with context.hub.lock(f"entity:{entity.name}"):
            state = _parts(context, number, entity.name)[0]["state"]
            if state == "swept":
                again = begin(context)
                report.entities.append(_run(context, entity, again, full=False, plan=False, gated=False, progress=progress))
                report.entities[-1].notes.append(f"the plan of run {number} was stale: computed again as run {again}")
            elif state in ("planned", "held"):
                _publish_plan(context, entity, number, reason)
                report.entities.append(_told(context, entity, number))
    if not report.entities:
        raise ConflictError(f"run {number} holds no plan; see `mdm status`")
    return report


def _publish_plan(context: Context, entity: Entity, number: int, reason: str) -> None:
    hub = context.hub
    with hub.begin() as tx:
        part = record.record_of(tx.connection, hub.fixed, entity.name, number)
        audit.record(tx, "approve", actor=context.actor, entity=entity.name, object=str(number), reason=reason, after=json.loads(part["counts"]))
        record.release(tx.connection, hub.fixed, entity.name, number, part["changes"])


def reject(context: Context, number: int, *, reason: str) -> list[str]:
    """Drop the plans of a run; readers never saw them. Returns the entities."""
    if not reason.strip():
        raise UsageError("a rejection needs a reason; add --reason '...'")
    dropped = []
    for part in _parts(context, number):
        if part["state"] in ("planned", "held"):
            entity = context.entity(part["entity"])
            with context.hub.lock(f"entity:{entity.name}"):
                with context.hub.begin() as tx:
                    audit.record(tx, "reject", actor=context.actor, entity=entity.name, object=str(number), reason=reason)
                _sweep(context, entity)
                with context.hub.begin() as tx:
                    table = context.hub.fixed["run_entity"]
                    tx.execute(table.update().where(table.c.entity == entity.name, table.c.run_id == number).values(state="rejected", message=reason))
            dropped.append(entity.name)
    if not dropped:
        raise ConflictError(f"run {number} holds no plan; see `mdm status`")
    return dropped


def _parts(context: Context, number: int, entity: str | None = None) -> Sequence[sa.RowMapping]:
    part = context.hub.fixed["run_entity"]
    with context.hub.read() as session:
        rows = session.rows(sa.select(part).where(part.c.run_id == number, sa.true() if entity is None else part.c.entity == entity).order_by(part.c.entity))
    if not rows:
        raise NotFoundError(f"there is no run {number}; see `mdm status`")
    return rows


def _told(context: Context, entity: Entity, number: int) -> EntityReport:
    part = _parts(context, number, entity.name)[0]
    counts = json.loads(part["counts"])
    golden = {k: counts[k] for k in (*_MEASURED, "total")}
    live = {k: counts[k] for k in ("members", "quarantined", "suppressed")}
    return EntityReport(entity.name, number, part["state"], live, counts["pairs"], counts["queued"], golden, True)
