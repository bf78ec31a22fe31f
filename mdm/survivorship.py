"""Survivorship: rules that choose among the values that source records offer, pure and set-based.

A rule is an order over candidates; the first candidate with a value wins. Every order ends in recency and then in the
record's own name, so that equal inputs give equal outputs whatever their order. A value that failed a soft check
stands behind every value that did not. A value always comes from a member.

Candidates are a frame with one row per member: `role` (text), `source_time` (epoch microseconds, null last), `name_rank`
(position of source, stream, key in binary order), `demoted` (a record merged away at its source) and the values.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import polars as pl


@dataclass(frozen=True)
class Rule:
    """An order over candidates, readable in a lineage row.

    `text` is what lineage shows. `roles` ranks sources (unranked come last). `by` is the leading criterion:
    role, recency, length, agreement, order (position in `values`) or union.
    """

    text: str
    by: str = "role"
    roles: tuple[str, ...] = ()
    values: tuple[str, ...] = ()

    def __str__(self) -> str:
        return self.text


def by_role(*roles: str) -> Rule:
    """The source whose role stands first wins; unranked roles come last, then the most recent."""
    return Rule(f"by role ({', '.join(roles)})" if roles else "most recent", roles=roles)


recent = Rule("most recent", by="recency")
longest = Rule("longest", by="length")
most_frequent = Rule("most sources agree", by="agreement")
union = Rule("all values", by="union")


def most_restrictive(*values: str, roles: Sequence[str] = ()) -> Rule:
    """The value that stands first in this order wins: for storage, hazards and opt-outs."""
    return Rule(f"most restrictive ({', '.join(values)})", by="order", values=values, roles=tuple(roles))


def rank_of_role(rule: Rule) -> pl.Expr:
    """The place of a candidate's role in the rule, unranked last (Int32)."""
    places = {role: i for i, role in enumerate(rule.roles)}
    if not places:
        return pl.lit(0, dtype=pl.Int32)
    return pl.col("role").replace_strict(places, default=len(places), return_dtype=pl.Int32)


def _role(rule: Rule) -> list[tuple[pl.Expr, bool]]:
    return [(rank_of_role(rule), False)] if rule.roles else []


def lead(rule: Rule, value: str) -> list[tuple[pl.Expr, bool]]:
    """What the rule looks at before role and recency, per value: sort keys (expression, descending)."""
    if rule.by == "length":
        return [(pl.col(value).cast(pl.String).str.len_chars(), True)]
    if rule.by == "agreement":
        return [(pl.len().over("cluster", value), True)]
    if rule.by == "order":
        places = {v: i for i, v in enumerate(rule.values)}
        text = pl.col(value).cast(pl.String).str.to_lowercase()
        return [(text.replace_strict(places, default=len(places), return_dtype=pl.Int32), False)]
    return []


def ranked(candidates: pl.DataFrame, rule: Rule) -> pl.DataFrame:
    """Candidates in the order of a rule that does not look at values: role or recency."""
    keys = [("cluster", False), (pl.col("demoted"), False)]
    if rule.by == "recency":
        keys.append((pl.col("source_time"), True))
    keys += [*_role(rule), (pl.col("source_time"), True), (pl.col("name_rank"), False)]
    return candidates.sort([k for k, _ in keys], descending=[down for _, down in keys], nulls_last=True)


def winners(candidates: pl.DataFrame, attributes: Sequence[str], rule: Rule, failed: Mapping[str, pl.Series]) -> pl.DataFrame:
    """Per cluster: each attribute's value, and in `<attribute>@` the record it comes from. Null: nobody has a value.

    `candidates`: cluster, record_id, role, source_time, name_rank, demoted and the attributes. `failed`: per attribute
    the records whose value broke a soft rule; they win only where nobody else has a value.
    """
    if rule.by in ("role", "recency", "union"):
        order = ranked(candidates, rule)
        picks = [e for a in attributes for e in (_union(order, a) if rule.by == "union" else _first(order, a, failed.get(a)))]
        return order.group_by("cluster", maintain_order=True).agg(picks).sort("cluster")
    parts = [_by_value(candidates, a, rule, failed.get(a)) for a in attributes]
    whole = candidates.select("cluster").unique()
    for part in parts:
        whole = whole.join(part, on="cluster", how="left")
    return whole.sort("cluster")


def _first(order: pl.DataFrame, name: str, failed: pl.Series | None) -> list[pl.Expr]:
    present = _present(order, name)
    value, record = pl.col(name).filter(present).first(), pl.col("record_id").filter(present).first()
    if failed is not None and failed.len():
        sound = present & ~pl.col("record_id").is_in(failed.implode())
        value = pl.coalesce(pl.col(name).filter(sound).first(), value)
        record = pl.coalesce(pl.col("record_id").filter(sound).first(), record)
    return [value.alias(name), record.alias(f"{name}@")]


def _union(order: pl.DataFrame, name: str) -> list[pl.Expr]:
    present = _present(order, name)
    if isinstance(order.schema[name], pl.List):
        whole = pl.col(name).explode(empty_as_null=True).drop_nulls().unique().sort()
    else:
        whole = pl.col(name).filter(present).first()
    return [whole.alias(name), pl.col("record_id").filter(present).first().alias(f"{name}@")]


def _by_value(candidates: pl.DataFrame, name: str, rule: Rule, failed: pl.Series | None) -> pl.DataFrame:
    broken = [] if failed is None else [(pl.col("record_id").is_in(failed.implode()), False)]
    keys = [
        *broken, (pl.col("demoted"), False), *lead(rule, name), *_role(rule),
        (pl.col("source_time"), True), (pl.col("name_rank"), False),
    ]  # fmt: skip
    offered = candidates.filter(_present(candidates, name))
    order = offered.sort(["cluster", *(k for k, _ in keys)], descending=[False, *(down for _, down in keys)], nulls_last=True)
    return order.unique("cluster", keep="first", maintain_order=True).select(
        "cluster", name, pl.col("record_id").alias(f"{name}@")
    )


def _present(candidates: pl.DataFrame, value: str) -> pl.Expr:
    if isinstance(candidates.schema[value], pl.List):
        return pl.col(value).list.len().fill_null(0) > 0
    return pl.col(value).is_not_null()
