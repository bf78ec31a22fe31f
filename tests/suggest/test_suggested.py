"""A model for an entity nobody tuned: good enough to be used as it is."""

import random

import polars as pl
import pytest

from mdm import model, prepare, suggest
from mdm.bench import Bench
from mdm.entity import Attribute, Entity
from mdm.errors import UsageError

SYLLABLES = "ba ce di fo gu ha je ki lo mu na pe ri so tu va we xi yo zu".split()


def word(draw: random.Random, parts: int) -> str:
    return "".join(draw.choice(SYLLABLES) for _ in range(parts))


def slip(draw: random.Random, text: str) -> str:
    at = draw.randrange(len(text))
    return text[:at] + draw.choice("abcdefgh") + text[at + 1 :]


def people(count: int = 400) -> pl.DataFrame:
    """Every person twice, once with a slip."""
    draw = random.Random(7)
    rows = []
    for person in range(count):
        row = {
            "given": word(draw, 2), "family": word(draw, 3), "town": word(draw, 3),
            "born": f"19{draw.randrange(20, 99)}-{draw.randrange(1, 13):02d}-{draw.randrange(1, 29):02d}",
        }  # fmt: skip
        rows.append({**row, "person": person})
        column = draw.choice(["given", "family", "town", "born"])
        rows.append({**row, column: slip(draw, row[column]), "person": person})
    return pl.DataFrame(rows).with_row_index("record_id").cast({"record_id": pl.Int64})


def bare() -> Entity:
    return Entity("thing", about="A thing.", prefix="TH", attributes=[Attribute(n, f"The {n}.") for n in COLUMNS])


COLUMNS = ("given", "family", "town", "born")


@pytest.fixture(scope="module")
def code() -> str:
    bench = Bench(None)
    records = people().drop("person").with_columns(source=pl.lit("a"), stream=pl.lit("b"), source_key=pl.lit("c"))
    bench.store("bench.record", prepare.published(records, bare().attributes))
    return suggest.suggested(bench, bare())


def test_what_is_printed_is_a_declaration(code):
    names: dict = {}
    exec(compile(code, "rules/thing.py", "exec"), names)

    made = names["thing"]
    assert [a.name for a in made.attributes] == list(COLUMNS)
    assert made.fit == "candidates"
    assert made.linkage == "average"
    assert {c["output_column_name"] for c in model.declared(made)["comparisons"]} == set(COLUMNS)


def test_blocking_says_what_it_finds_and_costs(code):
    lines = [line for line in code.splitlines() if "of likely matches" in line]

    assert lines
    assert all("pairs a record" in line for line in lines)


def test_the_same_records_give_the_same_suggestion(code):
    bench = Bench(None)
    records = people().drop("person").with_columns(source=pl.lit("a"), stream=pl.lit("b"), source_key=pl.lit("c"))
    shuffled = records.sample(fraction=1, shuffle=True, seed=3)
    bench.store("bench.record", prepare.published(shuffled, bare().attributes))

    assert suggest.suggested(bench, bare()) == code


def test_too_few_records_are_refused_in_words():
    bench = Bench(None)
    records = people(3).drop("person").with_columns(source=pl.lit("a"), stream=pl.lit("b"), source_key=pl.lit("c"))
    bench.store("bench.record", prepare.published(records, bare().attributes))

    with pytest.raises(UsageError, match="too few"):
        suggest.suggested(bench, bare())


def test_a_column_that_tells_every_record_apart_is_no_rule_by_itself():
    serials = [f"s{n}" for n in range(1200)]
    scratch = Bench(None)
    rows = pl.DataFrame({"record_id": range(1200), "serial": serials, "town": [f"t{n // 3}" for n in range(1200)]})
    scratch.store("bench.compare", rows.cast({"record_id": pl.Int64}))
    names = [Attribute("serial", "A number like no other."), Attribute("town", "Where it is.")]
    rules = [(("serial",), None, ""), (("town",), None, "")]
    both = Entity(name="thing", about="A thing.", prefix="THG", attributes=names, block=[["serial"], ["town"]])

    kept = suggest._finding(scratch, both, rules)
    scratch.close()

    assert kept == rules[1:]
