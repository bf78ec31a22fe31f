"""One REDCap project, seen as the user the token belongs to.

One address takes every question as a form. An answer is judged by its status and its words: REDCap says what is wrong as
`{"error": ...}`, a server that is down says it in HTML, and nothing found is `[]` or a single line break.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import Any, cast
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import requests

from mdm.connector import Context, Door, Options, Session
from mdm.errors import ConfigError, DamagedError, DeniedError, SourceError, UnavailableError

Row = dict[str, Any]
_DENIED = re.compile(r"permission|privilege|token|not allowed|user rights|banned", re.IGNORECASE)
_XML_ERROR = re.compile(rb"<error>(.*?)</error>", re.DOTALL)
# What a lesser project has not, and says so under HTTP 400.
_ABSENT = re.compile(r"classic|not longitudinal|cannot export (arms|events)", re.IGNORECASE)
WORDS = 200


class Absent(SourceError):
    """The project has no such thing, and never will unless it is set up anew."""


@dataclass
class Client:
    """The project's API."""

    source: str
    options: Options = field(repr=False)
    context: Context = field(repr=False)

    def __post_init__(self) -> None:
        base = str(self.options["base_url"])
        path = re.sub(r"/api/?$", "", urlsplit(base).path, flags=re.IGNORECASE).rstrip("/")
        self.link = f"{path}/api/"
        self.door = Door(self.source, base, self.context, self._complaint)
        self.door.http.headers.update({"Accept": "application/json"})
        self.zone = _zone(self.source, self.options["timezone"])
        self.context.budget.limit(self.options["per_second"])
        self._project = Session(self.source, self.context, self._described)
        self._id_field: str | None = None

    @property
    def now(self) -> float:
        """The time by the server's clock."""
        return self.door.now

    @property
    def project(self) -> Row:
        """What the project is; the first thing asked, so that a refused token is shown once, whatever the streams."""
        return self._project.within(lambda project: project)

    def _described(self) -> Row:
        said = self.ask("project")
        if len(said) != 1 or "is_longitudinal" not in said[0]:
            raise DamagedError(f"source {self.source!r}: the project does not describe itself; check base_url")
        return said[0]

    @property
    def id_field(self) -> str:
        """The field that names a record: the first of the data dictionary."""
        if self._id_field is None:
            fields = self.ask("metadata")
            if not fields:
                raise DamagedError(f"source {self.source!r}: the project has no fields; check that the token is the right one")
            self._id_field = str(fields[0]["field_name"])
        return self._id_field

    def ask(self, content: str, form: Mapping[str, str] | None = None) -> list[Row]:
        """The rows that answer a question."""
        rows = self._asked(content, form or {}, None)
        return cast("list[Row]", rows)

    def ids(self, form: Mapping[str, str]) -> list[str]:
        """The ids of the records that answer, each once, in order; a row is forgotten as soon as its id is known."""
        name = self.id_field
        found = self._asked("record", {"type": "flat", "fields[0]": name, **form}, name)
        return sorted({str(one) for one in found if one is not None})

    def records(self, ids: Sequence[str], form: Mapping[str, str]) -> list[Row]:
        """Every row of these records."""
        chosen = {f"records[{at}]": name for at, name in enumerate(ids)}
        return self.ask("record", {"type": "flat", "rawOrLabel": "raw", "exportDataAccessGroups": "true", **form, **chosen})

    def local(self, seconds: float) -> str:
        """A moment as this server writes it."""
        return datetime.fromtimestamp(seconds, self.zone).strftime("%Y-%m-%d %H:%M:%S")

    def _asked(self, content: str, form: Mapping[str, str], only: str | None) -> list[Any]:
        token = self.context.secrets.reveal(self.options["token"]).strip()
        self.context.secrets.remember(token)
        data = {"token": token, "content": content, "format": "json", "returnFormat": "json", **form}
        return self.door.ask("POST", self.link, lambda response: self._rows(response, only), data=data)

    def _rows(self, response: requests.Response, only: str | None) -> list[Any]:
        if response.content and not response.content.strip():
            return []
        try:
            named = partial(json.loads, response.content, object_hook=lambda row: row.get(only))
            said = response.json() if only is None else named()
        except ValueError:
            kind = response.headers.get("Content-Type", "no type").partition(";")[0]
            how = "broken off JSON" if "json" in kind else f"{kind or 'nothing'} where JSON was due"
            raise UnavailableError(f"source {self.source!r}: answered {how}; try again later") from None
        if isinstance(said, dict):
            return [said]
        if not isinstance(said, list):
            raise DamagedError(f"source {self.source!r}: answered something that is no list; check base_url")
        return said

    def _complaint(self, response: requests.Response) -> SourceError | None:
        words = _words(response)
        status = response.status_code
        if words is None:
            return None
        told = f"source {self.source!r}: REDCap says {self.context.secrets.redact(words)!r} (HTTP {status})"
        if status in (401, 403) or (status < 500 and _DENIED.search(words)):
            return DeniedError(f"{told}; correct the token, or ask for the right it needs (API Export, Logging, ...)")
        if _ABSENT.search(words):
            return Absent(f"{told}; leave this stream out of mdm.toml")
        if status in (200, 501) or (400 <= status < 500 and status not in (408, 425, 429)):
            return SourceError(f"{told}; check the stream's options against the project")
        return None


def _words(response: requests.Response) -> str | None:
    """What REDCap says is wrong, in either of the forms it says it in; None when it says nothing of the kind."""
    body = response.content.lstrip()[: 1 << 16]
    if body.startswith(b"{"):
        try:
            said = json.loads(response.content)
        except ValueError:
            return None
        words = said.get("error") if isinstance(said, dict) else None
        return str(words)[:WORDS] if words is not None else None
    found = _XML_ERROR.search(body) if body.startswith(b"<?xml") else None
    return found.group(1).decode(errors="replace")[:WORDS] if found else None


def _zone(source: str, name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        raise ConfigError(f"source {source!r}: timezone {name!r} is not known; write one such as 'America/Chicago'") from None


def moment(seconds: float) -> str:
    """Seconds since 1970 as text."""
    return datetime.fromtimestamp(int(seconds), UTC).isoformat().replace("+00:00", "Z")


def seconds(text: str) -> float:
    """A moment's seconds since 1970."""
    return datetime.fromisoformat(text).timestamp()
