"""What a stream's path matches: ready files, in order of name, each as the parts to read."""

import atexit
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from connectors.files import remote
from connectors.files.archive import is_tar, is_zip, tar_parts, wanted, zip_parts
from connectors.files.manifest import Claim, Manifests, held
from connectors.files.part import Part, blocks, digest, stamp, unchanged
from connectors.files.place import Folder, Found, Place, is_manifest
from connectors.files.shelf import Shelf, natural, unfinished
from mdm.connector import Context, Options
from mdm.errors import UnavailableError

__all__ = [
    "Delivery",
    "Landed",
    "Part",
    "blocks",
    "delivery",
    "digest",
    "found",
    "labels",
    "natural",
    "stamp",
    "suggested_name",
    "unchanged",
]


@dataclass
class Delivery:
    """The parts to read; `waiting` says what is there and not ready, `claims` what manifests say of each file.

    `versions` are those of files elsewhere.
    """

    parts: list[Part] = field(default_factory=list)
    waiting: list[str] = field(default_factory=list)
    claims: dict[str, Claim] = field(default_factory=dict)
    versions: dict[str, str] = field(default_factory=dict)

    def has_like(self, part: Part) -> bool:
        """Whether there is a part by whose name one would look for the same stream."""
        return any(suggested_name(part) == suggested_name(other) for other in self.parts)


@dataclass(frozen=True)
class Landed:
    """What need not be fetched: the content of each part that has landed, and the version and parts of each file elsewhere.

    For a `sample`, one file of a kind is enough.
    """

    contents: Mapping[str, str] = field(default_factory=dict)
    elsewhere: Mapping[str, tuple[str, Sequence[str]]] = field(default_factory=dict)
    sample: bool = False

    def parts(self, found: Found) -> list[Part]:
        """The parts of a file that is as it was when all of it landed."""
        version, labels = self.elsewhere.get(found.label, ("", ()))
        if not found.version or found.version != version or not all(label in self.contents for label in labels):
            return []
        return [Part(label, Path(), found.label, content=self.contents[label]) for label in labels]


def found(context: Context, options: Options, shelf: Shelf | None = None, *, sample: bool = False) -> list[Part]:
    """What the stream's path matches and is ready, in order of name, numbers counted as numbers.

    For a `sample`, of files elsewhere only the first of each kind can be read.
    """
    return delivery(context, options, shelf or _lasting(), Landed(sample=sample)).parts


@cache
def _lasting() -> Shelf:
    """A shelf for whoever brings none, closed with the program."""
    shelf = Shelf()
    atexit.register(shelf.__exit__)
    return shelf


def delivery(context: Context, options: Options, shelf: Shelf, landed: Landed | None = None) -> Delivery:
    """What the stream's path matches, held against its manifests; copies of what lies elsewhere are on the shelf.

    With `landed`, what is elsewhere and has not changed since is not fetched again.
    """
    patterns = options["path"] if isinstance(options["path"], list) else [options["path"]]
    manifest = options.get("manifest") or []
    templates = tuple([manifest] if isinstance(manifest, str) else manifest)
    whole = Delivery()
    for pattern in patterns:
        place = remote.opened(context, options, pattern, shelf) if "://" in pattern else Folder(context, pattern)
        manifests = Manifests(place, templates)
        files = place.matching(lambda name: _archive(name) or wanted(name, options))
        files = [one for one in files if not unfinished(one.name) and not is_manifest(one.name, templates)]
        for one in sorted(files, key=lambda file: natural(file.label)):
            _taken(context, options, one, manifests, (whole, shelf, landed or Landed()))
    if not whole.parts and not whole.waiting:
        member = f" with a member like {options['member']!r}" if options["member"] else ""
        raise UnavailableError(
            f"no file matches {', '.join(map(repr, patterns))}{member} (looked from the folder of mdm.toml); "
            "check the path, or wait for the delivery"
        )
    return whole


def _archive(name: str) -> bool:
    return name.lower().endswith((".zip", ".tar", ".tgz", ".tar.gz"))


def _taken(context: Context, options: Options, one: Found, manifests: Manifests, to: tuple[Delivery, Shelf, Landed]) -> None:
    """Add a file's parts to the delivery, if it is ready."""
    whole, shelf, landed = to
    settle = options.get("settle") or 0
    if settle and one.modified is not None and context.clock() - one.modified < settle:
        whole.waiting.append(f"{one.label}: was written to less than {settle} seconds ago, so it was left for next time")
        return
    claim = manifests.claim(one) if manifests.templates else None
    if manifests.templates and claim is None:
        names = ", ".join(map(repr, manifests.templates))
        whole.waiting.append(f"{one.label}: no manifest ({names}) says that it is ready, so it was left for next time")
        return
    if one.version:
        whole.versions[one.label] = one.version
    if known := landed.parts(one):
        whole.parts += known
        return
    unread = Part(one.label, Path(), one.label, content="")
    if landed.sample and one.version and whole.has_like(unread):
        whole.parts.append(unread)
        return
    place: Place = manifests.place
    path = place.fetched(one)
    if claim is not None:
        held(claim, one, path)
        whole.claims[one.label] = claim
    if is_zip(path, one.label):
        whole.parts += zip_parts(path, one.label, options)
    elif is_tar(path, one.label):
        whole.parts += tar_parts(path, one.label, options, shelf)
    else:
        whole.parts.append(Part(one.label, path, one.label))


def suggested_name(part: Part) -> str:
    """A stream's name from a file's: without its ending, numbers and dates."""
    stem = re.sub(r"\.[A-Za-z]{2,7}$", "", part.name.rsplit("/", 1)[-1])
    return re.sub(r"[^a-z0-9]+", "_", re.sub(r"[-_. ]*\d[-_. \d]*$", "", stem).lower()).strip("_") or "files"


def labels(parts: Sequence[Part]) -> str:
    """A few names, for a message."""
    names = [part.label for part in parts]
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
