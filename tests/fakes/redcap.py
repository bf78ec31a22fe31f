"""A REDCap on loopback that behaves, and misbehaves, as the real one is said to.

One address answers every question. Errors come as JSON under 400 and 403, as HTML when the server is down; nothing found is
`[]` or a single line break; the log writes minutes of the server's own time. Each misbehaviour is a switch; records, people
and the token are invented.
"""

import csv
import io
import json
import re
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.fakes.loopback import Loopback, Speaking

TOKEN = "0123456789ABCDEF0123456789ABCDEF"
VERSION = "14.7.3"
REFUSED = "You do not have permissions to use the API"
EVENT, INSTRUMENT, INSTANCE, GROUP = (
    "redcap_event_name", "redcap_repeat_instrument", "redcap_repeat_instance", "redcap_data_access_group",
)  # fmt: skip
Row = dict[str, Any]


@dataclass
class Faults:
    """What goes wrong. `once` holds answers given in place of the next calls for a content, or for any (`*`)."""

    once: dict[str, deque[str]] = field(default_factory=dict)
    newline_when_empty: bool = False
    forbidden: set[str] = field(default_factory=set)
    log_in_words: bool = False
    lost_records: set[str] = field(default_factory=set)
    clock_ahead: float = 0.0
    on_records: Callable[["FakeRedcap", list[str]], None] | None = None


@dataclass
class Call:
    """One call that came in."""

    path: str
    form: dict[str, str]

    @property
    def content(self) -> str:
        """What was asked for."""
        return self.form.get("content", "")

    def several(self, name: str) -> list[str]:
        """The values of a numbered parameter."""
        return [value for key, value in self.form.items() if re.fullmatch(rf"{name}(\[\d*\])?", key)]


