"""Where a piece of clinical data stands: the levels above it, the transaction it is part of, and its key.

Ids and repeat keys of all levels stand at the top of a record under the standard's names; whatever else a level says
(`mdsol:SubjectName`, `SiteRef`, `pf:Revision`) stands under the level's own name, so that nothing hides anything.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from lxml import etree

from connectors.odm.element import attributes, inside, local, prefixed, tags
from connectors.odm.structure import ITEMS
from mdm.connector import joined_key

KEY = (
    "StudyOID", "SubjectKey", "StudyEventOID", "StudyEventRepeatKey", "FormOID", "FormRepeatKey", "ItemGroupOID",
    "ItemGroupRepeatKey",
)  # fmt: skip
_LEVEL = {
    "SubjectData": ("SubjectKey", ""),
    "StudyEventData": ("StudyEventOID", "StudyEventRepeatKey"),
    "FormData": ("FormOID", "FormRepeatKey"),
    "ItemGroupData": ("ItemGroupOID", "ItemGroupRepeatKey"),
}
LEVELS = frozenset(_LEVEL)
_BLANKS = ("",) * len(KEY)


class Place(NamedTuple):
    """One level of clinical data and all above it: what they say, and the transaction in force, if any was told."""

    ids: Mapping[str, str] = {}
    said: Mapping[str, Any] = {}
    transaction: str | None = None
    path: tuple[tuple[str | None, ...], ...] = ()

    @property
    def key(self) -> str:
        """The key of an item group's occurrence."""
        parts = list(map(self.ids.get, KEY, _BLANKS))
        plainly = "|".join(parts)
        # Nearly no key has anything to escape.
        if plainly.count("|") == len(KEY) - 1 and "\\" not in plainly and len(self.path) <= len(LEVELS):
            return plainly
        return joined_key([*parts, *self.between])

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

    def of(self, element: etree._Element, told: Sequence[etree._Element] | None = None) -> Place:
        """The place of an element itself; `told` are the children that say something of it, if that is known."""
        name = local(element)
        if name in ("ClinicalData", "ReferenceData"):
            return Place(attributes(element))
        if name not in LEVELS:
            return Place()
        return _within(self.above(element), element, name, parted(element)[1] if told is None else told)


def parted(element: etree._Element) -> tuple[list[etree._Element], list[etree._Element]]:
    """The items in an element, and the children that say something of the element itself."""
    kinds, levels = tags(element.tag, ITEMS), tags(element.tag, LEVELS)
    items, told = [], []
    for child in element:
        tag = child.tag
        if tag in kinds:
            items.append(child)
        elif tag not in levels:
            told.append(child)
    return items, told


def _within(above: Place, element: etree._Element, name: str, told: Sequence[etree._Element]) -> Place:
    first, second = _LEVEL[name]
    oid = repeat = None
    said: dict[str, Any] = {}
    transaction = above.transaction
    for key, value in element.items():
        if key == first:
            oid = value
        elif key == second:
            repeat = value
        elif key == "TransactionType":
            transaction = value
        else:
            said[prefixed(element, key)] = value
    if told:
        inside(said, element, told)
    ids = _ids(above, name, oid, repeat)
    rest = above.said
    if said or name in rest:
        rest = {level: held for level, held in (*rest.items(), (name, said)) if held and (level != name or held is said)}
    return Place(ids, rest, transaction, (*above.path, (name, oid, repeat)))


def _ids(above: Place, name: str, oid: str | None, repeat: str | None) -> dict[str, str]:
    ids = dict(above.ids)
    first, second = _LEVEL[name]
    if name == "ItemGroupData" and above.path and above.path[-1][0] == name:
        # In version 2 a form is an item group that holds others.
        outer = next(step for step in above.path if step[0] == name)
        ids |= {key: value for key, value in zip(_LEVEL["FormData"], outer[1:], strict=True) if value is not None}
        ids.pop(second, None)
    if oid is not None:
        ids[first] = oid
    if repeat is not None:
        ids[second] = repeat
    return ids
