"""The contest for a golden value: who offered what, why it lost, and what would have made it win."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl

from mdm import exposure, survivorship
from mdm.entity import Attribute, Entity


@dataclass(frozen=True)
class Contender:
    """One source record's value, in its place; `score` and `parts` (role, age, ...) where the rule weighs."""

    place: int
    record: str
    value: Any
    role: str
    date: str | None
    lost: str | None = None
    flip: str | None = None
    score: float | None = None
    parts: tuple[tuple[str, float], ...] = ()


def lead(entity: Entity, attribute: Attribute) -> Attribute:
    """The attribute whose contest decides for this one: the first of its group, or itself."""
    return next((a for a in entity.attributes if a.group is not None and a.group == attribute.group), attribute)


def contenders(
    entity: Entity, attribute: Attribute, members: pl.DataFrame, failed: Mapping[str, pl.Series], written: Mapping[int, str],
    *, role: str,
) -> tuple[Contender, ...]:  # fmt: skip
    """Everybody who offered a value of this attribute, or of the one that leads its group; the winner first.

    `members`: the records of one golden record as `explain.record.published` gives them. `role`: who looks.
    """
    leading = lead(entity, attribute)
    group = [a.name for a in entity.attributes if a.group is not None and a.group == leading.group]
    told = survivorship.fullest_first(members, group) if group and members.height else members
    found = survivorship.contest(told, leading.name, leading.rule, failed)
    hidden = attribute.name in exposure.hidden([attribute], role)
    said = dict(members.select("record_id", attribute.name).iter_rows())
    return tuple(
        Contender(
            one.place, written.get(one.record_id, str(one.record_id)), _shown(said[one.record_id], hidden), one.role,
            one.source_time.strftime("%Y-%m-%d") if one.source_time else None, one.lost if not hidden else _plain(one.lost),
            one.flip if not hidden else _plain(one.flip), one.score, one.parts,
        )
        for one in found
    )  # fmt: skip


def _shown(value: Any, hidden: bool) -> Any:
    return exposure.MASK if hidden and value is not None else value


def _plain(words: str | None) -> str | None:
    """Without the values a reason quotes."""
    return None if words is None else words.split("'")[0].strip()
