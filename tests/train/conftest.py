"""The decided toy, in either dialect and as often as a test asks."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from mdm.testing.toy import Toy
from tests.train.decided import laid


@pytest.fixture
def toy(tmp_path: Path, hub_url: str) -> Iterator[Toy]:
    """The toy with its pairs over an empty hub, run once."""
    made = laid(Toy(tmp_path, hub_url))
    yield made
    made.context.hub.dispose()


@pytest.fixture
def new_toy(tmp_path: Path) -> Iterator[Callable[[], Toy]]:
    """As many such toys as a test asks for, on SQLite."""
    made: list[Toy] = []

    def build() -> Toy:
        folder = tmp_path / f"toy{len(made)}"
        folder.mkdir()
        made.append(laid(Toy(folder, f"sqlite:///{folder}/hub.db")))
        return made[-1]

    yield build
    for one in made:
        one.context.hub.dispose()
