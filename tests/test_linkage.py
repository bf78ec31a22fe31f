"""Average linkage: groups are one while all their pairs agree on average, whatever the order and whatever binds."""

from fractions import Fraction
from itertools import combinations

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mdm import constraint
from mdm.constraint import Clusters, Limits, Rulings
from mdm.constraint.linkage import ABSENT, MOST
from tests.test_constraint import melted, pairs, partition, worlds

ACCEPT = 4.0
AVERAGE = Limits(("kind", "code"), linkage="average", accept=ACCEPT)
STRONGEST = Limits(("kind", "code"), accept=ACCEPT)
RECORDS = range(9)
# Quarters add up exactly, so a tie is a tie.
weights = st.one_of(st.sampled_from((-3.0, 0.0, 2.0, 4.0, 4.0, 9.0, 30.0)), st.integers(-20, 100).map(lambda n: n / 4))
graphs = st.dictionaries(
    st.tuples(st.sampled_from(RECORDS), st.sampled_from(RECORDS)).filter(lambda e: e[0] < e[1]), weights, max_size=30
)


def things(records=RECORDS) -> pl.DataFrame:
    schema = {"record_id": pl.Int64, "kind": pl.String, "code": pl.String}
    return pl.DataFrame([(r, None, None) for r in records], schema=schema, orient="row")


def edges(graph: dict) -> pl.DataFrame:
    return pairs(*((a, b, w) for (a, b), w in graph.items()))


def averaged(graph: dict, records=RECORDS) -> Clusters:
    return constraint.clusters(things(records), edges(graph), Rulings(), AVERAGE)


def by_hand(graph: dict) -> set[frozenset[int]]:
    """What the definition says, one join at a time, within the components of strong pairs."""
    found = [frozenset({r}) for r in RECORDS]
    strong = melted([set(e) for e, w in graph.items() if w >= ACCEPT])
    while True:
        joins = []
        for x, y in combinations(sorted(found, key=min), 2):
            mean = sum(Fraction(min(graph.get((min(p), max(p)), ABSENT), MOST)) for p in ((a, b) for a in x for b in y))
            mean /= len(x) * len(y)
            if mean >= ACCEPT and any(x | y <= s for s in strong):
                joins.append((-mean, min(x), min(y), x, y))
        if not joins:
            return set(found)
        *_, x, y = min(joins)
        found = [c for c in found if c not in (x, y)] + [x | y]


@given(graph=graphs)
def test_it_does_what_the_definition_says(graph):
    assert partition(averaged(graph)) == by_hand(graph)


@given(graph=graphs)
def test_strong_pairs_that_are_apart_name_the_weakest_link(graph):
    found = averaged(graph)

    home = dict(found.assigned.iter_rows())
    members = {c: [r for r in home if home[r] == c] for c in home.values()}
    apart = {(a, b) for (a, b), w in graph.items() if w >= ACCEPT and home[a] != home[b]}
    assert {(a, b) for a, b, *_ in found.parted.iter_rows()} == apart
    for a, b, _, weak_a, weak_b, weakest in found.parted.iter_rows():
        between = [(min(p, q), max(p, q)) for p in members[home[a]] for q in members[home[b]]]
        assert (weak_a, weak_b) in between
        assert weakest == graph.get((weak_a, weak_b), ABSENT)
        assert weakest == ABSENT or all(p in graph for p in between)


@given(world=worlds())
def test_what_binds_holds_and_every_strong_pair_is_kept_or_told(world):
    records, edges, rulings = world

    clusters = constraint.clusters(records, edges, rulings, AVERAGE)

    found, here = partition(clusters), set(records["record_id"])
    assert sorted(r for c in found for r in c) == sorted(here)
    said = {r: values for r, *values in records.iter_rows()}
    overruled = melted([set(s) for s in (*rulings.together, *rulings.adopted, *rulings.merged)])
    assert all(len({c for c in found if c & members & here}) <= 1 for members in rulings.together)
    assert not any(c & a and c & b for c in found for a, b in rulings.apart)
    for cluster in found:
        for x, y in combinations(sorted(cluster), 2):
            differ = any(p is not None and q is not None and p != q for p, q in zip(said[x], said[y], strict=True))
            assert not differ or any(x in s and y in s for s in overruled), (x, y)
    home = dict(clusters.assigned.iter_rows())
    told = [(a, b) for frame in (clusters.refused, clusters.parted) for a, b, w, *_ in frame.iter_rows() if w > 0]
    assert sorted(told) == sorted((a, b) for a, b, w in edges.iter_rows() if w >= ACCEPT and home[a] != home[b])


