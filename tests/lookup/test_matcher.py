"""Looking one record up: what is found, and what a run would do with it."""

import pytest

from mdm import Check, Hard, decisions, standard
from mdm.bench import Bench
from mdm.entity import Attribute
from mdm.errors import LockedError, NotFoundError, UsageError
from mdm.lookup import Matcher
from mdm.testing.toy import Toy, thing

ROWS = [
    {"id": "1", "name": "Blue Door", "code": "C1", "city": "Oak"},
    {"id": "2", "name": "Red Gate", "city": "Elm", "kind": "gate"},
    {"id": "3", "name": "Green Mill", "city": "Yew"},
    {"id": "4", "name": "Grey Stone", "city": "Fir"},
    {"id": "5", "name": "White Bridge", "city": "Ash"},
]


@pytest.fixture
def toy(tmp_path, hub_url):
    toy = Toy(tmp_path, hub_url).lay()
    toy.deliver("a", ROWS).deliver("b", [{"id": "1", "name": "Blue Door", "code": "C1", "city": "Oak"}])
    toy.run()
    yield toy
    toy.context.hub.dispose()


def home(toy, record):
    with toy.context.hub.read() as session:
        return decisions.golden_of(session, "thing", record)


def test_the_golden_record_is_found_by_what_is_typed(toy):
    found = Matcher.open(toy.context, "thing").match({"name": " blue DOOR ", "city": "oak"})

    first = found.candidates[0]
    assert first.golden_id == home(toy, "a/things:1")
    assert first.does == "join"
    assert [c.golden_id for c in found.candidates].count(first.golden_id) == 1
    assert {bar.comparison for bar in first.waterfall} == {"before looking", "name", "city"}


def test_an_identifier_joins_by_itself(toy):
    found = Matcher.open(toy.context, "thing").match({"name": "Blue Door", "code": "c1"})

    assert (found.candidates[0].does, found.candidates[0].rule) == ("join", "same identifier, names compatible")
    assert found.candidates[0].weight >= 40


def test_what_a_veto_parts_is_refused_with_its_reason(toy):
    found = Matcher.open(toy.context, "thing").match({"name": "Red Gate", "city": "Elm", "kind": "door"})

    assert (found.candidates[0].does, found.candidates[0].because) == ("refuse", "different kind")


# name, what is typed besides it
CASES = [
    {"name": "Blue Door", "city": "Oak"},
    {"name": "Blue Doors", "city": "Oak"},
    {"name": "Red Gate", "city": "Elm", "kind": "door"},
    {"name": "Red Gate", "city": "Yew"},
    {"name": "Green Mill", "city": "Fir"},
    {"name": "Blue Door", "code": "C2"},
    {"name": "Blue", "code": "C1"},
    {"name": "Nobody Knows", "city": "Oak"},
]


@pytest.mark.parametrize("row", CASES, ids=lambda row: " ".join(row.values()))
def test_what_it_says_of_a_record_is_what_the_next_run_does(tmp_path, fresh_sqlite, row):
    toy = Toy(tmp_path, fresh_sqlite).lay()
    toy.deliver("a", ROWS).deliver("b", [{"id": "1", "name": "Blue Door", "code": "C1", "city": "Oak"}])
    toy.run()
    said = {c.golden_id: c.does for c in Matcher.open(toy.context, "thing").match(row).candidates}

    toy.deliver("a", [*ROWS, {"id": "9", **row}])
    toy.run()

    joined = {g for g, does in said.items() if does == "join"}
    assert (home(toy, "a/things:9") in said) == bool(joined)
    assert not joined or home(toy, "a/things:9") in joined
    asked = {(q["a"], q["b"]) for q in toy.rows("thing_queue", "a, b") if "a/things:9" in (q["a"], q["b"])}
    assert bool(asked) == any(does in ("ask", "refuse") for does in said.values())
    toy.context.hub.dispose()


def test_a_decision_between_two_golden_records_is_heeded(toy):
    toy.deliver("a", [*ROWS, {"id": "6", "name": "Blue Door", "city": "Oak", "kind": "other"}])
    toy.run()
    toy.decide("a/things:1", "a/things:6", "no_match")
    toy.run()

    found = Matcher.open(toy.context, "thing").match({"name": "Blue Door", "code": "C1", "city": "Oak"})

    does = {c.golden_id: (c.does, c.because) for c in found.candidates}
    assert does[home(toy, "a/things:1")][0] == "join"
    assert does[home(toy, "a/things:6")] == ("refuse", "a decision keeps them apart")


def test_a_record_is_not_matched_with_itself(toy):
    found = Matcher.open(toy.context, "thing").match({"name": "Green Mill", "city": "Yew"}, name="a/things:3")

    assert "a/things:3" not in [c.record for c in found.candidates]


def test_a_list_that_holds_nothing_twice_has_no_second(tmp_path, fresh_sqlite):
    toy = Toy(tmp_path, fresh_sqlite).lay().with_stream("a", distinct="true")
    toy.deliver("a", ROWS)
    toy.run()
    matcher = Matcher.open(toy.context, "thing")

    assert matcher.match({"name": "Green Mill", "city": "Yew"}).candidates[0].does == "join"
    assert matcher.match({"name": "Green Mill", "city": "Yew"}, name="a/things:77").candidates == ()
    toy.context.hub.dispose()


