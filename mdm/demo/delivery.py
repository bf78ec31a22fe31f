"""How the demo's files are written: always the same bytes for the same rows."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

# The demo's present; a fixed day, so that the same seed writes the same files for ever.
TODAY = datetime(2026, 3, 2, 6, 0, 0, tzinfo=UTC)


def write_csv(
    path: Path, rows: Sequence[Mapping[str, str]], *, encoding: str = "utf-8", delimiter: str = ",", columns: Sequence[str] = ()
) -> None:
    """Write rows under a header; a column that is nowhere filled is still written."""
    header = list(columns) or list(dict.fromkeys(name for row in rows for name in row))
    text = io.StringIO()
    writer = csv.DictWriter(text, header, restval="", delimiter=delimiter, lineterminator="\r\n", quoting=csv.QUOTE_ALL)
    writer.writeheader()
    writer.writerows(rows)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.getvalue().encode(encoding))


def read_csv(path: Path, *, encoding: str = "utf-8", delimiter: str = ",") -> list[dict[str, str]]:
    """The rows that `write_csv` wrote."""
    with path.open(encoding=encoding, newline="") as lines:
        return list(csv.DictReader(lines, delimiter=delimiter))


def write_lines(path: Path, lines: Iterable[str]) -> None:
    """Write lines of text, each ended."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8", newline="\n")


def moment(rng: Random, *, newest: int = 3, oldest: int = 900) -> datetime:
    """A time of the past, in days before the demo's present."""
    return TODAY - timedelta(days=rng.randrange(newest, oldest), seconds=rng.randrange(86400))


def iso(at: datetime) -> str:
    """The time as Salesforce and Vault write it."""
    return at.strftime("%Y-%m-%dT%H:%M:%S.000Z")
