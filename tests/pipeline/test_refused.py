"""A run whose blocking rules would explode stops before the work, and leaves what readers see as it was."""

from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa

from mdm.entity import Block
from mdm.errors import BlockingError
from mdm.testing.toy import Toy


def limited(toy: Toy, pairs: int) -> Toy:
    settings = toy.context.settings
    toy.context = replace(toy.context, settings=replace(settings, run=replace(settings.run, pairs=pairs)))
    return toy


def test_a_refused_run_publishes_nothing_and_says_why_in_the_hub(tmp_path: Path):
    toy = Toy(tmp_path, f"sqlite:///{tmp_path}/hub.db").lay()
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
