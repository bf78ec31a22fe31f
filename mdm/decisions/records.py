"""Records by name: how people write them, and which records a name stands for.

A record is written `source/stream:key`; the parts of a composite key are joined with `|`, and both `|` and `\\` inside a
part are escaped by `\\`. A golden id stands for its members at this moment; a retired one for its successor's.
"""

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from mdm.digest import record_id
from mdm.errors import NotFoundError, UsageError
from mdm.hub import Session
from mdm.hub.run import pointer
from mdm.hub.version import visible
from mdm.mapping.key import parts

_NEAR = 20


@dataclass(frozen=True)
class RecordName:
    """The name of a source record; `key` is written with its parts joined and escaped."""

    source: str
    stream: str
    key: str

    @classmethod
    def of(cls, source: str, stream: str, *parts: str) -> "RecordName":
        """The name of the record whose key has these parts."""
        return cls(source, stream, joined(parts))

    @classmethod
    def parse(cls, text: str) -> "RecordName":
        """A name as a person writes it."""
        source, slash, rest = text.strip().partition("/")
        stream, colon, key = rest.partition(":")
        if not (slash and colon and source and stream and key):
            raise UsageError(f"{text!r} does not name a record; write source/stream:key, or a golden id")
        return cls(source, stream, key)

    @property
    def parts(self) -> list[str]:
        """The parts of the key, as the source wrote them."""
        return parts(self.key)

    @property
    def record_id(self) -> int:
        """The number by which the hub knows the record."""
        return record_id(self.source, self.stream, self.key)

    def __str__(self) -> str:
        return f"{self.source}/{self.stream}:{self.key}"


def joined(parts: Iterable[str]) -> str:
    """The parts of a key as one text."""
    return "|".join(part.replace("\\", "\\\\").replace("|", "\\|") for part in parts)


@dataclass(frozen=True)
class Named:
    """What a text named: a golden record by its present id, or one source record; with its records, in order."""

    text: str
    records: tuple[int, ...]
    golden_id: str | None = None


def resolve(session: Session, entity: str, text: str) -> list[int]:
    """The records a text stands for."""
    return list(named(session, entity, text).records)


def named(session: Session, entity: str, text: str) -> Named:
    """The records a text stands for, and the name it has now."""
    found = record_named(session, text) or _golden(session, entity, text)
    if found is None:
        raise unknown(session, entity, text)
    if found.golden_id is None:
        _belongs(session, entity, found)
    return found


def record_named(session: Session, text: str) -> Named | None:
    """The one source record this text names, if there is one."""
    record = session.hub.fixed["source_record"]
    for candidate in _spellings(text):
        found = session.scalar(sa.select(record.c.record_id).where(record.c.record_id == candidate.record_id))
        if found is not None:
            return Named(str(candidate), (found,))
    return None


def names(session: Session, records: Iterable[int]) -> dict[int, str]:
    """How records are written."""
    table = session.hub.fixed["source_record"]
    wanted = sa.select(table.c.record_id, table.c.source, table.c.stream, table.c.source_key)
    rows = session.rows(wanted.where(session.among(table.c.record_id, sorted(set(records)))))
    return {r["record_id"]: str(RecordName(r["source"], r["stream"], r["source_key"])) for r in rows}


def founder(session: Session, entity: str, text: str) -> Named:
    """The one record that a text stands for: itself, or the founding record of a golden id."""
    found = named(session, entity, text)
    if found.golden_id is None:
        return found
    golden = session.hub.tables(entity).golden
    at = pointer(session.connection, session.hub.fixed, entity)
    first = session.scalar(sa.select(golden.c.founder).where(visible(golden, at), golden.c.golden_id == found.golden_id))
    # The founding record may have left since; then the first of the members that are there.
    record = first if first in found.records else found.records[0]
    return Named(names(session, [record])[record], (record,))


def golden_of(session: Session, entity: str, text: str) -> str:
    """The golden id a text names, living or retired: itself, or the one its record belongs to."""
    tables, at = session.hub.tables(entity), pointer(session.connection, session.hub.fixed, entity)
    golden, membership = tables.golden, tables.membership
    for spelling in dict.fromkeys((text.strip(), text.strip().upper())):
        here = sa.and_(golden.c.golden_id == spelling, golden.c.from_run <= at)
        if session.scalar(sa.select(golden.c.golden_id).where(here).limit(1)) is not None:
            return spelling
    found = record_named(session, text)
    if found is None:
        raise unknown(session, entity, text)
    here = sa.and_(visible(membership, at), membership.c.record_id == found.records[0])
    golden_id = session.scalar(sa.select(membership.c.golden_id).where(here))
    if golden_id is None:
        raise NotFoundError(f"{found.text} is in no golden record of {entity}; see `mdm quarantine {entity}` and `mdm sources`")
    return golden_id


