"""Logging in: a grant shown once, a token that lives in memory only, and a place to use it that was agreed upon.

The answer to a login names the host to go on with. A token is shown there only if that host is the configured one or
one the settings allow.
"""

import base64
import fnmatch
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import requests

from mdm.connector import Context, Door, Options, address, loopback
from mdm.errors import ConfigError, DamagedError, DeniedError, SourceError, UnavailableError

PATH = "/services/oauth2/token"
NEEDED = {
    "client_credentials": ("client_id", "client_secret"),
    "password": ("client_id", "client_secret", "username", "password"),
    "jwt": ("client_id", "username", "private_key"),
}
PASSING = {"server_error", "temporarily_unavailable", "unknown_error", "rate_limit_exceeded"}
JWT_LIVES = 180
_HOST = re.compile(r"[a-z0-9.-]+")


@dataclass(frozen=True)
class Granted:
    """What a login gave: a token, and where to use it."""

    token: str = field(repr=False)
    base: str


def required(source: str, options: Options) -> None:
    """Refuse options that no login can be made of."""
    missing = [name for name in NEEDED[options["grant"]] if not options[name]]
    if missing:
        raise ConfigError(f"source {source!r}: option {missing[0]!r} is missing for grant = {options['grant']!r}; set it")


def login(source: str, options: Options, context: Context, door: Door, now: float) -> Granted:
    """A new session; refused credentials are never shown a second time."""
    base = address(source, options["base_url"])
    form = _form(source, options, context, now)
    answer = door.ask("POST", PATH, lambda response: _read(source, response), data=form)
    token = answer.get("access_token")
    if not isinstance(token, str) or not token:
        raise DamagedError(f"source {source!r}: the login was answered without a token; check login_url")
    context.secrets.remember(token)
    return Granted(token, _agreed(source, options, base, str(answer.get("instance_url") or base)))


def complaint(source: str, context: Context, response: requests.Response) -> SourceError | None:
    """Why a login was refused, in the server's own words."""
    if response.ok:
        return None
    try:
        said = response.json()
    except requests.JSONDecodeError:
        return None
    if not isinstance(said, dict) or not said.get("error"):
        return None
    kind = str(said["error"])
    told = context.secrets.redact(f"source {source!r}: the login answered {kind}: {said.get('error_description', '')}")[:400]
    if kind in PASSING or response.status_code >= 500:
        return UnavailableError(f"{told}; try again later")
    return DeniedError(f"{told}. It was not tried again, for that could lock the account; correct the credentials or rights")


def _read(source: str, response: requests.Response) -> dict[str, Any]:
    try:
        answer = response.json()
    except requests.JSONDecodeError:
        answer = None
    if not isinstance(answer, dict):
        raise UnavailableError(f"source {source!r}: the login was not answered with JSON; try again later")
    return answer


def _form(source: str, options: Options, context: Context, now: float) -> dict[str, str]:
    reveal = context.secrets.reveal
    if options["grant"] == "jwt":
        key = reveal(options["private_key"])
        claims = {
            "iss": options["client_id"],
            "sub": options["username"],
            "aud": options["audience"] or _audience(address(source, options["login_url"] or options["base_url"])),
            "exp": int(now) + JWT_LIVES,
        }
        assertion = context.secrets.remember(_signed(source, claims, key))
        return {"grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer", "assertion": assertion}
    form = {"grant_type": options["grant"], "client_id": options["client_id"], "client_secret": reveal(options["client_secret"])}
    if options["grant"] == "password":
        form |= {"username": options["username"], "password": reveal(options["password"])}
    return form


def _audience(url: str) -> str:
    """Who a signed login at this address is for: Salesforce itself, or the world of its sandboxes."""
    if not url.endswith(".salesforce.com"):
        return url
    tried = ".sandbox." in url or url == "https://test.salesforce.com"
    return "https://test.salesforce.com" if tried else "https://login.salesforce.com"


def _signed(source: str, claims: Mapping[str, Any], key: str) -> str:
    """The claims as a token signed with RS256."""
    try:
        from cryptography.hazmat.primitives import hashes, serialization
        from cryptography.hazmat.primitives.asymmetric import padding, rsa
    except ImportError:
        raise ConfigError(
            f"source {source!r}: grant = 'jwt' needs a library that is not installed; install lifescience-mdm[signatures]"
        ) from None
    try:
        private = serialization.load_pem_private_key(key.encode(), password=None)
    except (ValueError, TypeError):
        # The error's own text may hold the key.
        private = None
    if not isinstance(private, rsa.RSAPrivateKey):
        raise ConfigError(f"source {source!r}: private_key is not an RSA key in PEM without a pass phrase; set another")
    text = b".".join(_encoded(json.dumps(part).encode()) for part in ({"alg": "RS256", "typ": "JWT"}, claims))
    return (text + b"." + _encoded(private.sign(text, padding.PKCS1v15(), hashes.SHA256()))).decode()


def _encoded(data: bytes) -> bytes:
    return base64.urlsafe_b64encode(data).rstrip(b"=")


def _agreed(source: str, options: Options, base: str, instance: str) -> str:
    """The host a token may be shown to."""
    try:
        parts = urlsplit(instance)
    except ValueError:
        raise DamagedError(
            f"source {source!r}: the login sends us on to no address at all; ask who answers at login_url"
        ) from None
    # Readers of addresses differ about odd characters in a host, so none of them passes.
    host = parts.hostname if parts.hostname and _HOST.fullmatch(parts.hostname) else ""
    near = loopback(base) and loopback(instance) and parts.scheme in ("http", "https")
    allowed = parts.scheme == "https" and any(fnmatch.fnmatchcase(host, one.lower()) for one in options["instances"])
    if instance.rstrip("/") != base and not near and not (allowed and parts.netloc.lower() in (host, f"{host}:443")):
        raise DamagedError(
            f"source {source!r}: the login sends us on to {parts.hostname!r}, which the settings do not name; if it is yours, add it to "
            "`instances`, else ask who answers at login_url"
        )
    return address(source, instance)
