"""A Vault played from a folder, for demonstrations and tests without a network.

The folder holds one file per object, `<object>.json`:

    {"data": [{"id": "V0H...", "modified_date__v": "2026-01-31T10:00:00.000Z", ...}, ...],
     "deletions": [{"id": "V0H...", "date_deleted": "2026-02-01T10:00:00Z"}, ...]}

The connector's own client asks, pages and judges as it would of a real Vault; only the transport is another. The clock
of this Vault stands at the last moment recorded, so what is recorded later is news whenever it is played.
"""

import io
import json
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from email.utils import formatdate
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import requests
from requests.adapters import BaseAdapter

from connectors.vault.client import moment, seconds
from mdm.connector import Context
from mdm.errors import DamagedError, UnavailableError

HOST = "recorded.vault.invalid"
ADDRESS = f"https://{HOST}"
_QUERY = re.compile(r"FROM (\S+)(.*?) ORDER BY (.+?) PAGESIZE (\d+)(?: PAGEOFFSET (\d+))?\Z", re.DOTALL)
_BOUND = re.compile(r"(\w+) (>=|<=|=|>|<) '([^']*)'")


def record(folder: Path, name: str, rows: Sequence[Mapping[str, Any]], deletions: Iterable[tuple[str, datetime]] = ()) -> None:
    """Write down what a Vault would answer about one object: its rows, and the ids it has deleted with the time."""
    folder.mkdir(parents=True, exist_ok=True)
    deleted = [{"id": key, "date_deleted": moment(at.astimezone(UTC).timestamp())} for key, at in deletions]
    text = json.dumps({"data": list(rows), "deletions": deleted}, ensure_ascii=False, indent=1)
    (folder / f"{name}.json").write_text(f"{text}\n", encoding="utf-8", newline="\n")


class Recorded(BaseAdapter):
    """A transport that answers from the folder."""

    def __init__(self, folder: Path, context: Context) -> None:
        super().__init__()
        self.folder, self.context = folder, context
        self._clock: float | None = None

    def objects(self) -> list[str]:
        """The objects that were recorded."""
        return sorted(path.stem for path in self.folder.glob("*.json"))

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:
        """Answer one call."""
        parts = urlsplit(request.url or "")
        form = {key: values[0] for key, values in parse_qs(str(request.body or "") or parts.query).items()}
        response = requests.Response()
        response.status_code, response.url, response.request = 200, request.url or "", request
        response.headers.update({"Content-Type": "application/json", "Date": formatdate(self._now(), usegmt=True)})
        response.raw = io.BytesIO(json.dumps(self._answer(parts.path.split("/", 3)[-1], form)).encode())
        return response

    def close(self) -> None:
        """Nothing is open."""

    def _answer(self, path: str, form: dict[str, str]) -> dict[str, Any]:
        if path == "auth":
            return _success(sessionId="RECORDED", vaultId=1, vaultIds=[{"id": 1, "name": "Recorded", "url": f"{ADDRESS}/api"}])
        if path == "query":
            return self._query(form["q"])
        if path == "metadata/vobjects":
            return _success(objects=[{"name": name} for name in self.objects()])
        name = path.rsplit("/", 1)[-1]
        if path.startswith("metadata/vobjects/"):
            fields = dict.fromkeys(field for row in self._said(name)["data"] for field in row)
            return _success(object={"name": name, "fields": [{"name": field, "type": "String"} for field in fields]})
        if path.startswith("objects/deletions/vobjects/"):
            return self._deleted(name, form)
        raise DamagedError(f"nothing was recorded for {path!r}")

    def _now(self) -> float:
        if self._clock is None:
            said = [self._said(name) for name in self.objects()]
            times = [row.get("modified_date__v") for one in said for row in one["data"]]
            times += [row.get("date_deleted") for one in said for row in one.get("deletions", [])]
            last = max((seconds(time) for time in times if isinstance(time, str)), default=self.context.clock())
            self._clock = math.ceil(last)
        return self._clock

    def _said(self, name: str) -> dict[str, Any]:
        path = self.folder / f"{name}.json"
        try:
            said = json.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            raise UnavailableError(f"{path.name}: no such recording; there are {', '.join(self.objects()) or 'none'}") from None
        except ValueError as error:
            raise DamagedError(f"{path.name}: is not a recording ({error}); record it again") from None
        if not isinstance(said, dict) or not isinstance(said.get("data"), list):
            raise DamagedError(f"{path.name}: is not a recording; it needs `data`, a list of rows")
        return said

    def _query(self, text: str) -> dict[str, Any]:
        match = _QUERY.search(text)
        if match is None:
            raise DamagedError("a recording cannot answer this query")
        name, where, order, size, offset = match.groups()
        bounds = _BOUND.findall(where)
        rows = [row for row in self._said(name)["data"] if all(_holds(row, bound) for bound in bounds)]
        fields = [part.split()[0] for part in order.split(", ")]
        rows.sort(key=lambda row: [str(row.get(field, "")) for field in fields])
        start = int(offset or 0)
        page = rows[start : start + int(size)]
        details = {"pagesize": int(size), "pageoffset": start, "size": len(page), "total": len(rows)}
        return _success(responseDetails=details, data=page)

    def _deleted(self, name: str, form: dict[str, str]) -> dict[str, Any]:
        low, high = seconds(form["start_date"]), seconds(form["end_date"])
        rows = [row for row in self._said(name).get("deletions", []) if low <= seconds(row["date_deleted"]) <= high]
        start = int(form.get("offset", 0))
        page = rows[start : start + int(form.get("limit", 1000))]
        return _success(responseDetails={"total": len(rows), "offset": start, "size": len(page)}, data=page)


def _success(**parts: Any) -> dict[str, Any]:
    return {"responseStatus": "SUCCESS", **parts}


def _holds(row: Mapping[str, Any], bound: tuple[str, str, str]) -> bool:
    field, sign, value = bound
    had = str(row.get(field, ""))
    return {"=": had == value, ">=": had >= value, "<=": had <= value, ">": had > value, "<": had < value}[sign]
