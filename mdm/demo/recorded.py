"""Recorded Vault answers, in the form the `vault` connector replays."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any


def record(folder: Path, name: str, rows: Sequence[dict[str, Any]], deletions: Sequence[tuple[str, datetime]] = ()) -> None:
    """Write what the Vault would answer about one object: its rows, and the ids it has deleted."""
    folder.mkdir(parents=True, exist_ok=True)
    deleted = [{"id": key, "date_deleted": at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")} for key, at in deletions]
    text = json.dumps({"data": list(rows), "deletions": deleted}, ensure_ascii=False, indent=1)
    (folder / f"{name}.json").write_text(f"{text}\n", encoding="utf-8", newline="\n")
