"""The order of a rule: what it looks at, one thing after the other, and who comes first.

A value that failed a soft check stands behind every value that did not, except where a rule weighs: there it only weighs less.

Candidates are a frame with one row per member: `cluster`, `record_id`, `role` (text), `source_time` (epoch microseconds, null
last), `name_rank` (position of source, stream, key in binary order), `demoted` (a record merged away at its source),
`filled` (the share of attributes the record fills; only for rules that weigh it) and the values.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from mdm.survivorship.rule import Rule

_DAY = 86_400_000_000
# Scores are told apart to the billionth: beyond that, the last bit of a product would decide.
_DIGITS = 9


@dataclass(frozen=True)
class Criterion:
    """One thing a rule looks at: its name, the sort key, and whether more is better."""

    name: str
    key: pl.Expr
    descending: bool = False


def rank_of_role(rule: Rule) -> pl.Expr:
    """The place of a candidate's role in the rule, unranked last (Int32)."""
    places = {role: i for i, role in enumerate(rule.roles)}
    if not places:
        return pl.lit(0, dtype=pl.Int32)
    return pl.col("role").replace_strict(places, default=len(places), return_dtype=pl.Int32)


def criteria(rule: Rule, value: str, failed: pl.Series | None = None) -> list[Criterion]:
    """Everything a rule looks at, in order, to choose among candidates that have a value."""
    broken = pl.col("record_id").is_in(failed.implode()) if failed is not None and failed.len() else None
    sound = [Criterion("sound", broken)] if broken is not None and rule.by != "weight" else []
    ranked = [Criterion("role", rank_of_role(rule))] if rule.roles else []
    return [
        *sound, Criterion("demoted", pl.col("demoted")), *_lead(rule, value, broken), *ranked,
        Criterion("recency", pl.col("source_time"), True), Criterion("name", pl.col("name_rank")),
    ]  # fmt: skip


def _lead(rule: Rule, value: str, broken: pl.Expr | None) -> list[Criterion]:
    """What the rule looks at before role and recency."""
    match rule.by:
        case "recency":
            return [Criterion("recency", pl.col("source_time"), True)]
        case "length":
            return [Criterion("length", pl.col(value).cast(pl.String).str.len_chars(), True)]
        case "agreement":
            return [Criterion("agreement", pl.len().over("cluster", value), True)]
        case "size":
            return [Criterion("size", pl.col(value), rule.values == ("largest",))]
        case "order":
            places = {v: i for i, v in enumerate(rule.values)}
            text = pl.col(value).cast(pl.String).str.to_lowercase()
            return [Criterion("order", text.replace_strict(places, default=len(places), return_dtype=pl.Int32))]
        case "weight":
            return [Criterion("weight", weight(rule, value, broken), True)]
    return []


def weight(rule: Rule, value: str, broken: pl.Expr | None) -> pl.Expr:
    """What each candidate weighs under a rule that weighs; see `Weights`."""
    assert rule.weights is not None
    held = rule.weights
    total = trust(rule) * decay(rule)
    if broken is not None:
        total = total * pl.when(broken).then(held.failed).otherwise(1.0)
    if held.agreement:
        total = total + held.agreement * agreement(value)
    if held.completeness:
        total = total + held.completeness * pl.col("filled")
    return total.round(_DIGITS)


def trust(rule: Rule) -> pl.Expr:
    """How far a candidate's role is believed."""
    assert rule.weights is not None
    roles = dict(rule.weights.roles)
    if not roles:
        return pl.lit(rule.weights.other)
    return pl.col("role").replace_strict(roles, default=rule.weights.other, return_dtype=pl.Float64)


def decay(rule: Rule) -> pl.Expr:
    """What age has left of a candidate's trust."""
    assert rule.weights is not None
    held = rule.weights
    if held.half_life is None:
        return pl.lit(1.0)
    age = (pl.col("source_time").max().over("cluster") - pl.col("source_time")) / _DAY
    return (pl.lit(0.5) ** (age / held.half_life)).fill_null(0.0).clip(lower_bound=held.floor)


