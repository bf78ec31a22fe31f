"""A mass of deletions is refused whole, whatever the pages; what is not a mass is applied at the end of the stream."""

import random
from dataclasses import replace

import pytest

from mdm import fault
from mdm.connector import Checkpoint
from mdm.errors import ShrunkError, SourceError, UnavailableError
from mdm.stages import land
from tests.landing.scripted import COMPLETE, Bay, paged, rows

KEYS = [f"{number:03d}" for number in range(100)]


def counts(tally) -> dict[str, int]:
    return {name: count for name, count in tally.counts.items() if count}


@pytest.mark.parametrize("size", [1, 7, 1000])
def test_a_mass_of_deletions_is_refused_whole_whatever_the_page(bay: Bay, size: int):
    bay.land(rows(*KEYS, name="x"))

    with pytest.raises(ShrunkError, match=r"deletes 30 of 101 records.*--accept-shrink"):
        bay.land(
            rows("new", name="y"),
            *paged(rows(*KEYS[:30], op="delete"), size),
            rows("000", name="z"),
            rows(*KEYS[30:31], op="delete"),
        )

    assert bay.live() == {*KEYS, "new"}
    assert {row.source_key: row.payload for row in bay.rows("source_record")}["000"] == '{"id": "000", "name": "z"}'


@pytest.mark.parametrize("size", [1, 7, 1000])
def test_what_was_refused_is_applied_when_it_is_accepted(bay: Bay, size: int):
    bay.land(rows(*KEYS, name="x"))
    with pytest.raises(ShrunkError):
        bay.land(*paged(rows(*KEYS[:30], op="delete"), size))

    with pytest.raises(ShrunkError, match="30 of 101"):
        bay.land(rows("new", name="y"))
    tally = bay.land(rows("newer", name="y"), accept_shrink=True)

    assert counts(tally) == {"total": 31, "new": 1, "deleted": 30}
    assert bay.live() == {*KEYS[30:], "new", "newer"}
    assert bay.rows("held_delete") == []


def test_a_handful_is_no_mass_however_small_the_stream(bay: Bay):
    bay.land(rows(*KEYS[:20], name="x"))

    tally = bay.land(rows(*KEYS[:20], op="delete"))

    assert counts(tally) == {"total": 20, "deleted": 20}
    assert bay.live() == set()


def test_as_many_as_shrink_allows_are_applied(bay: Bay):
    bay.shrink = 0.5
    bay.land(rows(*KEYS, name="x"))

    bay.land(rows(*KEYS[:50], op="delete"))

    assert bay.live() == set(KEYS[50:])


def test_a_refusal_keeps_the_state_and_all_that_is_no_deletion(bay: Bay):
    bay.land(rows(*KEYS, name="x"))
    with pytest.raises(ShrunkError):
        bay.land(*paged(rows(*KEYS, op="delete"), 10))

    (state,) = bay.rows("stream_state")
    (first, second) = bay.rows("read_tally")

    assert state.state == '{"run": 2}'
    assert (second.total, second.unchanged, second.deleted) == (100, 100, 0)
    assert first.total == first.new == 100


def test_a_record_said_again_takes_its_deletion_back(bay: Bay):
    bay.land(rows(*KEYS, name="x"))
    with pytest.raises(ShrunkError):
        bay.land(rows(*KEYS[:30], op="delete"))

    tally = bay.land(rows(*KEYS[:25], name="x"))

    assert counts(tally) == {"total": 30, "unchanged": 25, "deleted": 5}
    assert bay.live() == {*KEYS[:25], *KEYS[30:]}


def test_an_older_version_takes_no_deletion_back(bay: Bay):
    bay.land(rows("1", name="x", times={"1": 10}))

    bay.land(rows("1", op="delete", times={"1": 30}), rows("1", name="y", times={"1": 20}))

    assert bay.live() == set()


def test_a_full_reading_answers_what_waited(bay: Bay):
    bay.land(rows(*KEYS, name="x"))
    with pytest.raises(ShrunkError):
        bay.land(rows(*KEYS[:30], op="delete"))

    bay.land(rows(*KEYS[1:], name="x"), COMPLETE, anew=True)

    assert bay.live() == set(KEYS[1:])
    assert bay.rows("held_delete") == []


def test_deletions_by_a_column_of_a_full_delivery_are_guarded_too(bay: Bay):
    bay.delivery = "full"
    bay.land(rows(*KEYS, name="x"), COMPLETE)

    with pytest.raises(ShrunkError, match="deletes 30 of 100"):
        bay.land(rows(*KEYS[30:], name="x"), rows(*KEYS[:30], op="delete"), COMPLETE)

    assert bay.live() == set(KEYS)


