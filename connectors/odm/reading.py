"""One document read for one stream, a page at a time."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from connectors.files.passing import Page
from connectors.files.source import Part, blocks, stamp
from connectors.odm import dataset
from connectors.odm.document import Document
from connectors.odm.page import Stretch, messages
from connectors.odm.spool import Spool
from connectors.odm.stream import KINDS, said
from mdm.connector import Message, Notice, Options, Records, Rejected, StreamRequest

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
        if dataset.is_dataset(self.part):
            if proven:
                prove(self.part, self.options, self.proven)
            yield from self._rows(after)
            return
        document = document_of(self.part, self.options)
        document.proven = not proven or self.proven.get(self.part.label) == stamp(self.part.path)
        for page in self._pages(document, after) if document.proven else self._proving(document, after):
            self.total += sum(len(message.frame) for message in page.messages if isinstance(message, Records | Rejected))
            yield page

    def _proving(self, document: Document, after: int) -> Iterator[Page]:
        """Pages of a document that is read once: none of them goes on before its end is known."""
        mark = stamp(self.part.path)
        with Spool() as spool:
            try:
                for page in self._pages(document, after):
                    spool.add(page)
            except Exception:
                # What is wrong with the document says more than what that did to a record.
                document.prove()
                raise
            document.prove()
            self.proven[self.part.label] = mark
            yield from spool.pages()

    def _pages(self, document: Document, after: int) -> Iterator[Page]:
        held, at = Stretch(), 0
        for at, one in enumerate(said(self.kind, document, self.options, self.notes), start=1):
            if at > after:
                held.add(one)
            if len(held) == self.options["page_rows"]:
                yield self._page(held, at, document.head.as_of)
                held = Stretch()
        if len(held):
            yield self._page(held, at, document.head.as_of)

    def _rows(self, after: int) -> Iterator[Page]:
        read = dataset.Dataset(self.part, self.options)
        for page in read.pages(self.request, self.kind, after):
            self.total += sum(page.counted)
            yield Page(page.messages, page.last, page.fields)

    def _page(self, held: Stretch, last: int, as_of: str | None) -> Page:
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
