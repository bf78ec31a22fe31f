import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mdm import explain
from mdm.errors import NotFoundError
from mdm.explain.pair import _Edge, strongest_path
from mdm.testing.toy import Toy

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


EDGES = st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5), st.integers(1, 4)).filter(lambda e: e[0] != e[1]), max_size=10)


@given(EDGES)
def test_the_way_shown_is_one_whose_weakest_step_is_strongest(edges):
    path = strongest_path([_Edge(a, b, float(w), "") for a, b, w in edges], [0], [5])

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
    edges = [_Edge(1, 2, 90.0, "pair"), _Edge(1, 2, math.inf, "decision")]

    assert strongest_path(edges, [1], [2]) == [edges[1]]
