"""One document read for one stream, a page at a time."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from connectors.files.passing import Page
from connectors.files.source import Part, blocks, stamp
from connectors.odm import dataset
from connectors.odm.clinical import Said
from connectors.odm.document import Document
from connectors.odm.page import messages
from connectors.odm.stream import KINDS, said
from mdm.connector import Message, Notice, Options, Records, StreamRequest

Proven = dict[str, tuple[int, int]]


@dataclass
class OdmReading:
    """One document, read for one stream; `proven` are the documents known to be whole and rightly built."""

    part: Part
    request: StreamRequest
    options: Options
    kind: str
    proven: Proven
    total: int = 0
    nested: bool = True
    blank: bool = False
    notes: list[str] = field(default_factory=list)

    def told(self) -> list[Message]:
        """Notices that came up since the last time."""
        notices: list[Message] = [Notice(text) for text in self.notes]
        self.notes.clear()
        return notices

    def pages(self, after: int = 0, *, proven: bool = True) -> Iterator[Page]:
        """The stream's records, a page at a time; none before all of the document is known to be sound."""
        if proven:
            prove(self.part, self.options, self.proven)
        if dataset.is_dataset(self.part):
            yield from self._rows(after)
            return
        document = document_of(self.part, self.options)
        held: list[Said] = []
        at = 0
        for at, one in enumerate(said(self.kind, document, self.options, self.notes), start=1):
            if at > after:
                held.append(one)
            if len(held) == self.options["page_rows"]:
                yield self._page(held, at, document.head.as_of)
                held = []
        if held:
            yield self._page(held, at, document.head.as_of)

    def _rows(self, after: int) -> Iterator[Page]:
        read = dataset.Dataset(self.part, self.options)
        for page in read.pages(self.request, self.kind, after):
            self.total += sum(page.counted)
            yield Page(page.messages, page.last, page.fields)

    def _page(self, held: list[Said], last: int, as_of: str | None) -> Page:
        self.total += len(held)
        told = messages(held, KINDS[self.kind], self.request, self.part.label, as_of)
        return Page(told, last, next((one.fields for one in told if isinstance(one, Records)), ()))


def document_of(part: Part, options: Options) -> Document:
    """A part as a document."""
    return Document(part.label, lambda: blocks(part, options))


def prove(part: Part, options: Options, proven: Proven) -> None:
    """Refuse a part that is cut off, broken or not built as it should be; once is enough while it stays as it is."""
    mark = stamp(part.path)
    if proven.get(part.label) == mark:
        return
    if dataset.is_dataset(part):
        dataset.Dataset(part, options).prove()
    else:
        document_of(part, options).prove()
    proven[part.label] = mark
