import csv
import json

import pytest


@pytest.fixture
def drawn(project):
    """A sample whose list is in a file."""
    project.ok("audit-sample", "thing", "--size", "4", "--file", "sample.csv")
    return project


def fill(project, verdict):
    file = project.folder / "sample.csv"
    with file.open(encoding="utf-8", newline="") as opened:
        rows = list(csv.DictReader(opened))
    with file.open("w", encoding="utf-8", newline="") as opened:
        writer = csv.DictWriter(opened, rows[0])
        writer.writeheader()
        writer.writerows({**row, "verdict": verdict(row)} for row in rows)
    return rows


def test_a_sample_is_listed_answered_and_published(drawn):
    rows = fill(drawn, lambda row: "match" if row["name a"] == row["name b"] else "no_match")
    assert [*rows[0]][:4] == ["a", "b", "verdict", "reason"]
    assert {row["secret a"] for row in rows} <= {"***", ""}

    drawn.ok("decide", "thing", "--file", "sample.csv")
    document = json.loads(drawn.ok("audit-sample", "thing", "--report", "--json"))

    assert document["answered"] == document["drawn"] == len(rows)
    whole = document["figures"][0]
    assert (whole["measure"], whole["value"], whole["high"]) == ("automatic_precision", 1.0, 1.0)
    assert 0 < whole["low"] < 1


def test_a_second_call_tells_what_is_open_and_draws_nothing(drawn):
    rows = fill(drawn, lambda row: "")
    answer = drawn.type("decide", "thing", "--file", "sample.csv")
    assert (answer.code, f"{len(rows)} rows of sample.csv have no verdict" in answer.err) == (0, True)

    answer = drawn.type("audit-sample", "thing")

    assert answer.code == 0
    assert f"{len(rows)} pairs wait for an answer" in answer.err
    assert answer.out.splitlines()[0].split("\t")[:4] == ["measure", "band", "sources", "value"]


def test_a_plan_says_how_many_reviews_a_statement_needs(project):
    answer = project.type("audit-sample", "thing", "--precision", "0.995")

    assert answer.code == 0
    assert "it takes 539 answers" in answer.err
    assert json.loads(project.ok("audit-sample", "thing", "--precision", "0.995", "--json"))["needed"] == 539


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("thing", "--report"), 3),
        (("thong",), 3),
        (("thing", "--precision", "99.5"), 2),
        (("thing", "--confidence", "95"), 2),
        (("thing", "--report", "--size", "3"), 2),
        (("thing", "--report", "--confidence", "0.9"), 2),
    ],
    ids=["no sample", "no such entity", "a percentage", "confidence in percent", "both at once", "another confidence"],
)
def test_it_ends_with_the_code_that_says_what_to_do(project, arguments, code):
    assert project.type("audit-sample", *arguments).code == code
