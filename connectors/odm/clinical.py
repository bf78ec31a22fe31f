"""Clinical data as records: item groups, single items, subjects, and the steps of an audit trail.

A step in an audit trail is one transaction: an element that says who changed it when. Its record is the latest state of
the thing it is about, so its key is that thing's address. What says nothing of the thing itself (a query opened, a status
set) is a mark beside it and has a key of its own, for it must not wipe what was known of the thing.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from lxml import etree

from connectors.odm.document import Document
from connectors.odm.element import local, plain, prefixed
from connectors.odm.place import KEY, LEVELS, Place, Places, parted
from connectors.odm.plain_group import Plain, plainly
from connectors.odm.structure import ITEMS
from mdm.connector import joined_key

_CATEGORY = "mdsol:AuditSubCategoryName"
# What an audit category that ends so tells of a subject, visit or form is what it is, not a mark upon it.
_ITSELF = re.compile(r"(Created|NameChanged|Deleted|Inactivated|Activated|Reactivated|Undeleted)$")


class Said(NamedTuple):
    """One record: its line in the document, its key, what it says (nothing, when it is gone) and when."""

    line: int
    key: str
    record: dict[str, Any]
    gone: bool = False
    at: str | None = None
    # The record as JSON, where it came so.
    text: str | None = None


@dataclass
class Clinical:
    """The clinical data of one document; `notes` are things a person should know."""

    document: Document
    notes: list[str] = field(default_factory=list)
    partial: int = 0

    def groups(self, group: str | None, form: str | None) -> Iterator[Said]:
        """Every occurrence of an item group (of one group, of one form), its items by their ids."""
        transactional = self.document.head.transactional
        for element, place, gone, items in self._groups(group, form):
            line = element.sourceline or 0
            if isinstance(items, Plain) and (told := items.record(place)) is not None:
                # What was read so is as ODM has it; there is nothing left to judge.
                del element[:]
                yield Said(line, place.key, told[0], gone, text=told[1])
                continue
            several = parted(element)[0] if isinstance(items, Plain) else items
            record, types = _row(several, place)
            # In version 2 a group that only holds groups is a form.
            if (place.transaction == "Context" and types <= {None, "Context"}) or (not several and _holds_groups(element)):
                continue
            if transactional and not gone and (place.transaction == "Update" or types - {None}):
                self.partial += 1
            yield Said(line, place.key, record, gone)
        if self.partial:
            self.notes.append(
                f"{self.document.label}: {self.partial} item groups are updates that may say only what changed, and a record is "
                "what was said last; read `items` instead if values go missing"
            )

    def items(self, group: str | None, form: str | None) -> Iterator[Said]:
        """Every single item, with its value and all that is said of it."""
        for _, place, gone, items in self._groups(group, form, at_once=False):
            for item in items:
                if (said := _item(item, place, gone)) is not None:
                    yield said

    def subjects(self) -> Iterator[Said]:
        """Every subject, with what is said of it and not of its data."""
        places = Places()
        for element in self.document.walk(["SubjectData"]):
            transaction = element.get("TransactionType")
            if transaction == "Context":
                continue
            record = {**places.above(element).ids, **plain(element, LEVELS)}
            gone = transaction == "Remove" or record.get("mdsol:Deleted") == "Yes"
            yield Said(element.sourceline or 0, joined_key([record.get("StudyOID"), record.get("SubjectKey")]), record, gone)

    def audit(self) -> Iterator[Said]:
        """Every transaction: what it is about, what it says, who made it, when and why."""
        places = Places()
        for element in self.document.walk([*LEVELS, *ITEMS], ITEMS):
            told = element.get("TransactionType")
            if told == "Context" or (told is None and _child(element, "AuditRecord") is None):
                continue
            yield _step(element, places)

    def _groups(
        self, group: str | None, form: str | None, *, at_once: bool = True
    ) -> Iterator[tuple[etree._Element, Place, bool, Any]]:
        """Item groups with their places, whether they are gone, and their items: all `at_once` where they are plain."""
        places, removed = Places(), self._removed()
        for number, element in enumerate(self.document.walk(["ItemGroupData"], ["ItemGroupData"])):
            plain = plainly(element) if at_once else None
            items, told = parted(element) if plain is None else (plain, ())
            place = places.of(element, told)
            if (group is None or place.ids.get("ItemGroupOID") == group) and (form is None or place.ids.get("FormOID") == form):
                gone = place.transaction == "Remove" or (bool(removed) and _later(removed, place, number))
                yield element, place, gone, items

    def _removed(self) -> dict[tuple[Any, ...], int]:
        """What this document removes above the level of item groups, with how many groups stand before."""
        removed: dict[tuple[Any, ...], int] = {}
        if not self.document.head.transactional or not _mentions(self.document, b"Remove"):
            return removed
        places, number = Places(), 0
        for element in self.document.walk(LEVELS):
            if local(element) == "ItemGroupData":
                number += 1
            elif element.get("TransactionType") == "Remove":
                place = places.of(element)
                removed[(place.ids.get("StudyOID"), *place.path)] = number
        if removed:
            self.notes.append(
                f"{self.document.label}: removes {len(removed)} whole subjects, visits or forms; what this document says is in them is "
                'deleted, but rows of earlier documents are not named: a Snapshot read with delivery = "full" settles them'
            )
        return removed


def _holds_groups(element: etree._Element) -> bool:
    return _child(element, "ItemGroupData") is not None


def _later(removed: dict[tuple[Any, ...], int], place: Place, number: int) -> bool:
    """Whether something an item group stands in is removed further on in the document."""
    study = place.ids.get("StudyOID")
    return any(removed.get((study, *place.path[:depth]), -1) > number for depth in range(1, len(place.path) + 1))


def _mentions(document: Document, word: bytes) -> bool:
    tail = b""
    for block in document.blocks():
        if word in tail + block[: len(word)] or word in block or b"\x00" in block[:64]:
            return True
        tail = block[-len(word) :]
    return False


def _row(items: Sequence[etree._Element], place: Place) -> tuple[dict[str, Any], set[str | None]]:
    """An item group as a record, and the transactions its items name."""
    record: dict[str, Any] = {**place.ids, **place.said}
    more: dict[str, Any] = {}
    types: set[str | None] = set()
    for item in items:
        # Most items say their id and their value and nothing more.
        said = item.items()
        if len(said) == 2 and said[0][0] == "ItemOID" and said[1][0] == "Value" and not len(item):
            oid, value, has = said[0][1], said[1][1], True
        else:
            oid, told = item.get("ItemOID") or "", item.get("TransactionType")
            types.add(told)
            value, has = (None, True) if told == "Remove" else _value(item)
            if rest := _rest(item):
                more[oid] = rest
        if has:
            record[f"ItemData.{oid}" if oid in record else oid] = value
    if more:
        record["ItemData"] = more
    return record, types


def _item(item: etree._Element, place: Place, gone: bool) -> Said | None:
    told = item.get("TransactionType") or place.transaction
    if told == "Context":
        return None
    oid = item.get("ItemOID") or ""
    value, has = _value(item)
    record = {**place.ids, **place.said, "ItemOID": oid, **({"Value": value} if has else {}), **_rest(item)}
    return Said(item.sourceline or 0, f"{place.key}|{joined_key([oid])}", record, gone or told == "Remove")


def _value(item: etree._Element) -> tuple[Any, bool]:
    """An item's value, and whether it says one."""
    if item.get("IsNull") == "Yes":
        return None, True
    value = item.get("Value")
    if value is not None:
        return value, True
    if local(item) != "ItemData":
        return (item.text or "").strip(), True
    several = [child.text or "" for child in item if local(child) == "Value"]
    return (several[0] if len(several) == 1 else several or None), bool(several)


