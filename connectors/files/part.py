"""One thing to read: a file, or a member of an archive, as bytes that are counted while they come.

Nothing is unpacked under a stored name, and what comes out is held against the limits before it goes on.
"""

import gzip
import hashlib
import re
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, cast

from mdm.connector import Options
from mdm.errors import DamagedError, UnavailableError

BLOCK = 8 << 20
# Below this size a high ratio means only that a small file repeats itself.
RATIO_FROM = 1 << 20
NEXT = "ask for a new delivery"
GZIP = b"\x1f\x8b"
FOREIGN = {b"7z\xbc\xaf": "7z", b"Rar!": "rar", b"BZh": "bzip2", b"\xfd7zX": "xz", b"\x28\xb5\x2f\xfd": "zstd"}
UNREAD = {b"%PDF": "a PDF", b"-----BEGIN PGP": "encrypted with PGP"}


@dataclass(frozen=True)
class Part:
    """`label` names it in every message; `file` is the label of the file it came in, and `path` that file here.

    A member of a zip has its name in `member`, one of a tar its place in `span` as well. One that has landed and is known by
    `content` was not fetched again.
    """

    label: str
    path: Path
    file: str
    member: str | None = None
    span: tuple[int, int] | None = None
    content: str | None = None

    @property
    def name(self) -> str:
        """The name that tells the format, without a gzip ending."""
        return re.sub(r"\.gz$", "", self.member or self.file.rsplit("/", 1)[-1], flags=re.IGNORECASE)


def blocks(part: Part, options: Options) -> Iterator[bytes]:
    """The part's bytes, unpacked, in blocks; truncated, oversized or hostile ones end in DamagedError."""
    try:
        with part.path.open("rb") as raw:
            stream, packed = _opened(raw, part)
            yield from counted(stream, packed, part.label, options)
    except (EOFError, zlib.error, gzip.BadGzipFile, zipfile.BadZipFile) as error:
        raise DamagedError(f"{part.label}: the compressed data is cut off or damaged ({error}); {NEXT}") from None
    except NotImplementedError as error:
        raise DamagedError(f"{part.label}: cannot be unpacked ({error}); ask for plain deflate") from None


def counted(stream: IO[bytes], packed: int, label: str, options: Options) -> Iterator[bytes]:
    """The blocks of a stream that came out of so many packed bytes, as long as they keep to the limits."""
    total = 0
    while True:
        try:
            block = stream.read(BLOCK)
        except (EOFError, zlib.error, gzip.BadGzipFile, zipfile.BadZipFile) as error:
            raise DamagedError(
                f"{label}: the compressed data is cut off or damaged after {total:,} bytes ({error}); {NEXT}"
            ) from None
        if not block:
            return
        total += len(block)
        within(label, total, packed, options)
        yield block


def _opened(raw: IO[bytes], part: Part) -> tuple[IO[bytes], int]:
    """The unpacked stream, and how many packed bytes it comes from."""
    stream, size = raw, part.path.stat().st_size
    if part.span is not None:
        info = tarfile.TarInfo(part.member or "")
        info.offset_data, info.size = part.span
        stream, size = cast("IO[bytes]", tarfile.TarFile(fileobj=raw).extractfile(info)), info.size
    elif part.member is not None:
        archive = zipfile.ZipFile(raw)
        inside = archive.getinfo(part.member)
        stream, size = archive.open(inside), inside.compress_size
    head = stream.read(16)
    stream.seek(0)
    if head.startswith(GZIP):
        return cast("IO[bytes]", gzip.GzipFile(fileobj=stream)), size
    if kind := next((kind for mark, kind in FOREIGN.items() if head.startswith(mark)), None):
        raise DamagedError(f"{part.label}: is packed with {kind}, which is not read; ask for zip or gzip, or unpack it by hand")
    if kind := next((kind for mark, kind in UNREAD.items() if head.startswith(mark)), None):
        raise DamagedError(f"{part.label}: is {kind}, which is not read; ask for the data themselves, or convert it by hand")
    return stream, size


def within(label: str, total: int, packed: int, options: Options) -> None:
    """Refuse what is larger than the limits, or unpacks to too many times its size."""
    if total > options["max_bytes"]:
        raise DamagedError(f"{label}: is larger than {options['max_bytes']:,} bytes; raise max_bytes if that is right, or {NEXT}")
    if total > RATIO_FROM and total > packed * options["max_ratio"]:
        raise DamagedError(
            f"{label}: unpacks to more than {options['max_ratio']} times its size, as a zip bomb does; "
            f"raise max_ratio if that is right, or {NEXT}"
        )


def digest(path: Path) -> str:
    """The identity of a file's content."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, lambda: hashlib.blake2b(digest_size=16)).hexdigest()


def stamp(path: Path) -> tuple[int, int]:
    """Size and time of change."""
    stat = path.stat()
    return stat.st_size, stat.st_mtime_ns


def unchanged(part: Part, before: tuple[int, int]) -> None:
    """Refuse a file that somebody wrote to while it was read."""
    if stamp(part.path) != before:
        raise UnavailableError(
            f"{part.label}: changed while it was read; deliver under another name and rename it when it is whole"
        )