class FakeRedcap(Loopback):
    """The server, its one project and its switches. Times are the server's own: UTC, in seconds."""

    def __init__(self) -> None:
        self.metadata: list[Row] = []
        self.rows: list[Row] = []
        self.events: list[Row] = []
        self.arms: list[Row] = []
        self.mapping: list[Row] = []
        self.repeating: list[Row] = []
        self.dags: list[Row] = []
        self.users: list[Row] = []
        self.roles: list[Row] = []
        self.role_of: list[Row] = []
        self.dag_of: list[Row] = []
        self.log: list[Row] = []
        self.changed: dict[str, list[str]] = {}
        self.faults = Faults()
        self.calls: list[Call] = []
        super().__init__(_handler(self))

    @property
    def url(self) -> str:
        """Where it is."""
        return f"{super().url}/redcap/"

    def options(self, **more: Any) -> dict[str, Any]:
        """Options of a source that reads this project."""
        return {"base_url": self.url, "token": TOKEN, "per_second": 1e6, **more}

    def asked(self, content: str) -> list[Call]:
        """The calls for a content."""
        return [call for call in self.calls if call.content == content]

    def fail_once(self, content: str, *ways: str) -> None:
        """Answer the next calls for this content (or any: `*`) in these ways."""
        self.faults.once.setdefault(content, deque()).extend(ways)

    # --- what its users do -----------------------------------------------------------------------------------

    def fields(self, *names: str, form: str = "people", kind: str = "text", choices: str = "") -> None:
        """Add fields to the data dictionary."""
        self.metadata += [
            {"field_name": name, "form_name": form, "field_type": kind, "field_label": name.title(),
             "select_choices_or_calculations": choices} for name in names
        ]  # fmt: skip

    def save(self, row: Row, at: str = "2026-01-01 09:00:00") -> None:
        """Save a row as a user would; it replaces the row of the same record, event and instance."""
        place = self._place(row)
        there = next((n for n, one in enumerate(self.rows) if self._place(one) == place), None)
        words = "Create record" if there is None else "Update record"
        self.rows = [*self.rows, dict(row)] if there is None else [*self.rows[:there], dict(row), *self.rows[there + 1 :]]
        self._logged(str(row[self.id_field]), at, words, "record_add" if there is None else "record_edit")

    def delete(self, record: str, at: str) -> None:
        """Delete a record."""
        self.rows = [row for row in self.rows if str(row[self.id_field]) != record]
        self._logged(record, at, "Delete record", "record_delete")
        self.changed.pop(record, None)

    def drop(self, record: str, at: str, **place: Any) -> None:
        """Delete one event or instance of a record."""
        gone = {**dict.fromkeys((EVENT, INSTRUMENT, INSTANCE), ""), **place, self.id_field: record}
        self.rows = [row for row in self.rows if self._place(row) != self._place(gone)]
        self._logged(record, at, "Update record", "record_edit")

    def rename_group(self, old: str, new: str) -> None:
        """Rename a data access group: its records change without a word in their log."""
        for row in [*self.dags, *self.dag_of]:
            row.update({key: new for key, value in row.items() if value == old})
        for row in self.rows:
            if row.get(GROUP) == old:
                row[GROUP] = new

    @property
    def id_field(self) -> str:
        """The field that names a record."""
        return str(self.metadata[0]["field_name"])

    def _place(self, row: Row) -> tuple[str, ...]:
        return tuple(str(row.get(name) or "") for name in (self.id_field, EVENT, INSTRUMENT, INSTANCE))

    def _logged(self, record: str, at: str, words: str, kind: str) -> None:
        self.changed.setdefault(record, []).append(at)
        self.log.append({"timestamp": at[:16], "username": "a_user", "action": f"{words} {record}", "kind": kind,
                         "details": f"{self.id_field} = '{record}'", "record": record, "at": at})  # fmt: skip

    # --- what it answers -------------------------------------------------------------------------------------

    def answer(self, call: Call) -> Any:
        """The rows that answer, or the error as text."""
        content, simple = call.content, {
            "metadata": self.metadata, "dag": self.dags, "user": self.users, "userRole": self.roles, "userRoleMapping": self.role_of,
            "userDagMapping": self.dag_of, "repeatingFormsEvents": self.repeating,
        }  # fmt: skip
        if content in self.faults.forbidden:
            return 403, f"You do not have user rights to export {content}"
        if content in ("event", "arm", "formEventMapping") and not self.events:
            return 400, f"You cannot export {content}s for classic projects"
        if content in simple:
            return simple[content]
        answers = {
            "project": self._project, "record": self._records, "log": self._logs, "exportFieldNames": self._names,
            "instrument": self._instruments,
        }  # fmt: skip
        if content in answers:
            return answers[content](call)
        found = {"event": self.events, "arm": self.arms, "formEventMapping": self.mapping}.get(content)
        return found if found is not None else (400, 'The value of the parameter "content" is not valid')

    def _project(self, _call: Call) -> list[Row] | Row:
        return {
            "project_id": 26, "project_title": "Invented", "is_longitudinal": int(bool(self.events)),
            "has_repeating_instruments_or_events": int(bool(self.repeating)), "record_autonumbering_enabled": 0,
        }  # fmt: skip

    def _instruments(self, _call: Call) -> list[Row]:
        forms = dict.fromkeys(str(row["form_name"]) for row in self.metadata)
        return [{"instrument_name": name, "instrument_label": name.title()} for name in forms]

    def _names(self, _call: Call) -> list[Row]:
        said = [(str(row["field_name"]), name) for row in self.metadata for name in self._columns(row)]
        said += [(f"{form}_complete", f"{form}_complete") for form in self._forms()]
        return [{"original_field_name": field, "choice_value": "", "export_field_name": name} for field, name in said]

    def _forms(self) -> list[str]:
        return list(dict.fromkeys(str(row["form_name"]) for row in self.metadata))

    @staticmethod
    def _columns(known: Row) -> list[str]:
        if known["field_type"] != "checkbox":
            return [str(known["field_name"])]
        codes = [one.partition(",")[0].strip() for one in str(known["select_choices_or_calculations"]).split("|")]
        return [f"{known['field_name']}___{code}" for code in codes]

    def _header(self, call: Call) -> list[str]:
        forms, fields = call.several("forms"), call.several("fields")
        places = [EVENT] if self.events else []
        places += [INSTRUMENT, INSTANCE] if self.repeating else []
        groups = [GROUP] if self.dags and call.form.get("exportDataAccessGroups", "").lower() == "true" else []
        names: list[str] = []
        for form in self._forms():
            of_form = [known for known in self.metadata if known["form_name"] == form]
            every = not forms and not fields
            kept = [known for known in of_form if every or form in forms or known["field_name"] in fields]
            names += [name for known in kept for name in self._columns(known)]
            names += [f"{form}_complete"] if every or form in forms or f"{form}_complete" in fields else []
        own = [self.id_field] if self.id_field in names else []
        return [*own, *places, *groups, *(name for name in names if name != self.id_field)]

    def _records(self, call: Call) -> list[Row]:
        wanted, events = call.several("records"), call.several("events")
        if self.faults.on_records and wanted:
            self.faults.on_records(self, wanted)
        names, within = self._header(call), self._within(call)
        rows = [row for row in self.rows if not wanted or str(row[self.id_field]) in wanted]
        rows = [row for row in rows if (not events or row.get(EVENT) in events) and within(str(row[self.id_field]))]
        if len(names) > 1 and wanted:
            rows = [row for row in rows if str(row[self.id_field]) not in self.faults.lost_records]
        return [{name: row.get(name, "") for name in names} for row in rows]

    def _within(self, call: Call) -> Callable[[str], bool]:
        low, high = call.form.get("dateRangeBegin", ""), call.form.get("dateRangeEnd", "9999")
        return lambda record: any(low <= at <= high for at in self.changed.get(record, [""]))

    def _logs(self, call: Call) -> list[Row]:
        low, high = call.form.get("beginTime", ""), call.form.get("endTime", "9999")
        kind = call.form.get("logtype", "")
        rows = [row for row in self.log if low[:16] <= row["timestamp"] <= high[:16] and kind in ("", row["kind"])]
        hidden = {"kind", "at"} | ({"record"} if self.faults.log_in_words else set())
        return [{name: value for name, value in row.items() if name not in hidden} for row in reversed(rows)]


