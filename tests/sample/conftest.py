"""A toy whose truth is known: things with names that resemble each other, some of them delivered twice."""

import csv
import random
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from mdm import decisions, sample
from mdm.testing.toy import Toy

FIRST = ("Blue", "Red", "Green", "White", "Long", "Old", "Far", "High")
SECOND = ("Door", "Gate", "House", "Mill", "Bridge", "Lane")
CITIES = ("Oak", "Elm", "Ash", "Fir")


def things(count: int, seed: int) -> tuple[dict[str, list[dict[str, str]]], dict[str, int]]:
    """Rows of both sources, and the thing that each record is: names and cities alone do not always tell."""
    rng = random.Random(seed)
    rows: dict[str, list[dict[str, str]]] = {"a": [], "b": []}
    truth = {}
    for thing in range(count):
        name, city = f"{rng.choice(FIRST)} {rng.choice(SECOND)}", rng.choice(CITIES)
        for _ in range(rng.choice((1, 1, 2, 3))):
            source = rng.choice("ab")
            key = str(len(rows[source]))
            said = name if rng.random() < 0.8 else name.replace("o", "oo", 1) + rng.choice(("", "e"))
            moved = rng.choice(CITIES) if rng.random() < 0.15 else city
            code = f"C{thing}" if rng.random() < 0.4 else ""
            rows[source].append({"id": key, "name": said, "city": moved, "code": code})
            truth[f"{source}/things:{key}"] = thing
    return rows, truth


@pytest.fixture
def known(tmp_path: Path, hub_url: str) -> Iterator[tuple[Toy, dict[str, int]]]:
    """A published toy and its truth, once in each dialect."""
    toy, (rows, truth) = Toy(tmp_path, hub_url).lay(), things(100, seed=3)
    toy.with_entity(accept=0.05, review=0.01, hot=400)
    for source, said in rows.items():
        toy.deliver(source, said)
    toy.run()
    yield toy, truth
    toy.context.hub.dispose()


@pytest.fixture
def answers(tmp_path: Path) -> Callable[..., int]:
    """Answer the open pairs of the last sample by the truth, as a steward does with a file; returns how many."""

    def answered(toy: Toy, truth: dict[str, int], most: int | None = None) -> int:
        found = sample.reported(toy.context, "thing")
        rows = sample.listing(toy.context, found.sample, found.pairs).head(most or found.pairs.height)
        file = tmp_path / "answers.csv"
        with file.open("w", encoding="utf-8", newline="") as opened:
            writer = csv.DictWriter(opened, rows.columns)
            writer.writeheader()
            for row in rows.to_dicts():
                same = truth[row["a"]] == truth[row["b"]]
                writer.writerow({**row, "verdict": "match" if same else "no_match"})
        with toy.context.hub.begin() as tx:
            return len(decisions.from_file(tx, "thing", file, actor="ana"))

    return answered
