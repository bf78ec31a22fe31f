"""The Direct Data archives of the fake Vault: made from rows, cut into parts, and damaged on demand."""

import csv
import gzip
import hashlib
import io
import tarfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

KINDS = {"F": "full_directdata", "N": "incremental_directdata", "L": "log_directdata"}
BEGINNING = "2000-01-01T00:00Z"
METADATA = ["modified_date", "extract", "extract_label", "column_name", "column_label", "type", "length", "related_extract"]
Rows = Sequence[Mapping[str, Any]]


@dataclass(frozen=True)
class News:
    """What one archive tells: rows and deletions by extract, and columns that changed or went."""

    updates: Mapping[str, Rows] = field(default_factory=dict)
    deletes: Mapping[str, Rows] = field(default_factory=dict)
    columns: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    removed: Mapping[str, Sequence[str]] = field(default_factory=dict)


@dataclass
class DirectData:
    """The archives on offer, and what is wrong with them.

    `damaged` names parts that arrive with other bytes than their md5 says, as often as counted there. `typed` is whether
    full manifests have the column `type`; `last` is whether the manifest comes last.
    """

    vault_id: int = 1001
    items: list[dict[str, Any]] = field(default_factory=list)
    files: dict[str, bytes] = field(default_factory=dict)
    damaged: dict[str, int] = field(default_factory=dict)
    typed: bool = True
    last: bool = False

    def full(self, stop: str, news: News, *, parts: int = 1) -> str:
        """A full archive; its name is returned."""
        return self.offer("F", BEGINNING, stop, self.packed(news, typed=self.typed), parts=parts, count=_count(news))

    def incremental(self, start: str, stop: str, news: News | None = None, *, parts: int = 1) -> str:
        """What happened between two times; nothing at all makes an archive without parts."""
        if news is None:
            return self.offer("N", start, stop, b"", parts=0, count=0)
        return self.offer("N", start, stop, self.packed(news, typed=True), parts=parts, count=_count(news))

    def log(self, start: str, stop: str, news: News) -> str:
        """A day's audit entries."""
        return self.offer("L", start, stop, self.packed(news, typed=False), count=_count(news))

    def failed(self, kind: str, stop: str, next_retry: str | None = "2026-01-01T00:00Z") -> str:
        """An archive that could not be made."""
        name = self._name(kind, stop)
        self.items.append(
            {"name": name, "extract_type": KINDS[kind], "error": {"next_retry": next_retry, "message": "could not be made"}}
        )
        return name

    def offer(self, kind: str, start: str, stop: str, data: bytes, *, parts: int = 1, count: int = 1) -> str:
        """Any bytes as an archive."""
        name = self._name(kind, stop)
        cut = -(-len(data) // parts) if parts else 0
        pieces = [data[at * cut : (at + 1) * cut] for at in range(parts)]
        details = []
        for number, piece in enumerate(pieces, start=1):
            part = f"{name}.{number:03d}"
            self.files[part] = piece
            md5 = hashlib.md5(piece, usedforsecurity=False).hexdigest()
            details.append(
                {
                    "name": part, "filename": f"{name}.tar.gz.{number:03d}", "filepart": number, "size": len(piece), "md5checksum": md5,
                    "url": f"https://elsewhere.invalid/api/v25.2/services/directdata/files/{part}",
                }
            )  # fmt: skip
        # The order in which parts are listed is nobody's promise.
        self.items.append(
            {
                "name": name, "filename": f"{name}.tar.gz", "extract_type": KINDS[kind], "start_time": start, "stop_time": stop,
                "record_count": count, "size": len(data), "fileparts": parts, "filepart_details": details[::-1],
            }
        )  # fmt: skip
        return name

    def drop(self, name: str) -> None:
        """Offer an archive no more, as when its days are over."""
        self.items = [item for item in self.items if item["name"] != name]

    def answer(self, form: Mapping[str, str]) -> list[dict[str, Any]]:
        """The list of one kind."""
        kind, since = form.get("extract_type", KINDS["F"]), form.get("start_time", "")
        return [i for i in self.items if i["extract_type"] == kind and i.get("start_time", "9") >= since]

    def part(self, name: str) -> bytes | None:
        """The bytes of a part, as they travel."""
        data = self.files.get(name)
        if data is None or not self.damaged.get(name):
            return data
        self.damaged[name] -= 1
        return data[:-1] + bytes([data[-1] ^ 1])

    def packed(self, news: News, *, typed: bool) -> bytes:
        """The archive's bytes."""
        members, manifest = _members(news)
        for row in manifest if not typed else []:
            row.pop("type")
        about = [("manifest.csv", table(manifest))]
        return packed([*members, *about] if self.last else [*about, *members])

    def _name(self, kind: str, stop: str) -> str:
        return f"{self.vault_id}-{stop[:10].replace('-', '')}-{stop[11:16].replace(':', '')}-{kind}"


def _members(news: News) -> tuple[list[tuple[str, bytes]], list[dict[str, Any]]]:
    members, manifest = [], []
    for kind, tables, end in (("updates", news.updates, ""), ("deletes", news.deletes, "_deletes")):
        for extract, rows in tables.items():
            file = f"{extract.replace('.', '/', 1)}{end}.csv" if rows else ""
            if rows:
                members.append((file, table(rows)))
            manifest.append({"extract": extract, "extract_label": extract, "type": kind, "records": len(rows), "file": file})
    columns = [
        dict(zip(METADATA, ["", extract, extract, name, name, type_, "", ""], strict=True))
        for extract, said in news.columns.items()
        for name, type_ in said.items()
    ]
    members.append(("Metadata/metadata.csv", table(columns, METADATA)))
    if gone := [{"extract": extract, "column_name": name} for extract, names in news.removed.items() for name in names]:
        members.append(("Metadata/metadata_deletes.csv", table(gone)))
    return members, manifest


def table(rows: Rows, columns: Sequence[str] = ()) -> bytes:
    """Rows as a delimited file."""
    text = io.StringIO()
    writer = csv.DictWriter(text, list(columns) or list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()


def packed(members: Sequence[tuple[str, bytes]]) -> bytes:
    """Members as a compressed archive."""
    held = io.BytesIO()
    with gzip.GzipFile(fileobj=held, mode="wb", mtime=0) as squeezed, tarfile.open(fileobj=squeezed, mode="w") as tar:
        for name, data in members:
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    return held.getvalue()


def _count(news: News) -> int:
    return sum(len(rows) for tables in (news.updates, news.deletes) for rows in tables.values())
