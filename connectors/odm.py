"""CDISC ODM-XML: the sites and users of a study, from files of versions 1.1, 1.3 and 2.0.

A record is its element as JSON: attributes and child elements by name, those of a vendor with their prefix
(`mdsol:Active`). Elements that may repeat (`MetaDataVersionRef`, `LocationRef`, `Address`, `Telecom`, ...) are always
lists; an element with nothing but text is that text; one with text and attributes keeps its text as `text`. Attributes
of the enclosing AdminData stand under `AdminData`, and the organisation a location or user names by its id under
`Organization`.

Files are streamed, so size costs no memory. A document type with declarations of its own is refused, an external one is
never fetched, and a document whose root is not closed was cut off. Without a `modified` field, a record is as old as the
document says it is (`AsOfDateTime`, else `CreationDateTime`).
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import polars as pl
from lxml import etree

from connectors.files import Files
from connectors.files.passing import Page, Pass
from connectors.files.source import Part, blocks, found, labels
from mdm.connector import (
    Context,
    Field,
    Finding,
    Message,
    Option,
    Options,
    Records,
    Stream,
    StreamRequest,
    chosen,
    keyed_json,
    source_times,
)
from mdm.errors import DamagedError, MdmError, NotFoundError

STREAMS = {"sites": "Location", "users": "User"}
ABOUT = {"sites": "Locations of type Site.", "users": "Users; one person may have several."}
# What the standard allows to repeat; all other elements are single, and become lists only when they do repeat.
REPEATING = {"MetaDataVersionRef", "LocationRef", "Address", "Telecom", "Certificate", "UserRole", "Query"}
PREFIXES = {
    "http://www.mdsol.com/ns/odm/metadata": "mdsol",
    "https://projectredcap.org": "redcap",
    "http://www.openclinica.org/ns/odm_ext_v130/v3.1": "OpenClinica",
}
STEP = 1 << 16
PROLOG = 1 << 10


class Odm:
    """ODM files in a folder, as a source."""

    options = (
        *(option for option in Files.options if option.name in ("path", "member", "skip_unchanged", "max_bytes", "max_ratio")),
        Option("page_rows", int, 5_000, "How many records are landed at a time."),
    )

    def __init__(self, name: str, options: Mapping[str, Any]) -> None:
        self.name = name
        self.chosen = chosen(f"source {name!r}", self.options, options, partial=True)

    def __repr__(self) -> str:
        return f"Odm({self.name!r})"

    def check(self, context: Context) -> list[Finding]:
        """Whether there are files, and the first of them begins as ODM does."""
        try:
            parts = found(context, self.chosen.over({}))
            root = next(_Document(parts[0], self.chosen).roots())
        except MdmError as error:
            return [Finding("fail", str(error), "see above")]
        return [Finding("ok", f"{len(parts)} to read ({labels(parts)}), ODM {root.get('ODMVersion') or 'of version 1.1'}")]

    def discover(self, context: Context) -> list[Stream]:
        """Sites and users, with the fields found in the files."""
        return [self._stream(context, name) for name in STREAMS]

    def read(self, context: Context, request: StreamRequest, state: dict[str, Any] | None) -> Iterator[Message]:
        """Every site, or every user."""
        if request.stream not in STREAMS:
            raise NotFoundError(f"source {self.name!r} has no stream {request.stream!r}; there are {', '.join(STREAMS)}")
        options = self.chosen.over(request.options, f"source {self.name!r}, stream {request.stream!r}")
        wanted = request if request.key else replace(request, key=("OID",))
        yield from Pass(context, wanted, options, OdmReading).messages(state)

    def _stream(self, context: Context, name: str) -> Stream:
        part = found(context, self.chosen.over({}))[0]
        names: dict[str, None] = {}
        for page in OdmReading(part, StreamRequest(name, ("OID",)), self.chosen).pages():
            names.update(dict.fromkeys(page.fields))
        return Stream(name, ("OID",), tuple(Field(field) for field in names), None, "absence", ABOUT[name])


@dataclass
class OdmReading:
    """One document, read for one stream."""

    part: Part
    request: StreamRequest
    options: Options
    total: int = 0
    nested: bool = True
    blank: bool = False
    _notices: list[Message] = field(default_factory=list)

    def told(self) -> list[Message]:
        """Notices that came up since the last time."""
        messages, self._notices = self._notices, []
        return messages

    def pages(self, after: int = 0) -> Iterator[Page]:
        """The stream's elements, a page at a time."""
        document = _Document(self.part, self.options)
        held: list[tuple[int, dict[str, Any]]] = []
        for at, (line, record) in enumerate(document.records(STREAMS[self.request.stream]), start=1):
            if at > after:
                held.append((line, record))
            if len(held) == self.options["page_rows"]:
                yield self._page(held, at, document.as_of)
                held = []
        if held:
            yield self._page(held, after + self.total + len(held), document.as_of)

    def _page(self, held: list[tuple[int, dict[str, Any]]], last: int, as_of: str | None) -> Page:
        self.total += len(held)
        payload = pl.Series([json.dumps(record, ensure_ascii=False) for _, record in held], dtype=pl.String)
        position = pl.Series([f"{self.part.label} line {line}" for line, _ in held], dtype=pl.String)
        fields = tuple(dict.fromkeys(name for _, record in held for name in record))
        messages = keyed_json(payload, self.request, position=position, where=self.part.label, fields=fields)
        return Page([self._dated(message, as_of) for message in messages], last, fields)

    def _dated(self, message: Message, as_of: str | None) -> Message:
        """Records with the document's own time, where none is taken from a field."""
        if not isinstance(message, Records) or self.request.modified is not None or as_of is None:
            return message
        times, _ = source_times(pl.Series([as_of]))
        return Records(message.frame.with_columns(pl.lit(times[0], pl.Int64).alias("source_time")), message.fields)


