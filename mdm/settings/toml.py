"""Finding `mdm.toml`, reading it, and laying the environment over it.

Every message names the file and the key. `${NAME}` is for variables that are no secrets; `$${` writes `${` itself.
"""

import os
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mdm.errors import ConfigError
from mdm.settings.build import built
from mdm.settings.model import Settings

NAME = "mdm.toml"
SHORT = {"MDM_HUB_URL": ("hub", "url"), "MDM_RULES": ("hub", "rules")}
_VARIABLE = re.compile(r"(\$?)\$\{([^}]*)\}")


def load(path: Path | None = None, environ: Mapping[str, str] = os.environ) -> Settings:
    """The settings of a file (by default `MDM_CONFIG`, or `mdm.toml` in the working directory)."""
    file = _found(path, environ)
    document = _interpolated(_document(file), environ, str(file), ())
    for variable, steps in _overrides(environ):
        _override(document, steps, environ[variable], variable)
    return built(document, file)


def _found(path: Path | None, environ: Mapping[str, str]) -> Path:
    named = path or (Path(environ["MDM_CONFIG"]) if environ.get("MDM_CONFIG") else None)
    file = (named or Path(NAME)).expanduser().absolute()
    if file.is_dir():
        file = file / NAME
    if file.is_file():
        return file
    how = "" if path is not None or named is None else " (named by MDM_CONFIG)"
    raise ConfigError(
        f"there is no {file}{how}; go to the folder that holds it or set MDM_CONFIG, "
        f"start a new one with `mdm init`, or see one at work with `mdm demo`"
    )


def _document(file: Path) -> dict[str, Any]:
    try:
        text = file.read_text(encoding="utf-8-sig")
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as problem:
        raise ConfigError(f"{file}, {_placed(str(problem), text)}; correct the TOML there") from None
    except UnicodeDecodeError as problem:
        raise ConfigError(f"{file}: byte {problem.start + 1} is not UTF-8; save the file as UTF-8") from None
    except OSError as problem:
        raise ConfigError(f"{file} cannot be read: {problem.strerror}; check its permissions") from None


def _placed(problem: str, text: str) -> str:
    match = re.search(r" \(at line (\d+), column (\d+)\)", problem)
    if match is None:
        return f"line {len(text.splitlines())}: {problem.replace(' (at end of document)', '')}"
    return f"line {match[1]}, column {match[2]}: {problem.replace(match[0], '')}"


def _interpolated(value: Any, environ: Mapping[str, str], file: str, place: tuple[str, ...]) -> Any:
    if isinstance(value, dict):
        return {k: _interpolated(v, environ, file, (*place, k)) for k, v in value.items()}
    if isinstance(value, list):
        return [_interpolated(v, environ, file, place) for v in value]
    if not isinstance(value, str) or "${" not in value:
        return value

    def variable(match: re.Match[str]) -> str:
        if match[1]:
            return match[0][1:]
        if match[2] not in environ:
            name = match[2]
            raise ConfigError(f"{file}: {'.'.join(place)} uses ${{{name}}}, which is not set; set it in the environment")
        return environ[match[2]]

    return _VARIABLE.sub(variable, value)


def _overrides(environ: Mapping[str, str]) -> list[tuple[str, tuple[str, ...]]]:
    # The short names first, so that the long form wins where both are set.
    short = [(name, SHORT[name]) for name in sorted(SHORT) if environ.get(name)]
    long = [(name, tuple(name[4:].split("__"))) for name in sorted(environ) if name.startswith("MDM_") and "__" in name[4:]]
    return short + long


def _override(document: dict[str, Any], steps: tuple[str, ...], text: str, variable: str) -> None:
    table = document
    for step in steps[:-1]:
        key = _known(table, step)
        if not isinstance(table.setdefault(key, {}), dict):
            raise ConfigError(f"environment variable {variable}: {key!r} is not a table in {NAME}; correct the name")
        table = table[key]
    key = _known(table, steps[-1])
    table[key] = _typed(text, table.get(key), variable)


def _known(table: Mapping[str, Any], step: str) -> str:
    # Environment names are upper case without signs; `MDM_SOURCES__ODS_EU__PATH` means the source `ods-eu`.
    plain = re.sub(r"\W", "_", step).casefold()
    return next((key for key in table if re.sub(r"\W", "_", key).casefold() == plain), step.casefold())


def _typed(text: str, present: Any, variable: str) -> Any:
    if isinstance(present, str) or not (isinstance(present, list | dict) or text.lstrip().startswith(("[", "{"))):
        return text
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        if isinstance(present, list):
            return [text]
        raise ConfigError(f"environment variable {variable} must hold a TOML table or list, such as ['a', 'b']") from None
