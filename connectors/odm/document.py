"""One ODM document as a stream of elements, and an element as data.

What has been read is forgotten. A document type with declarations of its own is refused before anything of it is used,
an external one is never fetched, and a document whose root is not closed was cut off.
"""

from collections.abc import Iterator
from typing import Any

from lxml import etree

from connectors.files.source import Part, blocks
from mdm.connector import Options
from mdm.errors import DamagedError

# What the standard allows to repeat; all other elements are single, and become lists only when they do repeat.
REPEATING = {"MetaDataVersionRef", "LocationRef", "Address", "Telecom", "Certificate", "UserRole", "Query"}
PREFIXES = {
    "http://www.mdsol.com/ns/odm/metadata": "mdsol",
    "https://projectredcap.org": "redcap",
    "http://www.openclinica.org/ns/odm_ext_v130/v3.1": "OpenClinica",
}
DECLARES = (
    "declares entities or elements of its own, as hostile XML does; nothing of it was read: ask for a delivery without them"
)
STEP = 1 << 16
PROLOG = 1 << 10


class Document:
    """One ODM document as a stream of elements, with everything that has been read forgotten."""

    def __init__(self, part: Part, options: Options) -> None:
        self.part, self.options = part, options
        self.as_of: str | None = None

    def records(self, wanted: str) -> Iterator[tuple[int, dict[str, Any]]]:
        """The wanted elements of every AdminData, each with the line it stands on."""
        for admin in self._admins():
            organisations = {one.get("OID"): self._plain(one) for one in admin if _name(one) == "Organization"}
            around = {_prefixed(admin, key): value for key, value in admin.attrib.items()}
            for element in admin:
                if _name(element) == wanted and (wanted != "Location" or is_site(element)):
                    record = self._plain(element)
                    if around:
                        record["AdminData"] = around
                    if organisation := organisations.get(element.get("OrganizationOID")):
                        record.setdefault("Organization", organisation)
                    yield element.sourceline, record

    def _plain(self, element: etree._Element) -> dict[str, Any]:
        try:
            return plain(element)
        except DamagedError as error:
            raise DamagedError(f"{self.part.label} {error}") from None

    def root(self) -> etree._Element:
        """The root element as it begins, if it may be read at all."""
        parser, head = _parser(None), b""
        for piece in self._pieces():
            head += piece
            error = _fed(parser, piece)
            for _, element in parser.read_events():
                self._welcome(element)
                return element
            if error is not None:
                raise self._damaged(error, head)
        raise self._cut(1)

    def _admins(self) -> Iterator[etree._Element]:
        """Every AdminData below the root, whole."""
        root = self.root()
        self.as_of = root.get("AsOfDateTime") or root.get("CreationDateTime")
        parser = _parser([root.tag, "{*}AdminData"])
        live: etree._Element | None = None
        for piece in self._pieces():
            error = _fed(parser, piece)
            for event, element in parser.read_events():
                if live is None:
                    live = element
                elif event == "end" and element.getparent() is live and _name(element) == "AdminData":
                    yield element
            if error is not None:
                raise self._damaged(error)
            _forget(live)
        try:
            parser.close()
        except etree.XMLSyntaxError as error:
            raise self._cut(error.lineno or 1) from None

    def _pieces(self) -> Iterator[bytes]:
        """The document in small pieces at first, so that declarations are seen before they can do anything."""
        begun = 0
        for block in blocks(self.part, self.options):
            start = 0 if begun else len(block) - len(block.lstrip())
            while start < len(block):
                stop = start + (PROLOG if begun < STEP else STEP)
                yield block[start:stop]
                begun, start = begun + stop - start, stop
        if not begun:
            raise DamagedError(f"{self.part.label} line 1: is empty; ask for a new delivery")

    def _welcome(self, root: etree._Element) -> None:
        declared = root.getroottree().docinfo.internalDTD
        if declared is not None and (list(declared.iterentities()) or list(declared.iterelements())):
            raise DamagedError(f"{self.part.label} line {root.sourceline}: {DECLARES}")
        if _name(root) != "ODM":
            reason = root.get("ErrorClientResponseMessage") or root.get("ReasonCode") or ""
            raise DamagedError(
                f"{self.part.label} line {root.sourceline}: is <{_name(root)}>, not <ODM>{': ' if reason else ''}{reason}; "
                "check what was delivered"
            )
        if told := next((value for key, value in root.attrib.items() if key.endswith("}ErrorDescription")), None):
            raise DamagedError(f"{self.part.label} line {root.sourceline}: the EDC answered with an error: {told}")

    def _damaged(self, error: etree.XMLSyntaxError, head: bytes | None = None) -> DamagedError:
        """What is wrong; `head` is what was read while there was no root yet."""
        where = f"{self.part.label} line {error.lineno or 1}"
        if head is None:
            return DamagedError(f"{where}: is damaged XML ({error.msg}); ask for a new delivery")
        if b"<!ENTITY" in head.replace(b"\x00", b""):
            return DamagedError(f"{where}: {DECLARES}")
        return DamagedError(f"{where}: is not XML; ask for a new delivery")

    def _cut(self, line: int) -> DamagedError:
        return DamagedError(
            f"{self.part.label} line {line}: ends before <ODM> is closed, so it was cut off; ask for a new delivery"
        )


