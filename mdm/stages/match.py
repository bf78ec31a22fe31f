"""Match: candidate pairs by blocking, scored by the active model, kept lean where they are worth a thought.

Blocking is ours, scoring is Splink's: candidates are made in one fixed direction (smaller record first), so that a pair
has the same weight whether it is met in a full run or when one of its records changes.
"""

import json
from typing import Any

import polars as pl
import sqlalchemy as sa

from mdm import model
from mdm.bench import Bench
from mdm.entity import Attribute, Block, Entity
from mdm.hub import Hub, Run, Tally
from mdm.hub.version import visible

# An identifier that joins is worth at least this many bits.
IDENTIFIER_WEIGHT = 40.0
IDENTIFIER_RULE = -1
_CHUNK = 20_000_000
_PAIR: Any = {"a": pl.Int64, "b": pl.Int64, "weight": pl.Float64, "rule": pl.Int64, "model": pl.Int64}


def run(hub: Hub, entity: Entity, run: Run) -> Tally:
    """Make pairs of what changed (bench table `changed`) against everything; the difference goes to the hub."""
    bench = run.bench
    hot = hot_keys(bench, entity)
    _reopen(bench, entity, run, hot)
    bench.store("hot_now", hot)
    found = candidates(bench, entity, whole=run.whole)
    _score(hub, bench, entity, run)
    fresh = bench.frame("select a, b, weight, rule, model from pairs_new order by a, b").cast(_PAIR)
    before = _before(hub, entity, run)
    gone = before.join(fresh, on=["a", "b", "weight", "rule", "model"], how="anti")
    new = fresh.join(before, on=["a", "b", "weight", "rule", "model"], how="anti")
    table = hub.tables(entity.name).pair
    hub.close(table, gone.select("a", "b"), run)
    hub.append(table, new, run)
    bench.store("pair_changes", pl.concat([gone.select("a", "b"), new.select("a", "b")]))
    return Tally({"candidates": found, "pairs": fresh.height, "new": new.height, "gone": gone.height, "hot_keys": hot.height})


def rules(entity: Entity) -> list[tuple[int, list[str]]]:
    """The blocking rules with their numbers: those declared, then identifiers that join."""
    return [(number, list(block)) for number, block in enumerate(blocks(entity))]


def blocks(entity: Entity) -> list[Block]:
    """The blocking rules as declared, with their own limits, then identifiers that join."""
    declared = [b if isinstance(b, Block) else Block(*b) for b in entity.block]
    joining = [Block(a.name) for a in entity.identifiers if a.identity and a.identity.joins]
    return [*declared, *(j for j in joining if j not in declared)]


def key_sql(bench: Bench, columns: list[str]) -> str:
    """SQL of (record_id, k, text) for one rule; a list column gives a key per element."""
    kinds = dict(
        bench.execute(
            "select column_name, data_type from duckdb_columns() where database_name = 'bench' and table_name = 'compare'"
        )
    )
    each = [f'unnest("{c}") as "{c}"' if kinds[c].endswith("[]") else f'"{c}"' for c in columns]
    filled = " and ".join(f'"{c}" is not null' for c in columns)
    names = ", ".join(f'"{c}"' for c in columns)
    return (
        f"select record_id, hash({names}) as k, concat_ws('|', {names}) as t from "
        f"(select distinct record_id, {', '.join(each)} from bench.compare) where {filled}"
        if any(k.startswith("unnest") for k in each)
        else f"select record_id, hash({names}) as k, concat_ws('|', {names}) as t from bench.compare where {filled}"
    )


def hot_keys(bench: Bench, entity: Entity) -> pl.DataFrame:
    """Keys that too many records share: rule, name (a digest of the key), k."""
    parts = [
        f"select {i} as rule, (md5_number_lower(any_value(t)) >> 1)::bigint as name, k from ({key_sql(bench, list(columns))}) "
        f"group by k having count(*) > {columns.hot or entity.hot}"
        for i, columns in enumerate(blocks(entity))
    ]
    if not parts:
        return pl.DataFrame(schema={"rule": pl.Int32, "name": pl.Int64, "k": pl.UInt64})
    return bench.frame(" union all ".join(parts) + " order by rule, name")


def _reopen(bench: Bench, entity: Entity, run: Run, hot: pl.DataFrame) -> None:
    """A key that became hot, or no longer is, reopens the pairs of all its records."""
    before = {(r, n) for r, n in run.memory.get("hot", [])}
    crossed = before ^ set(hot.select("rule", "name").iter_rows())
    if run.whole or not crossed:
        return
    for i, columns in rules(entity):
        names = [n for r, n in crossed if r == i]
        if names:
            bench.execute(
                f"insert into changed select distinct record_id from ({key_sql(bench, columns)}) where "
                "(md5_number_lower(t) >> 1)::bigint in "
                f"({', '.join(map(str, names))})"
            )


