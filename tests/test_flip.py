"""The smallest change that turns a pair round."""

from itertools import combinations

from hypothesis import given
from hypothesis import strategies as st

from mdm.explain.flip import MOST, Change, Pair, flipped, smallest

VETO = frozenset({"different kind"})
changes_of = st.lists(
    st.builds(
        Change, words=st.sampled_from("abcdef"), about=st.sampled_from("uvwxyz"), bits=st.integers(-9, 9).map(float),
        lifts=st.sampled_from([frozenset(), VETO]), raises=st.sampled_from([frozenset(), VETO]),
    ),
    max_size=6,
)  # fmt: skip
pairs = st.builds(
    Pair, weight=st.integers(-12, 12).map(float), accept=st.just(5.0), obstacles=st.sampled_from([frozenset(), VETO])
)


@given(pairs, changes_of)
def test_what_is_named_does_turn_the_pair_round(pair, changes):
    chosen = smallest(pair, changes)

    assert not chosen or pair.after(chosen).joined != pair.joined


@given(pairs, changes_of)
def test_nothing_smaller_turns_it_round(pair, changes):
    chosen = smallest(pair, changes)

    fewer = [c for size in range(1, len(chosen) or MOST + 1) for c in combinations(changes, size)]
    helpful = [c for c in fewer if len({x.about for x in c}) == len(c) and all(_pushes(pair, x) for x in c)]
    assert not [c for c in helpful if pair.after(c).joined != pair.joined]


def _pushes(pair, change):
    if pair.joined:
        return change.bits < 0 or change.raises
    return (change.bits > 0 or change.lifts & pair.obstacles) and not change.raises


def test_one_change_is_said_in_words():
    found = flipped(Pair(2.0, 6.6), [Change("their postcode agreed", "postcode", 7.1), Change("their city agreed", "city", 3.0)])

    assert found.words == "if their postcode agreed (+7.1 bits), they would join"
    assert found.weight == 9.1


def test_where_one_is_not_enough_two_are_said():
    found = flipped(Pair(-2.0, 6.6), [Change("their postcode agreed", "postcode", 7.1), Change("their city agreed", "city", 3.0)])

    assert found.words == "if their postcode agreed (+7.1 bits) and their city agreed (+3.0 bits), they would join"


def test_two_changes_of_one_value_do_not_go_together():
    both = [Change("their kind agreed", "kind", 4.0), Change("kind were empty", "kind", 3.0)]

    assert flipped(Pair(0.0, 6.0), both) is None


def test_a_joined_pair_names_what_holds_it():
    found = flipped(
        Pair(8.0, 6.6), [Change("email were empty in b", "email", -9.0), Change("city were empty in b", "city", -1.5)]
    )

    assert found.words == "if city were empty in b (-1.5 bits), a machine would no longer join them"
