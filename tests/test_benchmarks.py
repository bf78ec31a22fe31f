"""The benchmark's own arithmetic, on cases small enough to count by hand."""

import shutil
import sys
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.accuracy import by_mdm, measure, score, sets, table
from mdm import catalog

LABELS = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=1, max_size=12)


def test_pairs_of_one_table():
    true = {"a": "1", "b": "1", "c": "1", "d": "2"}
    found = {"a": "x", "b": "x", "c": "y", "d": "y"}

    got = score.clustered(found, true)

    assert (got.precision, got.recall, got.f1) == (pytest.approx(1 / 2), pytest.approx(1 / 3), pytest.approx(2 / 5))


def test_a_record_the_answer_does_not_name_is_alone():
    got = score.clustered({"a": "b"}, {"a": "1", "b": "1"})

    assert (got.precision, got.recall) == (1.0, 0.0)


def test_an_answer_may_call_its_clusters_as_the_records_are_called():
    got = score.clustered({"a": "alone b"}, {"a": "1", "b": "2"})

    assert (got.precision, got.recall) == (1.0, 1.0)


@given(LABELS)
def test_one_table_is_what_listing_the_pairs_gives(labels):
    true = {str(i): str(c) for i, (c, _) in enumerate(labels)}
    found = {str(i): str(g) for i, (_, g) in enumerate(labels)}

    got = score.clustered(found, true)

    pairs = list(combinations(range(len(labels)), 2))
    real = {p for p in pairs if labels[p[0]][0] == labels[p[1]][0]}
    said = {p for p in pairs if labels[p[0]][1] == labels[p[1]][1]}
    assert got.precision == pytest.approx(len(real & said) / len(said) if said else 1)
    assert got.recall == pytest.approx(len(real & said) / len(real) if real else 1)


def test_only_pairs_across_two_tables_count():
    found = {"a1": "x", "a2": "x", "b1": "x", "b2": "y", "a3": "y"}

    got = score.linked(found, [("a1", "b1"), ("a3", "b2"), ("a2", "b3")], ["a1", "a2", "a3"], ["b1", "b2", "b3"])

    assert (got.precision, got.recall) == (pytest.approx(2 / 3), pytest.approx(2 / 3))


def test_pairs_are_taken_as_given():
    got = score.paired([("a1", "b1"), ("a1", "b1"), ("a1", "b2")], [("a1", "b1"), ("a2", "b2")])

    assert (got.precision, got.recall) == (pytest.approx(1 / 2), pytest.approx(1 / 2))


def test_b_cubed():
    true = {"a": "1", "b": "1", "c": "1", "d": "2"}
    found = {"a": "x", "b": "x", "c": "y", "d": "y"}

    got = score.b_cubed(found, true)

    assert got.precision == pytest.approx((1 + 1 + 1 / 2 + 1 / 2) / 4)
    assert got.recall == pytest.approx((2 / 3 + 2 / 3 + 1 / 3 + 1) / 4)


def test_a_giant_cluster_is_counted_and_not_listed():
    count = 200_000
    true = {str(i): str(i // 2) for i in range(count)}

    got = score.clustered(dict.fromkeys(true, "all"), true)

    assert got.precision == pytest.approx((count / 2) / (count * (count - 1) / 2))
    assert got.recall == 1.0


def test_pairs_are_closed():
    got = score.closure([("b", "a"), ("b", "c")], "abcd")

    assert got["a"] == got["b"] == got["c"] != got["d"]


def test_an_unfinished_tool_is_a_result():
    done = figure("febrl3", "splink", {"precision": 0.9, "recall": 0.8, "f1": 0.847})
    slow = {
        "set": "febrl3",
        "tool": "dedupe",
        "finished": False,
        "ended": True,
        "wall": 600.4,
        "cpu": 590.0,
        "peak_mb": 9,
        "minutes": 10,
    }

    lines = table.markdown([done, slow], ["splink", "dedupe"]).splitlines()

    assert "| **0.847**<br>0.900 / 0.800<br>B³ 1.000<br>10 s, 1,234 MB |" in lines[2]
    assert lines[2].endswith("| unfinished in 10 min |")


def test_a_process_is_ended_after_its_time(tmp_path):
    slow = measure.process([sys.executable, "-c", "import time; time.sleep(60)"], folder=tmp_path, environment={}, seconds=0.2)
    done = measure.process([sys.executable, "-c", "print(1)"], folder=tmp_path, environment={}, seconds=60)

    assert slow.ended
    assert not slow.finished
    assert slow.wall < 30
    assert done.finished
    assert done.peak_mb > 0
    assert (tmp_path / "out.txt").read_text() == "1\n"


def test_peers_read_plain_columns(tmp_path, monkeypatch):
    monkeypatch.setenv("MDM_DATA", str(tmp_path))
    folder = tmp_path / "org_fodors_zagat"
    folder.mkdir()
    header = "record_id,name,addr,city,phone,type\n"
    (folder / "a.csv").write_text(header + "a1,'chez  \\'Zoé\\'',1 Rue,,212/682-8660,'Bar '\n", encoding="utf-8")
    (folder / "b.csv").write_text(header)
    (folder / "truth.csv").write_text("record_id_a,record_id_b\na1,b1\n")
    chosen = sets.SETS["fodors_zagat"]

    sets.prepare(chosen, tmp_path)

    assert chosen.present
    assert not sets.SETS["febrl3"].present
    assert sets.truth(chosen) == [("a1", "b1")]
    row = sets.prepared(tmp_path, "a")[0]
    assert row == {"record_id": "a1", "name": "chez 'zoe", "addr": "1 rue", "city": None, "phone": "2126828660", "type": "bar"}


@pytest.mark.parametrize("name", sorted(sets.SETS))
def test_a_set_has_a_declaration_of_its_columns(name, tmp_path):
    chosen = sets.SETS[name]
    shutil.copy(by_mdm.declaration(chosen), tmp_path)
    (tmp_path / "bare.py").write_text(by_mdm.bare(chosen), encoding="utf-8")

    found = catalog.entities(tmp_path)

    assert len(found) == 2
    for entity in found.values():
        assert [a.name for a in entity.attributes] == chosen.names


def figure(name, tool, pairwise):
    return {
        "set": name, "tool": tool, "finished": True, "wall": 12.3, "cpu": 10.0, "peak_mb": 1234, "minutes": 10,
        "pairwise": pairwise, "b_cubed": {"precision": 1.0, "recall": 1.0, "f1": 1.0},
    }  # fmt: skip
