"""A toy with seventy pairs that stewards can decide."""

from collections.abc import Sequence

import sqlalchemy as sa

from mdm import decisions
from mdm.hub.version import open_now
from mdm.testing.toy import Toy

PAIRS = 70
# Twins have one name and one town, near ones a name much alike; the model believes in both.
TWINS = 35


def verdict(pair: int) -> str:
    """What the steward says: most twins are one, most near ones are not."""
    return "match" if (pair < TWINS) == (pair % 10 != 0) else "no_match"


def rows(source: str, pairs: Sequence[int] = range(PAIRS)) -> list[dict[str, str]]:
    """One record of each pair."""
    names = {
        i: f"{chr(97 + i % 26)}{chr(97 + i // 26)}{'lor' if i % 2 else 'tam'}in {'best' if i % 3 else 'crane'}" for i in pairs
    }
    near = {i: n if i < TWINS else f"{n}s" for i, n in names.items()}
    return [{"id": str(i), "name": n, "city": f"town {i}"} for i, n in (names if source == "a" else near).items()]


def laid(toy: Toy) -> Toy:
    """The toy with its pairs, run once: model 1, nothing decided."""
    toy.lay().deliver("a", rows("a")).deliver("b", rows("b")).run()
    return toy


def decide(toy: Toy, pairs: Sequence[int] = range(PAIRS)) -> list[int]:
    """Say what holds of these pairs; returns the numbers of the decisions."""
    with toy.context.hub.begin() as tx:
        return [
            decisions.decide(tx, "thing", f"a/things:{i}", f"b/things:{i}", verdict(i), actor="ana", reason="looked")
            for i in pairs
        ]


def weights(toy: Toy) -> dict[tuple[int, int], float]:
    """The weight of every pair that is kept."""
    pair = toy.context.hub.tables("thing").pair
    with toy.context.hub.read() as session:
        return {(a, b): w for a, b, w in session.execute(sa.select(pair.c.a, pair.c.b, pair.c.weight).where(open_now(pair)))}
