"""Spark messages: what a Vault sends when rows change, checked and put into an inbox.

A message names rows; it never carries them. It counts only when it is signed with the Vault's certificate, is within the time
it is good for, and is about the Vault that is meant. A message that comes again is acknowledged and not stored again. What
gets lost on the way is healed by the next polling.
"""

import base64
import json
import re
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from connectors.vault.client import Client, seconds
from connectors.vault.inbox import append, cleared, is_id
from mdm.errors import ConfigError, MdmError, SourceError, UnavailableError

PREFIX = "x-vaultapisignature-"
SIGNATURES = ("x-vaultapi-signaturev2", "x-vaultapi-signature")
LARGEST = 1 << 20
LARGEST_CERTIFICATE = 1 << 16
# How far two clocks may be apart.
LEEWAY = 60
# A stranger must not make us ask the Vault for certificate after certificate.
ASKED_A_MINUTE = 6
_CERTIFICATE = re.compile(r"[A-Za-z0-9_-]{1,64}")
StartResponse = Callable[[str, list[tuple[str, str]]], Any]


class Untrusted(SourceError):
    """The message may come from anybody."""


@dataclass(frozen=True)
class Verdict:
    """What the sender is told."""

    status: str
    text: str


@dataclass
class Receiver:
    """Takes messages for one Vault; a WSGI application. `address` is the URL the Vault was told to send to."""

    client: Client
    inbox: Path
    address: str
    _keys: dict[str, tuple[Any, float, float]] = field(default_factory=dict, repr=False)
    _asked: list[float] = field(default_factory=list, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def __call__(self, environ: Mapping[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request."""
        verdict = self._request(environ)
        body = f"{verdict.text}\n".encode()
        start_response(verdict.status, [("Content-Type", "text/plain; charset=utf-8"), ("Content-Length", str(len(body)))])
        return [body]

    def _request(self, environ: Mapping[str, Any]) -> Verdict:
        if environ.get("REQUEST_METHOD") != "POST":
            return Verdict("405 Method Not Allowed", "send messages by POST")
        length = str(environ.get("CONTENT_LENGTH") or "")
        if not length.isdigit():
            return Verdict("411 Length Required", "say how long the message is")
        if int(length) > LARGEST:
            return Verdict("413 Content Too Large", f"a message is no longer than {LARGEST:,} bytes")
        headers = {name[5:].replace("_", "-").lower(): str(value) for name, value in environ.items() if name.startswith("HTTP_")}
        return self.take(headers, environ["wsgi.input"].read(int(length)), str(environ.get("QUERY_STRING") or ""))

    def take(self, headers: Mapping[str, str], body: bytes, query: str = "") -> Verdict:
        """Check one message and store it."""
        log = self.client.context.log
        try:
            self._verify({name.lower(): value.strip() for name, value in headers.items()}, body, query)
            message_id, name, ids = self._message(body)
            fresh = append(self.inbox, message_id, name, ids)
            cleared(self.inbox, time.time())
        except Untrusted as error:
            log.warning("message refused", extra={"source": self.client.source, "told": str(error)})
            return Verdict("401 Unauthorized", "the message cannot be trusted")
        except (MdmError, OSError) as error:
            told = self.client.context.secrets.redact(str(error))
            log.error("message not stored", extra={"source": self.client.source, "told": told})
            return Verdict("503 Service Unavailable", "the message could not be stored; send it again")
        log.info(
            "message taken" if fresh else "message known", extra={"source": self.client.source, "object": name, "ids": len(ids)}
        )
        return Verdict("200 OK", "taken" if fresh else "known already")

    def _verify(self, headers: Mapping[str, str], body: bytes, query: str) -> None:
        """Refuse what the Vault did not sign, and what it signed for another time."""
        now = self.client.context.clock()
        if not _time(headers, "requestnotbefore") - LEEWAY <= now <= _time(headers, "requestnotafter") + LEEWAY:
            raise Untrusted("the message is not good now: it is old, was sent again by somebody, or a clock is wrong")
        wanted, got = self.client.options["vault_id"], headers.get(f"{PREFIX}vaultid")
        if wanted and got and str(wanted) != got:
            raise Untrusted(f"the message is from Vault {got[:40]!r}, not from {wanted}")
        key, begins, ends = self._key(headers.get(f"{PREFIX}certificateid", ""))
        if not begins - LEEWAY <= now <= ends + LEEWAY:
            raise Untrusted("the message is signed with a certificate that is not good now")
        url = f"{self.address}?{query}" if query else self.address
        signed = signature_text(headers, body, url)
        if not any(_fits(key, headers[name], signed) for name in SIGNATURES if name in headers):
            raise Untrusted(
                "the signature does not fit: the message was altered, or `spark_address` is not what the Vault sends to"
            )

    def _message(self, body: bytes) -> tuple[str, str, list[str]]:
        """What a signed message says: its id, the object, and the rows."""
        try:
            said = json.loads(body)
            message = said["message"]
            found = str(said["message_id"]), str(message["attributes"]["object"]), list(message["items"])
        except (ValueError, KeyError, TypeError) as error:
            raise Untrusted(f"the message has not the shape of one ({type(error).__name__})") from None
        if not found[0] or not all(is_id(one) for one in [found[1], *found[2]]):
            raise Untrusted("the message names its object or rows by what are no ids")
        host, wanted = (
            str(said.get("vault_host_name", "")).lower(),
            self.client.options["vault_dns"] or urlsplit(self.client.door.base).hostname,
        )
        if host != str(wanted).lower():
            raise Untrusted(f"the message is about {host[:80]!r}, not {wanted}")
        return found

    def _key(self, certificate: str) -> tuple[Any, float, float]:
        """The public key of a certificate, and the times between which it is good."""
        if not _CERTIFICATE.fullmatch(certificate):
            raise Untrusted("the message does not say which certificate it is signed with")
        with self._lock:
            if certificate not in self._keys:
                self._may_ask()
                self._keys[certificate] = self._fetched(certificate)
            return self._keys[certificate]

    def _may_ask(self) -> None:
        now = self.client.context.clock()
        self._asked = [at for at in self._asked if at > now - 60]
        if len(self._asked) >= ASKED_A_MINUTE:
            raise UnavailableError("messages name one certificate after the other; none is asked for until a minute has passed")
        self._asked.append(now)

    def _fetched(self, certificate: str) -> tuple[Any, float, float]:
        from cryptography import x509
        from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

        link = self.client.path(f"services/certificate/{certificate}")
        try:
            with self.client.download(link, largest=LARGEST_CERTIFICATE) as file:
                read = x509.load_pem_x509_certificate(file.read())
        except UnavailableError:
            raise
        except (SourceError, ValueError) as error:
            raise Untrusted(f"there is no certificate {certificate!r} ({type(error).__name__})") from None
        key = read.public_key()
        if not isinstance(key, RSAPublicKey):
            raise Untrusted(f"certificate {certificate!r} holds no RSA key")
        return key, read.not_valid_before_utc.timestamp(), read.not_valid_after_utc.timestamp()


def receiver(client: Client) -> Receiver:
    """The receiver the options describe."""
    missing = [name for name in ("spark_inbox", "spark_address") if not client.options[name]]
    if missing:
        raise ConfigError(f"source {client.source!r}: option {missing[0]!r} is missing; messages cannot be received without it")
    try:
        import cryptography  # noqa: F401
    except ImportError:
        raise ConfigError(
            f"source {client.source!r}: signatures need the extra `signatures`: pip install 'lifescience-mdm[signatures]'"
        ) from None
    return Receiver(client, client.context.path(client.options["spark_inbox"]), client.options["spark_address"])


def signature_text(headers: Mapping[str, str], body: bytes, url: str) -> bytes:
    """What a Vault signs: its signature headers in order, the body, and the whole address."""
    said = {name.lower(): value.strip() for name, value in headers.items() if name.lower().startswith(PREFIX)}
    lines = "".join(f"{name}:{said[name]}\n" for name in sorted(said))
    return lines.encode() + body + b"\n" + url.encode()


def _fits(key: Any, signature: str, signed: bytes) -> bool:
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
    from cryptography.hazmat.primitives.hashes import SHA256

    try:
        key.verify(base64.b64decode(signature, validate=True), signed, PKCS1v15(), SHA256())
    except (InvalidSignature, ValueError):
        return False
    return True


def _time(headers: Mapping[str, str], name: str) -> float:
    """A time of the signature: written out, or as seconds or milliseconds since 1970."""
    text = headers.get(PREFIX + name, "")
    try:
        if text.isdigit():
            return int(text) / (1000 if len(text) > 11 else 1)
        return seconds(text)
    except (ValueError, OverflowError):
        raise Untrusted(f"the message does not say {name!r}, so it could be sent again for ever") from None