def present(session: Session, entity: str, golden_id: str) -> str | None:
    """The id that answers for a golden id today: itself, or its one living successor; None when it was never issued."""
    at, seen, living, waiting = pointer(session.connection, session.hub.fixed, entity), set(), set(), [golden_id]
    while waiting:
        one = waiting.pop()
        seen.add(one)
        if _alive(session, entity, one, at):
            living.add(one)
        else:
            waiting += [s for s in _successors(session, entity, one, at) if s and s not in seen]
    if len(living) > 1:
        raise UsageError(f"{golden_id} was split into {' and '.join(sorted(living))}; name one of them")
    if not living and _successors(session, entity, golden_id, at):
        raise NotFoundError(f"{golden_id} is retired and nothing follows it; see `mdm history {entity} {golden_id}`")
    return next(iter(living), None)


def unknown(session: Session, entity: str, text: str) -> NotFoundError:
    """The error for a name nobody has, with the nearest ones."""
    close = difflib.get_close_matches(text, _neighbours(session, entity, text), n=3, cutoff=0.6)
    hint = f"did you mean {' or '.join(close)}?" if close else "write source/stream:key or a golden id"
    return NotFoundError(f"there is no record and no golden id {text!r} of {entity}; {hint}")


def _spellings(text: str) -> list[RecordName]:
    try:
        written = RecordName.parse(text)
    except UsageError:
        return []
    # A key of one part that holds `|` or `\` is often typed as the source shows it.
    plain = RecordName(written.source, written.stream, joined([written.key]))
    return [written] if plain == written else [written, plain]


def _golden(session: Session, entity: str, text: str) -> Named | None:
    for spelling in dict.fromkeys((text.strip(), text.strip().upper())):
        golden_id = present(session, entity, spelling)
        if golden_id is not None:
            return Named(golden_id, tuple(members(session, entity, golden_id)), golden_id)
    return None


def members(session: Session, entity: str, golden_id: str) -> list[int]:
    """The records of a golden record in the published run."""
    membership = session.hub.tables(entity).membership
    at = pointer(session.connection, session.hub.fixed, entity)
    wanted = sa.select(membership.c.record_id).where(visible(membership, at), membership.c.golden_id == golden_id)
    return list(session.execute(wanted.order_by(membership.c.record_id)).scalars())


def _alive(session: Session, entity: str, golden_id: str, at: int) -> bool:
    membership = session.hub.tables(entity).membership
    return session.scalar(
        sa.select(membership.c.record_id).where(visible(membership, at), membership.c.golden_id == golden_id).limit(1)
    ) is not None  # fmt: skip


def _successors(session: Session, entity: str, golden_id: str, at: int) -> Sequence[str]:
    retired = session.hub.fixed["retired_id"]
    wanted = sa.select(retired.c.successor_id).where(visible(retired, at), retired.c.entity == entity)
    return list(session.execute(wanted.where(retired.c.golden_id == golden_id)).scalars())


def _belongs(session: Session, entity: str, found: Named) -> None:
    """Refuse a record that is a member of another entity and not of this one."""
    homes = []
    for other in session.hub.entities:
        membership, at = session.hub.tables(other).membership, pointer(session.connection, session.hub.fixed, other)
        wanted = sa.select(membership.c.record_id).where(visible(membership, at), membership.c.record_id == found.records[0])
        if session.scalar(wanted) is not None:
            homes.append(other)
    if homes and entity not in homes:
        raise NotFoundError(f"{found.text} is a record of {' and '.join(homes)}, not of {entity}")


def _neighbours(session: Session, entity: str, text: str) -> list[str]:
    record, membership = session.hub.fixed["source_record"], session.hub.tables(entity).membership
    try:
        name = RecordName.parse(text)
    except UsageError:
        at = pointer(session.connection, session.hub.fixed, entity)
        return _around(session, membership.c.golden_id, text.strip(), visible(membership, at))
    here = sa.and_(record.c.source == name.source, record.c.stream == name.stream)
    if session.scalar(sa.select(record.c.record_id).where(here).limit(1)) is None:
        streams = session.execute(sa.select(record.c.source, record.c.stream).distinct())
        return [f"{source}/{stream}:{name.key}" for source, stream in streams]
    return [f"{name.source}/{name.stream}:{key}" for key in _around(session, record.c.source_key, name.key, here)]


def _around(session: Session, column: sa.ColumnElement, text: str, where: sa.ColumnElement) -> list[str]:
    # The neighbours in order, and those that begin alike: a slip near the end is found without reading everything.
    wanted = sa.select(column).where(where).distinct().limit(_NEAR)
    found = [
        *session.execute(wanted.where(column >= text).order_by(column)).scalars(),
        *session.execute(wanted.where(column < text).order_by(column.desc())).scalars(),
        *session.execute(wanted.where(column.startswith(text[: max(4, len(text) // 2)], autoescape=True))).scalars(),
    ]
    return list(dict.fromkeys(found))
