"""Drift: fields a source has and nobody mapped or ignored, and fields that were mapped and are gone."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import polars as pl

from mdm.errors import DriftError
from mdm.mapping import condition, link
from mdm.mapping.path import WHOLE, plain, pointer
from mdm.mapping.query import queried
from mdm.settings import MapSettings, StreamSettings

_OPEN = {"OBJECT", "ARRAY"}
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
    return list(dict.fromkeys(_leaves(payload.drop_nulls(), "")))


def _leaves(payload: pl.Series, prefix: str) -> Iterator[str]:
    given = pl.DataFrame({"payload": payload})
    names = queried(
        """
        select name from (select unnest(range(len(names))) as place, unnest(names) as name from (
            select json_keys(payload) as names from given
        )) group by name order by min(place), name
        """,
        given,
    )["name"].to_list()
    # Most payloads are flat, and a flat one costs one pass.
    nested = payload.str.contains(_NESTED).any()
    for name in names:
        kinds = _kinds(given, name) if nested else {"VARCHAR"}
        inner = list(_leaves(_inside(given, name), f"{prefix}{name}.")) if kinds & _OPEN else []
        yield from inner
        if kinds - _OPEN or not inner:
            yield prefix + name


def _kinds(given: pl.DataFrame, name: str) -> set[str]:
    kinds = queried(f"select distinct json_type(payload, {_place(name)}) as kind from given", given)["kind"]
    return set(kinds.drop_nulls()) - {"NULL"}


def _inside(given: pl.DataFrame, name: str) -> pl.Series:
    """The objects under a name, those in lists one by one."""
    sql = f"""
        with recursive found(value) as (
            select json_extract(payload, {_place(name)}) from given
            union all
            select unnest(json_extract(value, '$[*]')) from found where json_type(value) = 'ARRAY'
        )
        select distinct value::varchar as payload from found where json_type(value) = 'OBJECT' order by payload
    """
    return queried(sql, given)["payload"]


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


def _place(name: str) -> str:
    return "'" + pointer((name,)).replace("'", "''") + "'"
