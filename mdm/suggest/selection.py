"""Choosing blocking rules: few and cheap ones that together find nearly all pairs that look like matches."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations, product

import polars as pl

from mdm import blocking
from mdm.bench import Bench
from mdm.suggest.declaration import Plan, keys

# Pairs a rule may make per record, and all rules together.
PER_RECORD, MOST = 15, 20_000_000
_HOTTEST, _COOLEST, _STEP = 200, 5, 1.3
# Enough is enough: this share of the likely matches, and rules that find less than that share more are left out.
COVERED, WORTH = 0.9995, 0.0002


@dataclass(frozen=True)
class Option:
    """A blocking rule that could be: its columns, its own limit, the pairs it makes."""

    columns: tuple[str, ...]
    hot: int | None
    pairs: int


def options(bench: Bench, plan: Plan, records: int) -> list[Option]:
    """The rules a plan could have within its means: a column, two columns or parts of them, words of a text."""
    limit = min(PER_RECORD * records, MOST)
    made = {name for name, _ in keys(plan)}
    forms = {
        c.name: [n for n in (c.name, f"{c.name}_start", f"{c.name}_end") if n == c.name or n in made]
        for c in plan.columns
        if c.kind in ("name", "code", "date", "number", "phrase")
    }
    single = [o for name in forms if (o := _option(bench, (name,))).pairs <= limit]
    enough = {o.columns[0] for o in single}
    pairs = [
        option
        for a, b in combinations(forms, 2)
        for columns in product(forms[a], forms[b])
        if not enough & set(columns) and (option := _option(bench, columns)).pairs <= limit
    ]
    words = [_by_words(bench, f"{c.name}_words", 2 * limit) for c in plan.texts]
    return [o for o in (*single, *pairs, *words) if o.pairs]


def _option(bench: Bench, columns: tuple[str, ...], hot: int = 500) -> Option:
    sql = blocking.key_sql(bench, list(columns))
    pairs = bench.execute(f"select coalesce(sum(n * (n - 1) / 2), 0)::bigint from (select count(*) as n from ({sql}) group by k)")
    return Option(columns, None, pairs[0][0])


def _by_words(bench: Bench, key: str, limit: int) -> Option:
    """Rare words only: the limit per word falls until the pairs are within means."""
    sizes = bench.frame(f"select count(*)::bigint as n from ({blocking.key_sql(bench, [key])}) group by k")["n"]
    hot = float(_HOTTEST)
    while True:
        kept = sizes.filter(sizes <= int(hot))
        pairs = int((kept * (kept - 1) // 2).sum())
        if pairs <= limit or hot <= _COOLEST:
            return Option((key,), int(hot), pairs)
        hot /= _STEP


def chosen(found: Sequence[Option], likely: pl.DataFrame, records: int) -> list[tuple[Option, float]]:
    """The rules worth having and the share of likely matches each adds. `likely`: rule, pair (a number per pair)."""
    total = likely["pair"].n_unique()
    left, picked, covered = likely, [], 0
    while left.height and covered < COVERED * total:
        gains = left.group_by("rule").len("gain").sort("rule")
        cost = pl.Series([found[r].pairs + records for r in gains["rule"]])
        best = gains.with_columns(worth=pl.col("gain") / cost).sort("worth", "rule", descending=[True, False]).row(0, named=True)
        if best["gain"] < WORTH * total:
            # Nothing cheap is left: what finds most comes next, until that is not worth it either.
            best = gains.sort("gain", "rule", descending=[True, False]).row(0, named=True)
            if best["gain"] < WORTH * total:
                break
        gone = left.filter(pl.col("rule") == best["rule"]).select("pair")
        left = left.join(gone, on="pair", how="anti")
        covered += best["gain"]
        picked.append((found[best["rule"]], best["gain"] / total))
    return picked
