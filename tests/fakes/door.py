"""A server on loopback that answers as it is told, one way after the other, and keeps every request it got."""

import socket
import threading
from collections import deque
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True)
class Answer:
    """One answer: `claimed` is the length it says it has, `reset` whether the line is cut in the middle of the body."""

    body: bytes = b"{}"
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    claimed: int | None = None
    reset: bool = False


class Gatekeeper:
    """The server; `answers` are given in turn, and the last one for ever."""

    def __init__(self, *answers: Answer) -> None:
        self.answers = deque(answers or [Answer()])
        self.requests: list[tuple[str, str, dict[str, str], bytes]] = []
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True

    def __enter__(self) -> "Gatekeeper":
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self._server.server_address[1])

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.port}"

    def next(self) -> Answer:
        """The answer whose turn it is."""
        return self.answers.popleft() if len(self.answers) > 1 else self.answers[0]


def _handler(keeper: Gatekeeper) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self._take()

        def do_POST(self) -> None:
            self._take()

        def log_message(self, *args: Any) -> None:
            """Say nothing."""

        def _take(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            keeper.requests.append((self.command, self.path, dict(self.headers.items()), body))
            answer = keeper.next()
            self.send_response(answer.status)
            for name, value in answer.headers.items():
                self.send_header(name, value)
            due = len(answer.body) + (100 if answer.reset else 0)
            self.send_header("Content-Length", str(due if answer.claimed is None else answer.claimed))
            self.end_headers()
            self.wfile.write(answer.body)
            if answer.reset or answer.claimed is not None:
                self.wfile.flush()
                self.close_connection = True
                if answer.reset:
                    # Nothing is waited for: the other side sees a reset and not an end.
                    self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
                self.connection.close()

    return Handler
