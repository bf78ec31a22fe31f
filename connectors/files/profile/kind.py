"""What a profile is made of."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Kind:
    """One stream of a profile: its key, options of the connector, settings of the stream, and maps to propose."""

    about: str
    key: Sequence[str] = ()
    options: Mapping[str, Any] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)
    maps: Sequence[Mapping[str, Any]] = ()


@dataclass(frozen=True)
class Profile:
    """A kind of delivery; the stream `*` is any other."""

    name: str
    about: str
    streams: Mapping[str, Kind]
