"""Where bytes come from: files on disk, members of a zip, the inside of a gzip.

Nothing is unpacked to disk, stored paths are never used, and what comes out is counted against limits while it comes.
"""

import fnmatch
import glob
import gzip
import hashlib
import re
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, cast

from mdm.connector import Context, Options
from mdm.errors import DamagedError, UnavailableError

BLOCK = 8 << 20
ENTRIES = 10_000
# Below this size a high ratio means only that a small file repeats itself.
RATIO_FROM = 1 << 20
UNFINISHED = (".tmp", ".part", ".partial", ".filepart", ".crdownload")
NEXT = "ask for a new delivery"


@dataclass(frozen=True)
class Part:
    """One thing to read: a file, or a member of an archive; `label` names it in every message."""

    label: str
    path: Path
    member: str | None = None

    @property
    def name(self) -> str:
        """The name that tells the format, without a gzip ending."""
        return re.sub(r"\.gz$", "", self.member or self.path.name, flags=re.IGNORECASE)


def found(context: Context, options: Options) -> list[Part]:
    """What the stream's path matches, in order of name, numbers counted as numbers."""
    patterns = options["path"] if isinstance(options["path"], list) else [options["path"]]
    parts = [part for pattern in patterns for path in _matches(context, pattern) for part in _parts(path, options)]
    if not parts:
        member = f" with a member like {options['member']!r}" if options["member"] else ""
        raise UnavailableError(
            f"no file matches {', '.join(map(repr, patterns))}{member} (looked from the folder of mdm.toml); "
            "check the path, or wait for the delivery"
        )
    return parts


def _matches(context: Context, pattern: str) -> list[tuple[Path, str]]:
    full = context.path(pattern)
    parts = full.parts
    fixed = next((at for at, part in enumerate(parts) if glob.has_magic(part)), len(parts) - 1)
    base = Path(*parts[:fixed])
    # `Path.glob` cannot take an absolute pattern.
    names = [Path(name) for name in glob.glob(str(full), recursive=True)]  # noqa: PTH207
    files = [path for path in names if path.is_file() and not _unfinished(path.name)]
    return sorted(((path, path.relative_to(base).as_posix()) for path in files), key=lambda pair: natural(pair[1]))


def natural(text: str) -> list[tuple[int, int, str]]:
    """A sorting key in which file 2 comes before file 10."""
    bits = re.split(r"([0-9]+)", text)
    return [(0, int(bit), bit) if at % 2 else (1, 0, bit) for at, bit in enumerate(bits)]


def _unfinished(name: str) -> bool:
    return name.startswith((".", "~$")) or name.lower().endswith(UNFINISHED)


def _parts(found: tuple[Path, str], options: Options) -> list[Part]:
    path, label = found
    if not is_archive(path):
        return [Part(label, path)]
    with _archive(path, label) as archive:
        members = [info for info in archive.infolist() if not info.is_dir() and not _hidden(info.filename)]
    if len(members) > ENTRIES:
        raise DamagedError(f"{label}: holds {len(members)} files, more than {ENTRIES}; {NEXT}, or unpack it by hand")
    wanted = options["member"] or "*"
    chosen = [info for info in members if fnmatch.fnmatch(info.filename, wanted) or _named(info.filename, wanted)]
    return [_member(path, label, info) for info in sorted(chosen, key=lambda info: natural(info.filename))]


def _hidden(filename: str) -> bool:
    return filename.startswith("__MACOSX/") or _unfinished(filename.rsplit("/", 1)[-1])


def _named(filename: str, wanted: str) -> bool:
    return fnmatch.fnmatch(filename.rsplit("/", 1)[-1], wanted)


def _member(path: Path, label: str, info: zipfile.ZipInfo) -> Part:
    inside = f"{label}/{info.filename}"
    if info.flag_bits & 1:
        raise DamagedError(f"{inside}: is encrypted; ask for a delivery without a password, or unpack it by hand")
    if info.filename.lower().endswith((".zip", ".7z", ".rar", ".tar", ".tgz")):
        raise DamagedError(f"{inside}: an archive inside an archive is not opened; unpack it, or narrow `member`")
    return Part(inside, path, info.filename)


def is_archive(path: Path) -> bool:
    """Whether this is a zip to look into (an Excel workbook is a zip too, and is not)."""
    with path.open("rb") as stream:
        return stream.read(4) == b"PK\x03\x04" and path.suffix.lower() not in (".xlsx", ".xlsm")


def _archive(path: Path, label: str) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(path)
    except zipfile.BadZipFile as error:
        raise DamagedError(f"{label}: the zip is cut off or damaged ({error}); {NEXT}") from None


def digest(path: Path) -> str:
    """The identity of a file's content."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, lambda: hashlib.blake2b(digest_size=16)).hexdigest()


def blocks(part: Part, options: Options) -> Iterator[bytes]:
    """The part's bytes, unpacked, in blocks; truncated, oversized or hostile ones end in DamagedError."""
    total, packed = 0, part.path.stat().st_size
    try:
        with part.path.open("rb") as raw:
            stream, packed = _opened(raw, part, packed)
            while block := stream.read(BLOCK):
                total += len(block)
                _within(part, total, packed, options)
                yield block
    except (EOFError, zlib.error, gzip.BadGzipFile, zipfile.BadZipFile) as error:
        raise DamagedError(
            f"{part.label}: the compressed data is cut off or damaged after {total:,} bytes ({error}); {NEXT}"
        ) from None
    except NotImplementedError as error:
        raise DamagedError(f"{part.label}: cannot be unpacked ({error}); ask for plain deflate") from None


def _opened(raw: IO[bytes], part: Part, size: int) -> tuple[IO[bytes], int]:
    """The unpacked stream, and how many packed bytes it comes from."""
    stream: IO[bytes] = raw
    if part.member is not None:
        archive = zipfile.ZipFile(raw)
        info = archive.getinfo(part.member)
        stream, size = archive.open(info), info.compress_size
    head = stream.read(2)
    stream.seek(0)
    if head == b"\x1f\x8b":
        stream = cast("IO[bytes]", gzip.GzipFile(fileobj=stream))
    return stream, size


def _within(part: Part, total: int, packed: int, options: Options) -> None:
    if total > options["max_bytes"]:
        raise DamagedError(
            f"{part.label}: is larger than {options['max_bytes']:,} bytes; raise max_bytes if that is right, or {NEXT}"
        )
    if total > RATIO_FROM and total > packed * options["max_ratio"]:
        raise DamagedError(
            f"{part.label}: unpacks to more than {options['max_ratio']} times its size, as a zip bomb does; "
            f"raise max_ratio if that is right, or {NEXT}"
        )


def unchanged(part: Part, before: tuple[int, int]) -> None:
    """Refuse a file that somebody wrote to while it was read."""
    if stamp(part.path) != before:
        raise UnavailableError(
            f"{part.label}: changed while it was read; deliver under another name and rename it when it is whole"
        )


def stamp(path: Path) -> tuple[int, int]:
    """Size and time of change."""
    stat = path.stat()
    return stat.st_size, stat.st_mtime_ns


def suggested_name(part: Part) -> str:
    """A stream's name from a file's: without its ending, numbers and dates."""
    stem = re.sub(r"\.[A-Za-z]{2,6}$", "", part.name.rsplit("/", 1)[-1])
    return re.sub(r"[^a-z0-9]+", "_", re.sub(r"[-_. ]*\d[-_. \d]*$", "", stem).lower()).strip("_") or "files"


def labels(parts: Sequence[Part]) -> str:
    """A few names, for a message."""
    names = [part.label for part in parts]
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
