"""The contract suite for connectors: one call gives an outside author the tests that hold a connector to its contract.

    @contextmanager
    def things(folder):                       # a small source that stands still, and a connector that reads it
        write_some_files(folder)
        yield Subject(
            connector=lambda: Things("things", {"path": "*.csv"}),
            context=Context(home=folder),
            requests=(StreamRequest("accounts", key=("Id",)),),
            keys={"accounts": {"1", "2", "3"}},
        )

    TestThings = connector_suite.tests(things)

Let the source have at least three pages, or a lost page cannot be noticed.
"""

import json
import logging
import traceback
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl

from mdm.connector import OPERATIONS, RECORDS, REJECTED, Checkpoint, Connector, Context, Message, Records, Rejected, StreamRequest
from mdm.errors import ConfigError, MdmError

NO_SUCH_OPTION = "no_such_option"


@dataclass(frozen=True)
class Subject:
    """What is tested: how to make the connector, where it reads, what it is asked, and what must come out.

    `keys` are the source keys each stream holds. `again` is how many records a connector may give a second time when it
    goes on from a checkpoint. `secrets` must never show; `failing` makes connectors whose reading must end in an error.
    """

    connector: Callable[[], Connector]
    context: Context
    requests: Sequence[StreamRequest]
    keys: Mapping[str, Collection[str]]
    again: int = 0
    secrets: Sequence[str] = ()
    failing: Sequence[Callable[[], Connector]] = field(default=())


Opened = Callable[[Path], AbstractContextManager[Subject]]


def tests(opened: Opened) -> type:
    """A class of tests, one for each law, for the connector that `opened` sets up in an empty folder."""
    return type("TestContract", (), {f"test_{law.__name__}": _test(opened, law) for law in LAWS})


def _test(opened: Opened, law: Callable[[Subject], None]) -> Callable[[Any, Path], None]:
    def test(self: Any, tmp_path: Path) -> None:
        with opened(tmp_path) as subject:
            law(subject)

    test.__doc__ = law.__doc__
    return test


def unknown_options_are_refused(subject: Subject) -> None:
    """A mistyped option is an error that names it."""
    try:
        type(subject.connector())("tested", {NO_SUCH_OPTION: "x"})  # type: ignore[call-arg]
    except ConfigError as error:
        assert NO_SUCH_OPTION in str(error), f"the error does not name the option: {error}"
    else:
        raise AssertionError("an unknown option was taken without a word")


def options_are_explained(subject: Subject) -> None:
    """Each option says what it is for, once."""
    options = subject.connector().options
    names = [option.name for option in options]
    assert len(set(names)) == len(names), f"an option is declared twice: {names}"
    assert [option.name for option in options if not option.help.strip()] == [], "an option has no help"


def a_healthy_source_passes(subject: Subject) -> None:
    """Nothing is wrong with a source there is nothing wrong with."""
    findings = subject.connector().check(_world(subject))
    assert findings, "a check must say what it found"
    failed = [finding.text for finding in findings if finding.level == "fail"]
    assert failed == [], f"the check fails: {failed}"


def streams_are_discovered(subject: Subject) -> None:
    """Each stream that is read is offered, once, with its key among its fields."""
    streams = subject.connector().discover(_world(subject))
    by_name = {stream.name: stream for stream in streams}
    assert len(by_name) == len(streams), "a stream is offered twice"
    for request in subject.requests:
        assert request.stream in by_name, f"{request.stream!r} can be read, but is not offered"
        offered = {known.name for known in by_name[request.stream].fields}
        tops = {name if name in offered else name.split(".")[0] for name in request.key}
        assert tops <= offered or not offered, f"{request.stream!r}: the key {request.key} is not among the fields offered"


def messages_have_their_shape(subject: Subject) -> None:
    """Frames have their columns, operations are known, checkpoints are JSON, and nothing follows the last one."""
    for request in subject.requests:
        messages = _read(subject, request)
        for message in messages:
            if isinstance(message, Records):
                _records_have_their_shape(message.frame)
            elif isinstance(message, Rejected):
                assert message.frame.schema == REJECTED, f"rejections have other columns: {message.frame.schema}"
            elif isinstance(message, Checkpoint):
                assert json.loads(json.dumps(message.state)) == message.state, "a state does not survive JSON"
        assert messages and isinstance(messages[-1], Checkpoint), "what follows the last checkpoint is never durable"


def _records_have_their_shape(frame: pl.DataFrame) -> None:
    assert frame.schema == RECORDS, f"records have other columns: {frame.schema}"
    assert frame["source_key"].null_count() == 0, "a record has no key"
    assert frame.filter(pl.col("source_key").str.strip_chars("| ") == "").is_empty(), "a record has an empty key"
    assert frame.filter(~pl.col("op").is_in(OPERATIONS)).is_empty(), "a record has an unknown operation"
    assert frame["position"].null_count() == 0, "a record does not say where it stood"


def every_key_is_read(subject: Subject) -> None:
    """All keys the source holds come out, and no others."""
    for request in subject.requests:
        expected, got = set(subject.keys[request.stream]), set(_table(_read(subject, request)))
        assert expected - got == set(), f"{request.stream}: {len(expected - got)} keys were lost, {sorted(expected - got)[:3]}"
        assert got - expected == set(), f"{request.stream}: keys came from nowhere, {sorted(got - expected)[:3]}"


