"""Bad input is normal input: each stream says what, where and what next; nothing is lost; the others go on."""

import gzip
import zipfile
from pathlib import Path

import pytest

from mdm import pipeline, settings
from mdm.context import Context
from mdm.hub import Hub, migration
from mdm.report import EntityReport, StreamReport
from mdm.testing.toy import thing

GOOD = "id,name,city\n1,Ana Lopez,Rome\n2,Bob Stone,Paris\n"
XML = '<?xml version="1.0"?><!DOCTYPE ODM [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><ODM xmlns="http://www.cdisc.org/ns/odm/v1.3"><AdminData>&b;</AdminData></ODM>'
MAP = '[[sources.{0}.streams.things.map]]\nentity = "thing"\nfields = {{ name = "name", city = "city" }}\n'
STREAM = (
    '[sources.{0}]\nconnector = "files"\nrole = "file"\npath = "{1}"\n[sources.{0}.streams.things]\nkey = ["id"]\n{2}\n' + MAP
)
ODM = '[sources.{0}]\nconnector = "odm"\nrole = "edc"\npath = "{1}"\n[sources.{0}.streams.sites]\nkey = ["OID"]\n' + (
    '[[sources.{0}.streams.sites.map]]\nentity = "thing"\nfields = {{ Name = "name" }}\n'
)


def write(folder: Path) -> dict[str, str]:
    """A file of every trouble; source name -> path."""
    texts: dict[str, bytes] = {
        "good": GOOD.encode(),
        "latin": "id,name,city\n1,José Núñez,Málaga\n".encode("cp1252"),
        "ragged": (GOOD + "3,Carl\n4,Dora,Oslo,extra,cells\n5,Eva Lind,Bern\n").encode(),
        "missing": b"id,city\n1,Rome\n",
        "unknown": b"id,name,city,shoe size\n1,Ana Lopez,Rome,38\n",
        "twice": (GOOD + "1,Ana Lopes,Rome\n").encode(),
        "empty": b"",
        "odm": XML.encode(),
    }
    paths = {name: f"{name}.csv" if name != "odm" else "odm.xml" for name in texts}
    for name, content in texts.items():
        (folder / paths[name]).write_bytes(content)
    whole = gzip.compress(GOOD.encode() * 1)
    (folder / "half.csv.gz").write_bytes(whole[: len(whole) // 2])
    with (folder / "long.csv").open("wb") as file:
        file.write(b"id,name,city\n1,")
        for _ in range(200):
            file.write(b"x" * 1_000_000)
        file.write(b",Rome\n2,Bob Stone,Paris\n")
    with zipfile.ZipFile(folder / "bomb.zip", "w", zipfile.ZIP_DEFLATED) as bomb:
        bomb.writestr("people.csv", b"id,name,city\n" + b"0" * 60_000_000)
    return paths | {"half": "half.csv.gz", "long": "long.csv", "bomb": "bomb.zip"}


def project(folder: Path, url: str, paths: dict[str, str]) -> Context:
    text = f'[hub]\nurl = "{url}"\n' + "".join(
        ODM.format(name, path)
        if name == "odm"
        else STREAM.format(name, path, 'delivery = "full"' if name in ("shrunk", "twice") else "")
        for name, path in paths.items()
    )
    (folder / "mdm.toml").write_text(text, encoding="utf-8")
    context = Context(settings.load(folder / "mdm.toml", environ={}), {"thing": thing}, Hub(url, [thing]), "tester")
    migration.lay(context.hub)
    return context


@pytest.fixture
def told(tmp_path: Path, fresh_sqlite: str) -> tuple[dict[str, StreamReport], EntityReport]:
    paths = write(tmp_path)
    (tmp_path / "shrunk.csv").write_text("id,name,city\n" + "".join(f"{i},Ana {i},Rome\n" for i in range(20)))
    context = project(tmp_path, fresh_sqlite, paths | {"shrunk": "shrunk.csv"})
    pipeline.run(context)
    (tmp_path / "shrunk.csv").write_text("id,name,city\n1,Ana 1,Rome\n")

    report = pipeline.run(context)

    return {s.source: s for s in report.sources}, report.entities[0]


def test_every_trouble_is_told_and_nothing_is_lost(told):
    streams, entity = told

    assert entity.state == "published"
    assert entity.reconciled
    for stream in streams.values():
        read = dict(stream.read)
        assert read.pop("total") == sum(read.values()), stream
    assert streams["good"].error is None
    assert streams["good"].read["unchanged"] == 2
    assert streams["latin"].error is None
    assert any("1252" in n for n in streams["latin"].notes)
    assert streams["ragged"].read["rejected"] == 2
    assert "'name'" in streams["missing"].error
    assert "mdm.toml" in streams["missing"].error
    assert any("'shoe size'" in n for n in streams["unknown"].notes)
    assert streams["twice"].read["duplicate"] == 1
    for name, words in {"empty": "empty.csv", "half": "half.csv.gz", "bomb": "bomb.zip", "odm": "odm.xml"}.items():
        assert words in streams[name].error, name
    assert "--accept-shrink" in streams["shrunk"].error
    long = streams["long"]
    assert long.error or long.read["rejected"]
    assert "long.csv" in (long.error or " ".join(long.notes)) or long.read["rejected"] == 1


def test_errors_name_a_next_step(told):
    streams, _ = told

    for name in ("missing", "empty", "half", "bomb", "odm", "shrunk"):
        message = streams[name].error
        assert any(
            word in message
            for word in ("ask", "Ask", "change", "send", "raise", "allow", "--accept-shrink", "remove", "Remove", "again")
        ), message
