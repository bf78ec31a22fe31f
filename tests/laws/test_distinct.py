"""A stream that never holds one thing twice: machines join none of its records with another, a steward may."""

import pytest

from mdm import explain
from mdm.errors import ConfigError
from mdm.testing.toy import Toy

# Two lists of two; the first of each are alike, the second of each less so, and all four share a name.
A = [{"id": "1", "name": "Ana Lopez", "city": "Rome", "code": "K1"}, {"id": "2", "name": "Ana Lopez", "city": "Rome"}]
B = [{"id": "1", "name": "Ana Lopez", "city": "Rome", "code": "K1"}, {"id": "2", "name": "Ana Lopez", "city": "Rome"}]
ALL = frozenset(f"{s}/things:{n}" for s in "ab" for n in "12")
FIRST, SECOND = frozenset({"a/things:1", "b/things:1"}), frozenset({"a/things:2", "b/things:2"})


@pytest.fixture
def lists(toy: Toy) -> Toy:
    """Two delivered lists, each of which never repeats."""
    return toy.with_stream("a", distinct="true").with_stream("b", distinct="true").deliver("a", A).deliver("b", B)


def test_two_lists_that_never_repeat_are_joined_one_to_one_strongest_first(lists: Toy):
    lists.run()

    assert lists.partition() == {FIRST, SECOND}
    (asked,) = lists.rows("thing_queue")
    assert "which never holds one thing twice" in asked["reason"]
    pairs = lists.context.hub.tables("thing").pair
    with lists.context.hub.read() as session:
        assert session.frame(pairs.select()).height == 4


def test_without_it_they_are_all_one_and_saying_it_later_parts_them(toy: Toy):
    toy.deliver("a", A).deliver("b", B).run()
    assert toy.partition() == {ALL}

    toy.with_stream("a", distinct="true").with_stream("b", distinct="true").run()
    assert toy.partition() == {FIRST, SECOND}

    toy.with_stream("a", distinct="false").with_stream("b", distinct="false").run()
    assert toy.partition() == {ALL}


def test_a_steward_joins_two_of_one_list_and_nothing_else_follows_but_evidence(lists: Toy):
    lists.deliver("b", B[:1])
    lists.run()
    assert lists.partition() == {FIRST, frozenset({"a/things:2"})}

    number = lists.decide("a/things:1", "a/things:2", "match")
    lists.run()
    assert lists.partition() == {FIRST | {"a/things:2"}}

    lists.withdraw(number)
    lists.run()
    assert lists.partition() == {FIRST, frozenset({"a/things:2"})}


def test_an_uncertain_pair_of_golden_records_that_both_hold_one_is_no_question(lists: Toy):
    alike = {"id": "3", "name": "Ana Lopez", "city": "Oslo", "code": "K3"}

    lists.deliver("a", [A[0], alike]).deliver("b", [B[0], alike]).run()

    assert lists.partition() == {FIRST, frozenset({"a/things:3", "b/things:3"})}
    assert lists.rows("thing_queue") == []


def test_an_explanation_names_the_stream(lists: Toy):
    lists.run()

    told = explain.two(lists.context, "thing", "a/things:1", "a/things:2")

    assert not told.one
    assert any(line.startswith("both hold a record of a/things, which never holds one thing twice") for line in told.because)
    assert not any("blocking rule" in line for line in told.because)


def test_it_is_true_or_false(toy: Toy):
    with pytest.raises(ConfigError, match="distinct must be true or false"):
        toy.with_stream("a", distinct='"often"')
