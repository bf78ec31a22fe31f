"""A hub of its own for every test that lands."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from mdm.hub import Hub, migration
from tests.landing.scripted import Bay


@pytest.fixture
def bay(tmp_path: Path) -> Iterator[Bay]:
    hub = Hub(f"sqlite:///{tmp_path}/hub.db")
    migration.lay(hub)
    yield Bay(hub)
    hub.dispose()
