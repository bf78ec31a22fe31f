"""A Rave on loopback: web services that behave as the real ones do, and misbehave on demand.

Studies, sites, users, subjects, audits and clinical views are generated; `faults` says what goes wrong. Nobody real is in it.
"""

import base64
import csv
import io
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import parse_qs, quote, unquote, urlsplit
from xml.sax.saxutils import quoteattr

from tests.fakes.loopback import Loopback, Speaking

USERNAME = "integration"
PASSWORD = "a-l0ng-and-Invented-password"
SPACES = 'xmlns="http://www.cdisc.org/ns/odm/v1.3" xmlns:mdsol="http://www.mdsol.com/ns/odm/metadata"'
CREATED = "2026-03-01T00:00:00"
BOM = "\N{ZERO WIDTH NO-BREAK SPACE}"


@dataclass
class Faults:
    """What is wrong with this Rave: switches that stay, and answers that come once."""

    # As the real one does unless told: the core services send a mark, the ODM adapter none.
    bom: bool | None = None
    cut: int | None = None
    link: str = "absolute"
    clock_ahead: float = 0.0
    once: deque[str] = field(default_factory=deque)


@dataclass(frozen=True)
class Call:
    """One call that came in."""

    path: str
    query: dict[str, str]
    raw: str


class FakeRave(Loopback):
    """The server, one study and its switches."""

    def __init__(self, study: str = "Mediflex(Prod)") -> None:
        self.study, self.faults = study, Faults()
        self.sites: list[str] = []
        self.users: list[str] = []
        self.subjects: dict[str, str] = {}
        self.audits: list[tuple[int, str]] = []
        self.forms: dict[str, tuple[list[str], list[dict[str, str]]]] = {}
        self.calls: list[Call] = []
        self.logins = 0
        super().__init__(_handler(self))

    def options(self, **more: Any) -> dict[str, Any]:
        """Options of a source that reads this Rave."""
        name, found, environment = self.study.removesuffix(")").rpartition("(")
        own = {"study": name, "environment": environment} if found else {"study": self.study}
        return {"base_url": self.url, "username": USERNAME, "password": PASSWORD, **own, **more}

    def asked(self, part: str) -> list[Call]:
        """The calls whose path holds this."""
        return [call for call in self.calls if part in call.path]

    # --- what is in it ---------------------------------------------------------------------------------------

    def site(self, number: int, **more: str) -> None:
        """A site of the study."""
        said = attributes(
            {"OID": f"L{number}", "Name": f"Invented Hospital {number}", "LocationType": "Site", "mdsol:Active": "Yes"} | more
        )
        ref = attributes(
            {
                "StudyOID": self.study,
                "MetaDataVersionOID": "7",
                "EffectiveDate": "2026-01-01",
                "mdsol:StudySiteNumber": str(number),
            }
        )
        self.sites.append(f"<Location {said}><MetaDataVersionRef {ref}/></Location>")

    def user(self, oid: str, role: str = "Data Entry") -> None:
        """A user of the study."""
        said = attributes({"OID": oid, "UserType": "Other", "mdsol:Active": "Yes", "mdsol:UserRole": role})
        self.users.append(
            f"<User {said}><LoginName>{oid}</LoginName><FirstName>Ana</FirstName><LastName>{oid.title()}</LastName><Address/>"
            f'<Email>{oid}@invented.example</Email><LocationRef LocationOID="L1"/></User>'
        )

    def subject(self, key: str, name: str, **more: str) -> None:
        """A subject, as the list of subjects tells it."""
        said = attributes({"SubjectKey": key, "mdsol:SubjectKeyType": "SubjectUUID", "mdsol:SubjectName": name} | more)
        self.subjects[key] = f'<SubjectData {said}><SiteRef LocationOID="L1"/></SubjectData>'

    def audit(
        self, number: int, subject: str, item: str | None = None, value: str | None = None, *, kind: str = "Upsert"
    ) -> None:
        """A transaction on a subject, or on one of its items."""
        about = "Deleted" if kind == "Remove" else "SubjectCreated" if item is None else "Entered"
        record = (
            f'<AuditRecord><UserRef UserOID="ana"/><LocationRef LocationOID="L1"/><DateTimeStamp>{stamp(number)}</DateTimeStamp>'
            f"<ReasonForChange/><SourceID>{number}</SourceID></AuditRecord>"
        )
        inner, own = "", f' TransactionType="{kind}"'
        if item is not None:
            told = attributes({"ItemOID": item, "TransactionType": kind} | ({} if value is None else {"Value": value}))
            inner = (
                f'<StudyEventData StudyEventOID="V1"><FormData FormOID="DM"><ItemGroupData ItemGroupOID="DM"><ItemData {told}>{record}'
                "</ItemData></ItemGroupData></FormData></StudyEventData>"
            )
            record, own = "", ""
        text = (
            f'<ClinicalData StudyOID={quoteattr(self.study)} MetaDataVersionOID="7" mdsol:AuditSubCategoryName="{about}">'
            f'<SubjectData SubjectKey="{subject}" mdsol:SubjectKeyType="SubjectUUID" mdsol:SubjectName="S-{subject}"{own}>{record}'
            f'<SiteRef LocationOID="L1"/>{inner}</SubjectData></ClinicalData>'
        )
        self.audits.append((number, text))

    def form(self, oid: str, rows: Iterable[dict[str, str]]) -> None:
        """A clinical view; `MaxUpdated` says when a row changed."""
        listed = list(rows)
        self.forms[oid] = (list(dict.fromkeys(name for row in listed for name in row)), listed)

    # --- what it answers -------------------------------------------------------------------------------------

    def answer(self, call: Call) -> tuple[int, str, str, dict[str, str]]:
        """Status, body, content type and further headers of an answer."""
        parts = [unquote(part) for part in call.raw.split("?")[0].strip("/").split("/")]
        if parts[0] != "RaveWebServices":
            return 404, "<html><body>Not found</body></html>", "text/html", {}
        match parts[1:]:
            case ["studies"]:
                name = self.study.rpartition("(")[0] or self.study
                told = f"<StudyName>{self.study}</StudyName><StudyDescription/><ProtocolName>{name}</ProtocolName>"
                return self._odm(f"<Study OID={quoteattr(self.study)}><GlobalVariables>{told}</GlobalVariables></Study>")
            case ["studies", study, "subjects"] if study == self.study:
                return self._odm("".join(self._subject(text, call.query) for text in self.subjects.values()))
            case ["studies", study, "datasets", "regular" | "raw", form] if study == self.study:
                return self._view(form, call.query)
            case ["datasets", "Sites.odm"] if call.query.get("studyoid", self.study) == self.study:
                return self._odm(f"<AdminData>{''.join(self.sites)}</AdminData>")
            case ["datasets", "Users.odm"] if call.query.get("studyoid") == self.study:
                return self._odm(f"<AdminData>{''.join(self.users)}</AdminData>")
            case ["datasets", "ClinicalAuditRecords.odm"] if call.query.get("studyoid") == self.study:
                return self._audits(call.query)
        return 404, response("RWS00024", "Study not found"), "text/xml", {}

    def _odm(self, body: str, **headers: str) -> tuple[int, str, str, dict[str, str]]:
        start = f'<ODM {SPACES} ODMVersion="1.3" FileType="Snapshot" FileOID="f1" CreationDateTime="{CREATED}"'
        return 200, f'<?xml version="1.0" encoding="utf-8"?>{start}>{body}</ODM>', "text/xml", headers

    def _subject(self, text: str, query: dict[str, str]) -> str:
        if query.get("subjectKeyType") != "SubjectUUID":
            text = text.replace(' mdsol:SubjectKeyType="SubjectUUID"', "")
        return f'<ClinicalData StudyOID={quoteattr(self.study)} MetaDataVersionOID="7">{text}</ClinicalData>'

    def _audits(self, query: dict[str, str]) -> tuple[int, str, str, dict[str, str]]:
        start, size = int(query.get("startid", 1)), int(query.get("per_page", 100))
        rest = [(number, text) for number, text in self.audits if number >= start]
        headers = {}
        if len(rest) > size:
            following = {
                "absolute": rest[size][0],
                "relative": rest[size][0],
                "foreign": rest[size][0],
                "back": start,
                "odd": "next",
            }
            host = {"relative": "", "foreign": "http://127.0.0.1:9"}.get(self.faults.link, self.url)
            path = "/RaveWebServices/datasets/ClinicalAuditRecords.odm"
            link = f"{host}{path}?studyoid={quote(self.study)}&startid={following[self.faults.link]}&per_page={size}"
            headers["Link"] = f'<{link}>; rel="next"'
        status, body, kind, headers = self._odm("".join(text for _, text in rest[:size]), **headers)
        # The real one declares nothing here.
        return status, body[body.index("<ODM") :], kind, headers

    def _view(self, form: str, query: dict[str, str]) -> tuple[int, str, str, dict[str, str]]:
        name = form.removesuffix(".csv")
        if name not in self.forms:
            return 404, response("RWS00092", "Form not found"), "text/xml", {}
        names, rows = self.forms[name]
        rows = [row for row in rows if row.get("MaxUpdated", "9") >= query.get("start", "")]
        if not form.endswith(".csv"):
            return self._odm("".join(_group(self.study, name, row) for row in rows))
        out = io.StringIO()
        writer = csv.DictWriter(out, names, lineterminator="\r\n")
        writer.writeheader()
        writer.writerows(rows)
        return 200, out.getvalue() + "EOF", "text/csv", {}


