"""The ODM connector on real files of the industry, whole; they are not part of the project."""

import os
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from connectors.odm import Odm
from mdm.connector import Context, StreamRequest
from mdm.errors import DamagedError
from mdm.hub import Hub, migration
from mdm.settings import Source, StreamSettings
from mdm.stages import land
from tests.connectors.reading import Said

pytestmark = pytest.mark.skipif("MDM_DATA" not in os.environ, reason="MDM_DATA does not say where the data is")


def source(path: str) -> str:
    return str(Path(os.environ["MDM_DATA"], "sources", path))


def read(path: str, stream: str, **options: Any) -> Said:
    return Said(Odm("edc", {"path": source(path), **options}).read(Context(), StreamRequest(stream), None))


def landed(folder: Path, path: str, stream: str) -> dict[str, int]:
    hub = Hub(f"sqlite:///{(folder / 'hub.db').as_posix()}")
    migration.lay(hub)
    settings = StreamSettings(stream, "edc", (), None, "delta", 1.0)
    landing = land.Landing(hub, Source("edc", "edc", streams={stream: settings}), settings, 1)
    try:
        return {name: n for name, n in land.run(landing, Odm("edc", {"path": source(path)}), Context()).counts.items() if n}
    finally:
        hub.dispose()


def test_every_transaction_of_a_rave_audit_stream_is_read_and_removals_are_deletions():
    said = read("rave/car_message.xml", "audit")

    assert Counter(row["op"] for row in said.rows) == {"upsert": 1043, "delete": 70}
    assert said.complete and not said.notices and not said.rejected
    assert all(row["source_time"] for row in said.rows)
    assert len({row["SubjectKey"] for row in said.payloads}) == 92


def test_a_rave_audit_stream_lands_whole(tmp_path):
    counts = landed(tmp_path, "rave/car_message.xml", "audit")

    assert counts["total"] == 1113 == sum(n for name, n in counts.items() if name != "total")
    assert counts["deleted"] > 0 and "rejected" not in counts


@pytest.mark.parametrize("stream", ["sites", "item_groups"])
def test_a_schema_invalid_document_gives_a_clear_error_and_lands_nothing(tmp_path, stream):
    words = r"cdash-odm-test-invalid\.xml line 14: <studyName> does not belong in <GlobalVariables> \(is <StudyName> meant\?\)"

    with pytest.raises(DamagedError, match=words):
        landed(tmp_path, "odm/cdash-odm-test-invalid.xml", stream)


@pytest.mark.parametrize(
    ("path", "counts"),
    [
        ("odm/odm1_1_0_example.xml", {"sites": 1, "users": 2, "subjects": 3, "item_groups": 11, "items": 63}),
        ("odm/odm-data-snapshot.xml", {"sites": 1, "users": 1, "subjects": 2, "item_groups": 60, "items": 165}),
        ("odm/Atlas_QS_ODMv2.xml", {"sites": 0, "users": 0, "subjects": 1, "item_groups": 2, "items": 6}),
    ],
)
def test_every_version_is_read_whole(path, counts):
    assert {stream: len(read(path, stream).rows) for stream in counts} == counts


@pytest.mark.parametrize(("name", "count"), [("dm.json", 18), ("dm.ndjson", 18), ("ae.json", 74)])
def test_datasets_are_read_whole(name, count):
    said = read(f"dataset_json/{name}", "dataset")

    assert len(said.keys) == len(set(said.keys)) == count and said.complete


def test_a_dataset_says_the_same_as_document_and_as_lines():
    one, two = (read(f"dataset_json/{name}", "dataset") for name in ("dm.json", "dm.ndjson"))

    assert (one.keys, one.payloads) == (two.keys, two.payloads)


def test_redcap_projects_are_odm():
    paths = sorted(Path(source("redcap")).glob("*/*.xml"))

    assert paths and all(read(str(path), "item_groups").rows for path in paths)
