"""One demo folder of the full size, and one after its second day, for all tests that only look."""

from pathlib import Path

import pytest

from mdm.demo import generate, next_day


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("demo")
    generate(folder)
    return folder


@pytest.fixture(scope="session")
def second_day(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("demo_second_day")
    generate(folder)
    next_day(folder)
    return folder
