"""Forecast: what each blocking rule will make, counted over its keys before any pair is made.

A rule is known by its sizes: how many of its keys are shared by how many records. Pairs, hot keys, and what a lower limit
would leave follow from that, whatever the number of records.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from mdm.bench import Bench
from mdm.blocking.rule import blocks, bound, key_sql
from mdm.entity import Block, Entity

# Pairs a run may make where no setting says otherwise: this many, or so many a record where that is more.
MOST, PER_RECORD = 200_000_000, 200
# Measured with 156 million pairs of a million records: what DuckDB takes for each, in memory or spilled to disk, while
# those found twice are told apart.
BYTES = 52
# Too few records to say that a rule finds nobody, and the share of records below which it does not.
_FEWEST, _FINDS = 1_000, 0.01
# Fewer pairs than this were made too quickly to say how long a pair takes.
_TIMED = 100_000
SIZES = {"rule": pl.Int64, "n": pl.Int64, "keys": pl.Int64, "pairs": pl.Float64}


@dataclass(frozen=True)
class Cost:
    """What one blocking rule makes. A pair that shares two elements of a list counts twice, as it costs twice.

    `records` counts a record once per key; `met` are those of them that meet another one under a key that is not hot.
    """

    number: int
    columns: tuple[str, ...]
    hot: int
    identifies: bool
    keys: int = 0
    records: int = 0
    met: int = 0
    pairs: int = 0
    largest: int = 0
    hot_keys: int = 0
    hot_pairs: int = 0

    @property
    def name(self) -> str:
        """The rule as people write it."""
        return "+".join(self.columns)

    @property
    def silent(self) -> str:
        """Why the rule finds next to nobody, in words; empty where it does, or where there are too few records to say."""
        if self.identifies or self.records < _FEWEST or self.met >= _FINDS * self.records:
            return ""
        if self.hot_keys:
            return f"nearly every key is shared by more than {self.hot:,} records (hot), which makes no pairs"
        return "nearly every key belongs to one record alone"

    @property
    def useless(self) -> bool:
        """Silent whatever the data: a column that tells every record apart by itself, or keys that everybody shares."""
        return bool(self.silent) and (self.hot_keys > 0 or len(self.columns) == 1)


@dataclass(frozen=True)
class Forecast:
    """What the blocking rules of an entity will make of the records on its bench."""

    entity: str
    records: int
    streams: int
    costs: Sequence[Cost]
    limit: int
    seconds_per_pair: float | None
    sizes: pl.DataFrame

    @property
    def pairs(self) -> int:
        """No more pairs than this are made: a pair that several rules find counts for each."""
        return sum(c.pairs for c in self.costs)

    @property
    def bytes(self) -> int:
        """What the pairs need while they are made, in memory and, beyond that, on disk."""
        return self.pairs * BYTES

    @property
    def seconds(self) -> float | None:
        """How long making and scoring them takes, by the last whole run on this bench."""
        return None if self.seconds_per_pair is None else self.pairs * self.seconds_per_pair

    @property
    def hot(self) -> list[int]:
        """The rules with hot keys."""
        return [c.number for c in self.costs if c.hot_keys]

    @property
    def notes(self) -> list[str]:
        """The rules that find next to nobody, for whoever reads the run."""
        return [f"blocking rule {c.name} finds next to nothing: {c.silent}" for c in self.costs if c.silent]


def forecast(bench: Bench, entity: Entity) -> Forecast:
    """What the rules will make, by one aggregation over the keys of each."""
    records = bench.execute("select count(*) from bench.compare")[0][0]
    found = sizes(bench, entity)
    rules = blocks(entity)
    costs = [cost(entity, i, rule, found.filter(pl.col("rule") == i)) for i, rule in enumerate(rules)]
    return Forecast(entity.name, records, _streams(bench), costs, limit(bench, records), _pace(bench), found)


def limit(bench: Bench, records: int) -> int:
    """How many pairs may be made of so many records on this bench."""
    return bench.pairs or max(MOST, PER_RECORD * records)


def cost(entity: Entity, number: int, rule: Block, sized: pl.DataFrame) -> Cost:
    """What one rule makes, from its sizes. Pure."""
    most = bound(entity, rule)
    cool, hot = sized.filter(pl.col("n") <= most), sized.filter(pl.col("n") > most)
    joining = {a.name for a in entity.identifiers if a.identity and a.identity.joins}
    company = cool.filter(pl.col("n") > 1)
    return Cost(
        number, tuple(rule), most, len(rule) == 1 and rule[0] in joining, _sum(sized, pl.col("keys")),
        _sum(sized, pl.col("n") * pl.col("keys")), _sum(company, pl.col("n") * pl.col("keys")), _sum(cool, pl.col("pairs")),
        _largest(sized), _sum(hot, pl.col("keys")), _sum(hot, pl.col("pairs")),
    )  # fmt: skip


def sizes(bench: Bench, entity: Entity) -> pl.DataFrame:
    """How many keys of each rule are shared by n records, and the pairs they make: rule, n, keys, pairs."""
    parts = [sizes_of(bench, list(columns)).with_columns(rule=pl.lit(i)) for i, columns in enumerate(blocks(entity))]
    return pl.concat([pl.DataFrame(schema=SIZES), *(p.select(list(SIZES)).cast(SIZES) for p in parts)])  # type: ignore[arg-type]


def sizes_of(bench: Bench, columns: list[str]) -> pl.DataFrame:
    """The sizes of one rule, also one that nobody declared: n, keys, pairs."""
    keys = f"({key_sql(bench, columns)})"
    if bench.has("distinct_record") and bench.execute("select 1 from distinct_record limit 1"):
        # Records of a stream that never holds one thing twice make no pairs among themselves.
        within = f"select k, stream, count(*) as c from {keys} left join distinct_record using (record_id) group by k, stream"
        each = (
            "select sum(c)::bigint as n, sum(c)::double * (sum(c) - 1) / 2 - coalesce(sum(c::double * (c - 1) / 2) "
            f"filter (where stream is not null), 0) as p from ({within}) group by k"
        )
    else:
        each = f"select n, n::double * (n - 1) / 2 as p from (select count(*) as n from {keys} group by k)"
    return bench.frame(f"select n, count(*) as keys, sum(p) as pairs from ({each}) group by n order by n")


def changed(bench: Bench, entity: Entity) -> int:
    """No more pairs than this are made of what changed (bench table `changed`) against everything."""
    found = 0
    for columns in blocks(entity):
        keys = key_sql(bench, list(columns))
        found += bench.execute(
            f"with keys as ({keys}), large as (select k, count(*) as n from keys group by k having count(*) <= "
            f"{bound(entity, columns)}) select coalesce(sum(n - 1), 0)::bigint from keys join large using (k) where record_id in "
            "(select record_id from changed)"
        )[0][0]
    return found


def remember(bench: Bench, pairs: int, seconds: float) -> None:
    """Keep how long a whole run took to make and score its pairs, for the next forecast."""
    if pairs >= _TIMED:
        bench.execute("insert or replace into bench.meta values ('seconds_per_pair', ?)", [str(seconds / pairs)])


def _pace(bench: Bench) -> float | None:
    held = bench.execute("select value from bench.meta where key = 'seconds_per_pair'") if bench.has("bench.meta") else []
    return float(held[0][0]) if held else None


def _streams(bench: Bench) -> int:
    if not bench.has("bench.record"):
        return 0
    return bench.execute("select count(*) from (select distinct source, stream from bench.record)")[0][0]


def _sum(frame: pl.DataFrame, of: pl.Expr) -> int:
    return int(frame.select(of.sum()).item() or 0)


def _largest(frame: pl.DataFrame) -> int:
    return int(frame.select(pl.col("n").max()).item() or 0)
