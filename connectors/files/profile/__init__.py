"""Profiles: kinds of deliveries that are known by name, so that a few words in mdm.toml are enough.

A profile fills in what is not set: how the files are read, what the key is, what says deleted or inactive. Its maps are
proposals, shown by `mdm map` and used only once they stand in mdm.toml.
"""

import difflib
from collections.abc import Mapping
from typing import Any

from connectors.files.profile import person, place, product, supply
from connectors.files.profile.kind import Kind, Profile
from mdm.errors import ConfigError

__all__ = ["PROFILES", "Kind", "Profile", "known", "of"]

PROFILES: Mapping[str, Profile] = {
    profile.name: profile for profile in sorted([*person.ALL, *place.ALL, *product.ALL, *supply.ALL], key=lambda one: one.name)
}


def known(name: str) -> Profile:
    """The profile of this name (`name/stream` names a stream of it as well)."""
    plain = name.partition("/")[0]
    if plain not in PROFILES:
        near = difflib.get_close_matches(plain, PROFILES, n=1)
        hint = f"did you mean {near[0]!r}?" if near else f"there are: {', '.join(PROFILES)}"
        raise ConfigError(f"there is no profile {plain!r}; {hint}")
    return PROFILES[plain]


def of(name: str, stream: str) -> Kind:
    """What a profile says of a stream: the one it names as `name/stream`, else the one of the stream's own name."""
    profile, wanted = known(name), name.partition("/")[2] or stream
    kind = profile.streams.get(wanted) or profile.streams.get("*")
    if kind is None:
        raise ConfigError(
            f"the profile {profile.name!r} has no stream {wanted!r}; name the stream one of: {', '.join(profile.streams)}; "
            f"or write profile = '{profile.name}/{next(iter(profile.streams))}'"
        )
    return kind


def settings(name: str, stream: str) -> dict[str, Any]:
    """The settings of a stream as mdm.toml would say them."""
    kind = of(name, stream)
    return ({"key": list(kind.key)} if kind.key else {}) | dict(kind.settings)
