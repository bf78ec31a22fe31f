"""The shipped connectors read the demo, and its mapping covers what they read."""

from pathlib import Path

import polars as pl
import pytest

from connectors.files import Files
from connectors.odm import Odm
from connectors.vault import Vault
from connectors.vault import record as record_as_connector
from mdm import mapping, settings
from mdm.connector import Context, Notice, Records, StreamRequest
from mdm.demo.delivery import TODAY
from mdm.demo.recorded import record

KINDS = {"files": Files, "odm": Odm, "vault": Vault}
EXPECTED = {
    "crm/accounts": ("Territory_vod__c",), "crm/addresses": (), "edc/sites": (), "edc/users": (), "vault/hcp__v": (),
    "vault/hco__v": (), "register/providers": (), "erp/materials": (), "regulatory/products": (), "irt/kit_types": (),
}  # fmt: skip


@pytest.mark.parametrize("day", ["demo", "second_day"])
@pytest.mark.parametrize("stream", EXPECTED)
def test_a_stream_is_read_and_only_the_new_column_drifts(day: str, stream: str, request: pytest.FixtureRequest) -> None:
    folder = request.getfixturevalue(day)
    source, name = stream.split("/")
    configured = settings.load(folder / "mdm.toml").source(source)
    told = configured.stream(name)

    connector = KINDS[configured.connector](source, configured.options)
    asked = StreamRequest(name, told.key, told.modified, told.options, told.delivery)
    messages = list(connector.read(Context(home=folder), asked, None))
    frame = pl.concat([m.frame for m in messages if isinstance(m, Records)], how="diagonal")

    assert len(frame) > 100
    drift = mapping.drift(frame, told)
    assert (drift.unknown, drift.missing) == (EXPECTED[stream], ())
    assert not [m for m in messages if isinstance(m, Notice) and "erp" not in stream]


def test_every_record_of_the_truth_is_read(demo: Path) -> None:
    configured = settings.load(demo / "mdm.toml")
    truth = pl.concat(pl.read_csv(demo / "truth" / f"{e}.csv", infer_schema=False) for e in ("hcp", "site", "material"))

    for stream in EXPECTED.keys() - {"crm/addresses"}:
        source, name = stream.split("/")
        one = configured.source(source)
        asked = StreamRequest(name, one.stream(name).key, None, one.stream(name).options, one.stream(name).delivery)
        messages = KINDS[one.connector](source, one.options).read(Context(home=demo), asked, None)
        keys = {key for m in messages if isinstance(m, Records) for key in m.frame["source_key"]}
        expected = truth.filter((pl.col("source") == source) & (pl.col("stream") == name))["source_key"]
        assert set(expected) <= keys, stream


def test_recordings_are_written_as_the_connector_writes_them(tmp_path: Path) -> None:
    rows = [{"id": "V0H1", "last_name__v": "Müllenbach", "modified_date__v": "2026-01-01T00:00:00.000Z"}]

    record(tmp_path / "a", "hcp__v", rows, [("V0H2", TODAY)])
    record_as_connector(tmp_path / "b", "hcp__v", rows, [("V0H2", TODAY)])

    assert (tmp_path / "a" / "hcp__v.json").read_bytes() == (tmp_path / "b" / "hcp__v.json").read_bytes()
