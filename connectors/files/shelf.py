"""A shelf for temporary copies, and how files are named and put in order."""

import re
import tempfile
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from pathlib import Path
from typing import Self

UNFINISHED = (".tmp", ".part", ".partial", ".filepart", ".crdownload")


class Shelf:
    """Temporary files under names of our own, all gone when it is closed; and what else is to be closed then."""

    def __init__(self) -> None:
        self._stack = ExitStack()
        self._folder: Path | None = None
        self._count = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def kept(self, blocks: Iterable[bytes]) -> Path:
        """These bytes as a file."""
        if self._folder is None:
            self._folder = Path(self._stack.enter_context(tempfile.TemporaryDirectory(prefix="mdm-files-")))
        self._count += 1
        path = self._folder / str(self._count)
        with path.open("wb") as out:
            for block in blocks:
                out.write(block)
        return path

    def closing(self, close: Callable[[], object]) -> None:
        """Call this when the shelf is closed."""
        self._stack.callback(close)


def natural(text: str) -> list[tuple[int, int, str]]:
    """A sorting key in which file 2 comes before file 10."""
    bits = re.split(r"([0-9]+)", text)
    return [(0, int(bit), bit) if at % 2 else (1, 0, bit) for at, bit in enumerate(bits)]


def unfinished(name: str) -> bool:
    """Whether a name says that the file is not ready, or is nobody's business."""
    return name.startswith((".", "~$")) or name.lower().endswith(UNFINISHED)