def now() -> str:
    """The server's own time."""
    return datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S")


def as_csv(rows: list[Row]) -> bytes:
    """Rows as REDCap writes CSV."""
    text = io.StringIO()
    names = list(dict.fromkeys(name for row in rows for name in row))
    writer = csv.DictWriter(text, names, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode() if rows else b"\n"


def _handler(redcap: FakeRedcap) -> type[BaseHTTPRequestHandler]:
    class Handler(Speaking):
        fake = redcap

        def do_POST(self) -> None:
            body = self.body().decode()
            form = {key: values[-1] for key, values in parse_qs(body, keep_blank_values=True).items()}
            call = Call(urlsplit(self.path).path, form)
            redcap.calls.append(call)
            waiting = redcap.faults.once.get(call.content) or redcap.faults.once.get("*")
            if waiting:
                self._misbehave(waiting.popleft())
            elif call.path != "/redcap/api/":
                self.send(404, b"<html><body>Not Found</body></html>", "text/html")
            elif form.get("token") != TOKEN:
                self._error(403, REFUSED)
            elif call.content == "version":
                self.send(200, VERSION.encode(), "text/html")
            else:
                self._answer(redcap.answer(call), form.get("format", "xml"))

        def _answer(self, said: Any, kind: str) -> None:
            if isinstance(said, tuple):
                self._error(*said)
            elif kind == "csv":
                self.send(200, as_csv(said if isinstance(said, list) else [said]), "text/csv; charset=utf-8")
            elif said == [] and redcap.faults.newline_when_empty:
                self.send(200, b"\n", "application/json; charset=utf-8")
            else:
                self.send(200, json.dumps(said).encode(), "application/json; charset=utf-8")

        def _error(self, status: int, words: str) -> None:
            self.send(status, json.dumps({"error": words}).encode(), "application/json; charset=utf-8")

        def _misbehave(self, way: str) -> None:
            whole = json.dumps([{"record_id": "999", "name": "never there"}] * 3).encode()
            if way in ("429 seconds", "429 date"):
                self.busy(way, b'{"error":"Too many requests"}', "application/json")
            elif way in ("503 html", "500 html", "200 html"):
                self.send(int(way[:3]), b"<html><body>REDCap is offline for maintenance</body></html>", "text/html")
            elif way == "403 html":
                self.send(403, b"<html><body>Your IP address has been banned due to suspected abuse.</body></html>", "text/html")
            elif way == "half json":
                self.send(200, whole[: len(whole) // 2], "application/json")
            elif way == "nothing":
                self.send(200, b"", "application/json")
            elif way == "reset":
                self.send(200, whole[: len(whole) // 2], "application/json", claimed=len(whole))
            elif way == "redirect":
                self.send(302, b"", "text/plain", {"Location": "https://elsewhere.example/redcap/api/"})
            elif way.startswith("text "):
                self.send(200, way.removeprefix("text ").encode(), "application/json")
            elif way == "xml error":
                self.send(400, b'<?xml version="1.0" encoding="UTF-8" ?><hash><error>No such thing</error></hash>', "text/xml")
            else:
                status, _, words = way.partition(" ")
                self._error(int(status), words)

    return Handler
