"""Records by search: those that were modified in a window of time, state by state.

A search pages by offset over a set that moves. So a window ends before now, where nothing can move into it, and is read
again when something moved out; what was modified meanwhile is swept up afterwards, until a sweep finds nothing. A window
that holds more than a search gives is cut in two.

The state: `cursor`, up to which time (in milliseconds, by Network's clock) the last finished run read; while a run is under
way `upper`, up to which it reads, and `at`, how far it is.
"""

import json
from collections.abc import Generator, Iterator
from dataclasses import asdict, dataclass, replace
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
SWEEPS = 5
# The end of the last sweep, for records whose time is ahead of Network's own clock.
AHEAD = 4_000_000_000_000


@dataclass(frozen=True)
class Place:
    """How far a reading is: in a sweep from `begin` to `end`, in a record state, in the window from `low` to `high`.

    Of the window's `total` records the first `offset` were given out. `found` counts what the sweep gave so far.
    """

    state: str
    begin: int
    end: int
    low: int
    high: int | None = None
    offset: int = 0
    total: int = 0
    sweep: int = 1
    found: int = 0


@dataclass
class SearchReading:
    """A stream, from a state on."""

    api: NetworkApi
    request: StreamRequest
    options: Options
    kind: str

    def __post_init__(self) -> None:
        self.wanted = replace(self.request, key=self.request.key or (KEY,), modified=self.request.modified or MODIFIED)
        self.states: list[str] = self.options["states"]
        self._page = 0

    def messages(self, state: dict[str, Any] | None) -> Iterator[Message]:
        """Records that were modified, and the state to go on from."""
        state = dict(state or {})
        self.api.login()
        since = state.get("cursor")
        upper = int(state.get("upper") or self.api.now * 1000)
        low = 0 if since is None else max(since - self.options["overlap"] * 1000, 0)
        place = Place(**state["at"]) if "at" in state else Place(self.states[0], low, upper, low)
        yield from self._sweeps(place, {"upper": upper, **({} if since is None else {"cursor": since})})
        # What was read before an interruption may be gone by now, so only a reading in one go proves anything.
        if since is None and "at" not in state:
            yield Complete()
        yield Checkpoint({"cursor": upper})

    def _sweeps(self, place: Place, base: dict[str, Any]) -> Iterator[Message]:
        """A later run reads its window once; a full reading goes on until nothing is left that was modified meanwhile."""
        while True:
            place = yield from self._sweep(place, base)
            if "cursor" in base or place.end == AHEAD:
                return
            settled = place.sweep > 1 and not place.found
            if place.sweep > SWEEPS:
                yield Notice(f"{self.request.stream}: records kept moving while they were read; run again")
            end = AHEAD if settled or place.sweep > SWEEPS else max(int(self.api.now * 1000), place.end)
            place = Place(self.states[0], place.end, end, place.end, sweep=place.sweep + 1)

    def _sweep(self, place: Place, base: dict[str, Any]) -> Generator[Message, None, Place]:
        for name in self.states[self.states.index(place.state) :]:
            if name != place.state:
                place = replace(place, state=name, low=place.begin, high=None, offset=0, total=0)
            while place.low < place.end:
                place = place if place.high is not None else self._window(place)
                place = yield from self._pages(place, base)
                place = replace(place, low=place.high or place.end, high=None, offset=0, total=0)
                if place.low < place.end:
                    yield Checkpoint({**base, "at": asdict(place)})
        return place

    def _window(self, place: Place) -> Place:
        """A window from `low` on that holds no more than a search gives."""
        high = place.end
        while True:
            total = int(self._found(replace(place, high=high), 1)["totalCount"])
            if total <= MOST or high - place.low <= 1:
                return replace(place, high=high, total=total)
            high = place.low + (high - place.low) // 2

    def _pages(self, place: Place, base: dict[str, Any]) -> Generator[Message, None, Place]:
        attempts = 0
        while place.offset < place.total:
            answer = self._found(place, self.options["page_size"])
            total, entities = int(answer["totalCount"]), rows(self.api.source, answer, "entities")
            if total != place.total:
                attempts += 1
                # Something left the window: what comes after it moved up over the edge of the page.
                place = replace(place, total=total, offset=place.offset if attempts > ATTEMPTS else 0)
                if attempts <= ATTEMPTS:
                    continue
            if not entities and place.offset < total:
                raise UnavailableError(f"{self.request.stream}: an empty page where records are left; try again later")
            place = replace(place, offset=place.offset + len(entities), found=place.found + len(entities))
            yield from self._records(entities)
            yield Checkpoint({**base, "at": asdict(place)})
        if attempts > ATTEMPTS:
            yield Notice(f"{self.request.stream}: records kept moving while they were read; run again")
        return place

    def _found(self, place: Place, limit: int) -> dict[str, Any]:
        span = f"range||{MODIFIED}:{place.low}||{(place.high or place.end) - 1}"
        filters = "~".join([span, f"{record_state.STATE}:{place.state}", *(self.options["filters"] or [])])
        # A page that reached beyond what a search gives would be refused as a whole.
        return self.api.search(self.kind.upper(), filters=filters, offset=place.offset, limit=min(limit, MOST - place.offset))

    def _records(self, entities: list[dict[str, Any]]) -> Iterator[Message]:
        self._page += 1
        documents = [{KEY: one.get("entityId"), **(one.get("entity") or {})} for one in entities]
        payload = pl.Series([json.dumps(one, ensure_ascii=False, separators=(",", ":")) for one in documents], dtype=pl.String)
        where = f"{self.request.stream} page {self._page}"
        position = pl.Series([f"{where} record {at}" for at in range(1, len(documents) + 1)], dtype=pl.String)
        fields = tuple(dict.fromkeys(name for one in documents for name in one))
        for message in keyed_json(payload, self.wanted, position=position, where=where, fields=fields):
            yield from record_state.told(message, owned=False) if isinstance(message, Records) else [message]
