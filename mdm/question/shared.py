"""Hubs: values that so many records share that they cannot be one thing's, such as a switchboard's telephone.

A hub is a blocking key too hot to make pairs, or a value that far more records share than share nearly any other value
of the same attribute. Each is told once, by two of its records.
"""

from typing import Any

import polars as pl

from mdm import blocking, exposure
from mdm.bench import Bench
from mdm.entity import Entity
from mdm.hub import Hub, Run
from mdm.question import home
from mdm.question.kind import SHARED
from mdm.said import Said

# A value is a hub from so many records on, if it has so many times more than the one `_FURTHER` places behind it.
LEAST, TIMES = 20, 4
_FURTHER, _PER = 10, 5_000
# At most so many of one attribute or blocking rule are told, the largest.
MOST = 10
# How many of a hub's records are tried for two that are apart.
_TRIED = 50
_MANY: Any = {
    "a": pl.Int64, "b": pl.Int64, "weight": pl.Float64, "reason": pl.String, "records": pl.Int64,
}  # fmt: skip


def told(hub: Hub, entity: Entity, run: Run, said: Said, found: home.Found, queue: pl.DataFrame) -> pl.DataFrame:
    """A question per hub that nobody has answered: a, b, weight (0: nothing is weighed), reason, records."""
    members = _members(run.bench, entity)
    if members.is_empty():
        return pl.DataFrame(schema=_MANY)
    homes = home.homes(hub, entity, run, members.select("record_id").unique(), found)
    members = members.join(homes, on="record_id")
    sizes = members.group_by("hub").agg(
        pl.col("columns", "hot").first(), records=pl.len().cast(pl.Int64), golden=pl.col("golden_id").n_unique()
    )
    # Records of one thing share its values rightly.
    sizes = sizes.filter(pl.col("golden") * 2 > pl.col("records"))
    pairs = _pairs(members.join(sizes, on="hub", how="semi"), said, run, queue)
    shown = _shown(run.bench, entity, members)
    told = sizes.join(pairs, on="hub").join(shown, on="hub", how="left").sort("hub")
    reasons = [_words(entity, row) for row in told.iter_rows(named=True)]
    return told.with_columns(weight=pl.lit(0.0), reason=pl.Series(reasons, dtype=pl.String)).select(list(_MANY))


def _members(bench: Bench, entity: Entity) -> pl.DataFrame:
    """The records of every hub: hub (a number), columns, hot, record_id, order (by which two of them are chosen)."""
    bench.execute("create or replace temp table hub_member (columns varchar, value varchar, hot boolean, record_id bigint)")
    rules = blocking.blocks(entity)
    named = [a.name for a in entity.attributes if a.type is not list and any(a.name in rule for rule in rules)]
    for column in named:
        hot = next((blocking.bound(entity, rule) for rule in rules if tuple(rule) == (column,)), None)
        _outstanding(bench, column, hot)
    for number, columns in blocking.rules(entity):
        if columns not in [[c] for c in named]:
            _hot(bench, entity, number, columns)
    return bench.frame(
        "select dense_rank() over (order by columns, value) as hub, columns, hot, record_id, "
        "md5(concat_ws('|', columns, source, stream, source_key)) as place from hub_member join bench.record using (record_id)"
    )


def _outstanding(bench: Bench, column: str, hot: int | None) -> None:
    """The records of the values that stand out among those of a column, and of those that are hot."""
    bench.execute(
        f'create or replace temp table counted as select "{column}"::varchar as value, count(*) as records from bench.compare '
        f'where "{column}" is not null group by 1'
    )
    behind = _FURTHER + bench.execute("select count(*) from counted")[0][0] // _PER
    bench.execute(
        "insert into hub_member with ranked as (select *, row_number() over (order by records desc, value) as place from counted), "
        "standing as (select r.value, r.records from ranked r left join ranked s on s.place = r.place + ? "
        "where r.place <= ? and r.records >= ? and (r.records >= ? * s.records or r.records > ?)) "
        f'select ?, value, records > ?, record_id from standing join bench.compare on "{column}"::varchar = value',
        [behind, MOST, LEAST, TIMES, hot or 2**60, column, hot or 2**60],
    )


