"""Opening a run: its bounds, its past, its bench; and sweeping what unpublished runs left behind."""

import json

import sqlalchemy as sa

from mdm import fingerprint, intake, model
from mdm.bench import Bench
from mdm.context import Context
from mdm.entity import Entity
from mdm.hub import Run, version
from mdm.hub import run as record


def opened(context: Context, entity: Entity, number: int, *, full: bool) -> Run:
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
        base_at=record.utc(past["started_at"]) if past else None, memory=memory, bench=_bench(context, entity, landed, anew=full),
        settings=context.settings, full=full or changed, model=active,
    )  # fmt: skip


def _bench(context: Context, entity: Entity, landed: int, *, anew: bool) -> Bench:
    bench = context.bench(entity.name)
    wanted = fingerprint.of_bench(context.hub, entity)
    held = dict(bench.execute("select key, value from bench.meta")) if bench.has("bench.meta") else {}
    if anew or any(held.get(k) != v for k, v in wanted.items()) or int(held.get("landed_seq", 0)) > landed:
        bench.empty()
        intake.open_tables(bench, entity)
        for key, value in {**wanted, "complete_since": str(landed)}.items():
            bench.execute("insert or replace into bench.meta values (?, ?)", [key, value])
    return bench


def recorded(context: Context, run: Run) -> None:
    part = context.hub.fixed["run_entity"]
    with context.hub.begin() as tx:
        tx.execute(part.insert().values(
            run_id=run.number, entity=run.entity, state="running", started_at=run.started_at, base_run=run.base,
            landed_seq=run.landed_seq, event_seq=run.event_seq, model=run.model))  # fmt: skip


def sweep(context: Context, entity: Entity) -> None:
    """Take away what unpublished runs of this entity left behind: crashed, planned or held."""
    hub, part = context.hub, context.hub.fixed["run_entity"]
    with hub.read() as session:
        base = record.pointer(session.connection, hub.fixed, entity.name)
        left = session.rows(
            sa.select(part.c.run_id).where(
                part.c.entity == entity.name, part.c.state.in_(["running", "planned", "held", "failed"])
            )
        )
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
