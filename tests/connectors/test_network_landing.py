"""Network landed by the real runner: states and merges of an export, and of a search, in the hub."""

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from mdm import settings
from mdm.testing.toy import Toy
from tests.fakes.network import PASSWORD, FakeNetwork, export, stamp

MDM = """
[hub]
url = "{url}"

[sources.network]
connector = "network"
role = "register"
{options}

[sources.network.streams.hcp]
key = ["vid__v"]
modified = "modified_date__v"
ignore = ["vid__v", "modified_date__v", "record_state__v", "master_vid__v"]

[[sources.network.streams.hcp.map]]
entity = "thing"
fields = {{ last_name__v = "name", locality__v = "city" }}
"""
NAMES = ("Ana Lopez", "Emil Frost", "Dora Quill", "Ute Brand", "Otto Reed")
EXPORTS = 'path = "export_*.zip"\npage_rows = 2'


@pytest.fixture
def toy(tmp_path: Path) -> Iterator[Callable[[str], Toy]]:
    made: list[Toy] = []

    def build(options: str) -> Toy:
        url = f"sqlite:///{tmp_path}/hub.db"
        made.append(Toy(tmp_path, url).lay())
        return configured(made[-1], options)

    yield build
    for one in made:
        one.context.hub.dispose()


def configured(project: Toy, options: str) -> Toy:
    """The project with these options of its source."""
    path = project.folder / "mdm.toml"
    path.write_text(MDM.format(url=project.context.hub.url, options=options), encoding="utf-8")
    project.context = replace(project.context, settings=settings.load(path))
    return project


def vid(at: int) -> str:
    return f"{243_000_000_000_000_000 + at}"


def row(at: int, state: str = "VALID", *, modified: float = 1_767_225_600.0, **more: str) -> dict[str, str]:
    return {
        "vid__v": vid(at), "last_name__v": NAMES[at], "locality__v": "Rome", "record_state__v": state, "master_vid__v": "",
        "modified_date__v": stamp(modified), **more,
    }  # fmt: skip


def member(at: int) -> str:
    return f"network/hcp:{vid(at)}"


def test_an_export_says_who_is_gone_and_who_was_merged(tmp_path, toy):
    export(tmp_path / "export_1.zip", {"HCP.csv": [row(at) for at in range(5)]})
    project = toy(EXPORTS)
    project.run()
    later = time.time()
    gone, merged = row(0, "DELETED", modified=later), row(2, "MERGED_INTO", master_vid__v=vid(3), modified=later)
    export(tmp_path / "export_2.zip", {"HCP.csv": [gone, merged], "MERGE.csv": [{"vid__v": vid(1), "master_vid__v": vid(3)}]})

    report = project.run()

    assert report.sources[0].error is None
    assert project.partition() == {frozenset({member(1), member(2), member(3)}), frozenset({member(4)})}


def test_exports_read_again_change_nothing(tmp_path, toy):
    export(tmp_path / "export_1.zip", {"HCP.csv": [row(at) for at in range(5)]})
    export(tmp_path / "export_2.zip", {"HCP.csv": [row(2, "MERGED_INTO", master_vid__v=vid(3), modified=time.time())]})
    project = toy(EXPORTS)
    project.run()
    before = project.state(ids=True)

    same = project.run()
    anew = configured(project, EXPORTS + "\nskip_unchanged = false").run()

    assert project.state(ids=True) == before
    assert {name: count for name, count in same.sources[0].read.items() if count} == {}
    assert {name: count for name, count in anew.sources[0].read.items() if count} == {"total": 6, "unchanged": 5, "duplicate": 1}


def test_a_search_says_who_is_gone_and_who_was_merged(tmp_path, toy, monkeypatch):
    monkeypatch.setenv("NETWORK_PASSWORD", PASSWORD)
    with FakeNetwork() as network:
        network.records["HCP"] = [dict(row(at)) for at in range(5)]
        project = toy(
            f'base_url = "{network.url}"\nusername = "reader@invented.example"\npassword = "env:NETWORK_PASSWORD"\npage_size = 2'
        )
        project.run()
        network.change("HCP", vid(0), time.time() - 4, record_state__v="DELETED")
        network.change("HCP", vid(2), time.time() - 4, record_state__v="MERGED_INTO", master_vid__v=vid(3))

        report = project.run()

    assert report.sources[0].error is None
    assert project.partition() == {frozenset({member(1)}), frozenset({member(2), member(3)}), frozenset({member(4)})}
    assert PASSWORD.encode() not in (tmp_path / "hub.db").read_bytes()
