from itertools import combinations

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mdm import evaluate
from mdm.errors import UsageError

LABELS = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=1, max_size=12)


@given(LABELS)
def test_pairs_and_b_cubed_are_what_counting_by_hand_gives(labels):
    rows = pl.DataFrame(
        [(str(c), f"G{g}", i) for i, (c, g) in enumerate(labels)], schema=["cluster", "golden_id", "record_id"], orient="row"
    )

    pairwise, b_cubed, counts = evaluate.contingency(rows)

    true = {p for p in combinations(range(len(labels)), 2) if labels[p[0]][0] == labels[p[1]][0]}
    found = {p for p in combinations(range(len(labels)), 2) if labels[p[0]][1] == labels[p[1]][1]}
    assert counts == (len(true), len(found), len(true & found))
    assert pairwise.precision == pytest.approx(len(true & found) / len(found) if found else 1)
    assert pairwise.recall == pytest.approx(len(true & found) / len(true) if true else 1)
    assert b_cubed.precision == pytest.approx(mean(labels, 1, 0))
    assert b_cubed.recall == pytest.approx(mean(labels, 0, 1))


def mean(labels, of, at):
    shares = []
    for one in labels:
        same = [other for other in labels if other[of] == one[of]]
        shares.append(sum(other[at] == one[at] for other in same) / len(same))
    return sum(shares) / len(shares)


def test_truth_in_pairs_is_closed(tmp_path):
    file = tmp_path / "pairs.csv"
    file.write_text("a,b\ns/t:1,s/t:2\ns/t:2,s/t:a:b|c\nu/v:9,u/v:8\n")

    truth = evaluate.read(file)

    clusters = truth.group_by("cluster").agg(pl.col("source_key").sort()).sort("source_key")
    assert clusters["source_key"].to_list() == [["1", "2", "a:b|c"], ["8", "9"]]


def test_a_key_column_stands_for_the_source_key(tmp_path):
    file = tmp_path / "labels.csv"
    file.write_text("record_id,cluster,other\n7,a,x\n8,a,\n,a,y\n")

    assert evaluate.read(file, "record_id").rows() == [("a", None, None, "7"), ("a", None, None, "8")]


@pytest.mark.parametrize(
    ("text", "key", "says"),
    [
        ("x,y\n1,2\n", None, "'cluster', or pairs"),
        ("cluster,id\n1,2\n", None, "--key"),
        ("cluster,id\n1,2\n", "no", "column 'no'"),
        ("a,b\n1,2\n", None, "does not name"),
    ],
    ids=["no cluster", "no key", "another key", "no records"],
)
def test_truth_of_another_shape_is_refused(tmp_path, text, key, says):
    file = tmp_path / "truth.csv"
    file.write_text(text)

    with pytest.raises(UsageError, match=says):
        evaluate.read(file, key)
