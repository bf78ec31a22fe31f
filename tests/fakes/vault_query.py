"""How the fake Vault answers queries: pages cut from a live set, or from a large one that stands still."""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from typing import Any

Row = dict[str, Any]
QUERY = re.compile(r"SELECT (.+?) FROM (\w+)(?: WHERE (.+?))? ORDER BY (.+?) PAGESIZE (\d+)(?: PAGEOFFSET (\d+))?")
_CONDITION = re.compile(r"(\w+) (?:(>=|<=|=|>|<) '([^']*)'|(CONTAINS) \(([^)]*)\))")
TIME = "modified_date__v"


class Held(list[Row]):
    """Many rows that nobody changes: sorted once, found by bisection."""

    def __init__(self, rows: Sequence[Row]) -> None:
        super().__init__(sorted(rows, key=lambda row: (row[TIME], row["id"])))
        self.times = [row[TIME] for row in self]
        self.types = dict.fromkeys((name for row in self[:100] for name in row), "String")

    def span(self, conditions: Sequence[tuple[str, str, str]]) -> tuple[int, int]:
        """Where the rows that fulfil these conditions on the time begin and end."""
        low, high = 0, len(self)
        for _, sign, value in conditions:
            left, right = bisect_left(self.times, value), bisect_right(self.times, value)
            low = max(low, {">=": left, ">": right, "=": left}.get(sign, 0))
            high = min(high, {"<=": right, "<": left, "=": right}.get(sign, len(self)))
        return low, max(low, high)


def conditions(text: str | None) -> list[tuple[str, str, str]]:
    """The conditions of a query: field, sign and value."""
    return [(name, sign or word, value or listed) for name, sign, value, word, listed in _CONDITION.findall(text or "")]


def found(rows: Sequence[Row], where: str | None, order: str, start: int, count: int) -> tuple[list[Row], int]:
    """The rows of a page, and how many there are in all."""
    wanted = conditions(where)
    names = [part.split()[0] for part in order.split(", ")]
    if isinstance(rows, Held) and names[0] == TIME and all(name == TIME for name, _, _ in wanted):
        low, high = rows.span(wanted)
        return rows[low + start : min(low + start + count, high)], high - low
    fitting = [row for row in rows if all(_holds(row, condition) for condition in wanted)]
    fitting.sort(key=lambda row: [row.get(name) or "" for name in names])
    return fitting[start : start + count], len(fitting)


def _holds(row: Row, condition: tuple[str, str, str]) -> bool:
    name, sign, value = condition
    had = row.get(name) or ""
    if sign == "CONTAINS":
        return f"'{had}'" in value.split(", ")
    return {"=": had == value, ">=": had >= value, "<=": had <= value, ">": had > value, "<": had < value}[sign]
