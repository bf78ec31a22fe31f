"""JSON: one record a line, one array or one document a file. The text of each record is kept as it stands."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache

import duckdb
import numpy as np
import polars as pl

from connectors.files.text import Text
from mdm.errors import DamagedError

_BLANK = " \t\r\n"
_UNREADABLE = "a number in it is too large to be read, or a character is cut in half"
_ONCE = "select len(json_keys(text)) = list_unique(json_keys(text)) as once from page"
_FIELDS = """
    select name
    from (select unnest(json_keys(text)) as name, generate_subscripts(json_keys(text), 1) as place from page)
    group by name
    order by min(place), name
"""


@dataclass(frozen=True)
class Texts:
    """Some records as JSON text, each with its line or element number, and the rejected among them."""

    payload: pl.Series
    lines: np.ndarray
    rejects: list[tuple[int, str, str]]


def json_lines(text: Text, after: int = 0) -> Iterator[Texts]:
    """One record a line."""
    for run in text:
        raw = run.data.decode(errors="replace").split("\n")[:-1]
        numbers = run.first + np.arange(len(raw))
        blank = np.array([not line.strip() for line in raw], dtype=bool)
        bad = np.zeros(len(raw), dtype=bool)
        bad[list(run.bad)] = True
        told = [(run.first + at, f"the line {reason}", raw[at]) for at, reason in run.bad.items()]
        whole = ~blank & ~bad & (numbers > after)
        page = checked(pl.Series(raw, dtype=pl.String).filter(pl.Series(whole)).str.strip_chars(_BLANK), numbers[whole])
        cut = run.unterminated and any(number == numbers[-1] for number, *_ in page.rejects)
        if cut:
            raise DamagedError(
                f"{text.label} line {numbers[-1]}: the file ends in the middle of a record, so it was cut off; "
                "ask for a new delivery"
            )
        rejects = sorted(page.rejects + [reject for reject in told if reject[0] > after])
        yield Texts(page.payload, page.lines, rejects)


def checked(payload: pl.Series, lines: np.ndarray) -> Texts:
    """The texts that are JSON objects; the others rejected."""
    payload = payload.alias("text")
    whole = payload.str.json_path_match("$").is_not_null()
    good = whole & payload.str.starts_with("{")
    rejects = []
    if not good.all():
        broken = payload.to_frame().with_columns(line=pl.Series(lines), whole=whole).filter(~good)
        rejects = [(line, _why(text, is_json), text) for text, line, is_json in broken.iter_rows()]
    once = _once(payload.filter(good))
    kept, numbers = payload.filter(good), lines[good.to_numpy()]
    if not once.all():
        doubtful = zip(numbers[~once.to_numpy()], kept.filter(~once), strict=True)
        rejects += [(line, "a name stands twice in it, so nobody can tell which value counts", text) for line, text in doubtful]
        rejects.sort(key=lambda reject: reject[0])
        kept, numbers = kept.filter(once), numbers[once.to_numpy()]
    return Texts(kept, numbers, rejects)


def _once(payload: pl.Series) -> pl.Series:
    """Which objects have each name once."""
    with _bench().cursor() as connection:
        connection.register("page", payload.alias("text").to_frame())
        once = connection.execute(_ONCE).fetchnumpy()["once"]
    return pl.Series(once, dtype=pl.Boolean)


def _why(text: str, is_json: bool) -> str:
    try:
        read = json.loads(text, parse_constant=_never)
    except (ValueError, RecursionError):
        return "it is not a JSON object, as a record must be" if is_json else "it is not valid JSON"
    return f"it is valid JSON, but {_UNREADABLE}" if isinstance(read, dict) else "it is not a JSON object, as a record must be"


def _never(name: str) -> None:
    raise ValueError(name)


def fields(payload: pl.Series) -> tuple[str, ...]:
    """The top-level field names in these objects, first seen first."""
    page = payload.alias("text").to_frame()
    with _bench().cursor() as connection:
        connection.register("page", page)
        return tuple(name for (name,) in connection.execute(_FIELDS).fetchall())


@cache
def _bench() -> duckdb.DuckDBPyConnection:
    """One empty database in memory: opening one costs more than a page does."""
    return duckdb.connect()


def document(text: Text, records: str | None, after: int = 0, size: int = 50_000) -> Iterator[Texts]:
    """The elements of an array, or the one object of a file; `records` names the array inside an object."""
    raw = _Characters(text)
    first = raw.peek()
    if first == "":
        return
    elements = _named(raw, records) if records else _elements(raw) if first == "[" else iter([raw.value(1)])
    batch: list[str] = []
    number = 0
    for number, element in enumerate(elements, start=1):
        batch.append(element)
        if len(batch) == size:
            yield _numbered(batch, number, after)
            batch = []
    if records is None and raw.peek():
        raise DamagedError(
            f"{text.label} element {number}: text goes on after the end of the document; if each line is a record of its own, "
            "set format = 'jsonl'"
        )
    yield _numbered(batch, number, after)


def chosen(text: Callable[[], Text], records: str | list[str] | None, errors: str | None) -> str | None:
    """Which of several places the records are in (empty: the document is one); what it says of errors is raised."""
    if errors and (told := _told(text(), errors)):
        raise DamagedError(f"{text().label}: the source answered with an error instead of records: {told}; ask again, correctly")
    if not isinstance(records, list):
        return records
    for place in records:
        if not place or _there(text(), place):
            return place or None
    raise DamagedError(
        f"{text().label}: has no list {' or '.join(map(repr, records))}; correct `records`, or ask for a new delivery"
    )


def _told(text: Text, errors: str) -> str:
    raw = _Characters(text)
    try:
        for name in errors.split("."):
            _descend(raw, name, errors)
    except DamagedError:
        # There is nothing of the kind in it, or it is damaged, which its reading will tell.
        return ""
    value = json.loads(raw.value(1))
    said = value if isinstance(value, list) else [value]
    words = [str(one.get("description") or one.get("message") or one) if isinstance(one, dict) else str(one) for one in said]
    return "; ".join(words)[:300]


def _there(text: Text, records: str) -> bool:
    raw = _Characters(text)
    try:
        for name in records.split("."):
            _descend(raw, name, records)
    except DamagedError:
        return False
    return raw.peek() == "["


def _numbered(batch: list[str], last: int, after: int) -> Texts:
    numbers = np.arange(last - len(batch) + 1, last + 1)
    fresh = numbers > after
    return checked(pl.Series(batch, dtype=pl.String).filter(pl.Series(fresh, dtype=pl.Boolean)), numbers[fresh])


class _Characters:
    """Text taken in as it is needed, so that a long array never stands in memory as a whole."""

    def __init__(self, text: Text) -> None:
        self._text, self._blocks = text, text.characters()
        self._buffer, self._at, self._ended = "", 0, False
        self.label = text.label
        self._decode = json.JSONDecoder().raw_decode

    def peek(self) -> str:
        """The next character that is not blank; empty at the end."""
        while True:
            while self._at < len(self._buffer) and self._buffer[self._at] in _BLANK:
                self._at += 1
            if self._at < len(self._buffer):
                return self._buffer[self._at]
            if not self._more():
                return ""

    def take(self) -> str:
        """The next character that is not blank, taken."""
        character = self.peek()
        self._at += 1
        return character

    def value(self, number: int) -> str:
        """The text of the next JSON value."""
        self.peek()
        wanted = 0
        while True:
            if len(self._buffer) - self._at >= wanted or self._ended:
                try:
                    _, stop = self._decode(self._buffer, self._at)
                except (json.JSONDecodeError, RecursionError) as error:
                    if self._ended or isinstance(error, RecursionError):
                        raise self.broken(number, error) from None
                else:
                    # A number or a word at the edge of the buffer may go on.
                    if stop < len(self._buffer) or self._ended:
                        found = self._buffer[self._at : stop]
                        self._at = stop
                        return found
                # Twice as much before the next attempt, so that a long value is not parsed over and over.
                wanted = 2 * (len(self._buffer) - self._at)
            if not self._ended and len(self._buffer) - self._at > self._text.max_line:
                raise DamagedError(
                    f"{self.label} element {number}: is longer than {self._text.max_line:,} bytes; "
                    "raise max_line if that is right, or ask for a new delivery"
                )
            self._more()

    def _more(self) -> bool:
        block = next(self._blocks, None)
        if block is None:
            self._ended = True
            return False
        self._buffer = self._buffer[self._at :] + block
        self._at = 0
        return True

    def broken(self, number: int, error: Exception) -> DamagedError:
        """What to say when an element cannot be read."""
        if isinstance(error, RecursionError):
            return DamagedError(f"{self.label} element {number}: is nested too deeply; ask for a new delivery")
        left = not self._buffer[self._at :].strip()
        why = "the file ends too early, so it was cut off" if left else "is not valid JSON, or was cut off"
        return DamagedError(f"{self.label} element {number}: {why}; ask for a new delivery")


def _elements(raw: _Characters) -> Iterator[str]:
    """The texts of an array's elements."""
    raw.take()
    if raw.peek() == "]":
        raw.take()
        return
    number = 0
    while True:
        number += 1
        yield raw.value(number)
        mark = raw.take()
        if mark == "]":
            return
        if mark != ",":
            raise raw.broken(number + 1, ValueError())


def _named(raw: _Characters, records: str) -> Iterator[str]:
    """The elements of the array found by a dotted path inside an object; what stands beside it is passed over."""
    for name in records.split("."):
        _descend(raw, name, records)
    if raw.peek() != "[":
        raise DamagedError(f"{raw.label}: {records!r} is not a list; correct `records`")
    yield from _elements(raw)


def _descend(raw: _Characters, name: str, records: str) -> None:
    if raw.take() == "{":
        while raw.peek() not in ("}", ""):
            key = json.loads(raw.value(1))
            raw.take()
            if key == name:
                return
            raw.value(1)
            if raw.peek() == ",":
                raw.take()
    raise DamagedError(f"{raw.label}: has no list {records!r}; correct `records`, or ask for a new delivery")
