"""The connectors' documentation: every option has its row, and the page on writing one works as it stands."""

import contextlib
import importlib
import importlib.util
import json
import os
import re
import subprocess
import sys
import tempfile
import threading
import tomllib
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from mdm.catalog import GROUP
from mdm.connector import Option
from tests.required import tools_required

ROOT = Path(__file__).parent.parent
PAGES = ROOT / "docs" / "connectors"
_FENCE = re.compile(r"^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)
_ROW = re.compile(r"^\| `(\w+)` \| ([^|]+?) \| ((?:[^|]|\\\|)*?) \| ((?:[^|]|\\\|)*?) \|$", re.MULTILINE)


def ours() -> dict[str, str]:
    """The connectors that come along and where their classes are, by the project's own list."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return dict(sorted(project["entry-points"][GROUP].items()))


def options(name: str) -> tuple[Option, ...]:
    place, _, kind = ours()[name].partition(":")
    return tuple(getattr(importlib.import_module(place), kind).options)


def cases() -> list[tuple[str, Option]]:
    """Every option of every connector; one that cannot be loaded fails its own test."""
    found: list[tuple[str, Option]] = []
    for name in ours():
        with contextlib.suppress(Exception):
            found += [(name, option) for option in options(name)]
    return found


OPTIONS = cases()


@pytest.mark.parametrize("name", ours())
def test_every_connector_has_its_page_and_is_in_the_list(name):
    assert (PAGES / f"{name}.md").is_file()
    assert f"[{name}]({name}.md)" in (PAGES / "index.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(("name", "option"), OPTIONS, ids=[f"{name}-{option.name}" for name, option in OPTIONS])
def test_every_option_has_its_row_with_its_help(name, option: Option):
    rows = {row[0]: row for row in _ROW.findall(page(name))}

    assert option.name in rows, f"docs/connectors/{name}.md has no row for {option.name!r}"
    assert rows[option.name][3].replace("\\|", "|") == option.help


@pytest.mark.parametrize("name", ours())
def test_a_page_has_no_row_for_an_option_that_is_not_there(name):
    known = {option.name for option in options(name)}
    tables = [part for part in re.split(r"\n\n", page(name)) if part.lstrip().startswith("| option |")]

    assert {row[0] for part in tables for row in _ROW.findall(part)} <= known


def page(name: str) -> str:
    path = PAGES / f"{name}.md"
    return path.read_text(encoding="utf-8") if path.is_file() else ""


# --- write your own -----------------------------------------------------------------------------------------------


def blocks(language: str) -> list[str]:
    text = (PAGES / "writing-one.md").read_text(encoding="utf-8")
    return [block for kind, block in _FENCE.findall(text) if kind == language]


def module(name: str, text: str, folder: Path) -> ModuleType:
    path = folder / f"{name}.py"
    path.write_text(text, encoding="utf-8")
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None and spec.loader is not None
    made = importlib.util.module_from_spec(spec)
    sys.modules[name] = made
    spec.loader.exec_module(made)
    return made


def documented(folder: Path) -> tuple[ModuleType, ModuleType]:
    """The page's connector and its tests, as modules."""
    connector, suite = blocks("python")
    return module("beacons", connector, folder), module("test_beacons", suite, folder)


@pytest.fixture
def coast(tmp_path: Path) -> Iterator[Any]:
    """The page's stand-in for the source, running."""
    _, suite = documented(tmp_path)
    with suite.coast() as server:
        yield server


@pytest.fixture
def site_folder(tmp_path: Path) -> Path:
    """The page's connector, installed from its own project into a folder."""
    project, target = tmp_path / "beacons", tmp_path / "site"
    project.mkdir()
    (project / "beacons.py").write_text(blocks("python")[0], encoding="utf-8")
    (project / "pyproject.toml").write_text(blocks("toml")[0], encoding="utf-8")
    uv = Path(sys.executable).parent / "uv"
    if not uv.exists():
        assert not tools_required(), "uv is missing: install the `dev` extra"
        pytest.skip("uv is not installed: install the `dev` extra")
    command = [
        uv,
        "pip",
        "install",
        "-q",
        "--offline",
        "--no-deps",
        "--no-build-isolation",
        "--python",
        sys.executable,
        "--target",
        target,
        project,
    ]
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return target


def test_a_new_user_gets_from_the_page_to_landed_records(tmp_path, coast, site_folder):
    def mdm(*words: str, cwd: Path) -> str:
        environ = {
            **os.environ,
            "PYTHONPATH": os.pathsep.join([str(site_folder), str(ROOT)]),
            "COAST_TOKEN": "a-token-only-for-tests",
        }
        done = subprocess.run(
            [sys.executable, "-c", "from mdm.cli import main; main()", *words],
            cwd=cwd,
            env=environ,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    mdm("init", "mine", cwd=tmp_path)
    mine = tmp_path / "mine"
    with (mine / "mdm.toml").open("a", encoding="utf-8") as settings:
        settings.write("\n" + blocks("toml")[1].replace("8017", str(coast.server_port)))
    mdm("migrate", cwd=mine)
    offered = json.loads(mdm("discover", "coast", "--json", cwd=mine))
    first = json.loads(mdm("sync", "coast", "--json", cwd=mine))["sources"][0]
    coast.changes += [{"change": 8, "id": "b7", "gone": True}, {"change": 9, "id": "b1", "name": "Cape One"}]
    second = json.loads(mdm("sync", "coast", "--json", cwd=mine))["sources"][0]

    assert [stream["name"] for stream in offered] == ["beacons"]
    assert (first["error"], first["read"]["new"], first["read"]["total"], first["notes"]) == (None, 7, 7, [])
    assert (second["read"]["deleted"], second["read"]["changed"], second["read"]["total"]) == (1, 1, 2)
    state = json.loads(mdm("sources", "--json", cwd=mine))[0]
    assert (state["records"], state["evidence"]["last_state"], state["evidence"]["requests"]) == (6, {"after": 9}, 2)


def test_the_connector_of_the_page_is_as_short_as_the_page_says():
    body = blocks("python")[0].partition("    def __init__")[2].splitlines()

    # Thirty lines of work; the declarations around them are counted by nobody.
    assert len([line for line in body if line.strip() and not line.strip().startswith('"""')]) <= 32


def test_the_page_names_the_group_connectors_are_found_in():
    assert tomllib.loads(blocks("toml")[0])["project"]["entry-points"] == {GROUP: {"beacons": "beacons:Beacons"}}


@pytest.fixture(scope="module", autouse=True)
def forgotten() -> Iterator[None]:
    """The page's modules leave when these tests are done."""
    yield
    for name in ("beacons", "test_beacons"):
        sys.modules.pop(name, None)


def test_no_thread_of_the_page_stays(tmp_path):
    _, suite = documented(tmp_path)
    before = threading.active_count()

    with suite.coast():
        pass

    assert threading.active_count() <= before + 1


def documented_suite() -> type:
    """The page's tests, taken as they stand."""
    with tempfile.TemporaryDirectory() as folder:
        return documented(Path(folder))[1].TestBeacons  # type: ignore[no-any-return]


TestDocumentedConnector = documented_suite()
