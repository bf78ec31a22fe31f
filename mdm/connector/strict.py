"""JSON taken at its word: no name twice, no number that is none, no depth that could only be meant to harm.

Readers differ in what they make of such texts (the first of two names, or the last), so a record could be one thing to the
key and another to the mapping.
"""

import json
import math
from collections.abc import Callable, Sequence
from typing import Any

from mdm.errors import DamagedError


class _Strange(ValueError):
    """What is JSON to some readers only."""


def strictly(read: Callable[..., Any], where: str) -> Any:
    """What a reader of JSON, given these hooks, reads; DamagedError for what readers do not agree on.

    A text that is no JSON at all raises the reader's own error.
    """
    try:
        return read(object_pairs_hook=_once, parse_constant=_never, parse_float=_finite)
    except (json.JSONDecodeError, UnicodeDecodeError):
        raise
    except RecursionError:
        raise DamagedError(f"{where}: the answer is nested too deeply; ask the source why") from None
    except _Strange as error:
        raise DamagedError(f"{where}: the answer is no strict JSON: {error}; ask the source why") from None
    except ValueError:
        raise DamagedError(f"{where}: the answer holds a number of thousands of digits; ask the source why") from None


def whole_characters(text: str) -> str:
    """The text with every half of a character replaced by U+FFFD, as for any other damaged byte.

    A source that cuts texts at a number of UTF-16 units cuts some characters in two; no database keeps the half.
    """
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return text


def mended(value: Any) -> Any:
    """A value read from JSON, without half characters anywhere in it."""
    text = json.dumps(value, ensure_ascii=False)
    whole = whole_characters(text)
    return value if whole is text else json.loads(whole)


def is_strict(text: str) -> bool:
    """Whether every reader would make the same of a JSON text."""
    try:
        strictly(lambda **hooks: json.loads(text, **hooks), "")
    except (DamagedError, ValueError):
        return False
    return True


def _once(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in made if names.count(name) > 1)
        raise _Strange(f"the name {twice[:60]!r} stands twice in one object")
    return made


def _never(name: str) -> None:
    raise _Strange(f"{name} is no number")


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise _Strange(f"the number {text[:20]} is too large")
    return value
