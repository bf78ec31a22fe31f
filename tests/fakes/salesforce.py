"""A Salesforce org on loopback that behaves, and misbehaves, as the real one is said to.

Query jobs take their picture when they are created and give it out in pages, each with the header row, the last with the
locator `null`. Deleted rows stay in a bin, losers of merges name their winner, the feed of deletions lists both. Each
misbehaviour is a switch; records and credentials are invented.
"""

import base64
import csv
import io
import json
import re
import time
import uuid
from collections import deque
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.fakes.loopback import Loopback, Speaking, retry_after

CLIENT_ID, CLIENT_SECRET = "invented-consumer-key", "a-consumer-secret-only-for-tests"
USERNAME, PASSWORD = "reader@invented.example", "a-pass-phrase-only-for-tests"
Row = dict[str, Any]
_QUERY = re.compile(r"SELECT (.+?) FROM (\w+)(?: WHERE (.+))?", re.IGNORECASE)
_CONDITION = re.compile(r"\(?([\w.]+) (>=|<=|=|>|<) ('[^']*'|[\w:.\-]+)\)?")
_IN = re.compile(r"Id IN \(([^)]*)\)", re.IGNORECASE)


@dataclass
class Faults:
    """What goes wrong. `once` holds answers given in place of the next calls of a kind."""

    once: dict[str, deque[str]] = field(default_factory=dict)
    login: str | None = None
    instance_url: str | None = None
    sessions_last: int | None = None
    never_a_session: bool = False
    polls: int = 0
    job_fails: deque[str] = field(default_factory=deque)
    page_cap: int | None = None
    forget_jobs: bool = False
    usage: tuple[int, int] | None = None
    clock_ahead: float = 0.0
    earliest: str | None = None
    covered: str | None = None
    most_deleted: int = 600_000
    next_link: str | None = None


@dataclass
class Call:
    """One call that came in."""

    method: str
    path: str
    form: dict[str, str]
    body: Any
    token: str | None


@dataclass
class Job:
    """A query job, its picture taken."""

    id: str
    asked: Row
    header: list[str]
    rows: list[list[str]]
    polls: int
    error: str | None = None


