"""A Vault on loopback that behaves, and misbehaves, as the real one is said to.

Errors come under HTTP 200, pages are smaller than asked and are cut from a live set, sessions end in mid-paging, a login
may land in another Vault. Each misbehaviour is a switch; rows and credentials are invented.
"""

import uuid
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.fakes.loopback import Loopback
from tests.fakes.vault_direct import DirectData
from tests.fakes.vault_http import Call, bad, good, handler
from tests.fakes.vault_query import QUERY, Held, Row, found

__all__ = ["DNS", "PASSWORD", "PROFILE", "SECRET", "TOKEN", "USERNAME", "Call", "FakeVault", "Faults", "bad", "good"]
USERNAME, PASSWORD = "reader@invented.example", "a-pass-phrase-only-for-tests"
DNS = "invented.veevavault.com"
PROFILE, TOKEN, SECRET = "_invented-profile", "an-access-token-only-for-tests", "a-client-secret-only-for-tests"


@dataclass
class Faults:
    """What goes wrong. `once` holds answers given in place of the next calls to a query, login or metadata."""

    once: dict[str, deque[str]] = field(default_factory=dict)
    login: str | None = None
    wrong_vault: bool = False
    sessions_last: int | None = None
    never_a_session: bool = False
    page_caps: deque[int] = field(default_factory=deque)
    links: str = "relative"
    links_expire: bool = False
    burst_remaining: int | None = None
    response_delay: int | None = None
    clock_ahead: float = 0.0
    warning: str | None = None
    on_page: Callable[["FakeVault", int], None] | None = None


