"""How commands behave, whatever they do."""

import json
import re
import subprocess
import sys
import tomllib

import pytest
import typer

from mdm.cli.app import app

COMMANDS = [
    "demo", "init", "migrate", "doctor", "sources", "discover", "map", "sync", "retire-source", "rekey", "run", "approve",
    "reject", "status", "train", "models", "activate", "match", "explain", "history", "evaluate", "export", "review", "decide",
    "withdraw", "decisions", "set", "create", "quarantine", "release", "adopt", "backup", "restore",
]  # fmt: skip


def test_every_command_of_the_contract_is_there():
    commands = typer.main.get_command(app).commands

    assert set(COMMANDS) | {"audit"} <= set(commands)


@pytest.mark.parametrize("command", [*COMMANDS, "audit"])
def test_every_help_has_two_examples(command):
    words = typer.main.get_command(app).commands[command].help

    assert len(re.findall(r"^\s*\$ ", words, re.MULTILINE)) >= 2


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["--help"], 0),
        (["nothing"], 2),
        (["decide", "--nonsense"], 2),
        (["decide", "thing"], 2),
        (["run", "--plan", "--what"], 2),
    ],
    ids=["help", "no such command", "no such option", "too little", "mistyped"],
)
def test_wrong_usage_exits_with_2(type_, arguments, code):
    assert type_(*arguments).code == code


def test_an_error_is_a_document_when_one_was_asked_for(type_, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    answer = type_("status", "--json")

    assert answer.code == 2
    assert set(json.loads(answer.out)["error"]) >= {"code", "message", "hint"}


def test_an_unexpected_error_is_one_line_and_says_how_to_see_more(type_, monkeypatch):
    def broken(*_):
        raise ZeroDivisionError("no\nsecond line")

    monkeypatch.setattr("mdm.context.opened", broken)

    answer = type_("status")

    assert answer.code == 1
    assert answer.err.splitlines() == ["error: ZeroDivisionError: no; MDM_DEBUG=1 shows where"]


def test_a_traceback_is_shown_to_who_asks(type_, monkeypatch):
    def broken(*_):
        raise ZeroDivisionError("no")

    monkeypatch.setattr("mdm.context.opened", broken)
    monkeypatch.setenv("MDM_DEBUG", "1")

    assert "Traceback" in type_("status").err


def test_an_interruption_exits_with_130_and_says_how_to_go_on(type_, monkeypatch):
    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("mdm.context.opened", interrupted)

    answer = type_("run", "hcp")

    assert answer.code == 130
    assert "`mdm run hcp` again goes on where it stopped" in answer.err


def test_a_project_of_ones_own_is_started(type_, tmp_path):
    assert type_("init", str(tmp_path / "mine")).code == 0

    made = {p.name for p in (tmp_path / "mine").iterdir()}
    assert {"mdm.toml", "rules", "dags", "migrations", ".gitignore"} <= made
    tomllib.loads((tmp_path / "mine" / "mdm.toml").read_text())
    assert type_("init", str(tmp_path / "mine")).code == 2


def test_a_started_project_migrates_and_runs(type_, tmp_path, monkeypatch):
    type_("init", str(tmp_path))
    monkeypatch.chdir(tmp_path)

    assert type_("migrate").code == 0
    assert type_("run").code == 0
    assert type_("migrate", "--revision", "nothing new").err.startswith("the rules have not changed")


def test_a_demo_does_not_overwrite_what_is_there(type_, tmp_path):
    (tmp_path / "letter.txt").write_text("mine")

    assert type_("demo", str(tmp_path)).code == 2
    assert (tmp_path / "letter.txt").read_text() == "mine"


def test_help_does_not_load_the_heavy_libraries():
    heavy = "polars splink duckdb pandera sqlalchemy pyarrow".split()
    code = f"import sys; from mdm.cli.app import run; run(['decide', '--help']); print([m for m in {heavy} if m in sys.modules])"

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.splitlines()[-1] == "[]"


def test_a_pipe_gets_tables_it_can_cut(project):
    lines = project.ok("sources").splitlines()

    assert lines[0].split("\t")[:2] == ["source", "stream"]
    assert len({line.count("\t") for line in lines}) == 1
