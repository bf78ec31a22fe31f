"""Difference: what another model would change, told on the pairs of today.

Both models score the same candidates. Pairs that an identifier joins, or that something declared keeps apart, are left
out: no weight decides them. Decisions and the order of joining are not played through; that is what `mdm run --plan` is for.
"""

import math
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import polars as pl
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from mdm import exposure, model
from mdm.bench import Bench
from mdm.compare import RARITY
from mdm.entity import Entity
from mdm.model import Model
from mdm.train import scoring

STATES = ("apart", "queue", "joined")
_ROLE = "steward"
_SHOWN = 5
_MOST_CANDIDATES = 20_000_000
_PAIRS = {"a": pl.Int64, "b": pl.Int64}


@dataclass(frozen=True)
class Mover:
    """A pair that weighs otherwise: its records, both weights in bits, and the comparison that moved it most, with its values."""

    a: str
    b: str
    before: float
    after: float
    was: str
    becomes: str
    moved_by: str
    bits: float
    a_value: str | None
    b_value: str | None


@dataclass(frozen=True)
class Difference:
    """What one model would change of another's pairs.

    `candidates`: pairs scored, one of `every`. `moves`: pairs by "was -> becomes". `merged`: groups of records that would
    take in several of today's, `split`: groups of today that would fall apart; counted only where every pair was scored.
    """

    before: int
    candidates: int
    every: int
    moves: Mapping[str, int]
    merged: int | None
    split: int | None
    movers: tuple[Mover, ...] = ()

    @property
    def counts(self) -> dict[str, Any]:
        """The figures without the pairs: what a model keeps as evidence."""
        return {name: value for name, value in asdict(self).items() if name != "movers"}