class FakeVault(Loopback):
    """The server, its objects and its switches."""

    def __init__(self) -> None:
        self.objects: dict[str, list[Row]] = {}
        self.types: dict[str, dict[str, str]] = {}
        self.about: dict[str, dict[str, Row]] = {}
        self.picklists: dict[str, list[Row]] = {}
        self.deleted: dict[str, list[Row]] = {}
        self.jobs: list[Row] = []
        self.merges: dict[str, list[Row]] = {}
        self.certificates: dict[str, bytes] = {}
        self.direct = DirectData()
        self.faults = Faults()
        self.calls: list[Call] = []
        self.sessions: dict[str, int] = {}
        self.links: dict[str, str] = {}
        self.pages = 0
        super().__init__(handler(self))

    def options(self, **more: Any) -> dict[str, Any]:
        """Options of a source that reads this Vault."""
        return {"base_url": self.url, "username": USERNAME, "password": PASSWORD, "vault_dns": DNS, **more}

    def oauth_options(self, **more: Any) -> dict[str, Any]:
        """Options of a source that reads this Vault by OAuth."""
        return {"base_url": self.url, "login_url": self.url, "oauth_profile": PROFILE, "vault_dns": DNS, **more}

    def asked(self, part: str) -> list[Call]:
        """The calls whose path holds this."""
        return [call for call in self.calls if part in call.path]

    def fail_once(self, kind: str, *ways: str) -> None:
        """Answer the next calls of this kind (query, auth, metadata, deletions, directdata, ...) in these ways."""
        self.faults.once.setdefault(kind, deque()).extend(ways)

    def hold(self, name: str, rows: Sequence[Row]) -> None:
        """Many rows that stand still, so that a page of them costs no more than its own rows."""
        self.objects[name] = Held(rows)

    def delete(self, name: str, key: str, at: str) -> None:
        """Delete a row as a user of the Vault would."""
        self.objects[name] = [row for row in self.objects[name] if row["id"] != key]
        self.deleted.setdefault(name, []).append({"id": key, "date_deleted": at})

    def merge(self, name: str, loser: str, winner: str, at: str) -> None:
        """Merge a row into another: the loser is deleted, and a job tells of it."""
        self.delete(name, loser, at)
        job = str(9000 + len(self.jobs))
        self.jobs.append({"job_id": job, "title": f"Merge Records {name}", "status": "SUCCESS", "run_end_date": at})
        self.merges[job] = [{"responseStatus": "SUCCESS", "duplicate_record_id": loser, "main_record_id": winner}]

    def expire(self) -> None:
        """End every session."""
        self.sessions.clear()

    # --- what it answers -------------------------------------------------------------------------------------

    def answer(self, call: Call) -> dict[str, Any]:
        """The answer to a call whose session holds."""
        version, _, rest = call.path.removeprefix("/api/").partition("/")
        if rest == "query":
            return self._query(call.form["q"], version, None)
        if rest.startswith("query/"):
            return self._linked(rest.removeprefix("query/"), call, version)
        if rest == "metadata/vobjects":
            return self._warned(good(objects=[{"name": name} for name in self.objects]))
        if rest == "services/directdata/files":
            return good(data=self.direct.answer(call.form))
        if rest == "services/jobs/histories":
            start, limit = int(call.form.get("offset", 0)), int(call.form.get("limit", 50))
            return good(jobs=self.jobs[start : start + limit])
        return self._named(rest, rest.rsplit("/", 1)[-1], call)

    def _named(self, rest: str, name: str, call: Call) -> dict[str, Any]:
        if rest.startswith("vobjects/merges/") and name == "results":
            job = rest.split("/")[2]
            return good(data=self.merges[job]) if job in self.merges else bad("INVALID_DATA", "no such job")
        if rest.startswith("objects/picklists/"):
            return self._picklist(name)
        if name not in self.objects:
            return bad("INVALID_DATA", f"Invalid object [{name}]")
        if rest.startswith("metadata/vobjects/"):
            said = self.about.get(name, {})
            fields = [
                {"name": n, "type": kind, "status": ["active__v"], **said.get(n, {})} for n, kind in self._types(name).items()
            ]
            return good(object={"name": name, "fields": fields})
        if rest.startswith("objects/deletions/vobjects/"):
            return self._deletions(name, call.form)
        return bad("MALFORMED_URL", "no such address")

    def file(self, call: Call) -> bytes | None:
        """The bytes behind an address that is no JSON."""
        name = call.path.rsplit("/", 1)[-1]
        if "/services/directdata/files/" in call.path:
            return self.direct.part(name)
        return self.certificates.get(name) if "/services/certificate/" in call.path else None

    def login(self, form: dict[str, str]) -> dict[str, Any]:
        """A session, or the reason there is none."""
        if self.faults.login:
            return bad(self.faults.login, "the login was refused", errorType="AUTHENTICATION_FAILED")
        if form.get("username") != USERNAME or form.get("password") != PASSWORD:
            return bad("USERNAME_OR_PASSWORD_INCORRECT", "wrong", errorType="AUTHENTICATION_FAILED")
        return self._session()

    def oauth(self, call: Call) -> dict[str, Any]:
        """A session for an access token."""
        if call.path.rsplit("/", 1)[-1] != PROFILE or call.session != f"Bearer {TOKEN}" or self.faults.login:
            return bad("INVALID_OAUTH_TOKEN" if self.faults.login is None else self.faults.login, "the token was refused")
        return self._session()

    def token(self, form: dict[str, str]) -> tuple[int, dict[str, Any]]:
        """An access token for a client's secret."""
        if form.get("grant_type") != "client_credentials" or form.get("client_secret") != SECRET:
            return 401, {"error": "invalid_client"}
        return 200, {"access_token": TOKEN, "token_type": "Bearer", "expires_in": 3600}

    def _session(self) -> dict[str, Any]:
        session = uuid.uuid4().hex.upper()
        self.sessions[session] = 0
        vaults = [{"id": 1001, "url": f"https://{DNS}/api"}, {"id": 2002, "url": "https://other.veevavault.com/api"}]
        return good(sessionId=session, vaultIds=vaults, vaultId=2002 if self.faults.wrong_vault else 1001)

    def holds(self, session: str | None) -> bool:
        """Whether a session still holds after one more call."""
        if session not in self.sessions or self.faults.never_a_session:
            return False
        self.sessions[session] += 1
        return self.faults.sessions_last is None or self.sessions[session] <= self.faults.sessions_last

    def _types(self, name: str) -> dict[str, str]:
        rows = self.objects[name]
        seen = rows.types if isinstance(rows, Held) else dict.fromkeys((field for row in rows for field in row), "String")
        return self.types.get(name) or seen

    def _warned(self, answer: dict[str, Any]) -> dict[str, Any]:
        if self.faults.warning is None:
            return answer
        return {**answer, "responseStatus": "WARNING", "warnings": [{"type": "SOME_WARNING", "message": self.faults.warning}]}

    def _linked(self, handle: str, call: Call, version: str) -> dict[str, Any]:
        if self.faults.links_expire or handle not in self.links:
            return bad("INVALID_DATA", "The query page has expired")
        return self._query(self.links[handle], version, int(call.form["pageoffset"]))

    def _query(self, text: str, version: str, offset: int | None) -> dict[str, Any]:
        match = QUERY.fullmatch(text)
        if match is None:
            return bad("INCORRECT_QUERY_SYNTAX_ERROR", "the query cannot be parsed")
        fields, name, where, order, size, start = match.groups()
        names = fields.split(", ")
        unknown = [field for field in names if field not in self._types(name)]
        if unknown:
            return bad("ATTRIBUTE_NOT_SUPPORTED", f"no field {unknown[0]}")
        offset = int(start or 0) if offset is None else offset
        cap = self.faults.page_caps.popleft() if self.faults.page_caps else int(size)
        rows, total = found(self.objects[name], where, order, offset, min(int(size), cap))
        details = {"pagesize": int(size), "pageoffset": offset, "size": len(rows), "total": total}
        if offset + len(rows) < total and self.faults.links != "none":
            details["next_page"] = self._link(text, version, f"pagesize={size}&pageoffset={offset + len(rows)}")
        page = [{field: row.get(field) for field in names} for row in rows]
        self.pages += 1
        if self.faults.on_page:
            self.faults.on_page(self, self.pages)
        return self._warned(good(responseDetails=details, data=page))

    def _link(self, text: str, version: str, rest: str) -> str:
        handle = uuid.uuid4().hex
        self.links[handle] = text
        start = {"relative": "", "absolute": self.url, "foreign": "http://127.0.0.1:9"}[self.faults.links]
        return f"{start}/api/{version}/query/{handle}?{rest}"

    def _picklist(self, name: str) -> dict[str, Any]:
        if name not in self.picklists:
            return bad("INSUFFICIENT_ACCESS", f"no access to {name}")
        return good(picklistValues=self.picklists[name])

    def _deletions(self, name: str, form: dict[str, str]) -> dict[str, Any]:
        low, high = max(form["start_date"], forgotten()), form["end_date"]
        rows = [row for row in self.deleted.get(name, []) if low <= row["date_deleted"] <= high]
        start, limit = int(form.get("offset", 0)), int(form.get("limit", 1000))
        page = rows[start : start + limit]
        return good(responseDetails={"total": len(rows), "size": len(page), "offset": start, "limit": limit}, data=page)


def forgotten() -> str:
    """The time before which a Vault remembers no deletion."""
    return (datetime.now(UTC) - timedelta(days=30)).strftime("%Y-%m-%dT%H:%M:%SZ")
