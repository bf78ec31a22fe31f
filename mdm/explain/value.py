"""One golden record: every value with its source, the rule that chose it, and what came second."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import polars as pl
import sqlalchemy as sa

from mdm import decisions, exposure, prepare
from mdm.context import Context
from mdm.entity import Attribute, Entity
from mdm.explain import record
from mdm.explain.contender import Contender, contenders, lead
from mdm.hub import Session
from mdm.hub.run import pointer
from mdm.hub.version import visible

ROLE = "steward"


@dataclass(frozen=True)
class Value:
    """One golden value; `record` is the source record, or the correction, that gave it.

    `contest` holds all who offered a value, the winner first; `flip` is what would have made the runner-up win.
    """

    attribute: str
    value: Any
    record: str | None
    rule: str
    runner_up: Any = None
    runner_up_record: str | None = None
    flip: str | None = None
    contest: tuple[Contender, ...] = ()


@dataclass(frozen=True)
class One:
    """A golden record and where it comes from."""

    golden_id: str
    run: int
    members: tuple[str, ...]
    values: tuple[Value, ...]
    notes: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """The document."""
        return asdict(self)


def one(context: Context, name: str, text: str) -> One:
    """Explain the golden record that a golden id or a source record names."""
    entity = context.entity(name)
    with context.hub.read() as session:
        named = decisions.named(session, name, text)
        golden_id = named.golden_id or decisions.golden_of(session, name, text)
        run = pointer(session.connection, context.hub.fixed, name)
        golden = _golden(session, name, golden_id, run)
        ids = decisions.resolve(session, name, golden_id)
        written = decisions.names(session, ids)
        notes = _notes(session, entity, ids, run)
    if named.golden_id and named.golden_id != text.strip().upper():
        notes = [f"{text.strip()} is retired; {named.golden_id} answers for it", *notes]
    members = record.published(context, entity, ids)
    soft = prepare.failures(members, entity).filter(~pl.col("hard"))
    failed = {a: rows["record_id"] for (a,), rows in soft.group_by("attribute")}
    shown = [a for a in entity.attributes if golden[a.name] is not None]
    values = tuple(_value(entity, a, golden, _Members(members, written, failed)) for a in shown)
    return One(golden_id, run, tuple(sorted(written.values())), values, tuple(notes))


def _golden(session: Session, name: str, golden_id: str, run: int) -> dict[str, Any]:
    table = session.hub.tables(name).golden
    return dict(session.rows(sa.select(table).where(table.c.golden_id == golden_id, visible(table, run)))[0])


def _notes(session: Session, entity: Entity, ids: list[int], run: int) -> list[str]:
    source, part = session.hub.fixed["source_record"], session.hub.fixed["run_entity"]
    seen = session.scalar(sa.select(part.c.landed_seq).where(part.c.entity == entity.name, part.c.run_id == run)) or 0
    counted = sa.select(sa.func.count()).where(session.among(source.c.record_id, ids), source.c.seq > seen)
    newer = session.scalar(counted) or 0
    if not newer:
        return []
    return [f"{newer} of its records have landed anew since run {run}: runner-ups are of today, values of that run"]


@dataclass(frozen=True)
class _Members:
    """The members in published form, how they are written, and whose values failed a soft check."""

    rows: pl.DataFrame
    written: Mapping[int, str]
    failed: Mapping[str, pl.Series]


def _value(entity: Entity, attribute: Attribute, golden: dict[str, Any], members: _Members) -> Value:
    won = json.loads(golden["winners"] or "{}").get(attribute.name, golden["sole"])
    corrected = won is not None and won < 0
    given = f"correction {-won}" if corrected else members.written.get(won)
    hidden = attribute.name in exposure.hidden([attribute], ROLE)
    value = json.loads(golden[attribute.name]) if attribute.type is list else golden[attribute.name]
    rule = "steward" if corrected else _rule(entity, attribute)
    contest = contenders(entity, attribute, members.rows, members.failed, members.written, role=ROLE)
    second = _runner_up(contest, given, exposure.MASK if hidden else value)
    return Value(
        attribute.name,
        exposure.MASK if hidden else value,
        given,
        rule,
        second.value if second else None,
        second.record if second else None,
        second.flip if second else None,
        contest,
    )


def _rule(entity: Entity, attribute: Attribute) -> str:
    leading = lead(entity, attribute)
    return str(attribute.rule) if leading is attribute else f"together with {leading.name}: {leading.rule}"


def _runner_up(contest: Sequence[Contender], given: str | None, value: Any) -> Contender | None:
    """The first who offered another value; where values are masked, the first other record."""
    others = [c for c in contest if c.record != given and c.value is not None]
    return next((c for c in others if c.value != value or c.value == exposure.MASK), None)
