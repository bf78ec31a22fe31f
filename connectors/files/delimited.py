"""Delimited text: records told apart from lines, checked, and read in bulk.

Only records that are whole and well formed reach the parser. A broken line is rejected by its number and the next one
is read as if it had not been there; a text that ends inside a quoted field was cut off.
"""

from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import numpy as np
import polars as pl

from connectors.files.dialect import Dialect, Shape, enclosed, is_record, labels
from connectors.files.layout import plain, unescaped
from connectors.files.text import Lines, Text, joined
from mdm.errors import DamagedError

HEADER_LINES = 50
# More columns than any table has: what looks like them is no table, or hostile.
COLUMNS = 20_000


@dataclass(frozen=True)
class Batch:
    """Some records with the line each begins on, and the (line, reason, excerpt) of what was rejected among them."""

    frame: pl.DataFrame
    lines: np.ndarray
    rejects: list[tuple[int, str, str]]


@dataclass
class Delimited:
    """The records of one text, in batches. `columns` are known once the first batch is."""

    text: Text
    dialect: Dialect
    columns: list[str] = field(default_factory=list)
    _pending: Lines | None = None
    _mended: dict[int, bytes] = field(default_factory=dict)

    def batches(self, after: int = 0) -> Iterator[Batch]:
        """The records that begin after this line."""
        for lines in self.text:
            run = joined(self._pending, lines)
            self._pending = None
            if not self.columns:
                run = self._headed(run)
            if self.columns and len(run):
                yield self._batch(run, after)
        if self._pending is not None:
            yield self._batch(replace(self._pending, last=True), after)

    def _headed(self, run: Lines) -> Lines:
        """The lines after the header, its columns noted."""
        at = 0
        while at < len(run) and self._skipped(run.slice(at, at + 1)):
            at += 1
        if at == len(run):
            return run.after(at)
        if self.dialect.header is not True:
            self.columns = list(self.dialect.header or ()) or self._numbered(run.slice(at, at + 1))
            return run.after(at)
        stop = at + 1
        quote = self.dialect.quote.encode()
        while quote and stop < min(len(run), at + HEADER_LINES) and run.slice(at, stop).count(quote) % 2:
            stop += 1
        self._name(run, at, stop)
        return run.after(stop)

    def _name(self, run: Lines, at: int, stop: int) -> None:
        where = f"{self.text.label} line {run.first + at}"
        if any(line in run.bad for line in range(at, stop)):
            reason = next(run.bad[line] for line in range(at, stop) if line in run.bad)
            raise DamagedError(f"{where}: the header {reason}; ask for a new delivery")
        self.columns, notices = named(labels(run.slice(at, stop), self.dialect), where)
        self.text.notices += notices

    def _numbered(self, line: bytes) -> list[str]:
        return [f"column_{at}" for at in range(1, len(labels(line, self.dialect)) + 1)]

    def _skipped(self, line: bytes) -> bool:
        comment = self.dialect.comment.encode()
        return not line.strip(b"\r\n") or bool(comment and line.startswith(comment))

    def _batch(self, run: Lines, after: int) -> Batch:
        kept, rejects, starts = self._records(run)
        numbers = run.first + starts
        fresh = numbers > after
        if not fresh.any():
            kept, numbers = b"", numbers[:0]
        frame = self._parsed(kept, len(numbers))
        if len(numbers) and not fresh.all():
            frame, numbers = frame.filter(pl.Series(fresh)), numbers[fresh]
        return Batch(frame, numbers, [reject for reject in rejects if reject[0] > after])

    def _records(self, run: Lines) -> tuple[bytes, list[tuple[int, str, str]], np.ndarray]:
        """The bytes of the good records, the rejections, and the line index each good record begins on."""
        self._mended.clear()
        shape = Shape.of(run, self.dialect)
        bad = {at: reason for at, reason in run.bad.items() if not shape.skip[at]}
        begins, inside, stop = self._grouped(run, shape, bad)
        for at in np.flatnonzero(shape.crooked & ~inside):
            if not self._mends(run, int(at)):
                bad.setdefault(int(at), "has text beside a quoted field")
        wrong = (shape.fields != len(self.columns)) & ~shape.skip & ~inside
        for at in np.flatnonzero(wrong):
            if at not in self._mended and not self._only_surplus(run, int(at), int(shape.fields[at])):
                bad.setdefault(int(at), f"has {shape.fields[at]} fields where there are {len(self.columns)} columns")
        if run.unterminated and len(run) - 1 in bad and shape.fields[-1] < len(self.columns):
            raise self._cut(run.first + len(run) - 1)
        keep = (~shape.skip | inside) & ~np.isin(begins, begins[np.array(sorted(bad), dtype=np.int64)])
        keep[stop:] = False
        first = np.flatnonzero(keep & (begins == np.arange(len(run))))
        told = [(run.first + at, f"the line {bad[at]}", self._excerpt(run, at)) for at in sorted(bad) if at < stop]
        return _kept(run, keep, self._mended), told, first

    def _mends(self, run: Lines, at: int) -> bool:
        """Whether the line is a record in which quotes stand as text inside fields that nothing encloses.

        Such a line is written anew with every field enclosed, as the parser takes no other.
        """
        raw = run.slice(at, at + 1)
        if at in run.bad or not is_record(raw, self.dialect, len(self.columns), bare=True):
            return False
        self._mended[at] = enclosed(raw, self.dialect)
        return True

    def _only_surplus(self, run: Lines, at: int, fields: int) -> bool:
        """Whether what a line has beyond the columns is empty; then it is left out."""
        surplus = fields - len(self.columns)
        raw = run.slice(at, at + 1).rstrip(b"\r\n")
        if surplus < 1 or not raw.endswith(self.dialect.delimiter.encode() * surplus):
            return False
        self._mended[at] = raw[:-surplus] + b"\n"
        return True

    def _grouped(self, run: Lines, shape: "Shape", bad: dict[int, str]) -> tuple[np.ndarray, np.ndarray, int]:
        """For each line the line its record begins on, whether it belongs to a record of several lines, and the end.

        A line that opens a quote is joined with the lines up to the one that closes it, if that makes a record;
        otherwise only the opening line is broken.
        """
        begins, inside = np.arange(len(run)), np.zeros(len(run), dtype=bool)
        odd = [int(at) for at in np.flatnonzero(shape.odd)]
        at = 0
        while at < len(odd):
            opened = odd[at]
            closed = odd[at + 1] if at + 1 < len(odd) else None
            if run.bad.get(opened) == self.text.too_long or self._mends(run, opened):
                at += 1
                continue
            if closed is None and self._waits(run, opened, shape):
                self._pending = run.after(opened)
                return begins, inside, opened
            if closed is not None and is_record(run.slice(opened, closed + 1), self.dialect, len(self.columns)):
                begins[opened : closed + 1], inside[opened : closed + 1] = opened, True
                at += 2
                continue
            bad.setdefault(opened, "opens a quote that is not closed")
            at += 1
        return begins, inside, len(run)

    def _waits(self, run: Lines, opened: int, shape: "Shape") -> bool:
        """Whether an open quote may still be closed by lines to come."""
        if run.last:
            # A file whose last line is a whole record was not cut off: one line in it is broken.
            final = len(run) - 1 - int(np.argmin(shape.skip[::-1]))
            if final == opened or shape.fields[final] != len(self.columns) or shape.crooked[final]:
                raise self._cut(run.first + opened)
            return False
        return len(run.data) - int(run.starts[opened]) <= self.text.max_line

    def _excerpt(self, run: Lines, at: int) -> str:
        text = run.slice(at, at + 1)[:800].decode(errors="replace").rstrip("\r\n")
        return plain(text, self.dialect.layout).replace("\x00", "\N{SYMBOL FOR NULL}")

    def _cut(self, line: int) -> DamagedError:
        return DamagedError(
            f"{self.text.label} line {line}: the file ends in the middle of a record, so it was cut off; ask for a new delivery"
        )

    def _parsed(self, data: bytes, height: int) -> pl.DataFrame:
        schema = pl.Schema(dict.fromkeys(self.columns, pl.String))
        if not height:
            return pl.DataFrame(schema=schema)
        frame = pl.read_csv(
            data,
            has_header=False,
            separator=self.dialect.delimiter,
            quote_char=self.dialect.quote or None,
            infer_schema=False,
            empty_string_is_null=False,
            schema=schema,
        )
        if frame.height != height:
            raise DamagedError(f"{self.text.label}: {height} records were counted and {frame.height} read; report this file")
        # What pads a list's columns is the list's, as quotes are.
        frame = frame.with_columns(pl.all().str.strip_chars()) if self.dialect.layout.frame else frame
        return unescaped(frame, self.dialect.layout)


