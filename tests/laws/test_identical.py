"""Law 7: the same input gives the same output, to the last bit of every weight: again, on other threads, in another order.

Training is part of each run. What is compared is what the hub holds: the model, the pairs, the questions, who belongs to
whom under which golden id, and every golden value with its provenance. Only times of the clock are left out.
"""

import random
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from benchmarks import generate as people
from mdm import catalog, demo, model, pipeline, settings
from mdm.context import Context
from mdm.hub import Hub, migration

# DuckDB gives each thread whole groups of 122,880 rows: fewer are worked on by one thread, whatever it may use.
MANY = 160_000
RULES = Path(__file__).parents[2] / "rules"


def demo_sources(folder: Path) -> None:
    demo.generate(folder, hcps=300, sites=50, materials=100)


def many_people(count: int) -> Callable[[Path], None]:
    def write(folder: Path) -> None:
        records = people.hcps(count)
        folder.mkdir()
        people.write(folder, records)
        (folder / "mdm.toml").write_text(people.settings(), encoding="utf-8")

    return write


def shuffled(folder: Path) -> None:
    """The rows of every delivery in another order, and where order between files says nothing, over two files."""
    draw = random.Random(5)
    for path in sorted(p for p in folder.rglob("*.*") if p.suffix in (".csv", ".jsonl")):
        if path.parent.name in ("truth", "codes"):
            continue
        head, rows = read_rows(path, header=path.suffix == ".csv")
        draw.shuffle(rows)
        half = len(rows) // 2 if path.name == "people.csv" else 0
        path.write_bytes(head + b"".join(rows[half:]))
        if half:
            path.with_name("a_first.csv").write_bytes(head + b"".join(rows[:half]))


def read_rows(path: Path, *, header: bool) -> tuple[bytes, list[bytes]]:
    """The header and the rows of a file, whose cells may hold line breaks."""
    rows, part = [], b""
    for line in path.read_bytes().splitlines(keepends=True):
        part += line
        if not header or part.count(b'"') % 2 == 0:
            rows.append(part if part.endswith(b"\n") else part + b"\n")
            part = b""
    return (rows[0], rows[1:]) if header else (b"", rows)


def outcome(folder: Path, url: str, write: Callable[[Path], None], *, threads: int, order: str = "as made") -> dict[str, Any]:
    """What a hub holds after its first run."""
    write(folder)
    if order == "shuffled":
        shuffled(folder)
    loaded = settings.load(folder / "mdm.toml", environ={})
    loaded = replace(loaded, run=replace(loaded.run, threads=threads))
    if order == "shuffled":
        # Sources are pulled in the order they are written down.
        loaded = replace(loaded, sources=dict(reversed(loaded.sources.items())))
    entities = catalog.entities(RULES)
    made = Context(loaded, entities, Hub(url, entities.values()), "tester")
    migration.lay(made.hub)
    try:
        fed = [name for name in entities if any(feeds(source, name) for source in loaded.sources.values())]
        pipeline.run(made, fed)
        return held(made, fed)
    finally:
        made.hub.dispose()


def feeds(source: settings.Source, entity: str) -> bool:
    return any(entity in stream.entities for stream in source.streams.values())


def held(made: Context, names: list[str]) -> dict[str, Any]:
    """Every table of every entity, and its model, as sorted rows."""
    hub, found = made.hub, {}
    with hub.read() as session:
        for name in names:
            tables = hub.tables(name)
            for table in tables.versioned:
                found[table.name] = sorted(repr(tuple(row.values())) for row in session.rows(sa.select(table)))
            learnt = model.load(hub, name, model.active(session, hub, name))
            found[f"{name} model"] = [learnt.settings, learnt.evidence, learnt.fingerprint]
            found[f"{name} terms"] = {k: frame.rows() for k, frame in {**learnt.terms, **learnt.rarity}.items()}
    return found


@pytest.fixture(scope="module")
def demo_alone(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The demo on one thread."""
    folder = tmp_path_factory.mktemp("alone") / "demo"
    return outcome(folder, f"sqlite:///{folder.parent}/hub.db", demo_sources, threads=1)


@pytest.mark.long
def test_two_runs_are_one(demo_alone, tmp_path):
    again = outcome(tmp_path / "demo", f"sqlite:///{tmp_path}/hub.db", demo_sources, threads=1)

    assert differing(again, demo_alone) == []


def test_threads_and_order_and_dialect_change_no_bit(demo_alone, hub_url, tmp_path):
    other = outcome(tmp_path / "demo", hub_url, demo_sources, threads=2, order="shuffled")

    assert differing(other, demo_alone) == []


def test_everything_is_compared(demo_alone):
    for name in ("hcp_pair", "hcp_question", "hcp_membership", "hcp_golden", "hcp_child_address", "hcp_relation", "hcp terms"):
        assert demo_alone[name], name


@pytest.mark.long
@pytest.mark.parametrize("order", ["as made", "shuffled"])
def test_of_more_people_than_a_row_group_holds_too(tmp_path, order):
    alone = outcome(tmp_path / "one", f"sqlite:///{tmp_path}/one.db", many_people(MANY), threads=1)
    other = outcome(tmp_path / "two", f"sqlite:///{tmp_path}/two.db", many_people(MANY), threads=2, order=order)

    assert differing(other, alone) == []


def differing(found: dict[str, Any], expected: dict[str, Any]) -> list[str]:
    """The tables that are not the same."""
    assert found.keys() == expected.keys()
    return [name for name in expected if found[name] != expected[name]]
