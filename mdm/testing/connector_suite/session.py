"""Laws about credentials and sessions: asked once, renewed once, shown never."""

import logging
import traceback
from collections.abc import Iterator
from contextlib import contextmanager

from mdm.connector import Checkpoint, Connector, Message, StreamRequest
from mdm.errors import DeniedError, MdmError
from mdm.testing.connector_suite.subject import Subject, needed, read, reading, same_table, world


def secrets_never_show(subject: Subject) -> None:
    """Not in a representation, a log line, a message, a state or an error."""
    with _listening() as heard:
        for request in subject.requests:
            given, used = world(subject), subject.connector()
            shown = [repr(used), *map(repr, used.read(given, request, None)), repr(used), repr(given)]
            for make in subject.failing:
                failing = make()
                shown += [_failure(failing, subject, request), repr(failing)]
            for secret in subject.secrets:
                assert [text for text in [*shown, *heard] if secret in text] == [], "a secret shows"


def a_wrong_password_is_refused_once(subject: Subject) -> None:
    """Credentials that are refused are shown to the source once, and the error says so: again would lock the account."""
    needed(subject.wrong_password, "wrong_password")
    needed(subject.login_attempts, "login_attempts")
    assert subject.wrong_password is not None and subject.login_attempts is not None
    for request in subject.requests:
        before, refused = subject.login_attempts(), None
        try:
            list(subject.wrong_password().read(world(subject), request, None))
        except MdmError as error:
            refused = error
        attempts = subject.login_attempts() - before
        assert isinstance(refused, DeniedError), f"{request.stream}: a wrong password is no DeniedError but {refused!r}"
        assert attempts == 1, f"{request.stream}: a wrong password was tried {attempts} times"


def a_session_that_ends_is_renewed(subject: Subject) -> None:
    """A session that ends after any page is begun again, once, and nothing is lost by it."""
    needed(subject.expire, "expire")
    for request in subject.requests:
        whole = read(subject, request)
        steps = sum(isinstance(message, Checkpoint) for message in whole)
        for step in range(1, steps):
            same_table(request, whole, _expiring(subject, request, step), f"a session that ended after checkpoint {step}")


def _expiring(subject: Subject, request: StreamRequest, step: int) -> list[Message]:
    """A reading whose session the source ends after so many checkpoints."""
    assert subject.expire is not None
    before = subject.login_attempts() if subject.login_attempts else 0
    said: list[Message] = []
    seen = 0
    for message in reading(subject, request, None):
        said.append(message)
        if isinstance(message, Checkpoint):
            seen += 1
            if seen == step:
                subject.expire()
    logins = subject.login_attempts() - before if subject.login_attempts else 0
    assert logins <= 2, f"{request.stream}: {logins} logins, where one session ended once"
    return said


def _failure(connector: Connector, subject: Subject, request: StreamRequest) -> str:
    try:
        list(connector.read(world(subject), request, None))
    except MdmError as error:
        return "".join(traceback.format_exception(error)) + repr(error)
    raise AssertionError(f"{connector!r} was to fail, and did not")


@contextmanager
def _listening() -> Iterator[list[str]]:
    """Everything that is logged, with what hangs on it."""
    heard: list[str] = []

    class Ear(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            heard.append(f"{record.getMessage()} {record.__dict__}")

    root, ear, level = logging.getLogger(), Ear(), logging.getLogger().level
    root.addHandler(ear)
    root.setLevel(logging.DEBUG)
    try:
        yield heard
    finally:
        root.removeHandler(ear)
        root.setLevel(level)
