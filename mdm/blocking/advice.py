"""Advice: changes to blocking rules, each counted on the keys of these very records and not guessed."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

import polars as pl

from mdm.bench import Bench
from mdm.blocking.forecast import Cost, Forecast, cost, sizes_of
from mdm.blocking.pair import made
from mdm.blocking.rule import key_sql
from mdm.entity import Block, Entity

_ADVICES, _TRIED = 3, 8
# Pairs a record that a rule may well cost.
AFFORDABLE = 15
# A further column that fewer of the records have would lose the others.
_KEPT = 0.5
# A rule that would find a smaller share of the lost pairs is not worth having.
_WORTH = 0.05


@dataclass(frozen=True)
class Advice:
    """A rule, the pairs it makes, and the share it keeps of the records of the rule it replaces, or finds of lost pairs."""

    code: str
    pairs: int
    share: float


def advice(bench: Bench, entity: Entity, ahead: Forecast, worst: Cost) -> list[Advice]:
    """What would bring a rule below the limit, best first: a further column, else a lower limit of its own."""
    room = max(ahead.limit - (ahead.pairs - worst.pairs), 0)
    found = [a for a in further(bench, entity, worst) if a.pairs <= room][:_ADVICES]
    cooler = lower(worst, ahead.sizes.filter(pl.col("rule") == worst.number), room)
    return [*found, *([cooler] if cooler else [])]


def further(bench: Bench, entity: Entity, rule: Cost) -> list[Advice]:
    """The rule with each further column that its records have, those that keep most records and affordable pairs first."""
    affordable, tried = AFFORDABLE * bench.execute("select count(*) from bench.compare")[0][0], []
    for column in _columns(bench, entity, rule):
        columns = (*rule.columns, column)
        made = cost(entity, rule.number, Block(*columns, hot=rule.hot), sizes_of(bench, list(columns)))
        kept = min(made.records / max(rule.records, 1), 1.0)
        tried.append(Advice(written(columns), made.pairs, kept))
    # Of rules that can be afforded, the one with more pairs finds more.
    return sorted(
        (a for a in tried if a.share >= _KEPT and a.pairs),
        key=lambda a: (a.pairs > affordable, -round(a.share, 1), a.pairs if a.pairs > affordable else -a.pairs, a.code),
    )


def lower(rule: Cost, sized: pl.DataFrame, room: int) -> Advice | None:
    """The highest limit of its own under which the rule makes no more pairs than there is room for. Pure."""
    rising = sized.filter(pl.col("n") > 1).sort("n").with_columns(made=pl.col("pairs").cum_sum())
    fits = rising.filter((pl.col("made") <= room) & (pl.col("n") < rule.hot))
    if fits.is_empty():
        return None
    hot, made = int(fits["n"][-1]), int(fits["made"][-1])
    kept = sized.filter(pl.col("n") <= hot).select((pl.col("n") * pl.col("keys")).sum()).item() / max(rule.records, 1)
    return Advice(written(rule.columns, hot), made, kept)


def better(bench: Bench, entity: Entity, pairs: pl.DataFrame) -> list[Advice]:
    """Further rules that would find pairs (a, b, agrees) that are lost now, best first; each finds what those before leave."""
    records = bench.execute("select count(*) from bench.compare")[0][0]
    values = {c: _values(bench, c) for c in sorted(set().union(*pairs["agrees"].to_list()))}
    left = pairs
    found: list[Advice] = []
    while left.height and len(found) < _ADVICES:
        tried = []
        for columns in _combined(left, values, records)[:_TRIED]:
            rule = cost(entity, 0, Block(*columns), sizes_of(bench, list(columns)))
            if rule.pairs <= AFFORDABLE * records and not rule.silent:
                caught = made(bench, replace(entity, block=[columns]), left)
                tried.append((caught.height, -rule.pairs, columns, caught))
        worth = [t for t in tried if t[0] >= max(_WORTH * pairs.height, 1)]
        if not worth:
            break
        most, saved, columns, caught = max(worth, key=lambda t: t[:3])
        found.append(Advice(written(columns), -saved, most / pairs.height))
        left = left.join(caught, on=["a", "b"], how="anti")
    return found


def _combined(pairs: pl.DataFrame, values: Mapping[str, int], records: int) -> list[tuple[str, ...]]:
    """One to three columns in which most of the pairs agree and that part records well enough to be afforded. Pure.

    `values`: how many different ones each column has.
    """
    agreeing = [set(names) for names in pairs["agrees"].to_list()]
    parting = [
        some
        for size in (1, 2, 3)
        for some in combinations(values, size)
        if records <= 2 * AFFORDABLE * math.prod(values[c] for c in some)
    ]
    counted = [(sum(1 for names in agreeing if names.issuperset(some)), some) for some in parting]
    return [some for count, some in sorted(counted, key=lambda c: (-c[0], len(c[1]), c[1])) if count]


def _values(bench: Bench, column: str) -> int:
    return bench.execute(f"select approx_count_distinct(k) from ({key_sql(bench, [column])})")[0][0]


def written(columns: Sequence[str], hot: int | None = None) -> str:
    """A rule as code."""
    names = ", ".join(f'"{c}"' for c in columns)
    return f"Block({names}, hot={hot})" if hot else f"[{names}]"


def _columns(bench: Bench, entity: Entity, rule: Cost) -> list[str]:
    """Columns worth trying: filled often enough, one value a record, neither constant nor telling every record apart."""
    kinds = dict(
        bench.execute(
            "select column_name, data_type from duckdb_columns() where database_name = 'bench' and table_name = 'compare'"
        )
    )
    # What makes pairs by itself already would add none.
    alone = {c for block in entity.block if len(block) == 1 for c in block} | set(rule.columns)
    names = [c for c in entity.columns if c not in alone and kinds.get(c, "").upper() in ("VARCHAR", "DATE")]
    if not names:
        return []
    told = bench.execute(
        "select count(*), " + ", ".join(f'count("{c}"), approx_count_distinct("{c}")' for c in names) + " from bench.compare"
    )[0]
    records, filled, values = told[0], told[1::2], told[2::2]
    worth = [(c, v) for c, f, v in zip(names, filled, values, strict=True) if f >= _KEPT * records and v > 1 and v < 0.95 * f]
    # Columns that other rules trust come first; then those of many values, which part most.
    trusted = {c for b in entity.block for c in b}
    return [c for c, _ in sorted(worth, key=lambda w: (w[0] not in trusted, -w[1], w[0]))][:_TRIED]
