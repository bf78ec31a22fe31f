"""An SFTP server that shows the key that is pinned, and no other."""

import io
import logging
from typing import Any

from connectors.files.borrowed import library, secret
from mdm.connector import Context, Options
from mdm.errors import ConfigError

TIMEOUT = 60


def connected(context: Context, options: Options, host: str, *, port: int | None, user: str | None) -> Any:
    """The server's files."""
    paramiko = library("paramiko")
    pins = options["host_key"] or []
    pins = [pins] if isinstance(pins, str) else pins
    if not pins:
        raise ConfigError(
            f"sftp://{host}: set host_key to the server's key, as its keeper tells it ('ssh-ed25519 AAAA...' or 'SHA256:...')"
        )
    user = user or options["username"]
    if not user:
        raise ConfigError(f"sftp://{host}: no user; write sftp://<user>@{host}/..., or set username")
    # The library tells of failures in its log, and more than it should.
    logging.getLogger("paramiko").setLevel(logging.CRITICAL)
    password, key = secret(context, options, "password"), secret(context, options, "private_key")
    return library("fsspec.implementations.sftp").SFTPFileSystem(
        host, port=port or 22, username=user, password=None if key else password,
        pkey=None if key is None else _key(paramiko, key, password), host_key_policy=_pinned(paramiko, pins),
        look_for_keys=False, allow_agent=False, timeout=TIMEOUT, banner_timeout=TIMEOUT, auth_timeout=TIMEOUT,
        skip_instance_cache=True,
    )  # fmt: skip


def _key(paramiko: Any, text: str, password: str | None) -> Any:
    for kind in ("Ed25519Key", "ECDSAKey", "RSAKey"):
        try:
            return getattr(paramiko, kind).from_private_key(io.StringIO(text), password)
        except (paramiko.SSHException, ValueError, IndexError):
            continue
    raise ConfigError(
        "private_key cannot be read as an OpenSSH or PEM key; check the file, and `password` if it has a passphrase"
    )


class UnknownHost(Exception):
    """A server showed another key than the pinned one."""


def _pinned(paramiko: Any, pins: list[str]) -> Any:
    wanted = {pin.split()[1] if pin.startswith(("ssh-", "ecdsa-")) and len(pin.split()) > 1 else pin for pin in pins}

    class Pinned(paramiko.MissingHostKeyPolicy):
        """Takes the pinned keys and no other."""

        def missing_host_key(self, client: Any, hostname: str, key: Any) -> None:
            if not wanted & {key.get_base64(), key.fingerprint, key.fingerprint.rstrip("=")}:
                raise UnknownHost(
                    f"shows the host key {key.fingerprint}, which is not the pinned one; nothing was sent: ask its keeper, then correct host_key"
                )

    return Pinned()
