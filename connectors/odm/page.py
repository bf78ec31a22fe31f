"""Records on their way to a page of messages: keys, times and rejections."""

import json
from collections.abc import Sequence
from dataclasses import replace
from itertools import chain

import polars as pl

from connectors.odm.clinical import Said
from connectors.odm.stream import Kind
from mdm.connector import RECORDS, Message, Notice, Records, Rejected, StreamRequest, keyed_json, source_times

_written = json.JSONEncoder(ensure_ascii=False).encode


def messages(held: Sequence[Said], kind: Kind, request: StreamRequest, label: str, as_of: str | None) -> list[Message]:
    """What a stretch of records says, with the document's own time where neither field nor transaction gives one."""
    payload = pl.Series([_written(one.record) for one in held], dtype=pl.String)
    position = pl.Series([f"{label} line {one.line}" for one in held], dtype=pl.String)
    fields = tuple(dict.fromkeys(chain.from_iterable(one.record for one in held if not one.gone)))
    if kind.own_key and not request.key and request.modified is None:
        keys = pl.Series([one.key for one in held], dtype=pl.String)
        frame = pl.DataFrame({"source_key": keys, "payload": payload, "position": position}).with_columns(
            source_time=pl.lit(None, pl.Int64), merged_into=pl.lit(None, pl.String), op=pl.lit("upsert")
        )
        return _finished([Records(frame.select(list(RECORDS)), fields)], held, frame["position"], as_of, timed=False)
    wanted = replace(request, key=request.key or kind.key)
    # The place of a record stands in for its position, so that what is known of it can be found again.
    places = pl.Series([str(at) for at in range(len(held))], dtype=pl.String)
    told = keyed_json(payload, wanted, position=places, where=label, fields=fields)
    return _finished(told, held, position, as_of, timed=request.modified is not None)


def _finished(told: list[Message], held: Sequence[Said], position: pl.Series, as_of: str | None, *, timed: bool) -> list[Message]:
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
    frame: pl.DataFrame, held: Sequence[Said], position: pl.Series, as_of: str | None, *, timed: bool
) -> tuple[pl.DataFrame, list[Message]]:
    places = _places(frame, position)
    gone = pl.Series([one.gone for one in held], dtype=pl.Boolean).gather(places)
    notices: list[Message] = []
    frame = frame.with_columns(
        position=position.gather(places),
        op=pl.select(pl.when(gone).then(pl.lit("delete")).otherwise(pl.lit("upsert"))).to_series(),
        # A deletion has no values to compare or to map.
        payload=pl.select(pl.when(~gone).then(frame["payload"])).to_series(),
    )
    if not timed:
        stamps = pl.Series([one.at or as_of for one in held], dtype=pl.String).gather(places)
        times, unread = source_times(stamps)
        frame = frame.with_columns(source_time=times)
        if unread:
            notices.append(Notice(f"{position[0]}: {unread} times from here on cannot be read; those records have none"))
    return frame.select(list(RECORDS)), notices
