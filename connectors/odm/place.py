"""Where a piece of clinical data stands: the levels above it, the transaction it is part of, and its key.

Ids and repeat keys of all levels stand at the top of a record under the standard's names; whatever else a level says
(`mdsol:SubjectName`, `SiteRef`, `pf:Revision`) stands under the level's own name, so that nothing hides anything.
"""

from dataclasses import dataclass, field
from typing import Any

from lxml import etree

from connectors.odm.element import attributes, local, plain
from connectors.odm.structure import ITEMS
from mdm.connector import joined_key

KEY = (
    "StudyOID", "SubjectKey", "StudyEventOID", "StudyEventRepeatKey", "FormOID", "FormRepeatKey", "ItemGroupOID",
    "ItemGroupRepeatKey",
)  # fmt: skip
_LEVEL = {
    "SubjectData": ("SubjectKey",),
    "StudyEventData": ("StudyEventOID", "StudyEventRepeatKey"),
    "FormData": ("FormOID", "FormRepeatKey"),
    "ItemGroupData": ("ItemGroupOID", "ItemGroupRepeatKey"),
}
LEVELS = frozenset(_LEVEL)
_INNER = LEVELS | ITEMS


@dataclass(frozen=True)
class Place:
    """One level of clinical data and all above it: what they say, and the transaction in force, if any was told."""

    ids: dict[str, str] = field(default_factory=dict)
    said: dict[str, Any] = field(default_factory=dict)
    transaction: str | None = None
    path: tuple[tuple[str | None, ...], ...] = ()

    @property
    def key(self) -> str:
        """The key of an item group's occurrence."""
        return joined_key([*(self.ids.get(name) for name in KEY), *self.between])

    @property
    def between(self) -> list[str]:
        """The item groups between the outermost and this one, where version 2 nests them deeper."""
        return ["/".join(filter(None, step[1:])) for step in self.path[3:-1]]


class Places:
    """The place of each element of one document, told from its parents; the last ones are remembered."""

    def __init__(self) -> None:
        self._known: list[tuple[etree._Element, Place]] = []

    def above(self, element: etree._Element) -> Place:
        """The place of what an element stands in, which is not yet ended; what it says so far is all it will say."""
        parent = element.getparent()
        if parent is None:
            return Place()
        for known, place in self._known:
            if known is parent:
                return place
        place = self.of(parent)
        self._known = [(parent, place), *self._known[:7]]
        return place

    def of(self, element: etree._Element) -> Place:
        """The place of an element itself."""
        name = local(element)
        if name in ("ClinicalData", "ReferenceData"):
            return Place(attributes(element))
        if name not in LEVELS:
            return Place()
        return _within(self.above(element), element, name)


def _within(above: Place, element: etree._Element, name: str) -> Place:
    said = plain(element, _INNER)
    transaction = said.pop("TransactionType", None) or above.transaction
    keys = tuple(said.pop(key, None) for key in _LEVEL[name])
    step = (name, *keys)
    ids = {**above.ids, **_ids(above, name, keys)}
    rest = {**above.said, name: said} if said else {k: v for k, v in above.said.items() if k != name}
    return Place(ids, rest, transaction, (*above.path, step))


def _ids(above: Place, name: str, keys: tuple[str | None, ...]) -> dict[str, str]:
    named = {key: value for key, value in zip(_LEVEL[name], keys, strict=True) if value is not None}
    if name != "ItemGroupData":
        return named
    outer = next((step for step in above.path if step[0] == "ItemGroupData"), None)
    # In version 2 a form is an item group that holds others.
    forms = {} if outer is None else dict(zip(("FormOID", "FormRepeatKey"), outer[1:], strict=True))
    empty = {"ItemGroupRepeatKey": None} if outer is not None else {}
    return {key: value for key, value in {**empty, **forms, **named}.items() if value is not None}
