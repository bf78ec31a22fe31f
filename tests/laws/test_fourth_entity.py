"""A fourth entity is one new file and the migration it causes; nothing else in the tree changes."""

import contextlib
import hashlib
import sqlite3
from pathlib import Path

import pytest

from mdm import project
from mdm.cli.app import run

_RULES = '''"""The study: one golden record per clinical study, whoever registered it."""

import splink.comparison_library as cl

from mdm import Attribute, Check, Collection, Entity, Key, Link, Veto, hard, standard, survivorship, with_compatible

study = Entity(
    name="study",
    about="A clinical study, one row per study.",
    prefix="STD",
    attributes=[
        Attribute("number", "Number in the public register.", standardise=standard.code,
                  identifies=with_compatible("title"), survive=survivorship.by_role("register")),
        Attribute("title", "Its short title.", standardise=standard.text, compare_as=standard.folded, required=True,
                  checks=[hard(Check.str_length(min_value=5, error="is too short"))],
                  survive=survivorship.by_role("register", "ctms")),
        Attribute("phase", "Phase, 1 to 4.", type=int),
        Attribute("sponsor", "Who pays for it.", standardise=standard.text, compare_as=standard.folded),
        Attribute("conditions", "What is treated.", type=list),
    ],
    collections=[Collection("arm", "An arm of the study.", key="name", survive=survivorship.by_role("register"),
                            attributes=[Attribute("name", "Its name."), Attribute("planned", "Planned patients.", type=int)])],
    links=[Link("lead", to="site", about="The site that leads it."), Link("parent", to="study", about="The study it extends.")],
    keys=[Key("title_start", of="title", by=standard.prefix(4))],
    comparisons=[
        cl.JaroWinklerAtThresholds("title", [0.93]).configure(
            m_probabilities=[0.8, 0.15, 0.05], u_probabilities=[0.001, 0.004, 0.995]),
        cl.ExactMatch("sponsor").configure(m_probabilities=[0.9, 0.1], u_probabilities=[0.1, 0.9]),
    ],
    block=[["title_start"], ["sponsor"]],
    veto=[Veto("phase", "Two phases are two studies.")],
    accept=0.9, review=0.3,
)
'''
_SETTINGS = """
[hub]
url = "sqlite:///mdm.db"

[sources.register]
connector = "files"
role = "register"

[sources.register.streams.sites]
path = "sites.csv"
key = ["id"]
[[sources.register.streams.sites.map]]
entity = "site"
fields = { name = "name", city = "city" }

[sources.register.streams.studies]
path = "studies.csv"
key = ["number"]
[[sources.register.streams.studies.map]]
entity = "study"
fields = { number = "number", title = "title", phase = "phase", sponsor = "sponsor", conditions = "conditions", arm_1 = "arm[1].name", planned_1 = "arm[1].planned", arm_2 = "arm[2].name" }
links = { lead = { link = "lead", to = "register/sites" }, extends = { link = "parent", to = "register/studies" } }

[sources.ctms]
connector = "files"
role = "ctms"

[sources.ctms.streams.studies]
path = "ctms.csv"
key = ["id"]
[[sources.ctms.streams.studies.map]]
entity = "study"
fields = { number = "number", title = "title", phase = "phase", sponsor = "sponsor", arm = "arm[1].name" }
"""
_DATA = {
    "sites.csv": "id,name,city\n1,Harbour Clinic,Oslo\n2,Hill Hospital,Bern\n",
    "studies.csv": (
        "number,title,phase,sponsor,conditions,arm_1,planned_1,arm_2,lead,extends\n"
        "R001,Blue Tablet in Adults,2,Northwind,asthma,blue,40,placebo,1,\n"
        "R002,Green Syrup in Children,1,Southwind,cold; cough,green,12,,2,\n"
        "R003,Green Syrup in Children,3,Southwind,cough,green,90,,2,R002\n"
        "R004,Odd,1,Eastwind,,,,,,\n"
    ),
    "ctms.csv": (
        "id,number,title,phase,sponsor,arm\n"
        "a,R001,Blue Tablet in Adults (BLUE),2,Northwind,blue\n"
        "b,,Green Syrup in Children,3,Southwind,rescue\n"
        "c,,Red Patch for Elders,2,Westwind,red\n"
    ),
}


def files(*folders: Path) -> dict[Path, str]:
    """Every file in these folders that a person wrote, with its fingerprint."""
    found = (p for folder in folders for p in sorted(folder.rglob("*")) if p.is_file() and "__pycache__" not in p.parts)
    return {p: hashlib.sha256(p.read_bytes()).hexdigest() for p in found}


def asked(sql: str) -> set[tuple]:
    with contextlib.closing(sqlite3.connect("mdm.db")) as connection:
        return set(connection.execute(sql))


@pytest.fixture
def bare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project fresh from `mdm init`, with data and settings but no study."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MDM_ACTOR", "ana")
    assert run(["init"]) == 0
    (tmp_path / "mdm.toml").write_text(_SETTINGS, encoding="utf-8")
    for name, text in _DATA.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path


def test_a_fourth_entity_is_one_file_and_its_migration(bare: Path):
    package = (project.bundled("rules"), project.bundled("migrations"))
    before = files(bare, *package)

    (bare / "rules" / "study.py").write_text(_RULES, encoding="utf-8")
    assert run(["migrate", "--revision", "declare studies"]) == 0
    assert run(["run"]) == 0

    after = files(bare, *package)
    made = {p.relative_to(bare) for p in set(after) - set(before) if "mdm." not in p.name and "mdm.bench" not in p.parts}
    assert {p.parent.as_posix() for p in made} == {"rules", "migrations/entities"}
    assert len(made) == 2
    assert {p: after[p] for p in before} == before
    assert asked("select number, title, phase, source_count, conditions from golden_study") == {
        (None, "Red Patch for Elders", 2, 1, None),
        ("R001", "Blue Tablet in Adults", 2, 2, '["asthma"]'),
        ("R002", "Green Syrup in Children", 1, 1, '["cold","cough"]'),
        ("R003", "Green Syrup in Children", 3, 2, '["cough"]'),
    }
    assert asked("select s.number, a.name, a.planned from golden_study s join golden_study_arm a using (golden_id)") == {
        (None, "red", None), ("R001", "blue", 40), ("R001", "placebo", None), ("R002", "green", 12), ("R003", "green", 90),
        ("R003", "rescue", None),
    }  # fmt: skip
    assert asked("select s.number, t.name, p.number from golden_study s join golden_site t on t.golden_id = s.lead_id "
                 "left join golden_study p on p.golden_id = s.parent_id") == {
        ("R001", "Harbour Clinic", None), ("R002", "Hill Hospital", None), ("R003", "Hill Hospital", "R002"),
    }  # fmt: skip
    assert asked("select quarantined from golden_run where entity = 'study'") == {(1,)}
    assert {i for (i,) in asked("select substr(golden_id, 1, 4) from golden_study")} == {"STD-"}


def test_rules_without_a_revision_are_refused_with_the_command_to_type(bare: Path, capsys: pytest.CaptureFixture):
    assert run(["migrate"]) == 0
    (bare / "rules" / "study.py").write_text(_RULES, encoding="utf-8")
    capsys.readouterr()

    assert run(["run"]) == 1

    assert "mdm migrate --revision" in capsys.readouterr().err
