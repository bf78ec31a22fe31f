"""A Vault with Direct Data archives, and reading it in a test."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from connectors.vault import Vault
from mdm.connector import Context, StreamRequest
from tests.connectors.reading import Said
from tests.fakes.vault import FakeVault
from tests.fakes.vault_direct import News, packed, table

NAME = "Object.account__v"
REQUEST = StreamRequest("account__v", ("id",), "modified_date__v")
NIGHT = "2026-01-02T01:00Z"
TIMES = ["2026-01-02T01:00Z", "2026-01-02T01:15Z", "2026-01-02T01:30Z", "2026-01-02T01:45Z", "2026-01-02T02:00Z"]
COLUMNS = {NAME: {"id": "String", "name__v": "String", "modified_date__v": "DateTime"}}


class Clock:
    """A clock that only moves when somebody sleeps."""

    def __init__(self) -> None:
        self.now = 1767319200.0
        self.slept: list[float] = []

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


def row(at: int, name: str | None = None, **more: str) -> dict[str, Any]:
    return {"id": f"V0P{at:012d}", "name__v": name or f"Ana {at}", "modified_date__v": "2026-01-01T10:00:00.000Z", **more}


def key(at: int) -> str:
    return f"V0P{at:012d}"


@contextmanager
def opened() -> Iterator[FakeVault]:
    """A Vault with one full archive of twenty-five rows."""
    with FakeVault() as server:
        server.direct.full(NIGHT, News({NAME: [row(at) for at in range(1, 26)]}, columns=COLUMNS))
        yield server


def read(
    vault: FakeVault, clock: Clock, state: dict[str, Any] | None = None, request: StreamRequest = REQUEST, **more: Any
) -> Said:
    connector = Vault("vault", vault.options(**{"mode": "direct", "page_rows": 10, **more}))
    return Said(connector.read(Context(clock=clock, sleep=clock.sleep, random=lambda: 0.5), request, state))


def sound() -> list[tuple[str, bytes]]:
    manifest = table([{"extract": NAME, "type": "updates", "records": "1", "file": "Object/account__v.csv"}])
    return [("manifest.csv", manifest), ("Object/account__v.csv", table([row(1)]))]


def only(vault: FakeVault, members: list[tuple[str, bytes]]) -> None:
    vault.direct.items.clear()
    vault.direct.offer("F", "2000-01-01T00:00Z", NIGHT, packed(members))
