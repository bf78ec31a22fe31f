"""Settings: `mdm.toml` and the environment, read once into a frozen object.

What can be read wrongly is refused by name, with a suggestion. Secrets stay references until the moment they are used.
"""

from mdm.settings.model import (
    Condition,
    Gates,
    HubSettings,
    LinkSettings,
    MapSettings,
    ParentSettings,
    RunSettings,
    Settings,
    Source,
    SparkSettings,
    StreamSettings,
)
from mdm.settings.reading import near
from mdm.settings.secret import Secret, register_scheme, resolve
from mdm.settings.toml import load

__all__ = [
    "Condition",
    "Gates",
    "HubSettings",
    "LinkSettings",
    "MapSettings",
    "ParentSettings",
    "RunSettings",
    "Secret",
    "Settings",
    "Source",
    "SparkSettings",
    "StreamSettings",
    "load",
    "near",
    "register_scheme",
    "resolve",
]