class FakeSalesforce(Loopback):
    """The server, its objects and its switches."""

    def __init__(self) -> None:
        self.objects: dict[str, list[Row]] = {}
        self.types: dict[str, dict[str, str]] = {}
        self.replicates: dict[str, bool] = {}
        self.purged: dict[str, list[Row]] = {}
        self.jobs: dict[str, Job] = {}
        self.public_key: Any = None
        self.faults = Faults()
        self.calls: list[Call] = []
        self.tokens: dict[str, int] = {}
        super().__init__(_handler(self))

    def options(self, **more: Any) -> dict[str, Any]:
        """Options of a source that reads this org."""
        return {"base_url": self.url, "client_id": CLIENT_ID, "client_secret": CLIENT_SECRET, **more}

    def asked(self, part: str, method: str | None = None) -> list[Call]:
        """The calls whose path holds this."""
        return [call for call in self.calls if part in call.path and method in (None, call.method)]

    def fail_once(self, kind: str, *ways: str) -> None:
        """Answer the next calls of this kind (token, create, poll, results, describe, deleted, query) in these ways."""
        self.faults.once.setdefault(kind, deque()).extend(ways)

    # --- what its users do -------------------------------------------------------------------------------------

    def delete(self, name: str, key: str, at: str, *, into: str | None = None) -> None:
        """Put a row into the bin; `into` another, if it lost a merge."""
        row = next(row for row in self.objects[name] if row["Id"] == key)
        row |= {"IsDeleted": True, "SystemModstamp": at}
        if into:
            row["MasterRecordId"] = into

    def restore(self, name: str, key: str, at: str) -> None:
        """Bring a row back from the bin; the feed of deletions goes on listing it."""
        row = next(row for row in self.objects[name] if row["Id"] == key)
        self.purged.setdefault(name, []).append({"id": key, "deletedDate": row["SystemModstamp"]})
        row |= {"IsDeleted": False, "SystemModstamp": at}

    def purge(self, name: str, key: str, at: str) -> None:
        """Delete a row for good."""
        self.objects[name] = [row for row in self.objects[name] if row["Id"] != key]
        self.purged.setdefault(name, []).append({"id": key, "deletedDate": at})

    def expire(self) -> None:
        """End every session."""
        self.tokens.clear()

    # --- what it answers -------------------------------------------------------------------------------------

    def login(self, form: dict[str, str]) -> tuple[int, Row]:
        """A token, or the reason there is none."""
        grant = form.get("grant_type", "")
        if self.faults.login:
            return 400, {"error": self.faults.login, "error_description": "the login was refused"}
        if grant.endswith("jwt-bearer"):
            good = self._signed(form.get("assertion", ""))
        else:
            good = (form.get("client_id"), form.get("client_secret")) == (CLIENT_ID, CLIENT_SECRET)
            if grant == "password":
                good = good and (form.get("username"), form.get("password")) == (USERNAME, PASSWORD)
        if not good:
            return 400, {"error": "invalid_grant", "error_description": "authentication failure"}
        token = "00D" + uuid.uuid4().hex
        self.tokens[token] = 0
        return 200, {"access_token": token, "instance_url": self.faults.instance_url or self.url, "token_type": "Bearer"}

    def holds(self, token: str | None) -> bool:
        """Whether a session still holds after one more call."""
        if token not in self.tokens or self.faults.never_a_session:
            return False
        self.tokens[token] += 1
        return self.faults.sessions_last is None or self.tokens[token] <= self.faults.sessions_last

    def answer(self, call: Call) -> tuple[int, Any, dict[str, str]]:
        """The answer to a call whose session holds: status, what is said, headers."""
        rest = re.sub(r"^/services/data/v[\d.]+/", "", call.path).rstrip("/")
        parts = rest.split("/")
        if parts[:2] == ["jobs", "query"]:
            return self._job(call, parts[2:])
        if rest == "sobjects":
            return 200, {"sobjects": [{"name": name, "queryable": True} for name in self.objects]}, {}
        if parts[0] == "sobjects" and parts[1] not in self.objects:
            return 404, wrong("NOT_FOUND", "The requested resource does not exist"), {}
        if rest.endswith("/describe"):
            return 200, self._described(parts[1]), {}
        if rest.endswith("/deleted"):
            return self._deleted(parts[1], call.form)
        if parts[0] == "query" and len(parts) > 1:
            return 200, {"totalSize": 0, "done": True, "records": []}, {}
        if parts[0] in ("query", "queryAll"):
            return self._rest(call.form["q"], everything=parts[0] == "queryAll")
        return 404, wrong("NOT_FOUND", "no such address"), {}

    def _signed(self, assertion: str) -> bool:
        import jwt

        try:
            said = jwt.decode(assertion, self.public_key, algorithms=["RS256"], audience=self.url, issuer=CLIENT_ID)
        except jwt.PyJWTError:
            return False
        return said["sub"] == USERNAME and 0 < said["exp"] - time.time() <= 300

    def _types(self, name: str) -> dict[str, str]:
        known = {"Id": "id", "MasterRecordId": "reference", "IsDeleted": "boolean", "SystemModstamp": "datetime"}
        seen = dict.fromkeys((field for row in self.objects[name] for field in row if "." not in field), "string")
        return self.types.get(name) or {field: known.get(field, kind) for field, kind in seen.items()}

    def _described(self, name: str) -> Row:
        fields = [{"name": field, "type": kind, "label": field.removesuffix("__c")} for field, kind in self._types(name).items()]
        return {"name": name, "fields": fields, "replicateable": self.replicates.get(name, True)}

    def _selected(self, text: str, *, everything: bool) -> tuple[list[str], list[Row]] | tuple[str, str]:
        match = _QUERY.fullmatch(text)
        if match is None:
            return "MALFORMED_QUERY", "unexpected token"
        names, name, where = match[1].split(", "), match[2], match[3] or ""
        if name not in self.objects:
            return "INVALID_TYPE", f"sObject type '{name}' is not supported."
        unknown = [one for one in names if "." not in one and one not in self._types(name)]
        if unknown:
            return "INVALID_FIELD", f"No such column '{unknown[0]}' on entity '{name}'"
        rows = [row for row in self.objects[name] if everything or not row.get("IsDeleted")]
        if found := _IN.search(where):
            wanted = re.findall(r"'(\w+)'", found[1])
            rows = [row for row in rows if row["Id"] in wanted]
        else:
            rows = [row for row in rows if all(_holds(row, one) for one in _CONDITION.findall(where))]
        return names, rows

    def _job(self, call: Call, parts: list[str]) -> tuple[int, Any, dict[str, str]]:
        if not parts:
            return self._created(call.body)
        job = self.jobs.get(parts[0])
        if job is None or self.faults.forget_jobs:
            return 404, wrong("NOT_FOUND", "The requested resource does not exist"), {}
        if parts[1:] == ["results"]:
            return self._results(job, call.form)
        job.polls -= 1
        state = "InProgress" if job.polls >= 0 else "Failed" if job.error else "JobComplete"
        if job.error == "Aborted":
            state = "Aborted"
        told = {"id": job.id, "state": state, **job.asked, "numberRecordsProcessed": len(job.rows)}
        return 200, {**told, **({"errorMessage": job.error} if job.error and state == "Failed" else {})}, {}

    def _created(self, asked: Row) -> tuple[int, Any, dict[str, str]]:
        found = self._selected(asked["query"], everything=asked["operation"] == "queryAll")
        if isinstance(found[0], str):
            return 400, wrong(found[0], str(found[1])), {}
        names, rows = found
        values = [[_text(row.get(name)) for name in names] for row in rows]  # type: ignore[union-attr]
        job = Job(f"750{uuid.uuid4().hex[:15]}", asked, list(names), values, self.faults.polls)
        if self.faults.job_fails:
            job.error = self.faults.job_fails.popleft()
        self.jobs[job.id] = job
        return 200, {"id": job.id, "state": "UploadComplete", **asked}, {}

    def _results(self, job: Job, form: dict[str, str]) -> tuple[int, Any, dict[str, str]]:
        try:
            start = int(base64.urlsafe_b64decode(form["locator"])) if "locator" in form else 0
        except ValueError:
            return 400, wrong("INVALID_QUERY_LOCATOR", "invalid locator"), {}
        size = min(int(form.get("maxRecords", 50_000)), self.faults.page_cap or 250_000)
        page = job.rows[start : start + size]
        text = io.StringIO()
        writer = csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\n")
        writer.writerows([job.header, *page])
        following = base64.urlsafe_b64encode(str(start + size).encode()).decode() if start + size < len(job.rows) else "null"
        return 200, text.getvalue(), {"Sforce-Locator": following, "Sforce-NumberOfRecords": str(len(page))}

    def _rest(self, text: str, *, everything: bool) -> tuple[int, Any, dict[str, str]]:
        found = self._selected(text, everything=everything)
        if isinstance(found[0], str):
            return 400, wrong(found[0], str(found[1])), {}
        names, rows = found
        records = [{name: row.get(name) for name in names} for row in rows]  # type: ignore[union-attr]
        more = {"done": False, "nextRecordsUrl": self.faults.next_link} if self.faults.next_link else {"done": True}
        return 200, {"totalSize": len(records), **more, "records": records}, {}

    def _deleted(self, name: str, form: dict[str, str]) -> tuple[int, Any, dict[str, str]]:
        low, high = form["start"][:16], form["end"][:16]
        if low >= high:
            return 400, wrong("INVALID_REPLICATION_DATE", "startDate before endDate by more than a minute"), {}
        binned = [{"id": row["Id"], "deletedDate": row["SystemModstamp"]} for row in self.objects[name] if row.get("IsDeleted")]
        rows = [row for row in [*binned, *self.purged.get(name, [])] if low <= row["deletedDate"][:16] <= high]
        if len(rows) > self.faults.most_deleted:
            return 400, wrong("EXCEEDED_ID_LIMIT", "too many"), {}
        listed = [{**row, "deletedDate": row["deletedDate"].replace("Z", "+0000")} for row in rows]
        earliest = self.faults.earliest or "2000-01-01T00:00:00.000+0000"
        covered = self.faults.covered or form["end"].replace("Z", ".000+0000")
        return 200, {"deletedRecords": listed, "earliestDateAvailable": earliest, "latestDateCovered": covered}, {}


