"""Survivorship: rules that choose among the values that source records offer, pure and set-based.

A rule is an order over candidates; the first candidate with a value wins. Every order ends in recency and then in the
record's own name, so that equal inputs give equal outputs whatever their order. A value that failed a soft check
stands behind every value that did not. A value always comes from a member.

Candidates are a frame with one row per member: `role` (text), `source_time` (epoch microseconds, null last), `name_rank`
(position of source, stream, key in binary order) and the attribute's own value.
"""

from collections.abc import Sequence
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


def order(rule: Rule, value: str, failed: pl.Expr) -> list[tuple[pl.Expr, bool]]:
    """The rule as sort keys (expression, descending) over candidates that have a value."""
    lead: list[tuple[pl.Expr, bool]] = []
    if rule.by == "recency":
        lead = [(pl.col("source_time"), True)]
    elif rule.by == "length":
        lead = [(pl.col(value).cast(pl.String).str.len_chars(), True)]
    elif rule.by == "agreement":
        lead = [(pl.len().over("cluster", value), True)]
    elif rule.by == "order":
        places = {v: i for i, v in enumerate(rule.values)}
        text = pl.col(value).cast(pl.String).str.to_lowercase()
        lead = [(text.replace_strict(places, default=len(places), return_dtype=pl.Int32), False)]
    return [
        (failed.fill_null(False), False),
        *lead,
        (rank_of_role(rule), False),
        (pl.col("source_time"), True),
        (pl.col("name_rank"), False),
    ]


def winners(candidates: pl.DataFrame, value: str, rule: Rule, *, failed: pl.Expr | None = None) -> pl.DataFrame:
    """The winning candidate per cluster for one attribute.

    `candidates` has `cluster`, `record_id`, `role`, `source_time`, `name_rank` and `value`; the answer has `cluster`
    and `record_id`. Clusters in which nobody has a value are absent.
    """
    keys = order(rule, value, pl.lit(False) if failed is None else failed)
    offered = candidates.lazy().filter(_present(candidates, value))
    by = [expression.alias(f"_k{i}") for i, (expression, _) in enumerate(keys)]
    return (
        offered.with_columns(by)
        .sort(["cluster", *(f"_k{i}" for i in range(len(keys)))],
              descending=[False, *(down for _, down in keys)], nulls_last=True)
        .unique("cluster", keep="first", maintain_order=True)
        .select("cluster", "record_id")
        .collect()
    )  # fmt: skip


def _present(candidates: pl.DataFrame, value: str) -> pl.Expr:
    if isinstance(candidates.schema[value], pl.List):
        return pl.col(value).list.len().fill_null(0) > 0
    return pl.col(value).is_not_null()
