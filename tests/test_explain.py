import json
import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mdm import explain
from mdm.errors import NotFoundError
from mdm.explain.path import Edge, strongest_path
from mdm.testing.toy import Toy, thing

ROWS = [
    {"id": "1", "name": "Blue Door", "code": "C1", "city": "Oak"},
    {"id": "2", "name": "Blue Doors", "city": "Oak"},
    {"id": "3", "name": "Red Gate", "city": "Elm", "kind": "gate"},
    {"id": "4", "name": "Red Gate", "city": "Elm", "kind": "door"},
    {"id": "5", "name": "Nothing Alike", "city": "Yew"},
]


@pytest.fixture
def toy(tmp_path, hub_url):
    toy = Toy(tmp_path, hub_url).lay()
    toy.deliver("a", ROWS).deliver("b", [{"id": "1", "name": "Blue Door", "code": "C1", "city": "Ash"}])
    toy.run()
    yield toy
    toy.context.hub.dispose()


def because(toy, a, b):
    return "\n".join(explain.two(toy.context, "thing", a, b).because)


def test_every_value_names_its_record_its_rule_and_what_came_second(toy):
    found = explain.one(toy.context, "thing", "a/things:1")

    values = {v.attribute: v for v in found.values}
    assert {"a/things:1", "b/things:1"} <= set(found.members)
    assert (values["name"].record, values["name"].rule) == ("b/things:1", "by role (register, crm)")
    assert {values["city"].value, values["city"].runner_up} == {"Oak", "Ash"}


def test_a_correction_is_named(toy):
    from mdm import decisions

    with toy.context.hub.begin() as tx:
        number = decisions.set_value(tx, "thing", "a/things:5", "city", "Fir", actor="ana", reason="seen")
    toy.run()

    values = {v.attribute: v for v in explain.one(toy.context, "thing", "a/things:5").values}
    assert (values["city"].value, values["city"].record, values["city"].rule) == ("Fir", f"correction {number}", "steward")


def test_two_that_are_one_show_the_way_between_them(toy):
    found = explain.two(toy.context, "thing", "a/things:1", "b/things:1")

    assert found.one
    assert found.path[0].rule == "same identifier, names compatible"
    assert {b.comparison for b in found.waterfall} >= {"before looking", "name", "city"}


def test_what_parts_two_is_named(toy):
    found = explain.two(toy.context, "thing", "a/things:3", "a/things:4")

    assert not found.one
    assert "kind differs: gate and door, which parts them" in found.because


def test_two_that_no_rule_pairs_say_so(toy):
    assert "no blocking rule makes them a pair" in because(toy, "a/things:1", "a/things:5")


def test_a_decision_is_named_and_shown_as_pending_until_a_run_applies_it(toy):
    number = toy.decide("a/things:1", "a/things:5", "match")
    assert f"decision {number} says match" in because(toy, "a/things:1", "a/things:5")
    assert "which the next run applies" in because(toy, "a/things:1", "a/things:5")

    toy.run()

    found = explain.two(toy.context, "thing", "a/things:1", "a/things:5")
    assert found.one
    assert f"decision {number}: match" in [step.rule for step in found.path]


def test_what_nobody_knows_is_not_explained(toy):
    with pytest.raises(NotFoundError):
        explain.one(toy.context, "thing", "a/things:77")


def told(toy, a, b):
    return explain.two(toy.context, "thing", a, b)


def test_both_forms_of_a_value_are_shown(toy):
    forms = {f.attribute: f for f in told(toy, "a/things:1", "a/things:2").forms}

    name = forms["name"]
    assert (name.a, name.compared_a, name.b, name.compared_b) == ("Blue Door", "blue door", "Blue Doors", "blue doors")
    assert "colours" not in forms


def test_each_blocking_rule_says_why_it_makes_no_pair(toy):
    rules = {" + ".join(r.columns): r for r in told(toy, "a/things:1", "a/things:5").blocking}

    assert rules["name"].why == "different name"
    assert rules["code"].why == "code is empty in a/things:5"
    assert not any(r.fired for r in rules.values())