def payloads_are_json_objects(subject: Subject) -> None:
    """A payload is strict JSON with names, whatever its source spoke; only a deletion may have none."""
    for request in subject.requests:
        for frame in _frames(_read(subject, request)):
            for op, payload in frame.select("op", "payload").iter_rows():
                assert payload is not None or op != "upsert", "a record has no payload"
                said = {} if payload is None else json.loads(payload, parse_constant=_refused)
                assert isinstance(said, dict), f"a payload is no object: {payload[:80]}"


def the_same_delivery_is_the_same(subject: Subject) -> None:
    """Two connectors that read the same say the same, in the same order."""
    for request in subject.requests:
        one, two = (_versions(_read(subject, request)) for _ in range(2))
        assert one == two, f"{request.stream}: the same source was told in two ways"


def any_checkpoint_will_do(subject: Subject) -> None:
    """What was landed before a checkpoint and what is read on from it are, together, the whole."""
    for request in subject.requests:
        whole = _read(subject, request)
        places = [at for at, message in enumerate(whole) if isinstance(message, Checkpoint)]
        assert len(places) > 2, f"{request.stream}: too few checkpoints to test; let the source have three pages"
        for at in places[:-1]:
            before, later = whole[: at + 1], _read(subject, request, whole[at])
            _same_table(request, whole, [*before, *later], f"checkpoint {places.index(at) + 1}")
            doubled = len(_versions(before)) + len(_versions(later)) - len(_versions(whole))
            assert doubled <= subject.again, f"{request.stream}: {doubled} records were read twice after a checkpoint"


def stopping_everywhere_loses_nothing(subject: Subject) -> None:
    """A reading that dies after every single checkpoint still gets to the end."""
    for request in subject.requests:
        whole = _read(subject, request)
        steps = sum(isinstance(message, Checkpoint) for message in whole)
        pieces: list[Message] = []
        ended = False
        for _ in range(2 * steps + 2):
            piece, ended = _until_checkpoint(subject, request, pieces[-1] if pieces else None)
            pieces += piece
            if ended:
                break
        assert ended, f"{request.stream}: never got to the end when stopped after each checkpoint"
        _same_table(request, whole, pieces, "stops everywhere")


def the_next_run_loses_nothing(subject: Subject) -> None:
    """A run that goes on from the end of the last one changes nothing of a source that stood still."""
    for request in subject.requests:
        whole = _read(subject, request)
        _same_table(request, whole, [*whole, *_read(subject, request, whole[-1])], "the end of the last run")


def secrets_never_show(subject: Subject) -> None:
    """Not in a representation, a log line, a message, a state or an error."""
    with _listening() as heard:
        for request in subject.requests:
            shown = [repr(subject.connector()), repr(subject.context), *map(repr, _read(subject, request))]
            for make in subject.failing:
                shown += [repr(make()), _failure(make(), subject, request)]
            for secret in subject.secrets:
                assert [text for text in [*shown, *heard] if secret in text] == [], "a secret shows"


def _failure(connector: Connector, subject: Subject, request: StreamRequest) -> str:
    try:
        list(connector.read(_world(subject), request, None))
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


def _world(subject: Subject) -> Context:
    given = subject.context
    return Context(
        given.home, given.resolve, given.clock, given.sleep, given.random, given.log, tuple(subject.requests), given.budget
    )


def _read(subject: Subject, request: StreamRequest, state: Message | None = None) -> list[Message]:
    return list(_reading(subject, request, state))


def _reading(subject: Subject, request: StreamRequest, state: Message | None) -> Iterator[Message]:
    stored = json.loads(json.dumps(state.state)) if isinstance(state, Checkpoint) else None
    return subject.connector().read(_world(subject), request, stored)


def _until_checkpoint(subject: Subject, request: StreamRequest, state: Message | None) -> tuple[list[Message], bool]:
    """The messages up to the next checkpoint, and whether the reading ends there."""
    piece: list[Message] = []
    reading = _reading(subject, request, state)
    for message in reading:
        piece.append(message)
        if isinstance(message, Checkpoint):
            return piece, next(reading, None) is None
    raise AssertionError(f"{request.stream}: a reading ended without a checkpoint")


def _frames(messages: Sequence[Message]) -> list[pl.DataFrame]:
    return [message.frame for message in messages if isinstance(message, Records)]


def _versions(messages: Sequence[Message]) -> list[tuple[Any, ...]]:
    return [row for frame in _frames(messages) for row in frame.drop("position").iter_rows()]


def _table(messages: Sequence[Message]) -> dict[str, tuple[Any, ...]]:
    """The last version of each key, as a runner would have it."""
    return {row[0]: row[1:] for row in _versions(messages)}


def _same_table(request: StreamRequest, whole: Sequence[Message], pieces: Sequence[Message], where: str) -> None:
    wanted, got = _table(whole), _table(pieces)
    lost = sorted(set(wanted) - set(got))
    assert not lost, f"{request.stream}: reading on from {where} lost {len(lost)} records, such as {lost[0]!r}"
    other = sorted(key for key in got if got[key] != wanted.get(key))
    assert not other, f"{request.stream}: reading on from {where} told {other[0]!r} in another way"


def _refused(name: str) -> None:
    raise AssertionError(f"{name} is not JSON")


LAWS = (
    unknown_options_are_refused,
    options_are_explained,
    a_healthy_source_passes,
    streams_are_discovered,
    messages_have_their_shape,
    every_key_is_read,
    payloads_are_json_objects,
    the_same_delivery_is_the_same,
    any_checkpoint_will_do,
    stopping_everywhere_loses_nothing,
    the_next_run_loses_nothing,
    secrets_never_show,
)
