"""What kind of thing a column holds."""

import polars as pl
import pytest

from mdm.suggest import profile

FIRST = ["ana", "bea", "cleo", "dora", "edda", "fay", "gina", "hedy", "ida", "june"]
LAST = ["abend", "bogner", "cramm", "dietz", "egner", "fabry", "gantz", "hager", "irmer", "jost"]
ROWS = 400


def frame() -> pl.DataFrame:
    first = [FIRST[i % 10] + FIRST[i // 7 % 10][:2] + FIRST[i // 31 % 10][:2] for i in range(ROWS)]
    last = [LAST[i // 3 % 10] + LAST[i % 7][:2] + LAST[i // 13 % 10][-2:] for i in range(ROWS)]
    return pl.DataFrame(
        {
            "given": first,
            "family": last,
            "whole": [f"{a} {b}" for a, b in zip(first, last, strict=True)],
            "born": [f"19{i % 90 + 10} {i % 12 + 1:02d} {i % 28 + 1:02d}" for i in range(ROWS)],
            "code": [f"{i * 7919 % 999_983:06d}" for i in range(ROWS)],
            "size": [f"{i % 60}" for i in range(ROWS)],
            "state": [("north", "south", None)[i % 3] for i in range(ROWS)],
            "about": [f"a {first[i]} of the {last[i]} kind number {i}" for i in range(ROWS)],
            "empty": [None] * ROWS,
            "rare": ["seen" if i < 5 else None for i in range(ROWS)],
        },
        schema_overrides={"empty": pl.String},
    )


def test_each_column_has_its_kind():
    kinds = {c.name: c.kind for c in profile.columns(frame().drop("whole"))}

    assert kinds == {
        "given": "name", "family": "name", "born": "date", "code": "code", "size": "number", "state": "category", "about": "text",
    }  # fmt: skip


def test_a_column_that_puts_others_together_is_left_out():
    names = [c.name for c in profile.columns(frame().select("given", "family", "whole", "born"))]

    assert names == ["given", "family", "born"]


@pytest.mark.parametrize("shared", [True, False], ids=["one vocabulary", "two vocabularies"])
def test_names_of_one_vocabulary_may_be_swapped(shared):
    given = ["ana", "bea", "cleo", "dora"] * 100
    family = ["dora", "ana", "bea", "cleo"] * 100 if shared else ["abend", "bogner", "cramm", "dietz"] * 100
    names = [profile.Column(n, "name", 1.0, 4, 1.0) for n in ("given", "family")]

    found = profile.swapped(pl.DataFrame({"given": given, "family": family}), names)

    assert found == ({"given": "family"} if shared else {})


def test_a_column_says_why():
    assert "category" in next(c.why for c in profile.columns(frame()) if c.name == "state")
