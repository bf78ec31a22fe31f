"""The public door: what rules and connectors import, and nothing more.

Names are loaded when they are first used, so that a command that needs none of them starts fast.
"""

from importlib import import_module
from typing import Any

__version__ = "0.1.0"

_PLACES = {
    "mdm.entity": (
        "Attribute",
        "Block",
        "Collection",
        "Entity",
        "Hard",
        "Identity",
        "Key",
        "Link",
        "Veto",
        "hard",
        "with_compatible",
    ),
    "mdm.caution": ("Caution",),
    "mdm.connector": ("Connector", "Stream"),
    "pandera.polars": ("Check",),
}
_MODULES = ("checks", "compare", "connector", "errors", "identifiers", "standard", "survivorship")
_HOMES = {name: place for place, names in _PLACES.items() for name in names}

__all__ = [*_HOMES, *_MODULES]


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    if name in _MODULES:
        return import_module(f"mdm.{name}")
    raise AttributeError(f"the public door of mdm has no {name!r}; it has: {', '.join(sorted(__all__))}")


def __dir__() -> list[str]:
    return sorted(__all__)
