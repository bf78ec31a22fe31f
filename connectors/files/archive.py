"""What is inside a zip or a tar. Stored paths are never used, links never followed, archives in archives never opened."""

import fnmatch
import gzip
import io
import stat
import tarfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

from connectors.files.part import GZIP, NEXT, Part, counted
from connectors.files.shelf import Shelf, natural, unfinished
from mdm.connector import Options
from mdm.errors import DamagedError

ENTRIES = 10_000
# Names and notes of a member; nobody needs more.
HEAD = 1 << 20
NESTED = (".zip", ".7z", ".rar", ".tar", ".tgz", ".tar.gz", ".tbz2", ".txz")
_BOOKS = (".xlsx", ".xlsm", ".xlsb", ".ods")


def is_zip(path: Path, label: str) -> bool:
    """Whether this is a zip to look into (an Excel workbook is a zip too, and is not)."""
    with path.open("rb") as stream:
        return stream.read(4) in (b"PK\x03\x04", b"PK\x05\x06") and not label.lower().endswith(_BOOKS)


def is_tar(path: Path, label: str) -> bool:
    """Whether this is a tar, plain or inside a gzip."""
    if label.lower().endswith((".tar", ".tgz", ".tar.gz")):
        return True
    with path.open("rb") as stream:
        head = stream.read(512)
        if head.startswith(GZIP):
            stream.seek(0)
            try:
                head = gzip.GzipFile(fileobj=stream).read(512)
            except (OSError, EOFError):
                return False
    return head[257:262] == b"ustar"


def zip_parts(path: Path, label: str, options: Options) -> list[Part]:
    """The members of a zip that are wanted."""
    try:
        with zipfile.ZipFile(path) as archive:
            members = [info for info in archive.infolist() if not info.is_dir() and not _hidden(info.filename)]
    except zipfile.BadZipFile as error:
        raise DamagedError(f"{label}: the zip is cut off or damaged ({error}); {NEXT}") from None
    if not members:
        raise DamagedError(f"{label}: the zip holds no file; {NEXT}")
    _few(len(members), label)
    chosen = [info for info in members if wanted(info.filename, options)]
    for info in chosen:
        if info.flag_bits & 1:
            raise DamagedError(
                f"{label}/{info.filename}: is encrypted; ask for a delivery without a password, or unpack it by hand"
            )
        _plain(label, info.filename, link=stat.S_ISLNK(info.external_attr >> 16))
    return _ordered(Part(f"{label}/{info.filename}", path, label, info.filename) for info in chosen)


def tar_parts(path: Path, label: str, options: Options, shelf: Shelf) -> list[Part]:
    """The members of a tar that are wanted; what is inside a gzip is taken out of it first, once."""
    plain = path
    with path.open("rb") as raw:
        if raw.read(2) == GZIP:
            raw.seek(0)
            plain = shelf.kept(counted(gzip.GzipFile(fileobj=raw), path.stat().st_size, label, options))  # type: ignore[arg-type]
    try:
        with _Heads(plain) as heads, tarfile.open(fileobj=heads, mode="r:") as archive:
            return _ordered(_tar_members(archive, plain, label, options))
    except (tarfile.TarError, EOFError, ValueError, OverflowError) as error:
        raise DamagedError(f"{label}: the tar is cut off or damaged ({error}); {NEXT}") from None


class _Heads(io.FileIO):
    """A tar of which only heads are read; one that claims to be huge is none."""

    def read(self, size: int | None = -1, /) -> bytes:
        """So many bytes, if they can be a head."""
        if size is None or not 0 <= size <= HEAD:
            raise tarfile.ReadError(f"a head of {size or 0:,} bytes")
        return super().read(size) or b""


def _tar_members(archive: tarfile.TarFile, path: Path, label: str, options: Options) -> Iterator[Part]:
    size = path.stat().st_size
    for count, info in enumerate(archive, start=1):
        _few(count, label)
        if info.isdir() or _hidden(info.name) or not wanted(info.name, options):
            continue
        _plain(label, info.name, link=not info.isreg() or info.issparse())
        if info.offset_data + info.size > size:
            raise DamagedError(f"{label}: the tar is cut off or damaged (in {info.name}); {NEXT}")
        yield Part(f"{label}/{info.name}", path, label, info.name, (info.offset_data, info.size))
    if archive.fileobj is None or not _ended(archive):
        raise DamagedError(f"{label}: the tar is cut off or damaged (it has no end); {NEXT}")


def _ended(archive: tarfile.TarFile) -> bool:
    """Whether the blank block stands that ends a tar: one cut between two members looks whole without it."""
    assert archive.fileobj is not None
    archive.fileobj.seek(archive.offset)
    block = archive.fileobj.read(512)
    return len(block) == 512 and not any(block)


def _plain(label: str, member: str, *, link: bool) -> None:
    if link:
        raise DamagedError(f"{label}/{member}: is a link or a device, not a file; it was not followed: {NEXT}")
    if member.lower().endswith(NESTED):
        raise DamagedError(f"{label}/{member}: an archive inside an archive is not opened; unpack it, or narrow `member`")


def _few(count: int, label: str) -> None:
    if count > ENTRIES:
        raise DamagedError(f"{label}: holds {count} files, more than {ENTRIES}; {NEXT}, or unpack it by hand")


def wanted(filename: str, options: Options) -> bool:
    """Whether a member's path or name is among those asked for."""
    patterns = options["member"] or "*"
    names = (filename, filename.rsplit("/", 1)[-1])
    return any(
        fnmatch.fnmatch(name, pattern) for pattern in ([patterns] if isinstance(patterns, str) else patterns) for name in names
    )


def _hidden(filename: str) -> bool:
    return filename.startswith("__MACOSX/") or unfinished(filename.rsplit("/", 1)[-1])


def _ordered(parts: Iterator[Part]) -> list[Part]:
    return sorted(parts, key=lambda part: natural(part.member or ""))
