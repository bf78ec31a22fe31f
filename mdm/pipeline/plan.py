"""Plans: what a run would change, held until a person answers."""

import json
from collections.abc import Sequence

import sqlalchemy as sa

from mdm import audit
from mdm.context import Context
from mdm.entity import Entity
from mdm.errors import ConflictError, NotFoundError, UsageError
from mdm.hub import run as record
from mdm.pipeline.opening import sweep
from mdm.pipeline.order import MEASURED, resolved
from mdm.pipeline.pull import Progress, begin, silent
from mdm.report import EntityReport, Report


def approve(context: Context, number: int, *, reason: str = "approved", progress: Progress = silent) -> Report:
    """Publish the plans of a run; one that another run has swept is computed again under a new number."""
    report = Report(number)
    for part in _parts(context, number):
        entity = context.entity(part["entity"])
        with context.hub.lock(f"entity:{entity.name}"):
            now = _parts(context, number, entity.name)[0]
            state = now["state"]
            # A run that broke down has no counts: it never became a plan.
            if state == "swept" and now["counts"] is not None:
                again = begin(context)
                report.entities.append(resolved(context, entity, again, full=False, plan=False, gated=False, progress=progress))
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
        assert part is not None
        audit.record(
            tx,
            "approve",
            actor=context.actor,
            entity=entity.name,
            object=str(number),
            reason=reason,
            after=json.loads(part["counts"]),
        )
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
                sweep(context, entity)
                with context.hub.begin() as tx:
                    table = context.hub.fixed["run_entity"]
                    tx.execute(
                        table.update()
                        .where(table.c.entity == entity.name, table.c.run_id == number)
                        .values(state="rejected", message=reason)
                    )
            dropped.append(entity.name)
    if not dropped:
        raise ConflictError(f"run {number} holds no plan; see `mdm status`")
    return dropped


def _parts(context: Context, number: int, entity: str | None = None) -> Sequence[sa.RowMapping]:
    part = context.hub.fixed["run_entity"]
    with context.hub.read() as session:
        rows = session.rows(
            sa.select(part)
            .where(part.c.run_id == number, sa.true() if entity is None else part.c.entity == entity)
            .order_by(part.c.entity)
        )
    if not rows:
        raise NotFoundError(f"there is no run {number}; see `mdm status`")
    return rows


def _told(context: Context, entity: Entity, number: int) -> EntityReport:
    part = _parts(context, number, entity.name)[0]
    counts = json.loads(part["counts"])
    golden = {k: counts[k] for k in (*MEASURED, "total")}
    live = {k: counts[k] for k in ("members", "quarantined", "suppressed")}
    return EntityReport(entity.name, number, part["state"], live, counts["pairs"], counts["queued"], golden, True)