def _rest(item: etree._Element) -> dict[str, Any]:
    """All an item says besides its id and value."""
    said = plain(item, frozenset({"Value"}))
    return {name: value for name, value in said.items() if name not in ("ItemOID", "Value", "IsNull", "text")}


def _step(element: etree._Element, places: Places) -> Said:
    name, parent = local(element), places.above(element)
    item = name in ITEMS
    place = parent if item else places.of(element)
    record: dict[str, Any] = {**place.ids, **{level: dict(said) for level, said in place.said.items()}}
    value: dict[str, Any] = {}
    if item:
        told, has = _value(element)
        value = {"ItemOID": element.get("ItemOID") or "", **({"Value": told} if has else {})}
        record |= {**value, name: _rest(element)}
    own = record.get(name, {})
    audit = own.pop("AuditRecord", None)
    transaction = own.pop("TransactionType", None) or place.transaction
    if not own:
        record.pop(name, None)
    record |= {"TransactionType": transaction} if transaction else {}
    record |= {"AuditRecord": audit} if audit is not None else {}
    aside, gone = _aside(element, record, "Value" in value, transaction)
    return Said(element.sourceline or 0, _address(place, value.get("ItemOID"), aside), record, gone, _stamp(audit))


def _aside(element: etree._Element, record: dict[str, Any], valued: bool, transaction: str | None) -> tuple[str | None, bool]:
    """The mark a transaction sets, if it is not about the thing itself; and whether it takes something away."""
    gone = transaction == "Remove"
    if gone or valued:
        return None, gone
    for child in element:
        name = prefixed(child, child.tag) if isinstance(child.tag, str) else ""
        repeat = next((value for key, value in child.attrib.items() if key.endswith("RepeatKey")), None)
        if ":" in name and repeat is not None:
            return f"{name} {repeat}", child.get("TransactionType") == "Remove"
    category = record.get(_CATEGORY)
    if category is None or (local(element) not in ITEMS and _ITSELF.search(category)):
        return None, False
    return category, False


def _address(place: Place, item: str | None, aside: str | None) -> str:
    """The key of a thing at any level; empty parts at its end are left out."""
    parts = [*(place.ids.get(name) for name in KEY), item, aside, *place.between]
    while parts and parts[-1] is None:
        parts.pop()
    return joined_key(parts)


def _child(element: etree._Element, name: str) -> etree._Element | None:
    return next((child for child in element if isinstance(child.tag, str) and local(child) == name), None)


def _stamp(audit: Any) -> str | None:
    stamp = audit.get("DateTimeStamp") if isinstance(audit, dict) else None
    return stamp if isinstance(stamp, str) and stamp else None
