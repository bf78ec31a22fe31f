"""Patterns: which level each pair reaches in each comparison, by Splink's own conditions, and how often each stands."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import polars as pl

from mdm.bench import Bench

Comparison = dict[str, Any]


def graded(comparison: Comparison) -> list[dict[str, Any]]:
    """The levels that weigh something, weakest first."""
    return [level for level in reversed(comparison["comparison_levels"]) if not level.get("is_null_level")]


def levels(bench: Bench, comparisons: Sequence[Comparison], pairs: str) -> pl.DataFrame:
    """The level each pair (a, b) reaches in each comparison: a, b, g0, g1, ...; -1 where there is nothing to compare."""
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
    conditions = [level["sql_condition"] for level in graded(comparison)[1:]]
    lefts = {condition.rpartition(" >= ")[0] for condition in conditions}
    return lefts.pop() if len(lefts) == 1 and len(conditions) > 1 else None


def counted(bench: Bench, comparisons: Sequence[Comparison], pairs: str) -> tuple[np.ndarray, np.ndarray]:
    """How often each pattern of levels stands among pairs (a, b)."""
    names = ", ".join(f"g{i}" for i in range(len(comparisons)))
    rows = bench.frame(
        f"select {names}, count(*) as pairs from ({_levels(bench, comparisons, pairs)}) group by {names} order by {names}"
    )
    return rows.drop("pairs").to_numpy(), rows["pairs"].to_numpy()


def _level(comparison: Comparison, ladder: str | None, name: str) -> str:
    """SQL: the level a pair reaches, 0 for the last, -1 where there is nothing to compare."""
    cases, number = [], len(graded(comparison)) - 1
    for level in comparison["comparison_levels"]:
        if level.get("is_null_level"):
            cases.append(f"when {level['sql_condition']} then -1")
        elif level["sql_condition"].strip().upper() != "ELSE":
            condition = level["sql_condition"]
            cases.append(f"when {condition.replace(ladder, name) if ladder else condition} then {number}")
            number -= 1
    return f"case {' '.join(cases)} else 0 end"
