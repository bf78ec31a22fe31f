"""Spark messages as the fake Vault signs them."""

import base64
import json
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.x509.oid import NameOID

SIGNED = "X-VaultAPISignature-"


@dataclass
class Signer:
    """A certificate with its key."""

    id: str = "00000000-invented-0001"
    key: rsa.RSAPrivateKey = field(default_factory=lambda: rsa.generate_private_key(65537, 2048))

    def certificate(self, *, days: int = 365) -> bytes:
        """The certificate, as the Vault gives it out."""
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "invented vault")])
        begins = datetime.now(UTC) - timedelta(days=400)
        made = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(self.key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(begins)
            .not_valid_after(begins + timedelta(days=400 + days))
            .sign(self.key, hashes.SHA256())
        )
        return made.public_bytes(serialization.Encoding.PEM)

    def headers(self, body: bytes, url: str, *, now: datetime | None = None, **changed: str) -> dict[str, str]:
        """The headers that go with a body; `changed` are signed headers with other values."""
        at = now or datetime.now(UTC)
        said = {
            f"{SIGNED}CertificateId": self.id,
            f"{SIGNED}RequestNotBefore": _written(at - timedelta(minutes=1)),
            f"{SIGNED}RequestNotAfter": _written(at + timedelta(minutes=5)),
            f"{SIGNED}ExecutionId": uuid.uuid4().hex,
            f"{SIGNED}VaultId": "1001",
        }
        said |= {f"{SIGNED}{name}": value for name, value in changed.items()}
        lines = "".join(f"{name}:{value}\n" for name, value in sorted((n.lower(), v) for n, v in said.items()))
        signature = self.key.sign(lines.encode() + body + b"\n" + url.encode(), padding.PKCS1v15(), hashes.SHA256())
        return {**said, "X-VaultAPI-SignatureV2": base64.b64encode(signature).decode()}


def message(name: str, ids: Sequence[str], *, host: str, message_id: str | None = None, **more: Any) -> bytes:
    """A message about rows of an object."""
    said = {
        "vault_name": "Invented",
        "vault_host_name": host,
        "queue_name": "changes__c",
        "enter_queue_timestamp": "2026-01-01T00:00:00Z",
        "send_message_timestamp": "2026-01-01T00:00:00Z",
        "send_attempt": 1,
        "message_id": message_id or uuid.uuid4().hex,
        "message": {"attributes": {"object": name, "has_related": "false"}, "items": list(ids)},
        **more,
    }
    return json.dumps(said).encode()


def _written(at: datetime) -> str:
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
