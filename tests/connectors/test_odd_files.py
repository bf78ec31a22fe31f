"""Files nobody planned for: each gives its records, or says which file, where and what to do next."""

import io
import json
import tarfile
import zipfile

import pytest

from connectors.files import Files
from connectors.odm import Odm
from mdm.connector import Context, StreamRequest
from mdm.errors import DamagedError, DriftError, MdmError
from tests.connectors.reading import Said

TABLE = b"Id,Name\n1,Ana\n"
DATASET = {
    "datasetJSONVersion": "1.1.0",
    "itemGroupOID": "IG.DM",
    "records": 2,
    "name": "DM",
    "columns": [{"name": "USUBJID", "keySequence": 1}, {"name": "AGE"}],
    "rows": [["S1", 40], ["S2", None]],
}


def read(tmp_path, name: str, content: bytes, kind=Files, stream: str = "people", key: tuple[str, ...] = ("Id",)) -> Said:
    (tmp_path / name).write_bytes(content)
    return Said(kind("odd", {"path": name}).read(Context(home=tmp_path), StreamRequest(stream, key), None))


def packed(*members: tuple[str, bytes]) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for name, content in members:
            archive.writestr(name, content)
    return made.getvalue()


def linked() -> bytes:
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w") as archive:
        link = tarfile.TarInfo("people.csv")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(link)
    return made.getvalue()


@pytest.mark.parametrize(
    ("name", "content", "error", "words"),
    [
        ("a.csv", b"<!DOCTYPE html>\n<html><body>Please log in</body></html>\n", DamagedError, "a.csv line 1: is a page of HTML"),
        ("a.csv", b"%PDF-1.7\n1 0 obj\n", DamagedError, "a.csv: is a PDF"),
        ("a.csv.pgp", b"-----BEGIN PGP MESSAGE-----\n\nhQEMA\n", DamagedError, "a.csv.pgp: is encrypted with PGP"),
        ("a.csv", b"\x85\x01\x0c\x03x\n", DriftError, "a.csv line 1: there is no column 'Id'"),
        ("a.csv", b"ID,Name\n1,Ana\n", DriftError, "did you mean 'ID'?"),
        ("a.csv", b"Number,Name\n", DriftError, "there is no column 'Id'"),
        ("a.xlsx", b"PK\x05\x06" + bytes(18), DamagedError, "a.xlsx"),
        ("a.zip", packed(), DamagedError, "a.zip: the zip holds no file"),
        ("a.zip", packed(("inner.zip", packed(("a.csv", TABLE)))), DamagedError, "an archive inside an archive"),
        ("a.tar", linked(), DamagedError, "a.tar/people.csv: is a link"),
        ("a.parquet", b"PAR1", DamagedError, "a.parquet: cannot be read as Parquet"),
    ],
    ids=["HTML", "PDF", "PGP", "PGP, binary", "other case", "other header, no rows", "no workbook", "empty zip", "zip in zip", "tar with link", "no Parquet"],
)  # fmt: skip
def test_what_is_no_such_table_is_refused_by_name(tmp_path, name, content, error, words):
    with pytest.raises(error) as told:
        read(tmp_path, name, content)

    assert words in str(told.value)


@pytest.mark.parametrize(
    ("content", "names"),
    [
        (b"sep=;\nId;Name\n1;Ana\n", ["Ana"]),
        (b'\xef\xbb\xbf"sep=|"\r\nId|Name\r\n1|Ana\r\n', ["Ana"]),
        ('Id,Name,Note\r\n1,"M\u00fcller \u2013 S\u00f6hne","line 1\r\nline 2"\r\n'.encode("cp1252"), ["Müller – Söhne"]),
        (b"Id,Name\r1,Ana\r2,Emil\r", ["Ana", "Emil"]),
        ("Id\tName\n1\tÉmile\n".encode("utf-16"), ["Émile"]),
        (b'Id,Name\n1,5" pipe\n', ['5" pipe']),
    ],
    ids=["separator told to Excel", "the same, quoted", "cp1252 with line breaks", "CR only", "UTF-16", "quote inside"],
)
def test_odd_tables_are_read(tmp_path, content, names):
    said = read(tmp_path, "a.csv", content)

    assert [payload["Name"] for payload in said.payloads] == names
    assert said.rejected == []


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ('{"Id": "2", "Name": "a", "Name": "b"}', "a name stands twice"),
        ('{"Id": "2", "Name": "cut \\ud83d"}', "a character is cut in half"),
        ('{"Id": "2", "Name": 1e999}', "a number in it is too large"),
        ('{"Id": "2", "Name": ' + "1" * 400 + "}", "a number in it is too large"),
        ('{"Id": "2", "Name": NaN}', "not valid JSON"),
    ],
    ids=["name twice", "half a character", "infinite", "endless", "NaN"],
)
def test_a_line_that_readers_differ_on_is_rejected_and_the_others_go_on(tmp_path, line, reason):
    said = read(tmp_path, "a.jsonl", f'{{"Id": "1"}}\n{line}\n{{"Id": "3"}}\n'.encode())

    assert said.keys == ["1", "3"]
    assert said.rejected[0][0] == "a.jsonl line 2"
    assert reason in said.rejected[0][1]


def test_half_a_character_in_a_dataset_is_shown_as_one(tmp_path):
    text = json.dumps(DATASET).replace('"S1"', '"S\\ud83d"')

    said = read(tmp_path, "dm.json", text.encode(), Odm, "dataset", ())

    assert said.keys == ["S\N{REPLACEMENT CHARACTER}", "S2"]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"records": 3}, "says it has 3 records and has 2"),
        ({"columns": [{"name": "USUBJID"}, {"name": "USUBJID"}]}, "two columns of one name"),
        ({"rows": [{"USUBJID": "S1"}, ["S2", 1]]}, "a row 1 that is no list"),
        ({"columns": [{"name": "USUBJID"}, {"name": "AGE"}]}, "no column has a keySequence"),
        ({"clinicalData": {}}, "Dataset-JSON of version 1.0"),
    ],
    ids=["fewer records", "same column", "row of names", "no key", "version 1.0"],
)
def test_a_dataset_that_is_not_what_it_says_lands_nothing(tmp_path, change, words):
    with pytest.raises(MdmError, match=words):
        read(tmp_path, "dm.json", json.dumps({**DATASET, **change}).encode(), Odm, "dataset", ())
