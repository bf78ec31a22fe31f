"""What another model would change."""

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mdm import difference, model
from mdm.bench import Bench
from mdm.model import Model
from mdm.testing.toy import thing

edges = st.lists(st.tuples(st.integers(0, 7), st.integers(0, 7)).filter(lambda e: e[0] != e[1]), max_size=8)


def pairs(found) -> pl.DataFrame:
    return pl.DataFrame(found, schema={"a": pl.Int64, "b": pl.Int64}, orient="row")


def test_groups_that_take_in_others_and_groups_that_fall_apart_are_counted():
    before, after = pairs([(1, 2), (3, 4), (5, 6)]), pairs([(1, 2), (2, 3), (3, 4)])

    assert difference.regrouped(before, after) == (1, 1)


@given(edges, edges)
def test_what_one_way_merges_the_other_way_splits(one, other):
    there, back = difference.regrouped(pairs(one), pairs(other)), difference.regrouped(pairs(other), pairs(one))

    assert there == back[::-1]


@given(edges)
def test_the_same_pairs_regroup_nothing(found):
    assert difference.regrouped(pairs(found), pairs(found)) == (0, 0)


@pytest.mark.parametrize(("columns", "scorable"), [("name, city", True), ("name, kind", False)])
def test_a_model_scores_only_where_its_columns_are(columns, scorable):
    bench = Bench(None)
    bench.execute(
        f"create table bench.compare as select 1 as record_id, {columns} from (select 'x' as name, 'y' as city, 'z' as kind)"
    )

    assert difference._scorable(bench, Model("thing", 1, model.declared(thing), {}, {}, "")) is scorable
    bench.close()