@given(world=worlds(), seed=st.randoms(use_true_random=False))
def test_the_order_of_rows_and_edges_changes_nothing(world, seed):
    records, edges, rulings = world
    expected = constraint.clusters(records, edges, rulings, AVERAGE)

    shuffled = Rulings(
        *(seed.sample(s, len(s)) for s in map(list, (rulings.together, rulings.merged, rulings.apart, rulings.adopted)))
    )
    found = constraint.clusters(
        records.sample(fraction=1, shuffle=True, seed=seed.randint(0, 99)), edges.reverse(), shuffled, AVERAGE
    )

    assert partition(found) == partition(expected)
    assert sorted(found.refused.rows()) == sorted(expected.refused.rows())
    assert sorted(found.parted.rows()) == sorted(expected.parted.rows())


@given(
    sizes=st.lists(st.integers(1, 4), max_size=3), strong=st.lists(st.sampled_from((4.0, 5.5, 30.0)), min_size=18, max_size=18)
)
def test_where_all_pairs_are_strong_both_linkages_agree(sizes, strong):
    left, groups = list(range(12)), []
    for size in sizes:
        groups.append([left.pop() for _ in range(size)])
    inside = [(min(p), max(p)) for g in groups for p in combinations(g, 2)]
    graph = edges(dict(zip(inside, strong, strict=False)))

    found = [partition(constraint.clusters(things(range(12)), graph, Rulings(), one)) for one in (AVERAGE, STRONGEST)]

    assert found[0] == found[1]


def test_one_strong_pair_is_no_bridge_between_groups_that_never_met():
    cliques = dict.fromkeys([*combinations((1, 2, 3), 2), *combinations((4, 5, 6), 2)], 9.0)

    found = averaged({**cliques, (3, 4): 30.0}, range(1, 7))
    joined = constraint.clusters(things(range(1, 7)), edges({**cliques, (3, 4): 8.0}), Rulings(), STRONGEST)

    assert partition(joined) == {frozenset(range(1, 7))}
    # The bridge is the best pair of all, so it joins first, and then neither group agrees with it enough.
    assert partition(found) == {frozenset({1, 2}), frozenset({3, 4}), frozenset({5, 6})}
    weaker = averaged({**cliques, (3, 4): 8.0}, range(1, 7))
    assert partition(weaker) == {frozenset({1, 2, 3}), frozenset({4, 5, 6})}
    assert weaker.parted.rows() == [(3, 4, 8.0, 1, 4, -5.0)]


def test_a_match_is_one_cluster_from_the_start():
    rulings = Rulings(together=[frozenset({1, 2})])

    near = constraint.clusters(things((1, 2, 3)), pairs((1, 3, 9.0)), rulings, AVERAGE)
    both = constraint.clusters(things((1, 2, 3)), pairs((1, 3, 9.0), (2, 3, 0.0)), rulings, AVERAGE)

    assert partition(near) == {frozenset({1, 2}), frozenset({3})}
    assert near.parted.rows() == [(1, 3, 9.0, 2, 3, -5.0)]
    assert partition(both) == {frozenset({1, 2, 3})}


@pytest.mark.parametrize("accept", [25.0, float("inf")])
def test_a_limit_above_the_most_a_pair_counts_still_joins_what_reaches_it(accept: float):
    strong = pairs((1, 2, 30.0), (2, 3, 30.0), (1, 3, 24.0))

    found = constraint.clusters(things((1, 2, 3)), strong, Rulings(), Limits(linkage="average", accept=accept))

    assert len(partition(found)) == (2 if accept == 25.0 else 3)
