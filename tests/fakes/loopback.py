"""What every fake server is: real HTTP on loopback for the length of a `with`, with a clock that may be wrong.

What it is asked and what it answers is each fake's own; how it listens, ends, sends and breaks off is here, once.
"""

import threading
import time
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self


class Loopback:
    """A server that listens from its making on and ends with its `with`."""

    # What goes wrong, if the fake can misbehave; `clock_ahead` is how far its clock is off.
    faults: Any = None

    def __init__(self, handler: type[BaseHTTPRequestHandler]) -> None:
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._server.daemon_threads = True

    def __enter__(self) -> Self:
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


class Speaking(BaseHTTPRequestHandler):
    """A handler that says nothing in the log and tells the time of its server, `fake`."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    fake: Any

    def log_message(self, *args: object) -> None:
        """Say nothing."""

    def date_time_string(self, timestamp: float | None = None) -> str:
        """The server's own time."""
        ahead = self.fake.faults.clock_ahead if self.fake.faults is not None else 0.0
        return formatdate(time.time() + ahead, usegmt=True)

    def body(self) -> bytes:
        """What was sent along."""
        return self.rfile.read(int(self.headers.get("Content-Length") or 0))

    def send(
        self, status: int, body: bytes, kind: str, more: dict[str, str] | None = None, *, claimed: int | None = None
    ) -> None:
        """An answer; one that is shorter than the length it claims breaks off."""
        self.send_response(status)
        for name, value in {"Content-Type": kind, "Content-Length": str(claimed or len(body)), **(more or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)
        if claimed:
            self.close_connection = True

    def busy(self, way: str, body: bytes = b"slow down", kind: str = "text/plain") -> None:
        """Too many requests, come back in seven seconds: `429 seconds` or `429 date`, the two forms of Retry-After."""
        self.send(429, body, kind, {"Retry-After": retry_after(way)})


def retry_after(way: str) -> str:
    """Seven seconds from now, in the form that `way` ends in."""
    return "7" if way.endswith("seconds") else formatdate(time.time() + 7, usegmt=True)
