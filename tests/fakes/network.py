"""A Veeva Network on loopback that behaves, and misbehaves, as the real one is said to; and its exports.

Errors come under HTTP 200, a search pages by offset over a live set and gives no more than so many. Each misbehaviour is a
switch; records and credentials are invented.
"""

import csv
import io
import json
import re
import uuid
import zipfile
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.fakes.loopback import Loopback, Speaking

USERNAME, PASSWORD = "reader@invented.example", "a-pass-phrase-only-for-tests"
NETWORK_ID = "500"
Row = dict[str, Any]
_RANGE = re.compile(r"range\|\|(\w+):(\d+)\|\|(\d+)")


def export(
    path: Path, files: Mapping[str, Iterable[Mapping[str, str]]], *, delimiter: str = ",", encoding: str = "utf-8"
) -> None:
    """Write an export: one delimited file for each kind of object, in a zip."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, rows in files.items():
            listed, text = list(rows), io.StringIO()
            writer = csv.DictWriter(text, list(listed[0]), delimiter=delimiter, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
            writer.writeheader()
            writer.writerows(listed)
            archive.writestr(name, text.getvalue().encode(encoding))


@dataclass
class Faults:
    """What goes wrong. `once` holds answers given in place of the next calls of a kind."""

    once: dict[str, deque[str]] = field(default_factory=dict)
    login: str | None = None
    sessions_last: int | None = None
    never_a_session: bool = False
    most: int = 10_000
    clock_ahead: float = 0.0
    on_page: Callable[["FakeNetwork", int], None] | None = None


@dataclass
class Call:
    """One call that came in."""

    method: str
    path: str
    form: dict[str, str]
    body: Any
    session: str | None


class FakeNetwork(Loopback):
    """The server, its records and its switches."""

    def __init__(self) -> None:
        self.records: dict[str, list[Row]] = {"HCP": [], "HCO": []}
        self.requests: dict[str, Row] = {}
        self.faults = Faults()
        self.calls: list[Call] = []
        self.sessions: dict[str, int] = {}
        self.pages = 0
        super().__init__(_handler(self))

    def options(self, **more: Any) -> dict[str, Any]:
        """Options of a source that reads this Network."""
        return {"base_url": self.url, "username": USERNAME, "password": PASSWORD, **more}

    def asked(self, part: str, method: str | None = None) -> list[Call]:
        """The calls whose path holds this."""
        return [call for call in self.calls if part in call.path and method in (None, call.method)]

    def fail_once(self, kind: str, *ways: str) -> None:
        """Answer the next calls of this kind (auth, search, change_request, other) in these ways."""
        self.faults.once.setdefault(kind, deque()).extend(ways)

    def change(self, kind: str, vid: str, at: float, **values: Any) -> None:
        """Change a record as a data steward would."""
        row = next(row for row in self.records[kind] if row["vid__v"] == vid)
        row |= {**values, "modified_date__v": stamp(at)}

    def expire(self) -> None:
        """End every session."""
        self.sessions.clear()

    # --- what it answers -------------------------------------------------------------------------------------

    def login(self, form: dict[str, str]) -> Row:
        """A session, or the reason there is none."""
        if self.faults.login:
            return bad(self.faults.login, "the login was refused", errorType="AUTHENTICATION_FAILED")
        if (form.get("username"), form.get("password")) != (USERNAME, PASSWORD):
            return bad("USERNAME_OR_PASSWORD_INCORRECT", "wrong", errorType="AUTHENTICATION_FAILED")
        session = uuid.uuid4().hex.upper()
        self.sessions[session] = 0
        return good(
            sessionId=session, userId=552, networkId=NETWORK_ID, networkIds=[{"id": 500, "name": "INVENTED", "url": self.url}]
        )

    def holds(self, session: str | None) -> bool:
        """Whether a session still holds after one more call."""
        if session not in self.sessions or self.faults.never_a_session:
            return False
        self.sessions[session] += 1
        return self.faults.sessions_last is None or self.sessions[session] <= self.faults.sessions_last

    def answer(self, call: Call) -> Row:
        """The answer to a call whose session holds."""
        rest = re.sub(r"^/api/v[\d.]+/", "", call.path)
        if rest == "search":
            return self._search(call.form)
        if rest == "change_request":
            return self._requested(call.body)
        if rest == "change_requests":
            wanted = [self.requests[one] for one in call.form["ids"].split(",") if one in self.requests]
            return good(change_requests=wanted)
        kind, _, vid = rest.partition("/")
        found = [row for row in self.records.get(kind.upper().rstrip("S"), []) if row["vid__v"] == vid]
        return good(entities=[_entity(kind.upper().rstrip("S"), row) for row in found])

    def _requested(self, body: Row) -> Row:
        if not body.get("entity"):
            return bad("PARAMETER_REQUIRED", "entity is required")
        number = str(9_000_000_000_000_000_000 + len(self.requests))
        self.requests[number] = {**body, "change_request_id": number, "state_key": "CHANGE_PENDINGREVIEW"}
        return good(change_request_id=number)

    def _search(self, form: dict[str, str]) -> Row:
        rows = [row for row in self.records[form["types"]] if self._wanted(row, form.get("filters", ""))]
        rows.sort(key=lambda row: row[form["sort"]])
        start, limit = int(form["offset"]), int(form["limit"])
        if start + limit > self.faults.most:
            return bad("INVALID_DATA", "offset and limit are beyond what a search gives")
        page = [_entity(form["types"], row) for row in rows[start : start + limit]]
        answer = good(totalCount=len(rows), offset=start, limit=limit, entities=page)
        self.pages += 1
        if self.faults.on_page:
            self.faults.on_page(self, self.pages)
        return answer

    @staticmethod
    def _wanted(row: Row, filters: str) -> bool:
        for one in filter(None, filters.split("~")):
            if match := _RANGE.fullmatch(one):
                at = datetime.fromisoformat(row[match[1]]).timestamp() * 1000
                if not int(match[2]) <= round(at) <= int(match[3]):
                    return False
            else:
                name, _, value = one.partition(":")
                if row.get(name) != value:
                    return False
        return True


def good(**parts: Any) -> Row:
    """An answer that says it succeeded."""
    return {"responseStatus": "SUCCESS", **parts}


def bad(kind: str, message: str, status: str = "FAILURE", **parts: Any) -> Row:
    """An answer that says it failed, under HTTP 200."""
    return {"responseStatus": status, "errors": [{"type": kind, "message": message}], **parts}


def stamp(at: float) -> str:
    """A time as Network writes it."""
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _entity(kind: str, row: Row) -> Row:
    return {"entityId": row["vid__v"], "entityType": kind, "metaData": {}, "entity": row}


def _handler(network: FakeNetwork) -> type[BaseHTTPRequestHandler]:
    class Handler(Speaking):
        fake = network

        def do_GET(self) -> None:
            self._take("GET")

        def do_POST(self) -> None:
            self._take("POST")

        def _take(self, method: str) -> None:
            parts = urlsplit(self.path)
            raw = self.body().decode()
            is_json = raw.startswith("{")
            form = {key: values[-1] for text in (parts.query, "" if is_json else raw) for key, values in parse_qs(text).items()}
            call = Call(method, parts.path, form, json.loads(raw) if is_json else None, self.headers.get("Authorization"))
            network.calls.append(call)
            kind = next((kind for kind in ("auth", "search", "change_request") if f"/{kind}" in parts.path), "other")
            if waiting := network.faults.once.get(kind):
                self._misbehave(waiting.popleft(), call, kind)
            elif kind == "auth":
                self._json(network.login(form))
            elif not network.holds(call.session):
                self._json(bad("INVALID_SESSION_ID", "Invalid or expired session ID."))
            else:
                self._json(network.answer(call))

        def _misbehave(self, way: str, call: Call, kind: str) -> None:
            if way in ("429 seconds", "429 date"):
                self.busy(way)
            elif way in ("503 html", "200 html"):
                self.send(int(way[:3]), b"<html><body>We are down for maintenance</body></html>", "text/html")
            elif way == "redirect":
                self.send(302, b"", "text/plain", {"Location": "https://elsewhere.example/api"})
            elif way == "EXCEPTION":
                self._json(bad("UNEXPECTED_ERROR", "something broke", status="EXCEPTION"))
            elif way in ("reset", "half json"):
                whole = json.dumps(network.login(call.form) if kind == "auth" else network.answer(call)).encode()
                claimed = len(whole) if way == "reset" else None
                self.send(200, whole[: len(whole) // 2], "application/json", claimed=claimed)
            else:
                self._json(bad(way, f"Network said {way}"))

        def _json(self, answer: Row) -> None:
            self.send(200, json.dumps(answer).encode(), "application/json;charset=UTF-8")

    return Handler
