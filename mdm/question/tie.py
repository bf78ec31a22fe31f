"""Ties: a record that fits two golden records about equally well, and what would settle it."""

import json
import math
from typing import Any

import polars as pl
import sqlalchemy as sa

from mdm.bench import Bench
from mdm.constraint import TIED
from mdm.entity import Entity
from mdm.hub import Hub, Run
from mdm.question.home import Ends
from mdm.question.kind import DOUBTFUL

_TIE = ["a", "b", "middle", "first", "first_weight", "second", "second_weight"]
_VALUE: Any = {"golden_id": pl.String, "column": pl.String, "values": pl.List(pl.String)}


def told(hub: Hub, entity: Entity, run: Run, ends: Ends, torn: pl.DataFrame) -> pl.DataFrame:
    """The questions, with a reason that names both golden records wherever one fits two equally; and ga, gb."""
    ties = pl.concat([_between(torn), _between(doubtful(ends.queue, entity.caution.margin))])
    if ties.is_empty():
        return ends.queue
    home = ends.members.unique("record_id")
    for end in ("middle", "first", "second"):
        ties = ties.join(home.select(pl.col("record_id").alias(end), pl.col("golden_id").alias(f"{end}_id")), on=end, how="left")
    facts = settling(ties, _values(run.bench, entity, ends, ties), _order(hub, entity, run))
    words = _worded(run.bench, entity, ties.join(facts, on=["a", "b"], how="left"))
    return (
        ends.queue.join(words, on=["a", "b"], how="left", maintain_order="left")
        .with_columns(reason=pl.coalesce("words", "reason"))
        .drop("words")
    )


def named(bench: Bench, frame: pl.DataFrame, *columns: str) -> pl.DataFrame:
    """The names of the records that some columns hold: record_id, name."""
    ids = pl.concat([frame.select(record_id=c) for c in columns]).unique()
    with bench.given("_ids", ids):
        return bench.frame(
            "select record_id, source || '/' || stream || ':' || source_key as name from bench.record semi join _ids using (record_id)"
        )


def doubtful(queue: pl.DataFrame, margin: float | None) -> pl.DataFrame:
    """Doubts (a, b, weight, reason, ga, gb) about one golden record that differ by `margin` bits at most, as `TORN`. Pure.

    Of the two ends of a question the one counts at which the rival is nearer.
    """
    doubts = queue.filter(pl.col("reason") == DOUBTFUL)
    one = doubts.select("a", "b", "weight", golden="ga", middle="a", other="b")
    two = doubts.select("a", "b", "weight", golden="gb", middle="b", other="a")
    each = pl.concat([one, two]).sort(["golden", "weight", "other"], descending=[False, True, False])
    place = pl.int_range(pl.len()).over("golden")
    ranked = each.with_columns(place=place, rivals=pl.len().over("golden")).filter(pl.col("rivals") > 1)
    best = ranked.filter(pl.col("place") < 2).select("golden", at="place", rival="other", rival_weight="weight")
    # The best one's rival is the second, everybody else's is the best.
    wanted = ranked.with_columns(at=pl.when(pl.col("place") == 0).then(1).otherwise(0).cast(best.schema["at"]))
    pairs = wanted.join(best, on=["golden", "at"]).with_columns(gap=(pl.col("weight") - pl.col("rival_weight")).abs())
    near = pairs.filter(pl.col("gap") <= (-1.0 if margin is None else margin)).sort("a", "b", "gap", "middle")
    return near.unique(["a", "b"], keep="first", maintain_order=True).select(
        "a", "b", "weight", "middle", "rival", "rival_weight"
    )


def settling(ties: pl.DataFrame, values: pl.DataFrame, order: list[str]) -> pl.DataFrame:
    """For ties, the first column in `order` that is empty in the middle and tells the other two apart: a, b, column. Pure.

    `values`: golden_id, column, values (what its members say).
    """
    two = ties.select("a", "b", "middle_id", "first_id", "second_id")
    apart = (
        two.join(values, left_on="first_id", right_on="golden_id")
        .join(values, left_on=["second_id", "column"], right_on=["golden_id", "column"], suffix="_second")
        .join(values, left_on=["middle_id", "column"], right_on=["golden_id", "column"], how="anti")
        .filter(pl.col("values").list.set_intersection("values_second").list.len() == 0)
    )
    ranked = apart.join(
        pl.DataFrame({"column": order, "rank": range(len(order))}, schema_overrides={"column": pl.String}), on="column"
    )
    return ranked.sort("rank").unique(["a", "b"], keep="first", maintain_order=True).select("a", "b", "column")


