"""Two records side by side: both forms of each value, and what each blocking rule says of them. Pure but for exposure."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl

from mdm import blocking, digest, exposure
from mdm.entity import Entity

_ROLE = "steward"


@dataclass(frozen=True)
class Form:
    """One attribute of two records: as people read it, and as machines compare it; a failed check empties the latter."""

    attribute: str
    a: Any
    b: Any
    compared_a: Any
    compared_b: Any


@dataclass(frozen=True)
class Rule:
    """One blocking rule: whether it makes the two a pair, and if not, why not."""

    columns: tuple[str, ...]
    fired: bool
    why: str


def forms(
    entity: Entity, published: Mapping[str, Any], other: Mapping[str, Any], compared: tuple[Mapping[str, Any], Mapping[str, Any]]
) -> list[Form]:
    """The attributes that either of two records has, masked by exposure."""
    hidden = set(exposure.hidden(entity.attributes, _ROLE))
    found = []
    for name in (a.name for a in entity.attributes):
        values = (published[name], other[name], compared[0].get(name), compared[1].get(name))
        if any(v is not None for v in values):
            found.append(Form(name, *(exposure.MASK if v is not None and name in hidden else _plain(v) for v in values)))
    return found


def rules(
    entity: Entity,
    compared: tuple[Mapping[str, Any], Mapping[str, Any]],
    names: tuple[str, str],
    hot: Collection[tuple[int, int]],
) -> list[Rule]:
    """What each blocking rule says of two compared records. `hot`: the keys, as rule and name, that make no pairs."""
    found = []
    for number, block in enumerate(blocking.blocks(entity)):
        why = _missing(block, compared, names) or _shared(number, block, compared, hot, block.hot or entity.hot)
        found.append(Rule(tuple(block), why is None, why or "both have the same"))
    return found


def _missing(
    columns: Collection[str], compared: tuple[Mapping[str, Any], Mapping[str, Any]], names: tuple[str, str]
) -> str | None:
    for column in columns:
        empty = [name for row, name in zip(compared, names, strict=True) if not _each(row.get(column))]
        if empty:
            return f"{column} is empty in {' and '.join(empty)}"
    differ = [c for c in columns if not _each(compared[0][c]) & _each(compared[1][c])]
    return f"different {' and '.join(differ)}" if differ else None


def _shared(
    number: int, columns: Collection[str], compared: tuple[Mapping[str, Any], Mapping[str, Any]],
    hot: Collection[tuple[int, int]], limit: int,
) -> str | None:  # fmt: skip
    """Why a key that both have makes no pair: every one of them is shared by too many."""
    keys = [""]
    for column in columns:
        both = sorted(_each(compared[0][column]) & _each(compared[1][column]))
        keys = [f"{key}|{value}" if key else value for key in keys for value in both]
    if any((number, name) not in hot for name in digest.of_text(pl.Series(keys, dtype=pl.String))):
        return None
    return f"more than {limit} records share the same {' + '.join(columns)}: it makes no pairs by itself"


def _each(value: Any) -> set[str]:
    if value is None:
        return set()
    return {str(v) for v in value if v is not None} if isinstance(value, list) else {str(value)}


def _plain(value: Any) -> Any:
    return value if value is None or isinstance(value, str | int | float | bool | list) else str(value)
