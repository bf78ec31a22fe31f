"""Law 7: crash anywhere, run again, same result; and a reader never sees a mix.

A hub with decisions and a publication gets news; the run over them is killed at every kind of moment.
"""

import json
import select
import shutil
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from mdm.errors import LockedError
from mdm.testing.toy import Toy
from tests.laws.moment import CURRENT, EVER, published

MOMENTS = (
    "land", "land:2", "stage.standardise", "stage.check", "stage.match", "close.thing_pair", "append.thing_pair",
    "stage.cluster", "stage.survive", "stage.publish", "close.thing_golden", "append.thing_golden",
    "append.thing_membership", "append.thing_child_part", "close.retired_id", "append.thing_question",
    "close.thing_quarantined", "append.change_log", "release.before", "release.after",
)  # fmt: skip
FIRST_MOMENTS = ("stage.check", "append.thing_membership", "release.before")

BEFORE = {
    "a": [
        {"id": "1", "name": "Ana Lopez", "city": "Rome", "code": "K1", "part_1": "p1", "part_2": "p2"},
        {"id": "2", "name": "Ana Lopez", "city": "Rome", "colours": "red;blue", "whole": "1"},
        {"id": "3", "name": "Bob Stone", "city": "Paris", "kind": "x"},
        {"id": "4", "name": "Bob Stone", "city": "Paris", "kind": "y"},
        {"id": "5", "name": "", "city": "Paris"},
        {"id": "6", "name": "Dora Quill", "city": "Oslo", "part_1": "p3", "whole": "3"},
        {"id": "7", "name": "Emil Frost", "city": "Bern"},
    ],
    "b": [
        {"id": "1", "name": "Anna Lopez", "code": "K1", "city": "Rom", "part_1": "p1"},
        {"id": "2", "name": "Dora Quill", "city": "Oslo", "whole": "1"},
        {"id": "3", "name": "Fritz Bell", "city": "Graz"},
    ],
}
NEWS = {
    "a": [
        {"id": "2", "name": "Ana Lopes", "city": "Rome", "colours": "green", "whole": "6", "part_1": "p9"},
        {"id": "3", "name": "Bob Stone", "city": "Paris", "kind": "y"},
        {"id": "5", "name": "Emil Frost", "city": "Bern"},
        {"id": "6", "name": "", "city": "Oslo"},
        {"id": "8", "name": "Dora Quill", "city": "Oslo", "gone": "", "part_1": "p4", "whole": "3"},
    ],
    "b": [
        {"id": "1", "name": "Anna Lopez", "city": "Rom", "gone": "1"},
        {"id": "4", "name": "Bob Stonne", "city": "Paris"},
        {"id": "5", "name": "Fritz Bell", "city": "Graz"},
    ],
}