def between(bench: Bench, entity: Entity, before: Model, after: Model) -> Difference | None:
    """What `after` would change; None when the older one was made for other columns and can score nothing here."""
    if not all(_scorable(bench, m) for m in (before, after)) or not entity.comparisons:
        return None
    found = scoring.blocked(bench, entity)
    every = max(-(-found // _MOST_CANDIDATES), 1)
    pairs = f"{scoring.weighable(entity, 'blocked')} and hash(a, b) % {every} = 0"
    both = _both(bench, entity, pairs, before, after)
    moved = both.filter(pl.col("was") != pl.col("becomes"))
    moves = {f"{w} -> {b}": n for w, b, n in moved.group_by("was", "becomes").len().sort("was", "becomes").iter_rows()}
    merged, split = _regrouped(bench, entity, both) if every == 1 else (None, None)
    movers = _movers(bench, entity, _largest(both), before, after)
    return Difference(before.number, -(-found // every), every, moves, merged, split, tuple(movers))


def regrouped(before: pl.DataFrame, after: pl.DataFrame) -> tuple[int, int]:
    """How many groups of joined pairs (a, b) would take in several of before, and how many of before would fall apart. Pure."""
    ends = [frame[side].rename("record") for frame in (before, after) for side in ("a", "b")]
    records = pl.concat(ends).unique().sort()
    groups = pl.DataFrame({"old": _groups(records, before), "new": _groups(records, after)})
    counted = [
        groups.group_by(one).agg(pl.col(other).n_unique()).filter(pl.col(other) > 1).height
        for one, other in (("new", "old"), ("old", "new"))
    ]
    return counted[0], counted[1]


def _groups(records: pl.Series, pairs: pl.DataFrame) -> np.ndarray:
    names = records.to_numpy()
    left, right = (np.searchsorted(names, pairs[side].to_numpy()) for side in ("a", "b"))
    graph = coo_matrix((np.ones(len(left), dtype=np.int8), (left, right)), shape=(len(names), len(names)))
    return connected_components(graph, directed=False)[1] if len(names) else np.array([], dtype=np.int32)


def _both(bench: Bench, entity: Entity, pairs: str, before: Model, after: Model) -> pl.DataFrame:
    """The pairs that either model keeps: a, b, before, after (null: below `review`), was, becomes."""
    floor = model.weight_of(entity.review)
    old, new = (scoring.scored(bench, m, pairs, floor).rename({"weight": n}) for m, n in ((before, "before"), (after, "after")))
    both = old.join(new, on=["a", "b"], how="full", coalesce=True).sort("a", "b")
    return both.with_columns(was=_state(entity, "before"), becomes=_state(entity, "after"))


def _state(entity: Entity, weight: str) -> pl.Expr:
    apart, queue, joined = STATES
    accept = pl.col(weight) >= model.weight_of(entity.accept)
    return pl.when(accept).then(pl.lit(joined)).when(pl.col(weight).is_not_null()).then(pl.lit(queue)).otherwise(pl.lit(apart))


def _regrouped(bench: Bench, entity: Entity, both: pl.DataFrame) -> tuple[int, int]:
    certain = bench.frame(
        "select a, b from blocked join bench.compare l on l.record_id = a join bench.compare r on r.record_id = b "
        f"where {scoring.by_identifier(entity)} and not {scoring.by_constraint(entity)}"
    ).cast(_PAIRS)  # type: ignore[arg-type]
    joined = [pl.concat([certain, both.filter(pl.col(c) == STATES[-1]).select("a", "b")]) for c in ("was", "becomes")]
    return regrouped(joined[0], joined[1])


def _largest(both: pl.DataFrame) -> pl.DataFrame:
    """The pairs that move most, those first that change their state."""
    lowest = min((x for x in (both["before"].min(), both["after"].min()) if x is not None), default=0.0)
    by = (pl.col("after").fill_null(lowest) - pl.col("before").fill_null(lowest)).abs()
    moved = both.with_columns(by=by, stays=pl.col("was") == pl.col("becomes")).filter(pl.col("by") > 0)
    return (
        moved.sort("stays", "by", "a", "b", descending=[False, True, False, False])
        .head(_SHOWN)
        .select("a", "b", "was", "becomes")
    )


def _movers(bench: Bench, entity: Entity, pairs: pl.DataFrame, before: Model, after: Model) -> list[Mover]:
    if pairs.is_empty():
        return []
    bench.store("blocked", pairs.select("a", "b", rule=pl.lit(0)))
    sql = "select a, b from blocked"
    told = [{(r["a"], r["b"]): r for r in scoring.scored(bench, m, sql, explain=True).to_dicts()} for m in (before, after)]
    with bench.given("_moved", pairs):
        names = dict(bench.execute(
            "select distinct record_id, source || '/' || stream || ':' || source_key from bench.record "
            "join _moved on record_id in (a, b)"))  # fmt: skip
    return [
        _mover(entity, names, row, told[0][row["a"], row["b"]], told[1][row["a"], row["b"]], after) for row in pairs.to_dicts()
    ]


def _mover(
    entity: Entity,
    names: Mapping[int, str],
    pair: Mapping[str, Any],
    old: Mapping[str, Any],
    new: Mapping[str, Any],
    after: Model,
) -> Mover:
    parts = {name: bits - _parts(old, after).get(name, 0.0) for name, bits in _parts(new, after).items()}
    most = max(parts, key=lambda name: (abs(parts[name]), name))
    comparison = next((c for c in after.settings["comparisons"] if c["output_column_name"] == most), None)
    values = [_shown(entity, comparison, new, side) if comparison else None for side in ("l", "r")]
    return Mover(
        names[pair["a"]], names[pair["b"]], round(old["weight"], 2), round(new["weight"], 2), pair["was"], pair["becomes"],
        most, round(parts[most], 2), values[0], values[1],
    )  # fmt: skip


def _parts(row: Mapping[str, Any], fitted: Model) -> dict[str, float]:
    """What a weight is the sum of: each comparison, the prior, and the calibration."""
    names = [c["output_column_name"] for c in fitted.settings["comparisons"]]
    parts = {n: (row.get(f"mw_{n}") or 0.0) + (row.get(f"mw_tf_adj_{n}") or 0.0) for n in names}
    return parts | {"prior": row["match_weight"] - math.fsum(parts.values()), "calibration": row["weight"] - row["match_weight"]}


def _shown(entity: Entity, comparison: Mapping[str, Any], row: Mapping[str, Any], side: str) -> str | None:
    """What a comparison saw on one side, as far as a steward may."""
    hidden = set(exposure.hidden(entity.attributes, _ROLE))
    hidden |= {k.name for k in entity.keys if hidden & set(k.of)}
    values = [
        exposure.MASK if column in hidden else row[f"{column}_{side}"]
        for column in sorted(_columns(comparison))
        if row.get(f"{column}_{side}") is not None and not column.endswith(RARITY)
    ]
    return ", ".join("; ".join(map(str, v)) if isinstance(v, list) else str(v) for v in values) or None


def _columns(comparison: Mapping[str, Any]) -> set[str]:
    return {c for level in comparison["comparison_levels"] for c in re.findall(r'"?(\w+)_l\b', level["sql_condition"])}


def _scorable(bench: Bench, fitted: Model) -> bool:
    held = {n for (n,) in bench.execute("select column_name from (describe bench.compare)")}
    wanted = set().union(*(_columns(c) for c in fitted.settings["comparisons"]), *([t] for t in fitted.terms))
    return {c.removesuffix(RARITY) for c in wanted} <= held
