"""What sources may do to their records: delete, deactivate, merge, repeat, come late, come short, and break."""

from collections.abc import Callable
from dataclasses import replace

import pytest
import sqlalchemy as sa

from mdm import pipeline, settings
from mdm.testing.toy import Toy

ANA = {"id": "1", "name": "Ana Lopez", "city": "Rome", "status": "active", "part_1": "p1"}
EMIL = {"id": "2", "name": "Emil Frost", "city": "Bern", "status": "active"}
DORA = {"id": "3", "name": "Dora Quill", "city": "Oslo", "status": "active"}
New = Callable[..., Toy]


def at(second: int, row: dict, **more: str) -> dict:
    """A row with the time its source gives it."""
    return {**row, "modified": f"2026-01-01T00:00:{second:02}Z", **more}


def golden(toy: Toy, record: str) -> dict:
    home = toy.ids()[record]
    return next(r for r in toy.rows("thing") if r["golden_id"] == home)


def read(report, source: str = "a") -> dict[str, int]:
    """What a run counted of a source, zeros left out."""
    return {k: v for k, v in next(s.read for s in report.sources if s.source == source).items() if v}


def test_a_deleted_record_leaves_and_its_golden_record_retires_without_a_successor(toy: Toy):
    toy.deliver("a", [ANA, EMIL]).deliver("b", [ANA]).run()
    alone = toy.ids()["a/things:2"]

    report = toy.deliver("a", [{**ANA, "gone": "1"}, {**EMIL, "gone": "1"}]).deliver("b", []).run()

    assert read(report) == {"total": 2, "deleted": 2}
    assert toy.partition() == {frozenset({"b/things:1"})}
    (row,) = toy.rows("retired")
    assert (row["golden_id"], row["successor_id"]) == (alone, None)
    assert {r["kind"] for r in toy.rows("change") if r["golden_id"] == alone} == {"created", "retired"}


def test_a_deleted_record_that_comes_back_revives_its_id(new_toy: New):
    toy = new_toy()
    toy.deliver("a", [ANA]).run()
    before = toy.state(ids=True)
    toy.deliver("a", [{**ANA, "gone": "1"}]).run()
    assert toy.partition() == set()

    toy.deliver("a", [ANA]).run()

    assert toy.state(ids=True) == before
    assert [r["kind"] for r in sorted(toy.rows("change"), key=lambda r: r["seq"])] == ["created", "retired", "restored"]


def test_deletions_of_the_unknown_are_counted_and_nothing_more(new_toy: New):
    toy = new_toy().deliver("a", [{**ANA, "gone": "1"}, {**EMIL, "asleep": "1"}, {**DORA, "into": "9"}])

    report = toy.run()

    assert read(report) == {"total": 3, "filtered": 3}
    assert toy.partition() == set()


def test_an_inactive_record_keeps_what_was_known_of_it(new_toy: New):
    toy = new_toy()
    toy.deliver("a", [ANA, EMIL]).run()

    report = toy.deliver("a", [{"id": "1", "asleep": "1", "status": "inactive"}]).run()

    assert read(report) == {"total": 1, "changed": 1}
    row = golden(toy, "a/things:1")
    assert (row["name"], row["city"], row["status"]) == ("Ana Lopez", "Rome", "inactive")
    assert [r["number"] for r in toy.rows("thing_part")] == ["p1"]
    expected = toy.state(ids=True)
    toy.forget_bench()
    toy.run(full=True)
    assert toy.state(ids=True) == expected
    toy.deliver("a", [ANA]).run()
    assert golden(toy, "a/things:1")["status"] == "active"


def test_a_merge_at_the_source_is_a_standing_match(new_toy: New):
    toy = new_toy()
    toy.deliver("a", [ANA, {**EMIL, "kind": "x"}, {**DORA, "kind": "y"}]).run()
    ids = toy.ids()

    toy.deliver("a", [{"id": "3", "into": "2"}]).run()

    assert toy.partition() == {frozenset({"a/things:1"}), frozenset({"a/things:2", "a/things:3"})}
    row = golden(toy, "a/things:3")
    assert (row["golden_id"], row["name"], row["kind"]) == (ids["a/things:2"], "Emil Frost", "x")
    assert [(r["golden_id"], r["successor_id"]) for r in toy.rows("retired")] == [(ids["a/things:3"], ids["a/things:2"])]
    expected = toy.state(ids=True)
    toy.run(full=True)
    assert toy.state(ids=True) == expected
    toy.deliver("a", [{**DORA, "kind": "y"}]).run()
    assert len(toy.partition()) == 3


def test_merges_follow_each_other_to_the_last_winner(new_toy: New):
    toy = new_toy().deliver("a", [ANA, EMIL, DORA])
    toy.run()

    toy.deliver("a", [{"id": "1", "into": "2"}]).run()
    toy.deliver("a", [{"id": "2", "into": "3"}]).run()

    assert len(toy.partition()) == 1
    assert golden(toy, "a/things:1")["name"] == "Dora Quill"


