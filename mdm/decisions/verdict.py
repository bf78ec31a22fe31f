"""Decisions: what stewards have said about pairs of records.

Decisions are only ever added or withdrawn. A decision that cannot be true beside a live one is refused, naming it.
"""

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import polars as pl
import sqlalchemy as sa

from mdm import audit
from mdm.decisions import ledger
from mdm.decisions.records import Named, named, names
from mdm.decisions.standing import Decided, Standing
from mdm.errors import ConflictError, ContradictionError, MdmError, UsageError
from mdm.hub import Session
from mdm.tables import OPEN

VERDICTS = ("match", "no_match", "unsure")
_SHOWN = 10


def decide(
    tx: Session, entity: str, a: str, b: str, verdict: str, *, actor: str, reason: str, expected_version: int | None = None
) -> int:
    """Say whether two records are one; returns the decision's number, the old one when it has been said already."""
    audit.serialise(tx)
    sides = _sides(tx, entity, a, b, verdict)
    reason = ledger.reasoned(reason)
    if expected_version is not None:
        _expect(tx, entity, sides, expected_version)
    return _decide(tx, entity, sides, verdict, standing(tx, entity), actor=actor, reason=reason)


def from_file(tx: Session, entity: str, file: Path, *, actor: str, reason: str | None = None) -> list[int]:
    """Say many things at once, from a CSV with a, b, verdict and reason: all of them or, if one cannot be said, none.

    A row without a verdict is not answered yet and says nothing (`unanswered` counts them).
    """
    present, numbers, wrong = standing(tx, entity), [], []
    for line, row in _rows(file):
        if not row["verdict"].strip():
            continue
        try:
            verdict = row["verdict"].strip().lower()
            sides = _sides(tx, entity, row["a"], row["b"], verdict)
            why = ledger.reasoned(row.get("reason") or reason or "")
            numbers.append(_decide(tx, entity, sides, verdict, present, actor=actor, reason=why))
        except MdmError as error:
            wrong.append((line, error))
    if wrong:
        more = f"\n... and {len(wrong) - _SHOWN} more" if len(wrong) > _SHOWN else ""
        said = "\n".join(f"{file.name} line {line}: {error}" for line, error in wrong[:_SHOWN])
        kind = type(wrong[0][1]) if len({type(error) for _, error in wrong}) == 1 else UsageError
        raise kind(f"{said}{more}\nNothing was written; correct the file and give it again.")
    return numbers


def unanswered(file: Path) -> int:
    """How many rows of such a CSV have no verdict."""
    return sum(not row["verdict"].strip() for _, row in _rows(file))


def version(session: Session, entity: str, a: str, b: str) -> int:
    """The last event about this pair: what a steward saw, for `expected_version`; 0 when nobody said anything."""
    return _version(session, entity, (named(session, entity, a), named(session, entity, b)))[0]


