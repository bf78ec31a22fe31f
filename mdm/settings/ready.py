"""What a connector knows of a kind of delivery by name: the option `profile`.

A connector that has profiles offers `defaults(profile, stream)`, settings of a stream as mdm.toml would say them, and
`maps(profile, stream)`, maps to propose. What mdm.toml says itself always wins.
"""

from collections.abc import Mapping
from importlib.metadata import entry_points
from typing import Any

from mdm.errors import ConfigError

GROUP = "mdm.connectors"
OPTION = "profile"
_FILLED = ("key", "modified", "delivery", "shrink", "deleted", "inactive", "merged_into")


def filled(stream: str, own: Mapping[str, Any], around: Mapping[str, Any]) -> Mapping[str, Any]:
    """A stream's table with what its profile says of it filled in; `around` is the source's table."""
    profile = own.get(OPTION, around.get(OPTION))
    ready = _ready(around.get("connector")) if isinstance(profile, str) else None
    if ready is None or not hasattr(ready, "defaults"):
        return own
    said = ready.defaults(profile, stream)
    return {**{name: value for name, value in said.items() if name in _FILLED}, **own}


def maps(connector: str, stream: str, options: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The maps that a stream's profile proposes."""
    profile = options.get(OPTION)
    ready = _ready(connector) if isinstance(profile, str) else None
    return ready.maps(profile, stream) if ready is not None and hasattr(ready, "maps") else []


def _ready(connector: Any) -> Any:
    """The connector's class, if there is such a connector; that there is none, others say."""
    for point in entry_points(group=GROUP, name=str(connector)):
        try:
            return point.load()
        except ImportError as error:
            raise ConfigError(f"the connector {connector!r} cannot be loaded: {error}; install what it needs") from None
    return None
