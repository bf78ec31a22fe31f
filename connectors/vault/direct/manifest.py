"""What an archive says it holds: its manifest, and what it tells of the columns."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import IO, Any

import polars as pl

from connectors.vault.direct.table import whole
from mdm.errors import DamagedError

MANIFEST = "manifest.csv"
METADATA = "Metadata/metadata.csv"
METADATA_DELETES = "Metadata/metadata_deletes.csv"
ABOUT = (MANIFEST, METADATA, METADATA_DELETES)
DELETES = "_deletes.csv"


@dataclass(frozen=True)
class Table:
    """A file of an archive: how many records it claims, which are updates or deletes."""

    file: str
    records: int | None
    deletes: bool


@dataclass(frozen=True)
class Manifest:
    """The tables of every extract, and the columns that are told of."""

    extracts: dict[str, list[Table]]
    columns: dict[str, dict[str, str]] = field(default_factory=dict)
    removed: dict[str, list[str]] = field(default_factory=dict)

    def tables(self, extract: str, *, deletes: bool) -> list[Table]:
        """The files of one extract that hold anything."""
        return [one for one in self.extracts.get(extract, []) if one.deletes == deletes and one.file and one.records != 0]


def manifest(archive: str, files: Mapping[str, IO[bytes]]) -> Manifest:
    """The manifest among an archive's files."""
    if MANIFEST not in files:
        raise DamagedError(f"{archive}: has no {MANIFEST}, so it was cut off or is no archive of this kind; ask Veeva's support")
    said = {name: whole(files[name], f"{archive} {name}") for name in ABOUT if name in files}
    extracts: dict[str, list[Table]] = {}
    for row in _rows(said[MANIFEST], ("extract",), f"{archive} {MANIFEST}"):
        extracts.setdefault(row["extract"], []).append(_table(row, archive))
    columns: dict[str, dict[str, str]] = {}
    for row in _rows(said.get(METADATA), ("extract", "column_name"), f"{archive} {METADATA}"):
        columns.setdefault(row["extract"], {})[row["column_name"]] = row.get("type") or "text"
    removed: dict[str, list[str]] = {}
    for row in _rows(said.get(METADATA_DELETES), ("extract", "column_name"), f"{archive} {METADATA_DELETES}"):
        removed.setdefault(row["extract"], []).append(row["column_name"])
    return Manifest(extracts, columns, removed)


def guess(extract: str) -> tuple[str, str]:
    """Where an extract's updates and deletes usually are."""
    folder, _, name = extract.partition(".")
    return f"{folder}/{name}.csv", f"{folder}/{name}{DELETES}"


def _table(row: Mapping[str, Any], archive: str) -> Table:
    file, records = (row.get("file") or "").removeprefix("./"), row.get("records")
    kind = row.get("type") or ("deletes" if file.endswith(DELETES) else "updates")
    if kind not in ("updates", "deletes"):
        raise DamagedError(f"{archive} {MANIFEST}: {row['extract']} has the unknown type {kind!r}; ask Veeva's support")
    if records is not None and not records.isdigit():
        raise DamagedError(f"{archive} {MANIFEST}: {row['extract']} has {records!r} records; ask Veeva's support")
    if not file and records != "0":
        raise DamagedError(
            f"{archive} {MANIFEST}: {row['extract']} has {records or 'some'} records in no file; ask Veeva's support"
        )
    return Table(file, None if records is None else int(records), kind == "deletes")


def _rows(frame: pl.DataFrame | None, needed: tuple[str, ...], where: str) -> list[dict[str, Any]]:
    if frame is None or frame.is_empty():
        return []
    missing = [name for name in needed if name not in frame.columns]
    if missing:
        raise DamagedError(f"{where}: has no column {missing[0]!r}; there are: {', '.join(frame.columns)}. Ask Veeva's support")
    return frame.filter(pl.all_horizontal(pl.col(name).is_not_null() for name in needed)).to_dicts()
