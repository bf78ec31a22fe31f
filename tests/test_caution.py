"""Caution: large groups, bridges and records that fit two equally are held back, whatever the order."""

from itertools import combinations

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mdm import constraint
from mdm.caution import Caution
from mdm.constraint import BRIDGE, LARGE, TIED, Limits, Rulings
from mdm.errors import DeclarationError
from tests.test_constraint import melted, pairs, partition, things, worlds

CAUTION = Caution(largest=4, bridge=2, margin=2.0)
LIMITS = Limits(("kind", "code"), accept=5.0, sure=40.0, caution=CAUTION)


def cautious(records: pl.DataFrame, edges: pl.DataFrame, caution: Caution, rulings: Rulings | None = None):
    limits = Limits(["kind"], accept=5.0, sure=40.0, caution=caution)
    return constraint.clusters(records, edges, rulings or Rulings(), limits)


def by_hand(records: pl.DataFrame, edges: pl.DataFrame, limits: Limits) -> tuple[set[frozenset[int]], dict]:
    """What the definition says, with sets and nothing kept: the clusters, and why each strong pair that is apart is apart."""
    said = {r["record_id"]: r for r in records.iter_rows(named=True)}
    weight = {(a, b): w for a, b, w in edges.iter_rows()}
    found = {r: frozenset({r}) for r in said}
    sure = lambda w: w >= limits.sure  # noqa: E731

    def contradict(x, y):
        values = [{said[r][c] for r in s} - {None} for c in limits.alike for s in (x, y)]
        return any(a and b and (a | b) != (a & b) for a, b in zip(values[::2], values[1::2], strict=True))

    def between(x, y):
        return [w for (a, b), w in weight.items() if (a in x and b in y) or (b in x and a in y)]

    def rival(x, y, w):
        least = limits.sure if sure(w) else max(limits.accept, w - limits.caution.margin)
        others = {z for z in found.values() if z not in (x, y)}
        return any(max(between(x, z), default=-1) >= least and contradict(y, z) and not contradict(x, z) for z in others)

    def why(x, y, w):
        if contradict(x, y):
            return "different"
        if rival(x, y, w) or rival(y, x, w):
            return TIED
        if min(len(x), len(y)) >= limits.caution.bridge and not sure(w) and len(between(x, y)) == 1:
            return BRIDGE
        return LARGE if len(x) + len(y) > limits.caution.largest else None

    strong = sorted(((-w, a, b) for (a, b), w in weight.items() if w >= limits.accept))
    while True:
        apart, grown = {}, False
        for w, a, b in strong:
            x, y = found[a], found[b]
            if x == y:
                continue
            reason = why(x, y, -w)
            if reason is None:
                grown = True
                found.update(dict.fromkeys(x | y, x | y))
            else:
                apart[a, b] = reason
        if not grown:
            return set(found.values()), apart


@given(world=worlds())
def test_it_does_what_the_definition_says(world):
    records, edges, _ = world

    found = constraint.clusters(records, edges, Rulings(), LIMITS)

    expected, apart = by_hand(records, edges, LIMITS)
    assert partition(found) == expected
    told = {(a, b): reason for a, b, _, reason in found.refused.iter_rows()}
    assert told.keys() == apart.keys()
    assert all(told[p].startswith(apart[p]) for p in apart)
    assert set(found.torn.select("a", "b").iter_rows()) == {p for p, reason in apart.items() if reason == TIED}


@given(world=worlds(), seed=st.randoms(use_true_random=False))
def test_the_order_of_rows_and_edges_changes_nothing(world, seed):
    records, edges, rulings = world
    expected = constraint.clusters(records, edges, rulings, LIMITS)

    shuffled = records.sample(fraction=1, shuffle=True, seed=seed.randint(0, 99))
    found = constraint.clusters(shuffled, edges.reverse(), rulings, LIMITS)

    assert partition(found) == partition(expected)
    assert sorted(found.refused.rows()) == sorted(expected.refused.rows())
    assert sorted(found.torn.rows()) == sorted(expected.torn.rows())


@given(world=worlds())
def test_a_component_alone_gives_what_it_gives_among_all(world):
    records, edges, rulings = world
    whole = constraint.clusters(records, edges, rulings, LIMITS)
    links = [set(p) for p in rulings.joining] + [{a, b} for a, b, w in edges.iter_rows() if w >= 5.0]

    for component in melted([*links, *({r} for r in records["record_id"])]):
        inside = pl.col("a").is_in(list(component)) & pl.col("b").is_in(list(component))
        part = constraint.clusters(
            records.filter(pl.col("record_id").is_in(list(component))), edges.filter(inside), rulings, LIMITS
        )

        assert partition(part) == {c for c in partition(whole) if c & component}
        assert sorted(part.refused.rows()) == sorted(whole.refused.filter(inside).rows())


