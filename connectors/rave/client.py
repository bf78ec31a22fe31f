"""Rave Web Services as one user: who asks for which study, and answers kept until they are known to be whole."""

import base64
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import IO, Any
from urllib.parse import parse_qs, quote, urlsplit

import requests

from connectors.rave.answer import EOF, HEAD, complaint, ends, whole_csv
from mdm.connector import Context, Door, Options, same_host
from mdm.errors import ConfigError, DamagedError, DeniedError, SourceError

FORBIDDEN = 403
Judge = Callable[[str, IO[bytes]], None]


@dataclass
class Client:
    """One Rave, as one user."""

    source: str
    options: Options = field(repr=False)
    context: Context = field(repr=False)
    _refusal: DeniedError | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        self.door = Door(self.source, self.options["base_url"], self.context, self._complaint)
        self.root = f"/{self.options['virtual_dir'].strip('/')}/"

    def kept(self, path: str, params: Mapping[str, str], whole: Judge) -> tuple[IO[bytes], requests.Response]:
        """An answer as an open temporary file, known to be whole; asked again while it comes cut off."""
        if self._refusal is not None:
            # Once was enough to learn that these credentials are refused.
            raise self._refusal
        return self.door.download(
            self.root + path, credentials=self._credentials(), params=dict(params),
            proof=lambda file, response: self._judged(file, response, whole),
        )  # fmt: skip

    def following(self, response: requests.Response) -> int | None:
        """Where the next page of audits starts, as the answer's Link says; None at the end."""
        link = response.links.get("next", {}).get("url")
        if link is None:
            return None
        told = parse_qs(urlsplit(same_host(self.door.base, link)).query).get("startid", [""])[-1]
        if not told.isascii() or not told.isdigit():
            raise DamagedError(
                f"source {self.source!r}: the link to the next page has no startid; report it to the EDC's support"
            )
        return int(told)

    def _credentials(self) -> dict[str, str]:
        username, secrets = str(self.options["username"]), self.context.secrets
        password = secrets.reveal(self.options["password"])
        token = base64.b64encode(f"{username}:{password}".encode()).decode()
        return {"Authorization": f"Basic {secrets.remember(token)}"}

    def _judged(self, file: IO[bytes], response: requests.Response, whole: Judge) -> None:
        head, _ = ends(file)
        # The beginning of a table is words too; only what stands in the way of one is an error.
        told = None if whole is whole_csv and _is_table(head, response) else self._told(head, response)
        if told is not None:
            raise told
        whole(self.source, file)

    def _complaint(self, response: requests.Response) -> SourceError | None:
        if response.ok:
            return None
        return self._told(response.content[:HEAD], response)

    def _told(self, head: bytes, response: requests.Response) -> SourceError | None:
        retry = (response.headers.get("Retry-After"), self.context.clock())
        error = complaint(self.source, head, response.status_code, retry)
        if error is not None:
            error.args = (self.context.secrets.redact(str(error)),)
        if isinstance(error, DeniedError) and response.status_code != FORBIDDEN:
            self._refusal = error
        return error


def _is_table(head: bytes, response: requests.Response) -> bool:
    first = head.removeprefix(b"\xef\xbb\xbf").lstrip().partition(b"\n")[0].strip()
    return not first.startswith(b"<") and (
        "csv" in response.headers.get("Content-Type", "") or b"," in first or first in (b"", EOF)
    )


def study_key(options: Mapping[str, Any]) -> str:
    """The study as Rave names it: Project(Environment). A project's own name may hold parentheses."""
    study, environment = str(options["study"]).strip(), options["environment"]
    if not study:
        raise ConfigError("option 'study' is empty; name the study as Rave does, such as Mediflex")
    return study if not environment else f"{study}({environment})"


def project_of(key: str) -> tuple[str, str]:
    """Project and environment of a study's key; the last parentheses hold the environment."""
    found = re.fullmatch(r"(.*?)\s*\(([^()]*)\)", key, re.DOTALL)
    return (key, "") if found is None else (found[1], found[2])


def path_of(*parts: str) -> str:
    """A path from its parts, each percent-encoded whole: parentheses, blanks and slashes are part of a name."""
    return "/".join(quote(part, safe="") for part in parts)