class _Document:
    """One ODM document as a stream of elements, with everything that has been read forgotten."""

    def __init__(self, part: Part, options: Options) -> None:
        self.part, self.options = part, options
        self.as_of: str | None = None

    def records(self, wanted: str) -> Iterator[tuple[int, dict[str, Any]]]:
        """The wanted elements of every AdminData, each with the line it stands on."""
        for admin in self._ended("AdminData"):
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

    def roots(self) -> Iterator[etree._Element]:
        """The root element, as soon as it has begun."""
        for event, element in self._events():
            if event == "start":
                yield element
                return

    def _ended(self, name: str) -> Iterator[etree._Element]:
        """Elements of this name right below the root; all others are forgotten as soon as they end."""
        depth = 0
        inside = False
        for event, element in self._events():
            if event == "start":
                depth += 1
                if depth == 1:
                    self.as_of = element.get("AsOfDateTime") or element.get("CreationDateTime")
                inside = inside or (depth == 2 and _name(element) == name)
                continue
            depth -= 1
            if depth == 1 and inside:
                yield element
                inside = False
            if not inside:
                _forget(element)

    def _events(self) -> Iterator[tuple[str, etree._Element]]:
        parser = etree.XMLPullParser(
            events=("start", "end"), resolve_entities=False, load_dtd=False, no_network=True,
            remove_comments=True, remove_pis=True, huge_tree=False,
        )  # fmt: skip
        begun = ended = False
        try:
            for piece in self._pieces():
                parser.feed(piece)
                for event, element in parser.read_events():
                    if not begun:
                        self._welcome(element)
                        begun = True
                    yield event, element
            ended = True
            parser.close()
        except etree.XMLSyntaxError as error:
            raise self._damaged(error, begun, ended) from None

    def _pieces(self) -> Iterator[bytes]:
        """The document in small pieces at first, so that declarations are seen before they can do anything."""
        begun = 0
        for block in blocks(self.part, self.options):
            block = block if begun else block.lstrip()
            while block:
                step = PROLOG if begun < STEP else STEP
                piece, block = block[:step], block[step:]
                begun += len(piece)
                yield piece
        if not begun:
            raise DamagedError(f"{self.part.label} line 1: is empty; ask for a new delivery")

    def _welcome(self, root: etree._Element) -> None:
        declared = root.getroottree().docinfo.internalDTD
        if declared is not None and (list(declared.iterentities()) or list(declared.iterelements())):
            raise DamagedError(
                f"{self.part.label} line {root.sourceline}: declares entities or elements of its own before <{_name(root)}>, as "
                "hostile XML does; nothing of it was read: ask for a delivery without a document type"
            )
        if _name(root) != "ODM":
            reason = root.get("ErrorClientResponseMessage") or root.get("ReasonCode") or ""
            raise DamagedError(
                f"{self.part.label} line {root.sourceline}: is <{_name(root)}>, not <ODM>{': ' if reason else ''}{reason}; "
                "check what was delivered"
            )
        if told := next((value for key, value in root.attrib.items() if key.endswith("}ErrorDescription")), None):
            raise DamagedError(f"{self.part.label} line {root.sourceline}: the EDC answered with an error: {told}")

    def _damaged(self, error: etree.XMLSyntaxError, begun: bool, ended: bool) -> DamagedError:
        line = error.lineno or 1
        if ended or not begun:
            why = "ends before <ODM> is closed, so it was cut off" if begun else "is not XML"
            return DamagedError(f"{self.part.label} line {line}: {why}; ask for a new delivery")
        return DamagedError(f"{self.part.label} line {line}: is damaged XML ({error.msg}); ask for a new delivery")


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


def _forget(element: etree._Element) -> None:
    """Free an element and those before it."""
    element.clear()
    parent = element.getparent()
    while parent is not None and element.getprevious() is not None:
        del parent[0]
