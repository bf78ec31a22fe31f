"""Laws about pages and checkpoints: whatever breaks off, nothing is lost and nothing is doubled."""

from mdm.connector import Checkpoint, Message
from mdm.testing.connector_suite.subject import Subject, read, same_table, table, until_checkpoint, versions


def every_key_is_read(subject: Subject) -> None:
    """All keys the source holds come out, and no others."""
    for request in subject.requests:
        expected, got = set(subject.keys[request.stream]), set(table(read(subject, request)))
        assert expected - got == set(), f"{request.stream}: {len(expected - got)} keys were lost, {sorted(expected - got)[:3]}"
        assert got - expected == set(), f"{request.stream}: keys came from nowhere, {sorted(got - expected)[:3]}"


def a_first_reading_says_each_record_once(subject: Subject) -> None:
    """A reading in one go gives no record a second time in the same words, but for those it may read again."""
    for request in subject.requests:
        said = versions(read(subject, request))
        doubled = len(said) - len(set(said))
        assert doubled <= subject.again, f"{request.stream}: {doubled} records came twice in one reading"


def the_same_delivery_is_the_same(subject: Subject) -> None:
    """Two connectors that read the same say the same, in the same order."""
    for request in subject.requests:
        one, two = (versions(read(subject, request)) for _ in range(2))
        assert one == two, f"{request.stream}: the same source was told in two ways"


def any_checkpoint_will_do(subject: Subject) -> None:
    """What was landed before a checkpoint and what is read on from it are, together, the whole."""
    for request in subject.requests:
        whole = read(subject, request)
        places = [at for at, message in enumerate(whole) if isinstance(message, Checkpoint)]
        assert len(places) > 2, f"{request.stream}: too few checkpoints to test; let the source have three pages"
        for at in places[:-1]:
            before, later = whole[: at + 1], read(subject, request, whole[at])
            same_table(request, whole, [*before, *later], f"checkpoint {places.index(at) + 1}")
            doubled = len(versions(before)) + len(versions(later)) - len(versions(whole))
            assert doubled <= subject.again, f"{request.stream}: {doubled} records were read twice after a checkpoint"


def stopping_everywhere_loses_nothing(subject: Subject) -> None:
    """A reading that dies after every single checkpoint still gets to the end."""
    for request in subject.requests:
        whole = read(subject, request)
        steps = sum(isinstance(message, Checkpoint) for message in whole)
        pieces: list[Message] = []
        ended = False
        for _ in range(2 * steps + 2):
            piece, ended = until_checkpoint(subject, request, pieces[-1] if pieces else None)
            pieces += piece
            if ended:
                break
        assert ended, f"{request.stream}: never got to the end when stopped after each checkpoint"
        same_table(request, whole, pieces, "stops everywhere")


def the_next_run_loses_nothing(subject: Subject) -> None:
    """A run that goes on from the end of the last one changes nothing of a source that stood still."""
    for request in subject.requests:
        whole = read(subject, request)
        same_table(request, whole, [*whole, *read(subject, request, whole[-1])], "the end of the last run")
