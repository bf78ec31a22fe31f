import csv
import io
import json

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mdm import export
from mdm.errors import UsageError


@pytest.mark.parametrize(
    ("cell", "written"),
    [
        ("=1+1", "'=1+1"),
        ("@sum(a1)", "'@sum(a1)"),
        ("+cmd|' /C calc'!A0", "'+cmd|' /C calc'!A0"),
        ("-2+3+cmd|' /C calc'!A0", "'-2+3+cmd|' /C calc'!A0"),
        ("\t=1", "'\t=1"),
        ("+1 (312) 555-0100", "+1 (312) 555-0100"),
        ("-12.5", "-12.5"),
        ("O'Neil-Smith", "O'Neil-Smith"),
    ],
)
def test_no_cell_is_a_formula(cell, written):
    rows = pl.DataFrame({"name": [cell]})

    assert list(csv.reader(io.StringIO(export.written(rows, "csv").decode())))[1] == [written]


@given(st.text(alphabet="=+-@a1 '|\t", max_size=6))
def test_what_a_spreadsheet_would_execute_never_leaves(cell):
    shown = export.flat(pl.DataFrame({"name": [cell]}))["name"][0]

    assert not shown.startswith(("=", "@", "\t"))
    assert not (shown.startswith(("+", "-")) and any(c.isalpha() or c in "='|@" for c in shown))


def test_programs_get_values_as_they_are():
    rows = pl.DataFrame({"name": ["=1+1"], "colours": [["red", "blue"]]})

    assert json.loads(export.written(rows, "jsonl")) == {"name": "=1+1", "colours": ["red", "blue"]}
    assert pl.read_parquet(io.BytesIO(export.written(rows, "parquet"))).equals(rows)


def test_another_format_is_refused():
    with pytest.raises(UsageError, match="csv, parquet, jsonl"):
        export.written(pl.DataFrame(), "xlsx")
