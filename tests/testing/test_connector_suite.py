"""The contract suite notices what it is there to notice: each fault is planted and caught."""

import json
import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from unittest import SkipTest

import polars as pl
import pytest

from mdm.connector import (
    Checkpoint,
    Complete,
    Context,
    Field,
    Finding,
    Message,
    Option,
    Records,
    Stream,
    StreamRequest,
    chosen,
    records,
)
from mdm.errors import DamagedError, DeniedError
from mdm.testing import connector_suite
from mdm.testing.connector_suite import Subject

PAGES = 5
FEED_PAGE = 2
SECRET = "a-secret-only-for-tests"


class SessionEnded(Exception):
    """The source does not know this session any more."""


@dataclass
class Shelf:
    """A source in memory: five pages of two things, a feed of what was removed, a password and sessions."""

    removed: list[str] = field(default_factory=list)
    sessions: set[str] = field(default_factory=set)
    attempts: int = 0

    def login(self, password: str) -> str | None:
        self.attempts += 1
        if password != SECRET:
            return None
        self.sessions.add(f"session-{self.attempts}")
        return f"session-{self.attempts}"

    def page(self, session: str, page: int) -> list[str]:
        self._hold(session)
        return [key for key in (f"{page}{at}" for at in range(2)) if key not in self.removed]

    def feed(self, session: str, start: int) -> list[str]:
        self._hold(session)
        return self.removed[start : start + FEED_PAGE]

    def _hold(self, session: str) -> None:
        if session not in self.sessions:
            raise SessionEnded


class Things:
    """A connector without a fault."""

    options = (Option("key", str, help="The key to the source.", secret=True), Option("size", int, 2, "Records on a page."))
    deletes = "feed"
    shelf = Shelf()
    session = ""

    def __init__(self, name: str, options: Mapping[str, Any]) -> None:
        self.name, self.chosen = name, chosen(name, self.options, options)

    def __repr__(self) -> str:
        return f"Things({self.name!r})"

    def check(self, context: Context) -> list[Finding]:
        return [Finding("ok", "all is well")]

    def discover(self, context: Context) -> list[Stream]:
        return [Stream("things", ("id",), (Field("id"),), deletes=self.deletes)]

    def read(self, context: Context, request: StreamRequest, state: dict[str, Any] | None) -> Iterator[Message]:
        self.login(context)
        since = len(self.shelf.removed) if state is None else state["since"]
        for page in range(self.first(state), PAGES):
            yield from self.told(
                self.page(self.ask(context, self.shelf.page, page)), Checkpoint({"since": since, "page": page + 1})
            )
        if state is None:
            yield Complete()
        while self.deletes == "feed" and (keys := self.ask(context, self.shelf.feed, since)):
            yield self.gone(keys)
            since += len(keys)
        yield Checkpoint({"since": since, "page": 0})

    def login(self, context: Context) -> None:
        session = self.shelf.login(context.secrets.reveal(self.chosen["key"]))
        if session is None:
            raise self.refusal(context)
        self.session = session

    def ask(self, context: Context, what: Callable[[str, int], list[str]], at: int) -> list[str]:
        try:
            return what(self.session, at)
        except SessionEnded:
            self.login(context)
            return what(self.session, at)

    def first(self, state: dict[str, Any] | None) -> int:
        return 0 if state is None else int(state["page"])

    def told(self, page: Records, checkpoint: Checkpoint) -> Iterator[Message]:
        yield page
        yield checkpoint

    def page(self, keys: list[str]) -> Records:
        return records([{"source_key": key, "payload": json.dumps({"id": key}), "position": "x"} for key in keys], ("id",))

    def gone(self, keys: list[str]) -> Records:
        return records([{"source_key": key, "op": "delete", "position": "x"} for key in keys])

    def refusal(self, context: Context) -> Exception:
        return DeniedError("the key was refused; correct it")


class LosesAPageOnTheWay(Things):
    def first(self, state):
        return 0 if not state or not state["page"] else state["page"] + 1


class LosesAPageAlways(Things):
    def page(self, keys):
        return super().page([key for key in keys if key[0] != "3"])


class BeginsAgain(Things):
    def first(self, state):
        return 0


class DoublesALittle(Things):
    def first(self, state):
        return max(super().first(state) - 1, 0)


class DoublesAPage(Things):
    def told(self, page, checkpoint):
        yield page
        yield from super().told(page, checkpoint)


class SaysACheckpointTooEarly(Things):
    def told(self, page, checkpoint):
        yield checkpoint
        yield page


class LosesADelete(Things):
    def gone(self, keys):
        return super().gone(keys[: FEED_PAGE - 1] if len(keys) == FEED_PAGE else keys)