def _hot(bench: Bench, entity: Entity, number: int, columns: list[str]) -> None:
    """The records of the largest hot keys of a rule, unless a hub of one of its columns says it already."""
    bench.execute(
        "create or replace temp table hot_member as with keys as "
        f"(select distinct record_id, k from ({blocking.key_sql(bench, columns)}) where k in (select k from hot_now where rule = ?)), "
        "largest as (select k from keys group by k order by count(*) desc, k limit ?) "
        "select k, record_id from keys join largest using (k)",
        [number, MOST],
    )
    listed = ", ".join(f"'{c}'" for c in columns)
    bench.execute(
        "insert into hub_member select ?, k::varchar, true, record_id from hot_member where k not in (select k from hot_member "
        f"m join hub_member h on h.record_id = m.record_id and h.columns in ({listed}) group by k, h.value "
        "having count(*) = (select count(*) from hot_member o where o.k = m.k))",
        [" + ".join(columns)],
    )


def _pairs(members: pl.DataFrame, said: Said, run: Run, queue: pl.DataFrame) -> pl.DataFrame:
    """Two records of each hub, the same whatever came first: hub, a, b; no hub about whose two somebody has spoken."""
    first = members.sort("hub", "place").group_by("hub", maintain_order=True).head(_TRIED)
    head = first.unique("hub", keep="first", maintain_order=True).select("hub", head="record_id", head_id="golden_id")
    tried = first.join(head, on="hub", maintain_order="left").filter(pl.col("record_id") != pl.col("head"))
    answered = said.spoken(run.bench, frozenset(head["head"]))
    tried = tried.join(answered.with_columns(known=pl.lit(True)), on=["head", "record_id"], how="left", maintain_order="left")
    two = tried.with_columns(
        a=pl.min_horizontal("head", "record_id"), b=pl.max_horizontal("head", "record_id"), known=pl.col("known").fill_null(False)
    ).join(queue.select("a", "b"), on=["a", "b"], how="anti", maintain_order="left")
    usable = two.filter(pl.col("known") | (pl.col("golden_id") != pl.col("head_id")))
    chosen = usable.unique("hub", keep="first", maintain_order=True)
    return chosen.filter(~pl.col("known")).select("hub", "a", "b")


def _shown(bench: Bench, entity: Entity, members: pl.DataFrame) -> pl.DataFrame:
    """The values that anybody who reads the queue may see, as one record has them: hub, value."""
    kinds = {a.name: a for a in entity.attributes}
    # The queue is read by those who see neither personal nor sensitive values.
    hidden = set(exposure.hidden(entity.attributes, "viewer"))
    open_ones = [c for c in members["columns"].unique() if c in kinds and c not in hidden]
    parts = [pl.DataFrame(schema={"hub": members.schema["hub"], "value": pl.String})]
    for column in sorted(open_ones):
        mine = members.filter(pl.col("columns") == column).sort("place").unique("hub", keep="first")
        with bench.given("_mine", mine.select("hub", "record_id")):
            parts.append(
                bench.frame(f'select hub, "{column}"::varchar as value from bench.record join _mine using (record_id)').cast(
                    parts[0].schema
                )
            )
    return pl.concat(parts)


def _words(entity: Entity, row: dict[str, Any]) -> str:
    label = {a.name: a.label or a.name.replace("_", " ") for a in entity.attributes}
    columns = " + ".join(label.get(c, c.replace("_", " ")) for c in row["columns"].split(" + "))
    value = f" {row['value']}" if row["value"] else ""
    told = f"{SHARED}: one {columns}{value} of {row['records']:,} records of {row['golden']:,} golden records"
    return f"{told}: a switchboard, a default value?{' It makes no pairs by itself' if row['hot'] else ''}"
