"""A record looked up weighs what the run has published, to the last of the six decimals that are kept."""

from dataclasses import replace

import pytest
import sqlalchemy as sa

from mdm import Key, compare, context, decisions, model, pipeline, standard
from mdm.demo import generate
from mdm.explain import record
from mdm.hub import migration
from mdm.hub.run import pointer
from mdm.hub.version import visible
from mdm.lookup import Matcher
from mdm.testing.toy import Toy, thing


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    folder = tmp_path_factory.mktemp("lookup")
    generate(folder)
    opened = context.opened(folder / "mdm.toml")
    migration.lay(opened.hub)
    pipeline.run(opened)
    yield opened
    opened.hub.dispose()


def typed(opened, entity, ids):
    """Records as somebody would type them."""
    found = record.published(opened, entity, ids)
    for row in found.iter_rows(named=True):
        held = {a.name: row[a.name] for a in entity.attributes if row[a.name] is not None}
        yield row["record_id"], {n: "; ".join(v) if isinstance(v, list) else str(v) for n, v in held.items()}


def published(opened, name, records):
    """The pairs of some records as the run left them: record, other, weight, rule."""
    table = opened.hub.tables(name).pair
    with opened.hub.read() as session:
        at = pointer(session.connection, opened.hub.fixed, name)
        rows = session.rows(sa.select(table.c.a, table.c.b, table.c.weight, table.c.rule).where(visible(table, at)))
    each = [(a, b, w, r) for x, y, w, r in (tuple(row.values()) for row in rows) for a, b in ((x, y), (y, x))]
    return {record: {(b, w, r) for a, b, w, r in each if a == record} for record in records}


def ids(opened, name, count):
    """The records with pairs, one in so many."""
    table = opened.hub.tables(name).pair
    with opened.hub.read() as session:
        found = session.execute(sa.select(table.c.a).distinct().order_by(table.c.a)).scalars().all()
    return found[:: max(1, len(found) // count)]


def looked_up(opened, name, records):
    entity = opened.entity(name)
    matcher = Matcher.open(opened, name)
    floor = model.weight_of(entity.review)
    with opened.hub.read() as session:
        written = decisions.names(session, records)
    found = {}
    for number, values in typed(opened, entity, records):
        pairs = matcher.pairs(values, name=written[number])
        found[number] = {(r, w, k) for r, w, k in pairs.iter_rows() if w >= floor or k < 0}
    matcher.close()
    return found


@pytest.mark.long
@pytest.mark.parametrize("name", ["hcp", "site", "material"])
def test_a_record_of_the_demo_has_the_pairs_of_the_run(demo, name):
    records = ids(demo, name, 25)

    assert looked_up(demo, name, records) == published(demo, name, records)


LIKE = replace(
    thing,
    keys=[*thing.keys, Key("words", of="name", by=standard.words(), rare=True), Key("letters", of="name", by=standard.trigrams, rare=True)],
    comparisons=[compare.likeness("name", "words", "letters"), thing.comparisons[1]],
    block=[["words"], ["city"]],
    fit="candidates",
)  # fmt: skip
WORDS = "north south mill river stone clinic blue green door gate oak".split()


@pytest.mark.parametrize("entity", [thing, LIKE], ids=["levels and frequencies", "likeness"])
def test_a_record_has_the_pairs_of_the_run(tmp_path, fresh_sqlite, entity):
    toy = Toy(tmp_path, fresh_sqlite, entity=entity).lay()
    rows = [
        {"id": str(i), "name": f"{WORDS[i % 11]} {WORDS[i * 7 % 11]} {WORDS[i * 5 % 9]}", "city": f"{WORDS[i % 5]}burgh"}
        for i in range(60)
    ]
    copies = [{**row, "name": row["name"] + "s" * (n % 2), "code": f"C{n % 12}"} for n, row in enumerate(rows[::2])]
    toy.deliver("a", rows).deliver("b", copies)
    toy.run()
    records = ids(toy.context, "thing", 20)

    found = looked_up(toy.context, "thing", records)

    assert records
    assert found == published(toy.context, "thing", records)
    toy.context.hub.dispose()
