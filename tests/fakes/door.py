"""A server on loopback that answers as it is told, one way after the other, and keeps every request it got."""

import socket
from collections import deque
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler

from tests.fakes.loopback import Loopback, Speaking


@dataclass(frozen=True)
class Answer:
    """One answer: `claimed` is the length it says it has, `reset` whether the line is cut in the middle of the body."""

    body: bytes = b"{}"
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    claimed: int | None = None
    reset: bool = False


class Gatekeeper(Loopback):
    """The server; `answers` are given in turn, and the last one for ever."""

    def __init__(self, *answers: Answer) -> None:
        self.answers = deque(answers or [Answer()])
        self.requests: list[tuple[str, str, dict[str, str], bytes]] = []
        super().__init__(_handler(self))

    def next(self) -> Answer:
        """The answer whose turn it is."""
        return self.answers.popleft() if len(self.answers) > 1 else self.answers[0]


def _handler(keeper: Gatekeeper) -> type[BaseHTTPRequestHandler]:
    class Handler(Speaking):
        fake = keeper

        def do_GET(self) -> None:
            self._take()

        def do_POST(self) -> None:
            self._take()

        def _take(self) -> None:
            body = self.body()
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
