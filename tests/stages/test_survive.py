"""Survivorship of groups: one record speaks for all of them, and of equals the one that says most."""

import polars as pl
import pytest

from mdm import survivorship
from mdm.entity import Attribute, Entity
from mdm.stages import survive

shop = Entity(
    name="shop", about="A shop.", prefix="SHP",
    attributes=[
        Attribute("name", "What it is called."),
        Attribute("street", "Street.", survive=survivorship.recent, group="place"),
        Attribute("postcode", "Postcode.", survive=survivorship.recent, group="place"),
        Attribute("town", "Town.", survive=survivorship.recent, group="place"),
    ],
    block=[["name"]],
)  # fmt: skip

PLAIN = {"name": "Corner", "street": "Elm St", "postcode": None, "town": None}
FULL = {"name": None, "street": "Elm Street", "postcode": "60601", "town": "Larkmoor"}


def golden(*records: dict, times: tuple = (None, None)) -> dict:
    given = [
        {"cluster": "SHP-1", "record_id": at, "role": "file", "demoted": False, "source": "s", "stream": "t",
         "source_key": str(at), "source_time": time, **record}
        for at, (record, time) in enumerate(zip(records, times, strict=True), start=1)
    ]  # fmt: skip
    members = pl.DataFrame(given, schema_overrides={"source_time": pl.Int64, **dict.fromkeys(PLAIN, pl.String)})
    failed = pl.DataFrame(schema={"record_id": pl.Int64, "attribute": pl.String})
    pinned = pl.DataFrame(schema={"record_id": pl.Int64, "attribute": pl.String, "value": pl.String, "number": pl.Int64})
    return survive.golden(members, shop, failed, pinned).row(0, named=True)


@pytest.mark.parametrize("records", [(PLAIN, FULL), (FULL, PLAIN)], ids=["plain first", "full first"])
def test_of_equal_records_the_one_that_says_most_speaks_for_the_group(records):
    row = golden(*records)

    assert (row["street"], row["postcode"], row["town"]) == ("Elm Street", "60601", "Larkmoor")
    assert row["name"] == "Corner"


def test_a_newer_record_speaks_for_the_group_however_little_it_says():
    row = golden(PLAIN, FULL, times=(2, 1))

    assert (row["street"], row["postcode"]) == ("Elm St", None)
