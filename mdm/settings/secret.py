"""References to secrets: `env:NAME`, `file:PATH`, and schemes that others register.

A reference is resolved at the moment of use. Its value is never kept, logged or stored; neither is where it comes from.
"""

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.metadata import entry_points
from pathlib import Path

from mdm.errors import ConfigError

GROUP = "mdm.secrets"
_REFERENCE = re.compile(r"([a-z][a-z0-9_+-]*):(?!//)(.+)\Z", re.DOTALL)

Scheme = Callable[[str], str]


@dataclass(frozen=True)
class Secret:
    """A reference to a secret, which `resolve` turns into its value."""

    reference: str

    @property
    def scheme(self) -> str:
        """The kind of reference."""
        return self.reference.partition(":")[0]

    def __repr__(self) -> str:
        return f"Secret('{self.scheme}:***')"

    __str__ = __repr__


def resolve(reference: "Secret | str", environ: Mapping[str, str] | None = None) -> str:
    """The value a reference stands for; text that is no reference is its own value."""
    secret = reference if isinstance(reference, Secret) else parsed(reference)
    if not isinstance(secret, Secret):
        return secret
    name = secret.reference.partition(":")[2]
    if secret.scheme == "env" and environ is not None:
        return _from_environment(name, environ)
    return _scheme(secret.scheme)(name)


def register_scheme(name: str, read: Scheme) -> None:
    """Make `name:ANYTHING` a reference that `read` resolves."""
    _registered[name] = read


def parsed(text: str) -> "Secret | str":
    """A reference if the text is written as one, else the text itself."""
    match = _REFERENCE.match(text)
    return Secret(text) if match and match[1] in _known_schemes() else text


def _known_schemes() -> set[str]:
    return {*_registered, *(point.name for point in entry_points(group=GROUP))}


def _scheme(name: str) -> Scheme:
    if name in _registered:
        return _registered[name]
    for point in entry_points(group=GROUP, name=name):
        return point.load()
    raise ConfigError(
        f"nobody resolves secrets of the scheme {name!r}; install the package that does, or use one of: "
        f"{', '.join(sorted(_known_schemes()))}"
    )


def _from_environment(name: str, environ: Mapping[str, str]) -> str:
    if not environ.get(name):
        raise ConfigError(f"the secret 'env:{name}' is empty: set the environment variable {name}")
    return environ[name]


def _from_file(path: str) -> str:
    try:
        text = Path(path).expanduser().read_text(encoding="utf-8").strip("\r\n")
    except (OSError, UnicodeDecodeError) as problem:
        why = problem.strerror if isinstance(problem, OSError) else "it is not UTF-8 text"
        raise ConfigError(f"the secret 'file:{path}' cannot be read: {why}; check the path and its permissions") from None
    if not text:
        raise ConfigError(f"the secret 'file:{path}' is empty; write the value into that file")
    return text


_registered: dict[str, Scheme] = {"env": lambda name: _from_environment(name, os.environ), "file": _from_file}