class LosesTheFeed(Things):
    def gone(self, keys):
        return super().gone([])


class InventsADelete(Things):
    def gone(self, keys):
        return super().gone([*keys, "00"])


class DeletesNothingByDeclaration(Things):
    deletes = "none"


class TellsByAbsence(Things):
    deletes = "absence"


class NeverProvesItsEnd(TellsByAbsence):
    def read(self, context, request, state):
        yield from (message for message in super().read(context, request, state) if message != Complete())


class TakesTheEndOfASessionForTheEnd(Things):
    def ask(self, context, what, at):
        try:
            return what(self.session, at)
        except SessionEnded:
            return []


class GivesUpWithItsSession(Things):
    def ask(self, context, what, at):
        try:
            return what(self.session, at)
        except SessionEnded:
            raise DamagedError("the session is over") from None


class LogsInForEveryPage(Things):
    def ask(self, context, what, at):
        self.login(context)
        return super().ask(context, what, at)


class TriesAWrongPasswordAgain(Things):
    def login(self, context):
        for _ in range(2):
            try:
                return super().login(context)
            except DeniedError:
                continue
        return super().login(context)


class CallsAWrongPasswordDamage(Things):
    def refusal(self, context):
        return DamagedError("something is wrong")


class ForgetsTheLastCheckpoint(Things):
    def read(self, context, request, state):
        yield from list(super().read(context, request, state))[:-1]


class TellsTheTime(Things):
    readings = 0

    def page(self, keys):
        TellsTheTime.readings += 1
        frame = super().page(keys).frame
        return Records(frame.with_columns(payload=pl.lit(json.dumps({"id": "x", "read": TellsTheTime.readings}))))


class SaysNaN(Things):
    def page(self, keys):
        return Records(super().page(keys).frame.with_columns(payload=pl.lit('{"id": NaN}')))


class HasNoKey(Things):
    def page(self, keys):
        return Records(super().page(keys).frame.with_columns(source_key=pl.lit("|")))


class HasOtherColumns(Things):
    def page(self, keys):
        return Records(super().page(keys).frame.drop("merged_into"))


class InventsAnOperation(Things):
    def page(self, keys):
        return Records(super().page(keys).frame.with_columns(op=pl.lit("update")))


class TakesAnyOption(Things):
    def __init__(self, name, options):
        super().__init__(name, {key: value for key, value in options.items() if key in ("key", "size")})


class ExplainsNothing(Things):
    options = (Option("key", str, secret=True), Option("size", int, 2, "Records on a page."))


class OffersNothing(Things):
    def discover(self, context):
        return []


class IsNotWell(Things):
    def check(self, context):
        return [Finding("fail", "down", "start it")]


class ShowsItsOptions(Things):
    def __repr__(self):
        return f"Things({self.chosen['key']!r})"

    def refusal(self, context):
        return DeniedError("refused")


class ShowsWhatItWasGiven(Things):
    def login(self, context):
        self.given = context.secrets.reveal(self.chosen["key"])
        super().login(context)

    def __repr__(self):
        return f"Things({vars(self)})"


class TalksInTheLog(Things):
    def page(self, keys):
        logging.getLogger("things").info("asking", extra={"with": SECRET})
        return super().page(keys)


class TalksInErrors(Things):
    def refusal(self, context):
        return DeniedError(f"{context.secrets.reveal(self.chosen['key'])} was refused")


class KeepsASecretInItsState(Things):
    def read(self, context, request, state):
        for message in super().read(context, request, state):
            yield Checkpoint({**message.state, "key": SECRET}) if isinstance(message, Checkpoint) else message


SECRETS = {"env:KEY": SECRET, "env:OTHER": "another-secret-for-tests"}


def opened(kind: type[Things]) -> Callable[[Path], Any]:
    @contextmanager
    def things(folder: Path) -> Iterator[Subject]:
        shelf = Shelf()

        def made(key: str = "env:KEY") -> Things:
            connector = kind("tested", {"key": key})
            connector.shelf = shelf
            return connector

        yield Subject(
            connector=made,
            context=Context(home=folder, resolve=SECRETS.__getitem__),
            requests=(StreamRequest("things", ("id",)),),
            keys={"things": {f"{page}{at}" for page in range(PAGES) for at in range(2)}},
            secrets=tuple(SECRETS.values()),
            failing=(lambda: made("env:OTHER"),),
            delete=lambda stream, key: shelf.removed.append(key),
            expire=shelf.sessions.clear,
            wrong_password=lambda: made("env:OTHER"),
            login_attempts=lambda: shelf.attempts,
        )

    return things


TestThings = connector_suite.tests(opened(Things))
TestThingsByAbsence = connector_suite.tests(opened(TellsByAbsence))


