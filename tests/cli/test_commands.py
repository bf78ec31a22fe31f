import csv
import io
import json

import polars as pl
import pytest

from .conftest import CRM, REGISTER

ONE, TWO, THREE, FIVE, OTHER = "crm/things:1", "crm/things:2", "crm/things:3", "crm/things:5", "register/things:2"


def golden(project, record):
    return json.loads(project.ok("history", "thing", record, "--json"))["golden_id"]


def test_a_run_prints_the_public_document(project):
    document = json.loads(project.ok("run", "--json"))

    assert [s["source"] for s in document["sources"]] == ["crm", "register"]
    read = document["sources"][0]["read"]
    assert read["total"] == sum(v for k, v in read.items() if k != "total") == 5
    entity = document["entities"][0]
    assert (entity["entity"], entity["reconciled"], entity["live"]["quarantined"]) == ("thing", True, 1)
    assert set(entity["golden"]) == {"created", "changed", "merged", "split", "retired", "restored", "total"}


def test_a_run_without_news_changes_nothing(project):
    counts = json.loads(project.ok("run", "--json"))["entities"][0]["golden"]

    assert {k: v for k, v in counts.items() if k != "total"} == dict.fromkeys(set(counts) - {"total"}, 0)


def test_a_plan_is_published_only_when_it_is_approved(project):
    project.deliver("register", [*REGISTER, ("3", "New Barn", "", "Omaha", "", "")])
    planned = json.loads(project.ok("run", "--plan", "--json"))
    assert planned["entities"][0]["state"] == "planned"
    assert json.loads(project.ok("status", "--json"))["entities"][0]["golden"] == 5

    project.ok("approve", str(planned["run"]), "--reason", "looked at it")

    assert json.loads(project.ok("status", "--json"))["entities"][0]["golden"] == 6


def test_a_rejected_plan_is_gone(project):
    project.deliver("register", [*REGISTER, ("3", "New Barn", "", "Omaha", "", "")])
    number = str(json.loads(project.ok("run", "--plan", "--json"))["run"])

    project.ok("reject", number, "--reason", "not now")

    assert project.type("approve", number).code == 4


def test_a_gate_holds_a_run_and_says_how_to_answer(project):
    settings = project.folder / "mdm.toml"
    settings.write_text(settings.read_text() + "\n[gates.thing]\nretired = 0.0\n")
    project.deliver("crm", CRM[:4])

    answer = project.type("run")

    assert answer.code == 5
    assert "mdm approve" in answer.err


def test_a_match_joins_and_its_withdrawal_restores(project):
    before = golden(project, TWO), golden(project, OTHER)
    number = project.ok("decide", "thing", TWO, OTHER, "match", "--reason", "renamed").strip()
    assert "pending" in project.ok("decisions", "thing")

    project.ok("run", "--no-pull")
    assert golden(project, TWO) == golden(project, OTHER)
    assert golden(project, before[0]) and golden(project, before[1])
    assert "one: " in project.ok("explain", "thing", TWO, OTHER)

    project.ok("withdraw", number, "--reason", "two after all")
    project.ok("run", "--no-pull")
    assert (golden(project, TWO), golden(project, OTHER)) == before


def test_a_record_is_looked_up_before_it_is_made(project):
    document = json.loads(project.ok("match", "thing", "name=Blue Dor", "city=Chicago", "--json"))

    first = document["candidates"][0]
    assert first["golden_id"] == golden(project, ONE)
    assert {"weight", "probability", "does", "because", "rule", "waterfall"} <= set(first)
    assert "nothing like it" in project.type("match", "thing", "name=Zzz").err


def test_what_is_looked_up_must_be_an_attribute(project):
    assert project.type("match", "thing", "nme=Blue Door").code == 3
    assert project.type("match", "thing", "Blue Door").code == 2


def test_a_contradiction_exits_with_4_and_names_the_other(project):
    number = project.ok("decide", "thing", ONE, TWO, "match", "--reason", "same").strip()

    answer = project.type("decide", "thing", ONE, TWO, "no_match", "--reason", "no", "--json")

    assert answer.code == 4
    error = json.loads(answer.out)["error"]
    assert error["code"] == "contradiction"
    assert f"decision {number}" in error["message"]


def test_many_decisions_come_from_a_file(project):
    (project.folder / "said.csv").write_text(f"a,b,verdict,reason\n{ONE},{TWO},match,same\n{THREE},{FIVE},unsure,maybe\n")

    assert json.loads(project.ok("decide", "thing", "--file", "said.csv", "--json")) == {"decisions": [1, 2]}


def test_a_correction_is_published_and_explained(project):
    number = project.ok("set", "thing", ONE, "city", "Evanston", "--reason", "moved").strip()
    project.ok("run", "--no-pull")

    values = {v["attribute"]: v for v in json.loads(project.ok("explain", "thing", ONE, "--json"))["values"]}

    assert values["city"]["value"] == "Evanston"
    assert values["city"]["record"] == f"correction {number}"
    assert values["name"]["record"] == "register/things:1"


