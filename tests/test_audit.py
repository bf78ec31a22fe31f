import threading

import pytest
import sqlalchemy as sa

from mdm import audit
from mdm.audit import Head
from mdm.errors import UsageError
from mdm.hub import Hub, guard, migration


@pytest.fixture
def hub(hub_url):
    hub = Hub(hub_url)
    migration.lay(hub)
    yield hub
    hub.dispose()


def run(hub, *statements):
    with hub.begin() as tx:
        for statement in statements:
            tx.connection.exec_driver_sql(statement)


def tamper(hub, *statements):
    """What only the owner of the database can do."""
    with hub.begin() as tx:
        guard.lift(tx.connection)
    run(hub, *statements)


def say(hub, count=1):
    for _ in range(count):
        with hub.begin() as tx:
            audit.record(tx, "try", actor="ana", object="x", reason="because é", before={"b": 1, "a": None}, after="ü")


def verdict(hub, known=None):
    with hub.read() as session:
        return audit.verify(session, known)


def test_an_empty_chain_is_whole(hub):
    assert verdict(hub).whole


def test_events_are_numbered_without_gaps_and_their_chain_is_whole(hub):
    say(hub, 5)

    found = verdict(hub)
    assert found.whole and found.events == 5 and found.head.seq == 5


def test_an_event_goes_with_the_transaction_it_belongs_to(hub):
    with pytest.raises(RuntimeError), hub.begin() as tx:
        audit.record(tx, "try", actor="ana")
        raise RuntimeError
    say(hub)

    assert verdict(hub).head.seq == 1


def test_an_event_without_an_actor_is_refused(hub):
    with pytest.raises(UsageError, match="MDM_ACTOR"), hub.begin() as tx:
        audit.record(tx, "try", actor=" ")


@pytest.mark.parametrize("statement", ["update event set actor = 'eve'", "delete from event"])
def test_the_table_of_events_keeps_what_is_written(hub, statement):
    say(hub)

    with pytest.raises(sa.exc.DBAPIError, match="only ever added"):
        run(hub, statement)


def test_events_cannot_be_truncated(hub):
    if hub.dialect == "sqlite":
        pytest.skip("SQLite has no truncate")

    with pytest.raises(sa.exc.DBAPIError, match="only ever added"):
        run(hub, "truncate event")


@pytest.mark.parametrize("column", ["actor", "action", "reason", "before", "after", "at", "object", "entity"])
def test_an_altered_event_is_named(hub, column):
    say(hub, 4)
    value = "'2001-01-01 00:00:00.000000'" if column == "at" else "'eve'"

    tamper(hub, f"update event set {column} = {value} where seq = 3")

    assert (verdict(hub).seq, verdict(hub).problem) == (3, "event 3 was altered after it was written")


def test_a_missing_event_is_named(hub):
    say(hub, 4)

    tamper(hub, "delete from event where seq = 2")

    assert (verdict(hub).seq, verdict(hub).problem) == (2, "event 2 is missing")


def test_a_chain_that_was_cut_is_seen_against_what_the_hub_remembers(hub):
    say(hub, 4)

    tamper(hub, "delete from event where seq > 2")

    assert verdict(hub).seq == 3
    assert "cut after event 2: the hub remembers event 4" in verdict(hub).problem


def test_a_chain_that_was_cut_everywhere_is_seen_against_a_head_kept_elsewhere(hub):
    say(hub, 4)
    kept = verdict(hub).head

    tamper(hub, "delete from event where seq > 2", "delete from meta")

    assert verdict(hub).whole
    assert "the known head is event 4" in verdict(hub, Head.parse(str(kept))).problem


def test_a_chain_that_was_written_anew_is_seen_against_a_known_head(hub):
    say(hub, 2)
    kept = verdict(hub).head

    tamper(hub, "delete from event", "delete from meta")
    say(hub, 3)

    assert verdict(hub).whole
    assert "written anew" in verdict(hub, kept).problem


@pytest.mark.parametrize("text", ["", "7", "7:abc", "x:" + "0" * 64])
def test_a_head_that_is_none_is_refused(text):
    with pytest.raises(UsageError, match="SEQ:HASH"):
        Head.parse(text)


def test_many_writers_make_one_chain(hub):
    writers = [threading.Thread(target=say, args=(hub, 10)) for _ in range(4)]

    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()

    found = verdict(hub)
    assert found.whole and found.events == 40
