"""Exposure: the one list of who may see what, for every exit: SQL views, pages, API, export, events and logs.

An attribute says what kind of thing it holds; this list says which roles see that kind. What a role does not see is
replaced by `MASK`, so that a reader can tell a hidden value from a missing one.
"""

from collections.abc import Iterable

from mdm.entity import EXPOSURES, Attribute
from mdm.errors import UsageError

MASK = "***"
_OPEN = frozenset({"public", "business"})
SEES: dict[str, frozenset[str]] = {
    "viewer": _OPEN,
    "steward": _OPEN | {"personal"},
    "lead": _OPEN | {"personal"},
    "engineer": _OPEN,
    # Who gives out rights does not see whom they are about.
    "admin": frozenset({"public"}),
    "auditor": _OPEN,
}
# Those who may lift the mask, one record at a time and with a reason.
UNMASKS = frozenset({"steward", "lead"})


def seen(role: str, exposure: str, *, unmasked: bool = False) -> bool:
    """Whether a role sees values of this exposure; `unmasked` says that it gave a reason to."""
    if role not in SEES:
        raise UsageError(f"there is no role {role!r}; there are: {', '.join(SEES)}")
    if exposure not in EXPOSURES:
        raise UsageError(f"there is no exposure {exposure!r}; there are: {', '.join(EXPOSURES)}")
    return exposure in SEES[role] or (unmasked and role in UNMASKS)


def hidden(attributes: Iterable[Attribute], role: str, *, unmasked: bool = False) -> list[str]:
    """Names of the attributes whose values this role gets as `MASK`."""
    return [a.name for a in attributes if not seen(role, a.exposure, unmasked=unmasked)]
