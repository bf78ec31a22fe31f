"""A Vault on loopback that behaves, and misbehaves, as the real one is said to.

Errors come under HTTP 200, pages are smaller than asked and are cut from a live set, sessions end in mid-paging, a login
may land in another Vault. Each misbehaviour is a switch; rows and credentials are invented.
"""

import json
import re
import threading
import time
import uuid
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

USERNAME, PASSWORD = "reader@invented.example", "a-pass-phrase-only-for-tests"
DNS = "invented.veevavault.com"
Row = dict[str, Any]
_QUERY = re.compile(r"SELECT (.+?) FROM (\w+)(?: WHERE (.+?))? ORDER BY (.+?) PAGESIZE (\d+)(?: PAGEOFFSET (\d+))?")
_CONDITION = re.compile(r"(\w+) (>=|<=|=|>|<) '([^']*)'")


@dataclass
class Faults:
    """What goes wrong. `once` holds answers given in place of the next calls to a query, login or metadata."""

    once: dict[str, deque[str]] = field(default_factory=dict)
    login: str | None = None
    wrong_vault: bool = False
    sessions_last: int | None = None
    never_a_session: bool = False
    page_caps: deque[int] = field(default_factory=deque)
    links: str = "relative"
    links_expire: bool = False
    burst_remaining: int | None = None
    response_delay: int | None = None
    clock_ahead: float = 0.0
    on_page: Callable[["FakeVault", int], None] | None = None


@dataclass
class Call:
    """One call that came in."""

    method: str
    path: str
    form: dict[str, str]
    session: str | None


class FakeVault:
    """The server, its objects and its switches."""

    def __init__(self) -> None:
        self.objects: dict[str, list[Row]] = {}
        self.types: dict[str, dict[str, str]] = {}
        self.deleted: dict[str, list[Row]] = {}
        self.faults = Faults()
        self.calls: list[Call] = []
        self.sessions: dict[str, int] = {}
        self.links: dict[str, str] = {}
        self.pages = 0
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True

    def __enter__(self) -> "FakeVault":
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def options(self, **more: Any) -> dict[str, Any]:
        """Options of a source that reads this Vault."""
        return {"base_url": self.url, "username": USERNAME, "password": PASSWORD, "vault_dns": DNS, **more}

    def asked(self, part: str) -> list[Call]:
        """The calls whose path holds this."""
        return [call for call in self.calls if part in call.path]

    def fail_once(self, kind: str, *ways: str) -> None:
        """Answer the next calls of this kind (query, auth, metadata, deletions) in these ways."""
        self.faults.once.setdefault(kind, deque()).extend(ways)

    def delete(self, name: str, key: str, at: str) -> None:
        """Delete a row as a user of the Vault would."""
        self.objects[name] = [row for row in self.objects[name] if row["id"] != key]
        self.deleted.setdefault(name, []).append({"id": key, "date_deleted": at})

    # --- what it answers -------------------------------------------------------------------------------------

    def answer(self, call: Call) -> dict[str, Any]:
        """The answer to a call whose session holds."""
        version, _, rest = call.path.removeprefix("/api/").partition("/")
        if rest == "query":
            return self._query(call.form["q"], version, None)
        if rest.startswith("query/"):
            return self._linked(rest.removeprefix("query/"), call, version)
        if rest == "metadata/vobjects":
            return good(objects=[{"name": name} for name in self.objects])
        name = rest.rsplit("/", 1)[-1]
        if name not in self.objects:
            return bad("INVALID_DATA", f"Invalid object [{name}]")
        if rest.startswith("metadata/vobjects/"):
            fields = [{"name": field, "type": kind, "status": ["active__v"]} for field, kind in self._types(name).items()]
            return good(object={"name": name, "fields": fields})
        if rest.startswith("objects/deletions/vobjects/"):
            return self._deletions(name, call.form)
        return bad("MALFORMED_URL", "no such address")

    def login(self, form: dict[str, str]) -> dict[str, Any]:
        """A session, or the reason there is none."""
        if self.faults.login:
            return bad(self.faults.login, "the login was refused", errorType="AUTHENTICATION_FAILED")
        if form.get("username") != USERNAME or form.get("password") != PASSWORD:
            return bad("USERNAME_OR_PASSWORD_INCORRECT", "wrong", errorType="AUTHENTICATION_FAILED")
        session = uuid.uuid4().hex.upper()
        self.sessions[session] = 0
        vaults = [{"id": 1001, "url": f"https://{DNS}/api"}, {"id": 2002, "url": "https://other.veevavault.com/api"}]
        return good(sessionId=session, vaultIds=vaults, vaultId=2002 if self.faults.wrong_vault else 1001)

    def holds(self, session: str | None) -> bool:
        """Whether a session still holds after one more call."""
        if session not in self.sessions or self.faults.never_a_session:
            return False
        self.sessions[session] += 1
        return self.faults.sessions_last is None or self.sessions[session] <= self.faults.sessions_last

    def _types(self, name: str) -> dict[str, str]:
        return self.types.get(name) or dict.fromkeys((field for row in self.objects[name] for field in row), "String")

    def _linked(self, handle: str, call: Call, version: str) -> dict[str, Any]:
        if self.faults.links_expire or handle not in self.links:
            return bad("INVALID_DATA", "The query page has expired")
        return self._query(self.links[handle], version, int(call.form["pageoffset"]))

    def _query(self, text: str, version: str, offset: int | None) -> dict[str, Any]:
        match = _QUERY.fullmatch(text)
        if match is None:
            return bad("INCORRECT_QUERY_SYNTAX_ERROR", "the query cannot be parsed")
        fields, name, where, order, size, start = match.groups()
        unknown = [field for field in fields.split(", ") if field not in self._types(name)]
        if unknown:
            return bad("ATTRIBUTE_NOT_SUPPORTED", f"no field {unknown[0]}")
        offset = int(start or 0) if offset is None else offset
        conditions = _CONDITION.findall(where or "")
        rows = [row for row in self.objects[name] if all(_holds(row, condition) for condition in conditions)]
        rows.sort(key=lambda row: [row.get(part.split()[0], "") for part in order.split(", ")])
        cap = self.faults.page_caps.popleft() if self.faults.page_caps else int(size)
        page = [{field: row.get(field) for field in fields.split(", ")} for row in rows[offset : offset + min(int(size), cap)]]
        details = {"pagesize": int(size), "pageoffset": offset, "size": len(page), "total": len(rows)}
        if offset + len(page) < len(rows) and self.faults.links != "none":
            details["next_page"] = self._link(text, version, f"pagesize={size}&pageoffset={offset + len(page)}")
        self.pages += 1
        if self.faults.on_page:
            self.faults.on_page(self, self.pages)
        return good(responseDetails=details, data=page)

    def _link(self, text: str, version: str, rest: str) -> str:
        handle = uuid.uuid4().hex
        self.links[handle] = text
        start = {"relative": "", "absolute": self.url, "foreign": "http://127.0.0.1:9"}[self.faults.links]
        return f"{start}/api/{version}/query/{handle}?{rest}"

    def _deletions(self, name: str, form: dict[str, str]) -> dict[str, Any]:
        low, high = form["start_date"], form["end_date"]
        rows = [row for row in self.deleted.get(name, []) if low <= row["date_deleted"] <= high]
        start, limit = int(form.get("offset", 0)), int(form.get("limit", 1000))
        page = rows[start : start + limit]
        return good(responseDetails={"total": len(rows), "size": len(page), "offset": start, "limit": limit}, data=page)