def test_a_record_made_by_hand_is_published(project):
    name = project.ok("create", "thing", "name=Stone Bridge", "city=Toledo", "--reason", "seen").strip()

    project.ok("run", "--no-pull")

    assert golden(project, name).startswith("THG-")


def test_a_refused_record_is_listed_and_released(project):
    assert "crm/things:4\tname\tis too short" in project.ok("quarantine", "thing")

    project.ok("release", "thing", "crm/things:4", "is too short", "--reason", "it is called that")
    project.ok("run", "--no-pull")

    assert golden(project, "crm/things:4")
    assert "crm/things:4" not in project.ok("quarantine", "thing")


def test_an_incumbents_ids_are_taken_over(project):
    (project.folder / "old.csv").write_text("source,stream,source_key,golden_id\ncrm,things,2,OLD-7\nregister,things,2,OLD-7\n")

    project.ok("adopt", "thing", "old.csv")
    project.ok("run", "--no-pull")

    assert golden(project, TWO) == golden(project, OTHER) == "OLD-7"


def test_a_retired_source_leaves(project):
    project.ok("retire-source", "register", "--reason", "switched off", "--yes")
    project.ok("run", "--no-pull")

    assert project.type("history", "thing", OTHER).code == 3
    assert json.loads(project.ok("status", "--json"))["entities"][0]["members"] == 4


def test_new_keys_keep_ids_and_decisions(project):
    before = golden(project, ONE)
    project.ok("decide", "thing", ONE, TWO, "no_match", "--reason", "different")
    (project.folder / "keys.csv").write_text("stream,old_key,new_key\nthings,1,A-1\n")

    project.ok("rekey", "crm", "keys.csv", "--reason", "a new CRM")
    project.deliver("crm", [("A-1", *CRM[0][1:]), *CRM[1:]])
    project.ok("run")

    assert golden(project, "crm/things:A-1") == before
    assert "crm/things:A-1" in project.ok("decisions", "thing")


def test_history_follows_a_retired_id(project):
    kept, gone = golden(project, TWO), golden(project, OTHER)
    project.ok("decide", "thing", TWO, OTHER, "match", "--reason", "renamed")
    project.ok("run", "--no-pull")
    living = golden(project, TWO)
    retired = ({kept, gone} - {living}).pop()

    document = json.loads(project.ok("history", "thing", retired, "--json"))

    assert document["history"][-1]["successors"] == [living]
    assert document["states"][0]["golden_id"] == living


def test_history_as_of_a_time_before_the_first_run_says_so(project):
    answer = project.type("history", "thing", ONE, "--as-of", "2001-01-01")

    assert answer.code == 3
    assert "the first was" in answer.err


@pytest.mark.parametrize("text", ["THG-NOSUCH", "crm/things:99", "nonsense"])
def test_what_is_not_there_exits_with_3(project, text):
    assert project.type("explain", "thing", text).code == 3
    assert project.type("history", "thing", text).code == 3


def test_an_unknown_entity_hears_of_the_near_one(project):
    answer = project.type("run", "thin")

    assert answer.code == 3
    assert "'thing'" in answer.err


def test_the_published_clusters_are_held_against_the_truth(project):
    (project.folder / "truth.csv").write_text(
        "cluster,source,stream,source_key\na,crm,things,1\na,register,things,1\nb,crm,things,2\nb,register,things,2\nc,crm,things,3\n"
    )

    found = json.loads(project.ok("evaluate", "thing", "--truth", "truth.csv", "--json"))

    assert found["pairwise"] == {"precision": 1.0, "recall": 0.5, "f1": 0.6667}
    assert found["lost"] == {"total": 1, "blocking": 1, "score": 0, "queued": 0, "constraint": 0}


def test_an_export_masks_and_defuses(project):
    rows = list(csv.DictReader(io.StringIO(project.ok("export", "thing", "--format", "csv"))))

    names = {r["name"] for r in rows}
    assert all(not n.startswith("=") for n in names)
    assert {r["secret"] for r in rows} == {"", "***"}
    assert any(r["colours"] == "blue; white" for r in rows)


def test_an_export_to_a_program_keeps_types(project):
    project.ok("export", "thing", "--format", "parquet", "--out", "thing.parquet")
    rows = pl.read_parquet(project.folder / "thing.parquet")
    lines = [json.loads(line) for line in project.ok("export", "thing", "--format", "jsonl").splitlines()]

    assert rows.schema["colours"] == pl.List(pl.String)
    assert rows.height == len(lines) == 5
    assert any(line["name"].startswith("=") for line in lines)


def test_lifting_the_mask_needs_a_reason_and_is_an_event(project):
    assert project.type("export", "thing", "--unmask", "--role", "steward").code == 2

    out = project.ok("export", "thing", "--unmask", "--role", "steward", "--reason", "subject access request")

    assert "s1" in out
    assert json.loads(project.ok("audit", "verify", "--json"))["events"] == 1


