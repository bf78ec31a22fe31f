"""Ties: what fits two golden records equally is joined to neither, says so, and says what would settle it."""

from collections.abc import Callable

import pytest

from mdm.caution import Caution
from mdm.testing.toy import Toy

# The third fits the first and the second alike, which are of two kinds.
BETWEEN = [
    {"id": "1", "name": "Ana Lopez", "city": "Rome", "kind": "x", "code": "K1"},
    {"id": "2", "name": "Ana Lopez", "city": "Rome", "kind": "y", "code": "K2"},
    {"id": "3", "name": "Ana Lopez", "city": "Rome"},
]
ALONE = {frozenset({f"a/things:{n}"}) for n in "123"}
# Doubts: neither name is quite the third's, and nothing else is known.
DOUBTS = [
    {"id": "1", "name": "Ana Lopezz", "code": "K1"},
    {"id": "2", "name": "Ana Loppez", "code": "K2"},
    {"id": "3", "name": "Ana Lopez"},
]

OTHERS = [{"id": str(n), "name": name} for n, name in enumerate(("Zed Quill", "Bo Marsh", "Iva Tonn", "Ulf Grey", "Kim Dahl"))]


def tied(toy: Toy) -> list[str]:
    return sorted(r["reason"] for r in toy.rows("thing_queue") if r["reason"].startswith("fits two equally"))


def test_a_coin_flip_is_not_thrown(toy: Toy):
    toy.with_entity(caution=Caution(margin=None)).deliver("a", BETWEEN).run()
    assert len(toy.partition()) == 2

    toy.with_entity(caution=Caution()).run()

    assert toy.partition() == ALONE
    told = tied(toy)
    assert len(told) == 2 and told[0] == told[1]
    assert told[0].startswith("fits two equally: a/things:3 fits a/things:")
    assert told[0].endswith("; its code would settle it")


def test_the_fact_that_was_named_settles_it(toy: Toy):
    toy.deliver("a", BETWEEN).run()

    toy.deliver("a", [{**BETWEEN[2], "code": "K2"}]).run()

    assert toy.partition() == {frozenset({"a/things:1"}), frozenset({"a/things:2", "a/things:3"})}
    assert tied(toy) == []


def test_an_answer_settles_it(toy: Toy):
    toy.deliver("a", BETWEEN).run()

    toy.decide("a/things:3", "a/things:1", "no_match")
    toy.run()

    assert toy.partition() == {frozenset({"a/things:1"}), frozenset({"a/things:2", "a/things:3"})}


@pytest.mark.parametrize("order", [(0, 1, 2, 3, 4, 5), (5, 2, 4, 1, 3, 0)])
def test_ties_are_the_same_one_by_one_and_at_once(new_toy: Callable[..., Toy], order: tuple[int, ...]):
    rows = [*BETWEEN, *({**r, "id": f"{r['id']}d"} for r in DOUBTS)]
    toy, control = new_toy(), new_toy()
    for one in (toy, control):
        # One model for both, with a prior that leaves room for doubt.
        one.deliver("b", OTHERS).run()

    for place in order:
        toy.deliver("a", [rows[place]]).run()
    control.deliver("a", rows).run()

    assert {t.endswith("settle it") for t in tied(control)} == {True}
    assert toy.state() == control.state()
