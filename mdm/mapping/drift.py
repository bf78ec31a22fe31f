"""Drift: fields a source has and nobody mapped or ignored, and fields that were mapped and are gone."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from mdm.errors import DriftError
from mdm.mapping import condition, link
from mdm.mapping.path import WHOLE, plain
from mdm.mapping.query import queried
from mdm.settings import MapSettings, StreamSettings

_NAMES = """
    select name from (
        select unnest(range(len(names))) as place, unnest(names) as name
        from (select json_keys(payload) as names from given)
    ) group by name order by min(place), name
"""
_NESTED = r"[:\[,]\s*[\[{]"


@dataclass(frozen=True)
class Drift:
    """How a delivery differs from its mapping; nested fields are named with dots."""

    unknown: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.unknown or self.missing)


def drift(delivered: pl.DataFrame | Sequence[str], stream: StreamSettings, *, sparse: bool = False) -> Drift:
    """The drift of a delivery, given as records or as the names of its fields (a header, or nested paths).

    A `sparse` source leaves out what is empty, so one absence proves nothing: then fields are missing only when all of
    a stream's mapped fields are.
    """
    seen = leaves(delivered["payload"]) if isinstance(delivered, pl.DataFrame) else list(dict.fromkeys(delivered))
    known = _known(stream)
    unknown = tuple(name for name in seen if not _covered(name, known))
    needed = [field for field in dict.fromkeys(_needed(stream)) if field != WHOLE]
    missing = tuple(field for field in needed if not _found(field, seen, stream)) if seen else ()
    if sparse and len(missing) < len(needed):
        missing = ()
    return Drift(unknown, missing)


def require(found: Drift, stream: StreamSettings) -> None:
    """Stop a stream whose mapped fields are missing."""
    if not found.missing:
        return
    field, more = found.missing[0], len(found.missing) - 1
    others = f" (and {more} more: {', '.join(map(repr, found.missing[1:6]))})" if more else ""
    hint = f". New in this delivery: {', '.join(map(repr, found.unknown[:10]))}" if found.unknown else ""
    raise DriftError(
        f"{stream}: the mapped field {field!r} is missing from the delivery{others}{hint}. Ask the source why, or change "
        f"[sources.{stream.source}.streams.{stream.name}] in mdm.toml to the new name and run again"
    )


def leaves(payload: pl.Series) -> list[str]:
    """Every field that payloads hold, nested ones as dotted paths, by their place in their record."""
    said = payload.drop_nulls()
    given = pl.DataFrame({"payload": said})
    if not said.str.contains(_NESTED).any():
        return queried(_NAMES, given)["name"].to_list()
    shape = json.loads(queried("select json_group_structure(payload::json)::varchar as shape from given", given)["shape"][0])
    found = dict.fromkeys(_paths(shape, ""))
    if _mixed(shape):
        # Objects here, lists or texts there: only a walk through each payload tells what all of them hold.
        found = dict.fromkeys(path for text in said.unique(maintain_order=True) for path in _paths(json.loads(text), ""))
    return list(found)


def _paths(value: Any, path: str) -> Iterator[str]:
    """The ends of nested data; the elements of a list have the list's path."""
    if isinstance(value, Mapping) and value:
        for name, inner in value.items():
            yield from _paths(inner, f"{path}.{name}" if path else name)
    elif isinstance(value, list) and any(isinstance(one, Mapping | list) for one in value):
        for one in value:
            yield from _paths(one, path)
    else:
        yield path


def _mixed(shape: Any) -> bool:
    if isinstance(shape, Mapping | list):
        return any(_mixed(inner) for inner in (shape.values() if isinstance(shape, Mapping) else shape))
    return shape == "JSON"


def _needed(stream: StreamSettings) -> Iterator[str]:
    yield from stream.key
    if stream.modified is not None:
        yield stream.modified
    yield from condition.fields(stream.deleted)
    yield from condition.fields(stream.inactive)
    yield from stream.merged_into
    yield from stream.pseudonymise
    for mapping in stream.maps:
        yield from _read(mapping)


def _read(mapping: MapSettings) -> Iterator[str]:
    if mapping.explode is not None:
        yield mapping.explode
    yield from mapping.where
    yield from mapping.element_key
    yield from mapping.fields
    if mapping.parent is not None:
        yield from mapping.parent.field
    for one in mapping.links:
        yield from one.key


def _known(stream: StreamSettings) -> set[str]:
    known = {*_needed(stream), *stream.ignore}
    for mapping in stream.maps:
        inside = {*_read(mapping), *link.fields(mapping)}
        known |= inside | {f"{mapping.explode}.{field}" for field in inside if mapping.explode is not None}
        # The list itself is read element by element: its unmapped fields are drift as well.
        known -= {mapping.explode} if mapping.explode is not None and mapping.explode not in mapping.fields else set()
    return {plain(field) for field in known}


def _covered(name: str, known: set[str]) -> bool:
    return any(outer in known for outer in _prefixes(name)) or any(field.startswith(name + ".") for field in known)


def _found(field: str, seen: Iterable[str], stream: StreamSettings) -> bool:
    names = {plain(field)}
    names |= {f"{m.explode}.{plain(field)}" for m in stream.maps if m.explode is not None and field in set(_read(m))}
    held = set(seen)
    return any(bool(held.intersection(_prefixes(name))) or any(s.startswith(name + ".") for s in held) for name in names)


def _prefixes(name: str) -> Iterator[str]:
    """A path and everything around it."""
    yield name
    while "." in name:
        name = name.rpartition(".")[0]
        yield name
