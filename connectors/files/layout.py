"""What stands around the records of a text: title lines, footers, closing lines, frames, escapes.

Each is taken away line by line, and a line that is taken away leaves a blank one: line numbers stay those of the file.
Footers and closing lines are looked for only at the end, so a record that happens to look like one stays a record.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import polars as pl

from connectors.files.text import Lines, joined
from mdm.errors import DamagedError

# Code points that no text holds stand for escaped characters until the fields are told apart.
_QUOTE, _MARK, _LINE, _RETURN, _TAB, _NULL = (chr(0xFDD0 + at).encode() for at in range(6))
_RESERVED = re.compile(rb"\xef\xb7[\x90-\x95]")
_RULE = re.compile(rb"[-+|=\s]*\Z")
_HELD = 1000


@dataclass(frozen=True)
class Layout:
    """`footer` is how many lines follow the last record, or what they begin with; `frame` what encloses each line."""

    skip: int = 0
    footer: int | tuple[str, ...] = ()
    end_marker: str = ""
    frame: str = ""
    escape: str = ""
    quote: str = '"'
    delimiter: str = ","

    def applied(self, runs: Iterator[Lines], label: str, notices: list[str]) -> Iterator[Lines]:
        """The lines with everything but records (and a header) blank."""
        if self.skip:
            runs = (blanked(run, range(min(self.skip - run.first + 1, len(run)))) for run in runs)
        if self.footer or self.end_marker:
            runs = self._without_tail(runs, label, notices)
        if self.frame:
            runs = _unframed(runs, self.frame.encode(), label, notices)
        if self.escape:
            runs = map(self._unescaped, runs)
        return runs

    def _without_tail(self, runs: Iterator[Lines], label: str, notices: list[str]) -> Iterator[Lines]:
        held: Lines | None = None
        for run in runs:
            whole = joined(held, run)
            at = self._tail(whole)
            if at:
                yield replace(_before(whole, at), last=False, unterminated=False)
            held = whole.after(at)
        closed = None if held is None else self._closed(held)
        if self.end_marker and closed is None:
            raise DamagedError(
                f"{label}: has no closing line {self.end_marker!r}, so it was cut off; ask for a new delivery, or correct end_marker"
            )
        if held is None:
            return
        tail = [line for line in range(self._tail(held), len(held)) if _text(held, line)]
        footers = [line for line in tail if line != closed]
        if footers:
            notices.append(
                f"{label} line {held.first + footers[0]}: the footer begins ({len(footers)} lines, which were passed over)"
            )
        yield blanked(held, tail)

    def _tail(self, run: Lines) -> int:
        """Where the lines begin that may be the end of the text, or be followed by it."""
        most = (self.footer if isinstance(self.footer, int) else _HELD) + bool(self.end_marker)
        at, filled = len(run), 0
        while at > 0:
            text = _text(run, at - 1)
            if text and (filled >= most or not self._may_end(text)):
                break
            filled += bool(text)
            at -= 1
        # Blank lines before the end belong to nothing; only so many are held.
        return max(at, len(run) - _HELD)

    def _may_end(self, text: str) -> bool:
        return text == self.end_marker or (text.startswith(self.footer) if isinstance(self.footer, tuple) else True)

    def _closed(self, held: Lines) -> int | None:
        """The closing line: the last that is not blank."""
        filled = [line for line in range(len(held)) if _text(held, line)]
        return filled[-1] if self.end_marker and filled and _text(held, filled[-1]) == self.end_marker else None

    def _unescaped(self, run: Lines) -> Lines:
        escape = self.escape.encode()
        bad = dict(run.bad)
        for match in _RESERVED.finditer(run.data):
            bad.setdefault(int(np.searchsorted(run.ends, match.start())), "holds characters that no text has")
        if escape not in run.data:
            return replace(run, bad=bad)
        stands = {self.quote.encode(): _QUOTE, self.delimiter.encode(): _MARK}
        if self.escape == "\\":
            stands = {b"n": _LINE, b"r": _RETURN, b"t": _TAB, b"N": _NULL, **stands}
        data = re.sub(re.escape(escape) + rb"([\s\S])", lambda match: stands.get(match[1], match[1]), run.data)
        return replace(run, data=data, ends=_ends(data), bad=bad)


def unescaped(frame: pl.DataFrame, layout: Layout) -> pl.DataFrame:
    """The fields with the escaped characters in them; a field that is nothing but an escaped N says nothing."""
    if not layout.escape or not frame.height:
        return frame
    stands = {_QUOTE: layout.quote, _MARK: layout.delimiter, _LINE: "\n", _RETURN: "\r", _TAB: "\t", _NULL: "N"}
    said = pl.when(pl.all() != _NULL.decode()).then(pl.all())
    return frame.with_columns(said).with_columns(
        pl.all().str.replace_many([code.decode() for code in stands], list(stands.values()))
    )


def plain(text: str, layout: Layout) -> str:
    """One text with the escaped characters in it."""
    if not layout.escape:
        return text
    for code, said in (
        (_QUOTE, layout.quote),
        (_MARK, layout.delimiter),
        (_LINE, "n"),
        (_RETURN, "r"),
        (_TAB, "t"),
        (_NULL, "N"),
    ):
        text = text.replace(code.decode(), layout.escape + said)
    return text


def blanked(run: Lines, which: Sequence[int]) -> Lines:
    """The lines with these made blank."""
    if not len(which):
        return run
    gone = set(which)
    data = b"".join(b"\n" if line in gone else run.slice(line, line + 1) for line in range(len(run)))
    return replace(run, data=data, ends=_ends(data), bad={at: why for at, why in run.bad.items() if at not in gone})


def _before(run: Lines, stop: int) -> Lines:
    data = run.slice(0, stop)
    return replace(run, data=data, ends=run.ends[:stop], bad={at: why for at, why in run.bad.items() if at < stop})


def _unframed(runs: Iterator[Lines], frame: bytes, label: str, notices: list[str]) -> Iterator[Lines]:
    """The inside of framed lines: rules, page headings and the headers of later pages are passed over."""
    header, outside = None, 0
    for run in runs:
        lines, bad = [], dict(run.bad)
        for at in range(len(run)):
            line = run.slice(at, at + 1).strip()
            inside = line.startswith(frame) and not _RULE.match(line)
            if not inside or line == header:
                outside += bool(line) and not line.startswith(frame) and not _RULE.match(line)
                lines.append(b"")
                bad.pop(at, None)
                continue
            header = header or line
            if not line.endswith(frame) or len(line) < 2:
                bad.setdefault(at, f"does not end with {frame.decode()!r}, as it begins")
            lines.append(line[1:].removesuffix(frame))
        data = b"".join(line + b"\n" for line in lines)
        yield replace(run, data=data, ends=_ends(data), bad=bad)
    if outside:
        notices.append(f"{label}: {outside} lines outside the frame were passed over as page headings")


def _text(run: Lines, line: int) -> str:
    raw = run.slice(line, line + 1)
    return raw[:800].decode(errors="replace").strip().strip('"').strip()


def _ends(data: bytes) -> np.ndarray:
    return np.flatnonzero(np.frombuffer(data, np.uint8) == 10)
