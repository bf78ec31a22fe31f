"""What can be read from a document: the streams, what each is about and what tells its records apart."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from connectors.odm import people
from connectors.odm.clinical import Clinical, Said
from connectors.odm.document import Document
from connectors.odm.place import KEY


@dataclass(frozen=True)
class Kind:
    """One kind of stream: its default key, what it is about, and how deletions are told."""

    about: str
    key: tuple[str, ...]
    deletes: str = "absence"
    # The connector writes the key itself: a part of it may be missing from every record.
    own_key: bool = False


KINDS = {
    "sites": Kind("Locations of type Site.", ("OID",)),
    "users": Kind("Users; one person may have several.", ("OID",)),
    "investigators": Kind("Users with the role of an investigator.", ("OID",)),
    "organizations": Kind("Organisations, and locations that are no sites.", ("OID",)),
    "subjects": Kind("Subjects, with what is said of them.", ("StudyOID", "SubjectKey"), "feed", True),
    "item_groups": Kind("Clinical data: each occurrence of an item group, by item id.", KEY, "feed", True),
    "items": Kind("Clinical data: every single item.", (*KEY, "ItemOID"), "feed", True),
    "audit": Kind("An audit trail: the latest state of each thing it tells of.", (*KEY, "ItemOID"), "feed", True),
    "dataset": Kind("The rows of a Dataset-JSON file.", ()),
}
_PEOPLE = {
    "sites": people.sites, "users": people.users, "investigators": people.investigators, "organizations": people.organizations,
}  # fmt: skip


def kind_of(stream: str, options: Mapping[str, Any]) -> str | None:
    """Which kind a stream is: as told, by what it asks for, or by its name."""
    if options["read"]:
        return str(options["read"])
    if stream in KINDS:
        return stream
    if options["item_group"] or options["form"]:
        return "item_groups"
    return "dataset" if options["dataset"] else None


def said(kind: str, document: Document, options: Mapping[str, Any], notes: list[str]) -> Iterator[Said]:
    """The records of one kind in a document; notes of what is odd are added to `notes`."""
    if kind in _PEOPLE:
        yield from _PEOPLE[kind](document, options["roles"] or people.ROLES)
        return
    clinical = Clinical(document, notes)
    if kind == "subjects":
        yield from clinical.subjects()
    elif kind == "audit":
        yield from clinical.audit()
    elif kind == "items":
        yield from clinical.items(options["item_group"], options["form"])
    else:
        yield from clinical.groups(options["item_group"], options["form"])
