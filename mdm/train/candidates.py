"""Training on candidates: all pairs that blocking finds, as a mixture of matches and others.

For declarations without identifiers to learn from. How unrelated records agree in a column comes from random pairs; in
a text it comes from the candidates themselves, since blocking on words picks pairs whose texts are alike by chance.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import polars as pl

from mdm import blocking, mixture, model
from mdm.bench import Bench
from mdm.compare import RARITY
from mdm.entity import Entity
from mdm.train import labels, pattern
from mdm.train.labels import Labels
from mdm.train.pattern import Comparison

_MOST_CANDIDATES = 3_000_000
_RANDOM = 500_000
_SEED = 1


def fitted(
    bench: Bench, entity: Entity, settings: dict[str, Any], words: Mapping[str, pl.DataFrame], evidence: dict[str, Any],
    decided: Labels | None = None,
) -> dict[str, Any]:  # fmt: skip
    """The declared settings with prior, m and u; `evidence` grows by what was seen. Pairs that are `decided` are no guess."""
    # Learnt on wider blocks than are matched on: strangers who share nothing must be seen to be told apart.
    wide = replace(entity, block=entity.train) if entity.train else entity
    ahead = blocking.forecast(bench, wide)
    blocking.allow(bench, wide, ahead)
    bench.store("hot_now", blocking.hot_keys(bench, wide, ahead.hot))
    evidence["candidates"] = found = blocking.candidates(bench, wide, whole=True)
    if not found or not entity.comparisons:
        settings["probability_two_random_records_match"] = model.prior(entity, evidence["records"])
        return settings
    model.comparable(bench, words)
    if len(entity.comparisons) == 1:
        # One comparison alone cannot be parted into two kinds: the declared weights stand, as even odds leave them.
        settings["probability_two_random_records_match"] = 0.5
        evidence["declared_levels"] = [
            {"comparison": settings["comparisons"][0]["output_column_name"], "what": "mu", "levels": []}
        ]
        return settings
    comparisons = settings["comparisons"]
    fields = [c["output_column_name"] for c in comparisons]
    patterns, counts, pinned = _seen(bench, comparisons, found, decided)
    free = [c["output_column_name"] for c in comparisons if _textual(bench, c)]
    chance = _chance(bench, [c for c in comparisons if c["output_column_name"] not in free])
    first = {
        f: mixture.shares(patterns[:, i], counts, len(pattern.graded(c)))
        for i, (f, c) in enumerate(zip(fields, comparisons, strict=True))
    }
    mixed = mixture.fitted(patterns, counts, fields, first | chance, pinned)
    for name, comparison in zip(fields, comparisons, strict=True):
        u = mixed.u[name] if name in free else chance[name]
        _weighed(comparison, mixture.rising(mixed.m[name], u), u)
    settings["probability_two_random_records_match"] = mixed.share
    evidence |= {"sampled": int(counts.sum()), "share": round(mixed.share, 6), "from_candidates": free}
    return settings


def _seen(
    bench: Bench, comparisons: Sequence[Comparison], found: int, decided: Labels | None
) -> tuple[np.ndarray, np.ndarray, np.ndarray | None]:
    """Patterns of the candidates, how often each stands, and what is known of them (see `mixture.fitted`)."""
    sample = f"select a, b from blocked where hash(a, b) % {-(-found // _MOST_CANDIDATES)} = 0"
    if decided is None:
        return *pattern.counted(bench, comparisons, f"({sample})"), None
    known, part, verdicts = labels.pinned(bench, decided, comparisons)
    patterns, counts = pattern.counted(bench, comparisons, f"(from ({sample}) anti join labelled using (a, b))")
    pinned = np.concatenate([np.full(len(counts), np.nan), verdicts])
    return np.concatenate([patterns, known]), np.concatenate([counts, part]), pinned


def _chance(bench: Bench, comparisons: Sequence[Comparison]) -> dict[str, np.ndarray]:
    """How unrelated records agree, by random pairs: per comparison the share of each level."""
    if not comparisons:
        return {}
    patterns, counts = pattern.counted(bench, comparisons, _random_pairs(bench))
    return {
        c["output_column_name"]: mixture.shares(patterns[:, i], counts, len(pattern.graded(c))) for i, c in enumerate(comparisons)
    }


def _weighed(comparison: Comparison, m: np.ndarray, u: np.ndarray) -> None:
    for level, mine, theirs in zip(pattern.graded(comparison), m, u, strict=True):
        level["m_probability"], level["u_probability"] = float(mine), float(theirs)


def _textual(bench: Bench, comparison: Comparison) -> bool:
    """The comparison looks at words or lists taken from a text."""
    listed = bench.execute(
        "select column_name from duckdb_columns() where database_name = 'bench' and table_name = 'compare' and data_type like '%[]'"
    )
    said = " ".join(level["sql_condition"] for level in comparison["comparison_levels"])
    return RARITY in said or any(f'"{column}_l"' in said for (column,) in listed)


def _random_pairs(bench: Bench) -> str:
    """The name of a table of pairs drawn at random: the same records give the same pairs."""
    ids = bench.frame("select record_id from comparable order by record_id")["record_id"].to_numpy()
    draw = np.random.default_rng(_SEED)
    left, right = (ids[draw.integers(0, len(ids), min(_RANDOM, len(ids) * (len(ids) - 1)))] for _ in range(2))
    other = left != right
    bench.store("random_pairs", pl.DataFrame({"a": left[other], "b": right[other]}))
    return "random_pairs"
