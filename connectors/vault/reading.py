"""One stream of a Vault read in one run.

The state: `cursor`, the time (by the Vault's clock) at which the last finished run began; `fields`, the object's fields
and their types then; and while a run is under way `upper`, the time at which it began, and `at`, how far it has come.
"""

import difflib
from collections.abc import Generator, Iterator
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import polars as pl

from connectors.vault.client import Client, moment, said, seconds
from connectors.vault.window import Place, Query, Row, Window
from mdm.connector import (
    Checkpoint,
    Complete,
    Message,
    Options,
    Records,
    SchemaChange,
    StreamRequest,
    joined_key,
    keyed_json,
    records,
    source_times,
)
from mdm.errors import ConfigError, DriftError, FullReconcileRequired

REMEMBERED = 30 * 86_400
# Asking for a day less than the Vault remembers leaves time to read what it answers.
MARGIN = 86_400
FEED_PAGE = 1000
# What an answer about deletions says of a row.
NAMED = ("id", "external_id__v", "global_id__sys")


@dataclass
class VaultReading:
    """A stream, from a state on."""

    client: Client
    request: StreamRequest
    options: Options
    known: dict[str, str] = field(default_factory=dict)
    _page: int = 0

    @property
    def object(self) -> str:
        """The object that is read."""
        return self.options["object"] or self.request.stream

    def messages(self, state: dict[str, Any] | None) -> Iterator[Message]:
        """Changed rows, deletions, and the state to go on from."""
        state = dict(state or {})
        cursor = self.options["cursor"] or None
        since = state.get("cursor") if cursor else None
        self.known = dict(state.get("fields", {}))
        self._deletable()
        fields = yield from self._fields()
        upper = state.get("upper") or moment(self.client.now)
        self._remembered(since)
        # A full reading has no upper bound: a row that changes meanwhile must not go missing from it.
        bound = upper if since is not None else None
        query = Query(self.object, fields, cursor, self.options["where"], self.options["page_size"], bound)
        start = Place() if since is None else Place(moment(seconds(since) - self.options["overlap"]))
        place = Place(**state["at"]) if "at" in state else start
        yield from self._rows(Window(self.client, query, place), since, upper)
        # What was read before an interruption may be gone by now, so only a reading in one go proves anything.
        if place == Place():
            yield Complete()
        elif since is not None and self.options["deletions"]:
            yield from self._deletions(seconds(since) - self.options["overlap"], upper)
        yield Checkpoint({"cursor": upper, "fields": self.known})

    def _fields(self) -> Generator[Message, None, tuple[str, ...]]:
        """The fields to ask for, and word of what changed about them."""
        there = described(self.client, self.object)
        if self.known and there != self.known:
            yield SchemaChange(
                tuple(name for name in there if name not in self.known),
                tuple(name for name in self.known if name not in there),
                {name: (self.known[name], kind) for name, kind in there.items() if self.known.get(name, kind) != kind},
            )
        self.known = there
        wanted = list(self.options["fields"] or there)
        for name in [*self.request.key, *([self.options["cursor"]] if self.options["cursor"] else []), "id"]:
            if name not in wanted:
                wanted.append(name)
        self._exist(wanted, there)
        return tuple(wanted)

    def _exist(self, wanted: list[str], there: dict[str, str]) -> None:
        """Refuse fields the object has not; those reached through a relationship are the Vault's to judge."""
        for name in wanted:
            if there and "." not in name and "(" not in name and name not in there:
                near = difflib.get_close_matches(name, there, n=3)
                hint = f"did you mean {' or '.join(map(repr, near))}?" if near else "see `mdm discover`"
                raise DriftError(f"{self.object} has no field {name!r}; {hint} Adapt `fields`, `key`, `cursor` or the mapping")

    def _deletable(self) -> None:
        """Refuse a key that deletions cannot be told by, before anything is read."""
        strange = [name for name in self.request.key if name not in NAMED]
        if strange and self.options["deletions"] and self.options["cursor"] and self.request.delivery == "delta":
            raise ConfigError(
                f"stream {self.request.stream!r}: the feed of deletions does not tell {strange[0]!r}; set key = ['id'], or "
                "deletions = false"
            )

    def _remembered(self, since: str | None) -> None:
        if since is None or not self.options["deletions"] or not self.options["cursor"]:
            return
        if self.client.now - seconds(since) > REMEMBERED - MARGIN:
            raise FullReconcileRequired(
                f"{self.object}: last read {since}, and the Vault remembers deletions for 30 days only; read all of it again "
                "(`mdm run --full`), so that what was deleted since is noticed"
            )

    def _rows(self, window: Window, since: str | None, upper: str) -> Iterator[Message]:
        place = window.place
        for rows in window.pages():
            if rows:
                yield from self._records(rows)
            if window.place == place:
                continue
            place = window.place
            state = {"upper": upper, "at": asdict(window.place), "fields": self.known}
            yield Checkpoint(state if since is None else {"cursor": since, **state})
        yield from window.notices

    def _records(self, rows: list[Row]) -> Iterator[Message]:
        self._page += 1
        payload = pl.Series([said(row) for row in rows], dtype=pl.String)
        position = pl.Series([f"{self.object} page {self._page} row {at}" for at in range(1, len(rows) + 1)], dtype=pl.String)
        fields = tuple(dict.fromkeys(name for row in rows for name in row))
        wanted = replace(
            self.request, key=self.request.key or ("id",), modified=self.request.modified or self.options["cursor"] or None
        )
        yield from keyed_json(payload, wanted, position=position, where=f"{self.object} page {self._page}", fields=fields)

    def _deletions(self, start: float, upper: str) -> Iterator[Message]:
        """What the Vault says was deleted."""
        offset = 0
        link = self.client.path(f"objects/deletions/vobjects/{self.object}")
        while True:
            span = f"start_date={moment(start)[:19]}Z&end_date={moment(seconds(upper) + 1)[:19]}Z"
            answer = self.client.ask("GET", f"{link}?{span}&limit={FEED_PAGE}&offset={offset}")
            rows = answer.get("data") or []
            if rows:
                yield _deleted(self.object, self.request.key or ("id",), rows, offset)
            offset += len(rows)
            if not rows or offset >= int((answer.get("responseDetails") or {}).get("total", 0)):
                return


def _deleted(name: str, key: tuple[str, ...], rows: list[Row], offset: int) -> Records:
    written = pl.Series([row.get("date_deleted") or row.get("deleted_date") for row in rows], dtype=pl.String)
    times, _ = source_times(written)
    keys = [joined_key([str(row[part]) for part in key]) for row in rows]
    return records(
        [
            {"source_key": key, "op": "delete", "source_time": time, "position": f"{name} deletion {at}"}
            for at, (key, time) in enumerate(zip(keys, times, strict=True), start=offset + 1)
        ]
    )


def described(client: Client, name: str) -> dict[str, str]:
    """The active fields of an object and their types, as the Vault describes them."""
    answer = client.ask("GET", client.path(f"metadata/vobjects/{name}"))
    fields = (answer.get("object") or {}).get("fields") or []
    return {str(one["name"]): str(one.get("type", "")) for one in fields if _active(one.get("status"))}


def _active(status: Any) -> bool:
    said_active = status if isinstance(status, list) else [status]
    return status is None or "active__v" in said_active
