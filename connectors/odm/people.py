"""Who and where: sites, users, investigators and organisations of a document, as records."""

from collections.abc import Callable, Collection, Iterator
from typing import Any

from lxml import etree

from connectors.odm.clinical import Said
from connectors.odm.document import Document
from connectors.odm.element import attributes, local, plain
from mdm.errors import DamagedError

ROLES = ("investigator",)


def sites(document: Document, _roles: Collection[str] = ROLES) -> Iterator[Said]:
    """Locations of type Site, and those that do not say what they are."""
    yield from _of(document, "Location", is_site)


def users(document: Document, _roles: Collection[str] = ROLES) -> Iterator[Said]:
    """Users."""
    yield from _of(document, "User", lambda user: True)


def investigators(document: Document, roles: Collection[str] = ROLES) -> Iterator[Said]:
    """Users whose type or role is among the roles, or names an investigator."""
    yield from _of(document, "User", lambda user: has_role(user, roles))


def organizations(document: Document, _roles: Collection[str] = ROLES) -> Iterator[Said]:
    """Organisations (version 2), and locations that are no sites."""
    yield from _of(document, "Organization", lambda organisation: True)
    yield from _of(document, "Location", lambda location: not is_site(location))


def is_site(element: etree._Element) -> bool:
    """Whether a location is a site, as far as it says what it is."""
    kind = element.get("LocationType") or element.get("Role")
    return kind is None or kind.lower() == "site"


def has_role(user: etree._Element, roles: Collection[str]) -> bool:
    """Whether a user has one of these roles; the plain word "investigator" is also found inside a role's name."""
    told = [value for key, value in attributes(user).items() if key.rpartition(":")[2] in ("UserType", "UserRole", "Role")]
    told += [child.text or "" for child in user if isinstance(child.tag, str) and local(child) in ("UserRole", "Role")]
    wanted = {role.casefold() for role in roles}
    said = [one.strip().casefold() for one in told]
    return any(one in wanted for one in said) or (wanted == set(ROLES) and any(ROLES[0] in one for one in said))


def _of(document: Document, name: str, wanted: Callable[[etree._Element], bool]) -> Iterator[Said]:
    organisations = _organisations(document) if name != "Organization" else {}
    for element in document.walk([name], [name]):
        admin = element.getparent()
        if admin is None or local(admin) != "AdminData" or not wanted(element):
            continue
        record = _plain(document, element)
        if around := attributes(admin):
            record["AdminData"] = around
        if organisation := organisations.get(element.get("OrganizationOID")):
            record.setdefault("Organization", organisation)
        yield Said(element.sourceline or 0, element.get("OID") or "", record)


def _organisations(document: Document) -> dict[str | None, dict[str, Any]]:
    """The organisations of a version 2 document by their ids; earlier versions have none."""
    if not document.head.second:
        return {}
    return {one.get("OID"): _plain(document, one) for one in document.walk(["Organization"], ["Organization"])}


def _plain(document: Document, element: etree._Element) -> dict[str, Any]:
    try:
        return plain(element)
    except DamagedError as error:
        raise DamagedError(f"{document.label} {error}") from None
