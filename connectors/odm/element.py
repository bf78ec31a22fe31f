"""An element as data: everything it says, by name.

Names of the standard stand as they are, those of a vendor with a short prefix (`mdsol:Active`), whatever prefix the
document itself chose.
"""

from collections.abc import Iterable
from functools import lru_cache
from typing import Any

from lxml import etree

from mdm.errors import DamagedError

# What the standard allows to repeat; all other elements are single, and become lists only when they do repeat.
REPEATING = {
    "MetaDataVersionRef", "LocationRef", "Address", "Telecom", "Certificate", "UserRole", "Query", "Annotation", "Comment",
    "mdsol:Query", "mdsol:Comment", "mdsol:ProtocolDeviation", "mdsol:Review",
}  # fmt: skip
# Here even they are single.
SIGNED = {"AuditRecord", "Signature"}
PREFIXES = {
    "http://www.mdsol.com/ns/odm/metadata": "mdsol",
    "https://projectredcap.org": "redcap",
    "http://www.openclinica.org/ns/odm_ext_v130/v3.1": "OpenClinica",
    "http://www.phaseforward.com/InFormAdapter/ODM/Extensions/2.0": "pf",
    "http://www.w3.org/XML/1998/namespace": "xml",
    "http://www.w3.org/2001/XMLSchema-instance": "xsi",
}
SPACE = "cdisc.org/ns/odm"


def local(element: etree._Element) -> str:
    """An element's name without its namespace."""
    return _bare(element.tag)


@lru_cache(4096)
def _bare(tag: str) -> str:
    return str(tag).rpartition("}")[2]


@lru_cache(4096)
def tags(like: str, names: frozenset[str]) -> frozenset[str]:
    """These names as tags in the namespace of the tag `like`."""
    space = like.rpartition("}")[0]
    return frozenset(f"{space}}}{name}" if space else name for name in names)


def prefixed(element: etree._Element, name: str) -> str:
    """A name without the standard's namespace, and with a vendor's short one."""
    if name[0] != "{":
        return name
    space, _, bare = name[1:].rpartition("}")
    if SPACE in space:
        return bare
    prefix = PREFIXES.get(space) or next((p for p, uri in element.nsmap.items() if uri == space and p), space)
    return f"{prefix}:{bare}"


def attributes(element: etree._Element) -> dict[str, str]:
    """An element's attributes by name."""
    return {name if name[0] != "{" else prefixed(element, name): value for name, value in element.items()}


def plain(element: etree._Element, without: frozenset[str] = frozenset()) -> dict[str, Any]:
    """An element as data; child elements named in `without` are left out."""
    said: dict[str, Any] = dict(attributes(element))
    left_out = tags(element.tag, without)
    inside(said, element, [child for child in element if child.tag not in left_out])
    text = (element.text or "").strip()
    return {**said, "text": text} if text else said


def inside(said: dict[str, Any], element: etree._Element, children: Iterable[etree._Element]) -> None:
    """Add what these children of an element say."""
    repeats = local(element) not in SIGNED
    for child in children:
        name = _named(element, child)
        value: Any = plain(child) if len(child) or child.attrib else (child.text or "").strip()
        if (name in REPEATING and repeats) or name in said:
            earlier = said.get(name, [])
            said[name] = [*(earlier if isinstance(earlier, list) else [earlier]), value]
        else:
            said[name] = value


def _named(element: etree._Element, child: etree._Element) -> str:
    if not isinstance(child.tag, str):
        raise DamagedError(
            f"line {element.sourceline}: uses the entity {child.text!r} of a document type, which is never fetched; "
            "ask for a delivery with plain characters"
        )
    return prefixed(child, child.tag)
