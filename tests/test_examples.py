"""The examples on real data: their settings name what exists, the sums hold, and the sites are found again.

The data is not part of the project: what needs it runs where MDM_DATA says where it is.
"""

import csv
import json
import os
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mdm import catalog, mapping, project, settings
from mdm.cli.app import run

EXAMPLES = Path(__file__).parent.parent / "docs" / "examples"
FED = {"chicago_sites": {"site"}, "nppes": {"hcp", "site"}, "drugsatfda": {"material"}}
with_data = pytest.mark.skipif("MDM_DATA" not in os.environ, reason="MDM_DATA does not say where the data is")
by_name = pytest.mark.parametrize("name", sorted(FED))
Command = Callable[..., Any]


@pytest.fixture
def example(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture) -> Callable[[str], Command]:
    """A way to choose an example and then to type commands there, with a hub of its own; answers are documents."""

    def chosen(name: str) -> Command:
        monkeypatch.setenv("MDM_CONFIG", str(EXAMPLES / name / "mdm.toml"))
        monkeypatch.setenv("MDM_HUB_URL", f"sqlite:///{tmp_path / 'mdm.db'}")
        assert run(["migrate"]) == 0
        return typed

    def typed(*arguments: str) -> Any:
        capfd.readouterr()
        code = run([*arguments, "--json"])
        said = capfd.readouterr()
        assert code == 0, said.err
        return json.loads(said.out)

    return chosen


@by_name
def test_an_example_names_what_exists(name, monkeypatch, tmp_path):
    monkeypatch.setenv("MDM_DATA", str(tmp_path))

    loaded = settings.load(EXAMPLES / name / "mdm.toml")

    entities = catalog.entities(project.bundled("rules"))
    streams = [
        mapping.validated(s, entities, loaded.sources) for source in loaded.sources.values() for s in source.streams.values()
    ]
    assert {entity for stream in streams for entity in stream.entities} == FED[name]
    for source in loaded.sources.values():
        catalog.connector(source)


@by_name
def test_an_example_says_what_comes_of_it(name):
    text = (EXAMPLES / name / "README.md").read_text(encoding="utf-8")

    assert "MDM_DATA" in text
    assert "mdm run" in text


def test_a_row_blanked_by_deactivation_keeps_what_was_known(example, tmp_path, monkeypatch):
    monkeypatch.setenv("MDM_DATA", str(tmp_path))
    known = provider("2100000100", family="Moreau", given="Ines")
    again = provider("2100000118", family="Halloran", given="Tom")
    again |= {"NPI Deactivation Date": "03/16/2006", "NPI Reactivation Date": "03/27/2006"}
    blanked = provider("2100000100") | {"NPI Deactivation Date": "03/16/2026"}
    unknown = provider("2100000126") | {"NPI Deactivation Date": "03/16/2026"}

    type_ = example("nppes")
    deliver(tmp_path, known, again)
    type_("run", "hcp")
    deliver(tmp_path, blanked, again, unknown)
    report = type_("run", "hcp")

    read = report["sources"][0]["read"]
    assert (read["changed"], read["unchanged"], read["filtered"]) == (1, 1, 1)
    assert rows(tmp_path, "select npi, family_name, status from golden_hcp order by npi") == [
        ("2100000100", "Moreau", "inactive"),
        ("2100000118", "Halloran", "active"),
    ]


@with_data
def test_sites_of_nine_lists_are_found_again(example):
    type_ = example("chicago_sites")

    report = type_("run", "site")
    truth = Path(os.environ["MDM_DATA"]) / "org_chicago_sites" / "truth.csv"
    figures = type_("evaluate", "site", "--truth", str(truth), "--key", "record_id")

    assert len(report["sources"]) == 9
    assert sum(s["read"]["new"] for s in report["sources"]) == live(report, "site") == 3337
    assert all(adds_up(s["read"]) and s["read"]["total"] == 3337 for s in report["sources"])
    assert figures["pairwise"]["f1"] >= 0.88


@with_data
def test_a_register_of_people_and_organisations_adds_up(example, tmp_path):
    type_ = example("nppes")

    report = type_("run", "hcp", "site")

    (stream,) = report["sources"]
    assert adds_up(stream["read"])
    assert (stream["read"]["total"], stream["read"]["new"], stream["read"]["filtered"]) == (10001, 9684, 317)
    assert (live(report, "hcp"), live(report, "site")) == (7881, 1803)
    assert rows(tmp_path, "select status, count(*) from golden_hcp group by status") == [("active", 7881)]


@with_data
def test_products_of_different_strength_are_never_one(example, tmp_path):
    type_ = example("drugsatfda")

    report = type_("run", "material")

    (stream,) = report["sources"]
    assert adds_up(stream["read"])
    assert stream["read"]["new"] == live(report, "material") == 39473
    assert rows(tmp_path, "select count(*) from golden_material where source_count > 1") == [(0,)]


def provider(npi: str, *, family: str = "", given: str = "") -> dict[str, str]:
    """A row of the register: an invented person, or one of whom all but the number is blank."""
    row = dict.fromkeys(columns(), "") | {"NPI": npi}
    if family:
        row |= {"Entity Type Code": "1", "Provider Last Name (Legal Name)": family, "Provider First Name": given}
    return row


def columns() -> list[str]:
    """All the fields that the example knows."""
    stream = settings.load(EXAMPLES / "nppes" / "mdm.toml").source("nppes").stream("providers")
    told = [stream.inactive.field, stream.inactive.unless, stream.modified, *stream.key, *stream.merged_into, *stream.ignore]
    return list(dict.fromkeys([*told, *(f for one in stream.maps for f in (*one.where, *one.fields))]))


def deliver(folder: Path, *providers: dict[str, str]) -> None:
    file = folder / "sources" / "nppes" / "npidata_small.csv"
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("w", newline="", encoding="utf-8") as opened:
        writer = csv.DictWriter(opened, columns())
        writer.writeheader()
        writer.writerows(providers)


def rows(folder: Path, query: str) -> list[tuple]:
    with sqlite3.connect(folder / "mdm.db") as hub:
        return hub.execute(query).fetchall()


def live(report: dict, entity: str) -> int:
    """Live records of an entity: members, quarantined and suppressed."""
    (part,) = [e for e in report["entities"] if e["entity"] == entity]
    assert part["reconciled"]
    return sum(part["live"].values())


def adds_up(read: dict[str, int]) -> bool:
    return read["total"] == sum(n for kind, n in read.items() if kind != "total")
