"""Records on their way to a page of messages: keys, times and rejections."""

import json
from collections.abc import Iterable
from dataclasses import replace

import polars as pl

from connectors.odm.clinical import Said
from connectors.odm.stream import Kind
from mdm.connector import RECORDS, Message, Notice, Records, Rejected, StreamRequest, keyed_json, source_times

_written = json.JSONEncoder(ensure_ascii=False, check_circular=False).encode


class Stretch:
    """A stretch of records as columns: so many objects at once would keep the collector of garbage busy."""

    def __init__(self, records: Iterable[Said] = ()) -> None:
        self.keys: list[str] = []
        self.payloads: list[str] = []
        self.lines: list[int] = []
        self.gone: list[bool] = []
        self.stamps: list[str | None] = []
        self.fields: dict[str, None] = {}
        for one in records:
            self.add(one)

    def __len__(self) -> int:
        return len(self.keys)

    def add(self, one: Said) -> None:
        """One record more."""
        line, key, record, gone, at, text = one
        self.keys.append(key)
        self.payloads.append(text or _written(record))
        self.lines.append(line)
        self.gone.append(gone)
        self.stamps.append(at)
        if not gone and not record.keys() <= self.fields.keys():
            self.fields.update(dict.fromkeys(record))

    def times(self, as_of: str | None) -> tuple[pl.Series, int]:
        """When each was so, by itself or by its document, and how many of these times cannot be read."""
        if any(at is not None for at in self.stamps):
            return source_times(pl.Series([at or as_of for at in self.stamps], dtype=pl.String))
        time, unread = source_times(pl.Series([as_of], dtype=pl.String))
        return time.new_from_index(0, len(self)), unread * len(self)


def messages(held: Stretch, kind: Kind, request: StreamRequest, label: str, as_of: str | None) -> list[Message]:
    """What a stretch of records says, with the document's own time where neither field nor transaction gives one."""
    payload = pl.Series(held.payloads, dtype=pl.String)
    position = pl.Series([f"{label} line {line}" for line in held.lines], dtype=pl.String)
    fields = tuple(held.fields)
    if kind.own_key and not request.key and request.modified is None:
        keys = pl.Series(held.keys, dtype=pl.String)
        frame = pl.DataFrame({"source_key": keys, "payload": payload, "position": position}).with_columns(
            source_time=pl.lit(None, pl.Int64), merged_into=pl.lit(None, pl.String), op=pl.lit("upsert")
        )
        return _finished([Records(frame.select(list(RECORDS)), fields)], held, frame["position"], as_of, timed=False)
    wanted = replace(request, key=request.key or kind.key)
    # The place of a record stands in for its position, so that what is known of it can be found again.
    places = pl.Series([str(at) for at in range(len(held))], dtype=pl.String)
    told = keyed_json(payload, wanted, position=places, where=label, fields=fields)
    return _finished(told, held, position, as_of, timed=request.modified is not None)


def _finished(told: list[Message], held: Stretch, position: pl.Series, as_of: str | None, *, timed: bool) -> list[Message]:
    finished: list[Message] = []
    for message in told:
        if isinstance(message, Records):
            frame, notices = _completed(message.frame, held, position, as_of, timed=timed)
            finished += [Records(frame, message.fields), *notices]
        elif isinstance(message, Rejected):
            finished.append(
                Rejected(message.frame.with_columns(position.gather(_places(message.frame, position)).alias("position")))
            )
        elif isinstance(message, Notice):
            first, _, rest = message.text.partition(":")
            finished.append(Notice(f"{position[int(first)]}:{rest}" if first.isdigit() else message.text))
    return finished


def _places(frame: pl.DataFrame, position: pl.Series) -> pl.Series:
    if len(frame) == len(position) and frame["position"].equals(position):
        return pl.int_range(len(frame), eager=True)
    return frame["position"].cast(pl.UInt32)


def _completed(
    frame: pl.DataFrame, held: Stretch, position: pl.Series, as_of: str | None, *, timed: bool
) -> tuple[pl.DataFrame, list[Message]]:
    places = _places(frame, position)
    gone = pl.Series(held.gone, dtype=pl.Boolean).gather(places)
    notices: list[Message] = []
    frame = frame.with_columns(
        position=position.gather(places),
        op=pl.select(pl.when(gone).then(pl.lit("delete")).otherwise(pl.lit("upsert"))).to_series(),
        # A deletion has no values to compare or to map.
        payload=pl.select(pl.when(~gone).then(frame["payload"])).to_series(),
    )
    if not timed:
        times, unread = held.times(as_of)
        frame = frame.with_columns(source_time=times.gather(places))
        if unread:
            notices.append(Notice(f"{position[0]}: {unread} times from here on cannot be read; those records have none"))
    return frame.select(list(RECORDS)), notices