def wrong(code: str, message: str) -> list[Row]:
    """An error as Salesforce writes it."""
    return [{"errorCode": code, "message": message}]


def stamp(at: float) -> str:
    """A time as Salesforce writes it."""
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _text(value: Any) -> str:
    return "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)


def _holds(row: Row, condition: tuple[str, str, str]) -> bool:
    name, sign, value = condition
    had, wanted = _text(row.get(name)), value.strip("'")
    return {"=": had == wanted, ">=": had >= wanted, "<=": had <= wanted, ">": had > wanted, "<": had < wanted}[sign]


def _kind(method: str, path: str) -> str:
    if path.endswith("/token"):
        return "token"
    if "/jobs/query" in path:
        return "results" if path.endswith("/results") else "create" if method == "POST" else "poll"
    return next((kind for kind in ("describe", "deleted", "query") if kind in path), "other")


def _handler(org: FakeSalesforce) -> type[BaseHTTPRequestHandler]:
    class Handler(Speaking):
        fake = org

        def do_GET(self) -> None:
            self._take("GET")

        def do_POST(self) -> None:
            self._take("POST")

        def _take(self, method: str) -> None:
            parts = urlsplit(self.path)
            raw = self.body().decode()
            is_json = raw.startswith("{")
            form = {key: values[-1] for text in (parts.query, "" if is_json else raw) for key, values in parse_qs(text).items()}
            token = (self.headers.get("Authorization") or "").removeprefix("Bearer ") or None
            call = Call(method, parts.path, form, json.loads(raw) if is_json else None, token)
            org.calls.append(call)
            kind = _kind(method, parts.path)
            if waiting := org.faults.once.get(kind):
                self._misbehave(waiting.popleft(), call, kind)
            elif kind == "token":
                self._say(*org.login(form), {})
            elif not org.holds(call.token):
                self._say(401, wrong("INVALID_SESSION_ID", "Session expired or invalid"), {})
            else:
                self._say(*org.answer(call))

        def _misbehave(self, way: str, call: Call, kind: str) -> None:
            told: dict[str, tuple[int, Any, dict[str, str]]] = {
                "429 seconds": (429, "slow down", {"Retry-After": retry_after(way)}),
                "429 date": (429, "slow down", {"Retry-After": retry_after(way)}),
                "503 html": (503, "<html><body>Down for maintenance</body></html>", {"Content-Type": "text/html"}),
                "200 html": (200, "<html><body>Please log in</body></html>", {"Content-Type": "text/html; charset=UTF-8"}),
                "redirect": (302, "", {"Location": "https://elsewhere.example/services"}),
                "QUERY_TIMEOUT": (400, wrong("QUERY_TIMEOUT", "Your query request was running for too long."), {}),
                "REQUEST_LIMIT_EXCEEDED": (403, wrong("REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded."), {}),
                "CONCURRENT": (403, wrong("REQUEST_LIMIT_EXCEEDED", "ConcurrentRequests Limit exceeded."), {}),
            }
            if way in told:
                self._say(*told[way])
                return
            if way in ("reset", "no locator", "short page"):
                status, said, headers = (*org.login(call.form), {}) if kind == "token" else org.answer(call)
                if way == "no locator":
                    headers.pop("Sforce-Locator")
                if way == "short page":
                    headers["Sforce-NumberOfRecords"] = "1000"
                self._say(status, said, headers, cut=way == "reset")
                return
            self._say(400, wrong(way, f"Salesforce said {way}"), {})

        def _say(self, status: int, said: Any, headers: dict[str, str], *, cut: bool = False) -> None:
            body = (said if isinstance(said, str) else json.dumps(said)).encode()
            kind = (
                "text/csv"
                if "Sforce-NumberOfRecords" in headers
                else "text/plain"
                if isinstance(said, str)
                else "application/json"
            )
            more = {"Sforce-Limit-Info": "api-usage={}/{}".format(*org.faults.usage)} if org.faults.usage else {}
            self.send(status, body[: len(body) // 2] if cut else body, kind, more | headers, claimed=len(body) if cut else None)

    return Handler