def attributes(said: dict[str, str]) -> str:
    """Attributes as XML writes them."""
    return " ".join(f"{name}={quoteattr(value)}" for name, value in said.items())


def stamp(number: int) -> str:
    """The time of an audit, later for each."""
    return f"2026-01-{1 + number // 86400:02d}T{number // 3600 % 24:02d}:{number // 60 % 60:02d}:{number % 60:02d}"


def response(code: str, message: str) -> str:
    """The first shape of an error."""
    return (
        f'<Response ReferenceNumber="r-1" InboundODMFileOID="Not Supplied" IsTransactionSuccessful="0" ReasonCode="{code}" '
        f'ErrorClientResponseMessage="{message}"></Response>'
    )


def failed_odm(message: str) -> str:
    """The second shape of an error: a document with nothing in it but the reason."""
    return f'<?xml version="1.0" encoding="utf-8"?><ODM {SPACES} FileType="Snapshot" FileOID="e" ODMVersion="1.3" mdsol:ErrorDescription="{message}"/>'


def _group(study: str, form: str, row: dict[str, str]) -> str:
    items = "".join(f'<ItemData ItemOID="{form}.{name}" Value={quoteattr(value)}/>' for name, value in row.items())
    return (
        f'<ClinicalData StudyOID={quoteattr(study)} MetaDataVersionOID="7"><SubjectData SubjectKey={quoteattr(row.get("Subject", "1"))}>'
        f'<SiteRef LocationOID="L1"/><StudyEventData StudyEventOID="V1"><FormData FormOID="{form}"><ItemGroupData ItemGroupOID="{form}">'
        f"{items}</ItemGroupData></FormData></StudyEventData></SubjectData></ClinicalData>"
    )


