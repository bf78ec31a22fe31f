"""The maps a connector's profile proposes, as TOML to read, correct and paste."""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

_LEAD = ("entity", "where", "constants", "values", "explode", "element_key", "parent", "links")


def written(
    maps: Sequence[Mapping[str, Any]], fields: Sequence[str], *, entity: str, source: str = "SOURCE", stream: str = "STREAM"
) -> str | None:
    """The proposed maps that feed the entity, without fields that are not offered; None when there is none."""
    chosen = [one for one in maps if one["entity"] == entity]
    if not chosen:
        return None
    table = f"sources.{_bare(source)}.streams.{_bare(stream)}"
    lines = ["# Proposed by the source's profile: read every line before it runs."]
    placed: set[str] = set()
    for one in chosen:
        there = {name: goal for name, goal in one["fields"].items() if "explode" in one or _offered(name, fields)}
        absent = [name for name in one["fields"] if name not in there]
        placed |= {_top(name, fields) for name in [*there, *one.get("where", {}), one.get("explode", "")]}
        lines += [f"[[{table}.map]]", *(f"{name} = {_value(one[name])}" for name in _LEAD if name in one), ""]
        lines += [f"[{table}.map.fields]", *(f"{_bare(name)} = {_value(goal)}" for name, goal in there.items())]
        lines += [f"# not in this delivery: {', '.join(map(_quoted, absent))}"] if absent else []
    rest = [name for name in fields if name not in placed]
    if rest:
        lines += [f"# not placed: map them, or write in [{table}]:", f"# ignore = {_value(rest)}"]
    return "\n".join(lines) + "\n"


def _offered(name: str, fields: Sequence[str]) -> bool:
    return not fields or name in fields or _top(name, fields) in fields


def _top(name: str, fields: Sequence[str]) -> str:
    return name if name in fields else re.split(r"[.\[]", name, maxsplit=1)[0]


def _value(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{_bare(name)} = {_value(one)}" for name, one in value.items()) + " }"
    if isinstance(value, str):
        return _quoted(value)
    if isinstance(value, bool):
        return str(value).lower()
    return "[" + ", ".join(map(_value, value)) + "]"


def _bare(key: str) -> str:
    return key if re.fullmatch(r"[A-Za-z0-9_-]+", key) else _quoted(key)


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
