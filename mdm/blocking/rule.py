"""Blocking rules: the keys each gives a record, and the keys that too many records share."""

import json
from collections.abc import Collection

import polars as pl

from mdm.bench import Bench
from mdm.entity import Block, Entity


def rules(entity: Entity) -> list[tuple[int, list[str]]]:
    """The blocking rules with their numbers: those declared, then identifiers that join."""
    return [(number, list(block)) for number, block in enumerate(blocks(entity))]


def blocks(entity: Entity) -> list[Block]:
    """The blocking rules as declared, with their own limits, then identifiers that join."""
    declared = [b if isinstance(b, Block) else Block(*b) for b in entity.block]
    joining = [Block(a.name) for a in entity.identifiers if a.identity and a.identity.joins]
    return [*declared, *(j for j in joining if j not in declared)]


def bound(entity: Entity, block: Block) -> int:
    """How many records may share a key of a rule; an identifier's, no more than may be one thing."""
    hot = block.hot or entity.hot
    joining = any(block == (a.name,) for a in entity.identifiers if a.identity and a.identity.joins)
    return min(hot, entity.caution.largest or hot) if joining else hot


def key_sql(bench: Bench, columns: list[str], *, source: str = "bench.compare", within: str | None = None) -> str:
    """SQL of (record_id, k, text) for one rule; a list column gives a key per element.

    `source` is what holds the records. `within`: a query of the only k that matter, so that the others cost nothing.
    """
    kinds = dict(
        bench.execute(
            "select column_name, data_type from duckdb_columns() where database_name = 'bench' and table_name = 'compare'"
        )
    )
    listed = [c for c in columns if kinds[c].endswith("[]")]
    names = ", ".join(f'"{c}"' for c in columns)
    filled = " and ".join(f'"{c}" is not null' for c in columns) + (f" and hash({names}) in ({within})" if within else "")
    if listed:
        # One list after the other: every element of one meets every element of the next.
        each = source
        for c in listed:
            each = f'(select * replace (unnest("{c}") as "{c}") from (select record_id, {names} from {each}))'
        told = f"(select distinct record_id, {names} from {each} where {filled})"
        return f"select record_id, hash({names}) as k, concat_ws('|', {names}) as t from {told}"
    return f"select record_id, hash({names}) as k, concat_ws('|', {names}) as t from {source} where {filled}"


def hot_keys(bench: Bench, entity: Entity, among: Collection[int] | None = None) -> pl.DataFrame:
    """Keys that too many records share: rule, name (a digest of the key), k. `among`: the rules that have any, where known."""
    parts = [
        f"select {i} as rule, (md5_number_lower(any_value(t)) >> 1)::bigint as name, k from ({key_sql(bench, list(columns))}) "
        f"group by k having count(*) > {bound(entity, columns)}"
        for i, columns in enumerate(blocks(entity))
        if among is None or i in among
    ]
    if not parts:
        return pl.DataFrame(schema={"rule": pl.Int32, "name": pl.Int64, "k": pl.UInt64})
    return bench.frame(" union all ".join(parts) + " order by rule, name")


def hot_names(bench: Bench) -> list[list[int]]:
    """What the next run must remember of hot keys: [rule, name]."""
    return json.loads(json.dumps([list(r) for r in bench.execute("select rule, name from hot_now order by rule, name")]))
