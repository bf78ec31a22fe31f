"""What a tool says of a set: a file of clusters, or of pairs, and one note for the table.

Needs nothing but the standard library, like the description of the sets.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable
from pathlib import Path

from benchmarks.accuracy.sets import ID, rows

CLUSTERS = (ID, "cluster")
PAIRS = (f"{ID}_a", f"{ID}_b")


def write(folder: Path, header: tuple[str, str], said: Iterable[tuple[object, object]], **note: object) -> None:
    """Write an answer, and what is worth knowing of how it came about."""
    with (folder / "answer.csv").open("w", encoding="utf-8", newline="") as opened:
        writer = csv.writer(opened)
        writer.writerow(header)
        writer.writerows(said)
    (folder / "note.json").write_text(json.dumps(note), encoding="utf-8")


def read(folder: Path) -> tuple[bool, list[tuple[str, str]]]:
    """Whether an answer is made of pairs, and its rows."""
    file = folder / "answer.csv"
    with file.open(encoding="utf-8", newline="") as opened:
        header = tuple(next(csv.reader(opened)))
    return header == PAIRS, [(row[header[0]], row[header[1]]) for row in rows(file)]


def note(folder: Path) -> dict[str, object]:
    """The note of an answer."""
    return json.loads((folder / "note.json").read_text(encoding="utf-8"))
