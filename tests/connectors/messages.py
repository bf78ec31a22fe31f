"""Spark messages in a test: a Vault that signs them, and what sends them."""

from typing import Any

from connectors.vault import Vault
from mdm.connector import Context, StreamRequest
from tests.fakes.vault import DNS
from tests.fakes.vault_spark import Signer, message

NAME = "account__v"
REQUEST = StreamRequest(NAME, ("id",), "modified_date__v")
ADDRESS = "https://mdm.invented.example/spark"
SIGNER = Signer()


def key(at: int) -> str:
    return f"V0P{at:012d}"


def row(at: int, **more: Any) -> dict[str, Any]:
    return {"id": key(at), "name__v": f"Ana {at}", "modified_date__v": "2026-01-01T00:00:00.000Z", **more}


class Sender:
    """What sends messages as the Vault does."""

    def __init__(self, source: Vault, world: Context) -> None:
        self.receiver = source.receiver(world)

    def send(self, body: bytes, *, url: str = ADDRESS, signer: Signer = SIGNER, **changed: Any) -> str:
        return self.receiver.take(signer.headers(body, url, **changed), body).status

    def says(self, *ids: str, name: str = NAME, **more: Any) -> str:
        return self.send(message(name, ids, host=DNS, **more))
