"""Laws about what a connector declares and the shape of what it says."""

import json

import polars as pl

from mdm.connector import OPERATIONS, RECORDS, REJECTED, Checkpoint, Records, Rejected
from mdm.errors import ConfigError
from mdm.testing.connector_suite.subject import Subject, frames, read, world

NO_SUCH_OPTION = "no_such_option"


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
    findings = subject.connector().check(world(subject))
    assert findings, "a check must say what it found"
    failed = [finding.text for finding in findings if finding.level == "fail"]
    assert failed == [], f"the check fails: {failed}"


def streams_are_discovered(subject: Subject) -> None:
    """Each stream that is read is offered, once, with its key among its fields."""
    streams = subject.connector().discover(world(subject))
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
        messages = read(subject, request)
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


def payloads_are_json_objects(subject: Subject) -> None:
    """A payload is strict JSON with names, whatever its source spoke; only a deletion may have none."""
    for request in subject.requests:
        for frame in frames(read(subject, request)):
            for op, payload in frame.select("op", "payload").iter_rows():
                assert payload is not None or op != "upsert", "a record has no payload"
                said = {} if payload is None else json.loads(payload, parse_constant=_refused)
                assert isinstance(said, dict), f"a payload is no object: {payload[:80]}"


def _refused(name: str) -> None:
    raise AssertionError(f"{name} is not JSON")
