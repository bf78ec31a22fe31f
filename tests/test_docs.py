"""The documentation: its links lead somewhere, its examples are whole, and its commands exist."""

import ast
import re
import shlex
import tomllib
from pathlib import Path

import pytest
import sqlalchemy as sa

from mdm import catalog, project
from mdm.hub import Hub, migration

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md")), ROOT / "dags" / "README.md"]
_LINK = re.compile(r"\]\(([^)#\s]*)(#[^)\s]*)?\)")
_FENCE = re.compile(r"^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)
by_name = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())


def blocks(page: Path, language: str) -> list[str]:
    return [text for kind, text in _FENCE.findall(page.read_text(encoding="utf-8")) if kind == language]


def anchors(page: Path) -> set[str]:
    titles = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {"#" + re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


@by_name
def test_every_link_leads_somewhere(page):
    for path, anchor in _LINK.findall(page.read_text(encoding="utf-8")):
        target = page.parent / path if path else page

        assert "://" in path or target.exists(), path
        assert not anchor or anchor in anchors(target), anchor


@by_name
def test_every_toml_example_can_be_read(page):
    for example in blocks(page, "toml"):
        tomllib.loads(example)


@by_name
def test_every_python_example_can_be_read(page):
    for example in blocks(page, "python"):
        ast.parse(example)


def test_every_dependency_has_its_sentence():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    groups = [project["dependencies"], *project["optional-dependencies"].values()]
    wanted = {
        re.split(r"[><=;]", line)[0].strip() for group in groups for line in group if not line.startswith("lifescience-mdm[")
    }

    first_cells = re.findall(r"^\| ([^|]+) \|", (ROOT / "docs" / "decisions.md").read_text(encoding="utf-8"), re.MULTILINE)
    told = {name for cell in first_cells for name in re.sub(r"\(.*", "", cell).replace(" ", "").split(",")}

    assert wanted - told == set()


def test_the_glossary_is_in_order():
    text = (ROOT / "docs" / "concepts.md").read_text(encoding="utf-8").partition("## Glossary")[2]
    words = [word.lower() for word in re.findall(r"^\| ([^|]+) \|", text, re.MULTILINE)][1:]

    assert words == sorted(words)


@pytest.fixture(scope="module")
def empty(tmp_path_factory):
    """A hub with the shipped entities and no records."""
    url = f"sqlite:///{tmp_path_factory.mktemp('hub') / 'mdm.db'}"
    hub = Hub(url, catalog.entities(project.bundled("rules")).values())
    migration.lay(hub)
    yield hub
    hub.dispose()


@by_name
def test_every_query_runs(page, empty):
    for example in blocks(page, "sql"):
        for query in filter(str.strip, re.sub(r"--.*", "", example).split(";")):
            if query.lstrip().startswith("select"):
                with empty.read() as session:
                    session.connection.execute(sa.text(query)).all()


def commands(page: Path) -> list[str]:
    """Every call of mdm in a shell block or between backticks, without its comment."""
    text = page.read_text(encoding="utf-8")
    lines = [line.split("  #")[0] for block in blocks(page, "sh") for line in block.splitlines()]
    inline = [" ".join(found.split()) for found in re.findall(r"`(mdm [^`]+)`", _FENCE.sub("", text))]
    calls = [part.strip() for line in [*lines, *inline] for part in line.split("&&")]
    return sorted({call for call in calls if call.startswith("mdm ")})


@by_name
def test_every_command_exists_with_its_options(page):
    import typer

    from mdm.cli.app import app

    for call in commands(page):
        words = shlex.split(call.split(" > ")[0])[1:]
        command = typer.main.get_command(app)
        while words and hasattr(command, "commands"):
            assert words[0] in command.commands, call
            command = command.commands[words.pop(0)]
        known = {name for parameter in command.params for name in (*parameter.opts, *parameter.secondary_opts)}
        assert {word for word in words if word.startswith("--")} <= known, call