@pytest.mark.parametrize("linkage", ["strongest", "average"])
@given(world=worlds())
def test_no_machine_makes_a_group_larger_than_the_limit(linkage, world):
    records, edges, rulings = world
    ruled = melted([set(s) for s in (*rulings.together, *rulings.adopted, *rulings.merged)])

    limits = Limits(("kind", "code"), linkage=linkage, accept=5.0, caution=Caution(4, None, None))
    found = partition(constraint.clusters(records, edges, rulings, limits))

    assert all(len(c) <= 4 or any(r & c for r in ruled) for c in found)


CHAIN = pairs(*((n, n + 1, 30.0 - n) for n in range(1, 8)))
FREE = things(*((n, None) for n in range(1, 9)))


def test_a_chain_stops_at_the_limit_and_names_its_weakest_link():
    found = cautious(FREE, CHAIN, Caution(5, None, None))

    assert partition(found) == {frozenset({1, 2, 3, 4, 5}), frozenset({6, 7, 8})}
    reason = "too large a group: 8 records would be one, and machines join at most 5; this is the weakest link"
    assert found.refused.rows() == [(5, 6, 25.0, reason)]


def test_a_decision_is_not_questioned_by_the_limit():
    found = cautious(FREE, CHAIN, Caution(5, None, None), Rulings(together=[frozenset(range(1, 8))]))

    assert frozenset(range(1, 8)) in partition(found)


CLIQUES = {**dict.fromkeys(combinations((1, 2, 3), 2), 9.0), **dict.fromkeys(combinations((4, 5, 6), 2), 9.0)}


@pytest.mark.parametrize(
    ("between", "one"),
    [({(3, 4): 8.0}, False), ({(3, 4): 30.0}, True), ({(3, 4): 40.0}, True), ({(3, 4): 8.0, (2, 5): 2.0}, True)],
    ids=["one weak link", "a link stronger than the groups", "an identifier", "a second, doubtful link"],
)
def test_two_groups_that_one_link_holds(between: dict, one: bool):
    edges = pairs(*((a, b, w) for (a, b), w in {**CLIQUES, **between}.items()))

    found = cautious(things(*((n, None) for n in range(1, 7))), edges, Caution(None, 3, None))

    assert (len(partition(found)) == 1) == one
    if not one:
        reason = "one link holds two groups together: 3 and 3 records meet in this pair of 8.0 bits and in no other"
        assert found.refused.rows() == [(3, 4, 8.0, reason)]


@pytest.mark.parametrize("second", [12.1, 11.8, 10.2, 10.0])
def test_a_record_that_fits_two_equally_is_joined_to_neither(second: float):
    found = cautious(things((1, "x"), (2, "y"), (3, None)), pairs((1, 3, 12.0), (2, 3, second)), Caution())

    assert len(partition(found)) == 3
    assert sorted(found.refused.select("a", "b", "reason").rows()) == [(1, 3, TIED), (2, 3, TIED)]
    assert sorted(found.torn.rows()) == [(1, 3, 12.0, 3, 2, second), (2, 3, second, 3, 1, 12.0)]


@pytest.mark.parametrize(("first", "second"), [(12.0, 9.9), (40.0, 39.9)], ids=["by the margin", "by an identifier"])
def test_the_one_that_fits_better_gets_the_third(first: float, second: float):
    found = cautious(things((1, "x"), (2, "y"), (3, None)), pairs((1, 3, first), (2, 3, second)), Caution())

    assert partition(found) == {frozenset({1, 3}), frozenset({2})}


def test_what_more_is_known_of_settles_a_tie():
    records = things((1, "x"), (2, "y"), (3, None), (4, "x"))

    found = cautious(records, pairs((1, 3, 12.0), (2, 3, 12.0), (3, 4, 15.0)), Caution())

    assert partition(found) == {frozenset({1, 3, 4}), frozenset({2})}


@pytest.mark.parametrize("wrong", [{"largest": 1}, {"bridge": 1}, {"margin": -0.5}])
def test_limits_that_make_no_sense_are_refused(wrong: dict):
    with pytest.raises(DeclarationError, match=f"caution: {next(iter(wrong))}"):
        Caution(**wrong)
