"""mdm blocking: what blocking costs and loses, for people and for programs."""

import json


def test_the_cost_of_every_rule_is_told(project):
    told = project.ok("blocking", "thing")

    assert [line.split("\t")[0] for line in told.splitlines()[1:4]] == ["name", "city", "code"]
    assert "were compared with one another under model 1" in told


def test_programs_get_one_document_and_sql_the_figure(project):
    project.ok("run", "--no-pull")
    told = json.loads(project.ok("blocking", "thing", "--json"))
    again = json.loads(project.ok("blocking", "thing", "--json"))

    assert told == again
    assert [rule["rule"] for rule in told["rules"]] == ["name", "city", "code"]
    assert told["pairs"] == sum(rule["pairs"] for rule in told["rules"])
    assert told["lost"]["accept"]["lost"] == 0


def test_a_rule_that_explodes_is_refused_with_the_way_out(project):
    settings = project.folder / "mdm.toml"
    settings.write_text(settings.read_text() + "\n[run]\npairs = 1\n")

    answer = project.type("run", "--full")

    assert answer.code == 2
    assert "more than the limit of 1" in answer.err
    assert "`[run] pairs = " in answer.err
    assert project.ok("status")


def test_an_entity_that_is_not_there_is_said_so(project):
    assert project.type("blocking", "nothing").code == 3
