"""A folder of messages: which rows of which object a Vault said to look at again.

The receiver appends, numbered without gaps, so whoever has read up to a number has seen everything before it. A reader
remembers the number in its checkpoint and never touches a file; the receiver clears away what is a week old.
"""

import hashlib
import itertools
import json
import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mdm.errors import DamagedError

# As many ids as go into one query.
CHUNK = 200
KEPT = 7 * 86_400
TRIES = 1000
_FILE = re.compile(r"(\d{12})\.json")
_ID = re.compile(r"[A-Za-z0-9_]{1,64}")


@dataclass(frozen=True)
class Inbox:
    """The messages about one object."""

    folder: Path
    object: str

    def exists(self) -> bool:
        """Whether a receiver has ever been here."""
        return self.folder.is_dir()

    def last(self) -> int:
        """The number of the newest message, of whatever object."""
        return max((number for number, _ in _files(self.folder)), default=0)

    def after(self, number: int) -> Iterator[tuple[list[str], int]]:
        """Ids to look at, some at a time, and the number up to which that covers every message."""
        files = _files(self.folder)
        # A folder that was emptied begins to count anew.
        done = number if files and files[-1][0] >= number else 0
        ids: dict[str, None] = {}
        for at, path in files:
            if at <= done:
                continue
            ids |= dict.fromkeys(self._ids(path))
            if len(ids) >= CHUNK:
                yield from _chunks(list(ids), done, at)
                ids = {}
                done = at
        if files and files[-1][0] > done:
            yield from _chunks(list(ids), done, files[-1][0])

    def _ids(self, path: Path) -> list[str]:
        try:
            said = json.loads(path.read_text(encoding="utf-8"))
            return [one for one in said["ids"] if is_id(one)] if said["object"] == self.object else []
        except FileNotFoundError:
            # Cleared away while we were reading: a week old, and polled since.
            return []
        except (ValueError, KeyError, TypeError):
            raise DamagedError(f"inbox: {path.name} is no message; remove the file, polling makes up for it") from None


def _chunks(ids: list[str], before: int, upto: int) -> Iterator[tuple[list[str], int]]:
    parts = [ids[at : at + CHUNK] for at in range(0, len(ids), CHUNK)] or [[]]
    for part in parts[:-1]:
        yield part, before
    yield parts[-1], upto


def is_id(text: Any) -> bool:
    """Whether this is the id of a row, and nothing that could mean more in a query."""
    return isinstance(text, str) and _ID.fullmatch(text) is not None


def append(folder: Path, message_id: str, name: str, ids: Sequence[str]) -> bool:
    """Store a message durably; False when it is here already."""
    mark = hashlib.sha256(message_id.encode("utf-8", "surrogatepass")).hexdigest()[:32]
    seen = folder / "seen"
    seen.mkdir(parents=True, exist_ok=True)
    if (seen / mark).exists():
        return False
    text = json.dumps({"message_id": message_id, "object": name, "ids": list(ids)})
    draft = folder / f".{mark}-{os.getpid()}-{next(_drafts)}"
    _written(draft, text)
    try:
        _numbered(folder, draft)
    finally:
        draft.unlink()
    _synced(folder)
    # After the message, never before: a crash in between stores it twice, which does no harm.
    (seen / mark).touch()
    return True


def cleared(folder: Path, now: float) -> None:
    """Clear away what is a week old; the newest message stays, so that numbers go on from it."""
    old = [path for _, path in _files(folder)[:-1]] + list((folder / "seen").glob("*"))
    for path in old:
        if path.stat().st_mtime < now - KEPT:
            path.unlink(missing_ok=True)


_drafts = itertools.count()


def _written(path: Path, text: str) -> None:
    with path.open("x", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())


def _numbered(folder: Path, draft: Path) -> None:
    """Give a message the next number; where several receivers write at once, each number is had by one."""
    for _ in range(TRIES):
        number = max((number for number, _ in _files(folder)), default=0) + 1
        try:
            os.link(draft, folder / f"{number:012d}.json")
        except FileExistsError:
            continue
        return
    raise OSError(f"{folder.name}: no number could be had for a message")


def _synced(folder: Path) -> None:
    """Make the folder's list durable, where a folder can be opened for that."""
    if os.name != "posix":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _files(folder: Path) -> list[tuple[int, Path]]:
    """The messages in the order of their numbers."""
    if not folder.is_dir():
        return []
    found = ((_FILE.fullmatch(entry.name), entry.path) for entry in os.scandir(folder))
    return sorted((int(match[1]), Path(path)) for match, path in found if match)
