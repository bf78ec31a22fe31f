"""Pages kept in a temporary file until it is known that all of them may land.

The first waits in memory, so a document of a single page needs no file. Texts are packed: a spool is much smaller than the
document it was read from.
"""

import json
import tempfile
from collections.abc import Iterator
from io import BytesIO
from types import TracebackType
from typing import IO, Any

import polars as pl

from connectors.files.passing import Page
from mdm.connector import Message, Notice, Records, Rejected


class Spool:
    """Pages in the order they came; closing it forgets them."""

    def __init__(self) -> None:
        self._first: Page | None = None
        self._file: IO[bytes] | None = None

    def __enter__(self) -> "Spool":
        return self

    def __exit__(
        self, kind: type[BaseException] | None = None, error: BaseException | None = None, trace: TracebackType | None = None
    ) -> None:
        if self._file is not None:
            self._file.close()

    def add(self, page: Page) -> None:
        """One page more."""
        if self._first is None:
            self._first = page
            return
        if self._file is None:
            self._file = tempfile.TemporaryFile()  # noqa: SIM115 (closed with the spool)
        frames = [_packed(message.frame) for message in page.messages if isinstance(message, Records | Rejected)]
        told = {"last": page.last, "fields": page.fields, "messages": list(map(_told, page.messages))}
        head = json.dumps({**told, "sizes": list(map(len, frames))}).encode()
        self._file.writelines([head, b"\n", *frames])

    def pages(self) -> Iterator[Page]:
        """All of them, in their order."""
        if self._first is not None:
            yield self._first
        if self._file is not None:
            self._file.seek(0)
            while head := self._file.readline():
                yield _page(json.loads(head), self._file)


def _packed(frame: pl.DataFrame) -> bytes:
    packed = BytesIO()
    frame.write_ipc_stream(packed, compression="lz4")
    return packed.getvalue()


def _told(message: Message) -> dict[str, Any]:
    """What a message says besides its records."""
    match message:
        case Records(_, fields, tabular):
            return {"fields": fields, "tabular": tabular}
        case Rejected():
            return {}
        case Notice(text):
            return {"text": text}
    raise TypeError(f"a page holds no {type(message).__name__}")


def _page(head: dict[str, Any], file: IO[bytes]) -> Page:
    sizes = iter(head["sizes"])
    messages: list[Message] = []
    for told in head["messages"]:
        if "text" in told:
            messages.append(Notice(told["text"]))
            continue
        frame = pl.read_ipc_stream(BytesIO(file.read(next(sizes))))
        messages.append(Records(frame, tuple(told["fields"]), told["tabular"]) if told else Rejected(frame))
    return Page(messages, head["last"], tuple(head["fields"]))
