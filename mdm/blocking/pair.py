"""Candidate pairs: of everything, or of what changed against everything."""

from collections.abc import Iterable, Sequence

import polars as pl

from mdm.bench import Bench
from mdm.blocking.rule import hot_keys, key_sql, rules
from mdm.blocking.touched import CHANGED
from mdm.entity import Entity


def reopen(bench: Bench, entity: Entity, hot: pl.DataFrame, before: Iterable[Sequence[int]]) -> bool:
    """A key that became hot, or no longer is, reopens the pairs of all its records; whether any did. `before`: see `hot_names`."""
    crossed = {(r, n) for r, n in before} ^ set(hot.select("rule", "name").iter_rows())
    for i, columns in rules(entity):
        names = [n for r, n in crossed if r == i]
        if names:
            bench.execute(
                f"insert into changed select distinct record_id from ({key_sql(bench, columns)}) where "
                "(md5_number_lower(t) >> 1)::bigint in "
                f"({', '.join(map(str, names))})"
            )
    return bool(crossed)


def candidates(bench: Bench, entity: Entity, *, whole: bool) -> int:
    """Fill `blocked` (a, b, rule): every pair once, under the first rule that makes it; none within a distinct stream."""
    _bound(bench)
    may_pair = "x.k = y.k and coalesce(x.stream <> y.stream, true)"
    bench.execute("create or replace table blocked_all (a bigint, b bigint, rule integer)")
    for i, columns in rules(entity):
        cool = f"left join distinct_record using (record_id) where k not in (select k from hot_now where rule = {i})"
        if whole:
            bench.execute(
                f"create or replace temp table keys as select record_id, k, stream from ({key_sql(bench, columns)}) {cool}"
            )
            bench.execute(
                f"insert into blocked_all select x.record_id, y.record_id, {i} from keys x join keys y on {may_pair} and "
                "x.record_id < y.record_id"
            )
        else:
            mine = f"select record_id, k, stream from ({key_sql(bench, columns, source=CHANGED)}) {cool}"
            bench.execute(f"create or replace temp table keys_changed as {mine}")
            keys = key_sql(bench, columns, within="select k from keys_changed")
            bench.execute(
                f"insert into blocked_all select least(x.record_id, y.record_id), greatest(x.record_id, y.record_id), {i} "
                f"from keys_changed x join (select record_id, k, stream from ({keys}) {cool}) y on {may_pair} and "
                "x.record_id <> y.record_id"
            )
    bench.execute("create or replace table blocked as select a, b, min(rule) as rule from blocked_all group by a, b")
    bench.execute("drop table blocked_all")
    return bench.execute("select count(*) from blocked")[0][0]


def cold_keys(bench: Bench, entity: Entity) -> dict[int, str]:
    """SQL of (record_id, k) per rule, hot keys left out; `changed_ids` and `distinct_record` then bound who may pair."""
    _bound(bench)
    return {
        rule: f"select record_id, k from ({key_sql(bench, columns)}) where k not in (select k from hot_now where rule = {rule})"
        for rule, columns in rules(entity)
    }


def _bound(bench: Bench) -> None:
    if not bench.has("distinct_record"):
        bench.execute("create temp table distinct_record (record_id bigint, stream varchar)")
    bench.execute("create or replace table changed_ids as select distinct record_id from changed")


def made(bench: Bench, entity: Entity, pairs: pl.DataFrame) -> pl.DataFrame:
    """Those of the pairs (a, b) that some rule makes, each with the first that does: a, b, rule."""
    bench.store("hot_now", hot_keys(bench, entity))
    bench.execute("create or replace temp table made (a bigint, b bigint, rule integer)")
    with bench.given("_pairs", pairs.select("a", "b")):
        for rule, columns in rules(entity):
            bench.execute(
                f"create or replace temp table keys as select record_id, k from ({key_sql(bench, columns)}) "
                f"where k not in (select k from hot_now where rule = {rule})"
            )
            bench.execute(
                f"insert into made select p.a, p.b, {rule} from _pairs p join keys x on x.record_id = p.a "
                "join keys y on y.record_id = p.b and y.k = x.k"
            )
    return bench.frame("select a, b, min(rule) as rule from made group by a, b order by a, b")