def candidates(bench: Bench, entity: Entity, *, whole: bool) -> int:
    """Fill `blocked` (a, b, rule): every pair once, under the first rule that makes it; none within a distinct stream."""
    if not bench.has("distinct_record"):
        bench.execute("create temp table distinct_record (record_id bigint, stream varchar)")
    may_pair = "x.k = y.k and coalesce(x.stream <> y.stream, true)"
    bench.execute("create or replace table blocked_all (a bigint, b bigint, rule integer)")
    bench.execute("create or replace table changed_ids as select distinct record_id from changed")
    for i, columns in rules(entity):
        keys = f"({key_sql(bench, columns)})"
        bench.execute(
            f"create or replace temp table keys as select record_id, k, stream from {keys} left join distinct_record "
            f"using (record_id) where k not in (select k from hot_now where rule = {i})"
        )
        if whole:
            bench.execute(
                f"insert into blocked_all select x.record_id, y.record_id, {i} from keys x join keys y on {may_pair} and "
                "x.record_id < y.record_id"
            )
        else:
            bench.execute(
                "create or replace temp table keys_changed as select record_id, k, stream from keys semi join "
                "changed_ids using (record_id)"
            )
            bench.execute(
                f"insert into blocked_all select least(x.record_id, y.record_id), greatest(x.record_id, y.record_id), {i} "
                f"from keys_changed x join keys y on {may_pair} and x.record_id <> y.record_id"
            )
    bench.execute("create or replace table blocked as select a, b, min(rule) as rule from blocked_all group by a, b")
    bench.execute("drop table blocked_all")
    return bench.execute("select count(*) from blocked")[0][0]


def _score(hub: Hub, bench: Bench, entity: Entity, run: Run) -> None:
    bench.execute("create or replace table pairs_new (a bigint, b bigint, weight double, rule integer, model integer)")
    total = bench.execute("select count(*) from blocked")[0][0]
    if entity.comparisons and total and run.model is not None:
        linker = model.linker(bench, model.load(hub, entity.name, run.model))
        floor = model.weight_of(entity.review)
        chunks = -(-total // _CHUNK)
        for chunk in range(chunks):
            bench.execute(
                "create or replace table blocked_part as select rule::varchar as match_key, a as join_key_l, b as join_key_r "
                f"from blocked where hash(a) % {chunks} = {chunk}"
            )
            linker.table_management.register_blocked_pairs_for_predict(
                linker._db_api.register("blocked_part", table_name=f"blocked_part_{chunk}")
            )
            scored = linker.inference.predict(threshold_match_weight=floor, warning_mode="never")
            bench.execute(
                "insert into pairs_new select least(record_id_l, record_id_r), greatest(record_id_l, record_id_r), "
                "round(match_weight, 6), "
                f"match_key::integer, {run.model} from {scored.physical_name}"
            )
            scored.drop_table_from_database_and_remove_from_cache()
    for attribute in entity.identifiers:
        if attribute.identity and attribute.identity.joins:
            _joined(bench, attribute, run.model or 0)


def _joined(bench: Bench, attribute: Attribute, number: int) -> None:
    """Pairs that an identifier joins by itself: equal, valid, and the names compatible."""
    conditions = [
        f'l."{attribute.name}" = r."{attribute.name}"',
        *(compatible(c) for c in (attribute.identity.compatible if attribute.identity else ())),
    ]
    bench.execute(
        "create or replace temp table joined as select a, b from blocked join bench.compare l on l.record_id = a "
        f"join bench.compare r on r.record_id = b where {' and '.join(conditions)}"
    )
    bench.execute(
        f"update pairs_new set weight = greatest(weight, {IDENTIFIER_WEIGHT}), rule = {IDENTIFIER_RULE} from joined j "
        "where pairs_new.a = j.a and pairs_new.b = j.b"
    )
    bench.execute(
        f"insert into pairs_new select a, b, {IDENTIFIER_WEIGHT}, {IDENTIFIER_RULE}, {number} from joined anti join "
        "pairs_new using (a, b)"
    )


def compatible(column: str) -> str:
    """SQL: two names that do not contradict each other. Both are there, and equal, alike, or sharing a word."""
    left, right = f'l."{column}"', f'r."{column}"'
    return (
        f"({left} is not null and {right} is not null and ({left} = {right} or jaro_winkler_similarity({left}, {right}) >= 0.88 "
        f"or list_has_any(string_split({left}, ' '), string_split({right}, ' '))))"
    )


def _before(hub: Hub, entity: Entity, run: Run) -> pl.DataFrame:
    """The published pairs of what changed."""
    table = hub.tables(entity.name).pair
    columns = [table.c[n] for n in _PAIR]
    if run.base == 0:
        return pl.DataFrame(schema=_PAIR)
    now = visible(table, run.base)
    with hub.read() as session:
        if run.whole:
            return session.frame(sa.select(*columns).where(now))
        ids = run.bench.frame("select record_id from changed_ids")["record_id"]
        left = session.frame(sa.select(*columns).where(now, session.among(table.c.a, ids)))
        right = session.frame(sa.select(*columns).where(now, session.among(table.c.b, ids)))
    return pl.concat([left, right]).unique()


def hot_names(bench: Bench) -> list[list[int]]:
    """What the next run must remember of hot keys: [rule, name]."""
    return json.loads(json.dumps([list(r) for r in bench.execute("select rule, name from hot_now order by rule, name")]))
