"""Records by search: those that were modified in a window of time, state by state.

A search pages by offset over a set that moves, so a window whose size changes while it is read is read again; and it gives
no more than so many, so a window that holds more is cut in two. The state: `cursor`, up to which time (in milliseconds, by
Network's clock) the last finished run read; while a run is under way `upper`, up to which it reads, and `at`, how far it is.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import polars as pl

from connectors.network import record_state
from connectors.network.answer import rows
from connectors.network.api import NetworkApi
from mdm.connector import Checkpoint, Complete, Message, Notice, Options, Records, StreamRequest, keyed_json
from mdm.errors import UnavailableError

MODIFIED, KEY = "modified_date__v", "vid__v"
MOST = 10_000
ATTEMPTS = 5
# Far enough that what is modified during a full reading is still before it.
AHEAD = 10 * 366 * 86_400_000


@dataclass
class SearchReading:
    """A stream, from a state on."""

    api: NetworkApi
    request: StreamRequest
    options: Options
    kind: str

    def __post_init__(self) -> None:
        self.wanted = replace(self.request, key=self.request.key or (KEY,), modified=self.request.modified or MODIFIED)
        self._page = 0

    def messages(self, state: dict[str, Any] | None) -> Iterator[Message]:
        """Records that were modified, and the state to go on from."""
        state = dict(state or {})
        self.api.login()
        since = state.get("cursor")
        upper = int(state.get("upper") or self.api.now * 1000)
        low = 0 if since is None else max(since - self.options["overlap"] * 1000, 0)
        end = upper + AHEAD if since is None else upper
        at = state.get("at") or {"state": self.options["states"][0], "low": low, "high": None, "offset": 0, "total": None}
        # What was read before an interruption may be gone by now, so only a reading in one go proves anything.
        from_start = "at" not in state
        base = {"upper": upper, **({} if since is None else {"cursor": since})}
        for name in self.options["states"][self.options["states"].index(at["state"]) :]:
            place = at if name == at["state"] else {"state": name, "low": low, "high": None, "offset": 0, "total": None}
            yield from self._state(place, end, base)
        if since is None and from_start:
            yield Complete()
        yield Checkpoint({"cursor": upper})

    def _state(self, at: dict[str, Any], end: int, base: dict[str, Any]) -> Iterator[Message]:
        """The records in one state, window after window."""
        while at["low"] < end:
            if at["high"] is None:
                at = {**at, **self._window(at, end)}
            yield from self._pages(at, base)
            at = {**at, "low": at["high"], "high": None, "offset": 0, "total": None}
            yield Checkpoint({**base, "at": at})

    def _window(self, at: dict[str, Any], end: int) -> dict[str, Any]:
        """A window from `low` on that holds no more than a search gives."""
        high = end
        while True:
            total = int(self._found(at, high, 0, 1)["totalCount"])
            if total <= MOST or high - at["low"] <= 1:
                return {"high": high, "total": total}
            high = at["low"] + (high - at["low"]) // 2

    def _pages(self, at: dict[str, Any], base: dict[str, Any]) -> Iterator[Message]:
        attempts = 0
        while at["offset"] < at["total"]:
            answer = self._found(at, at["high"], at["offset"], self.options["page_size"])
            total, entities = int(answer["totalCount"]), rows(self.api.source, answer, "entities")
            if total != at["total"]:
                # Something left the window: what comes after it moved up over the edge of the page.
                at, attempts = {**at, "offset": 0 if attempts < ATTEMPTS else at["offset"], "total": total}, attempts + 1
                if attempts <= ATTEMPTS:
                    continue
            if not entities:
                if at["offset"] < total:
                    raise UnavailableError(f"{self.request.stream}: an empty page where records are left; try again later")
                break
            at = {**at, "offset": at["offset"] + len(entities)}
            yield from self._records(entities)
            yield Checkpoint({**base, "at": at})
        if attempts > ATTEMPTS:
            yield Notice(f"{self.request.stream}: records kept moving while they were read; run again")

    def _found(self, at: dict[str, Any], high: int, offset: int, limit: int) -> dict[str, Any]:
        span = f"range||{MODIFIED}:{at['low']}||{high - 1}"
        filters = "~".join([span, f"{record_state.STATE}:{at['state']}", *(self.options["filters"] or [])])
        return self.api.search(self.kind.upper(), filters=filters, offset=offset, limit=limit)

    def _records(self, entities: list[dict[str, Any]]) -> Iterator[Message]:
        self._page += 1
        documents = [{KEY: one.get("entityId"), **(one.get("entity") or {})} for one in entities]
        payload = pl.Series([json.dumps(one, ensure_ascii=False, separators=(",", ":")) for one in documents], dtype=pl.String)
        where = f"{self.request.stream} page {self._page}"
        position = pl.Series([f"{where} record {at}" for at in range(1, len(documents) + 1)], dtype=pl.String)
        fields = tuple(dict.fromkeys(name for one in documents for name in one))
        for message in keyed_json(payload, self.wanted, position=position, where=where, fields=fields):
            yield from record_state.told(message, owned=False) if isinstance(message, Records) else [message]
