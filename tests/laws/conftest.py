"""A toy project per test, in either dialect."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from mdm.testing.toy import Toy


@pytest.fixture
def toy(tmp_path: Path, hub_url: str) -> Iterator[Toy]:
    """A toy project over an empty hub."""
    made = Toy(tmp_path, hub_url).lay()
    yield made
    made.context.hub.dispose()


@pytest.fixture
def new_toy(tmp_path: Path) -> Iterator[Callable[..., Toy]]:
    """As many toy projects as a test asks for, on SQLite."""
    made: list[Toy] = []

    def build(**options: object) -> Toy:
        folder = tmp_path / f"toy{len(made)}"
        folder.mkdir()
        made.append(Toy(folder, f"sqlite:///{folder}/hub.db", **options).lay())  # type: ignore[arg-type]
        return made[-1]

    yield build
    for toy in made:
        toy.context.hub.dispose()