def test_a_loser_leaves_with_its_winner_and_comes_back_with_it(new_toy: New):
    toy = new_toy().deliver("a", [ANA, EMIL, DORA])
    toy.run()
    toy.deliver("a", [{"id": "1", "into": "2"}, {"id": "2", "into": "3"}]).run()
    before = toy.state(ids=True)

    toy.deliver("a", [{**DORA, "gone": "1"}]).run()

    assert toy.partition() == set()
    expected = toy.state(ids=True)
    toy.forget_bench()
    toy.run(full=True)
    assert toy.state(ids=True) == expected
    toy.deliver("a", [DORA]).run()
    assert toy.state(ids=True) == before


def test_a_loser_stays_while_its_winner_is_not_known(new_toy: New):
    toy = new_toy().deliver("a", [ANA, EMIL])
    toy.run()

    toy.deliver("a", [{"id": "1", "into": "9"}, {"id": "2", "into": "1"}]).run()

    assert toy.partition() == {frozenset({"a/things:1", "a/things:2"})}


def test_losers_of_each_other_stay(new_toy: New):
    toy = new_toy().deliver("a", [ANA, EMIL])
    toy.run()

    toy.deliver("a", [{"id": "1", "into": "2"}, {"id": "2", "into": "1"}]).run()

    assert toy.partition() == {frozenset({"a/things:1", "a/things:2"})}


def test_a_merge_against_a_no_match_is_queued_and_not_applied(new_toy: New):
    toy = new_toy().deliver("a", [ANA, EMIL])
    toy.run()
    number = toy.decide("a/things:1", "a/things:2", "no_match")

    toy.deliver("a", [{"id": "1", "into": "2"}]).run()

    assert len(toy.partition()) == 2
    (asked,) = toy.rows("thing_queue")
    assert asked["reason"] == "merged at the source, but a decision keeps them apart"
    toy.withdraw(number)
    toy.run()
    assert len(toy.partition()) == 1
    assert toy.rows("thing_queue") == []


def test_a_late_version_is_kept_and_in_force_nowhere(toy: Toy):
    toy.deliver("a", [at(30, ANA)]).run()

    report = toy.deliver("a", [at(10, ANA, city="Pisa"), at(40, EMIL)]).run()

    assert read(report) == {"total": 2, "unchanged": 1, "new": 1}
    assert golden(toy, "a/things:1")["city"] == "Rome"
    version = toy.context.hub.fixed["source_version"]
    with toy.context.hub.read() as session:
        assert session.scalar(sa.select(sa.func.count()).select_from(version)) == 1
    toy.forget_bench()
    toy.run(full=True)
    assert golden(toy, "a/things:1")["city"] == "Rome"


def test_versions_of_one_key_in_one_delivery_count_like_deliveries_of_their_own(new_toy: New):
    at_once, one_by_one = new_toy(), new_toy()
    history = [
        at(1, ANA), at(2, EMIL), at(3, {"id": "1", "asleep": "1", "status": "inactive"}), at(4, EMIL, name=""), at(5, DORA),
        at(6, {"id": "3", "into": "1"}), at(7, {**EMIL, "id": "4"}), at(8, {"id": "4", "gone": "1"}),
    ]  # fmt: skip

    at_once.deliver("a", history).run()
    for row in history:
        one_by_one.deliver("a", [row]).run()

    assert at_once.state() == one_by_one.state()
    assert golden(at_once, "a/things:1")["status"] == "inactive"
    assert "a/things:2" in at_once.ids()


@pytest.mark.parametrize("late", [at(3, ANA, city="Pisa"), at(1, ANA, city="Pisa")], ids=["newer", "older"])
def test_what_comes_late_counts_the_same_with_and_without_a_bench(new_toy: New, late: dict):
    toy = new_toy().deliver("a", [at(2, ANA)])
    toy.run()
    toy.deliver("a", [at(5, {"id": "1", "asleep": "1", "status": "inactive"})]).run()
    toy.deliver("a", [late]).run()
    before = toy.state(ids=True)

    toy.forget_bench()
    toy.run(full=True)

    assert toy.state(ids=True) == before
    assert golden(toy, "a/things:1")["city"] == ("Pisa" if late["modified"].endswith("03Z") else "Rome")


