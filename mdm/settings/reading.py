"""Reading one table of a TOML document: values are asked for by name and type; what nobody asked for is refused."""

import difflib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from mdm.errors import ConfigError


def near(name: str, names: Iterable[str]) -> str:
    """A hint for a mistyped name: the nearest one, or all there are."""
    known = sorted(set(names))
    close = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    folded = [k for k in known if k.casefold() == name.casefold()]
    if folded or close:
        return f"did you mean {(folded or close)[0]!r}?"
    return f"there are: {', '.join(known)}" if known else "there are none"


@dataclass
class Table:
    """One TOML table being read; `where` is its place, such as `mdm.toml: sources.crm`."""

    where: str
    values: Mapping[str, Any]
    _asked: set[str] = field(default_factory=set)

    def text(self, key: str, default: Any = None) -> Any:
        """A text; numbers and booleans are taken as they are written."""
        value = self._take(key)
        if value is None:
            return default
        if not isinstance(value, str | int | float):
            raise self.wrong(key, "must be a text", value)
        return as_text(value)

    def required(self, key: str) -> str:
        """A text that has to be there."""
        value = self.text(key)
        if value is None or value == "":
            raise ConfigError(f"{self.where} has no {key!r}; add it")
        return value

    def choice(self, key: str, choices: Iterable[str], default: str) -> str:
        """One of a few texts."""
        value = self.text(key, default)
        if value not in choices:
            raise ConfigError(f"{self.where}.{key} is {value!r}; {near(value, choices)}")
        return value

    def number(self, key: str, default: float, *, low: float = 0.0, high: float = 1.0) -> float:
        """A number between two limits."""
        value = self._take(key)
        if value is None:
            return default
        try:
            number = float("nan") if isinstance(value, bool) else float(value)
        except (TypeError, ValueError):
            raise self.wrong(key, f"must be a number from {low:g} to {high:g}", value) from None
        if not low <= number <= high:
            raise self.wrong(key, f"must be a number from {low:g} to {high:g}", value)
        return number

    def flag(self, key: str, default: bool = False) -> bool:
        """True or false."""
        value = self._take(key)
        if value is None:
            return default
        known = {"true": True, "false": False}
        if isinstance(value, bool) or str(value).lower() in known:
            return known[str(value).lower()]
        raise self.wrong(key, "must be true or false", value)

    def texts(self, key: str) -> tuple[str, ...]:
        """A text or a list of texts."""
        value = self._take(key)
        return () if value is None else listed(f"{self.where}.{key}", value)

    def table(self, key: str) -> "Table | None":
        """A table inside this one."""
        value = self._take(key)
        if value is None:
            return None
        if not isinstance(value, Mapping):
            raise self.wrong(key, "must be a table", value)
        return Table(f"{self.where}.{key}" if ": " in self.where else f"{self.where}: {key}", value)

    def tables(self, key: str) -> list["Table"]:
        """The tables of an array of tables, counted from 1."""
        value = self._take(key)
        if value is None:
            return []
        found = [value] if isinstance(value, Mapping) else value
        if not isinstance(found, list) or not all(isinstance(one, Mapping) for one in found):
            raise self.wrong(key, f"must be an array of tables: [[...{key}]]", value)
        return [Table(f"{self.where}.{key}[{i}]", one) for i, one in enumerate(found, start=1)]

    def each(self, read: Callable[[str, "Table"], Any]) -> dict[str, Any]:
        """Every key of this table, read as a table."""
        return {key: read(key, table) for key in self.values if (table := self.table(key)) is not None}

    def rest(self) -> dict[str, Any]:
        """What nobody asked for."""
        return {k: v for k, v in self.values.items() if k not in self._asked}

    def done(self) -> None:
        """Refuse what nobody asked for, by name."""
        for key in self.rest():
            raise ConfigError(f"{self.where} has no setting {key!r}; {near(key, self._asked)}")

    def wrong(self, key: str, must: str, value: Any) -> ConfigError:
        """The error for a value that cannot be used."""
        return ConfigError(f"{self.where}.{key} {must}, not {value!r}")

    def _take(self, key: str) -> Any:
        self._asked.add(key)
        return self.values.get(key)


def as_text(value: Any) -> str:
    """A TOML scalar as the text a source would deliver."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def listed(where: str, value: Any) -> tuple[str, ...]:
    """A text or a list of texts, as a tuple."""
    found = value if isinstance(value, list) else [value]
    if not all(isinstance(one, str | int | float) for one in found):
        raise ConfigError(f"{where} must be a text or a list of texts, not {value!r}")
    return tuple(as_text(one) for one in found)
