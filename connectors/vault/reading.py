"""One stream of a Vault read by queries in one run.

The state: `cursor`, the time (by the Vault's clock) at which the last finished run began; `fields`, the object's fields
and their types then; `inbox`, the number of the last message that was followed; and while a run is under way `upper`, the
time at which it began, and `at`, how far it has come.
"""

import difflib
from collections.abc import Generator, Iterator
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import polars as pl

from connectors.vault.client import Client, moment, said, seconds
from connectors.vault.deletion import Deletions
from connectors.vault.description import described
from connectors.vault.inbox import Inbox
from connectors.vault.merge import merged, winners
from connectors.vault.window import Place, Query, Row, Window, by_id
from mdm.connector import Checkpoint, Complete, Message, Notice, Options, SchemaChange, StreamRequest, keyed_json, records
from mdm.errors import ConfigError, DriftError, FullReconcileRequired


@dataclass
class VaultReading:
    """A stream, from a state on."""

    client: Client
    request: StreamRequest
    options: Options
    known: dict[str, str] = field(default_factory=dict)
    inbox: int | None = None
    winners: dict[str, str] = field(default_factory=dict)
    _page: int = 0

    @property
    def object(self) -> str:
        """The object that is read."""
        return self.options["object"] or self.request.stream

    @property
    def key(self) -> tuple[str, ...]:
        """The fields that make a record's key."""
        return self.request.key or ("id",)

    def messages(self, state: dict[str, Any] | None) -> Iterator[Message]:
        """Changed rows, deletions, and the state to go on from."""
        state = dict(state or {})
        self._of_queries(state)
        cursor = self.options["cursor"] or None
        since = state.get("cursor") if cursor else None
        self.known, self.inbox = dict(state.get("fields", {})), state.get("inbox")
        deletions = self._deletable(since)
        fields = yield from self._fields()
        upper = state.get("upper") or moment(self.client.now)
        if deletions:
            deletions.remembered(since)
        # A full reading has no upper bound: a row that changes meanwhile must not go missing from it.
        bound = upper if since is not None else None
        query = Query(self.object, fields, cursor, self.options["where"], self.options["page_size"], bound)
        yield from self._inbox(query, since, {name: state[name] for name in ("upper", "at") if "at" in state})
        start = Place() if since is None else Place(moment(seconds(since) - self.options["overlap"]))
        place = Place(**state["at"]) if "at" in state else start
        window = Window(self.client, query, place)
        yield from self._rows(window, since, upper)
        yield from self._gone(deletions, since, upper)
        # What was read before an interruption may be gone by now, so only a reading in one go proves anything.
        if place == Place() and not window.notices:
            yield Complete()
        yield from self._told()
        yield self._checkpoint({"cursor": upper})

    def _of_queries(self, state: dict[str, Any]) -> None:
        if "stop" in state or "in" in state:
            raise FullReconcileRequired(
                f"{self.object}: was read from archives until now; read all of it again (`mdm run --full`), so that what was "
                "deleted in between is noticed"
            )

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

    def _deletable(self, since: str | None) -> Deletions | None:
        """The feed of deletions, if it is to be read; what cannot be told by its key is refused before anything is read."""
        by_key = self.options["merges"] or self.options["merge_jobs"] or self.options["spark_inbox"]
        if by_key and self.key != ("id",):
            raise ConfigError(f"stream {self.request.stream!r}: merges and messages tell ids only; set key = ['id']")
        self.winners = winners(self.client, self.options, None if since is None else seconds(since))
        if not (self.options["deletions"] and self.options["cursor"]):
            return None
        feed = Deletions(self.client, self.object, self.key, self.winners)
        if self.request.delivery == "delta":
            feed.told_by_key(self.request.stream)
        return feed

    def _inbox(self, query: Query, since: str | None, under_way: dict[str, Any]) -> Iterator[Message]:
        """The rows that messages name, as they are now; those that are no more were deleted."""
        if not self.options["spark_inbox"]:
            return
        inbox = Inbox(self.client.context.path(self.options["spark_inbox"]), self.object)
        if not inbox.exists():
            yield Notice(
                f"{self.object}: there is no folder {self.options['spark_inbox']!r}; is the receiver of messages running?"
            )
        if since is None:
            # What came before everything was read is in what is read.
            self.inbox = self.inbox if under_way and self.inbox is not None else inbox.last()
            return
        for ids, number in inbox.after(self.inbox or 0):
            found = by_id(self.client, query, ids)
            if found.rows:
                yield from self._records(found.rows)
            if found.gone:
                position = f"{self.object} message {number}"
                yield records([{"source_key": key, "op": "delete", "position": position} for key in found.gone])
            self.inbox = number
            yield self._checkpoint({"cursor": since, **under_way})

    def _rows(self, window: Window, since: str | None, upper: str) -> Iterator[Message]:
        place = window.place
        for rows in window.pages():
            if rows:
                yield from self._records(rows)
            if window.place == place:
                continue
            place = window.place
            yield from self._told()
            state = {"upper": upper, "at": asdict(window.place)}
            yield self._checkpoint(state if since is None else {"cursor": since, **state})
        yield from window.notices

    def _records(self, rows: list[Row]) -> Iterator[Message]:
        self._page += 1
        payload = pl.Series([said(row) for row in rows], dtype=pl.String)
        position = pl.Series([f"{self.object} page {self._page} row {at}" for at in range(1, len(rows) + 1)], dtype=pl.String)
        fields = tuple(dict.fromkeys(name for row in rows for name in row))
        wanted = replace(self.request, key=self.key, modified=self.request.modified or self.options["cursor"] or None)
        yield from keyed_json(payload, wanted, position=position, where=f"{self.object} page {self._page}", fields=fields)

    def _gone(self, deletions: Deletions | None, since: str | None, upper: str) -> Iterator[Message]:
        """What was deleted since, and into what the merged ones went."""
        if deletions and since is not None:
            yield from deletions.between(seconds(since) - self.options["overlap"], upper)
        if self.winners:
            yield merged(self.winners, self.object)

    def _told(self) -> Iterator[Message]:
        """What the Vault warned of."""
        while self.client.told:
            yield Notice(f"{self.object}: the Vault warns: {self.client.told.pop(0)}")

    def _checkpoint(self, state: dict[str, Any]) -> Checkpoint:
        inbox = {} if self.inbox is None else {"inbox": self.inbox}
        return Checkpoint({**state, "fields": self.known, **inbox})
