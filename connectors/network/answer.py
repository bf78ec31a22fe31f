"""What an answer of Veeva Network says: success or failure stand in its body, whatever the HTTP status."""

from typing import Any

import requests

from mdm.connector import Secrets
from mdm.errors import DamagedError, DeniedError, DriftError, SourceError, UnavailableError

EXPIRED = "INVALID_SESSION_ID"
DENIED = {
    "INACTIVE_USER", "NO_PASSWORD_PROVIDED", "USERNAME_OR_PASSWORD_INCORRECT", "USER_LOCKED_OUT", "PASSWORD_CHANGE_REQUIRED",
    "INSUFFICIENT_ACCESS", "USER_NOT_FOUND", "AUTHENTICATION_FAILED",
}  # fmt: skip
BUSY = {"API_LIMIT_EXCEEDED", "RACE_CONDITION", "OPERATION_IN_PROGRESS", "UNEXPECTED_ERROR", "TOO_MANY_REQUESTS"}
SHAPE = {"ATTRIBUTE_NOT_SUPPORTED", "INVALID_FILTER", "INVALID_FIELD"}
Answer = dict[str, Any]


class SessionExpired(SourceError):
    """The session is over; a new one may be asked for, once."""


class Refused(SourceError):
    """Network would not do this, for a reason that neither waiting nor a new session changes."""


def answered(source: str, secrets: Secrets, response: requests.Response) -> Answer:
    """The answer, if it is a success."""
    try:
        said = response.json()
    except (requests.JSONDecodeError, UnicodeDecodeError):
        kind = response.headers.get("Content-Type", "no type").partition(";")[0]
        raise UnavailableError(f"source {source!r}: answered {kind} where JSON was due; try again later") from None
    if not isinstance(said, dict) or "responseStatus" not in said:
        raise UnavailableError(f"source {source!r}: the answer has no responseStatus; try again later")
    if said["responseStatus"] in ("SUCCESS", "WARNING"):
        return said
    raise _error(source, secrets, said)


def complaint(source: str, secrets: Secrets, response: requests.Response) -> SourceError | None:
    """What an answer with a bad status says is wrong, if it is Network that speaks."""
    if response.ok or response.status_code == 429 or response.status_code >= 500:
        return None
    try:
        said = response.json()
    except (requests.JSONDecodeError, UnicodeDecodeError):
        return None
    return _error(source, secrets, said) if isinstance(said, dict) and "responseStatus" in said else None


def _error(source: str, secrets: Secrets, said: Answer) -> SourceError:
    errors = said.get("errors") or [{"type": said.get("errorType", ""), "message": said.get("responseMessage", "")}]
    first = errors[0] if isinstance(errors[0], dict) else {"message": str(errors[0])}
    kind = str(first.get("type") or said.get("errorType") or "")
    text = secrets.redact(f"source {source!r}: Network answered {kind or said['responseStatus']}: {first.get('message', '')}")[
        :400
    ]
    if kind == EXPIRED:
        return SessionExpired(text)
    if kind in DENIED:
        return DeniedError(f"{text}. It was not tried again, for that could lock the account; correct the credentials or rights")
    if kind in BUSY or said["responseStatus"] == "EXCEPTION":
        return UnavailableError(f"{text}; try again later")
    if kind in SHAPE:
        return DriftError(f"{text}. If the data model changed, adapt `filters` or the mapping")
    return Refused(f"{text}; correct the source's options")


def rows(source: str, answer: Answer, name: str) -> list[dict[str, Any]]:
    """A list of an answer, each element an object."""
    found = answer.get(name)
    if not isinstance(found, list) or any(not isinstance(one, dict) for one in found):
        raise DamagedError(f"source {source!r}: the answer has no list of {name}; check version")
    return found
