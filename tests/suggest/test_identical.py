"""Law 7 where texts are compared by rare words: more threads and another order change no bit of what is suggested and learnt."""

import numpy as np
import polars as pl
import pytest

from mdm import prepare, suggest, train
from mdm.bench import Bench
from mdm.entity import Attribute, Entity
from mdm.train import pattern

BARE = Entity("thing", about="A thing.", prefix="TH", attributes=[Attribute(n, f"The {n}.") for n in ("title", "maker", "price")])
SYLLABLES = np.array("ba ce di fo gu ha je ki lo mu na pe ri so tu va we xi yo zu".split())


def things(count: int) -> pl.DataFrame:
    """Every thing twice: its title of common and rare words, the second time with one word left out."""
    draw = np.random.default_rng(5)
    words = ["".join(draw.choice(SYLLABLES, 3)) for _ in range(2_000)]
    rows = []
    for thing in range(count // 2):
        title = [words[int(2_000 * draw.random() ** 3)] for _ in range(6)] + [f"x{thing}"]
        maker, price = words[thing % 40], f"{draw.integers(1, 900)}.{draw.integers(10, 99)}"
        rows.append((" ".join(title), maker, price))
        rows.append((" ".join(title[1:]), maker, price if draw.random() < 0.8 else None))
    made = pl.DataFrame(rows, schema={"title": pl.String, "maker": pl.String, "price": pl.String}, orient="row")
    return made.with_columns(
        record_id=pl.int_range(pl.len(), dtype=pl.Int64), source=pl.lit("a"), stream=pl.lit("b"), source_key=pl.lit("c")
    )


def outcome(records: pl.DataFrame, threads: int) -> list[object]:
    """The declaration that is suggested, the model fitted to it, and the level of every pair in every comparison."""
    bench = Bench(None, threads=threads)
    bench.store("bench.record", prepare.published(records, BARE.attributes))
    code = suggest.suggested(bench, BARE)
    names: dict[str, Entity] = {}
    exec(compile(code, "rules/thing.py", "exec"), names)
    entity = names["thing"]
    bench.store("bench.compare", prepare.compared(bench.frame("select * from bench.record"), entity))
    bench.execute("create temp table changed (record_id bigint)")
    fitted = train.fitted(bench, entity)
    held = {name: frame.rows() for name, frame in {**fitted.terms, **fitted.rarity}.items()}
    reached = pattern.levels(bench, fitted.settings["comparisons"], "blocked")
    assert entity.fit == "candidates"
    assert reached.height > records.height / 4
    assert any(key.rare for key in entity.keys)
    return [code, fitted.settings, fitted.evidence, held, reached.rows()]


@pytest.mark.parametrize("count", [600, pytest.param(130_000, marks=pytest.mark.long)], ids=["few", "more than a row group"])
def test_threads_and_order_change_no_bit(count):
    records = things(count)

    alone = outcome(records, threads=1)

    assert outcome(records, threads=2) == alone
    assert outcome(records.sample(fraction=1.0, shuffle=True, seed=3), threads=2) == alone
