"""What a change can do to blocking: the keys it touches, counted over the whole base, and no others.

A key can only become hot through a record that changed, and stop being hot if it was: everything else stands.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import polars as pl

from mdm.bench import Bench
from mdm.blocking.rule import blocks, bound, hot_keys, key_sql
from mdm.entity import Entity

CHANGED = "(select * from bench.compare where record_id in (select record_id from changed))"
_HELD = "bench.hot"


@dataclass(frozen=True)
class Touched:
    """`hot`: every hot key now: rule, name, k. `pairs`: no more are made of what changed against everything."""

    hot: pl.DataFrame
    pairs: int


def touched(bench: Bench, entity: Entity, before: Collection[Sequence[int]]) -> Touched:
    """Hot keys and pairs after a change (bench table `changed`). `before`: what the last run remembered, see `hot_names`."""
    known = bench.has(_HELD) and {tuple(r) for r in bench.execute(f"select rule, name from {_HELD}")} == {
        tuple(b) for b in before
    }
    counted = [
        _counted(bench, list(columns), i, bound(entity, columns), known).with_columns(rule=pl.lit(i, pl.Int32))
        for i, columns in enumerate(blocks(entity))
    ]
    frame = pl.concat(counted)
    pairs = frame.filter(~pl.col("hot")).select((pl.col("mine") * (pl.col("n") - 1)).sum()).item()
    hot = frame.filter("hot").select("rule", "name", "k").sort("rule", "name") if known else hot_keys(bench, entity)
    return Touched(hot, int(pairs or 0))


def keep(bench: Bench, hot: pl.DataFrame) -> None:
    """Remember which keys are hot, for the next change."""
    bench.store(_HELD, hot.select("rule", "name", "k"))


def _counted(bench: Bench, columns: list[str], rule: int, most: int, known: bool) -> pl.DataFrame:
    """The touched keys of one rule: k, name, n (records), mine (changed ones), hot."""
    bench.execute(
        f"create or replace temp table touched_keys as select k, count(*) as mine from ({key_sql(bench, columns, source=CHANGED)}) "
        "group by k"
    )
    if known:
        bench.execute(
            f"insert into touched_keys select k, 0 from {_HELD} where rule = {rule} and k not in (select k from touched_keys)"
        )
    keys = key_sql(bench, columns, within="select k from touched_keys")
    return bench.frame(
        f"select k, mine::bigint as mine, count(*)::bigint as n, (md5_number_lower(any_value(t)) >> 1)::bigint as name, "
        f"count(*) > {most} as hot from ({keys}) join touched_keys using (k) group by k, mine"
    )
