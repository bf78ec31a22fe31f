"""Samples of records, and the pairs they stand in: drawn by a digest, so that the same records give the same sample."""

from collections.abc import Sequence

import polars as pl

from mdm.bench import Bench
from mdm.blocking.forecast import Forecast
from mdm.blocking.pair import candidates
from mdm.blocking.rule import hot_keys, key_sql
from mdm.entity import Entity

_NEW = 1_000_000


def fresh(bench: Bench, entity: Entity, ahead: Forecast) -> dict[int, int]:
    """The pairs each rule makes that no earlier rule does: exact where there are few, else from a sample of records.

    Replaces the bench tables `changed` and `blocked`.
    """
    every = max(-(-ahead.pairs // _NEW), 1)
    bench.execute(
        f"create or replace temp table changed as select record_id from bench.compare where hash(record_id) % {every} = 0"
    )
    bench.store("hot_now", hot_keys(bench, entity, ahead.hot))
    candidates(bench, entity, whole=every == 1)
    # A pair is seen when either of its records is drawn.
    seen = 1 - (1 - 1 / every) ** 2
    return {rule: round(count / seen) for rule, count in bench.execute("select rule, count(*) from blocked group by rule")}


def drawn(bench: Bench, table: str, count: int, seed: int) -> None:
    """Make `table`: record_id of so many records, drawn at random by the seed."""
    bench.execute(
        f"create or replace temp table {table} as select record_id from bench.compare "
        f"order by md5(record_id || ':' || {seed}), record_id limit {count}"
    )


def widest(bench: Bench, columns: Sequence[str], partners: float) -> tuple[int, float]:
    """The largest n for which a record shares a value that at most n have with no more than so many partners; and with how many."""
    records = max(bench.execute("select count(*) from bench.compare")[0][0], 1)
    sizes = [bench.frame(f"select n, count(*) as keys from ({_sized(bench, c)}) where n > 1 group by n") for c in columns]
    each = pl.concat([pl.DataFrame(schema={"n": pl.Int64, "keys": pl.Int64}), *sizes])
    rising = each.group_by("n").agg(pl.col("keys").sum()).sort("n").with_columns(
        partners=(pl.col("n") * (pl.col("n") - 1) * pl.col("keys")).cum_sum() / records
    )  # fmt: skip
    fits = rising.filter(pl.col("partners") <= partners)
    return (int(fits["n"][-1]), float(fits["partners"][-1])) if fits.height else (1, 0.0)


def alike(bench: Bench, columns: Sequence[str], table: str, most: int) -> None:
    """Make `alike` (a, b): pairs of the records in `table` with any other that shares a value which at most `most` have."""
    bench.execute("create or replace temp table alike (a bigint, b bigint)")
    for column in columns:
        bench.execute(
            f"create or replace temp table shared as select record_id, k from ({key_sql(bench, [column])}) where k in "
            f"(select k from ({_sized(bench, column)}) where n between 2 and {most})"
        )
        bench.execute(
            "insert into alike select least(x.record_id, y.record_id), greatest(x.record_id, y.record_id) from "
            f"(select * from shared where record_id in (select record_id from {table})) x join shared y on x.k = y.k "
            "and x.record_id <> y.record_id"
        )


def _sized(bench: Bench, column: str) -> str:
    return f"select k, count(*) as n from ({key_sql(bench, [column])}) group by k"
