"""One ODM document as a stream of elements, in memory that does not grow with its size.

What has been read is forgotten. A document type with declarations of its own is refused before anything of it is used,
an external one is never fetched, and a document whose root is not closed was cut off.
"""

import re
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property

from lxml import etree

from connectors.odm.element import SPACE, local
from connectors.odm.structure import ITEMS, Structure
from mdm.errors import DamagedError

# The levels of clinical data: what is said of them stands beside what is in them.
SPINE = frozenset({"SubjectData", "StudyEventData", "FormData", "ItemGroupData"})
DATA = SPINE | ITEMS
# An InForm answer wraps the document it brings.
WRAPPERS = ("ResponseODM",)
DECLARES = (
    "declares entities or elements of its own, as hostile XML does; nothing of it was read: ask for a delivery without them"
)
STEP = 1 << 16
PROLOG = 1 << 10
MOST = 200_000
_ENTITY = re.compile(r"Entity '(.+)' not defined")


@dataclass(frozen=True)
class Head:
    """What a document says of itself."""

    namespace: str = ""
    version: str = ""
    file_type: str = ""
    file_oid: str | None = None
    prior: str | None = None
    as_of: str | None = None

    @property
    def second(self) -> bool:
        """Whether this is version 2."""
        return self.namespace.endswith("/v2.0") or self.version.startswith("2")

    @property
    def transactional(self) -> bool:
        """Whether it tells what changed, rather than what is."""
        return self.file_type == "Transactional"


