"""Spark gives what DuckDB gives: the same pairs under the same rules, the same weights, the same clusters."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from mdm import compare, context, demo, pipeline, standard
from mdm.context import Context
from mdm.entity import Key
from mdm.hub import migration
from mdm.hub.version import open_now
from mdm.settings import RunSettings
from mdm.testing.toy import Toy, thing

pytestmark = pytest.mark.long

WORDY = replace(
    thing,
    keys=[Key("words", of="name", by=standard.words(), rare=True), Key("letters", of="name", by=standard.trigrams, rare=True)],
    comparisons=[compare.likeness("name", "words", "letters"), compare.spelt("city")],
    block=[["words"], ["city"]],
    fit="candidates",
)
FIRST = "Ana Maria José Lucía Søren Łukasz Zoë Ömer 小龍 Иван".split()
LAST = "Lopez López Lopes Smith Smyth Öztürk Nguyễn García-Márquez Иванов Jørgensen".split()
CITIES = ["Rome", "Roma", "Łódź", "Lodz", "Saint Paul", "St Paul", "München"]


@pytest.fixture
def toys(tmp_path: Path) -> Iterator[Any]:
    """A toy project over an entity, with two hundred things that are and are not alike."""
    made: list[Toy] = []

    def build(entity: Any = thing) -> Toy:
        toy = Toy(tmp_path, f"sqlite:///{tmp_path / 'hub.db'}", entity=entity).lay()
        made.append(toy)
        for shift, source in enumerate("ab"):
            toy.deliver(source, [thing_of(number, shift) for number in range(100)])
        return toy

    yield build
    for toy in made:
        toy.context.hub.dispose()


def thing_of(number: int, shift: int) -> dict[str, str]:
    name = f"{FIRST[number % 10]} {LAST[(number // 10 + shift * (number % 3 == 0)) % 10]}"
    code = f"K{number}" if number % 4 else ""
    return {"id": str(number), "name": name, "city": CITIES[(number + shift) % 7], "code": code, "kind": "ab"[number % 2]}


def on(context: Context, spark: RunSettings) -> Context:
    return replace(context, settings=replace(context.settings, run=spark))


def matched(context: Context, entity: str) -> tuple[set[tuple], set[tuple]]:
    """Every open pair with its rule and weight, and every record with its golden id."""
    tables = context.hub.tables(entity)
    pair, member = tables.pair, tables.membership
    with context.hub.read() as session:
        pairs = session.frame(sa.select(pair.c.a, pair.c.b, pair.c.rule, pair.c.weight).where(open_now(pair)))
        members = session.frame(sa.select(member.c.record_id, member.c.golden_id).where(open_now(member)))
    return set(pairs.rows()), set(members.rows())


def test_the_demo_is_matched_alike(tmp_path: Path, spark: RunSettings):
    demo.generate(tmp_path, hcps=300, sites=150, materials=250)
    here = context.opened(tmp_path / "mdm.toml")
    migration.lay(here.hub)
    pipeline.run(here)
    before = {name: matched(here, name) for name in here.entities}

    report = pipeline.run(on(here, spark), full=True, pull=False)

    assert [entity.state for entity in report.entities] == ["published"] * 3
    assert {name: matched(here, name) for name in here.entities} == before
    assert all(len(pairs) > 100 for pairs, _ in before.values())
    assert "Error" not in (here.settings.hub.bench / "spark.log").read_text()
    assert not list(here.settings.hub.bench.glob("spark-*"))
    here.hub.dispose()


@pytest.mark.parametrize("entity", [thing, WORDY], ids=["thing", "words by their rarity"])
def test_things_in_many_alphabets_are_matched_alike(toys, spark: RunSettings, entity):
    toy = toys(entity)
    toy.run()
    before = matched(toy.context, "thing")

    pipeline.run(on(toy.context, spark), full=True)

    assert matched(toy.context, "thing") == before
    assert len(before[0]) > 50
