"""Refusal: rules that would make too many pairs, or next to none, are named before any work is done, with what would help.

The advice is counted, not guessed: each further column and each lower limit is tried on the keys of these records.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from mdm import exposure
from mdm.bench import Bench
from mdm.blocking.forecast import BYTES, Cost, Forecast, changed, cost, limit, sizes_of
from mdm.blocking.rule import key_sql
from mdm.entity import Block, Entity
from mdm.errors import BlockingError

_SHOWN, _ADVICES, _TRIED = 3, 3, 8
# Pairs a record that a rule may well cost.
AFFORDABLE = 15
# A further column that fewer of the records have would lose the others.
_KEPT = 0.5
# One pair in this many records is as good as none.
_NOTHING = 1_000


@dataclass(frozen=True)
class Advice:
    """A change to a rule, the pairs it would then make, and the share of its records that it would keep."""

    code: str
    pairs: int
    kept: float

    def __str__(self) -> str:
        return f"{self.code} makes {self.pairs:,} pairs and keeps {self.kept:.0%} of its records"


def allow(bench: Bench, entity: Entity, ahead: Forecast, *, whole: bool = True) -> None:
    """Raise BlockingError where the rules would make more pairs than the limit, or where they find nobody at all."""
    if ahead.pairs > ahead.limit:
        pairs = ahead.pairs if whole else changed(bench, entity)
        if pairs > ahead.limit:
            raise BlockingError(_explosion(bench, entity, ahead, pairs))
    if whole and nothing(ahead):
        raise BlockingError(_barren(ahead))


def allow_training(bench: Bench, entity: Entity, columns: Sequence[str]) -> None:
    """Raise BlockingError where a training block, on which no key is too hot, has more pairs than the limit."""
    sized = sizes_of(bench, list(columns))
    records = bench.execute("select count(*) from bench.compare")[0][0]
    pairs, most = int(sized["pairs"].sum()), limit(bench, records)
    if pairs > most:
        rule = cost(entity, 0, Block(*columns, hot=records), sized)
        found = [a for a in further(bench, entity, rule) if a.pairs <= most][:_ADVICES]
        change = "; or ".join(map(str, found)) if found else "add a column to it that tells more records apart"
        raise BlockingError(
            f"{entity.name}: the training block {written(columns)} has {pairs:,} pairs of {records:,} records, more than the limit "
            f"of {most:,}; no model was made. In rules/{entity.name}.py, instead of it: {change}. Or allow them with "
            f"`[run] pairs = {pairs}`"
        )


def nothing(ahead: Forecast) -> bool:
    """Every rule is useless and records of several streams never meet. Pure."""
    filled = [c for c in ahead.costs if c.keys]
    several = ahead.streams > 1 and ahead.records >= _NOTHING
    return bool(filled) and several and all(c.useless for c in filled) and ahead.pairs * _NOTHING < ahead.records


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
        (a for a in tried if a.kept >= _KEPT and a.pairs),
        key=lambda a: (a.pairs > affordable, -round(a.kept, 1), a.pairs if a.pairs > affordable else -a.pairs, a.code),
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


def written(columns: Sequence[str], hot: int | None = None) -> str:
    """A rule as code."""
    names = ", ".join(f'"{c}"' for c in columns)
    return f"Block({names}, hot={hot})" if hot else f"[{names}]"


def largest(bench: Bench, entity: Entity, rule: Cost) -> list[tuple[str, int]]:
    """The largest keys that make pairs, and how many records share each; no value that is personal."""
    open_ = not _hidden(entity, rule.columns)
    rows = bench.execute(
        f"select any_value(t), count(*) as n from ({key_sql(bench, list(rule.columns))}) group by k having count(*) <= {rule.hot} "
        f"order by n desc, any_value(t) limit {_SHOWN}"
    )
    return [(text if open_ else exposure.MASK, n) for text, n in rows]


def _hidden(entity: Entity, columns: Sequence[str]) -> bool:
    made_of = {k.name: k.of for k in entity.keys}
    names = {name for column in columns for name in made_of.get(column, (column,))}
    return any(entity.attribute(n).exposure in ("personal", "sensitive") for n in names if n not in made_of)


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


def _explosion(bench: Bench, entity: Entity, ahead: Forecast, pairs: int) -> str:
    worst = max(ahead.costs, key=lambda c: (c.pairs, -c.number))
    keys = ", ".join(f"{text!r} with {n:,} records" for text, n in largest(bench, entity, worst))
    help_ = advice(bench, entity, ahead, worst)
    change = "; or ".join(map(str, help_)) if help_ else "add a column to it that tells more records apart"
    return (
        f"{entity.name}: blocking would make {pairs:,} pairs of {ahead.records:,} records, more than the limit of "
        f"{ahead.limit:,}; nothing was matched, and what is published stays. Most come from the rule {written(worst.columns)}: "
        f"{worst.pairs:,} pairs of {worst.keys:,} keys, the largest {keys}. In rules/{entity.name}.py, instead of it: {change}. "
        f"Or allow them with `[run] pairs = {pairs}`, which needs about {size(pairs * BYTES)} of memory or disk"
    )


def _barren(ahead: Forecast) -> str:
    told = ", ".join(f"{written(c.columns)} ({c.silent})" for c in ahead.costs if c.silent)
    return (
        f"{ahead.entity}: blocking would find no pairs among {ahead.records:,} records of {ahead.streams} streams, so nothing "
        f"could ever be joined; nothing was matched, and what is published stays. Its rules are: {told}. Add a rule of columns "
        f"that records of one thing share, such as a name with a postcode; `mdm suggest {ahead.entity}` proposes some"
    )


def size(count: float) -> str:
    """Bytes in words."""
    for unit in ("B", "kB", "MB", "GB"):
        if count < 1000:
            return f"{count:.0f} {unit}"
        count /= 1000
    return f"{count:.1f} TB"
