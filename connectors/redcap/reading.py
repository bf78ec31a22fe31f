"""The records of a project: those that changed, in batches by record id, then what the log says was deleted.

The state: `cursor`, the moment up to which all is known; while a reading is under way also `upper`, the moment its window
ends, `everything` when it has no beginning, and `at`, the last record it has come to; `rows`, the places rows were seen in;
`fields`, `groups` and `renames` as they were.
"""

from collections.abc import Generator, Iterator, Mapping, Sequence
from typing import Any

import polars as pl

from connectors.redcap.client import Absent, Client, Row, moment, seconds
from connectors.redcap.log import LATER, Log
from connectors.redcap.shape import EVENT, INSTANCE, INSTRUMENT, Form, Rooms, deletable, key_of, require, rows_of, told_apart
from mdm.connector import Checkpoint, Complete, Message, Notice, Options, Records, SchemaChange, StreamRequest, keyed, records
from mdm.errors import ConfigError, DeniedError, UnavailableError


class RecordReading:
    """One reading of one stream of records."""

    def __init__(self, client: Client, request: StreamRequest, options: Options) -> None:
        self.client, self.request, self.options = client, request, options
        self.where = f"source {client.source!r}, stream {request.stream!r}"
        self.rooms = Rooms({})
        self.fields: list[str] = []
        self.groups: dict[str, str] = {}
        self.renames: list[str] = []

    def messages(self, state: Mapping[str, Any] | None) -> Iterator[Message]:
        """Everything from this state on."""
        state = state or {}
        self._known(state)
        since, deletions = state.get("cursor"), self.options["deletions"]
        _ = self.client.project
        if deletions:
            deletable(self.request.key, self.client.id_field, self.where)
        upper, begun = state.get("upper") or moment(self.client.now), "upper" in state
        everything = state.get("everything", since is None)
        log = Log(self.client, self.where, seconds(since or upper) - self.options["overlap"], seconds(upper))
        if not begun:
            self._renames(log, since)
            renamed = yield from self._groups()
            everything = everything or renamed
        mark = {"upper": upper, "everything": everything, **({} if since is None else {"cursor": since})}
        yield from self._batches(self._window(since, upper, everything), state.get("at"), mark, told=since is not None)
        if since is None and not begun:
            yield Complete()
        elif since is not None and deletions:
            yield from self._deleted(log)
        yield Checkpoint({"cursor": upper, **self._learnt()})

    def _known(self, state: Mapping[str, Any]) -> None:
        self.rooms = Rooms.of(state.get("rows", []))
        self.fields, self.groups = list(state.get("fields", [])), dict(state.get("groups", {}))
        self.renames = list(state.get("renames", []))

    def _learnt(self) -> dict[str, Any]:
        return {
            "rows": self.rooms.state, "fields": list(self.fields), "groups": dict(self.groups), "renames": list(self.renames),
        }  # fmt: skip

    def _window(self, since: str | None, upper: str, everything: bool) -> dict[str, str]:
        """The bounds of what changed; none at all when everything is read."""
        if since is None or everything:
            return {}
        begin = self.client.local(seconds(since) - self.options["overlap"])
        return {"dateRangeBegin": begin, "dateRangeEnd": self.client.local(seconds(upper) + LATER)}

    def _renames(self, log: Log, since: str | None) -> None:
        """Take note of renamed records; one that came up since the last full reading asks for another."""
        if self.options["renames"]:
            before, self.renames = self.renames, log.renamed()
            if since is not None:
                log.unheeded([mark for mark in self.renames if mark not in before])

    def _groups(self) -> Generator[Message, None, bool]:
        """Whether a data access group was renamed, which changes records without a word in their log."""
        try:
            said = self.client.ask("dag")
        except (Absent, DeniedError):
            yield Notice(f"{self.where}: data access groups may not be read with this token, so a renamed one goes unnoticed")
            return False
        now = {str(row.get("data_access_group_id") or row["unique_group_name"]): str(row["unique_group_name"]) for row in said}
        gone = [name for group, name in self.groups.items() if now.get(group) != name]
        self.groups = now
        if gone:
            yield Notice(f"{self.where}: data access group {gone[0]!r} was renamed or removed; all records are read again")
        return bool(gone)

    def _batches(self, window: Mapping[str, str], after: str | None, mark: dict[str, Any], *, told: bool) -> Iterator[Message]:
        """The rows of every record in the window, some records at a time."""
        form = self._form()
        ids = [name for name in self.client.ids({**window, **self._events()}) if after is None or name > after]
        size = self.options["batch"]
        for start in range(0, len(ids), size):
            batch = ids[start : start + size]
            yield from self._batch(batch, form, told=told)
            yield Checkpoint({**mark, "at": batch[-1], **self._learnt()})

    def _batch(self, batch: Sequence[str], form: Form | None, *, told: bool) -> Iterator[Message]:
        frame = framed(self._rows(batch, form))
        name = self.client.id_field
        if not frame.width:
            return
        frame = rows_of(frame, form)
        key = key_of(self.request, name, frame.columns)
        require(frame.columns, key, self.where)
        told_apart(frame, key, self.where)
        yield from self._drift(frame.columns)
        before = Rooms(dict(self.rooms.highest))
        self.rooms.saw(frame)
        wanted = StreamRequest(self.request.stream, key, self.request.modified, self.request.options, self.request.delivery)
        for message in keyed(frame, wanted, position=positions(frame, name), where=self.where):
            yield message
            if told and self.options["deletions"] and isinstance(message, Records):
                yield from self._vanished(before, set(frame[name]), set(message.frame["source_key"]), key)

    def _rows(self, batch: Sequence[str], form: Form | None) -> list[Row]:
        """The batch's rows, all of them: a record that is missing from the answer must be gone from the project too."""
        only = {} if form is None else {"forms[0]": form.name, "fields[0]": self.client.id_field}
        survey = {"exportSurveyFields": "true"} if self.options["survey_fields"] else {}
        rows = self.client.records(batch, {**only, **survey, **self._events()})
        missing = sorted(set(batch) - {str(row.get(self.client.id_field)) for row in rows})
        if missing and self._living(missing):
            raise UnavailableError(f"{self.where}: the answer left out record {missing[0]!r}, which is there; try again later")
        return rows

    def _living(self, ids: Sequence[str]) -> set[str]:
        """Those of these records that the project still has."""
        chosen = {f"records[{at}]": name for at, name in enumerate(ids)}
        return set(self.client.ids({**chosen, **self._events()})) & set(ids)

    def _events(self) -> dict[str, str]:
        return {f"events[{at}]": name for at, name in enumerate(self.options["events"] or [])}

    def _form(self) -> Form | None:
        """The instrument that was chosen, as the project has it set up."""
        name = self.options["instrument"]
        if name is None:
            return None
        known = [str(row["instrument_name"]) for row in self.client.ask("instrument")]
        if name not in known:
            raise ConfigError(f"{self.where}: there is no instrument {name!r}; there are {', '.join(known)}")
        repeating: list[Row] = []
        if str(self.client.project.get("has_repeating_instruments_or_events", "0")) == "1":
            repeating = self.client.ask("repeatingFormsEvents")
        events = None
        if str(self.client.project["is_longitudinal"]) == "1":
            events = [str(row["unique_event_name"]) for row in self.client.ask("formEventMapping") if row["form"] == name]
        return Form(name, any(row.get("form_name") == name for row in repeating), events)

    def _drift(self, columns: Sequence[str]) -> Iterator[Message]:
        if self.fields and list(columns) != self.fields:
            added = tuple(name for name in columns if name not in self.fields)
            removed = tuple(name for name in self.fields if name not in columns)
            if added or removed:
                yield SchemaChange(added, removed)
        self.fields = list(columns)

    def _vanished(self, rooms: Rooms, ids: set[str], there: set[str], key: Sequence[str]) -> Iterator[Message]:
        """Rows that a changed record had room for and has not: an event or an instance of it was deleted."""
        name = self.client.id_field
        gone = [one for record in sorted(ids) for one in rooms.keys(record, name, key) if one not in there]
        if gone:
            yield _gone(gone, "not among the rows of its record")

    def _deleted(self, log: Log) -> Iterator[Message]:
        """What the log says was deleted, and is not there again."""
        ids = log.deleted()
        size, name = self.options["batch"], self.client.id_field
        # A project without a row so far still has rooms for classic ones.
        rooms = self.rooms if self.rooms.highest else Rooms({("", ""): 0})
        key = key_of(self.request, name, self.fields)
        for begin in range(0, len(ids), size):
            part = ids[begin : begin + size]
            living = self._living(part)
            gone = [one for record in part if record not in living for one in rooms.keys(record, name, key)]
            if gone:
                yield _gone(gone, "the log of deletions")


def framed(rows: Sequence[Row]) -> pl.DataFrame:
    """Rows as columns of text: numbers as they are written, nothing as an empty text."""
    columns = list(dict.fromkeys(name for row in rows for name in row))
    return pl.DataFrame({name: pl.Series([text(row.get(name)) for row in rows], dtype=pl.String) for name in columns})


def text(value: Any) -> str:
    """A value as text."""
    return value if isinstance(value, str) else "" if value is None else str(value)


def positions(frame: pl.DataFrame, id_field: str) -> pl.Series:
    """Where each row stands: its record, and the event and instance if it has any."""
    parts = [pl.format("record {}", pl.col(id_field).fill_null("?"))]
    for name, word in ((EVENT, "event"), (INSTRUMENT, "instrument"), (INSTANCE, "instance")):
        if name in frame.columns:
            said = pl.format(f" {word} {{}}", name)
            parts.append(pl.when(pl.col(name).fill_null("") == "").then(pl.lit("")).otherwise(said))
    return frame.select(pl.concat_str(parts)).to_series()


def _gone(keys: Sequence[str], where: str) -> Records:
    return records([{"source_key": key, "op": "delete", "position": f"{key}: {where}"} for key in keys])
