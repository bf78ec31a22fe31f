"""Forecast: what the next answers are expected to bring. Pure.

Until somebody answers, machines keep the two sides of a question apart; the answer puts right what that got wrong.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import polars as pl

# The answers looked ahead at, where nobody says how many.
STEPS = (10, 50, 200)
# Where no steward has answered a question of a kind, both answers are as likely as not.
_UNKNOWN = (1, 2)


@dataclass(frozen=True)
class Outlook:
    """What so many answers bring: golden records that turn out to be one, and the true pairs of records won.

    `recall` is by how much the share of true pairs that are in one golden record grows; `usual` is how many duplicates the
    same number of answers would settle on average, were they taken from the queue at random.
    """

    answers: int
    duplicates: float
    pairs: float
    recall: float
    usual: float

    def as_dict(self) -> dict[str, Any]:
        """For a document."""
        return {k: round(v, 4) if isinstance(v, float) else v for k, v in asdict(self).items()}


def likely(queue: pl.DataFrame, answered: Mapping[str, tuple[int, int]]) -> pl.DataFrame:
    """The questions (kind, probability, doubt) with `likely`: how probable a match is.

    A doubt is as probable as its weight says. What stands against a contradiction no weight knows: there it is the share of
    matches among the answers to questions of its kind (`answered`: kind -> matches, answers). A hub is no match.
    """
    share = {k: (matches + _UNKNOWN[0]) / (answers + _UNKNOWN[1]) for k, (matches, answers) in answered.items()}
    usual = pl.col("kind").replace_strict(share, default=_UNKNOWN[0] / _UNKNOWN[1], return_dtype=pl.Float64)
    return queue.with_columns(
        likely=pl.when(pl.col("kind") == "shared").then(0.0)
        .when(pl.col("doubt")).then("probability").otherwise(usual)
    )  # fmt: skip


def forecast(queue: pl.DataFrame, published: int, steps: Sequence[int] = STEPS) -> list[Outlook]:
    """What the first so many questions bring: queue (likely, sizes of both sides: size_a, size_b), most important first.

    `published`: how many pairs of records are in one golden record now.
    """
    gains = queue.select("likely", pairs=pl.col("likely") * pl.col("size_a") * pl.col("size_b"))
    # Of what the queue can win, and what is won already.
    every, reachable = (float(gains[c].sum()) + more for c, more in (("likely", 0), ("pairs", published)))
    found = []
    for step in sorted({min(s, queue.height) for s in steps}):
        duplicates, pairs = (float(gains[c].head(step).sum()) for c in ("likely", "pairs"))
        usual = every * step / queue.height if queue.height else 0.0
        found.append(Outlook(step, duplicates, pairs, pairs / reachable if reachable else 0.0, usual))
    return found
