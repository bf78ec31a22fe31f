"""The shipped rules on a smaller demo: what the machine joins is right, what is one is found, and stewards are asked little."""

from pathlib import Path

import pytest

from benchmarks import demo as benchmark


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory) -> dict[str, benchmark.Row]:
    folder: Path = tmp_path_factory.mktemp("aim") / "demo"
    found = benchmark.measured(folder, 7, 1.0, list(benchmark.ENTITIES), hcps=500, sites=100, materials=250)
    return {row.entity: row for row in found}


@pytest.mark.parametrize("entity", benchmark.ENTITIES)
def test_the_aim_is_met(rows, entity):
    assert rows[entity].meets, benchmark.line(rows[entity])


@pytest.mark.parametrize("entity", benchmark.ENTITIES)
def test_no_hard_negative_is_joined(rows, entity):
    row = rows[entity]

    assert (row.hard > 0, row.hard_wrong) == (True, 0)
