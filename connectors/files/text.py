"""Bytes made into lines of UTF-8 text.

An encoding that was not declared is judged by the first lines that are not plain English letters, and the judgement
is reported. A line too long to hold is never held: its head stands for it, marked as unreadable.
"""

import codecs
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np

from mdm.errors import ConfigError, DamagedError

BOMS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
BAD = "\N{REPLACEMENT CHARACTER}".encode()
HEAD = 200


@dataclass(frozen=True)
class Lines:
    """Whole physical lines, each ending in a line feed at `ends`; `first` is the number of the first of them.

    `bad` names the lines (by index) that cannot be read, with the reason. `last` marks the end of the text, and
    `unterminated` a last line whose line feed was not in the source.
    """

    data: bytes
    first: int
    ends: np.ndarray
    bad: dict[int, str] = field(default_factory=dict)
    last: bool = False
    unterminated: bool = False

    def __len__(self) -> int:
        return len(self.ends)

    @property
    def starts(self) -> np.ndarray:
        """Where each line starts."""
        return np.concatenate([np.zeros(min(len(self.ends), 1), dtype=np.int64), self.ends[:-1] + 1])

    def slice(self, start: int, stop: int) -> bytes:
        """Lines start..stop (exclusive), as they stand."""
        return self.data[self._begin(start) : self._begin(stop)]

    def after(self, stop: int) -> "Lines":
        """The lines from `stop` on."""
        begin = self._begin(stop)
        bad = {at - stop: reason for at, reason in self.bad.items() if at >= stop}
        return Lines(self.data[begin:], self.first + stop, self.ends[stop:] - begin, bad, self.last, self.unterminated)

    def _begin(self, line: int) -> int:
        return 0 if line == 0 else int(self.ends[line - 1]) + 1


def joined(head: Lines | None, tail: Lines) -> Lines:
    """Two neighbouring runs of lines as one."""
    if head is None or not len(head):
        return tail
    bad = head.bad | {at + len(head): reason for at, reason in tail.bad.items()}
    ends = np.concatenate([head.ends, tail.ends + len(head.data)])
    return Lines(head.data + tail.data, head.first, ends, bad, tail.last, tail.unterminated)


