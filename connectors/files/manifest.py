"""Manifests: what says that a file is ready and whole.

An empty one only marks readiness. Others hold checksums and counts of rows or bytes: one value for the one file, lines
that name their files, a table with a header, or JSON. What is told is held against the file; a difference is damage.
"""

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from connectors.files.place import Found, Place, literal
from mdm.errors import DamagedError

_HASHES = {32: "md5", 40: "sha1", 64: "sha256", 128: "sha512"}
_HEX = re.compile(r"(?:[0-9a-f]{32}|[0-9a-f]{40}|[0-9a-f]{64}|[0-9a-f]{128})\Z", re.IGNORECASE)
_ROWS = {"rows", "records", "count", "rowcount", "recordcount", "numberofrecords", "lines"}
_BYTES = {"bytes", "size", "filesize", "length"}
_NAMES = {"file", "filename", "name", "path"}
LARGEST = 16 << 20
MARKERS = (".ok", ".done", ".ready", ".complete", ".finished", ".fin", ".flag", ".trg", ".trigger")


@dataclass(frozen=True)
class Claim:
    """What a manifest says of a file; `by` names the manifest."""

    by: str
    hashes: tuple[str, ...] = ()
    rows: int | None = None
    size: int | None = None


@dataclass
class Manifests:
    """The manifests of one place, by the templates they are named after."""

    place: Place
    templates: tuple[str, ...]
    _texts: dict[str, str] = field(default_factory=dict)

    def claim(self, found: Found) -> Claim | None:
        """What is said of a file; None as long as nobody says that it is ready."""
        for template in self.templates:
            stem = found.name.split(".", 1)[0]
            own = "{name}" in template or "{stem}" in template
            pattern = template.replace("{name}", literal(found.name)).replace("{stem}", literal(stem))
            for manifest in self.place.beside(found, pattern):
                claims = list(_claims(self._text(manifest), manifest.label))
                if manifest.name.lower().endswith(MARKERS):
                    # A bare number in a marker is a time or a day, as a rule.
                    claims = [(name, replace(claim, rows=None) if name is None else claim) for name, claim in claims]
                told = [claim for name, claim in claims if name in (None, found.name)]
                if own or told:
                    return _joined(manifest.label, told)
        return None

    def _text(self, manifest: Found) -> str:
        if manifest.size > LARGEST:
            raise DamagedError(f"{manifest.label}: is larger than a manifest can be; correct `manifest`")
        if manifest.address not in self._texts:
            raw = self.place.fetched(manifest).read_bytes()
            self._texts[manifest.address] = raw.decode("utf-8-sig", errors="replace")
        return self._texts[manifest.address]


def held(claim: Claim, found: Found, path: Path) -> None:
    """Refuse a file that is not what its manifest says."""
    size = path.stat().st_size
    if claim.size is not None and claim.size != size:
        raise _differs(found, claim, f"{claim.size:,} bytes", f"{size:,}")
    for told in claim.hashes:
        kind = _HASHES[len(told)]
        with path.open("rb") as stream:
            got = hashlib.file_digest(stream, lambda kind=kind: hashlib.new(kind, usedforsecurity=False)).hexdigest()  # type: ignore[misc]
        if got != told:
            raise _differs(found, claim, f"the {kind} {told}", got)


def counted(claim: Claim, label: str, rows: int) -> None:
    """Refuse a file with other than the told number of rows."""
    if claim.rows is not None and claim.rows != rows:
        raise DamagedError(
            f"{label}: {rows:,} rows were read, but {claim.by} says {claim.rows:,}; the delivery is not whole: ask for a new one"
        )


def _differs(found: Found, claim: Claim, told: str, got: str) -> DamagedError:
    return DamagedError(
        f"{found.label}: {claim.by} says {told}, and it has {got}; it was damaged on its way: ask for a new delivery"
    )


def _joined(by: str, claims: list[Claim]) -> Claim:
    hashes = tuple(value for claim in claims for value in claim.hashes)
    rows = next((claim.rows for claim in claims if claim.rows is not None), None)
    return Claim(by, hashes, rows, next((claim.size for claim in claims if claim.size is not None), None))


def _claims(text: str, by: str) -> Iterator[tuple[str | None, Claim]]:
    """(file, claim) of each line; a claim without a file speaks of the file the manifest is named after."""
    if text.lstrip().startswith(("{", "[")):
        try:
            yield from _entries(json.loads(text), by)
        except (json.JSONDecodeError, RecursionError) as error:
            raise DamagedError(f"{by}: is not valid JSON ({error}); ask for a new manifest") from None
        return
    header: list[str] = []
    for line in text.splitlines():
        fields = _fields(line)
        if not header and any(_folded(name) in _ROWS | _BYTES | _NAMES for name in fields) and len(fields) > 1:
            header = [_folded(name) for name in fields]
        elif fields:
            yield _line(fields, header, by)


def _fields(line: str) -> list[str]:
    # `md5sum` marks a binary file with a star before its name.
    marked = re.match(r"([0-9a-fA-F]{32,128})\s+\*?(.+)\Z", line.strip())
    if marked:
        return [marked[1], marked[2].strip().strip('"')]
    separator = next((mark for mark in "|\t;,=" if mark in line), None)
    return [part.strip().strip('"') for part in line.split(separator)] if line.strip() else []


def _line(fields: list[str], header: list[str], by: str) -> tuple[str | None, Claim]:
    if header:
        return _entry(dict(zip(header, fields, strict=False)), by)
    hashes = tuple(value.lower() for value in fields if _HEX.match(value))
    numbers = [int(value) for value in fields if re.fullmatch(r"\d{1,18}", value)]
    names = [value for value in fields if "." in value and value.lower() not in hashes]
    return (_named(names[0]) if names else None), Claim(by, hashes, numbers[0] if numbers else None)


def _entries(value: Any, by: str) -> Iterator[tuple[str | None, Claim]]:
    if isinstance(value, Mapping):
        scalars = {_folded(name): str(one) for name, one in value.items() if isinstance(one, str | int)}
        if scalars:
            yield _entry(scalars, by)
        for one in value.values():
            yield from _entries(one, by)
    elif isinstance(value, list):
        for one in value:
            yield from _entries(one, by)


def _entry(said: Mapping[str, str], by: str) -> tuple[str | None, Claim]:
    hashes = tuple(value.lower() for value in said.values() if _HEX.match(value))
    name = _first(said, _NAMES)
    return (None if name is None else _named(name)), Claim(
        by, hashes, _number(_first(said, _ROWS)), _number(_first(said, _BYTES))
    )


def _first(said: Mapping[str, str], names: Iterable[str]) -> str | None:
    return next((said[name] for name in sorted(names) if said.get(name)), None)


def _number(text: str | None) -> int | None:
    return int(text) if text is not None and re.fullmatch(r"\d{1,18}", text) else None


def _named(path: str) -> str:
    return path.replace("\\", "/").rsplit("/", 1)[-1]


def _folded(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())
