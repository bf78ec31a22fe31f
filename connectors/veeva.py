"""How Veeva's products answer: success or failure stand in the body, whatever the HTTP status.

A refused login is never repeated: that would lock the account. What the server or anything in between says for the moment
is worth another try; the rest fails at once.
"""

from collections.abc import Set
from dataclasses import dataclass
from typing import Any

import requests

from mdm.connector import Secrets, SessionExpired
from mdm.errors import DeniedError, DriftError, SourceError, UnavailableError

EXPIRED = "INVALID_SESSION_ID"
DENIED = {
    "INACTIVE_USER", "NO_PASSWORD_PROVIDED", "USERNAME_OR_PASSWORD_INCORRECT", "USER_LOCKED_OUT", "PASSWORD_CHANGE_REQUIRED",
    "INSUFFICIENT_ACCESS", "USER_NOT_FOUND", "AUTHENTICATION_FAILED",
}  # fmt: skip
BUSY = {"API_LIMIT_EXCEEDED", "RACE_CONDITION", "OPERATION_IN_PROGRESS", "UNEXPECTED_ERROR"}
SHAPE = {"ATTRIBUTE_NOT_SUPPORTED", "INVALID_FILTER"}

Answer = dict[str, Any]


class Refused(SourceError):
    """The source would not do this, for a reason that neither waiting nor a new session changes."""


@dataclass(frozen=True)
class Voice:
    """One product's way of saying it: its name in a sentence, its own words for busy and for another shape, and what to adapt."""

    name: str
    busy: Set[str]
    shape: Set[str]
    adapt: str

    def answered(self, source: str, secrets: Secrets, response: requests.Response) -> Answer:
        """A good answer's content; anything else is raised."""
        try:
            answer = response.json()
        except (requests.JSONDecodeError, UnicodeDecodeError):
            kind = response.headers.get("Content-Type", "no type").partition(";")[0]
            raise UnavailableError(f"source {source!r}: answered {kind} where JSON was due; try again later") from None
        if (error := self.wrong(source, secrets, answer)) is not None:
            raise error
        return dict(answer)

    def complaint(self, source: str, secrets: Secrets, response: requests.Response) -> SourceError | None:
        """What a call that failed by its status as well has to say in the product's own words."""
        if response.ok and "json" not in response.headers.get("Content-Type", ""):
            return None
        try:
            answer = response.json()
        except (requests.RequestException, UnicodeDecodeError):
            return None
        told = isinstance(answer, dict) and answer.get("responseStatus") in ("FAILURE", "EXCEPTION")
        return self.wrong(source, secrets, answer) if told else None

    def wrong(self, source: str, secrets: Secrets, answer: Any) -> SourceError | None:
        """The error an answer stands for; None when it is a success."""
        status = answer.get("responseStatus") if isinstance(answer, dict) else None
        if status in ("SUCCESS", "WARNING"):
            return None
        if status not in ("FAILURE", "EXCEPTION"):
            return UnavailableError(f"source {source!r}: the answer has no responseStatus; try again later")
        errors = answer.get("errors") or [{"type": answer.get("errorType", ""), "message": answer.get("responseMessage", "")}]
        first = errors[0] if isinstance(errors[0], dict) else {"message": str(errors[0])}
        kind = str(first.get("type") or answer.get("errorType") or "")
        text = secrets.redact(f"{self.name} answered {kind or status}: {first.get('message', '')}")
        return self._error(kind, f"source {source!r}: {text[:400]}", status)

    def _error(self, kind: str, text: str, status: str) -> SourceError:
        if kind == EXPIRED:
            return SessionExpired(text)
        if kind in DENIED:
            denied = DeniedError(
                f"{text}. It was not tried again, for that could lock the account; correct the credentials or rights"
            )
            denied.rights = kind == "INSUFFICIENT_ACCESS"
            return denied
        if kind in BUSY | self.busy or status == "EXCEPTION":
            return UnavailableError(f"{text}; try again later")
        if kind in SHAPE | self.shape:
            return DriftError(f"{text}. {self.adapt}")
        return Refused(f"{text}; correct the source's options")
