"""What a Vault's answer says: its own words decide, not its HTTP status.

A refused login is never repeated: that would lock the account. What the server or anything in between says for the moment
is worth another try; the rest fails at once.
"""

from typing import Any

import requests

from mdm.connector import Secrets
from mdm.errors import DeniedError, DriftError, SourceError, UnavailableError

DENIED = {
    "INACTIVE_USER", "NO_PASSWORD_PROVIDED", "USERNAME_OR_PASSWORD_INCORRECT", "USER_LOCKED_OUT",
    "PASSWORD_CHANGE_REQUIRED", "INSUFFICIENT_ACCESS", "USER_NOT_FOUND",
}  # fmt: skip
BUSY = {"API_LIMIT_EXCEEDED", "RACE_CONDITION", "OPERATION_IN_PROGRESS", "UNEXPECTED_ERROR", "CONFIGURATION_MODE_ENABLED"}
SHAPE = {"ATTRIBUTE_NOT_SUPPORTED", "INVALID_FILTER", "INCORRECT_QUERY_SYNTAX_ERROR"}
EXPIRED = "INVALID_SESSION_ID"

Answer = dict[str, Any]


class SessionExpired(SourceError):
    """The session is over; a new one may be asked for, once."""


class Refused(SourceError):
    """The Vault would not do this, for a reason that neither waiting nor a new session changes."""


def answered(source: str, secrets: Secrets, response: requests.Response) -> Answer:
    """A good answer's content; anything else is raised."""
    try:
        answer = response.json()
    except (requests.JSONDecodeError, UnicodeDecodeError):
        kind = response.headers.get("Content-Type", "no type").partition(";")[0]
        raise UnavailableError(f"source {source!r}: answered {kind} where JSON was due; try again later") from None
    if (error := wrong(source, secrets, answer)) is not None:
        raise error
    return dict(answer)


def complaint(source: str, secrets: Secrets, response: requests.Response) -> SourceError | None:
    """What a call that failed by its status as well has to say in the Vault's own words."""
    if response.ok and "json" not in response.headers.get("Content-Type", ""):
        return None
    try:
        answer = response.json()
    except (requests.RequestException, UnicodeDecodeError):
        return None
    told = isinstance(answer, dict) and answer.get("responseStatus") in ("FAILURE", "EXCEPTION")
    return wrong(source, secrets, answer) if told else None


def wrong(source: str, secrets: Secrets, answer: Any) -> SourceError | None:
    """The error an answer stands for; None when it is a success."""
    status = answer.get("responseStatus") if isinstance(answer, dict) else None
    if status in ("SUCCESS", "WARNING"):
        return None
    if status not in ("FAILURE", "EXCEPTION"):
        return UnavailableError(f"source {source!r}: the answer has no responseStatus; try again later")
    errors = answer.get("errors") or [{"type": answer.get("errorType", ""), "message": answer.get("responseMessage", "")}]
    kind = str(errors[0].get("type") or answer.get("errorType") or "")
    text = secrets.redact(f"the Vault answered {kind or status}: {errors[0].get('message', '')}")
    return _error(kind, f"source {source!r}: {text[:400]}", status)


def warnings(answer: Answer, secrets: Secrets) -> list[str]:
    """What a good answer warns of."""
    if answer.get("responseStatus") != "WARNING":
        return []
    said = answer.get("warnings") or [answer.get("responseMessage")]
    texts = [f"{one.get('type', '')}: {one.get('message', '')}" if isinstance(one, dict) else str(one) for one in said]
    return [secrets.redact(text)[:300] for text in texts]


def _error(kind: str, text: str, status: str) -> SourceError:
    if kind == EXPIRED:
        return SessionExpired(text)
    if kind in DENIED:
        denied = DeniedError(
            f"{text}. It was not tried again, for that could lock the account; correct the credentials or rights"
        )
        denied.rights = kind == "INSUFFICIENT_ACCESS"
        return denied
    if kind in BUSY or status == "EXCEPTION":
        return UnavailableError(f"{text}; try again later")
    if kind in SHAPE:
        return DriftError(f"{text}. If the Vault's fields changed, adapt `fields`, `where` or the mapping")
    return Refused(f"{text}; correct the source's options")
