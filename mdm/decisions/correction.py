"""Corrections, hand-made records and waivers: what stewards say about one record.

A correction belongs to one source record and follows it through merges and splits; of several about the same value the
newest stands. A golden record made by hand is an ordinary record of the source `steward`, scored like any other.
"""

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

import polars as pl
import sqlalchemy as sa

from mdm import audit, digest, prepare
from mdm.decisions import ledger
from mdm.decisions.records import RecordName, founder
from mdm.entity import Attribute, Entity
from mdm.errors import NotFoundError, UsageError
from mdm.hub import Session
from mdm.hub.run import now, pointer
from mdm.hub.source import next_seq
from mdm.hub.version import visible

STEWARD = "steward"


def set_value(
    tx: Session, entity: str, record: str, attribute: str, value: str, *, actor: str, reason: str, until: datetime | None = None
) -> int:
    """Say what a value is, whatever the sources say; returns the correction's number."""
    declared = tx.hub.entities[entity]
    reason, asked = ledger.reasoned(reason), _attribute(declared, attribute)
    audit.serialise(tx)
    anchor = founder(tx, entity, record)
    shown = checked(declared, {attribute: value})[attribute]
    if until is not None and until <= now():
        raise UsageError(f"--until {until.isoformat()} has passed already; give a time to come")
    number = ledger.next_number(tx)
    before = _published(tx, entity, anchor.records[0], asked)
    exposed = "***" if asked.exposure == "sensitive" else shown
    seq = audit.record(
        tx, "set", actor=actor, entity=entity, object=f"correction:{number}", reason=reason, before=before,
        after={"record": anchor.text, "attribute": attribute, "value": exposed, "until": until},
    )  # fmt: skip
    values = {
        "number": number, "entity": entity, "record_id": anchor.records[0], "attribute": attribute, "value": value.strip(),
        "until": until, "reason": reason,
    }  # fmt: skip
    ledger.write(tx, "correction", values, actor=actor, event_seq=seq)
    return number


def create(tx: Session, entity: str, values: Mapping[str, str], *, actor: str, reason: str) -> int:
    """Make a golden record by hand; returns its number, which is the key of the record `steward/ENTITY:NUMBER`."""
    declared = tx.hub.entities[entity]
    reason = ledger.reasoned(reason)
    missing = [a.name for a in declared.attributes if a.required and not values.get(a.name, "").strip()]
    if missing:
        raise UsageError(f"a {entity} needs {', '.join(missing)}; add {missing[0]}=...")
    shown = checked(declared, values)
    number = ledger.next_number(tx)
    name = RecordName(STEWARD, entity, str(number))
    hidden = {a.name for a in declared.attributes if a.exposure == "sensitive"}
    audit.record(
        tx, "create", actor=actor, entity=entity, object=str(name), reason=reason,
        after={k: "***" if k in hidden else v for k, v in shown.items()},
    )  # fmt: skip
    _land(tx, name, json.dumps({k: v.strip() for k, v in values.items()}, sort_keys=True, ensure_ascii=False))
    return number


def release(tx: Session, entity: str, record: str, rule: str, *, actor: str, reason: str) -> list[int]:
    """Let a quarantined record pass a rule while the value it fails with stays the same; returns the waivers' numbers."""
    reason = ledger.reasoned(reason)
    audit.serialise(tx)
    anchor = founder(tx, entity, record)
    failed = [
        r for r in _failed(tx, entity, anchor.records[0]) if rule in (r["rule"], r["attribute"], f"{r['attribute']}: {r['rule']}")
    ]
    if not failed:
        raise _not_failed(tx, entity, anchor.text, anchor.records[0], rule)
    return [_waive(tx, entity, anchor.text, anchor.records[0], one, actor=actor, reason=reason) for one in failed]


def corrections(session: Session, entity: str, event_seq: int) -> pl.DataFrame:
    """Corrections in force at an event, the newest per record and attribute: number, record_id, attribute, value, until."""
    correction = session.hub.fixed["correction"]
    columns = (correction.c[n] for n in ("number", "record_id", "attribute", "value", "until"))
    rows = session.frame(sa.select(*columns).where(ledger.in_force(correction, entity, event_seq)))
    return rows.sort("number").unique(["record_id", "attribute"], keep="last", maintain_order=True)


def waivers(session: Session, entity: str, event_seq: int) -> pl.DataFrame:
    """Waivers in force at an event: number, record_id, rule, value."""
    waiver = session.hub.fixed["waiver"]
    columns = (waiver.c[n] for n in ("number", "record_id", "rule", "value"))
    return session.frame(sa.select(*columns).where(ledger.in_force(waiver, entity, event_seq)).order_by(waiver.c.number))