def test_a_version_that_fails_hard_leaves_the_last_one_that_passed(toy: Toy):
    toy.deliver("a", [at(1, ANA), at(2, EMIL)]).run()

    report = toy.deliver("a", [at(3, ANA, name="", city="Oslo")]).run()

    assert report.entities[0].live == {"members": 2, "quarantined": 0, "suppressed": 0}
    assert golden(toy, "a/things:1")["city"] == "Rome"
    table = toy.context.hub.tables("thing").quarantined
    with toy.context.hub.read() as session:
        assert [(r["rule"], bool(r["stale"])) for r in session.rows(sa.select(table))] == [("required", True)]
    expected = toy.state(ids=True)
    toy.forget_bench()
    toy.run(full=True)
    assert toy.state(ids=True) == expected

    report = toy.deliver("a", [at(4, ANA, city="Oslo")]).run()
    assert golden(toy, "a/things:1")["city"] == "Oslo"
    assert report.entities[0].live == {"members": 2, "quarantined": 0, "suppressed": 0}


def test_a_record_that_never_passed_waits_in_quarantine(new_toy: New):
    toy = new_toy()
    report = toy.deliver("a", [at(1, ANA, name=""), at(2, EMIL)]).run()
    assert report.entities[0].live == {"members": 1, "quarantined": 1, "suppressed": 0}

    report = toy.deliver("a", [at(3, ANA, name="", gone="1")]).run()

    assert report.entities[0].live == {"members": 1, "quarantined": 0, "suppressed": 0}


def test_a_full_delivery_deletes_what_it_leaves_out(new_toy: New):
    toy = new_toy(delivery="full").deliver("a", [ANA, EMIL, DORA]).deliver("b", [ANA])
    toy.run()

    report = toy.deliver("a", [EMIL]).run()

    assert read(report) == {"total": 3, "unchanged": 1, "deleted": 2}
    assert toy.partition() == {frozenset({"b/things:1"}), frozenset({"a/things:2"})}
    report = toy.run()
    assert read(report) == {"total": 1, "unchanged": 1}


def test_a_full_delivery_that_shrank_is_held_and_not_read_as_deletions(new_toy: New):
    toy = careful(new_toy(delivery="full")).deliver("a", [ANA, EMIL, DORA])
    toy.run()

    report = toy.deliver("a", [{**EMIL, "city": "Basel"}]).deliver("b", [ANA]).run()

    error = next(s.error for s in report.sources if s.source == "a")
    assert "2 of 3 records are absent" in error
    assert "mdm sync a --accept-shrink" in error
    assert len(toy.ids()) == 4
    assert golden(toy, "a/things:2")["city"] == "Basel"
    (accepted,) = [s for s in pipeline.sync(toy.context, ["a"], accept_shrink=True) if s.source == "a"]
    assert (accepted.error, accepted.read["deleted"]) == (None, 2)
    toy.run()
    assert len(toy.ids()) == 2


def careful(toy: Toy) -> Toy:
    """The same project, with a limit to what a full delivery may lose."""
    text = (toy.folder / "mdm.toml").read_text(encoding="utf-8").replace("shrink = 1.0", "shrink = 0.5")
    (toy.folder / "mdm.toml").write_text(text, encoding="utf-8")
    toy.context = replace(toy.context, settings=settings.load(toy.folder / "mdm.toml", environ={}))
    return toy


def test_an_empty_full_delivery_empties_nothing(new_toy: New):
    toy = careful(new_toy(delivery="full")).deliver("a", [ANA, EMIL])
    toy.run()

    report = toy.deliver("a", []).run()

    assert next(s.error for s in report.sources if s.source == "a") is not None
    assert len(toy.ids()) == 2


def test_a_repeated_delivery_is_counted_and_changes_nothing(new_toy: New):
    toy = new_toy()
    toy.deliver("a", [at(1, ANA), at(2, EMIL)]).run()
    before = {r: sorted(map(str, toy.rows(r))) for r in ("thing_history", "thing_xref_history", "change")}

    report = toy.deliver("a", [at(1, ANA), at(1, ANA), at(2, EMIL)]).run()

    assert read(report) == {"total": 3, "unchanged": 2, "duplicate": 1}
    assert {r: sorted(map(str, toy.rows(r))) for r in before} == before


def test_a_source_that_breaks_does_not_stop_the_other(new_toy: New):
    toy = new_toy().deliver("a", [ANA]).deliver("b", [EMIL])
    (toy.folder / "a.jsonl").unlink()

    report = toy.run()

    assert [s.source for s in report.failed] == ["a"]
    assert toy.partition() == {frozenset({"b/things:2"})}
    assert report.entities[0].reconciled


def test_of_several_versions_that_came_at_once_each_is_judged_for_itself(toy: Toy):
    toy.deliver("a", [at(1, ANA), at(2, EMIL)]).run()

    report = toy.deliver("a", [at(3, ANA, name="", city="Oslo"), at(4, ANA, name="", city="Pisa")]).run()

    assert report.entities[0].live == {"members": 2, "quarantined": 0, "suppressed": 0}
    assert golden(toy, "a/things:1")["city"] == "Rome"
