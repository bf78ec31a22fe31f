"""What Rave Web Services says is wrong, in each of its three ways, and whether an answer is whole.

An answer is judged by its words and then by its status: an error may come with any, and a long answer may be cut off
with status 200. XML is whole when its root is closed, CSV when its last line says `EOF`.
"""

import contextlib
import re
from typing import IO

from lxml import etree

from mdm.connector import retry_after
from mdm.errors import DeniedError, SourceError, UnavailableError

HEAD = 1 << 16
TAIL = 4096
EOF = b"EOF"
_BOM = b"\xef\xbb\xbf"
_DENIED = re.compile(
    r"RWS00008|incorrect login|authorization header|not authori[sz]ed|unauthori[sz]ed|locked out|account is (locked|inactive)|"
    r"password (has )?expired|access (is )?denied",
    re.IGNORECASE,
)
_BUSY = re.compile(r"tim(e|ed)[ -]?out|temporarily|try again|unavailable|busy|deadlock|maintenance", re.IGNORECASE)
_CLOSED = re.compile(rb"</(\w+:)?ODM\s*>\s*\Z")
_NOTHING_IN_IT = re.compile(rb"(\xef\xbb\xbf)?\s*(<\?[^<]*\?>)?\s*<(\w+:)?ODM\b[^<]*/>\s*")
SHOWN = 200


def complaint(source: str, head: bytes, status: int, retry: tuple[str | None, float] = (None, 0.0)) -> SourceError | None:
    """The error an answer's beginning and status amount to; `retry` is its Retry-After and the time now."""
    told = words(head)
    if told is None:
        return None
    text = f"source {source!r}: Rave answered (HTTP {status}): {told[:SHOWN]}"
    if status in (401, 403, 407) or _DENIED.search(told):
        return DeniedError(f"{text}. It was not tried again, for that could lock the account; correct the credentials or rights")
    if status >= 500 or status in (408, 425, 429) or _BUSY.search(told):
        return UnavailableError(f"{text}; try again later", retry_after=retry_after(*retry))
    if status == 200 and not told.startswith("RWS") and "[RWS" not in told and _root(head) not in ("Response", "ODM"):
        return UnavailableError(f"{text}; it was no answer of Rave's: try again later")
    return SourceError(f"{text}; check study, environment, form and the user's rights to them")


def words(head: bytes) -> str | None:
    """What an answer says is wrong, if it begins as an error does."""
    text = head.removeprefix(_BOM).lstrip()
    if not text:
        return None
    if not text.startswith(b"<"):
        return " ".join(text[: 2 * SHOWN].decode("utf-8", "replace").split())
    element = _parsed(text)
    name = None if element is None else str(element.tag).rpartition("}")[2]
    if element is None or name == "ODM":
        return None if element is None else next((v for k, v in element.attrib.items() if k.endswith("}ErrorDescription")), None)
    if name == "Response":
        code, told = element.get("ReasonCode") or "", element.get("ErrorClientResponseMessage") or ""
        return " ".join(filter(None, [code, told])) or "an error without a reason"
    plain = re.sub(rb"<(script|style)\b.*?</\1>|<[^>]*>", b" ", text[: 20 * SHOWN], flags=re.DOTALL | re.IGNORECASE)
    return f"<{name}> {' '.join(plain.decode('utf-8', 'replace').split())}"


def whole_xml(source: str, file: IO[bytes]) -> None:
    """Refuse an answer that is empty or whose root is not closed."""
    head, tail = ends(file)
    if not head.strip():
        raise UnavailableError(f"source {source!r}: an empty answer, where ODM was due; try again later")
    if not head.removeprefix(_BOM).lstrip().startswith(b"<"):
        raise UnavailableError(f"source {source!r}: something that is no XML was answered where ODM was due; try again later")
    if not _CLOSED.search(tail) and not _NOTHING_IN_IT.fullmatch(head):
        raise UnavailableError(f"source {source!r}: the answer ends before <ODM> is closed, so it was cut off; try again later")


def whole_csv(source: str, file: IO[bytes]) -> None:
    """Refuse an answer that does not end with the line that says it is whole."""
    _, tail = ends(file)
    if tail.rstrip().rpartition(b"\n")[2].strip() != EOF:
        raise UnavailableError(f"source {source!r}: the answer does not end with EOF, so it was cut off; try again later")


def ends(file: IO[bytes]) -> tuple[bytes, bytes]:
    """The beginning and the end of a file, which then stands at its beginning."""
    file.seek(0)
    head = file.read(HEAD)
    size = file.seek(0, 2)
    file.seek(max(0, size - TAIL))
    tail = file.read()
    file.seek(0)
    return head, tail


def _root(head: bytes) -> str | None:
    element = _parsed(head.removeprefix(_BOM).lstrip())
    return None if element is None else str(element.tag).rpartition("}")[2]


def _parsed(text: bytes) -> etree._Element | None:
    """The root element as it begins; nothing that declares entities is looked at here."""
    if b"<!ENTITY" in text:
        return None
    parser = etree.XMLPullParser(events=("start",), resolve_entities=False, load_dtd=False, no_network=True, huge_tree=False)
    with contextlib.suppress(etree.XMLSyntaxError):
        parser.feed(text[:HEAD])
    return next((element for _, element in parser.read_events()), None)