def checked(entity: Entity, values: Mapping[str, str]) -> dict[str, Any]:
    """Values in the form people read; one that does not survive its standardiser, type or checks is refused."""
    asked = [replace(_attribute(entity, name), derive=None, required=False) for name in values]
    raw = pl.DataFrame(
        {"record_id": [0], **{n: [v] for n, v in values.items()}}, schema_overrides=dict.fromkeys(values, pl.String)
    )
    record = prepare.published(raw, asked)
    shown = {name: record[name].to_list()[0] for name in values}
    for name, value in shown.items():
        if value is None or value == []:
            kind = entity.attribute(name).type.__name__
            raise UsageError(
                f"{name}={_quoted(entity, name, values[name])} cannot be read as {kind}; {entity.attribute(name).about}"
            )
    failed = prepare.failures(record, replace(entity, attributes=asked, **_BARE)).to_dicts()
    if failed:
        name = failed[0]["attribute"]
        raise UsageError(f"{name}={_quoted(entity, name, values[name])} fails: {failed[0]['rule']}; give a value that passes")
    return shown


# Only the checks of single columns: the rest of a declaration names columns that are not asked for.
_BARE: dict[str, Any] = dict.fromkeys(("collections", "links", "keys", "checks", "comparisons", "block", "train", "veto"), ())


def _quoted(entity: Entity, name: str, value: str) -> str:
    return "'***'" if entity.attribute(name).exposure == "sensitive" else repr(value)


def _published(session: Session, entity: str, record: int, attribute: Attribute) -> dict[str, Any] | None:
    """The golden value that a correction is about to change."""
    tables, at = session.hub.tables(entity), pointer(session.connection, session.hub.fixed, entity)
    golden, membership = tables.golden, tables.membership
    home = sa.select(membership.c.golden_id).where(visible(membership, at), membership.c.record_id == record).scalar_subquery()
    row = session.rows(
        sa.select(golden.c.golden_id, golden.c[attribute.name]).where(visible(golden, at), golden.c.golden_id == home)
    )
    if not row:
        return None
    value = "***" if attribute.exposure == "sensitive" else row[0][attribute.name]
    return {"golden_id": row[0]["golden_id"], "value": value}


def _attribute(entity: Entity, name: str) -> Attribute:
    known = {a.name: a for a in entity.attributes}
    if name not in known:
        raise NotFoundError(f"{entity.name} has no attribute {name!r}; it has: {', '.join(known)}")
    return known[name]


def _land(tx: Session, name: RecordName, payload: str) -> None:
    tx.execute(
        tx.hub.fixed["source_record"].insert().values(
            record_id=name.record_id, source=name.source, stream=name.stream, source_key=name.key, seq=next_seq(tx),
            source_time=int(now().timestamp() * 1_000_000), op="upsert", digest=digest.of_text(pl.Series([payload]))[0],
            payload=payload,
        )
    )  # fmt: skip


def _failed(session: Session, entity: str, record: int) -> list[sa.RowMapping]:
    quarantined = session.hub.tables(entity).quarantined
    at = pointer(session.connection, session.hub.fixed, entity)
    here = sa.and_(quarantined.c.record_id == record, visible(quarantined, at))
    return list(session.rows(sa.select(quarantined).where(here).order_by(quarantined.c.attribute, quarantined.c.rule)))


def _not_failed(session: Session, entity: str, text: str, record: int, rule: str) -> NotFoundError:
    failed = sorted({r["rule"] for r in _failed(session, entity, record)})
    if not failed:
        return NotFoundError(f"{text} is not in quarantine; `mdm quarantine {entity}` lists what is")
    return NotFoundError(f"{text} is not in quarantine for {rule!r}; it failed: {', '.join(map(repr, failed))}")


def _waive(tx: Session, entity: str, text: str, record: int, failed: sa.RowMapping, *, actor: str, reason: str) -> int:
    waiver = tx.hub.fixed["waiver"]
    same = sa.and_(
        ledger.in_force(waiver, entity, audit.head(tx).seq), waiver.c.record_id == record, waiver.c.rule == failed["rule"],
        waiver.c.value.is_not_distinct_from(failed["value"]),
    )  # fmt: skip
    standing = tx.scalar(sa.select(waiver.c.number).where(same))
    if standing is not None:
        return standing
    number = ledger.next_number(tx)
    seq = audit.record(
        tx, "release", actor=actor, entity=entity, object=f"waiver:{number}", reason=reason,
        after={"record": text, "rule": failed["rule"], "attribute": failed["attribute"]},
    )  # fmt: skip
    values = {
        "number": number,
        "entity": entity,
        "record_id": record,
        "rule": failed["rule"],
        "value": failed["value"],
        "reason": reason,
    }
    ledger.write(tx, "waiver", values, actor=actor, event_seq=seq)
    return number
