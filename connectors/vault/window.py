"""The rows of one object in the order of their time of change, each at least once whatever moves meanwhile.

Paging by offset over a set that changes loses rows: when one leaves, those behind it move up over the page's edge. So
each page asks for what is at or after the last time seen, and only rows that share one time are paged through by the
Vault's own link; those are counted again afterwards.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from connectors.vault.answer import Refused
from connectors.vault.client import Client
from mdm.connector import Notice
from mdm.errors import ConfigError, DamagedError, UnavailableError

ATTEMPTS = 5
LONGEST = 50_000
Row = Mapping[str, Any]


@dataclass(frozen=True)
class Query:
    """What is asked of one object; `upper` is the time beyond which rows belong to the next run."""

    object: str
    fields: tuple[str, ...]
    cursor: str | None
    where: str | None = None
    page_size: int = 1000
    upper: str | None = None

    def text(self, *conditions: str, offset: int = 0) -> str:
        """The query in VQL."""
        bounded = [*conditions, *([f"{self.cursor} <= '{self.upper}'"] if self.upper and self.cursor else [])]
        every = [*bounded, *([f"({self.where})"] if self.where else [])]
        where = f" WHERE {' AND '.join(every)}" if every else ""
        order = f"{self.cursor} ASC, id ASC" if self.cursor else "id ASC"
        start = f" PAGEOFFSET {offset}" if offset else ""
        return f"SELECT {', '.join(self.fields)} FROM {self.object}{where} ORDER BY {order} PAGESIZE {self.page_size}{start}"


@dataclass(frozen=True)
class Found:
    """One page: its rows, how many the whole answer has, and where the answer goes on."""

    rows: list[Row]
    total: int
    offset: int
    next_page: str | None

    @property
    def is_all(self) -> bool:
        """Whether nothing comes after this page."""
        return self.offset + len(self.rows) >= self.total


@dataclass(frozen=True)
class Place:
    """How far a reading has come: every row before `time` was given out.

    With `sign` `>` those at it as well; with `=` the first `offset` of the `total` there were of them.
    """

    time: str | None = None
    sign: str = ">="
    offset: int = 0
    total: int | None = None


@dataclass
class Window:
    """A reading of one query, from a place on; `place` moves with every page."""

    client: Client
    query: Query
    place: Place
    notices: list[Notice] = field(default_factory=list)

    def pages(self) -> Iterator[list[Row]]:
        """Rows, a page at a time; `place` is up to date after each."""
        edge: set[str] = set()
        while True:
            if self.query.cursor is None or self.place.sign == "=":
                yield from self._tied()
                if self.query.cursor is None:
                    return
                edge, self.place = set(), Place(self.place.time, ">")
                yield []
            found = self.first(self.query.text(*self._condition()))
            last = self._time(found.rows[-1]) if found.rows else self.place.time
            fresh = [row for row in found.rows if str(row["id"]) not in edge]
            if found.is_all:
                self.place = Place(last)
                yield fresh
                return
            if last == self.place.time:
                # A whole page of one time: go through it by link, then on with what is later.
                self.place = Place(last, "=")
                continue
            self.place = Place(last)
            yield fresh
            edge = {str(row["id"]) for row in found.rows if self._time(row) == last}

    def _condition(self) -> tuple[str, ...]:
        if self.place.time is None:
            return ()
        return (f"{self.query.cursor} {self.place.sign} '{self.place.time}'",)

    def _tied(self) -> Iterator[list[Row]]:
        """Every row of one time (or of an object without times), by link; again when their number changed on the way."""
        for _ in range(ATTEMPTS):
            text = self.query.text(*self._condition(), offset=self.place.offset)
            found = self.first(text)
            total = found.total if self.place.total is None else self.place.total
            while True:
                self.place = Place(self.place.time, "=", found.offset + len(found.rows), total)
                yield list(found.rows)
                if found.is_all:
                    break
                found = self._next(found)
            if self.first(self.query.text(*self._condition())).total == total:
                return
            self.place = Place(self.place.time, "=")
        where = f"of {self.place.time}" if self.place.time else "of all times"
        self.notices.append(Notice(f"{self.query.object}: rows {where} kept moving while they were read; run again"))

    def _time(self, row: Row) -> str:
        value = row.get(self.query.cursor or "")
        if not isinstance(value, str):
            raise DamagedError(f"{self.query.object}: row {row.get('id')!r} has no {self.query.cursor}; set another `cursor`")
        return value

    def first(self, text: str) -> Found:
        """The answer to a query, as far as one page goes."""
        if len(text) > LONGEST:
            raise ConfigError(f"{self.query.object}: the query is longer than {LONGEST:,} characters; name fewer `fields`")
        return self._found(self.client.ask("POST", self.client.path("query"), {"q": text}))

    def _next(self, before: Found) -> Found:
        """The page after this one; by offset where there is no link, or where the link has expired."""
        offset = before.offset + len(before.rows)
        if before.next_page is not None:
            try:
                return self._found(self.client.ask("POST", before.next_page))
            except Refused:
                self.client.context.log.info("page link expired", extra={"object": self.query.object})
        return self.first(self.query.text(*self._condition(), offset=offset))

    def _found(self, answer: dict[str, Any]) -> Found:
        details, rows = answer.get("responseDetails") or {}, answer.get("data")
        if not isinstance(rows, list) or any(not isinstance(row, dict) or "id" not in row for row in rows):
            raise DamagedError(f"{self.query.object}: the answer has no rows with an id; ask the Vault's administrator")
        offset, link = int(details.get("pageoffset", 0)), details.get("next_page")
        # Where no total is told, a link says that there is more.
        total = int(details.get("total", offset + len(rows) + (1 if link else 0)))
        if not rows and offset < total:
            raise UnavailableError(f"{self.query.object}: an empty page where {total - offset} rows are left; try again later")
        return Found(rows, total, offset, link)


@dataclass(frozen=True)
class Named:
    """Rows that were asked for by their ids, and the ids of those that are no more."""

    rows: list[Row]
    gone: list[str]


def by_id(client: Client, query: Query, ids: Sequence[str]) -> Named:
    """The rows of these ids as they are now; one that only fails the stream's condition is not gone."""
    if not ids:
        return Named([], [])
    rows = _named(client, replace(query, cursor=None, upper=None), ids)
    missing = sorted(set(ids) - {str(row["id"]) for row in rows})
    # Asked for once more, alone: a page that shifted under a deletion must not make another row look deleted.
    there = _named(client, Query(query.object, ("id",), None, page_size=query.page_size), missing) if missing else []
    return Named(rows, sorted(set(missing) - {str(row["id"]) for row in there}))


def _named(client: Client, query: Query, ids: Sequence[str]) -> list[Row]:
    window = Window(client, query, Place())
    listed = ", ".join(f"'{one}'" for one in ids)
    rows: list[Row] = []
    while True:
        found = window.first(query.text(f"id CONTAINS ({listed})", offset=len(rows)))
        rows += found.rows
        if found.is_all:
            return rows
