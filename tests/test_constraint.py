"""Clusters under constraints: what they may never hold, and that they follow from the sets given and nothing else."""

from itertools import combinations

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mdm import constraint
from mdm.constraint import Clusters, Limits, Rulings

LIMITS = Limits(("kind", "code"))
RECORDS = range(10)
record = st.sampled_from(RECORDS)
value = st.sampled_from((None, None, "x", "y"))
side = st.frozensets(record, min_size=1, max_size=2)
weights = st.sampled_from((4.0, 5.5, 5.5, 9.0, 40.0))


@st.composite
def worlds(draw: st.DrawFn) -> tuple[pl.DataFrame, pl.DataFrame, Rulings]:
    """Records with values, edges, and rulings that a steward could have made: none contradicts a match."""
    known = sorted(draw(st.sets(record, min_size=2)))
    rows = [(r, draw(value), draw(value)) for r in known]
    records = pl.DataFrame(rows, schema={"record_id": pl.Int64, "kind": pl.String, "code": pl.String}, orient="row")
    ends = draw(st.sets(st.tuples(record, record).filter(lambda e: e[0] < e[1] and {*e} <= {*known}), max_size=14))
    edges = pl.DataFrame(
        [(a, b, draw(weights)) for a, b in sorted(ends)],
        schema={"a": pl.Int64, "b": pl.Int64, "weight": pl.Float64},
        orient="row",
    )
    # Decisions outlive records: some of those they name are not here.
    together = draw(st.lists(st.frozensets(record, min_size=2, max_size=3), max_size=2))
    adopted = draw(st.lists(st.frozensets(record, min_size=2, max_size=4), max_size=2))
    merged = draw(st.lists(st.tuples(record, record).filter(lambda p: p[0] != p[1]), max_size=2))
    apart = [(a, b) for a, b in draw(st.lists(st.tuples(side, side), max_size=3)) if not _joined(together, a, b)]
    return records, edges, Rulings(together, merged, apart, adopted)


def _joined(together: list[frozenset[int]], a: frozenset[int], b: frozenset[int]) -> bool:
    groups = melted([set(s) for s in together] + [{r} for r in RECORDS])
    return bool(a & b) or any(g & a and g & b for g in groups)


def melted(sets: list[set[int]]) -> list[set[int]]:
    """Sets that overlap as one."""
    found: list[set[int]] = []
    for one in sets:
        touching = [f for f in found if f & one]
        found = [f for f in found if not f & one] + [one.union(*touching)]
    return found


def partition(clusters: Clusters) -> set[frozenset[int]]:
    groups = clusters.assigned.group_by("cluster").agg("record_id")["record_id"]
    return {frozenset(g) for g in groups}


@given(world=worlds())
def test_clusters_are_a_partition_named_by_their_smallest_record(world):
    records, edges, rulings = world

    found = constraint.clusters(records, edges, rulings, LIMITS)

    assert sorted(found.assigned["record_id"]) == sorted(records["record_id"])
    assert all(min(g) == c for c, g in found.assigned.group_by("cluster").agg("record_id").iter_rows())


@given(world=worlds())
def test_no_cluster_holds_both_sides_of_a_no_match(world):
    records, edges, rulings = world

    found = partition(constraint.clusters(records, edges, rulings, LIMITS))

    for a, b in rulings.apart:
        assert not any(c & a and c & b for c in found)


@given(world=worlds())
def test_no_cluster_holds_a_difference_that_nobody_overruled(world):
    records, edges, rulings = world
    said = {r: values for r, *values in records.iter_rows()}
    overruled = melted([set(s) for s in (*rulings.together, *rulings.adopted, *rulings.merged)])

    found = partition(constraint.clusters(records, edges, rulings, LIMITS))

    for cluster in found:
        for x, y in combinations(sorted(cluster), 2):
            differ = any(p is not None and q is not None and p != q for p, q in zip(said[x], said[y], strict=True))
            assert not differ or any(x in s and y in s for s in overruled), (x, y)


@given(world=worlds())
def test_a_match_holds_whatever_machines_think(world):
    records, edges, rulings = world
    here = set(records["record_id"])

    found = partition(constraint.clusters(records, edges, rulings, LIMITS))

    for members in rulings.together:
        assert len({c for c in found if c & members & here}) <= 1
    parted = {r for a, b in rulings.apart for r in (*a, *b)}
    for members in (*rulings.adopted, *(frozenset(p) for p in rulings.merged)):
        reached = set().union(*(c for c in found if c & members))
        assert len({c for c in found if c & members}) <= 1 or reached & parted


@given(world=worlds())
def test_nothing_joins_without_a_reason(world):
    records, edges, rulings = world
    ties = [{a, b} for a, b in edges.select("a", "b").iter_rows()] + [
        set(s) & set(records["record_id"]) for s in (*rulings.together, *rulings.adopted, *rulings.merged)
    ]
    connected = melted([t for t in ties if t])

    found = partition(constraint.clusters(records, edges, rulings, LIMITS))

    assert all(len(c) == 1 or any(c <= g for g in connected) for c in found)


@given(world=worlds())
def test_every_strong_edge_is_either_kept_or_refused_with_a_reason(world):
    records, edges, rulings = world

    clusters = constraint.clusters(records, edges, rulings, LIMITS)

    home = dict(clusters.assigned.select("record_id", "cluster").iter_rows())
    refused = set(clusters.refused.filter(pl.col("weight") > 0).select("a", "b").iter_rows())
    assert refused == {(a, b) for a, b in edges.select("a", "b").iter_rows() if home[a] != home[b]}
    assert clusters.refused["reason"].null_count() == 0


