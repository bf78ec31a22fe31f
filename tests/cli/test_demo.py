"""The demo, smaller than the real one, and the day after."""

import io
import json
import re
import shlex

import pytest

from mdm import demo as invented
from mdm.cli.app import run


@pytest.fixture(scope="module")
def shown(tmp_path_factory):
    folder = tmp_path_factory.mktemp("trial")
    whole = invented.generate
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setattr(invented, "generate", lambda where, **said: whole(where, hcps=150, sites=40, materials=50, **said))
        patch.setenv("MDM_ACTOR", "ana")
        out = folder / "out.txt"
        with out.open("w") as file:
            patch.setattr("sys.stdout", file)
            assert run(["demo", "trial"]) == 0
    return folder / "trial", out.read_text()


def test_the_demo_tells_what_happened_and_how_right_it_is(shown):
    _, words = shown

    published = {line.split("\t")[0] for line in words.splitlines() if "\tpublished\t" in line}
    assert published == {"hcp", "site", "material"}
    assert len(re.findall(r"truth: (one|two)", words)) == 3
    assert "precision\trecall\tf1" in words


def test_the_next_three_commands_work(shown, monkeypatch, type_):
    folder, words = shown
    monkeypatch.chdir(folder)
    commands = [line.strip() for line in words.partition("next:")[2].splitlines() if line.strip().startswith("mdm ")]

    monkeypatch.setattr("sys.stdin", io.StringIO(""))

    assert len(commands) == 3
    for command in commands:
        assert type_(*shlex.split(command)[1:]).code == 0


def test_the_day_after_only_what_changed_is_new(shown, monkeypatch, type_):
    folder, _ = shown
    monkeypatch.chdir(folder)
    settings = folder / "mdm.toml"
    settings.write_text(re.sub(r"(?m)^(merged|retired|quarantined) = .*$", r"\1 = 1.0", settings.read_text()))
    invented.next_day(folder)

    first = json.loads(type_("run", "--json").out)
    again = json.loads(type_("run", "--json").out)

    assert all(e["reconciled"] for e in first["entities"])
    assert sum(s["read"]["new"] for s in first["sources"]) > 0
    still = [{k: v for k, v in e["golden"].items() if k != "total"} for e in again["entities"]]
    assert all(set(counts.values()) == {0} for counts in still)


def test_a_demo_that_is_there_is_run_again(shown, monkeypatch, type_):
    folder, _ = shown
    monkeypatch.chdir(folder.parent)

    answer = type_("demo", "trial")

    assert answer.code == 0
    assert "is a demo already" in answer.err
