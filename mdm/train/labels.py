"""Labels: what stewards have decided, as pairs that training may learn from.

A decision is one judgement, however many records it names: all pairs across its sides carry it, each by an equal part.
What a source merged or another hub had joined is no judgement of ours, and teaches nothing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from mdm import decisions, model
from mdm.bench import Bench
from mdm.hub import Session
from mdm.train import pattern
from mdm.train.pattern import Comparison

# Ten of the rarer verdict for each number they are to tell (Peduzzi and others 1996): shift, slope, and one to spare.
ENOUGH = 30
# What labels may weigh beside the pairs that taught a comparison: never more than a fifth of all.
_FIRM, _PARTS = 200.0, 4.0
# A comparison that fewer labelled matches have something to say about stays as it was learnt.
_HEARD = 10.0
_PAIRS: Any = {"a": pl.Int64, "b": pl.Int64, "is_match": pl.Boolean, "part": pl.Float64, "number": pl.Int64}


@dataclass(frozen=True)
class Labels:
    """Decided pairs (a, b, is_match, part) in order, and how many decisions of each verdict they carry."""

    pairs: pl.DataFrame
    matches: int = 0
    others: int = 0

    @property
    def enough(self) -> bool:
        """There are enough of both kinds to learn from."""
        return min(self.matches, self.others) >= ENOUGH

    @property
    def told(self) -> dict[str, Any]:
        """How many there are, as evidence."""
        return {"match": self.matches, "no_match": self.others, "used": self.enough}


def decided(session: Session, entity: str, event_seq: int) -> pl.DataFrame:
    """The pairs across the two sides of each decision in force at an event: a, b, is_match, part (of one), number."""
    given, members = decisions.live(session, entity, event_seq)
    given = given.filter(pl.col("verdict").is_in(["match", "no_match"]))
    sides = members.select("number", "side", "record_id")
    left, right = (sides.filter(pl.col("side") == s).select("number", pl.col("record_id").alias(s)) for s in ("a", "b"))
    across = given.join(left, on="number").join(right, on="number").filter(pl.col("a") != pl.col("b"))
    return (
        across.select("number", "verdict", a=pl.min_horizontal("a", "b"), b=pl.max_horizontal("a", "b"))
        .unique()
        .with_columns(is_match=pl.col("verdict") == "match", part=1 / pl.len().over("number"))
        .select(pl.col(name).cast(kind) for name, kind in _PAIRS.items())
        .sort("a", "b", "number")
    )


def known(bench: Bench, said: pl.DataFrame | None) -> Labels:
    """The decided pairs whose records are both on the bench; said twice, a pair counts once."""
    if said is None or said.is_empty():
        return Labels(pl.DataFrame(schema=_PAIRS).drop("number"))
    here = bench.frame("select record_id from bench.compare")
    found = said.join(here, left_on="a", right_on="record_id", how="semi").join(
        here, left_on="b", right_on="record_id", how="semi"
    )
    of = found.group_by("is_match").agg(pl.col("number").n_unique())
    matches, others = (sum(of.filter(pl.col("is_match") == kind)["number"]) for kind in (True, False))
    pairs = found.group_by("a", "b", "is_match").agg(pl.col("part").max()).sort("a", "b")
    return Labels(pairs, matches, others)


def pinned(bench: Bench, labels: Labels, comparisons: Sequence[Comparison]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The decided pairs among those blocked: their patterns, what each counts, and 1 for matches, 0 for others."""
    bench.store("labelled", labels.pairs)
    reached = pattern.levels(bench, comparisons, "(select a, b from labelled semi join blocked using (a, b))")
    found = reached.join(labels.pairs, on=["a", "b"], how="left", maintain_order="left")
    patterns = found.select(f"g{i}" for i in range(len(comparisons))).to_numpy()
    return patterns, found["part"].to_numpy(), found["is_match"].cast(pl.Float64).to_numpy()


def taught(
    bench: Bench, labels: Labels, settings: dict[str, Any], words: Mapping[str, pl.DataFrame], evidence: dict[str, Any]
) -> dict[str, Any]:
    """Settings learnt on blocks, with m moved towards the decided matches; `evidence` says how many each comparison heard."""
    seen = max((float(b["pairs"]) for b in evidence["blocks"]), default=0.0)
    matches = Labels(labels.pairs.filter("is_match"))
    bench.store("labelled", matches.pairs)
    # A match tells what matches are like, whether or not blocking finds it.
    bench.execute("create or replace table blocked as select a, b, 0 as rule from labelled")
    model.comparable(bench, words)
    patterns, part, _ = pinned(bench, matches, settings["comparisons"])
    heard = {c["output_column_name"]: blended(c, patterns[:, i], part, seen) for i, c in enumerate(settings["comparisons"])}
    evidence["decisions"]["heard"] = {name: round(spoke, 3) for name, spoke in heard.items() if spoke}
    return settings


def blended(comparison: Comparison, reached: np.ndarray, part: np.ndarray, seen: float) -> float:
    """Move a comparison's m towards the levels that decided matches reach; returns how many of them spoke.

    The most probable m under a Dirichlet prior at what was learnt from `seen` pairs. Decided pairs come from where the model
    doubts: their share is bounded, so that they correct a comparison and never overturn it. u stays as it is, for what
    stewards tell apart are look-alikes, not strangers. `reached`: the level of each pair, weakest 0, -1 for none.
    """
    levels = pattern.graded(comparison)
    heard = reached >= 0
    spoke = float(part[heard].sum())
    free = [i for i, level in enumerate(levels) if level.get("m_probability") and not level.get("fix_m_probability")]
    if spoke < _HEARD or len(free) < 2:
        return 0.0
    counts = np.bincount(reached[heard], weights=part[heard], minlength=len(levels))[free]
    m = np.array([levels[i]["m_probability"] for i in free])
    firm = max(seen, _FIRM, _PARTS * spoke)
    blended = (firm * m / m.sum() + counts) / (firm + counts.sum()) * m.sum()
    for i, value in zip(free, blended, strict=True):
        levels[i]["m_probability"] = float(value)
    return spoke