class Ground:
    """A hub to copy as often as a test asks for, in one dialect."""

    def __init__(self, folder: Path, dialect: str, server: str | None):
        self.folder, self.dialect, self.server, self.made = folder, dialect, server, list[Toy]()

    def copy(self, of: Toy | None = None) -> Toy:
        """An empty hub, or a copy of a toy's folder and hub as they stand."""
        name = f"c_{uuid.uuid4().hex[:12]}"
        folder = self.folder / name
        if of is None:
            folder.mkdir()
        else:
            of.context.hub.dispose()
            shutil.copytree(of.folder, folder)
        toy = Toy(folder, self._database(name, folder, of))
        self.made.append(toy)
        return toy

    def _database(self, name: str, folder: Path, of: Toy | None) -> str:
        if self.server is None:
            return f"sqlite:///{folder}/hub.db"
        template = "template1" if of is None else of.folder.name
        self._admin(f'create database "{name}" template "{template}"')
        return self.server.format(name)

    def drop(self, toy: Toy) -> None:
        toy.context.hub.dispose()
        self.made.remove(toy)
        shutil.rmtree(toy.folder)
        if self.server is not None:
            self._admin(f'drop database "{toy.folder.name}" with (force)')

    def _admin(self, statement: str) -> None:
        with psycopg.connect(self.server.format("postgres").replace("+psycopg", ""), autocommit=True) as connection:
            connection.execute(statement)


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def ground(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    server = request.getfixturevalue("postgres") if request.param == "postgresql" else None
    ground = Ground(tmp_path_factory.mktemp("crash"), request.param, server)
    yield ground
    for toy in list(ground.made):
        ground.drop(toy)


@pytest.fixture(scope="module")
def base(ground: Ground) -> Toy:
    """A publication with decisions, a correction and a retired id in it, and something said that no run has seen."""
    toy = ground.copy().lay()
    deliver(toy, BEFORE).run()
    toy.decide("a/things:1", "a/things:2", "no_match")
    joined = toy.decide("a/things:7", "b/things:3", "match")
    deliver(toy, {"a": [], "b": []}).run()
    toy.withdraw(joined)
    toy.decide("a/things:4", "b/things:3", "match")
    return toy


@pytest.fixture(scope="module")
def states(ground: Ground, base: Toy) -> tuple[dict, dict]:
    """What readers see before the news, and after a run that nobody interrupted: all there ever was."""
    toy = ground.copy(base)
    before = published(toy.context.hub, EVER)
    deliver(toy, NEWS).run()
    return before, published(toy.context.hub, EVER)


@pytest.fixture(scope="module")
def first(ground: Ground) -> tuple[Toy, dict]:
    """An empty hub, and what readers see after its first run."""
    empty = ground.copy().lay()
    toy = ground.copy(empty)
    deliver(toy, BEFORE).run()
    return empty, published(toy.context.hub, EVER)


@pytest.fixture(scope="module")
def killed() -> Iterator[Callable[[Toy, str], int]]:
    """Run a toy in a process of its own with a fault; the exit code."""
    command = [sys.executable, "-m", "tests.laws.nursery"]
    nursery = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2])

    def run(toy: Toy, fault: str) -> int:
        asked = {"folder": str(toy.folder), "url": toy.context.hub.url, "fault": fault}
        nursery.stdin.write(json.dumps(asked) + "\n")
        nursery.stdin.flush()
        assert select.select([nursery.stdout], [], [], 120)[0], f"the run that {fault} should kill does not end"
        return int(nursery.stdout.readline())

    yield run
    nursery.stdin.close()
    nursery.wait(30)
    nursery.stdout.close()


class Reader(threading.Thread):
    """Somebody who looks at the published relations all the time."""

    def __init__(self, toy: Toy):
        super().__init__(daemon=True)
        self.hub, self.seen, self.enough, self.error = toy.context.hub, list[dict](), threading.Event(), None

    def run(self) -> None:
        try:
            while not self.enough.wait(0.1):
                moment = published(self.hub)
                if not self.seen or self.seen[-1] != moment:
                    self.seen.append(moment)
        except Exception as error:
            self.error = error

    def __enter__(self) -> "Reader":
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.enough.set()
        self.join()


def deliver(toy: Toy, rows: dict) -> Toy:
    """A delivery of both sources."""
    return toy.deliver("a", rows["a"]).deliver("b", rows["b"])


def run_again(toy: Toy) -> None:
    """A run in this process; the server may need a moment to see that the other one is dead."""
    for _ in range(40):
        try:
            toy.run()
            return
        except LockedError:
            time.sleep(0.1)
    toy.run()


def current(state: dict) -> dict:
    return {relation: state[relation] for relation in CURRENT}


@pytest.mark.parametrize("moment", MOMENTS)
def test_a_run_killed_at(moment: str, ground: Ground, base: Toy, states: tuple[dict, dict], killed: Callable[[Toy, str], int]):
    before, after = states
    toy = deliver(ground.copy(base), NEWS)

    with Reader(toy) as reader:
        code = killed(toy, moment)
        run_again(toy)

    assert code == -9, "the moment was never reached"
    assert reader.error is None
    assert [m for m in reader.seen if m not in (current(before), current(after))] == []
    assert published(toy.context.hub, EVER) == after
    ground.drop(toy)


@pytest.mark.parametrize("moment", FIRST_MOMENTS)
def test_a_first_run_killed_at(moment: str, ground: Ground, first: tuple[Toy, dict], killed: Callable[[Toy, str], int]):
    empty, after = first
    toy = deliver(ground.copy(empty), BEFORE)

    with Reader(toy) as reader:
        code = killed(toy, moment)
        run_again(toy)

    assert code == -9, "the moment was never reached"
    assert reader.error is None
    assert [m for m in reader.seen if any(m.values()) and m != current(after)] == []
    assert published(toy.context.hub, EVER) == after
    ground.drop(toy)