def test_nothing_is_deleted_of_a_stream_that_breaks_off(bay: Bay):
    bay.land(rows(*KEYS, name="x"))

    def breaking(context, request):
        yield rows("000", op="delete")
        yield Checkpoint({"at": 1})
        raise UnavailableError("gone for lunch; try again later")

    bay.connector.script = breaking
    bay.number += 1
    with pytest.raises(UnavailableError):
        land.run(bay.landing(), bay.connector, bay.world)
    assert bay.live() == set(KEYS)
    tally = bay.land()

    assert counts(tally) == {"total": 1, "deleted": 1}
    assert bay.live() == set(KEYS[1:])


class Killed(BaseException):
    """The process is gone."""


@pytest.mark.parametrize("moment", range(1, 6))
def test_a_run_killed_among_deletions_loses_none(bay: Bay, monkeypatch, moment: int):
    bay.land(rows(*KEYS, name="x"))
    script = [*paged(rows(*KEYS[:10], op="delete"), 3), rows("new", name="y"), Checkpoint({"at": 9})]
    passed = []

    def dying(name: str) -> None:
        passed.append(name)
        if len(passed) == moment:
            raise Killed

    monkeypatch.setattr(fault, "point", dying)
    with pytest.raises(Killed):
        bay.land(*script)
    assert bay.live() >= set(KEYS)
    # Read on from the checkpoint that was stored with the last page.
    stored = sum(isinstance(message, Checkpoint) for message in script[: 2 * moment])
    bay.land(*script[2 * stored :])

    assert bay.live() == {*KEYS[10:], "new"}


@pytest.mark.parametrize("seed", range(8))
def test_deletions_and_returns_in_any_order_end_as_one_by_one(bay: Bay, seed: int):
    chance = random.Random(seed)
    bay.shrink = 1.0
    bay.land(rows(*KEYS[:10], name="x"))
    live = set(KEYS[:10])
    said = []
    for _ in range(40):
        key, gone = chance.choice(KEYS[:12]), chance.random() < 0.5
        said.append(rows(key, op="delete") if gone else rows(key, name=str(chance.randrange(3))))
        live = live - {key} if gone else live | {key}
        if chance.random() < 0.3:
            said.append(Checkpoint({"at": len(said)}))

    tally = bay.land(*said)

    assert bay.live() == live
    assert sum(count for name, count in tally.counts.items() if name != "total") == tally.counts["total"] == 40


@pytest.mark.parametrize(
    ("deletes", "words"),
    [("none", "declares deletes = 'none'"), ("absence", "declares deletes = 'absence'"), ("some", "none of feed, field")],
)
def test_a_connector_is_held_to_the_way_it_declared(bay: Bay, deletes: str, words: str):
    bay.land(rows(*KEYS, name="x"))
    bay.connector.stream = replace(bay.connector.stream, deletes=deletes)

    with pytest.raises(SourceError, match=words):
        bay.land(rows("000", op="delete"))

    assert bay.live() == set(KEYS)


def test_a_full_delivery_may_name_what_it_would_leave_out(bay: Bay):
    bay.delivery = "full"
    bay.connector.stream = replace(bay.connector.stream, deletes="absence")
    bay.land(rows(*KEYS, name="x"), COMPLETE)

    bay.land(rows(*KEYS[2:], name="x"), rows("000", op="delete"), COMPLETE)

    assert bay.live() == set(KEYS[2:])


@pytest.mark.parametrize("deletes", ["feed", "field"])
def test_a_connector_that_declared_it_may_delete(bay: Bay, deletes: str):
    bay.land(rows(*KEYS, name="x"))
    bay.connector.stream = replace(bay.connector.stream, deletes=deletes)

    bay.land(rows("000", op="delete"))

    assert bay.live() == set(KEYS[1:])
    assert bay.connector.discovered == 1


def test_absence_counts_only_after_complete(bay: Bay):
    bay.delivery = "full"
    bay.land(rows(*KEYS, name="x"), COMPLETE)

    tally = bay.land(rows(*KEYS[1:], name="x"))

    assert bay.live() == set(KEYS)
    assert "not proven complete" in tally.notes[-1]


def test_a_source_that_is_read_without_deletions_is_never_asked_to_describe_itself(bay: Bay):
    bay.land(rows(*KEYS, name="x"))
    bay.land(rows("000", name="y"))

    assert bay.connector.discovered == 0
