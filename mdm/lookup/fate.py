"""What a run would do with a record and the golden records it resembles: join, ask, refuse, or nothing. Pure.

It is judged as a run judges, against the golden records as they stand: constraints, decisions and linkage decide together.
"""

from dataclasses import dataclass

import polars as pl

from mdm import constraint
from mdm.constraint import Limits, Rulings
from mdm.lookup.candidate import ASK, JOIN, NOTHING, REFUSE


@dataclass(frozen=True)
class Around:
    """What stands around a record.

    `records`: record_id, golden_id, the constrained columns, stream; the record itself has no golden_id. `edges`: a, b,
    weight, among all of them. `apart`: what decisions keep apart. `review`: the weight from which a steward is asked.
    """

    records: pl.DataFrame
    edges: pl.DataFrame
    apart: Rulings
    limits: Limits
    review: float


def fates(own: int, around: Around) -> dict[str, tuple[str, str]]:
    """For each golden record with a pair: what happens to it and the record, and why."""
    home = dict(around.records.drop_nulls("golden_id").select("record_id", "golden_id").iter_rows())
    mine = around.edges.filter((pl.col("a") == own) | (pl.col("b") == own)).with_columns(
        other=pl.when(pl.col("a") == own).then("b").otherwise("a")
    )
    mine = mine.with_columns(golden_id=pl.col("other").replace_strict(home, default=None, return_dtype=pl.String))
    best = mine.drop_nulls("golden_id").group_by("golden_id").agg(pl.col("weight").max()).sort("golden_id")
    strong = best.filter(pl.col("weight") >= around.limits.accept)["golden_id"].to_list()
    settled = _settled(own, around, home, strong) if strong else {}
    return {g: settled.get(g) or _weak(own, around, mine.filter(pl.col("golden_id") == g), w) for g, w in best.iter_rows()}


def _settled(own: int, around: Around, home: dict[int, str], strong: list[str]) -> dict[str, tuple[str, str]]:
    """Golden records with a strong pair, as clustering leaves them."""
    members = around.records.filter(pl.col("golden_id").is_in(strong) | (pl.col("record_id") == own))
    inside = around.edges.filter(
        pl.col("a").is_in(members["record_id"].implode()) & pl.col("b").is_in(members["record_id"].implode())
    )
    held = [
        frozenset(r)
        for (r,) in members.drop_nulls("golden_id").group_by("golden_id").agg("record_id").select("record_id").iter_rows()
    ]
    rulings = Rulings(together=[*around.apart.together, *held], apart=around.apart.apart)
    found = constraint.clusters(members.drop("golden_id"), inside, rulings, around.limits)
    cluster = dict(found.assigned.iter_rows())
    joined = {home[r] for r, c in cluster.items() if c == cluster[own] and r != own}
    told = dict.fromkeys(joined, (JOIN, "nothing speaks against it"))
    for a, b, _, reason in found.refused.iter_rows():
        if own in (a, b):
            told.setdefault(home[b if a == own else a], (REFUSE, reason))
    for row in found.parted.iter_rows(named=True):
        if own in (row["a"], row["b"]):
            other = home[row["b"] if row["a"] == own else row["a"]]
            why = f"the groups around them agree too little: their weakest pair weighs {row['weakest']:.1f} bits"
            told.setdefault(other, (REFUSE, why))
    return told


def _weak(own: int, around: Around, pairs: pl.DataFrame, weight: float) -> tuple[str, str]:
    """A golden record without a strong pair: a question, unless the two contradict each other."""
    if weight < around.review:
        return NOTHING, "too unlike to be worth a question"
    row = {r["record_id"]: r for r in around.records.iter_rows(named=True)}
    golden = row[pairs["other"][0]]["golden_id"]
    repeated = [s for s in around.limits.distinct if row[own][s] and any(
        r["golden_id"] == golden and r[s] == row[own][s] for r in row.values())]  # fmt: skip
    if repeated:
        return NOTHING, f"both hold a record of {row[own][repeated[0]]}, which never holds one thing twice"
    reasons = []
    for other in pairs.filter(pl.col("weight") >= around.review)["other"]:
        differ = [c for c in around.limits.alike if None not in (row[own][c], row[other][c]) and row[own][c] != row[other][c]]
        if not differ:
            return ASK, "the evidence lies between asking a steward and joining by machine"
        reasons.append(f"different {differ[0]}")
    return NOTHING, f"doubtful, and {reasons[0]} besides"
