"""Names of fields, and the places in a payload they may mean.

An exact header wins; otherwise dots descend into nested data, and `name[2]` takes the second of a list.
A path that meets a list without an index means every element of it.
"""

import re
from functools import lru_cache

Step = str | int
Way = tuple[Step, ...]

WHOLE = "."
# Beyond this many dots only the exact name and the fully nested one are tried.
_DOTS = 4
_INDEXED = re.compile(r"(.+?)\[(\d+)\]\Z", re.DOTALL)


@lru_cache(maxsize=4096)
def ways(field: str) -> tuple[Way, ...]:
    """Every place the name of a field may mean, the likeliest first."""
    if field == WHOLE:
        return ((),)
    parts = field.split(".")
    found = [(field,), *_readings(parts, whole=len(parts) <= _DOTS + 1)]
    return tuple(dict.fromkeys(found))


def pointer(way: Way) -> str:
    """A place as a JSON pointer."""
    return "".join("/" + str(step).replace("~", "~0").replace("/", "~1") for step in way)


def plain(field: str) -> str:
    """The name of a field without the indexes of its lists."""
    return re.sub(r"\[\d+\]", "", field)


def _readings(parts: list[str], *, whole: bool) -> list[Way]:
    if not parts:
        return [()]
    lengths = range(len(parts), 0, -1) if whole else (1,)
    return [(*_steps(".".join(parts[:n])), *rest) for n in lengths for rest in _readings(parts[n:], whole=whole)]


def _steps(name: str) -> Way:
    match = _INDEXED.match(name)
    return (match[1], int(match[2]) - 1) if match and int(match[2]) > 0 else (name,)
