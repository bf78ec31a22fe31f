"""From landed records to the attributes of an entity: one map applied to one frame, set by set."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import polars as pl

from mdm.digest import record_ids
from mdm.entity import Attribute, Entity
from mdm.mapping import child, code, link
from mdm.mapping.document import Said
from mdm.mapping.explosion import BASE, Told, told
from mdm.mapping.key import joined
from mdm.mapping.target import Target, target
from mdm.mapping.text import first
from mdm.settings import MapSettings, StreamSettings

STATUS = "status"
Values = dict[Target, pl.Series]


@dataclass(frozen=True)
class Mapped:
    """What one map makes of a frame of landed records.

    `records`: record_id, parent_id (of the landed record an element stands in), source, stream, source_key, seq,
    source_time, inactive, and one text per attribute, null where the source says nothing.
    `children`: per collection, the columns of `child.CHILD` and one text per attribute.
    `links`: the columns of `link.LINK`. `unknown_codes`: record_id, attribute, code.
    `filtered`: what `where` refused. `duplicates`, `unkeyed`: elements left out, as their key came twice or is blank.
    """

    records: pl.DataFrame
    children: Mapping[str, pl.DataFrame]
    links: pl.DataFrame
    unknown_codes: pl.DataFrame
    filtered: int = 0
    duplicates: int = 0
    unkeyed: int = 0


@dataclass(frozen=True)
class _Work:
    """One map at work: `owner` is the record each row speaks of, itself or its parent."""

    told: Told
    owner: pl.Series
    said: Said
    mapping: MapSettings
    entity: Entity
    unknown: list[pl.DataFrame] = field(default_factory=list)


def records(frame: pl.DataFrame, stream: StreamSettings, mapping: MapSettings, entity: Entity) -> Mapped:
    """Apply one map of a stream to its landed records; deleted ones say nothing."""
    found = told(frame.filter(pl.col("op") != "delete"), mapping)
    said = found.documents.texts(_fields(mapping))
    work = _Work(found, _owners(found, said, stream, mapping), said, mapping, entity)
    values = _values(work)
    return Mapped(
        records=_records(work, values),
        children={c.name: _children(work, values, c.name) for c in entity.collections},
        links=link.links(work.owner, found.base["record_id"], mapping, said, found.documents).drop_nulls("record_id"),
        unknown_codes=pl.concat([pl.DataFrame(schema=code.UNKNOWN), *work.unknown]),
        filtered=found.filtered,
        duplicates=found.duplicates,
        unkeyed=found.unkeyed,
    )


def _fields(mapping: MapSettings) -> list[str]:
    parent = mapping.parent.field if mapping.parent else ()
    return [*mapping.fields, *link.fields(mapping), *parent]


def _owners(found: Told, said: Said, stream: StreamSettings, mapping: MapSettings) -> pl.Series:
    if mapping.parent is None:
        return found.base["record_id"]
    keys = joined([said[name] for name in mapping.parent.field]).alias("source_key").to_frame()
    return record_ids(keys, stream.source, mapping.parent.stream)


def _values(work: _Work) -> Values:
    feeding: dict[Target, list[pl.Series]] = {}
    for name, names in work.mapping.fields.items():
        for text in names:
            feeding.setdefault(_target(text, work.mapping), []).append(work.said[name])
    # The first field that says anything, in the order they are written.
    values = {goal: first(series) for goal, series in feeding.items()}
    return {goal: _decoded(goal, text, work) for goal, text in values.items()}


def _target(text: str, mapping: MapSettings) -> Target:
    found = target(text)
    if mapping.parent is not None and mapping.parent.collection is not None:
        return Target(found.attribute, mapping.parent.collection, 1)
    return found


def _decoded(goal: Target, text: pl.Series, work: _Work) -> pl.Series:
    codes = _codes(goal, work.mapping)
    if codes is None:
        return text
    several = _attribute(goal, work.entity).type is list
    strange = code.unknown(text, codes, work.owner, several=several).drop_nulls("record_id")
    work.unknown.append(strange.select("record_id", pl.lit(str(goal)).alias("attribute"), "code"))
    return code.decoded(text, codes, several=several)


def _codes(goal: Target, mapping: MapSettings) -> Mapping[str, str] | None:
    numbered = f"{goal.collection}[{goal.index}].{goal.attribute}"
    own = [goal.attribute] if goal.collection is None or mapping.parent is not None else []
    return next((mapping.values[n] for n in (numbered, str(goal), *own) if n in mapping.values), None)


def _attribute(goal: Target, entity: Entity) -> Attribute:
    if goal.collection is None:
        return entity.attribute(goal.attribute)
    return next(a for a in entity.collection(goal.collection).attributes if a.name == goal.attribute)


def _records(work: _Work, values: Values) -> pl.DataFrame:
    base = work.told.base if work.mapping.parent is None else work.told.base.clear()
    inactive = base["inactive"]
    columns = []
    for attribute in work.entity.attributes:
        text = values.get(Target(attribute.name)) if work.mapping.parent is None else None
        text = _constant(text, Target(attribute.name), work.mapping, len(base))
        if attribute.name == STATUS:
            text = _inactive(text, inactive)
        columns.append(text.alias(attribute.name))
    return base.select(BASE).hstack(columns)


def _children(work: _Work, values: Values, name: str) -> pl.DataFrame:
    collection = work.entity.collection(name)
    frames = [child.empty(collection)]
    for index in sorted({goal.index for goal in values if goal.collection == name}):
        own = {goal: text for goal, text in values.items() if goal.collection == name and goal.index == index}
        anything = child.said_anything(own.values(), len(work.owner)) & work.owner.is_not_null()
        goals = [Target(a.name, name, index) for a in collection.attributes]
        filled = {g.attribute: _constant(own.get(g), g, work.mapping, len(work.owner)) for g in goals}
        if STATUS in filled and work.mapping.parent is not None:
            filled[STATUS] = _inactive(filled[STATUS], work.told.base["inactive"])
        rows = child.children(work.told.base, collection, filled, owner=work.owner, told=anything)
        frames.append(rows.with_columns(pl.lit(index, pl.Int32).alias("ordinal")))
    return pl.concat(frames)


def _constant(text: pl.Series | None, goal: Target, mapping: MapSettings, height: int) -> pl.Series:
    """The value, and the constant where there is none."""
    constants = {_target(name, mapping): constant for name, constant in mapping.constants.items()}
    constant = constants.get(goal) or None
    fill = pl.repeat(constant, height, dtype=pl.String, eager=True)
    return fill if text is None else (text if constant is None else first([text, fill]))


def _inactive(status: pl.Series, inactive: pl.Series) -> pl.Series:
    return status.set(inactive, "inactive") if inactive.any() else status
