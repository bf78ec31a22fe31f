"""A run whose blocking rules would explode stops before the work, and leaves what readers see as it was."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa

from mdm import pipeline
from mdm.entity import Block
from mdm.errors import BlockingError
from mdm.testing.toy import Toy


@pytest.fixture
def toy(tmp_path: Path, hub_url: str) -> Iterator[Toy]:
    made = Toy(tmp_path, hub_url).lay()
    yield made
    made.context.hub.dispose()


def limited(toy: Toy, pairs: int) -> Toy:
    settings = toy.context.settings
    toy.context = replace(toy.context, settings=replace(settings, run=replace(settings.run, pairs=pairs)))
    return toy


def test_a_refused_run_publishes_nothing_and_says_why_in_the_hub(toy: Toy):
    toy.deliver("a", [{"id": str(i), "name": f"Name {i}", "city": "Rome"} for i in range(20)]).run()
    before = toy.partition()

    limited(toy.with_entity(block=[Block("city")]), 100)
    with pytest.raises(BlockingError, match=r'thing: blocking would make 190 pairs .* the rule \["city"\]'):
        toy.run()

    part = toy.context.hub.fixed["run_entity"]
    with toy.context.hub.read() as session:
        last = session.rows(sa.select(part.c.state, part.c.message).order_by(part.c.run_id.desc()))[0]
    assert toy.partition() == before
    assert last["state"] == "failed"
    assert "190 pairs" in last["message"]
    assert limited(toy, 200).run().entities[0].state == "published"


def test_what_blocking_loses_is_a_figure_of_the_published_run(toy: Toy):
    toy.with_entity(block=[["city"]], accept=0.5)
    rows = [
        {"id": str(i), "name": f"{'abcdefgh'[i // 2] * 4} Stone", "city": "" if i % 4 == 3 else f"City {i // 2}"}
        for i in range(16)
    ]
    toy.deliver("a", rows).run()

    found = [pipeline.judge_blocking(toy.context, "thing") for _ in range(2)][-1].lost

    figures = [r for r in toy.rows("quality") if r["measure"] == "blocking_recall" and r["band"] is None]
    assert found is not None
    assert (found.pairs_found, found.pairs_lost) == (4, 4)
    assert [(f["run_id"], f["value"]) for f in figures] == [(1, 0.5)]
    assert figures[0]["low"] < 0.5 < figures[0]["high"]