def test_models_are_listed_trained_and_activated(project):
    assert [m["number"] for m in json.loads(project.ok("models", "thing", "--json"))] == [1]

    trained = json.loads(project.ok("train", "thing", "--json"))
    project.ok("activate", "thing", str(trained["number"]))

    assert [m["active"] for m in json.loads(project.ok("models", "thing", "--json"))] == [False, True]
    assert project.type("activate", "thing", "9").code == 3


def test_a_new_model_is_compared_on_real_pairs_before_it_is_activated(project):
    trained = json.loads(project.ok("train", "thing", "--json"))
    answer = project.type("activate", "thing", "2")
    compared = json.loads(project.ok("models", "thing", "--compare", "1", "2", "--json"))

    assert {level["declared"] for level in trained["levels"]} <= {"", "m", "u", "m, u", "u, m"}
    assert any(level["declared"] for level in trained["levels"])
    assert trained["evidence"]["decisions"] == {"match": 0, "no_match": 0, "used": False}
    assert (trained["difference"]["moves"], compared["difference"]["moves"]) == ({}, {})
    assert "pairs that move: none; 0 groups would take in others, 0 would fall apart" in answer.err
    assert project.type("models", "thing", "--compare", "1", "9").code == 3


def test_sources_are_listed_and_their_fields_discovered(project):
    assert [s["records"] for s in json.loads(project.ok("sources", "--json"))] == [5, 2]
    assert json.loads(project.ok("discover", "crm", "--json"))[0]["name"] == "things"
    assert 'city = "city"' in project.ok("map", "crm", "things", "thing")


def test_a_shrunken_delivery_is_held_until_it_is_accepted(project):
    project.deliver("crm", CRM[:1])

    answer = project.type("sync", "crm")
    assert answer.code == 1
    assert "--accept-shrink" in answer.err

    read = json.loads(project.ok("sync", "crm", "--accept-shrink", "--json"))["sources"][0]["read"]
    assert read["deleted"] == 4


def test_the_chain_of_events_is_verified_against_a_kept_head(project):
    project.ok("set", "thing", ONE, "city", "Evanston", "--reason", "moved")
    head = project.ok("audit", "verify").strip()

    project.ok("audit", "verify", "--head", head)
    answer = project.type("audit", "verify", "--head", f"9:{'0' * 64}")

    assert answer.code == 1
    assert "cut after event 1" in answer.err


def test_a_backup_restores_into_another_hub(project, monkeypatch):
    project.ok("decide", "thing", ONE, TWO, "no_match", "--reason", "different")
    before = json.loads(project.ok("history", "thing", ONE, "--json"))
    project.ok("backup", "hub.mdm")

    monkeypatch.setenv("MDM_HUB_URL", f"sqlite:///{project.folder / 'other.db'}")
    project.ok("restore", "hub.mdm")

    assert json.loads(project.ok("history", "thing", ONE, "--json")) == before
    assert project.type("restore", "hub.mdm").code == 4
    counts = json.loads(project.ok("run", "--json"))["entities"][0]["golden"]
    assert counts["total"] == 5 and counts["changed"] == counts["created"] == counts["retired"] == 0


def test_the_queue_is_answered_in_the_terminal(project, monkeypatch):
    answers = iter(["m", "seen on paper"])
    monkeypatch.setattr("typer.prompt", lambda *_, **__: next(answers))
    # Alike in everything but the number that parts them: no machine may join them, so a steward is asked.
    project.deliver("register", [*REGISTER, ("3", "Blue Door", "C9", "Chicago", "", "")])
    project.ok("run")
    assert json.loads(project.ok("status", "--json"))["entities"][0]["queued"] > 0

    project.ok("review", "thing", "--limit", "1")

    decided = json.loads(project.ok("decisions", "thing", "--json"))
    assert [(d["said"], d["reason"]) for d in decided] == [("match", "seen on paper")]


def test_the_doctor_finds_nothing_wrong_in_a_good_project(project):
    found = json.loads(project.ok("doctor", "--json"))

    assert found["ok"]
    assert {"python", "settings", "rules", "hub", "schema", "events", "source crm"} <= {c["what"] for c in found["checks"]}


def test_the_doctor_names_what_is_broken_and_how_to_repair_it(project, monkeypatch):
    settings = project.folder / "mdm.toml"
    settings.write_text(
        settings.read_text().replace('path = "crm.csv"', 'path = "missing/*.csv"') + "\n[gates.nothing]\nmerged = 0.1\n"
    )
    monkeypatch.setenv("MDM_HUB_URL", "sqlite:////proc/none/mdm.db")

    answer = project.type("doctor", "--json")

    found = [c for c in json.loads(answer.out)["checks"] if c["level"] == "fail"]
    assert answer.code == 1
    assert "hub" in {c["what"] for c in found}


def test_the_contest_for_one_attribute_is_shown(project):
    told = json.loads(project.ok("explain", "thing", ONE, "--attribute", "city", "--json"))
    assert told["value"]["contest"][0]["place"] == 1

    refused = project.type("explain", "thing", ONE, "--attribute", "citty")
    assert (refused.code, "did you mean 'city'" in refused.err) == (2, True)