def test_a_key_that_is_shared_by_too_many_is_named(tmp_path, fresh_sqlite):
    crowd = Toy(tmp_path, fresh_sqlite).lay()
    names = [f"{chr(97 + i % 26)}{chr(97 + i // 26)} Thing" for i in range(50)]
    crowd.deliver("a", [{"id": str(i), "name": name, "city": "Oak"} for i, name in enumerate(names)])
    crowd.run()

    found = explain.two(crowd.context, "thing", "a/things:1", "a/things:29")

    assert {r.why for r in found.blocking if r.columns == ("city",)} == {
        "more than 40 records share the same city: it makes no pairs by itself"
    }
    assert found.stage == "blocking"
    crowd.context.hub.dispose()


@pytest.mark.parametrize(
    ("a", "b", "stage"),
    [("1", "5", "blocking"), ("3", "4", "veto"), ("1", "2", None)],
    ids=["no rule pairs them", "a veto parts them", "they are one"],
)
def test_the_stage_that_stopped_a_pair_is_named(toy, a, b, stage):
    assert told(toy, f"a/things:{a}", f"a/things:{b}").stage == stage


def test_what_a_veto_stopped_is_turned_round_by_lifting_it(toy):
    flip = told(toy, "a/things:3", "a/things:4").flip

    assert flip[0].changes in (("their kind agreed",), ("kind were empty in a/things:3",), ("kind were empty in a/things:4",))
    assert flip[0].words.endswith("they would join")
    assert flip[1].words == "if a steward said match, the next run would join them"


def test_a_decision_that_parts_is_the_stage_and_its_withdrawal_the_turn(toy):
    number = toy.decide("a/things:1", "a/things:2", "no_match")
    toy.run()

    found = told(toy, "a/things:1", "a/things:2")

    assert found.stage == "steward"
    assert found.flip[0].words == f"if decision {number} were withdrawn, they would join"


def test_what_holds_two_together_is_named(toy):
    found = told(toy, "a/things:1", "a/things:2")

    assert found.one
    assert found.flip[0].words.endswith("a machine would no longer join them")
    assert found.flip[-1].changes == ("a decision: no_match",)


def test_a_turn_that_is_made_does_turn_the_run(toy):
    flip = told(toy, "a/things:1", "a/things:5").flip[0]
    assert {c.removeprefix("their ").removesuffix(" agreed") for c in flip.changes} <= {"name", "city"}

    changed = {**ROWS[4], **{c.split()[1]: ROWS[0][c.split()[1]] for c in flip.changes}}
    toy.deliver("a", [*ROWS[:4], changed])
    toy.run()

    assert told(toy, "a/things:1", "a/things:5").one


def test_what_is_quarantined_says_what_it_must_pass(toy):
    toy.deliver("a", [*ROWS, {"id": "6", "city": "Oak"}])
    toy.run()

    found = told(toy, "a/things:1", "a/things:6")

    assert found.stage == "quarantine"
    assert found.flip[0].words == "if a/things:6 passed name: required, the two would be compared"


def test_what_is_hidden_stays_hidden(tmp_path, fresh_sqlite):
    secret = replace(thing.attribute("city"), exposure="sensitive")
    attributes = [secret if a.name == "city" else a for a in thing.attributes]
    toy = Toy(tmp_path, fresh_sqlite).lay().with_entity(attributes=attributes)
    toy.deliver("a", ROWS)
    toy.run()

    document = explain.two(toy.context, "thing", "a/things:1", "a/things:5").as_dict()

    assert [(f["a"], f["compared_b"]) for f in document["forms"] if f["attribute"] == "city"] == [("***", "***")]
    assert "oak" not in json.dumps(document, default=str).lower()
    toy.context.hub.dispose()


EDGES = st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5), st.integers(1, 4)).filter(lambda e: e[0] != e[1]), max_size=10)


@given(EDGES)
def test_the_way_shown_is_one_whose_weakest_step_is_strongest(edges):
    path = strongest_path([Edge(a, b, float(w), "") for a, b, w in edges], [0], [5])

    assert min((e.weight for e in path), default=0.0) == best(edges)


def best(edges):
    """The largest weight at which 0 and 5 are still connected."""
    for least in (4, 3, 2, 1):
        reached = {0}
        for _ in range(6):
            reached |= {x for a, b, w in edges if w >= least and {a, b} & reached for x in (a, b)}
        if 5 in reached:
            return float(least)
    return 0.0


def test_what_was_said_is_stronger_than_any_weight():
    edges = [Edge(1, 2, 90.0, "pair"), Edge(1, 2, math.inf, "decision")]

    assert strongest_path(edges, [1], [2]) == [edges[1]]
