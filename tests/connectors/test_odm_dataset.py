"""The ODM connector reads Dataset-JSON, as a document and as lines."""

import json
import tracemalloc
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.odm import Odm
from connectors.odm.dataset import STEP
from mdm.connector import Context, StreamRequest
from mdm.errors import ConfigError, DamagedError, DriftError, MdmError
from tests.connectors.reading import Said

META = {
    "datasetJSONCreationDateTime": "2026-03-01T00:00:00Z", "datasetJSONVersion": "1.1.0", "fileOID": "F", "studyOID": "S",
    "itemGroupOID": "IG.DM", "name": "DM", "label": "Demographics",
}  # fmt: skip
COLUMNS = [
    {"itemOID": "IT.SEQ", "name": "SEQ", "label": "Number", "dataType": "integer", "keySequence": 2},
    {"itemOID": "IT.USUBJID", "name": "USUBJID", "label": "Subject", "dataType": "string", "keySequence": 1},
    {"itemOID": "IT.SEX", "name": "SEX", "label": "Sex", "dataType": "string"},
]
ROWS = [[1, "P1", "F"], [2, "P1", ""], [1, "P|2", None]]


def document(rows: list[Any] = ROWS, **more: Any) -> str:
    return json.dumps({**META, "records": len(rows), "columns": COLUMNS, "rows": rows, **more}, ensure_ascii=False)


def lines(rows: list[Any] = ROWS, **more: Any) -> str:
    head = json.dumps({**META, "records": len(rows), "columns": COLUMNS, **more})
    return "\n".join([head, *map(json.dumps, rows)]) + "\n"


def read(folder: Path, text: str | bytes, stream: str = "dataset", *, name: str = "dm.json", **options: Any) -> Said:
    request = StreamRequest(stream, tuple(options.pop("key", ())), options.pop("modified", None))
    (folder / name).write_bytes(text if isinstance(text, bytes) else text.encode())
    return Said(Odm("edc", {"path": "dm.*", **options}).read(Context(home=folder), request, None))


@pytest.mark.parametrize(("text", "name"), [(document(), "dm.json"), (lines(), "dm.ndjson")])
def test_rows_are_records_by_the_names_of_their_columns(tmp_path, text, name):
    said = read(tmp_path, text, name=name)

    assert said.payloads == [
        {"SEQ": 1, "USUBJID": "P1", "SEX": "F"}, {"SEQ": 2, "USUBJID": "P1", "SEX": ""}, {"SEQ": 1, "USUBJID": "P|2", "SEX": None},
    ]  # fmt: skip
    assert said.keys == ["P1|1", "P1|2", "P\\|2|1"]
    assert said.rows[1]["position"] == f"{name} row 2"
    assert said.rows[0]["source_time"] == 1772323200000000
    assert said.complete


def test_a_stream_is_narrowed_to_a_dataset_by_name_or_group(tmp_path):
    assert len(read(tmp_path, document(), "people", dataset="DM").rows) == 3
    assert len(read(tmp_path, document(), "people", item_group="IG.DM").rows) == 3
    assert read(tmp_path, document(), "people", dataset="AE").rows == []


def test_what_stands_after_the_rows_counts_as_well(tmp_path):
    said = {**json.loads(document()), "columns": None}
    said = {name: value for name, value in said.items() if name != "columns"} | {"columns": COLUMNS}

    assert len(read(tmp_path, json.dumps(said)).rows) == 3


def test_a_byte_order_mark_and_blanks_do_no_harm(tmp_path):
    assert len(read(tmp_path, "\N{ZERO WIDTH NO-BREAK SPACE}\n " + json.dumps(json.loads(document()), indent=1)).rows) == 3


def test_values_across_the_pieces_of_a_text_are_whole(tmp_path):
    rows = [[at, "P" + "é" * (at % 50), str(at) * 18] for at in range(20_000)]

    assert len(document(rows)) > STEP
    assert [row["SEX"] for row in read(tmp_path, document(rows)).payloads] == [row[2] for row in rows]


def test_a_row_of_another_width_is_rejected(tmp_path):
    said = read(tmp_path, document([[1, "P1", "F"], [2, "P2"], [3, "P3", "M"]]))

    assert said.keys == ["P1|1", "P3|3"]
    assert said.rejected == [("dm.json row 2", "has not the 3 values its columns ask for")]


@pytest.mark.parametrize("keep", [0.2, 0.5, 0.8, 0.99])
@pytest.mark.parametrize("write", [document, lines])
def test_a_dataset_that_was_cut_off_lands_nothing(tmp_path, write, keep):
    text = write([[at, "P", "F"] for at in range(500)])

    with pytest.raises(DamagedError, match=r"dm\.json"):
        read(tmp_path, text[: int(len(text) * keep)], page_rows=10)


def test_lines_cut_between_rows_are_noticed_by_their_number(tmp_path):
    with pytest.raises(DamagedError, match="says it has 3 records and has 2"):
        read(tmp_path, "\n".join(lines().splitlines()[:-1]), name="dm.ndjson")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "line 1: is empty"),
        ("[1]", "line 1: is damaged JSON .*'{' should stand here"),
        ('{"name": "DM", "rows": []}', "no list of `columns`"),
        (document(columns=[{"name": "A"}, {"name": "A"}], rows=[]), "two columns of one name"),
        (document([[float("nan"), "P", "F"]]), "NaN is no JSON"),
        (document()[:-1] + ", }", "damaged JSON"),
        (document() + "[1, 2, 3]", "goes on after its end"),
        ('{"a": ' + "[" * 100_000, "dm.json line 1"),
        ('{"a": "' + "x" * 40_000_000, "larger than"),
        (document().encode("utf-16"), "not UTF-8"),
    ],
    ids=["empty", "list", "no columns", "twice", "nan", "comma", "more", "deep", "huge", "utf-16"],
)
def test_what_is_no_dataset_is_named(tmp_path, text, words):
    with pytest.raises(DamagedError, match=words):
        read(tmp_path, text)


def test_a_dataset_without_a_key_asks_for_one(tmp_path):
    columns = [{"name": "A"}, {"name": "B"}, {"name": "C"}]

    with pytest.raises(ConfigError, match="set `key`"):
        read(tmp_path, document(columns=columns))
    assert read(tmp_path, document(columns=columns), key=("B", "A")).keys == ["P1|1", "P1|2", "P\\|2|1"]
    with pytest.raises(DriftError, match="no column 'X'; the columns are A, B, C"):
        read(tmp_path, document(columns=columns), key=("X",))


def test_a_dataset_has_no_sites(tmp_path):
    with pytest.raises(ConfigError, match="Dataset-JSON, which has no sites"):
        read(tmp_path, document(), "sites")


def test_size_costs_no_memory(tmp_path):
    with (tmp_path / "dm.ndjson").open("w") as out:
        out.write(lines([]).replace('"records": 0, ', ""))
        for at in range(16_000):
            out.write(f'[{at}, "{at} {"x" * 4000}", "F"]\n')
    reading = Odm("edc", {"path": "dm.*", "page_rows": 100}).read(Context(home=tmp_path), StreamRequest("dataset"), None)
    tracemalloc.start()

    for _ in reading:
        pass

    assert tracemalloc.get_traced_memory()[1] < 40 << 20
    tracemalloc.stop()


@given(st.binary(max_size=60), st.integers(0, 900))
def test_no_bytes_make_it_fail_in_another_way(tmp_path_factory, junk, at):
    whole = document().encode()

    try:
        read(tmp_path_factory.mktemp("fuzz"), whole[:at] + junk + whole[at + 9 :])
    except MdmError as error:
        assert "dm.json" in str(error)
