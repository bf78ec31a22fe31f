"""One pass over the files of a stream, from beginning to end or on from a checkpoint.

The state: `done`, the digest of every file whose content has landed, `elsewhere`, the versions of those that are not on this
machine, and `encoding`, how the last text was read; while a pass is under way also `read`, the digests of those it has finished, `rows`, how many rows each file had, and `at`, the
file it is in and the line (row, element) it has come to.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Protocol

from connectors.files.manifest import Claim, counted
from connectors.files.shelf import Shelf
from connectors.files.source import Delivery, Landed, Part, delivery, digest, labels, stamp, unchanged
from mdm.connector import Checkpoint, Complete, Context, Message, Notice, Options, Records, Rejected, SchemaChange, StreamRequest
from mdm.errors import DamagedError


@dataclass(frozen=True)
class Page:
    """Messages for a stretch of a part that ends at line (row, element) `last`."""

    messages: list[Message]
    last: int
    fields: tuple[str, ...]


class PartReader(Protocol):
    """One part being read; `nested` when a field may be absent from a page and still be there."""

    total: int

    @property
    def nested(self) -> bool: ...

    @property
    def blank(self) -> bool: ...

    def pages(self, after: int = 0) -> Iterator[Page]: ...

    def told(self) -> list[Message]: ...


@dataclass
class Pass:
    """Every part of a stream, read with `reader`."""

    context: Context
    request: StreamRequest
    options: Options
    reader: Callable[[Part, StreamRequest, Options], PartReader]
    done: dict[str, str] = field(default_factory=dict)
    read: dict[str, str] = field(default_factory=dict)
    at: dict[str, Any] = field(default_factory=dict)
    fields: list[str] = field(default_factory=list)
    last: list[str] = field(default_factory=list)
    timeless: bool = False
    met: dict[str, None] = field(default_factory=dict)
    now: tuple[str, ...] = ()
    empty: list[Part] = field(default_factory=list)
    fresh: int = 0
    rows: dict[str, int] = field(default_factory=dict)
    encoding: str | None = None
    elsewhere: dict[str, tuple[str, list[str]]] = field(default_factory=dict)
    versions: dict[str, str] = field(default_factory=dict)

    def messages(self, state: dict[str, Any] | None) -> Iterator[Message]:
        """Everything from this state on."""
        state = state or {}
        self.done, self.read = dict(state.get("done", {})), dict(state.get("read", {}))
        self.at, self.fields = dict(state.get("at", {})), list(state.get("fields", []))
        self.last, self.timeless = list(state.get("last", [])), bool(state.get("timeless", self.request.modified is None))
        self.rows, self.encoding = dict(state.get("rows", {})), state.get("encoding")
        self.elsewhere = {name: (version, labels) for name, (version, labels) in state.get("elsewhere", {}).items()}
        with Shelf() as shelf:
            landed = Landed(self.done, self.elsewhere) if self.options["skip_unchanged"] else None
            yield from self._delivered(delivery(self.context, self.options, shelf, landed))

    def _delivered(self, whole: Delivery) -> Iterator[Message]:
        yield from map(Notice, whole.waiting)
        parts = whole.parts
        digests = {path: digest(path) for path in dict.fromkeys(part.path for part in parts if part.content is None)}
        contents = {part: part.content or digests[part.path] for part in parts}
        self.versions = whole.versions
        known = self._known(parts, contents)
        skipped = {part.label for part in known}
        if left := [part for part in known if part.label not in self.read]:
            yield Notice(f"{labels(left)}: unchanged since landed, so not read again")
        landed = {part.file for part in left}
        for at, part in enumerate(parts):
            if part.label not in skipped:
                yield from self._part(part, contents[part])
            self.read[part.label] = contents[part]
            if part.file not in landed and (at + 1 == len(parts) or parts[at + 1].file != part.file):
                counted(whole.claims.get(part.file, Claim("")), part.file, self.rows.get(part.file, 0))
            yield from self._checkpoint_if_due()
        yield from self._end(parts, proven=bool(parts) and not known and not whole.waiting)

    def _known(self, parts: list[Part], contents: dict[Part, str]) -> list[Part]:
        """The parts there is no need to read.

        Where records without a time may stand in several files, only the files' order tells which version is the newest.
        Reading older files again would bring back older versions, so those before the first change are left.
        """
        landed = {part.label for part in parts if self.done.get(part.label) == contents[part]}
        known = {part.label for part in parts if self.read.get(part.label) == contents[part]}
        if self.options["skip_unchanged"]:
            known |= landed
        elif len(parts) > 1 and self.timeless and self.request.delivery == "delta":
            change = next((at for at, part in enumerate(parts) if part.label not in landed), len(parts))
            known |= {part.label for part in parts[:change]}
        return [part for part in parts if part.label in known]

    def _part(self, part: Part, content: str) -> Iterator[Message]:
        before = stamp(part.path)
        here = self.at.get("file") == part.label and self.at.get("digest") == content
        after, before_this = (int(self.at["after"]), int(self.at.get("rows", 0))) if here else (0, 0)
        reading = self.reader(part, self.request, self.options)
        for page in reading.pages(after):
            if page.fields:
                yield from self._drift(page.fields, nested=reading.nested)
            yield from page.messages
            yield from reading.told()
            self.timeless = self.timeless or any(_timeless(message) for message in page.messages)
            self.fresh += sum(len(message.frame) for message in page.messages if isinstance(message, Records | Rejected))
            self.at = {"file": part.label, "digest": content, "after": page.last, "rows": before_this + reading.total}
            yield from self._checkpoint_if_due()
        yield from reading.told()
        yield from self._judged(part, reading)
        self.rows[part.file] = self.rows.get(part.file, 0) + before_this + reading.total
        if reading.blank:
            self.empty.append(part)
            yield Notice(f"{part.label}: is empty, not even a header; if something should be in it, ask for a new delivery")
        elif not reading.total and not after:
            yield Notice(f"{part.label} line 1: there is no record in it")
        unchanged(part, before)

    def _judged(self, part: Part, reading: PartReader) -> Iterator[Message]:
        """How the text was read, if not as the file before it."""
        encoding = getattr(reading, "encoding", None)
        if encoding and self.encoding and encoding != self.encoding:
            yield Notice(
                f"{part.label}: was read as {encoding}, the file before it as {self.encoding}; set encoding if one of them is wrong"
            )
        self.encoding = encoding or self.encoding

    def _drift(self, fields: tuple[str, ...], *, nested: bool) -> Iterator[Message]:
        """Fields that were not there before."""
        added = tuple(name for name in fields if name not in self.fields)
        if self.fields and added:
            yield SchemaChange(added)
        self.fields += added
        self.met |= dict.fromkeys(fields)
        self.now = () if nested else fields

    def _gone(self) -> Iterator[Message]:
        """Fields the last file has no more, though the last file of the pass before (or a file of the first) had them."""
        removed = tuple(name for name in self.last or self.fields if name not in self.now)
        if self.now and removed:
            yield SchemaChange((), removed)
        self.last = list(self.now) or self.last
        self.fields = list(self.met) or self.fields

    def _end(self, parts: list[Part], *, proven: bool) -> Iterator[Message]:
        if self.empty and len(self.empty) == len(parts):
            raise DamagedError(f"{labels(self.empty)} line 1: empty, not even a header; ask for a new delivery")
        if not self.empty and proven:
            yield Complete()
        yield from self._gone()
        # A blank file stays news, so that a source without content never passes for an unchanged one.
        self.done = {part.label: self.read[part.label] for part in parts if part not in self.empty}
        self.read, self.at, self.rows = {}, {}, {}
        self.elsewhere = {
            name: (version, [part.label for part in parts if part.file == name])
            for name, version in self.versions.items()
            if not any(part.file == name for part in self.empty)
        }
        yield self._checkpoint()

    def _checkpoint_if_due(self) -> Iterator[Message]:
        """A checkpoint after a page's worth of records: many small files are landed together."""
        if self.fresh >= self.options["page_rows"]:
            self.fresh = 0
            yield self._checkpoint()

    def _checkpoint(self) -> Checkpoint:
        state: dict[str, Any] = {"done": dict(self.done), "fields": list(self.fields), "last": list(self.last)}
        state |= {"timeless": self.timeless, "encoding": self.encoding}
        if self.elsewhere:
            state["elsewhere"] = {name: [version, labels] for name, (version, labels) in self.elsewhere.items()}
        if self.read or self.at:
            state |= {"read": dict(self.read), "at": dict(self.at), "rows": dict(self.rows)}
        return Checkpoint(state)


def _timeless(message: Message) -> bool:
    return isinstance(message, Records) and message.frame["source_time"].null_count() > 0