# What is said once instead of an answer: status, body, content type.
ONCE: dict[str, tuple[int, str, str]] = {
    "login 401": (401, failed_odm("Incorrect login and password combination. [RWS00008]"), "text/xml"),
    "login 200": (200, failed_odm("Incorrect login and password combination. [RWS00008]"), "text/xml"),
    "no header": (401, "Authorization Header not provided", "text/plain"),
    "forbidden": (403, response("RWS00010", "You have no rights to this study"), "text/xml"),
    "response 404": (404, response("RWS00092", "CRF version not found"), "text/xml"),
    "response 200": (200, response("RWS00092", "CRF version not found"), "text/xml"),
    "response 500": (500, response("RWS00000", "Internal error"), "text/xml"),
    "odm 400": (400, failed_odm("Study not found [RWS00024]"), "text/xml"),
    "odm 200": (200, failed_odm("Study not found [RWS00024]"), "text/xml"),
    "text 503": (503, "HTTP 503 Service Temporarily Unavailable", "text/plain"),
    "text 200": (200, "HTTP 503 Service Temporarily Unavailable", "text/plain"),
    "html 200": (200, "<html><head><title>IIS</title></head><body>Down for maintenance</body></html>", "text/html"),
    "html 404": (404, "<html><body>HTTP Error 404.0 - Not Found</body></html>", "text/html"),
    "timeout 200": (200, response("RWS00111", "The operation timed out"), "text/xml"),
    "empty": (200, "", "text/xml"),
}


def _handler(rave: FakeRave) -> type[BaseHTTPRequestHandler]:
    class Handler(Speaking):
        fake = rave

        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            call = Call(unquote(parts.path), {key: values[-1] for key, values in parse_qs(parts.query).items()}, self.path)
            rave.calls.append(call)
            if call.path.startswith("/RaveWebServices/version"):
                self.send(200, b"1.19.0", "text/plain")
            elif call.path == "/RaveWebServices/twohundred":
                self.send(200, b"<html>MAuth</html>", "text/html")
            elif self._let_in():
                self._answer(call)

        def _let_in(self) -> bool:
            header = self.headers.get("Authorization")
            if header is None:
                self.send(401, b"Authorization Header not provided", "text/plain")
                return False
            rave.logins += 1
            if header != "Basic " + base64.b64encode(f"{USERNAME}:{PASSWORD}".encode()).decode():
                self.send(401, ONCE["login 401"][1].encode(), "text/xml")
                return False
            return True

        def _answer(self, call: Call) -> None:
            way = rave.faults.once.popleft() if rave.faults.once else ""
            status, body, kind, more = rave.answer(call)
            marked = rave.faults.bom if rave.faults.bom is not None else "/studies" in call.path
            whole = (BOM + body if marked else body).encode()
            if way in ONCE:
                status, body, kind = ONCE[way]
                self.send(status, body.encode(), kind)
            elif way in ("429 seconds", "429 date"):
                self.busy(way)
            elif way.startswith("cut"):
                self.send(status, whole[: len(whole) * int(way.split()[1]) // 100], kind, more)
            elif way == "reset":
                self.send(status, whole[: len(whole) // 2], kind, more, claimed=len(whole))
            elif way == "redirect":
                self.send(302, b"", "text/plain", {"Location": "http://127.0.0.1:9/elsewhere"})
            else:
                self.send(status, whole if rave.faults.cut is None else whole[: rave.faults.cut], kind, more)

    return Handler