def agreement(value: str) -> pl.Expr:
    """The share of the other candidates that say the same."""
    others = pl.len().over("cluster") - 1
    same = pl.len().over("cluster", value) - 1
    return pl.when(others > 0).then(same / others).otherwise(0.0)


def ranked(candidates: pl.DataFrame, rule: Rule) -> pl.DataFrame:
    """Candidates in the order of a rule that does not look at values: role or recency."""
    return _sorted(candidates, [c for c in criteria(rule, "") if c.name != "sound"])


def ordered(candidates: pl.DataFrame, name: str, rule: Rule, failed: pl.Series | None) -> pl.DataFrame:
    """Those candidates that have a value, the first of each cluster first."""
    return _sorted(candidates.filter(present(candidates, name)), criteria(rule, name, failed))


def _sorted(candidates: pl.DataFrame, keys: Sequence[Criterion]) -> pl.DataFrame:
    return candidates.sort(
        ["cluster", *(c.key for c in keys)], descending=[False, *(c.descending for c in keys)], nulls_last=True
    )


def winners(candidates: pl.DataFrame, attributes: Sequence[str], rule: Rule, failed: Mapping[str, pl.Series]) -> pl.DataFrame:
    """Per cluster: each attribute's value, and in `<attribute>@` the record it comes from. Null: nobody has a value.

    `failed`: per attribute the records whose value broke a soft rule; unless the rule weighs, they win only where nobody
    else has a value.
    """
    if rule.by in ("role", "recency", "union"):
        order = ranked(candidates, rule)
        picks = [e for a in attributes for e in (_union(order, a) if rule.by == "union" else _first(order, a, failed.get(a)))]
        return order.group_by("cluster", maintain_order=True).agg(picks).sort("cluster")
    whole = candidates.select("cluster").unique()
    for name in attributes:
        first = ordered(candidates, name, rule, failed.get(name)).unique("cluster", keep="first", maintain_order=True)
        whole = whole.join(first.select("cluster", name, pl.col("record_id").alias(f"{name}@")), on="cluster", how="left")
    return whole.sort("cluster")


def _first(order: pl.DataFrame, name: str, failed: pl.Series | None) -> list[pl.Expr]:
    there = present(order, name)
    value, record = pl.col(name).filter(there).first(), pl.col("record_id").filter(there).first()
    if failed is not None and failed.len():
        sound = there & ~pl.col("record_id").is_in(failed.implode())
        value = pl.coalesce(pl.col(name).filter(sound).first(), value)
        record = pl.coalesce(pl.col("record_id").filter(sound).first(), record)
    return [value.alias(name), record.alias(f"{name}@")]


def _union(order: pl.DataFrame, name: str) -> list[pl.Expr]:
    there = present(order, name)
    if isinstance(order.schema[name], pl.List):
        whole = pl.col(name).explode(empty_as_null=True).drop_nulls().unique().sort()
    else:
        whole = pl.col(name).filter(there).first()
    return [whole.alias(name), pl.col("record_id").filter(there).first().alias(f"{name}@")]


def filled(candidates: pl.DataFrame, names: Sequence[str]) -> pl.Expr:
    """The share of these attributes that a record fills."""
    return pl.mean_horizontal(present(candidates, n).cast(pl.Float64) for n in names)


def fullest_first(candidates: pl.DataFrame, names: Sequence[str]) -> pl.DataFrame:
    """Candidates for a group: of records that a rule holds equal, the one that says most of it speaks for all of it."""
    unsaid = pl.sum_horizontal(pl.col(n).is_null() for n in names)
    return candidates.with_columns(name_rank=pl.struct(unsaid.alias("unsaid"), "name_rank").rank("ordinal").cast(pl.Int64))


def present(candidates: pl.DataFrame, value: str) -> pl.Expr:
    """The candidate has a value."""
    if isinstance(candidates.schema[value], pl.List):
        return pl.col(value).list.len().fill_null(0) > 0
    return pl.col(value).is_not_null()