def test_a_key_that_too_many_share_finds_nobody_and_is_named(tmp_path, fresh_sqlite):
    toy = Toy(tmp_path, fresh_sqlite).lay()
    toy.deliver("a", [{"id": str(i), "name": f"{chr(97 + i % 26)}{chr(97 + i // 26)} Thing", "city": "Oak"} for i in range(50)])
    toy.run()

    found = Matcher.open(toy.context, "thing").match({"name": "Zz Other", "city": "Oak"})

    assert found.candidates == ()
    assert found.notes == ("51 records share its city: too many to be found by that alone",)
    toy.context.hub.dispose()


def test_a_value_that_fails_a_check_does_not_count(tmp_path, fresh_sqlite):
    short = Check.str_length(2, 3, error="is no code")
    code = Attribute(
        "code", "Its number.", standardise=standard.code, checks=[short], identifies=thing.attribute("code").identity
    )
    strict = Toy(tmp_path, fresh_sqlite).lay()
    attributes = [code if a.name == "code" else a for a in thing.attributes]
    strict = strict.with_entity(
        attributes=attributes, checks=[Hard(Check(lambda data: data.lazyframe.select(ok=False), error="never passes"))]
    )
    with pytest.raises(NotFoundError, match="mdm run thing"):
        Matcher.open(strict.context, "thing")
    strict = strict.with_entity(checks=[])
    strict.deliver("a", [*ROWS, {"id": "7", "name": "Odd Code", "code": "C7777", "city": "Sea"}])
    strict.run()

    found = Matcher.open(strict.context, "thing").match({"name": "Odd Thing", "code": "C7777"})

    assert found.notes == ("code: is no code; the value does not count",)
    assert all(c.weight < 40 for c in found.candidates)
    strict.context.hub.dispose()


def test_what_is_required_is_named_and_the_rest_is_matched(toy):
    found = Matcher.open(toy.context, "thing").match({"city": "Oak", "code": "C1"})

    assert found.notes == ("a run would quarantine it (name: required); matched all the same",)
    assert found.candidates


def test_what_cannot_be_matched_is_refused_by_name(toy):
    matcher = Matcher.open(toy.context, "thing")

    with pytest.raises(NotFoundError, match=r"'nme'.*'name'"):
        matcher.match({"nme": "Blue Door"})
    with pytest.raises(UsageError, match="nothing to match"):
        matcher.match({"name": "  "})


def test_after_a_run_it_knows_what_the_run_knows(toy):
    matcher = Matcher.open(toy.context, "thing")
    assert matcher.match({"name": "Late Comer", "city": "Sea"}).candidates == ()

    toy.deliver("a", [*ROWS, {"id": "8", "name": "Late Comer", "city": "Sea"}])
    toy.run()

    assert matcher.match({"name": "Late Comer", "city": "Sea"}).candidates[0].record == "a/things:8"


def test_a_run_that_holds_the_bench_does_not_stop_who_has_a_copy(toy, monkeypatch):
    monkeypatch.setattr("mdm.bench._READER_WAITS", 0.1)
    matcher = Matcher.open(toy.context, "thing")
    toy.deliver("a", [*ROWS, {"id": "8", "name": "Late Comer", "city": "Sea"}])
    toy.run()
    running = Bench(toy.context.settings.hub.bench / "thing.duckdb")

    assert matcher.match({"name": "Late Comer", "city": "Sea"}).candidates == ()
    with pytest.raises(LockedError, match="try again"):
        Matcher.open(toy.context, "thing")

    running.close()
    assert matcher.match({"name": "Late Comer", "city": "Sea"}).candidates


def test_without_a_bench_it_is_made_from_the_hub(toy):
    there = Matcher.open(toy.context, "thing").pairs({"name": "Blue Doors", "city": "Oak"})
    toy.forget_bench()

    made = Matcher.open(toy.context, "thing")

    assert made.pairs({"name": "Blue Doors", "city": "Oak"}).equals(there)
    assert not list(toy.context.settings.hub.bench.glob("*.duckdb"))


def test_a_bench_of_other_rules_is_not_believed(toy):
    other = toy.with_entity(hot=39)

    assert Matcher.open(other.context, "thing").match({"name": "Blue Door", "city": "Oak"}).candidates


def test_what_is_sensitive_is_masked(tmp_path, fresh_sqlite):
    attributes = [Attribute("city", "Where.", compare_as=standard.folded, exposure="sensitive") if a.name == "city" else a
                  for a in thing.attributes]  # fmt: skip
    toy = Toy(tmp_path, fresh_sqlite).lay().with_entity(attributes=attributes)
    toy.deliver("a", ROWS)
    toy.run()

    found = Matcher.open(toy.context, "thing").match({"name": "Blue Door", "city": "Oak"})

    shown = {bar.comparison: (bar.a, bar.b) for bar in found.candidates[0].waterfall}
    assert shown["city"] == ("***", "***")
    toy.context.hub.dispose()
