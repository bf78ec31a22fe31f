"""The contract suite notices what it is there to notice: each fault is planted and caught."""

import json
import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

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
from mdm.errors import DeniedError
from mdm.testing import connector_suite
from mdm.testing.connector_suite import Subject

PAGES = 5
SECRET = "a-secret-only-for-tests"


class Things:
    """A connector without a fault: five pages of two records."""

    options = (Option("key", str, help="The key to the source.", secret=True), Option("size", int, 2, "Records on a page."))

    def __init__(self, name: str, options: Mapping[str, Any]) -> None:
        self.name, self.chosen = name, chosen(name, self.options, options)

    def __repr__(self) -> str:
        return f"Things({self.name!r})"

    def check(self, context: Context) -> list[Finding]:
        return [Finding("ok", "all is well")]

    def discover(self, context: Context) -> list[Stream]:
        return [Stream("things", ("id",), (Field("id"),))]

    def read(self, context: Context, request: StreamRequest, state: dict[str, Any] | None) -> Iterator[Message]:
        if context.secrets.reveal(self.chosen["key"]) != SECRET:
            raise self.refusal(context)
        for page in range(self.first(state), PAGES):
            yield self.page(page)
            yield Checkpoint({"page": page + 1})
        yield Complete()
        yield Checkpoint({"page": 0})

    def first(self, state: dict[str, Any] | None) -> int:
        return 0 if state is None else int(state["page"])

    def page(self, page: int) -> Records:
        rows = [{"source_key": f"{page}{at}", "payload": json.dumps({"id": f"{page}{at}"}), "position": "x"} for at in range(2)]
        return records(rows, ("id",))

    def refusal(self, context: Context) -> Exception:
        return DeniedError("the key was refused; correct it")


class LosesAPageOnTheWay(Things):
    def first(self, state):
        return 0 if not state or not state["page"] else state["page"] + 1


class LosesAPageAlways(Things):
    def page(self, page):
        return super().page(page) if page != 3 else records([], ("id",))


class BeginsAgain(Things):
    def first(self, state):
        return 0


class DoublesALittle(Things):
    def first(self, state):
        return max(super().first(state) - 1, 0)


class ForgetsTheLastCheckpoint(Things):
    def read(self, context, request, state):
        yield from list(super().read(context, request, state))[:-1]


class TellsTheTime(Things):
    readings = 0

    def page(self, page):
        TellsTheTime.readings += 1
        frame = super().page(page).frame
        return Records(frame.with_columns(payload=pl.lit(json.dumps({"id": "x", "read": TellsTheTime.readings}))))


class SaysNaN(Things):
    def page(self, page):
        return Records(super().page(page).frame.with_columns(payload=pl.lit('{"id": NaN}')))


class HasNoKey(Things):
    def page(self, page):
        return Records(super().page(page).frame.with_columns(source_key=pl.lit("|")))


class HasOtherColumns(Things):
    def page(self, page):
        return Records(super().page(page).frame.drop("merged_into"))


class InventsAnOperation(Things):
    def page(self, page):
        return Records(super().page(page).frame.with_columns(op=pl.lit("update")))


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


class TalksInTheLog(Things):
    def page(self, page):
        logging.getLogger("things").info("asking", extra={"with": SECRET})
        return super().page(page)


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
        yield Subject(
            connector=lambda: kind("tested", {"key": "env:KEY"}),
            context=Context(home=folder, resolve=SECRETS.__getitem__),
            requests=(StreamRequest("things", ("id",)),),
            keys={"things": {f"{page}{at}" for page in range(PAGES) for at in range(2)}},
            secrets=tuple(SECRETS.values()),
            failing=(lambda: kind("tested", {"key": "env:OTHER"}),),
        )

    return things


TestThings = connector_suite.tests(opened(Things))


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
        with pytest.raises(AssertionError, match=words):
            law(subject)


def test_a_source_too_small_to_lose_a_page_is_not_accepted(tmp_path):
    class Small(Things):
        def first(self, state):
            return PAGES - 1 if not state or not state["page"] else state["page"]

    with opened(Small)(tmp_path) as subject, pytest.raises(AssertionError, match="too few checkpoints"):
        connector_suite.any_checkpoint_will_do(replace(subject, keys={"things": {"40", "41"}}))