@given(world=worlds(), seed=st.randoms(use_true_random=False))
def test_the_order_of_rows_and_edges_changes_nothing(world, seed):
    records, edges, rulings = world
    expected = constraint.clusters(records, edges, rulings, LIMITS)

    shuffled = Rulings(
        *(seed.sample(s, len(s)) for s in map(list, (rulings.together, rulings.merged, rulings.apart, rulings.adopted)))
    )
    found = constraint.clusters(
        records.sample(fraction=1, shuffle=True, seed=seed.randint(0, 99)), edges.reverse(), shuffled, LIMITS
    )

    assert partition(found) == partition(expected)
    assert sorted(found.refused.rows()) == sorted(expected.refused.rows())


@given(world=worlds())
def test_a_component_alone_gives_what_it_gives_among_all(world):
    records, edges, rulings = world
    whole = constraint.clusters(records, edges, rulings, LIMITS)
    links = [set(p) for p in rulings.joining] + [set(e) for e in edges.select("a", "b").iter_rows()]

    for component in melted([*links, *({r} for r in records["record_id"])]):
        inside = pl.col("a").is_in(list(component))
        part = constraint.clusters(
            records.filter(pl.col("record_id").is_in(list(component))), edges.filter(inside), rulings, LIMITS
        )

        assert partition(part) == {c for c in partition(whole) if c & component}
        assert sorted(part.refused.rows()) == sorted(whole.refused.filter(inside).rows())


def things(*rows: tuple[int, str | None]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema={"record_id": pl.Int64, "kind": pl.String}, orient="row")


def pairs(*rows: tuple[int, int, float]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema={"a": pl.Int64, "b": pl.Int64, "weight": pl.Float64}, orient="row")


def test_a_veto_parts_the_ends_of_a_chain_at_its_weakest_link():
    found = constraint.clusters(
        things((1, "x"), (2, None), (3, "y")), pairs((1, 2, 9.0), (2, 3, 5.0)), Rulings(), Limits(["kind"])
    )

    assert partition(found) == {frozenset({1, 2}), frozenset({3})}
    assert found.refused.rows() == [(2, 3, 5.0, "different kind")]


def test_of_two_that_may_not_be_one_the_stronger_gets_the_third():
    records = things((1, "list"), (2, "list"), (3, None))

    found = constraint.clusters(records, pairs((1, 3, 5.0), (2, 3, 9.0)), Rulings(), Limits(distinct=["kind"]))

    assert partition(found) == {frozenset({1}), frozenset({2, 3})}
    assert found.refused.rows() == [(1, 3, 5.0, "both hold a record of list, which never holds one thing twice")]


@pytest.mark.parametrize("linkage", ["strongest", "average"])
@given(world=worlds())
def test_no_cluster_holds_a_distinct_value_twice_unless_somebody_said_so(linkage, world):
    records, edges, rulings = world
    streams = dict(records.select("record_id", "code").iter_rows())
    overruled = melted([set(s) for s in (*rulings.together, *rulings.adopted, *rulings.merged)])

    found = constraint.clusters(records, edges, rulings, Limits(["kind"], ["code"], linkage, 4.0))

    for cluster in partition(found):
        for x, y in combinations(sorted(cluster), 2):
            twice = streams[x] is not None and streams[x] == streams[y]
            assert not twice or any(x in s and y in s for s in overruled), (x, y)


def test_a_match_excuses_only_the_records_it_names():
    records = things((1, "x"), (2, "y"), (3, "x"))

    found = constraint.clusters(records, pairs((1, 3, 9.0)), Rulings(together=[frozenset({1, 2})]), Limits(["kind"]))

    assert partition(found) == {frozenset({1, 2}), frozenset({3})}


def test_a_no_match_within_an_adopted_set_parts_it_once():
    rulings = Rulings(apart=[(frozenset({2}), frozenset({1, 3}))], adopted=[frozenset({1, 2, 3, 4})])

    found = constraint.clusters(things((1, None), (2, None), (3, None), (4, None)), pairs(), rulings, Limits(["kind"]))

    assert partition(found) == {frozenset({1, 3, 4}), frozenset({2})}
    assert found.refused.is_empty()


def test_a_merge_at_the_source_yields_to_a_no_match_and_says_so():
    rulings = Rulings(merged=[(2, 1)], apart=[(frozenset({1}), frozenset({2}))])

    found = constraint.clusters(things((1, None), (2, None)), pairs(), rulings, Limits(["kind"]))

    assert partition(found) == {frozenset({1}), frozenset({2})}
    assert found.refused.rows() == [(1, 2, 0.0, "merged at the source, but a decision keeps them apart")]


@pytest.mark.parametrize("edges", [[], [(1, 2)], [(3, 1), (1, 2), (5, 6)], [(9, 8), (8, 7), (7, 9)]])
def test_components_are_named_by_their_smallest_record(edges: list[tuple[int, int]]):
    found = constraint.components(pl.DataFrame(edges, schema={"a": pl.Int64, "b": pl.Int64}, orient="row"))

    assert dict(found.iter_rows()) == {r: min(g) for g in melted([set(e) for e in edges]) for r in g}
