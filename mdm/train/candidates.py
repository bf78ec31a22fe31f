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

_MOST_CANDIDATES = 3_000_000
_RANDOM = 500_000
_SEED = 1

Comparison = dict[str, Any]


def fitted(
    bench: Bench, entity: Entity, settings: dict[str, Any], words: Mapping[str, pl.DataFrame], evidence: dict[str, Any]
) -> dict[str, Any]:
    """The declared settings with prior, m and u; `evidence` grows by what was seen."""
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
    every = -(-found // _MOST_CANDIDATES)
    sample = f"(select a, b from blocked where hash(a, b) % {every} = 0)"
    comparisons = settings["comparisons"]
    fields = [c["output_column_name"] for c in comparisons]
    patterns, counts = _patterns(bench, comparisons, sample)
    free = [c["output_column_name"] for c in comparisons if _textual(bench, c)]
    chance = _chance(bench, [c for c in comparisons if c["output_column_name"] not in free])
    first = {
        f: mixture.shares(patterns[:, i], counts, len(_graded(c)))
        for i, (f, c) in enumerate(zip(fields, comparisons, strict=True))
    }
    mixed = mixture.fitted(patterns, counts, fields, first | chance)
    for name, comparison in zip(fields, comparisons, strict=True):
        u = mixed.u[name] if name in free else chance[name]
        _weighed(comparison, mixture.rising(mixed.m[name], u), u)
    settings["probability_two_random_records_match"] = mixed.share
    evidence |= {"sampled": int(counts.sum()), "share": round(mixed.share, 6), "from_candidates": free}
    return settings


def _chance(bench: Bench, comparisons: Sequence[Comparison]) -> dict[str, np.ndarray]:
    """How unrelated records agree, by random pairs: per comparison the share of each level."""
    if not comparisons:
        return {}
    patterns, counts = _patterns(bench, comparisons, _random_pairs(bench))
    return {c["output_column_name"]: mixture.shares(patterns[:, i], counts, len(_graded(c))) for i, c in enumerate(comparisons)}


def _graded(comparison: Comparison) -> list[dict[str, Any]]:
    """The levels that weigh something, weakest first."""
    return [level for level in reversed(comparison["comparison_levels"]) if not level.get("is_null_level")]


def _weighed(comparison: Comparison, m: np.ndarray, u: np.ndarray) -> None:
    for level, mine, theirs in zip(_graded(comparison), m, u, strict=True):
        level["m_probability"], level["u_probability"] = float(mine), float(theirs)


def _textual(bench: Bench, comparison: Comparison) -> bool:
    """The comparison looks at words or lists taken from a text."""
    listed = bench.execute(
        "select column_name from duckdb_columns() where database_name = 'bench' and table_name = 'compare' and data_type like '%[]'"
    )
    said = " ".join(level["sql_condition"] for level in comparison["comparison_levels"])
    return RARITY in said or any(f'"{column}_l"' in said for (column,) in listed)


def levels(bench: Bench, comparisons: Sequence[Comparison], pairs: str) -> pl.DataFrame:
    """The level each pair reaches in each comparison: a, b, g0, g1, ..."""
    return bench.frame(f"{_levels(bench, comparisons, pairs)} order by a, b")


def _levels(bench: Bench, comparisons: Sequence[Comparison], pairs: str) -> str:
    columns = [n for (n,) in bench.execute("select column_name from (describe comparable)")]
    sides = ", ".join(f'l."{c}" as "{c}_l", r."{c}" as "{c}_r"' for c in columns)
    # A ladder of one similarity is climbed with the similarity worked out once.
    steps = {f"s{i}": once for i, c in enumerate(comparisons) if (once := _ladder(c))}
    reached = ", ".join(f"{_level(c, steps.get(f's{i}'), f's{i}')} as g{i}" for i, c in enumerate(comparisons))
    worked = "".join(f", {expression} as {name}" for name, expression in steps.items())
    return (
        f"select a, b, {reached} from (select *{worked} from (select p.a, p.b, {sides} from {pairs} p "
        "join comparable l on l.record_id = p.a join comparable r on r.record_id = p.b))"
    )


def _ladder(comparison: Comparison) -> str | None:
    """What the levels of a ladder have in common: `similarity >= 0.9`, `similarity >= 0.75`, ..."""
    graded = [level["sql_condition"] for level in _graded(comparison)[1:]]
    lefts = {condition.rpartition(" >= ")[0] for condition in graded}
    return lefts.pop() if len(lefts) == 1 and len(graded) > 1 else None


def _patterns(bench: Bench, comparisons: Sequence[Comparison], pairs: str) -> tuple[np.ndarray, np.ndarray]:
    """How often each pattern of levels stands among pairs (a, b)."""
    names = ", ".join(f"g{i}" for i in range(len(comparisons)))
    rows = bench.frame(
        f"select {names}, count(*) as pairs from ({_levels(bench, comparisons, pairs)}) group by {names} order by {names}"
    )
    return rows.drop("pairs").to_numpy(), rows["pairs"].to_numpy()


def _level(comparison: Comparison, ladder: str | None, name: str) -> str:
    """SQL: the level a pair reaches, 0 for the last, -1 where there is nothing to compare."""
    graded = len(_graded(comparison))
    cases, number = [], graded - 1
    for level in comparison["comparison_levels"]:
        if level.get("is_null_level"):
            cases.append(f"when {level['sql_condition']} then -1")
        elif level["sql_condition"].strip().upper() != "ELSE":
            condition = level["sql_condition"]
            cases.append(f"when {condition.replace(ladder, name) if ladder else condition} then {number}")
            number -= 1
    return f"case {' '.join(cases)} else 0 end"


def _random_pairs(bench: Bench) -> str:
    """The name of a table of pairs drawn at random: the same records give the same pairs."""
    ids = bench.frame("select record_id from comparable order by record_id")["record_id"].to_numpy()
    draw = np.random.default_rng(_SEED)
    left, right = (ids[draw.integers(0, len(ids), min(_RANDOM, len(ids) * (len(ids) - 1)))] for _ in range(2))
    other = left != right
    bench.store("random_pairs", pl.DataFrame({"a": left[other], "b": right[other]}))
    return "random_pairs"
