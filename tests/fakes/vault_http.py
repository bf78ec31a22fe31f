"""How the fake Vault speaks HTTP, well and badly."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler
from typing import Any, Protocol
from urllib.parse import parse_qs, urlsplit

from tests.fakes.loopback import Speaking


@dataclass
class Call:
    """One call that came in."""

    method: str
    path: str
    form: dict[str, str]
    session: str | None


class Answering(Protocol):
    """What stands behind the handler."""

    faults: Any
    calls: list[Call]

    def login(self, form: dict[str, str]) -> dict[str, Any]: ...

    def oauth(self, call: Call) -> dict[str, Any]: ...

    def token(self, form: dict[str, str]) -> tuple[int, dict[str, Any]]: ...

    def holds(self, session: str | None) -> bool: ...

    def file(self, call: Call) -> bytes | None: ...

    def answer(self, call: Call) -> dict[str, Any]: ...


KINDS = ("auth", "query", "metadata", "deletions", "directdata", "picklists", "certificate", "merges", "histories")
EXPIRED = {
    "responseStatus": "FAILURE",
    "errors": [{"type": "INVALID_SESSION_ID", "message": "Invalid or expired session ID."}],
    "errorType": "AUTHENTICATION_FAILED",
}


def good(**parts: Any) -> dict[str, Any]:
    """An answer that says it succeeded."""
    return {"responseStatus": "SUCCESS", **parts}


def bad(kind: str, message: str, status: str = "FAILURE", **parts: Any) -> dict[str, Any]:
    """An answer that says it failed, under HTTP 200."""
    return {"responseStatus": status, "errors": [{"type": kind, "message": message}], **parts}


def handler(vault: Answering) -> type[BaseHTTPRequestHandler]:
    """The class that serves this Vault."""

    class Handler(Speaking):
        fake = vault

        def do_GET(self) -> None:
            self._take("GET")

        def do_POST(self) -> None:
            self._take("POST")

        def _take(self, method: str) -> None:
            parts = urlsplit(self.path)
            body = self.body().decode()
            form = {key: values[-1] for text in (parts.query, body) for key, values in parse_qs(text).items()}
            call = Call(method, parts.path, form, self.headers.get("Authorization"))
            vault.calls.append(call)
            kind = next((kind for kind in KINDS if f"/{kind}" in parts.path), "other")
            waiting = vault.faults.once.get(kind)
            if waiting:
                self._misbehave(waiting.popleft())
            else:
                self._answer(call, kind)

        def _answer(self, call: Call, kind: str) -> None:
            if call.path.startswith("/auth/oauth/"):
                self._json(vault.oauth(call))
            elif call.path == "/token":
                status, answer = vault.token(call.form)
                self._send(status, json.dumps(answer).encode(), "application/json")
            elif kind == "auth":
                self._json(vault.login(call.form))
            elif not vault.holds(call.session):
                self._json(EXPIRED)
            elif (data := vault.file(call)) is not None:
                self._send(200, data, "application/octet-stream;charset=UTF-8")
            else:
                self._json(vault.answer(call))

        def _misbehave(self, way: str) -> None:
            whole = json.dumps(good(data=[{"id": "V0X000000000001"}], responseDetails={"total": 1})).encode()
            half = whole[: len(whole) // 2]
            ways: dict[str, Callable[[], None]] = {
                "429 seconds": lambda: self.busy(way),
                "429 date": lambda: self.busy(way),
                "503 html": lambda: self._send(503, b"<html><body>Service Unavailable</body></html>", "text/html"),
                "200 html": lambda: self._send(200, b"<html><body>We are down for maintenance</body></html>", "text/html"),
                "half json": lambda: self._send(200, half, "application/json"),
                "reset": lambda: self._send(200, half, "application/octet-stream", claimed=len(whole)),
                "redirect": lambda: self._send(302, b"", "text/plain", {"Location": "https://elsewhere.example/api"}),
                "401": lambda: self._send(401, b"no", "text/plain"),
                "EXCEPTION": lambda: self._json(bad("UNEXPECTED_ERROR", "something broke", status="EXCEPTION")),
            }
            ways.get(way, lambda: self._json(bad(way, f"the Vault said {way}")))()

        def _json(self, answer: dict[str, Any]) -> None:
            self._send(200, json.dumps(answer).encode(), "application/json;charset=UTF-8")

        def _send(
            self, status: int, body: bytes, kind: str, more: dict[str, str] | None = None, claimed: int | None = None
        ) -> None:
            headers = dict(more or {})
            if vault.faults.burst_remaining is not None:
                headers["x-vaultapi-burstlimitremaining"] = str(vault.faults.burst_remaining)
            if vault.faults.response_delay is not None:
                headers["X-VaultAPI-ResponseDelay"] = str(vault.faults.response_delay)
            self.send(status, body, kind, headers, claimed=claimed)

    return Handler
