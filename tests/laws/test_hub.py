"""Values that many share: they chain nothing together, and each is put before a steward once."""

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest

from benchmarks import generate, poison
from mdm import pipeline, question
from mdm.caution import Caution
from mdm.testing.toy import Toy

New = Callable[..., Toy]
# Each name shares a word with the next, so that a common code is all it takes to chain them.
WORDS = [a + b for a in ("ba", "ce", "di", "fo", "gu", "ha", "ke", "li") for b in ("dron", "mell", "stig", "varn")]
CHAIN = [{"id": str(n), "name": f"{a} {b}", "code": "G1"} for n, (a, b) in enumerate(pairwise(WORDS))]


def shared(toy: Toy) -> list[dict]:
    return [r for r in toy.rows("thing_queue") if question.kind(r["reason"]) == "shared"]


def test_an_identifier_of_more_records_than_may_be_one_joins_none(toy: Toy):
    chained = toy.with_entity(caution=Caution(None, None, None)).deliver("a", CHAIN)
    chained.run()
    assert len(chained.partition()) == 1

    careful = chained.with_entity(caution=Caution(largest=20))
    careful.run()

    assert len(careful.partition()) == len(CHAIN)
    (asked,) = shared(careful)
    assert asked["reason"] == (
        f"shared by many: one code G1 of {len(CHAIN)} records of {len(CHAIN)} golden records: "
        "a switchboard, a default value? It makes no pairs by itself"
    )


@pytest.mark.parametrize("verdict", ["match", "no_match", "unsure"])
def test_an_answered_hub_does_not_come_back_until_the_answer_does(new_toy: New, verdict: str):
    toy = new_toy().with_entity(caution=Caution(largest=20)).deliver("a", CHAIN)
    toy.run()
    (asked,) = shared(toy)

    number = toy.decide(asked["a"], asked["b"], verdict)
    toy.run()
    assert shared(toy) == []
    toy.run(full=True)
    assert shared(toy) == []

    toy.withdraw(number)
    toy.run()
    assert [(r["a"], r["b"]) for r in shared(toy)] == [(asked["a"], asked["b"])]


def test_what_comes_one_by_one_ends_as_what_comes_at_once(new_toy: New):
    toy, control = (new_toy().with_entity(caution=Caution(largest=20)) for _ in range(2))
    for one in (toy, control):
        one.run()

    for part in (CHAIN[:12], CHAIN[12:20], CHAIN[20:21], CHAIN[21:]):
        toy.deliver("a", part).run()
    control.deliver("a", CHAIN).run()

    assert toy.state() == control.state()
    for one in (toy, control):
        one.deliver("a", [{**r, "code": ""} for r in CHAIN[:15]]).run()
    assert shared(toy) == []
    assert toy.state() == control.state()


HUBS = [
    poison.Poison(60, {"phone": "2125550100"}),
    poison.Poison(40, {"email": "info@clinic.example"}),
    poison.Poison(100, {"birth_date": "1970-01-01"}),
    poison.Poison(60, {"npi": "1999999984"}),
]


def test_poisoned_people_are_not_chained_and_every_hub_is_asked_about(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    records = poison.poisoned(generate.hcps(2_000), HUBS)
    monkeypatch.chdir(tmp_path)
    opened = poison.opened(tmp_path, records)

    pipeline.run(opened, ["hcp"])

    assert poison.largest(opened) <= records["cluster"].value_counts()["count"].max() + 1
    told = sorted(r["reason"] for r in poison.asked(opened) if question.kind(r["reason"]) == "shared")
    assert [t.split(" of ")[0] for t in told] == [
        "shared by many: one E-mail", "shared by many: one NPI 1999999984", "shared by many: one birth date", "shared by many: one phone",
    ]  # fmt: skip
    assert not any("2125550100" in t or "info@" in t or "1970" in t for t in told)
    opened.hub.dispose()