@dataclass
class Text:
    """One part's text as runs of lines; `notices` fill up while they are read."""

    label: str
    blocks: Iterator[bytes]
    encoding: str = "auto"
    max_line: int = 16 << 20
    notices: list[str] = field(default_factory=list)
    layout: Callable[[Iterator[Lines], str, list[str]], Iterator[Lines]] | None = None

    def __iter__(self) -> Iterator[Lines]:
        runs = self._runs()
        return runs if self.layout is None else self.layout(runs, self.label, self.notices)

    def _runs(self) -> Iterator[Lines]:
        first = self._marked(next(self.blocks, b""))
        transcoded = self.encoding not in ("auto", "utf-8")
        decoded = self._decoded(first) if transcoded else _chained(first, self.blocks)
        for lines in self._lines(_unix(decoded)):
            yield _read(lines, BAD) if transcoded else self._judged(lines)

    def characters(self) -> Iterator[str]:
        """The text without regard to lines, for formats that have none."""
        first = self._marked(next(self.blocks, b""))
        encoding = "utf-8" if self.encoding == "auto" else self.encoding
        decoder, total = codecs.getincrementaldecoder(encoding)(), 0
        try:
            for block in _chained(first, self.blocks):
                yield decoder.decode(block)
                total += len(block)
            yield decoder.decode(b"", final=True)
        except UnicodeDecodeError as error:
            raise DamagedError(
                f"{self.label}: is not {encoding} (byte {total + error.start:,}); set encoding, or ask for a new delivery"
            ) from None

    @property
    def too_long(self) -> str:
        """Why a line that is too long was not read."""
        return f"is longer than {self.max_line:,} bytes (raise max_line if that is right)"

    def _marked(self, first: bytes) -> bytes:
        """The first block without its byte order mark, which also tells the encoding."""
        for mark, encoding in BOMS:
            if first.startswith(mark) and self.encoding in ("auto", "utf-8", "utf-16", encoding):
                self.encoding = encoding
                return first[len(mark) :]
        for encoding, odd in (("utf-16-le", first[1:400:2]), ("utf-16-be", first[0:400:2])):
            if self.encoding == "auto" and len(first) > 3 and odd.count(0) > len(odd) * 0.8:
                self.encoding = encoding
                self.notices.append(
                    f"{self.label}: has no byte order mark and was read as UTF-16 ({encoding}); set encoding to be sure"
                )
        return first

    def _decoded(self, first: bytes) -> Iterator[bytes]:
        try:
            decoder = codecs.getincrementaldecoder(self.encoding)(errors="replace")
        except LookupError:
            raise ConfigError(f"{self.label}: there is no encoding {self.encoding!r}; try utf-8 or cp1252") from None
        for block in _chained(first, self.blocks):
            yield decoder.decode(block).encode()
        yield decoder.decode(b"", final=True).encode()

    def _lines(self, blocks: Iterator[bytes]) -> Iterator[Lines]:
        """Whole lines; what does not end within max_line is dropped to its head."""
        carry, first, dropping = b"", 1, False
        for block in blocks:
            if dropping:
                block = block[end:] if (end := block.find(b"\n")) >= 0 else b""
            if not block:
                continue
            data, cut = carry + block, block.rfind(b"\n") + len(carry) + 1
            if cut > len(carry):
                lines = self._whole(data[:cut], first, dropping)
                yield lines
                first, dropping, carry = first + len(lines), False, data[cut:]
            else:
                carry = data
            if len(carry) > self.max_line:
                carry, dropping = carry[:HEAD], True
        if carry:
            yield self._last(carry, first, dropping)

    def _last(self, carry: bytes, first: int, dropping: bool) -> Lines:
        whole = self._whole(carry + b"\n", first, dropping)
        return Lines(whole.data, first, whole.ends, whole.bad, last=True, unterminated=True)

    def _whole(self, data: bytes, first: int, dropped: bool) -> Lines:
        ends = np.flatnonzero(np.frombuffer(data, np.uint8) == 10)
        long = np.flatnonzero(np.diff(ends, prepend=-1) > self.max_line + 1)
        bad = {int(at): self.too_long for at in long} | ({0: self.too_long} if dropped else {})
        return Lines(data, first, ends, bad)

    def _judged(self, lines: Lines) -> Lines:
        """The lines with those that are not text marked; in Windows-1252, made UTF-8."""
        if self.encoding == "auto" and not lines.data.isascii():
            self._judge(lines)
        if self.encoding != "cp1252":
            return _read(lines)
        if not lines.data.isascii():
            self._not_after_all(lines)
        data = lines.data.decode("cp1252", errors="replace").encode()
        ends = np.flatnonzero(np.frombuffer(data, np.uint8) == 10)
        return _read(Lines(data, lines.first, ends, lines.bad, lines.last, lines.unterminated), BAD)

    def _judge(self, lines: Lines) -> None:
        """UTF-8 if any line proves it, else Windows-1252."""
        odd = [(at, line) for at, line in enumerate(lines.data.split(b"\n")) if not line.isascii()]
        if any(is_utf8(line) for _, line in odd):
            self.encoding = "utf-8"
            return
        self.encoding = "cp1252"
        self.notices.append(
            f"{self.label} line {lines.first + odd[0][0]}: is not UTF-8, so the file was read as Windows-1252; "
            "set encoding = 'cp1252' if that is right, or ask for UTF-8"
        )

    def _not_after_all(self, lines: Lines) -> None:
        for at, line in enumerate(lines.data.split(b"\n")):
            if not line.isascii() and is_utf8(line):
                raise DamagedError(
                    f"{self.label} line {lines.first + at}: is UTF-8, but lines before it are not; "
                    "set encoding = 'utf-8' to have the others rejected, or ask for a new delivery"
                )


def _chained(first: bytes, rest: Iterator[bytes]) -> Iterator[bytes]:
    if first:
        yield first
    yield from rest


def _unix(blocks: Iterator[bytes]) -> Iterator[bytes]:
    """Blocks whose lines end in a line feed; an old Macintosh file has only carriage returns."""
    first = next(blocks, b"")
    old = b"\r" in first.rstrip(b"\r") and b"\n" not in first
    for block in _chained(first, blocks):
        yield block.replace(b"\r", b"\n") if old else block


def is_utf8(line: bytes) -> bool:
    """Whether these bytes are UTF-8."""
    try:
        line.decode()
    except UnicodeDecodeError:
        return False
    return True


def _read(lines: Lines, mark: bytes | None = None) -> Lines:
    """The lines with those marked that hold bytes no text has."""
    bad = dict(lines.bad)
    if b"\x00" in lines.data:
        zeros = np.flatnonzero(np.frombuffer(lines.data, np.uint8) == 0)
        bad |= {int(at): "holds NUL bytes" for at in np.unique(np.searchsorted(lines.ends, zeros))}
    for at in _marks(lines.data, mark) if mark else _not_utf8(lines):
        bad.setdefault(int(np.searchsorted(lines.ends, at)), "holds bytes that are not text in this encoding")
    return Lines(lines.data, lines.first, lines.ends, bad, lines.last, lines.unterminated)


def _marks(data: bytes, mark: bytes) -> Iterator[int]:
    at = data.find(mark)
    while at >= 0:
        yield at
        at = data.find(mark, at + len(mark))


def _not_utf8(lines: Lines) -> Iterator[int]:
    """Where UTF-8 breaks, once for each line."""
    start, view = 0, memoryview(lines.data)
    while start < len(view):
        try:
            codecs.utf_8_decode(view[start:], "strict", True)
            return
        except UnicodeDecodeError as error:
            at = start + error.start
            yield at
            start = int(lines.ends[np.searchsorted(lines.ends, at)]) + 1
