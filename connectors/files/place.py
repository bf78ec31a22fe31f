"""Where files lie: a folder of this machine, or a store elsewhere, looked at in one way.

Hosts and buckets come from the settings alone. What lies elsewhere is copied here, in blocks and within the limits.
"""

import fnmatch
import glob
import posixpath
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from mdm.connector import Context


@dataclass(frozen=True)
class Found:
    """A file that is there; `label` names it in messages, `address` tells its place where it is.

    `version` tells a file elsewhere from the one it replaced, without its content; here it is empty.
    """

    label: str
    address: str
    size: int
    modified: float | None
    version: str = ""

    @property
    def name(self) -> str:
        """The file's own name."""
        return self.label.rsplit("/", 1)[-1]


class Place(Protocol):
    """Somewhere files lie."""

    def matching(self, member: Callable[[str], bool]) -> list[Found]:
        """The files of the pattern; of a folder, those whose name is wanted."""
        ...

    def beside(self, found: Found, pattern: str) -> list[Found]:
        """The files in the same folder that a pattern matches."""
        ...

    def fetched(self, found: Found) -> Path:
        """The file on this machine."""
        ...


@dataclass(frozen=True)
class Folder:
    """Files of this machine."""

    context: Context
    pattern: str

    def matching(self, member: Callable[[str], bool]) -> list[Found]:
        """The files of the pattern; of a folder, those whose name is wanted."""
        full = self.context.path(self.pattern)
        if full.is_dir():
            paths = [path for path in full.iterdir() if path.is_file() and member(path.name)]
            return [self._found(path, path.relative_to(full).as_posix()) for path in paths]
        parts = full.parts
        fixed = next((at for at, part in enumerate(parts) if glob.has_magic(part)), len(parts) - 1)
        base = Path(*parts[:fixed])
        # `Path.glob` cannot take an absolute pattern.
        names = [Path(name) for name in glob.glob(str(full), recursive=True)]  # noqa: PTH207
        return [self._found(path, path.relative_to(base).as_posix()) for path in names if path.is_file()]

    def beside(self, found: Found, pattern: str) -> list[Found]:
        """The files in the same folder that a pattern matches."""
        folder = Path(found.address).parent
        paths = (path for path in folder.iterdir() if fnmatch.fnmatchcase(path.name, pattern) and path.is_file())
        return [self._found(path, posixpath.join(posixpath.dirname(found.label), path.name)) for path in sorted(paths)]

    def fetched(self, found: Found) -> Path:
        """The file itself."""
        return Path(found.address)

    def _found(self, path: Path, label: str) -> Found:
        stat = path.stat()
        return Found(label, str(path), stat.st_size, stat.st_mtime)


def literal(name: str) -> str:
    """A name as a pattern that matches nothing else."""
    return glob.escape(name)


def is_manifest(name: str, templates: Sequence[str]) -> bool:
    """Whether a name is that of a manifest, and so of no data."""
    shapes = (template.replace("{name}", "*").replace("{stem}", "*") for template in templates)
    return any(fnmatch.fnmatchcase(name, shape) for shape in shapes)
