"""An archive's parts as one stream, and the members that are wanted out of it, each in a temporary file.

Nothing is written by the name a member gives itself, nothing but plain files is taken, and bytes are counted while they
are inflated: an archive that unpacks beyond reason, or wants to be somewhere else, is refused.
"""

import gzip
import io
import tarfile
import tempfile
import weakref
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import IO, Any

from connectors.vault.client import Client
from connectors.vault.direct.listing import Archive, Part, part_link
from mdm.errors import DamagedError

# Tables of text shrink to a tenth or so; what shrinks to less than a two-hundredth was made to.
RATIO = 200
ALLOWED = 64 << 20
MEMBERS = 100_000
LONGEST_NAME = 1 << 16
STEP = 1 << 20
# How many bytes of archives are kept for the streams to come.
ROOM = 8 << 30
LARGEST = 64 << 30


@dataclass
class Shelf:
    """The parts that were downloaded, kept for the next stream as long as there is room."""

    client: Client
    held: dict[Part, IO[bytes]] = field(default_factory=dict)
    known: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        weakref.finalize(self, closed, self.held)

    def unpacked(self, archive: Archive, wanted: Callable[[str], bool]) -> dict[str, IO[bytes]]:
        """The wanted members, by name."""
        found: dict[str, IO[bytes]] = {}
        try:
            for name, file in members(self._parts(archive), archive.name):
                if not wanted(name):
                    continue
                if name in found:
                    raise DamagedError(f"{archive.name}: holds {name!r} twice; ask Veeva's support")
                found[name] = kept(file)
        except BaseException as error:
            closed(found)
            if isinstance(error, (tarfile.TarError, EOFError, zlib.error, gzip.BadGzipFile)):
                raise DamagedError(f"{archive.name}: cannot be unpacked ({error}); run again, or ask Veeva's support") from None
            raise
        return found

    def _parts(self, archive: Archive) -> Iterator[IO[bytes]]:
        for part in archive.parts:
            file = self.held.get(part)
            if file is None:
                file = self.client.download(part_link(self.client, part), md5=part.md5, largest=LARGEST)
                self.held[part] = file
                self._make_room(part)
            file.seek(0)
            yield file

    def _make_room(self, needed: Part) -> None:
        while sum(_size(file) for file in self.held.values()) > ROOM and len(self.held) > 1:
            oldest = next(part for part in self.held if part != needed)
            self.held.pop(oldest).close()


class _Run(io.RawIOBase):
    """Files, one after another, as one; `count` is how many bytes were taken."""

    def __init__(self, files: Iterator[IO[bytes]]) -> None:
        super().__init__()
        self._files, self._file, self.count = files, next(files, None), 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while self._file is not None:
            data = self._file.read(len(buffer))
            if data:
                buffer[: len(data)] = data
                self.count += len(data)
                return len(data)
            self._file = next(self._files, None)
        return 0


class _Inflated:
    """What comes out of the compression, counted."""

    def __init__(self, run: _Run, where: str) -> None:
        self._run, self._where, self._count = run, where, 0
        self._file = gzip.GzipFile(fileobj=io.BufferedReader(run, STEP))

    def read(self, size: int) -> bytes:
        data = self._file.read(size)
        self._count += len(data)
        if self._count > ALLOWED and self._count > RATIO * self._run.count:
            raise DamagedError(
                f"{self._where}: unpacks to more than {RATIO} times its size, as no table does; it was left: ask Veeva's support"
            )
        return data


class _Header(tarfile.TarInfo):
    """A member's header; names that would fill the memory are refused before they are read."""

    @classmethod
    def frombuf(cls, buf: bytes | bytearray, encoding: str, errors: str) -> "_Header":
        header = super().frombuf(buf, encoding, errors)
        extra = (tarfile.XHDTYPE, tarfile.XGLTYPE, tarfile.SOLARIS_XHDTYPE, tarfile.GNUTYPE_LONGNAME, tarfile.GNUTYPE_LONGLINK)
        if header.type in extra and header.size > LONGEST_NAME:
            raise DamagedError("an archive holds a name longer than any name; it was left: ask Veeva's support")
        return header


def members(parts: Iterator[IO[bytes]], where: str) -> Iterator[tuple[str, IO[bytes]]]:
    """The plain files of an archive, in its order, each to be read before the next is asked for."""
    with tarfile.open(fileobj=_Inflated(_Run(parts), where), mode="r|", tarinfo=_Header) as tar:  # type: ignore[call-overload]
        for count, member in enumerate(tar):
            if count >= MEMBERS:
                raise DamagedError(f"{where}: holds more than {MEMBERS:,} members; it was left: ask Veeva's support")
            tar.members = []
            name = _name(member, where)
            if member.isfile():
                file = tar.extractfile(member)
                assert file is not None
                yield name, file


def _name(member: tarfile.TarInfo, where: str) -> str:
    name = member.name.removeprefix("./")
    outside = name.startswith("/") or ".." in name.split("/") or "\\" in name or "\0" in name or ":" in name
    if outside or not (member.isreg() or member.isdir()) or member.issparse():
        raise DamagedError(f"{where}: holds {name[:80]!r}, which is no plain file of its own; nothing of it was read")
    return name


def kept(file: IO[bytes]) -> IO[bytes]:
    """A temporary copy, at its beginning."""
    copy: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 (the caller closes it)
    try:
        while block := file.read(STEP):
            copy.write(block)
    except BaseException:
        copy.close()
        raise
    copy.seek(0)
    return copy


def _size(file: IO[bytes]) -> int:
    return file.seek(0, io.SEEK_END)


def closed(files: dict[Any, IO[bytes]]) -> None:
    """Close these files, and forget them."""
    for file in files.values():
        file.close()
    files.clear()
