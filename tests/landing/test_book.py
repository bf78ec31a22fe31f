"""The books of a landing: how old a state may be, what a state may hold, and the evidence of every reading."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest

from mdm.connector import Checkpoint, Context, Notice
from mdm.errors import FullReconcileRequired, SourceError
from mdm.hub.run import now
from mdm.stages import land
from tests.landing.scripted import COMPLETE, Bay, rows


def last_read(bay: Bay, days: float) -> None:
    """Put the last successful reading into the past."""
    with bay.hub.begin() as tx:
        tx.execute(bay.hub.fixed["stream_state"].update().values(synced_at=now() - timedelta(days=days)))


@pytest.mark.parametrize(("days", "tombstones"), [(29.5, 30), (14.1, 15), (3, 4), (400, 401)])
def test_a_state_older_than_the_tombstones_asks_for_a_full_reading(bay: Bay, days, tombstones):
    bay.connector.stream = replace(bay.connector.stream, tombstones=tombstones)
    bay.land(rows("1", "2", name="x"))
    last_read(bay, days)

    with pytest.raises(FullReconcileRequired, match=rf"remembers deletions for {tombstones} days only.*mdm run --full"):
        bay.land(rows("3", name="x"))

    assert bay.connector.states == [None]


@pytest.mark.parametrize(("days", "tombstones"), [(28.5, 30), (0.5, 2), (400, None)])
def test_a_state_within_the_tombstones_goes_on(bay: Bay, days, tombstones):
    bay.connector.stream = replace(bay.connector.stream, tombstones=tombstones)
    bay.land(rows("1", name="x"))
    last_read(bay, days)

    bay.land(rows("2", name="x"))

    assert bay.connector.states == [None, {"run": 1}]


def test_a_stream_that_never_came_to_its_end_is_as_old_as_its_first_reading(bay: Bay):
    bay.connector.stream = replace(bay.connector.stream, tombstones=30)
    with bay.hub.begin() as tx:
        tx.execute(bay.hub.fixed["run"].insert().values(run_id=1, started_at=now() - timedelta(days=40)))
    bay.land(rows("1", name="x"))
    with bay.hub.begin() as tx:
        tx.execute(bay.hub.fixed["stream_state"].update().values(synced_at=None))

    with pytest.raises(FullReconcileRequired):
        bay.land(rows("2", name="x"))


def test_a_full_reading_is_the_way_out(bay: Bay):
    bay.connector.stream = replace(bay.connector.stream, tombstones=30)
    bay.shrink = 1.0
    bay.land(rows("1", "2", name="x"))
    last_read(bay, 40)

    bay.land(rows("2", name="x"), COMPLETE, anew=True)

    assert bay.live() == {"2"}
    bay.land(rows("3", name="x"))
    assert bay.live() == {"2", "3"}


def test_a_secret_in_a_state_is_refused_and_never_stored(bay: Bay):
    bay.world = Context(resolve={"env:TOKEN": 'a-"secret"-token'}.__getitem__)
    bay.world.secrets.reveal("env:TOKEN")

    with pytest.raises(SourceError, match="put a secret into its state"):
        bay.land(rows("1", name="x"), Checkpoint({"next": '/rows?token=a-"secret"-token'}))

    assert bay.rows("stream_state") == []
    assert bay.live() == set()


def test_a_secret_in_a_notice_is_taken_out(bay: Bay):
    bay.world.secrets.remember("a-secret-token")

    tally = bay.land(Notice("asked with a-secret-token"))

    assert tally.notes == ("asked with ***",)


def test_evidence_is_kept_of_every_reading(bay: Bay):
    def asking(context, request):
        context.evidence.asked()
        context.evidence.read(512)
        yield rows("1", "2", name="x")
        yield Checkpoint({"page": 1})

    bay.world.evidence.asked()
    bay.connector.script = asking
    bay.number += 1
    land.run(bay.landing(), bay.connector, bay.world)
    bay.land(rows("3", name="x"))

    first, second = bay.rows("read_tally")
    assert (first.requests, first.bytes_read, first.first_state, json.loads(first.last_state)) == (1, 512, None, {"page": 1})
    assert (second.requests, second.bytes_read) == (0, 0)
    assert (json.loads(second.first_state), json.loads(second.last_state)) == ({"page": 1}, {"run": 2})


def test_the_hash_of_a_reading_tells_its_content_and_not_its_pages(bay: Bay):
    for script in (
        [rows("1", "2", name="x")],
        [rows("1", name="x"), Checkpoint({"at": 1}), rows("2", name="x")],
        [rows("1", "2", name="y")],
        [],
    ):
        bay.land(*script)

    whole, paged, other, nothing = [row.content_hash for row in bay.rows("read_tally")]
    assert whole == paged
    assert whole != other
    assert nothing is None
