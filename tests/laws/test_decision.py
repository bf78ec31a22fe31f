"""Law 3 and 4: a decision outlives everything a machine does, and withdrawn it leaves nothing behind."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

from mdm import decisions, pipeline, sample
from mdm.errors import ContradictionError
from mdm.testing.toy import Toy

ANAS = [
    {"id": "1", "name": "Ana Lopez", "city": "Rome", "part_1": "p1", "whole": "4"},
    {"id": "2", "name": "Ana Lopez", "city": "Rome", "part_1": "p2", "colours": "red"},
    {"id": "3", "name": "Ana Lopez", "city": "Rome"},
    {"id": "4", "name": "Emil Frost", "city": "Bern", "whole": "1"},
    {"id": "5", "name": "Fritz Bell", "city": "Graz", "part_1": "p5"},
    {"id": "6", "name": "Fritz Bell", "city": "Graz", "colours": "blue"},
]
TOGETHER, FROST, BELL = (frozenset(f"a/things:{n}" for n in ns) for ns in ("123", "4", "56"))
New = Callable[..., Toy]


def values(toy: Toy) -> dict:
    """What readers see, ids included; that an id was in use for a while is remembered for ever."""
    return {k: v for k, v in toy.state(ids=True).items() if k != "retired"}


def say(toy: Toy, what: Callable, *arguments: object, **named: object) -> object:
    """Something a steward does, in a transaction of its own."""
    with toy.context.hub.begin() as tx:
        return what(tx, *arguments, actor="steward", reason="because", **named)


def resolve(toy: Toy, text: str) -> int:
    """How many records a name stands for."""
    with toy.context.hub.read() as session:
        return len(decisions.resolve(session, "thing", text))


def value(toy: Toy, record: str, attribute: str) -> object:
    """The golden value of the golden record that holds a record."""
    home = toy.ids()[record]
    return next(r[attribute] for r in toy.rows("thing") if r["golden_id"] == home)


def test_a_no_match_parts_an_automatic_join_for_as_long_as_it_stands(toy: Toy):
    toy.deliver("a", ANAS).run()
    before = values(toy)
    assert toy.partition() == {TOGETHER, FROST, BELL}

    number = toy.decide("a/things:1", "a/things:2", "no_match")
    toy.run()
    parted = toy.partition()
    assert not any({"a/things:1", "a/things:2"} <= c for c in parted)

    toy.run(full=True)
    assert toy.partition() == parted
    pipeline.train_model(toy.context, "thing", activate=True)
    toy.run()
    assert toy.partition() == parted
    toy.deliver("a", [{**r, "colours": "green"} for r in ANAS]).run()
    assert toy.partition() == parted

    toy.deliver("a", ANAS).run()
    toy.withdraw(number)
    toy.run()
    assert values(toy) == before


def test_a_match_joins_two_golden_records_and_gives_them_back(toy: Toy):
    toy.deliver("a", ANAS).run()
    before, ids = toy.state(ids=True), toy.ids()

    number = toy.decide(ids["a/things:1"], ids["a/things:5"], "match")
    toy.run()

    assert toy.partition() == {TOGETHER | BELL, FROST}
    (gone,) = {ids["a/things:1"], ids["a/things:5"]} - set(toy.ids().values())
    (row,) = toy.rows("retired")
    assert (row["golden_id"], row["successor_id"]) == (gone, toy.ids()["a/things:1"])
    assert resolve(toy, gone) == 5
    toy.run(full=True)
    assert toy.partition() == {TOGETHER | BELL, FROST}

    toy.withdraw(number)
    toy.run()
    assert toy.state(ids=True) == before


def test_a_majority_does_not_keep_what_a_withdrawn_match_had_taken(new_toy: New):
    toy = new_toy().deliver("a", [ANAS[3], *ANAS[4:]])
    toy.run()
    toy.deliver("a", ANAS[:3]).run()
    before, ids = toy.state(ids=True), toy.ids()

    number = toy.decide("a/things:1", "a/things:4", "match")
    toy.run()
    assert toy.ids()["a/things:1"] == ids["a/things:4"]
    toy.withdraw(number)
    toy.run()

    assert toy.state(ids=True) == before


def test_of_two_matches_the_one_that_stays_decides_the_ids(new_toy: New):
    toy, control = new_toy(), new_toy()
    for one in (toy, control):
        one.deliver("a", ANAS).run()
    first = toy.decide("a/things:1", "a/things:4", "match")
    toy.run()
    for one in (toy, control):
        one.decide("a/things:4", "a/things:5", "match")
        one.run()
    toy.withdraw(first)
    toy.run()

    assert toy.state(ids=True) == control.state(ids=True)


def test_a_contradicting_decision_is_refused_and_names_the_other(new_toy: New):
    toy = new_toy().deliver("a", ANAS)
    toy.run()
    first = toy.decide("a/things:1", "a/things:4", "match")
    second = toy.decide("a/things:4", "a/things:5", "match")

    with pytest.raises(ContradictionError, match=rf"decision {first} says match.*decision {second} says match") as refused:
        toy.decide("a/things:1", "a/things:5", "no_match")

    assert refused.value.exit_code == 4
    toy.withdraw(first)
    third = toy.decide("a/things:1", "a/things:5", "no_match")
    with pytest.raises(ContradictionError, match=f"decision {third} says no_match"):
        toy.decide("a/things:1", "a/things:4", "match")


def test_a_match_overrides_vetoes_among_the_records_it_names_only(new_toy: New):
    rows = [{"id": str(i), "name": "Ana Lopez", "city": "Rome", "kind": k} for i, k in ((1, "x"), (2, "y"), (3, "y"))]
    toy = new_toy().deliver("a", rows)
    toy.run()
    assert len(toy.partition()) == 2

    toy.decide("a/things:1", "a/things:2", "match")
    toy.run()

    assert toy.partition() == {frozenset({"a/things:1", "a/things:2"}), frozenset({"a/things:3"})}


def test_unsure_leaves_the_queue_until_a_record_changes(new_toy: New):
    rows = [
        {"id": "1", "name": "Ana Lopez", "city": "Rome", "kind": "x"},
        {"id": "2", "name": "Ana Lopez", "city": "Rome", "kind": "y"},
    ]
    toy = new_toy().deliver("a", rows)
    toy.run()
    (asked,) = toy.rows("thing_queue")
    assert asked["reason"] == "different kind"

    toy.decide(asked["a"], asked["b"], "unsure")
    toy.run()
    assert toy.rows("thing_queue") == []
    toy.run(full=True)
    assert toy.rows("thing_queue") == []

    toy.deliver("a", [{**rows[0], "colours": "red"}]).run()
    assert [(r["a"], r["b"]) for r in toy.rows("thing_queue")] == [(asked["a"], asked["b"])]


def test_what_was_said_is_pending_until_a_run_has_seen_it(new_toy: New):
    toy = new_toy().deliver("a", ANAS)
    toy.run()

    def states() -> list[str]:
        with toy.context.hub.read() as session:
            return [d["state"] for d in decisions.everything(session, "thing")]

    number = toy.decide("a/things:1", "a/things:2", "no_match")
    pin = say(toy, decisions.set_value, "thing", "a/things:4", "city", "Basel")
    assert states() == ["pending", "pending"]
    toy.run(plan=True)
    assert states() == ["pending", "pending"]
    toy.run()
    assert states() == ["live", "live"]
    toy.withdraw(number)
    toy.withdraw(pin)
    assert states() == ["pending", "pending"]
    toy.run()
    assert states() == ["withdrawn", "withdrawn"]


def test_a_pin_follows_its_record_through_merge_and_split(toy: Toy):
    toy.deliver("a", ANAS).run()
    before = toy.state(ids=True)
    pin = say(toy, decisions.set_value, "thing", toy.ids()["a/things:5"], "city", "Linz")
    toy.run()
    assert value(toy, "a/things:6", "city") == "Linz"
    lineage = next(r for r in toy.rows("thing_lineage") if r["attribute"] == "city" and r["value"] == "Linz")
    assert (lineage["source"], lineage["decision_id"], lineage["source_key"]) == ("steward", pin, str(pin))

    joined = toy.decide("a/things:4", "a/things:5", "match")
    parted = toy.decide("a/things:5", "a/things:6", "no_match")
    toy.run()
    assert value(toy, "a/things:4", "city") == "Linz"
    assert value(toy, "a/things:6", "city") == "Graz"

    for number in (joined, parted, pin):
        toy.withdraw(number)
    toy.run()
    assert values(toy) == {k: v for k, v in before.items() if k != "retired"}


def test_a_pin_holds_until_it_expires(new_toy: New, monkeypatch: pytest.MonkeyPatch):
    toy = new_toy().deliver("a", ANAS)
    toy.run()
    soon = datetime.now(UTC) + timedelta(seconds=30)
    say(toy, decisions.set_value, "thing", "a/things:4", "city", "Basel", until=soon)
    toy.run()
    assert value(toy, "a/things:4", "city") == "Basel"

    at(monkeypatch, soon - timedelta(microseconds=1))
    toy.run(full=True)
    assert value(toy, "a/things:4", "city") == "Basel"
    at(monkeypatch, soon)
    toy.run()
    assert value(toy, "a/things:4", "city") == "Bern"


def test_a_pin_that_expires_while_a_run_is_under_way_goes_with_the_next(new_toy: New, monkeypatch: pytest.MonkeyPatch):
    toy = new_toy().deliver("a", ANAS)
    toy.run()
    soon = datetime.now(UTC) + timedelta(seconds=30)
    say(toy, decisions.set_value, "thing", "a/things:4", "city", "Basel", until=soon)

    # Begun before the end, published after it.
    moments = iter([soon - timedelta(seconds=5)] * 2)
    monkeypatch.setattr("mdm.hub.run.now", lambda: next(moments, soon + timedelta(seconds=5)))
    toy.run()
    toy.run()

    assert value(toy, "a/things:4", "city") == "Bern"


def at(monkeypatch: pytest.MonkeyPatch, moment: datetime) -> None:
    """The clock stands."""
    monkeypatch.setattr("mdm.hub.run.now", lambda: moment)


def test_a_golden_record_made_by_hand_is_scored_like_any_other(new_toy: New):
    toy = new_toy()
    toy.deliver("a", ANAS).run()

    alone = say(toy, decisions.create, "thing", {"name": "Nobody Else", "city": "Oslo"})
    joined = say(toy, decisions.create, "thing", {"name": "Emil Frost", "city": "Bern"})
    toy.run()

    assert frozenset({f"steward/thing:{alone}"}) in toy.partition()
    assert FROST | {f"steward/thing:{joined}"} in toy.partition()


def adopt(toy: Toy, *rows: tuple[str, str]) -> None:
    frame = pl.DataFrame(
        [(i, "a", "things", key, golden_id) for i, (key, golden_id) in enumerate(rows, start=2)],
        schema=["line", "source", "stream", "source_key", "golden_id"],
        orient="row",
    )
    say(toy, decisions.adopt, "thing", frame)


def test_adopted_ids_are_taken_over_and_survive(toy: Toy):
    toy.deliver("a", ANAS).run()

    adopt(toy, ("1", "OLD-1"), ("2", "OLD-1"), ("3", "OLD-1"), ("4", "OLD-2"), ("5", "OLD-2"), ("7", "OLD-7"))
    toy.run()

    assert toy.partition() == {TOGETHER, FROST | BELL}
    assert (toy.ids()["a/things:3"], toy.ids()["a/things:6"]) == ("OLD-1", "OLD-2")
    assert {r["successor_id"] for r in toy.rows("retired")} == {"OLD-1", "OLD-2"}
    toy.run(full=True)
    toy.deliver("a", [{"id": "7", "name": "Late Comer", "city": "Ulm"}]).run()
    assert toy.ids()["a/things:7"] == "OLD-7"
    assert (toy.ids()["a/things:3"], toy.ids()["a/things:6"]) == ("OLD-1", "OLD-2")


def test_adopted_ids_that_become_one_leave_one_trace(new_toy: New):
    toy = new_toy().deliver("a", ANAS)
    adopt(toy, ("1", "OLD-1"), ("2", "OLD-2"), ("5", "OLD-5"))
    toy.run()
    assert toy.ids()["a/things:2"] == "OLD-1"
    first = [(r["golden_id"], r["successor_id"]) for r in toy.rows("retired_history")]
    assert first == [("OLD-2", "OLD-1")]

    toy.run(full=True)
    assert [(r["golden_id"], r["successor_id"]) for r in toy.rows("retired_history")] == first
    toy.decide("a/things:2", "a/things:1", "no_match")
    toy.decide("a/things:2", "a/things:3", "no_match")
    toy.decide("a/things:2", "a/things:5", "match")
    toy.run()
    assert toy.ids()["a/things:2"] == toy.ids()["a/things:5"] == "OLD-5"
    assert resolve(toy, "OLD-5") == 3


def test_a_no_match_parts_what_was_adopted_together(new_toy: New):
    toy = new_toy().deliver("a", ANAS)
    adopt(toy, ("4", "OLD-4"), ("5", "OLD-4"))
    toy.run()
    assert FROST | BELL in toy.partition()

    number = toy.decide("a/things:4", "a/things:5", "no_match")
    toy.run()
    assert toy.partition() == {TOGETHER, FROST, BELL}
    assert toy.ids()["a/things:6"] == "OLD-4"

    toy.withdraw(number)
    toy.run()
    assert FROST | BELL in toy.partition()
    assert toy.ids()["a/things:4"] == "OLD-4"


def test_decisions_outlive_a_change_of_keys(new_toy: New):
    toy = new_toy().deliver("a", ANAS)
    toy.run()
    toy.decide("a/things:1", "a/things:2", "no_match")
    toy.decide("a/things:4", "a/things:5", "match")
    say(toy, decisions.set_value, "thing", "a/things:4", "city", "Basel")
    toy.run()
    golden = sorted(toy.ids().values())
    parts = len(toy.partition())
    drawn = sample.drawn(toy.context, "thing", 4)

    keys = pl.DataFrame(
        [(i, "things", str(i), f"N{i}") for i in range(1, 7)], schema=["line", "stream", "old_key", "new_key"], orient="row"
    )
    say(toy, decisions.rekey, "a", keys)
    toy.deliver("a", [{**r, "id": f"N{r['id']}", "whole": ""} for r in ANAS]).run()

    left = sample.listing(toy.context, drawn, sample.reported(toy.context, "thing").pairs)
    assert set(left["a"].str.slice(0, 10)) == {"a/things:N"}

    assert sorted(toy.ids().values()) == golden
    assert len(toy.partition()) == parts
    assert value(toy, "a/things:N5", "city") == "Basel"
    toy.run(full=True)
    assert sorted(toy.ids().values()) == golden


def test_a_source_that_retires_takes_its_records_and_nothing_else(new_toy: New):
    toy = new_toy().deliver("a", ANAS).deliver("b", [{"id": "1", "name": "Ana Lopez", "city": "Rome"}])
    toy.run()
    home = toy.ids()["b/things:1"]

    say(toy, decisions.retire_source, "a")
    toy.deliver("a", []).deliver("b", []).run()

    assert toy.partition() == {frozenset({"b/things:1"})}
    assert toy.ids()["b/things:1"] == home
    assert all(r["successor_id"] is None for r in toy.rows("retired"))


def test_a_waiver_lets_a_record_pass_until_its_value_changes(new_toy: New):
    toy = new_toy().deliver("a", [{"id": "1", "name": "", "city": "Rome"}, {"id": "2", "name": "Emil Frost"}])
    toy.run()
    assert toy.partition() == {frozenset({"a/things:2"})}

    (waiver,) = say(toy, decisions.release, "thing", "a/things:1", "required")
    toy.run()
    assert len(toy.partition()) == 2
    toy.run(full=True)
    assert len(toy.partition()) == 2

    toy.withdraw(waiver)
    toy.run()
    assert toy.partition() == {frozenset({"a/things:2"})}


def test_a_record_that_links_to_itself_leaves_when_a_withdrawn_waiver_lets_nothing_pass(new_toy: New):
    toy = new_toy()
    toy.deliver("a", [{"id": "1", "city": "Rome", "whole": "1"}, {"id": "2", "name": "Emil Frost"}]).run()
    (waiver,) = say(toy, decisions.release, "thing", "a/things:1", "required")
    toy.run()
    assert len(toy.rows("thing")) == 2

    toy.withdraw(waiver)
    toy.run()

    assert [r["name"] for r in toy.rows("thing")] == ["Emil Frost"]