@pytest.mark.parametrize(
    ("kind", "law", "words"),
    [
        (LosesAPageOnTheWay, connector_suite.any_checkpoint_will_do, "lost 2 records"),
        (LosesAPageOnTheWay, connector_suite.stopping_everywhere_loses_nothing, "lost 4 records"),
        (LosesAPageAlways, connector_suite.every_key_is_read, "2 keys were lost"),
        (BeginsAgain, connector_suite.any_checkpoint_will_do, "read twice"),
        (BeginsAgain, connector_suite.stopping_everywhere_loses_nothing, "never got to the end"),
        (DoublesALittle, connector_suite.any_checkpoint_will_do, "2 records were read twice"),
        (ForgetsTheLastCheckpoint, connector_suite.messages_have_their_shape, "never durable"),
        (LosesAPageOnTheWay, connector_suite.killed_in_mid_paging_it_resumes, "rows of source_record are lost"),
        (DoublesAPage, connector_suite.a_first_reading_says_each_record_once, "10 records came twice"),
        (SaysACheckpointTooEarly, connector_suite.any_checkpoint_will_do, "lost 2 records"),
        (SaysACheckpointTooEarly, connector_suite.killed_in_mid_paging_it_resumes, "rows of source_record are lost"),
        (LosesADelete, connector_suite.a_deletion_is_told, "1 of 3 deletions were lost"),
        (LosesTheFeed, connector_suite.a_deletion_is_told, "3 of 3 deletions were lost"),
        (InventsADelete, connector_suite.a_deletion_is_told, "'00' was not deleted at the source"),
        (DeletesNothingByDeclaration, connector_suite.a_deletion_is_told, "deletes = 'none'"),
        (NeverProvesItsEnd, connector_suite.a_deletion_is_told, "never proven complete"),
        (TakesTheEndOfASessionForTheEnd, connector_suite.a_session_that_ends_is_renewed, "lost 8 records"),
        (GivesUpWithItsSession, connector_suite.a_session_that_ends_is_renewed, "the session is over"),
        (LogsInForEveryPage, connector_suite.a_session_that_ends_is_renewed, "7 logins"),
        (TriesAWrongPasswordAgain, connector_suite.a_wrong_password_is_refused_once, "tried 3 times"),
        (CallsAWrongPasswordDamage, connector_suite.a_wrong_password_is_refused_once, "no DeniedError"),
        (TellsTheTime, connector_suite.landing_it_again_changes_nothing, "wrote {'changed': 10}"),
        (TellsTheTime, connector_suite.the_same_delivery_is_the_same, "told in two ways"),
        (TellsTheTime, connector_suite.the_next_run_loses_nothing, "in another way"),
        (SaysNaN, connector_suite.payloads_are_json_objects, "NaN is not JSON"),
        (HasNoKey, connector_suite.messages_have_their_shape, "empty key"),
        (HasOtherColumns, connector_suite.messages_have_their_shape, "other columns"),
        (InventsAnOperation, connector_suite.messages_have_their_shape, "unknown operation"),
        (TakesAnyOption, connector_suite.unknown_options_are_refused, "without a word"),
        (ExplainsNothing, connector_suite.options_are_explained, "no help"),
        (OffersNothing, connector_suite.streams_are_discovered, "not offered"),
        (IsNotWell, connector_suite.a_healthy_source_passes, "down"),
        (ShowsItsOptions, connector_suite.secrets_never_show, None),
        (ShowsWhatItWasGiven, connector_suite.secrets_never_show, "a secret shows"),
        (TalksInTheLog, connector_suite.secrets_never_show, "a secret shows"),
        (TalksInErrors, connector_suite.secrets_never_show, "a secret shows"),
        (KeepsASecretInItsState, connector_suite.secrets_never_show, "a secret shows"),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_a_planted_fault_is_caught(tmp_path, kind, law, words):
    with opened(kind)(tmp_path) as subject:
        if words is None:
            # A reference is no secret, and may be shown.
            law(subject)
            return
        with pytest.raises((AssertionError, DamagedError), match=words):
            law(subject)


def test_a_source_too_small_to_lose_a_page_is_not_accepted(tmp_path):
    class Small(Things):
        def first(self, state):
            return PAGES - 1 if not state or not state["page"] else state["page"]

    with opened(Small)(tmp_path) as subject, pytest.raises(AssertionError, match="too few checkpoints"):
        connector_suite.any_checkpoint_will_do(replace(subject, keys={"things": {"40", "41"}}))


def test_what_cannot_be_tested_is_skipped_by_name(tmp_path):
    with opened(Things)(tmp_path) as subject, pytest.raises(SkipTest, match="offers no `expire`"):
        connector_suite.a_session_that_ends_is_renewed(replace(subject, expire=None))