class Document:
    """One ODM document: `label` names it in messages, `blocks` gives its bytes from the beginning each time.

    Until it is `proven`, whoever walks it to the end also holds it to the structure of ODM, so one reading does both.
    """

    def __init__(self, label: str, blocks: Callable[[], Iterator[bytes]]) -> None:
        self.label, self.blocks, self.proven = label, blocks, False

    @cached_property
    def head(self) -> Head:
        """What the root says, if the document may be read at all."""
        parser, head = _parser(None, ("start",)), b""
        for piece in self._pieces():
            head += piece
            error = _fed(parser, piece)
            for _, element in parser.read_events():
                if local(element) in WRAPPERS:
                    continue
                self._welcome(element)
                return _head(element)
            if error is not None:
                raise self._damaged(error, head)
        raise self._cut(1)

    def prove(self) -> None:
        """Read all of it, if nobody has, and refuse it if it is cut off, broken, or not built as ODM is."""
        if not self.proven:
            for _ in self.walk(()):
                pass

    def walk(self, names: Collection[str], whole: Collection[str] = ()) -> Iterator[etree._Element]:
        """Every element of these names when it ends, still in its place; what lies behind it is forgotten.

        Those in `whole` have all their children then; a level of clinical data has what is said of it, not what is in it.
        """
        structure = Structure(self.head.namespace, self.head.second)
        judge = None if self.proven else structure
        last: etree._Element | None = None
        for elements, root in self._read(names):
            last = root
            yield from elements
            self._forget(root, frozenset(whole), judge)
        if judge is not None and last is not None:
            self._judged(judge, [last])
            self.proven = True

    def _read(self, names: Collection[str]) -> Iterator[tuple[list[etree._Element], etree._Element]]:
        """After each piece: the elements that ended in it, and the root."""
        parser = _parser([f"{{*}}{name}" for name in (*names, "ODM", *WRAPPERS)], ("start", "end"))
        root: etree._Element | None = None
        for piece in self._pieces():
            error = _fed(parser, piece)
            ended = []
            for event, element in parser.read_events():
                if root is None:
                    root = element
                elif event == "end" and local(element) in names:
                    ended.append(element)
            if root is not None:
                yield ended, root
            if error is not None:
                raise self._damaged(error)
            self._entities(parser)
        try:
            parser.close()
        except etree.XMLSyntaxError as error:
            raise self._cut(error.lineno or 1) from None

    def _entities(self, parser: etree.XMLPullParser) -> None:
        """An entity nobody defined leaves a hole in a value without a word; that is no value."""
        for told in parser.feed_error_log:
            if unknown := _ENTITY.match(told.message):
                raise DamagedError(
                    f"{self.label} line {told.line}: uses the entity '&{unknown[1]};' of a document type, which is never fetched; "
                    "ask for a delivery with plain characters"
                )

    def _forget(self, root: etree._Element, whole: frozenset[str], judge: Structure | None) -> None:
        """Free all that is behind the place being read, save inside what is wanted whole; first it is judged."""
        node = root
        while len(node):
            name = local(node)
            if name in whole:
                self._bounded(node)
                return
            ended = slice(_begin(node) if name in SPINE else 0, -1)
            if judge is not None:
                self._judged(judge, node[ended])
            last = node[-1]
            if name not in SPINE or all(local(child) in DATA for child in node[ended]):
                del node[ended]
            else:
                for child in node[ended]:
                    if local(child) in DATA:
                        node.remove(child)
            if name in SPINE:
                self._bounded(node)
                if local(last) not in DATA:
                    return
            node = last

    def _judged(self, structure: Structure, ended: Iterable[etree._Element]) -> None:
        for element in ended:
            if fault := structure.fault(element):
                raise self._misbuilt(*fault)

    def _bounded(self, node: etree._Element) -> None:
        if len(node) > MOST:
            raise DamagedError(
                f"{self.label} line {node.sourceline}: one <{local(node)}> holds more than {MOST:,} elements; ask for a new delivery"
            )

    def _pieces(self) -> Iterator[bytes]:
        """The document in small pieces at first, so that declarations are seen before they can do anything."""
        begun = 0
        for block in self.blocks():
            start = 0 if begun else len(block) - len(block.lstrip())
            while start < len(block):
                stop = start + (PROLOG if begun < STEP else STEP)
                yield block[start:stop]
                begun, start = begun + stop - start, stop
        if not begun:
            raise DamagedError(f"{self.label} line 1: is empty; ask for a new delivery")

    def _welcome(self, root: etree._Element) -> None:
        declared = root.getroottree().docinfo.internalDTD
        if declared is not None and (list(declared.iterentities()) or list(declared.iterelements())):
            raise DamagedError(f"{self.label} line {root.sourceline}: {DECLARES}")
        if local(root) != "ODM":
            reason = root.get("ErrorClientResponseMessage") or root.get("ReasonCode") or ""
            raise DamagedError(
                f"{self.label} line {root.sourceline}: is <{local(root)}>, not <ODM>{': ' if reason else ''}{reason}; "
                "check what was delivered"
            )
        if told := next((value for key, value in root.attrib.items() if key.endswith("}ErrorDescription")), None):
            raise DamagedError(f"{self.label} line {root.sourceline}: the EDC answered with an error: {told}")

    def _misbuilt(self, element: etree._Element, words: str) -> DamagedError:
        return DamagedError(
            f"{self.label} line {element.sourceline}: {words}, so this is not ODM as the standard has it and none of it was read; "
            "ask for a new delivery"
        )

    def _damaged(self, error: etree.XMLSyntaxError, head: bytes | None = None) -> DamagedError:
        """What is wrong; `head` is what was read while there was no root yet."""
        where = f"{self.label} line {error.lineno or 1}"
        if head is None:
            # A depth without end is told with the same advice.
            if "epth" not in str(error.msg) and ("size limit" in str(error.msg) or "XML_PARSE_HUGE" in str(error.msg)):
                return DamagedError(f"{where}: one value is larger than 10 MB, which no site or item has; ask for a new delivery")
            return DamagedError(f"{where}: is damaged XML ({' '.join(str(error.msg).split())}); ask for a new delivery")
        if b"<!ENTITY" in head.replace(b"\x00", b""):
            return DamagedError(f"{where}: {DECLARES}")
        return DamagedError(f"{where}: is not XML; ask for a new delivery")

    def _cut(self, line: int) -> DamagedError:
        return DamagedError(f"{self.label} line {line}: ends before <ODM> is closed, so it was cut off; ask for a new delivery")


def _head(root: etree._Element) -> Head:
    space = str(root.tag).rpartition("}")[0][1:]
    as_of = root.get("AsOfDateTime") or root.get("CreationDateTime")
    version = root.get("ODMVersion") or ("1.1" if SPACE not in space else "")
    return Head(space, version, root.get("FileType") or "", root.get("FileOID"), root.get("PriorFileOID"), as_of)


def _begin(node: etree._Element) -> int:
    """Where in a level of clinical data what is in it begins, after what is said of it."""
    return next((at for at, child in enumerate(node) if local(child) in DATA), len(node))


def _parser(tags: list[str] | None, events: tuple[str, ...]) -> etree.XMLPullParser:
    """A parser that resolves, fetches and defaults nothing, telling of these elements."""
    return etree.XMLPullParser(
        events=events, tag=tags, resolve_entities=False, load_dtd=False, no_network=True,
        remove_comments=True, remove_pis=True, huge_tree=False,
    )  # fmt: skip


def _fed(parser: etree.XMLPullParser, piece: bytes) -> etree.XMLSyntaxError | None:
    """Give the parser a piece; what it made of it up to an error is still to be had."""
    try:
        parser.feed(piece)
    except etree.XMLSyntaxError as error:
        return error
    return None
