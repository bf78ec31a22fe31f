"""Real deliveries are read whole: what comes out is counted against an independent reading.

The data is not part of the project: these run where MDM_DATA says where it is.
"""

import csv
import io
import json
import os
import zipfile
from pathlib import Path
from typing import Any

import pytest

from connectors.files import Files, profile
from mdm.connector import Context, StreamRequest
from mdm.errors import DamagedError
from tests.connectors.reading import Said

pytestmark = pytest.mark.skipif("MDM_DATA" not in os.environ, reason="MDM_DATA does not say where the data is")

REVISED = ("NCT00973089", "NCT02210780", "NCT03418623", "NCT03475563", "NCT03630471", "NCT04207047", "NCT05594173", "NCT06171568")


def folder(name: str) -> Path:
    return Path(os.environ["MDM_DATA"]) / "sources" / name


def read(stream: str, known: str, path: Path, **options: Any) -> Said:
    """A stream of a profile, as its settings would have it."""
    ready = Files.defaults(known, stream)
    request = StreamRequest(stream, tuple(ready["key"]), ready.get("modified"), {}, ready.get("delivery", "delta"))
    return Said(Files("real", {"profile": known, "path": str(path), **options}).read(Context(), request, None))


def lines(text: str, *, delimiter: str = "\t", quoting: int = csv.QUOTE_NONE) -> list[list[str]]:
    """The rows an independent reader sees, without the header."""
    return list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, quoting=quoting))[1:]


@pytest.mark.parametrize(
    ("stream", "file"),
    [
        ("products", "product_trimmed.txt"),
        ("packages", "package_trimmed.txt"),
        ("unfinished_products", "unfinished_product_trimmed.txt"),
    ],
)
def test_the_directory_of_drug_codes_is_read_whole(stream, file):
    expected = lines((folder("ndc") / file).read_text(encoding="utf-8"))

    said = read(stream, "ndc", folder("ndc") / file)

    assert [list(payload.values()) for payload in said.payloads] == expected
    assert (said.rejected, said.complete) == ([], True)


def test_a_bad_byte_is_read_as_what_it_was_meant_to_be_and_reported():
    said = Said(
        Files("real", {"path": str(folder("ndc") / "badutf8.txt"), "header": False}).read(
            Context(), StreamRequest("x", ("column_1",)), None
        )
    )

    assert said.keys == ['This is a "bad" UTF-8 file.€']
    assert any("is not UTF-8, so the file was read as Windows-1252" in text for text in said.notices)


def test_substance_names_are_read_whole():
    expected = lines((folder("unii") / "unii.csv").read_text(encoding="utf-8"))

    said = read("names", "unii", folder("unii") / "unii.csv")

    assert [list(payload.values()) for payload in said.payloads] == expected
    assert len(set(said.keys)) == len(expected)


def test_the_register_of_providers_is_read_whole():
    with (folder("nppes") / "npidata_small.csv").open(newline="", encoding="utf-8") as opened:
        expected = list(csv.DictReader(opened))

    said = read("providers", "nppes", folder("nppes") / "npidata_small.csv")

    assert said.payloads == expected
    assert len(expected) == 10_001
    assert said.rejected == []


@pytest.mark.parametrize("stream", list(profile.PROFILES["drugsatfda"].streams))
def test_every_table_of_the_approved_medicines_is_read_straight_out_of_the_zip(stream):
    archive = folder("drugsatfda") / "drugsatfda.zip"
    with zipfile.ZipFile(archive) as opened:
        raw = opened.read(profile.of("drugsatfda", stream).options["member"])
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        text = raw.decode("cp1252")
    expected = [row for row in lines(text) if row]

    said = read(stream, "drugsatfda", archive)

    width = len(text.splitlines()[0].split("\t"))
    whole = [row[:width] for row in expected if len(row) == width or (not any(row[width:]) and len(row) > width)]
    assert [list(payload.values()) for payload in said.payloads] == whole
    assert len(said.rejected) == len(expected) - len(whole)


@pytest.mark.parametrize("study", REVISED)
def test_a_study_is_one_record(study):
    path = folder("clinicaltrials") / f"{study}.json"

    said = read("studies", "clinicaltrials", path)

    assert said.payloads == [json.loads(path.read_text(encoding="utf-8"))]
    assert said.keys == [study]


def test_all_studies_together_are_as_many_as_there_are_files():
    files = sorted(folder("clinicaltrials").glob("NCT*.json"))
    revised = [path for path in files if "protocolSection" in json.loads(path.read_text(encoding="utf-8"))]

    new = read("studies", "clinicaltrials", folder("clinicaltrials") / "NCT*.json")
    old = [read("full_studies", "clinicaltrials", path) for path in files if path not in revised]

    assert len(new.rows) == len(revised)
    assert len(new.rejected) == len(files) - len(revised)
    assert [len(said.rows) for said in old] == [1] * len(old)


def test_fragments_without_a_number_are_rejected_not_lost():
    said = read("studies", "clinicaltrials", folder("clinicaltrials") / "facility*.json")

    assert (len(said.rows), len(said.rejected)) == (0, 2)


@pytest.mark.parametrize("file", ["api-1f9cef.json", "api-34c18d.json", "api-f7d8ea.json", "nppes.json"])
def test_an_answer_of_the_registry_has_as_many_records_as_results(file):
    expected = json.loads((folder("npi_registry_api") / file).read_text(encoding="utf-8"))["results"]

    said = read("providers", "npi_registry", folder("npi_registry_api") / file)

    assert said.payloads == expected
    assert said.keys == [str(one["number"]) for one in expected]


@pytest.mark.parametrize(
    ("file", "words"),
    [("api-8d2d52.json", "No valid search criteria provided"), ("api-c85286.json", "requires additional search criteria")],
)
def test_an_answer_of_the_registry_that_is_an_error_is_one(file, words):
    with pytest.raises(DamagedError, match=f"answered with an error instead of records: .*{words}"):
        read("providers", "npi_registry", folder("npi_registry_api") / file)


@pytest.mark.parametrize("file", ["ae.json", "dm.json"])
def test_a_dataset_is_one_document_to_who_does_not_know_better(file):
    path = folder("dataset_json") / file

    said = Said(Files("real", {"path": str(path)}).read(Context(), StreamRequest("datasets", ("itemGroupOID",)), None))

    assert said.payloads == [json.loads(path.read_text(encoding="utf-8"))]
