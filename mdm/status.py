"""Status: where every entity and every source stands, for the terminal, the pages and programs.

It reads one moment and computes nothing: the sums are those that runs have kept.
"""

import json
from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from mdm.decisions import names
from mdm.entity import Entity
from mdm.hub import Session
from mdm.hub.run import pointer, utc
from mdm.hub.version import visible
from mdm.settings import Settings
from mdm.tables import EVIDENCE, READ_COUNTS

WAITING = ("planned", "held")


def entities(session: Session) -> list[dict[str, Any]]:
    """Every entity: its published run with the second sum, and what came after it."""
    return [_entity(session, name) for name in session.hub.entities]


def sources(session: Session, settings: Settings) -> list[dict[str, Any]]:
    """Every configured stream, and every other that has landed: state, age, records, and the first sum of its last read."""
    known, held = _states(session), _records(session)
    read, evidence = _tallies(session)
    configured = {(s.name, t.name): (s, t) for s in settings.sources.values() for t in s.streams.values()}
    found = []
    for source, stream in [*configured, *sorted({*known, *held} - {*configured, *_by_hand(held)})]:
        settled, state = configured.get((source, stream)), known.get((source, stream), {})
        tally = read.get((source, stream), {})
        found.append({
            "source": source, "stream": stream,
            "connector": settled[0].connector if settled else None, "role": settled[0].role if settled else None,
            "status": state.get("status") or ("not read yet" if settled else "not configured"),
            "synced_at": utc(state.get("synced_at")), "message": state.get("message"), "records": held.get((source, stream), 0),
            "read": tally, "evidence": evidence.get((source, stream)),
            "reconciled": not tally or tally["total"] == sum(v for k, v in tally.items() if k != "total"),
        })  # fmt: skip
    return found


def quarantined(session: Session, entity: Entity, *, limit: int) -> tuple[list[dict[str, Any]], int]:
    """Refused records in the published run (record, attribute, rule, value, stale), and how many refusals there are."""
    table = session.hub.tables(entity.name).quarantined
    here = visible(table, pointer(session.connection, session.hub.fixed, entity.name))
    total = session.scalar(sa.select(sa.func.count()).select_from(table).where(here)) or 0
    columns = (table.c[n] for n in ("record_id", "attribute", "rule", "value", "stale"))
    rows = session.rows(sa.select(*columns).where(here).order_by(table.c.rule, table.c.attribute, table.c.record_id).limit(limit))
    written = names(session, [r["record_id"] for r in rows])
    hidden = {a.name for a in entity.attributes if a.exposure == "sensitive"}
    return [
        {
            "record": written.get(r["record_id"], str(r["record_id"])), "attribute": r["attribute"] or "(whole record)",
            "rule": r["rule"],
            "value": "***" if r["attribute"] in hidden and r["value"] else r["value"], "stale": r["stale"],
        }
        for r in rows
    ], total  # fmt: skip


def _entity(session: Session, name: str) -> dict[str, Any]:
    part = session.hub.fixed["run_entity"]
    published = pointer(session.connection, session.hub.fixed, name)
    rows = session.rows(sa.select(part).where(part.c.entity == name, part.c.run_id >= published).order_by(part.c.run_id))
    now = next((r for r in rows if r["run_id"] == published), None)
    counts = json.loads(now["counts"] or "{}") if now else {}
    sums = {k: counts.get(k, 0) for k in ("members", "quarantined", "suppressed")}
    waiting = next((r for r in reversed(rows) if r["state"] in WAITING), None)
    later = [r for r in rows if r["run_id"] > published and r["state"] not in ("swept", "rejected")]
    return {
        "entity": name, "run": published or None, "published_at": utc(now["published_at"]) if now else None,
        "model": now["model"] if now else None, "golden": counts.get("total", 0), "live": counts.get("live", 0), **sums,
        "reconciled": counts.get("live", 0) == sum(sums.values()), "pairs": counts.get("pairs", 0),
        "queued": counts.get("queued", 0),
        "waiting": _attempt(waiting), "last": _attempt(later[-1]) if later else None,
    }  # fmt: skip


def _attempt(row: sa.RowMapping | None) -> dict[str, Any] | None:
    if row is None:
        return None
    return {"run": row["run_id"], "state": row["state"], "message": row["message"], "started_at": utc(row["started_at"])}


def _states(session: Session) -> dict[tuple[str, str], dict[str, Any]]:
    state = session.hub.fixed["stream_state"]
    columns = (state.c[n] for n in ("source", "stream", "synced_at", "status", "message"))
    return {(r["source"], r["stream"]): dict(r) for r in session.rows(sa.select(*columns))}


def _records(session: Session) -> dict[tuple[str, str], int]:
    record = session.hub.fixed["source_record"]
    counted = sa.select(record.c.source, record.c.stream, sa.func.count())
    live = sa.and_(record.c.op != "delete", record.c.parent_id.is_(None))
    return {(s, t): n for s, t, n in session.execute(counted.where(live).group_by(record.c.source, record.c.stream))}


def _tallies(session: Session) -> tuple[dict[tuple[str, str], dict[str, int]], dict[tuple[str, str], dict[str, Any]]]:
    """The first sum of each stream's last read, and its evidence."""
    tally = session.hub.fixed["read_tally"]
    last = sa.select(tally.c.source, tally.c.stream, sa.func.max(tally.c.run_id).label("run_id")).group_by(
        tally.c.source, tally.c.stream
    )
    newest = last.subquery()
    same = sa.and_(tally.c.run_id == newest.c.run_id, tally.c.source == newest.c.source, tally.c.stream == newest.c.stream)
    rows = session.rows(sa.select(tally).join(newest, same))
    names = [(r["source"], r["stream"]) for r in rows]
    sums = [{n: r[n] for n in READ_COUNTS} for r in rows]
    return dict(zip(names, sums, strict=True)), dict(zip(names, map(_evidence, rows), strict=True))


def _evidence(row: sa.RowMapping) -> dict[str, Any]:
    """What an auditor asks of a reading; the states are those it began from and ended at."""
    said = {n: row[n] for n in EVIDENCE}
    return {"run": row["run_id"], **{n: json.loads(v) if n.endswith("_state") and v else v for n, v in said.items()}}


def _by_hand(held: Mapping[tuple[str, str], int]) -> set[tuple[str, str]]:
    return {name for name in held if name[0] == "steward"}