def _kept(run: Lines, keep: np.ndarray, mended: dict[int, bytes]) -> bytes:
    """The kept lines' bytes, in as few pieces as possible."""
    if keep.all() and not mended:
        return run.data
    pieces = []
    edges = np.flatnonzero(np.diff(np.concatenate([[False], keep, [False]]).astype(np.int8)))
    renewed = sorted(mended)
    for at, stop in edges.reshape(-1, 2).tolist():
        for line in renewed[bisect_left(renewed, at) : bisect_left(renewed, stop)]:
            pieces += [run.slice(at, line), mended[line]]
            at = line + 1
        pieces.append(run.slice(at, stop))
    return b"".join(pieces)


def named(texts: list[str], where: str) -> tuple[list[str], list[str]]:
    """Column names from header labels, each once, and what had to be said about them."""
    if len(texts) > COLUMNS:
        raise DamagedError(f"{where}: has {len(texts):,} columns, more than {COLUMNS:,}; ask for a new delivery")
    names: list[str] = []
    used: set[str] = set()
    counts: dict[str, int] = {}
    notices = []
    taken = {text.strip() for text in texts}
    for at, label in enumerate(texts, start=1):
        plain = label.strip() or f"column_{at}"
        name, count = plain, counts.get(plain, 1)
        while name in used or (name != label.strip() and name in taken):
            count += 1
            name = f"{plain} ({count})"
        counts[plain] = count
        if name != plain:
            notices.append(f"{where}: the column {plain!r} stands there {count} times; this one is read as {name!r}")
        names.append(name)
        used.add(name)
    return names, notices
