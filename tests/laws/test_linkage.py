"""Linkage by average, from end to end: a chain is no golden record, and where it was cut is put before a steward."""

from mdm.testing.toy import Toy

# The first is like the second by name, the second is the third by its code; the first and the third have nothing in common.
CHAIN = [
    {"id": "1", "name": "Ana Lopez", "city": "Rome"},
    {"id": "2", "name": "Ana Lopez", "code": "K1"},
    {"id": "3", "name": "Bob Lopez", "code": "K1", "city": "Paris"},
]
ALL = frozenset(f"a/things:{n}" for n in "123")


def test_a_group_that_agrees_too_little_is_a_question_that_names_the_weakest_link(toy: Toy):
    toy.deliver("a", CHAIN).run()
    assert toy.partition() == {ALL}

    toy = toy.with_entity(linkage="average")
    toy.run()

    assert toy.partition() == {frozenset({"a/things:1"}), ALL - {"a/things:1"}}
    (asked,) = toy.rows("thing_queue")
    assert {asked["a"], asked["b"]} == {"a/things:1", "a/things:2"}
    first, second = sorted(("a/things:1", "a/things:3"), key=asked["reason"].index)
    assert asked["reason"] == f"the groups around them agree too little: {first} and {second} weigh -5.0 bits"


def test_a_steward_overrides_an_average_for_as_long_as_the_decision_stands(toy: Toy):
    toy = toy.with_entity(linkage="average").deliver("a", CHAIN)
    toy.run()
    before = toy.state(ids=True)

    number = toy.decide("a/things:1", "a/things:3", "match")
    toy.run()
    assert toy.partition() == {ALL}
    assert not toy.rows("thing_queue")

    toy.withdraw(number)
    toy.run()
    after = toy.state(ids=True)
    assert {k: v for k, v in after.items() if k != "retired"} == {k: v for k, v in before.items() if k != "retired"}


def test_what_comes_one_by_one_ends_as_what_comes_at_once(new_toy):
    toy, control = (new_toy().with_entity(linkage="average") for _ in range(2))
    for one in (toy, control):
        one.run()

    for row in (CHAIN[2], CHAIN[0], CHAIN[1]):
        toy.deliver("a", [row]).run()
    control.deliver("a", CHAIN).run()

    assert toy.state() == control.state()
