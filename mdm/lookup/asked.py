"""The record that somebody asks about: standardised and checked as a run would, and what must be said of its values."""

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from mdm import prepare, settings
from mdm.decisions import RecordName
from mdm.entity import Entity
from mdm.errors import NotFoundError, UsageError
from mdm.lookup.score import UNKNOWN
from mdm.stages import check


@dataclass(frozen=True)
class Asked:
    """A record in the form machines compare (one row), the stream it is of, if any, and notes for people."""

    compared: pl.DataFrame
    record_id: int
    stream: str | None
    notes: tuple[str, ...]


def asked(entity: Entity, record: Mapping[str, str], name: RecordName | None) -> Asked:
    """A record as a run would prepare it; values that fail a check are emptied, as a run empties them."""
    raw = _raw(entity, record)
    number = UNKNOWN if name is None else name.record_id
    published = prepare.published(raw, entity.attributes).with_columns(record_id=pl.lit(number, pl.Int64))
    failed = prepare.failures(published, entity)
    given = [a for a in entity.attributes if raw[a.name][0] is not None]
    notes = [f"{a.name} cannot be read and counts as empty; {a.about}" for a in given if published[a.name][0] is None]
    notes += [
        _failed(row["attribute"], row["rule"], hard=row["hard"]) for row in failed.sort("hard", "attribute").iter_rows(named=True)
    ]
    compared = prepare.compared(check.masked(published, failed.filter(~pl.col("hard"))), entity)
    return Asked(compared, number, f"{name.source}/{name.stream}" if name else None, tuple(dict.fromkeys(notes)))


def _raw(entity: Entity, record: Mapping[str, str]) -> pl.DataFrame:
    known = [a.name for a in entity.attributes]
    for name in record:
        if name not in known:
            raise NotFoundError(f"{entity.name} has no attribute {name!r}; {settings.near(name, known)}")
    given = {name: value for name, value in record.items() if value is not None and value.strip()}
    if not given:
        raise UsageError(f"there is nothing to match; give values, for example {known[0]}=...")
    return pl.DataFrame({n: pl.Series([given.get(n)], dtype=pl.String) for n in known})


def _failed(attribute: str, rule: str, *, hard: bool) -> str:
    what = f"{attribute}: {rule}" if attribute else rule
    return f"a run would quarantine it ({what}); matched all the same" if hard else f"{what}; the value does not count"
