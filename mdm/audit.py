"""Events: everything a person does, written once, in the transaction of its effect.

Each event carries the hash of the one before it over canonical JSON, so that a changed, missing or inserted event shows.
A chain alone cannot show that its newest events were cut off: `verify` compares it with the head the hub remembers, with
the events that decisions point to, and with a head kept elsewhere.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from mdm.errors import UsageError
from mdm.hub import Session
from mdm.hub.run import now, utc

START = "0" * 64
_HEAD = "audit_head"
# The number of the advisory lock that appenders share on PostgreSQL; SQLite has one writer anyway.
_LOCK = 6_013_771_204_559_001
_SAID = ("seq", "at", "actor", "action", "entity", "object", "reason", "before", "after", "prev")
_CHUNK = 10_000


@dataclass(frozen=True)
class Head:
    """The newest event of a chain; written `SEQ:HASH`."""

    seq: int
    hash: str

    @classmethod
    def parse(cls, text: str) -> "Head":
        """A head as `mdm audit verify` prints it."""
        seq, _, digest = text.strip().partition(":")
        if not seq.isdigit() or len(digest) != len(START):
            raise UsageError(f"{text!r} is not the head of a chain; write SEQ:HASH as `mdm audit verify` prints it")
        return cls(int(seq), digest)

    def __str__(self) -> str:
        return f"{self.seq}:{self.hash}"


@dataclass(frozen=True)
class Verdict:
    """What walking the chain found; `seq` is the event at the first break."""

    events: int
    head: Head
    seq: int | None = None
    problem: str | None = None

    @property
    def whole(self) -> bool:
        """Nothing was altered, removed or cut."""
        return self.problem is None


def canonical(value: Any) -> str:
    """A value as JSON text that is the same wherever it is written."""
    return json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"), default=str)


def serialise(tx: Session) -> None:
    """Wait until no other transaction appends; held until this one ends."""
    if tx.hub.dialect == "postgresql":
        tx.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK)))


def record(
    tx: Session, action: str, *, actor: str, entity: str | None = None, object: str | None = None,  # noqa: A002
    reason: str | None = None, before: Any = None, after: Any = None,
) -> int:  # fmt: skip
    """Append one event to the caller's transaction; returns its number."""
    if not actor.strip():
        raise UsageError("an event needs an actor; set MDM_ACTOR")
    serialise(tx)
    last = head(tx)
    said: dict[str, Any] = {
        "seq": last.seq + 1, "at": now(), "actor": actor, "action": action, "entity": entity, "object": object, "reason": reason,
        "before": None if before is None else canonical(before), "after": None if after is None else canonical(after),
        "prev": last.hash,
    }  # fmt: skip
    sealed = _hash(said)
    tx.execute(tx.hub.fixed["event"].insert().values(**said, hash=sealed))
    _remember(tx, Head(said["seq"], sealed))
    return said["seq"]


def head(session: Session) -> Head:
    """The newest event's number and hash."""
    event = session.hub.fixed["event"]
    newest = session.rows(sa.select(event.c.seq, event.c.hash).order_by(event.c.seq.desc()).limit(1))
    return Head(newest[0]["seq"], newest[0]["hash"]) if newest else Head(0, START)


def verify(session: Session, known: Head | None = None) -> Verdict:
    """Walk the whole chain and name its first break; `known` is a head that was kept elsewhere."""
    event = session.hub.fixed["event"]
    last, count = Head(0, START), 0
    heads = {one.seq: one for one in (_remembered(session), known) if one is not None}
    stream = session.execute(sa.select(event).order_by(event.c.seq).execution_options(yield_per=_CHUNK))
    for row in stream.mappings():
        problem = _break(row, last)
        if problem is None and heads.get(row["seq"], Head(row["seq"], row["hash"])).hash != row["hash"]:
            problem = f"event {row['seq']} is not the one that was known: the chain was written anew"
        if problem is not None:
            stream.close()
            return Verdict(count, last, last.seq + 1, problem)
        last, count = Head(row["seq"], row["hash"]), count + 1
    return Verdict(count, last, *_cut(session, last, known))


def _break(row: sa.RowMapping, last: Head) -> str | None:
    expected = last.seq + 1
    if row["seq"] != expected:
        missing = f"event {expected} is" if row["seq"] == expected + 1 else f"events {expected} to {row['seq'] - 1} are"
        return f"{missing} missing"
    if row["prev"] != last.hash:
        return f"event {row['seq']} does not follow event {last.seq}: one of them was replaced"
    if _hash(row) != row["hash"]:
        return f"event {row['seq']} was altered after it was written"
    return None


def _cut(session: Session, last: Head, known: Head | None) -> tuple[int | None, str | None]:
    promised = max((seq for seq, _ in _promised(session, known)), default=0)
    if promised > last.seq:
        why = next(text for seq, text in _promised(session, known) if seq == promised)
        return last.seq + 1, f"the chain is cut after event {last.seq}: {why}"
    return None, None


def _promised(session: Session, known: Head | None) -> Iterable[tuple[int, str]]:
    if known is not None:
        yield known.seq, f"the known head is event {known.seq}"
    remembered = _remembered(session)
    if remembered is not None:
        yield remembered.seq, f"the hub remembers event {remembered.seq}"
    for name in ("decision", "correction", "waiver"):
        table = session.hub.fixed[name]
        for column in (table.c.event_seq, table.c.withdrawn_seq):
            seq = session.scalar(sa.select(sa.func.max(column))) or 0
            yield seq, f"a {name} points to event {seq}"


def _remembered(session: Session) -> Head | None:
    text = session.scalar(sa.select(_meta(session).c.value).where(_meta(session).c.key == _HEAD))
    return None if text is None else Head.parse(text)


def _remember(tx: Session, newest: Head) -> None:
    meta = _meta(tx)
    if tx.execute(meta.update().where(meta.c.key == _HEAD).values(value=str(newest))).rowcount == 0:
        tx.execute(meta.insert().values(key=_HEAD, value=str(newest)))


def _meta(session: Session) -> sa.Table:
    return session.hub.fixed["meta"]


def _hash(row: Mapping[str, Any] | sa.RowMapping) -> str:
    said = {name: row[name] for name in _SAID}
    said["at"] = _moment(row["at"])
    return hashlib.sha256(canonical(said).encode()).hexdigest()


def _moment(at: datetime) -> str:
    stamped = utc(at)
    assert stamped is not None
    return stamped.astimezone(UTC).isoformat(timespec="microseconds")