def good(**parts: Any) -> dict[str, Any]:
    """An answer that says it succeeded."""
    return {"responseStatus": "SUCCESS", **parts}


def bad(kind: str, message: str, status: str = "FAILURE", **parts: Any) -> dict[str, Any]:
    """An answer that says it failed, under HTTP 200."""
    return {"responseStatus": status, "errors": [{"type": kind, "message": message}], **parts}


def _holds(row: Row, condition: tuple[str, str, str]) -> bool:
    name, sign, value = condition
    had = row.get(name) or ""
    return {"=": had == value, ">=": had >= value, "<=": had <= value, ">": had > value, "<": had < value}[sign]


def _handler(vault: FakeVault) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_GET(self) -> None:
            self._take("GET")

        def do_POST(self) -> None:
            self._take("POST")

        def log_message(self, *args: object) -> None:
            """Say nothing."""

        def date_time_string(self, timestamp: float | None = None) -> str:
            return formatdate(time.time() + vault.faults.clock_ahead, usegmt=True)

        def _take(self, method: str) -> None:
            parts = urlsplit(self.path)
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
            form = {key: values[-1] for text in (parts.query, body) for key, values in parse_qs(text).items()}
            call = Call(method, parts.path, form, self.headers.get("Authorization"))
            vault.calls.append(call)
            kind = next((kind for kind in ("auth", "query", "metadata", "deletions") if f"/{kind}" in parts.path), "other")
            waiting = vault.faults.once.get(kind)
            if waiting:
                self._misbehave(waiting.popleft())
            elif kind == "auth":
                self._json(vault.login(form))
            elif not vault.holds(call.session):
                self._json(bad("INVALID_SESSION_ID", "Invalid or expired session ID.", errorType="AUTHENTICATION_FAILED"))
            else:
                self._json(vault.answer(call))

        def _misbehave(self, way: str) -> None:
            whole = json.dumps(good(data=[{"id": "V0X000000000001"}], responseDetails={"total": 1})).encode()
            if way in ("429 seconds", "429 date"):
                wait = "7" if way == "429 seconds" else formatdate(time.time() + 7, usegmt=True)
                self._send(429, b"slow down", "text/plain", {"Retry-After": wait})
            elif way == "503 html":
                self._send(503, b"<html><body>Service Unavailable</body></html>", "text/html")
            elif way == "200 html":
                self._send(200, b"<html><body>We are down for maintenance</body></html>", "text/html")
            elif way == "half json":
                self._send(200, whole[: len(whole) // 2], "application/json")
            elif way == "reset":
                self._send(200, whole[: len(whole) // 2], "application/json", claimed=len(whole))
            elif way == "redirect":
                self._send(302, b"", "text/plain", {"Location": "https://elsewhere.example/api"})
            elif way == "401":
                self._send(401, b"no", "text/plain")
            elif way == "EXCEPTION":
                self._json(bad("UNEXPECTED_ERROR", "something broke", status="EXCEPTION"))
            else:
                self._json(bad(way, f"the Vault said {way}"))

        def _json(self, answer: dict[str, Any]) -> None:
            self._send(200, json.dumps(answer).encode(), "application/json;charset=UTF-8")

        def _send(
            self, status: int, body: bytes, kind: str, more: dict[str, str] | None = None, claimed: int | None = None
        ) -> None:
            self.send_response(status)
            headers = {"Content-Type": kind, "Content-Length": str(claimed or len(body)), **(more or {})}
            if vault.faults.burst_remaining is not None:
                headers["x-vaultapi-burstlimitremaining"] = str(vault.faults.burst_remaining)
            if vault.faults.response_delay is not None:
                headers["X-VaultAPI-ResponseDelay"] = str(vault.faults.response_delay)
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)
            if claimed:
                self.close_connection = True

    return Handler