def live(session: Session, entity: str, event_seq: int) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Decisions in force at an event: (number, verdict) and their members (number, side, record_id, seen_seq)."""
    decision, member = session.hub.fixed["decision"], session.hub.fixed["decision_member"]
    force = ledger.in_force(decision, entity, event_seq)
    decisions = session.frame(sa.select(decision.c.number, decision.c.verdict).where(force).order_by(decision.c.number))
    wanted = sa.select(member.c.number, member.c.side, member.c.record_id, member.c.seen_seq)
    joined = wanted.join(decision, decision.c.number == member.c.number).where(force)
    return decisions, session.frame(joined.order_by(member.c.number, member.c.side, member.c.record_id))


def listed(session: Session, entity: str) -> pl.DataFrame:
    """Every decision about an entity, newest first, with `state` live, withdrawn or pending."""
    decision = session.hub.fixed["decision"]
    rows = session.frame(sa.select(decision).where(decision.c.entity == entity).order_by(decision.c.number.desc()))
    return ledger.with_state(session, entity, rows.drop("entity"))


def everything(session: Session, entity: str) -> list[dict[str, Any]]:
    """Whatever was said about an entity, newest first: number, state, said, a, b, reason, actor, at and who withdrew it."""
    kept = ("number", "state", "reason", "actor", "at", "withdrawn_by", "withdrawn_at", "withdrawn_reason")
    found = [
        {**{k: r[k] for k in kept}, "said": r["verdict"], "a": r["a"], "b": r["b"]} for r in listed(session, entity).to_dicts()
    ]
    for kind, said in (("correction", "set"), ("waiver", "release")):
        table = session.hub.fixed[kind]
        rows = ledger.with_state(session, entity, session.frame(sa.select(table).where(table.c.entity == entity)))
        shown = names(session, rows["record_id"])
        for row in rows.to_dicts():
            what = _correction(session, row) if kind == "correction" else row["rule"]
            found.append({**{k: row[k] for k in kept}, "said": said, "a": shown.get(row["record_id"]), "b": what})
    return sorted(found, key=lambda row: -row["number"])


def _correction(session: Session, row: dict[str, Any]) -> str:
    declared = session.hub.entities.get(row["entity"])
    hidden = declared is not None and any(a.name == row["attribute"] and a.exposure == "sensitive" for a in declared.attributes)
    return f"{row['attribute']} = {'***' if hidden else row['value']}"


def standing(session: Session, entity: str) -> Standing:
    """All live decisions of an entity, ready to judge another."""
    decisions, members = live(session, entity, OPEN)
    sides = {
        (number, side): frozenset(records)
        for number, side, records in members.group_by("number", "side").agg("record_id").iter_rows()
    }
    none: frozenset[int] = frozenset()
    return Standing(
        Decided(number, verdict, sides.get((number, "a"), none), sides.get((number, "b"), none))
        for number, verdict in decisions.iter_rows()
    )


def _sides(session: Session, entity: str, a: str, b: str, verdict: str) -> tuple[Named, Named]:
    if verdict not in VERDICTS:
        raise UsageError(f"a verdict is match, no_match or unsure, not {verdict!r}")
    sides = named(session, entity, a), named(session, entity, b)
    both = set(sides[0].records) & set(sides[1].records)
    if both and (verdict == "no_match" or sides[0].records == sides[1].records):
        what = "the same record" if len(sides[0].records) == len(sides[1].records) == 1 else "not apart: they share records"
        raise UsageError(f"{a} and {b} are {what}; name two different ones (to part a golden record, name its source records)")
    return sides


def _decide(
    tx: Session, entity: str, sides: tuple[Named, Named], verdict: str, present: Standing, *, actor: str, reason: str
) -> int:
    a, b = sides
    said = present.same(verdict, a.records, b.records)
    seen = _seen(tx, (*a.records, *b.records))
    # To be unsure is about what was seen; when a record has changed since, it is said anew.
    if said is not None and (verdict != "unsure" or _saw(tx, said.number) == seen):
        return said.number
    against = present.against(verdict, a.records, b.records)
    if against:
        raise _contradiction(tx, a, b, verdict, against)
    number = ledger.next_number(tx)
    seq = audit.record(
        tx, "decide", actor=actor, entity=entity, object=f"decision:{number}", reason=reason,
        after={"verdict": verdict, "a": a.text, "b": b.text},
    )  # fmt: skip
    values = {"number": number, "entity": entity, "verdict": verdict, "a": a.text, "b": b.text, "reason": reason}
    ledger.write(tx, "decision", values, actor=actor, event_seq=seq)
    members = [(number, side, record, seen[record]) for side, one in (("a", a), ("b", b)) for record in one.records]
    schema = {"number": pl.Int64, "side": pl.String, "record_id": pl.Int64, "seen_seq": pl.Int64}
    tx.insert(tx.hub.fixed["decision_member"], pl.DataFrame(members, schema=schema, orient="row"))
    present.add(Decided(number, verdict, frozenset(a.records), frozenset(b.records)))
    return number


def _seen(session: Session, records: tuple[int, ...]) -> dict[int, int]:
    record = session.hub.fixed["source_record"]
    whole = record.alias()
    # An element changes when the record changes that it stands in.
    wanted = sa.select(record.c.record_id, sa.func.coalesce(whole.c.seq, record.c.seq)).select_from(
        record.outerjoin(whole, whole.c.record_id == record.c.parent_id)
    )
    rows = session.execute(wanted.where(session.among(record.c.record_id, sorted(set(records)))))
    return dict(rows.all())


def _saw(session: Session, number: int) -> dict[int, int]:
    member = session.hub.fixed["decision_member"]
    rows = session.execute(sa.select(member.c.record_id, member.c.seen_seq).where(member.c.number == number))
    return dict(rows.all())


def _contradiction(tx: Session, a: Named, b: Named, verdict: str, against: list[Decided]) -> ContradictionError:
    decision = tx.hub.fixed["decision"]
    rows = tx.rows(sa.select(decision).where(decision.c.number.in_([d.number for d in against])).order_by(decision.c.number))
    named_ones = "; ".join(
        f"decision {r['number']} says {r['verdict']} of {r['a']} and {r['b']} ({r['actor']}: {r['reason']!r})" for r in rows
    )
    return ContradictionError(
        f"{verdict} of {a.text} and {b.text} contradicts what stands: {named_ones}; "
        f"withdraw {'it' if len(rows) == 1 else 'one of them'} first: mdm withdraw {rows[0]['number']} --reason ..."
    )


def _expect(tx: Session, entity: str, sides: tuple[Named, Named], expected: int) -> None:
    found, number = _version(tx, entity, sides)
    if found != expected:
        raise ConflictError(
            f"{sides[0].text} and {sides[1].text} were decided meanwhile (decision {number}); look at the pair again"
        )


def _version(session: Session, entity: str, sides: tuple[Named, Named]) -> tuple[int, int]:
    decision, member = session.hub.fixed["decision"], session.hub.fixed["decision_member"]
    about = [sa.select(member.c.number).where(session.among(member.c.record_id, one.records)).scalar_subquery() for one in sides]
    rows = session.rows(
        sa.select(decision.c.number, decision.c.event_seq, decision.c.withdrawn_seq).where(
            decision.c.entity == entity, decision.c.number.in_(about[0]), decision.c.number.in_(about[1])
        )
    )
    return max(((r["withdrawn_seq"] or r["event_seq"], r["number"]) for r in rows), default=(0, 0))


def _rows(file: Path) -> Sequence[tuple[int, Mapping[str, str]]]:
    try:
        with file.open(encoding="utf-8-sig", newline="") as opened:
            reader = csv.DictReader(opened)
            missing = [c for c in ("a", "b", "verdict") if c not in (reader.fieldnames or ())]
            if missing:
                raise UsageError(f"{file} has no column {missing[0]!r}; its header must be a,b,verdict,reason")
            rows = []
            for row in reader:
                if None in row or None in row.values():
                    raise UsageError(f"{file} line {reader.line_num} has not as many fields as the header")
                rows.append((reader.line_num, row))
            return rows
    except FileNotFoundError:
        raise UsageError(f"there is no file {file}") from None
    except (UnicodeDecodeError, csv.Error) as error:
        raise UsageError(f"{file} cannot be read as UTF-8 CSV: {error}") from None
