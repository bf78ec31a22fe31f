"""How delimited text tells fields apart, and what can be seen of a line by looking at its bytes alone."""

import re
from dataclasses import dataclass, field

import numpy as np

from connectors.files.layout import Layout, plain
from connectors.files.text import Lines

SNIFFED = ("\t", ",", ";", "|")


@dataclass(frozen=True)
class Dialect:
    """How fields are told apart; `header` is True, False, or the names themselves."""

    delimiter: str
    quote: str = '"'
    header: bool | tuple[str, ...] = True
    comment: str = ""
    layout: Layout = field(default_factory=Layout)


@dataclass(frozen=True)
class Shape:
    """What can be said of each line by looking at its bytes alone."""

    skip: np.ndarray
    odd: np.ndarray
    crooked: np.ndarray
    fields: np.ndarray

    @staticmethod
    def of(run: Lines, dialect: Dialect) -> "Shape":
        data = np.frombuffer(run.data, np.uint8)
        starts, size = run.starts, len(run)
        length = run.ends - starts
        skip = (length == 0) | ((length == 1) & (data[starts] == 13))
        if dialect.comment:
            skip |= data[starts] == ord(dialect.comment)
        marks = np.flatnonzero(data == ord(dialect.delimiter))
        odd = crooked = np.zeros(size, dtype=bool)
        if dialect.quote and dialect.quote.encode() in run.data:
            quotes = np.flatnonzero(data == ord(dialect.quote))
            of_line = np.searchsorted(run.ends, quotes)
            before = np.searchsorted(quotes, starts)
            rank = np.arange(len(quotes)) - before[of_line]
            odd = (np.bincount(of_line, minlength=size) % 2 == 1) & ~skip
            crooked = np.bincount(of_line[_beside(data, quotes, rank, dialect)], minlength=size) > 0
            crooked &= ~skip & ~odd
            line = np.searchsorted(run.ends, marks)
            marks = marks[(np.searchsorted(quotes, marks) - before[line]) % 2 == 0]
        fields = np.bincount(np.searchsorted(run.ends, marks), minlength=size) + 1
        return Shape(skip, odd, crooked, fields)


def _beside(data: np.ndarray, quotes: np.ndarray, rank: np.ndarray, dialect: Dialect) -> np.ndarray:
    """Which quotes stand where no quote may: opening after text, or closing before text."""
    quote, mark = ord(dialect.quote), ord(dialect.delimiter)
    before = np.where(quotes > 0, data[quotes - 1], 10)
    after = data[np.minimum(quotes + 1, len(data) - 1)]
    opens = np.isin(before, (mark, 10, quote))
    closes = np.isin(after, (mark, 10, 13, quote))
    return np.where(rank % 2 == 0, ~opens, ~closes)


def is_record(raw: bytes, dialect: Dialect, fields: int, *, bare: bool = False) -> bool:
    """Whether these bytes make one record; `bare` lets quotes stand as text in a field that does not begin with one."""
    one, mark = _field(dialect, bare=bare), re.escape(dialect.delimiter.encode())
    return re.fullmatch(rb"%b(?:%b%b){%d}" % (one, mark, one, fields - 1), _body(raw)) is not None


def enclosed(raw: bytes, dialect: Dialect) -> bytes:
    """A record with every field enclosed in quotes."""
    quote, mark = dialect.quote.encode(), dialect.delimiter.encode()
    fields = [
        field if field.startswith(quote) else quote + field.replace(quote, quote * 2) + quote for field in _split(raw, dialect)
    ]
    return mark.join(fields) + b"\n"


def labels(raw: bytes, dialect: Dialect) -> list[str]:
    """The texts of a header's fields."""
    quote = dialect.quote.encode()
    found = _split(raw, dialect)
    if quote:
        found = [
            f[1:-1].replace(quote * 2, quote) if f.startswith(quote) and f.endswith(quote) and len(f) > 1 else f for f in found
        ]
    return [plain(field.decode(errors="replace"), dialect.layout) for field in found]


def _split(raw: bytes, dialect: Dialect) -> list[bytes]:
    one, body = re.compile(_field(dialect, bare=True)), _body(raw)
    fields: list[bytes] = []
    at = 0
    while at <= len(body):
        match = one.match(body, at)
        stop = match.end() if match else body.find(dialect.delimiter.encode(), at)
        if stop < 0 or (stop < len(body) and body[stop : stop + 1] != dialect.delimiter.encode()):
            # Quotes out of place: every delimiter parts.
            return body.split(dialect.delimiter.encode())
        fields.append(body[at:stop])
        at = stop + 1
    return fields


def _field(dialect: Dialect, *, bare: bool) -> bytes:
    """One field, as a pattern: enclosed with quotes doubled inside, or plain."""
    mark = re.escape(dialect.delimiter.encode())
    if not dialect.quote:
        return rb"[^%b\n]*+" % mark
    quote = re.escape(dialect.quote.encode())
    plain = rb"(?!%b)[^%b\n]*+" % (quote, mark) if bare else rb"[^%b%b\n]*+" % (quote, mark)
    return rb"(?:%b(?:[^%b]++|%b%b)*+%b|%b)" % (quote, quote, quote, quote, quote, plain)


def _body(raw: bytes) -> bytes:
    return raw.removesuffix(b"\n").removesuffix(b"\r")


def sniffed(header: str) -> str:
    """The delimiter a header line uses most, outside quotes."""
    bare = re.sub(r'"[^"]*"', "", header)
    return max(SNIFFED, key=bare.count) if any(mark in bare for mark in SNIFFED) else ","