def _between(torn: pl.DataFrame) -> pl.DataFrame:
    """Who stands between whom: of the two that fit, the stronger first."""
    candidate = pl.when(pl.col("middle") == pl.col("a")).then("b").otherwise("a")
    mine = torn.with_columns(candidate=candidate)
    ahead = (pl.col("weight") > pl.col("rival_weight")) | (
        (pl.col("weight") == pl.col("rival_weight")) & (pl.col("candidate") < pl.col("rival"))
    )
    return mine.with_columns(
        first=pl.when(ahead).then("candidate").otherwise("rival"),
        first_weight=pl.max_horizontal("weight", "rival_weight"),
        second=pl.when(ahead).then("rival").otherwise("candidate"),
        second_weight=pl.min_horizontal("weight", "rival_weight"),
    ).select(_TIE)


def _values(bench: Bench, entity: Entity, ends: Ends, ties: pl.DataFrame) -> pl.DataFrame:
    """What the members of the golden records in ties say, in the form machines compare."""
    ids = pl.concat([ties.select(golden_id=f"{end}_id") for end in ("middle", "first", "second")]).unique()
    members = ends.members.join(ids, on="golden_id", how="semi")
    columns = [a.name for a in entity.attributes if a.type is not list]
    each = ", ".join(f'"{c}"::varchar as "{c}"' for c in columns)
    with bench.given("_members", members):
        said = bench.frame(f"select golden_id, {each} from bench.compare join _members using (record_id)")
    long = said.unpivot(index="golden_id", on=columns, variable_name="column", value_name="value").drop_nulls("value")
    return long.group_by("golden_id", "column").agg(values=pl.col("value").unique().sort()).cast(_VALUE)


def _order(hub: Hub, entity: Entity, run: Run) -> list[str]:
    """The columns that can settle a tie: identifiers, what parts, then by the bits that agreeing on them brings."""
    table = hub.fixed["model"]
    with hub.read() as session:
        wanted = sa.select(table.c.settings).where(table.c.entity == entity.name, table.c.number == (run.model or 0))
        settings = json.loads(session.scalar(wanted) or "{}")
    bits: dict[str, float] = {}
    for comparison in settings.get("comparisons", ()):
        levels = [level for level in comparison["comparison_levels"] if level.get("m_probability") and level.get("u_probability")]
        if levels:
            bits[comparison["output_column_name"]] = math.log2(levels[0]["m_probability"] / levels[0]["u_probability"])
    names = [a.name for a in entity.attributes]
    compared = sorted((n for n in bits if n in names), key=lambda n: (-round(bits[n], 6), n))
    return list(dict.fromkeys([*(a.name for a in entity.identifiers), *entity.constrained, *compared]))


def _worded(bench: Bench, entity: Entity, ties: pl.DataFrame) -> pl.DataFrame:
    label = {a.name: a.label or a.name.replace("_", " ") for a in entity.attributes}
    name = named(bench, ties, "middle", "first", "second")
    for end in ("middle", "first", "second"):
        ties = ties.join(name.select(pl.col("record_id").alias(end), pl.col("name").alias(f"{end}_name")), on=end)
    bits = pl.format(
        "({} and {} bits)", *(pl.col(f"{e}_weight").map_elements(lambda w: f"{w:.1f}", return_dtype=pl.String) for e in ("first", "second"))
    )  # fmt: skip
    fact = pl.format("; its {} would settle it", pl.col("column").replace(label)).fill_null("")
    words = pl.format("{}: {} fits {} and {} {}{}", pl.lit(TIED), "middle_name", "first_name", "second_name", bits, fact)
    return ties.select("a", "b", words=words)