def _parser(tags: list[str] | None) -> etree.XMLPullParser:
    """A parser that resolves, fetches and defaults nothing, telling of these elements."""
    return etree.XMLPullParser(
        events=("start", "end"), tag=tags, resolve_entities=False, load_dtd=False, no_network=True,
        remove_comments=True, remove_pis=True, huge_tree=False,
    )  # fmt: skip


def _fed(parser: etree.XMLPullParser, piece: bytes) -> etree.XMLSyntaxError | None:
    """Give the parser a piece; what it made of it up to an error is still to be had."""
    try:
        parser.feed(piece)
    except etree.XMLSyntaxError as error:
        return error
    return None


def is_site(element: etree._Element) -> bool:
    """Whether a location is a site, as far as it says what it is."""
    kind = element.get("LocationType") or element.get("Role")
    return kind is None or kind.lower() == "site"


def plain(element: etree._Element) -> dict[str, Any]:
    """An element as data: everything it says, by name."""
    said: dict[str, Any] = {_prefixed(element, key): value for key, value in element.attrib.items()}
    text = (element.text or "").strip()
    for child in element:
        if not isinstance(child.tag, str):
            raise DamagedError(
                f"line {element.sourceline}: uses the entity {child.text!r} of a document type, which is never fetched; "
                "ask for a delivery with plain characters"
            )
        name = _prefixed(child, child.tag)
        value: Any = plain(child) if len(child) or child.attrib else (child.text or "").strip()
        if name in REPEATING or name in said:
            earlier = said.get(name, [])
            said[name] = [*(earlier if isinstance(earlier, list) else [earlier]), value]
        else:
            said[name] = value
    return {**said, "text": text} if text else said


def _prefixed(element: etree._Element, name: str) -> str:
    """A name without the standard's namespace, and with a vendor's short one."""
    space, _, local = name.rpartition("}")
    space = space.lstrip("{")
    if not space or "cdisc.org/ns/odm" in space:
        return local
    prefix = PREFIXES.get(space) or next((p for p, uri in element.nsmap.items() if uri == space and p), space)
    return f"{prefix}:{local}"


def _name(element: etree._Element) -> str:
    return str(element.tag).rpartition("}")[2]


def _forget(root: etree._Element | None) -> None:
    """Free all that is behind the place being read, save inside an AdminData."""
    node = root
    while node is not None and len(node) and _name(node) != "AdminData":
        del node[:-1]
        node = node[-1]
