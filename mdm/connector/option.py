"""Options: what a connector may be told, declared so that an unknown one is refused by name.

A secret option holds a reference. It is resolved late and never shown.
"""

import difflib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mdm.errors import ConfigError
from mdm.settings import Secret, resolve

_TRUE = {"true", "1", "yes", "on"}
_FALSE = {"false", "0", "no", "off"}


@dataclass(frozen=True)
class Option:
    """One option of a connector. `type` is str, int, float, bool or list, or a tuple of these; `least` bounds a number."""

    name: str
    type: type | tuple[type, ...] = str
    default: Any = None
    help: str = ""
    secret: bool = False
    required: bool = False
    choices: tuple[str, ...] = ()
    least: float | None = None


PER_SECOND = Option(
    "per_second",
    float,
    help="How many requests a second at most; sources of one tenant share it, and the strictest limit holds.",
    least=0.001,
)


class Options(Mapping[str, Any]):
    """The values chosen for the declared options; secrets never show."""

    def __init__(self, where: str, declared: Sequence[Option], values: Mapping[str, Any]) -> None:
        self._where, self._declared, self._values = where, tuple(declared), dict(values)

    def __getitem__(self, name: str) -> Any:
        return self._values[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __repr__(self) -> str:
        secret = {option.name for option in self._declared if option.secret}
        shown = (f"{name}={'***' if name in secret else repr(value)}" for name, value in self._values.items())
        return f"Options({', '.join(shown)})"

    def over(self, overrides: Mapping[str, Any], where: str | None = None) -> "Options":
        """These options with a stream's own on top."""
        where = where or self._where
        checked = _checked(where, self._declared, overrides)
        return _required(Options(where, self._declared, {**self._values, **checked}))


def chosen(where: str, declared: Sequence[Option], given: Mapping[str, Any], *, partial: bool = False) -> Options:
    """The given options checked against the declared ones, defaults filled in.

    `partial` leaves a missing required option to the streams.
    """
    defaults = {option.name: option.default for option in declared}
    options = Options(where, declared, {**defaults, **_checked(where, declared, given)})
    return options if partial else _required(options)


def _required(options: Options) -> Options:
    for option in options._declared:
        if option.required and options[option.name] is None:
            raise ConfigError(f"{options._where}: option {option.name!r} is missing ({option.help}); set it")
    return options


def _checked(where: str, declared: Sequence[Option], given: Mapping[str, Any]) -> dict[str, Any]:
    by_name = {option.name: option for option in declared}
    unknown = [name for name in given if name not in by_name]
    if unknown:
        near = difflib.get_close_matches(unknown[0], by_name, n=1)
        hint = f"did you mean {near[0]!r}?" if near else f"there are: {', '.join(sorted(by_name))}"
        raise ConfigError(f"{where}: unknown option {unknown[0]!r}; {hint}")
    return {name: _typed(where, by_name[name], value) for name, value in given.items()}


def _typed(where: str, option: Option, value: Any) -> Any:
    wanted = option.type if isinstance(option.type, tuple) else (option.type,)
    if isinstance(value, Secret):
        # A secret stays a reference until the moment of use; of anything else only the place it stands in is elsewhere.
        value = value.reference if option.secret else resolve(value)
    value = _from_text(value, wanted)
    fits = type(value) in wanted or (float in wanted and type(value) is int)
    if value is not None and not fits:
        words = " or ".join(kind.__name__ for kind in wanted)
        shown = "that value" if option.secret else repr(value)
        raise ConfigError(f"{where}: option {option.name!r} takes {words}, not {shown}; {option.help}")
    if option.least is not None and value is not None and value < option.least:
        raise ConfigError(f"{where}: option {option.name!r} must be at least {option.least:g}, not {value}; {option.help}")
    if option.choices and value is not None and value not in option.choices:
        near = difflib.get_close_matches(str(value), option.choices, n=1)
        hint = f"did you mean {near[0]!r}?" if near else f"choose one of: {', '.join(option.choices)}"
        raise ConfigError(f"{where}: option {option.name!r} cannot be {value!r}; {hint}")
    return value


def _from_text(value: Any, wanted: tuple[type, ...]) -> Any:
    """An environment variable can only say text: read numbers and facts from it."""
    if not isinstance(value, str) or str in wanted:
        return value
    if bool in wanted and value.strip().lower() in _TRUE | _FALSE:
        return value.strip().lower() in _TRUE
    for kind in (int, float):
        if kind in wanted:
            try:
                return kind(value)
            except ValueError:
                continue
    return value
