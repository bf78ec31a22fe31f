"""A fourth entity is one new file and its generated migration; nothing else in the tree changes."""

import os
import sqlite3
import subprocess
import sys
from pathlib import Path

RULES = '''"""The clinical study."""

import splink.comparison_library as cl

from mdm import Attribute, Collection, Entity, Link, checks, standard, survivorship

study = Entity(
    name="study", about="A clinical study, one row per protocol.", prefix="STU",
    attributes=[
        Attribute("title", "Its title.", standardise=standard.text, compare_as=standard.folded, required=True),
        Attribute("nct", "Its number in the register.", standardise=standard.code, identifies=True,
                  checks=[checks.matches("NCT[0-9]{8}", error="not a register number")]),
        Attribute("phase", "Its phase.", standardise=standard.upper, survive=survivorship.by_role("register")),
    ],
    collections=[Collection("arm", "What its arms are.", key="code", attributes=[Attribute("code", "The arm."),
                                                                              Attribute("label", "What it is called.")])],
    links=[Link("lead", to="site", about="The site that leads it.")],
    comparisons=[cl.ExactMatch("title").configure(m_probabilities=[0.95, 0.05], u_probabilities=[0.001, 0.999])],
    block=[["title"], ["nct"]],
    veto=["phase"],
    accept=0.7, review=0.3,
)
'''
SETTINGS = """
[hub]
url = "sqlite:///mdm.db"

[sources.register]
connector = "files"
role = "register"
path = "studies.csv"

[sources.register.streams.studies]
key = ["id"]

[[sources.register.streams.studies.map]]
entity = "study"
fields = { title = "title", nct = "nct", phase = "phase", arm_1 = "arm[1].code", arm_2 = "arm[2].code" }
links = { site = { link = "lead", to = "register/sites" } }

[sources.register.streams.sites]
path = "sites.csv"
key = ["id"]

[[sources.register.streams.sites.map]]
entity = "site"
fields = { name = "name", city = "city" }
"""
STUDIES = """id,title,nct,phase,arm_1,arm_2,site
1,A Study of Sleep,NCT00000001,II,A,B,s1
2,A STUDY OF SLEEP,NCT00000001,,A,C,s1
3,A study of sleep,,III,A,,
4,Rest in the Elderly,NCT00000002,I,,,s1
"""


def mdm(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {k: v for k, v in os.environ.items() if not k.startswith("MDM_")}
    command = [str(Path(sys.executable).with_name("mdm")), *arguments]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


def files(folder: Path) -> dict[str, bytes]:
    skipped = ("__pycache__", ".lock", "mdm.db", "mdm.bench")
    return {
        str(p.relative_to(folder)): p.read_bytes()
        for p in sorted(folder.rglob("*"))
        if p.is_file() and not any(s in str(p) for s in skipped)
    }


def test_a_study_is_one_file_and_its_migration(tmp_path: Path):
    assert mdm(tmp_path, "init", "project").returncode == 0
    project = tmp_path / "project"
    (project / "mdm.toml").write_text(SETTINGS, encoding="utf-8")
    (project / "studies.csv").write_text(STUDIES, encoding="utf-8")
    (project / "sites.csv").write_text("id,name,city\ns1,General Hospital,Rome\n", encoding="utf-8")
    assert mdm(project, "migrate").returncode == 0
    before = files(project)

    (project / "rules" / "study.py").write_text(RULES, encoding="utf-8")
    refused = mdm(project, "run", "--no-pull")
    migrated = mdm(project, "migrate", "--revision", "add studies")
    done = mdm(project, "run", "site", "study")

    assert refused.returncode == 1
    assert "mdm migrate --revision" in refused.stderr
    assert migrated.returncode == 0, migrated.stderr
    assert done.returncode == 0, done.stderr
    after = files(project)
    new = sorted(set(after) - set(before))
    assert [name.split("/")[0] for name in new] == ["migrations", "rules"], new
    assert {name: text for name, text in after.items() if name in before} == before
    with sqlite3.connect(project / "mdm.db") as hub:
        rows = hub.execute(
            "select title, nct, phase, lead_id is not null, source_count from golden_study order by 1, 3"
        ).fetchall()
        arms = hub.execute("select count(*) from golden_study_arm").fetchone()
        kept = hub.execute("select count(distinct golden_id) from golden_study_xref").fetchone()
    # One and two share a number; three has another phase, which is a veto.
    assert len(rows) == 3
    assert sorted(r[4] for r in rows) == [1, 1, 2]
    assert ("NCT00000001", "II", 1, 2) in [r[1:] for r in rows]
    assert arms[0] == 4
    assert kept[0] == 3
