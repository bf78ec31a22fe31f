"""A small project as a user would have it: a folder with mdm.toml, rules of its own and two sources, run once."""

import csv
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from mdm.cli.app import run

_RULES = """
import splink.comparison_library as cl
from mdm import Attribute, Check, Collection, Entity, hard, standard, survivorship, with_compatible

thing = Entity(
    name="thing", about="A thing with a name.", prefix="THG",
    attributes=[
        Attribute("name", "What it is called.", standardise=standard.name, compare_as=standard.folded_name, required=True,
                  checks=[hard(Check.str_length(2, 60, error="is too short"))], survive=survivorship.by_role("register", "crm")),
        Attribute("code", "Its own number.", standardise=standard.code, identifies=with_compatible("name")),
        Attribute("city", "Where it is.", standardise=standard.text, compare_as=standard.folded),
        Attribute("secret", "What nobody may see.", exposure="sensitive"),
        Attribute("colours", "Its colours.", type=list),
    ],
    collections=[Collection("part", "What it is made of.", key="number", attributes=[Attribute("number", "Its number.")])],
    comparisons=[
        cl.JaroWinklerAtThresholds("name", [0.92]).configure(
            m_probabilities=[0.9, 0.05, 0.05], u_probabilities=[0.01, 0.01, 0.98]),
        cl.ExactMatch("city").configure(m_probabilities=[0.9, 0.1], u_probabilities=[0.1, 0.9]),
    ],
    block=[["name"], ["city"]], accept=0.9, review=0.3,
)
"""
_SOURCE = """
[sources.{name}]
connector = "files"
role = "{role}"

[sources.{name}.streams.things]
path = "{name}.csv"
key = ["id"]
delivery = "full"
shrink = 0.5

[[sources.{name}.streams.things.map]]
entity = "thing"
fields = {{ name = "name", code = "code", city = "city", secret = "secret", colours = "colours" }}
"""
FIELDS = ("id", "name", "code", "city", "secret", "colours")
CRM = [
    ("1", "Blue Door", "C1", "Chicago", "s1", "blue; white"),
    ("2", "Red Gate", "", "Boston", "", ""),
    ("3", "=cmd|' /C calc'!A0", "C3", "Denver", "", ""),
    ("4", "x", "", "Denver", "", ""),
    ("5", "Old Mill", "", "Austin", "", ""),
]
REGISTER = [("1", "Blue Door", "C1", "Chicago", "s2", "blue"), ("2", "Green House", "", "Dallas", "", "")]


@dataclass
class Answer:
    """What a command said and how it ended."""

    code: int
    out: str
    err: str


@dataclass
class Project:
    """A project folder, and a way to type commands in it."""

    folder: Path
    type: Callable[..., Answer]

    def ok(self, *arguments: str) -> str:
        """Type a command that has to succeed; returns what it printed."""
        answer = self.type(*arguments)
        assert answer.code == 0, answer.err
        return answer.out

    def deliver(self, source: str, rows: list[tuple[str, ...]]) -> None:
        deliver(self.folder, source, rows)


def deliver(folder: Path, source: str, rows: list[tuple[str, ...]]) -> None:
    with (folder / f"{source}.csv").open("w", newline="") as opened:
        writer = csv.writer(opened)
        writer.writerow(FIELDS)
        writer.writerows(rows)


@pytest.fixture(scope="session")
def ready_made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("project") / "ready"
    (folder / "rules").mkdir(parents=True)
    (folder / "rules" / "thing.py").write_text(_RULES)
    settings = "".join(_SOURCE.format(name=n, role=r) for n, r in (("crm", "crm"), ("register", "register")))
    (folder / "mdm.toml").write_text(f'[hub]\nurl = "sqlite:///mdm.db"\n{settings}')
    deliver(folder, "crm", CRM)
    deliver(folder, "register", REGISTER)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setenv("MDM_ACTOR", "ana")
        assert run(["migrate", "--revision", "declare things"]) == 0
        assert run(["run"]) == 0
    return folder


@pytest.fixture
def type_(capfd: pytest.CaptureFixture) -> Callable[..., Answer]:
    def typed(*arguments: str) -> Answer:
        capfd.readouterr()
        code = run(list(arguments))
        said = capfd.readouterr()
        return Answer(code, said.out, said.err)

    return typed


@pytest.fixture
def project(ready_made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, type_: Callable[..., Answer]) -> Project:
    """The project, published once: crm 1 and register 1 are one thing; crm 4 is in quarantine."""
    folder = tmp_path / "project"
    shutil.copytree(ready_made, folder)
    monkeypatch.chdir(folder)
    monkeypatch.setenv("MDM_ACTOR", "ana")
    return Project(folder, type_)
