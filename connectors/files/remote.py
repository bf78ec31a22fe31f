"""Files on object stores and SFTP servers, by address: `s3://bucket/...`, `sftp://user@host/...`.

The host is the settings' and no other: a redirect is not followed, an SFTP server shows the key that is pinned. Nothing is
taken from this machine's environment, and credentials are references in options, never part of an address.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import unquote, urlsplit

from connectors.files import bucket, sftp
from connectors.files.borrowed import library
from connectors.files.part import BLOCK
from connectors.files.place import Found, Place, literal
from connectors.files.shelf import Shelf
from mdm.connector import Context, Options, retried
from mdm.errors import ConfigError, DamagedError, DeniedError, MdmError, UnavailableError

T = TypeVar("T")
SCHEMES = ("s3", "sftp", "memory")


@dataclass(frozen=True)
class Address:
    """An address taken apart; `path` is as the store names things, with its pattern."""

    scheme: str
    host: str
    path: str
    port: int | None = None
    user: str | None = None


def opened(context: Context, options: Options, pattern: str, shelf: Shelf) -> Place:
    """The place an address names, connected to on first use."""
    where = address(pattern)
    makers = {
        "s3": lambda: bucket.connected(context, options, where.host),
        "sftp": lambda: sftp.connected(context, options, where.host, port=where.port, user=where.user),
        "memory": lambda: library("fsspec").filesystem("memory"),
    }
    return Store(context, options, shelf, where, makers[where.scheme])


def address(pattern: str) -> Address:
    """What an address says; one that holds a password is refused, and not repeated."""
    scheme, _, rest = pattern.partition("://")
    host, _, path = rest.partition("/")
    if "@" in host and (scheme != "sftp" or ":" in host.rpartition("@")[0]):
        raise ConfigError(
            f"an address {scheme}:// holds a password; take it out and give a reference: password = 'env:NAME' (or access_key, secret_key)"
        )
    if scheme not in SCHEMES:
        raise ConfigError(f"files cannot be read from {scheme}://; there are: {', '.join(SCHEMES)}, or a path on this machine")
    parts = urlsplit(f"{scheme}://{host}")
    if not host or (scheme == "sftp" and not parts.hostname):
        raise ConfigError(
            f"the address {scheme}://... names no {'bucket' if scheme == 's3' else 'host'}; write {scheme}://<name>/<path>"
        )
    try:
        port = parts.port
    except ValueError:
        raise ConfigError(f"the address {scheme}://{parts.hostname}... has a port that is no number; correct it") from None
    if scheme == "sftp":
        return Address(scheme, parts.hostname or "", "/" + path, port, unquote(parts.username) if parts.username else None)
    return Address(scheme, host, f"{host}/{path}" if scheme == "s3" else f"/{host}/{path}")


@dataclass
class Store:
    """Files that fsspec reaches."""

    context: Context
    options: Options
    shelf: Shelf
    where: Address
    connect: Callable[[], Any] = field(repr=False)
    _system: Any = field(default=None, repr=False)

    def matching(self, member: Callable[[str], bool]) -> list[Found]:
        """The files of the pattern; of a folder, those whose name is wanted."""
        return self._asked(lambda: self._matching(member))

    def _matching(self, member: Callable[[str], bool]) -> list[Found]:
        path = self.where.path
        magic = any(sign in path for sign in "*?[")
        if not magic and self.system.isdir(path.rstrip("/")):
            base = path.rstrip("/")
            return [one for one in self._glob(f"{literal(base)}/*", base) if member(one.name)]
        fixed = next((at for at, part in enumerate(path.split("/")) if any(sign in part for sign in "*?[")), path.count("/"))
        return self._glob(path if magic else literal(path), "/".join(path.split("/")[:fixed]))

    def beside(self, found: Found, pattern: str) -> list[Found]:
        """The files in the same folder that a pattern matches."""
        folder = found.address.rpartition("/")[0]
        base = found.address[: len(found.address) - len(found.label)].rstrip("/")
        return self._asked(lambda: self._glob(f"{literal(folder)}/{pattern}", base))

    def fetched(self, found: Found) -> Path:
        """A copy on the shelf."""
        return self._asked(lambda: self.shelf.kept(self._blocks(found)))

    @property
    def system(self) -> Any:
        """The connection; made once, closed with the shelf."""
        if self._system is None:
            self._system = self.connect()
            self.shelf.closing(lambda: _closed(self._system))
        return self._system

    def _glob(self, pattern: str, base: str) -> list[Found]:
        told = self.system.glob(pattern, detail=True)
        base = base.strip("/")
        found = []
        for path, info in sorted(told.items()):
            if info.get("type") in ("file", "link") and not path.endswith("/"):
                label = path.strip("/").removeprefix(base).strip("/")
                size, moment = int(info.get("size") or 0), _seconds(info)
                found.append(Found(label, path, size, moment, f"{size}/{moment}/{info.get('ETag', '')}"))
        return found

    def _blocks(self, found: Found) -> Iterator[bytes]:
        most, total = self.options["max_bytes"], 0
        with self.system.open(found.address, "rb", block_size=BLOCK) as stream:
            while block := stream.read(BLOCK):
                total += len(block)
                if total > most:
                    raise DamagedError(f"{found.label}: is larger than {most:,} bytes; raise max_bytes if that is right")
                yield block
        if total < found.size:
            raise UnavailableError(f"{found.label}: broke off after {total:,} of {found.size:,} bytes; try again later")

    def _asked(self, call: Callable[[], T]) -> T:
        return retried(lambda: _judged(call, f"{self.where.scheme}://{self.where.host}"), self.context)


def _judged(call: Callable[[], T], where: str) -> T:
    """The call's result, or its failure by what to do next; a library's own words may hold what nobody should read."""
    try:
        return call()
    except (FileNotFoundError, NotADirectoryError):
        raise UnavailableError(f"{where}: there is nothing at the path; check it, or wait for the delivery") from None
    except PermissionError as error:
        raise DeniedError(f"{where}: refuses this user ({type(error).__name__}); correct the credentials or the rights") from None
    except (OSError, EOFError) as error:
        raise UnavailableError(f"{where}: no answer ({type(error).__name__}); try again later") from None
    except sftp.UnknownHost as error:
        raise DeniedError(f"{where}: {error}") from None
    except Exception as error:
        if type(error).__module__.partition(".")[0] in ("paramiko", "botocore", "aiobotocore", "s3fs", "aiohttp"):
            raise _told(error, where) from None
        raise


def _told(error: Exception, where: str) -> Exception:
    name, inner = type(error).__name__, getattr(error, "kwargs", {}).get("error")
    if isinstance(inner, MdmError):
        return inner
    if name in ("AuthenticationException", "BadAuthenticationType", "PasswordRequiredException", "NoCredentialsError"):
        return DeniedError(f"{where}: refuses this user ({name}); correct username, password or key: it was not tried again")
    return UnavailableError(f"{where}: no answer ({name}); try again later")


def _seconds(info: dict[str, Any]) -> float | None:
    """When a file was last written, as far as the store says."""
    moment = info.get("mtime") or info.get("LastModified") or info.get("created")
    if isinstance(moment, datetime):
        return moment.timestamp()
    return float(moment) if isinstance(moment, int | float) else None


def _closed(system: Any) -> None:
    client = getattr(system, "client", None)
    if client is not None:
        client.close()
