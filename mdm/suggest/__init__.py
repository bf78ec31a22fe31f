"""Suggest: a match model for an entity nobody tuned, as code to paste, with the reasons.

What a column holds decides how it is compared; weights are learnt from all pairs that affordable blocking finds; then
only the blocking rules are kept that are needed to find them, and only the comparisons that say something.
"""

import math
import sys
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import polars as pl

from mdm import blocking, model, prepare, rarity
from mdm.bench import Bench
from mdm.entity import Entity
from mdm.errors import UsageError
from mdm.suggest import profile, selection
from mdm.suggest.declaration import Plan, written
from mdm.suggest.selection import Option
from mdm.train import candidates, pattern

Rule = tuple[tuple[str, ...], int | None, str]

_FEWEST = 20
# A comparison whose levels all weigh less than this, in bits, says nothing.
_SILENT = 0.3
_LIKELY = 0.5


def suggested(bench: Bench, entity: Entity) -> str:
    """A rules file for the entity, made from the records on the bench."""
    records = bench.frame("select * from bench.record order by record_id")
    if records.height < _FEWEST:
        raise UsageError(f"{entity.name}: {records.height} records are too few to learn from; land at least {_FEWEST} first")
    folded = records.select(_folded(records, a.name) for a in entity.attributes)
    columns = profile.columns(folded)
    if not columns:
        raise UsageError(f"{entity.name}: no attribute is filled often enough to compare; map more fields")
    plan = Plan(columns, profile.swapped(folded, columns))
    # The rules tried are cheap ones already.
    scratch = Bench(None, pairs=sys.maxsize)
    try:
        return written(entity, _planned(scratch, entity, records, plan))
    finally:
        scratch.close()


def _folded(records: pl.DataFrame, name: str) -> pl.Expr:
    from mdm import standard

    said = pl.col(name).list.join(" ") if isinstance(records.schema[name], pl.List) else pl.col(name).cast(pl.String)
    return standard.known.on(said).alias(name)


def _planned(scratch: Bench, entity: Entity, records: pl.DataFrame, plan: Plan) -> Plan:
    """The plan with the blocking it needs, and without comparisons that say nothing."""
    every = declared(entity, replace(plan, blocks=[((c.name,), None, "") for c in plan.columns[:1]]), all_keys=True)
    scratch.store("bench.record", records)
    scratch.store("bench.compare", prepare.compared(records, every))
    scratch.execute("create or replace temp table changed (record_id bigint)")
    found = selection.options(scratch, plan, records.height)
    plan = replace(plan, blocks=[(o.columns, o.hot, "") for o in found])
    trial = declared(entity, plan)
    words = {key: rarity.counted(scratch, key) for key in rarity.keys(trial)}
    settings = candidates.fitted(scratch, trial, model.declared(trial), words, {"records": records.height})
    picked = selection.chosen(found, _likely(scratch, trial, settings, found), records.height)
    blocks = [(o.columns, o.hot, _why(o, share, records.height)) for o, share in picked]
    return replace(
        plan, blocks=blocks or _finding(scratch, trial, plan.blocks), train=plan.blocks, silent=_silent(settings["comparisons"])
    )


def _finding(scratch: Bench, trial: Entity, blocks: Sequence[Rule]) -> Sequence[Rule]:
    """The rules but those that find nobody, such as a column that tells every record apart; all, where all are such."""
    silent = {c.number for c in blocking.forecast(scratch, trial).costs if c.silent}
    return [block for number, block in enumerate(blocks) if number not in silent] or blocks


def _why(option: Option, share: float, records: int) -> str:
    return f"finds {share:.1%} of likely matches, {option.pairs / records:.1f} pairs a record"


def declared(entity: Entity, plan: Plan, *, all_keys: bool = False) -> Entity:
    """The entity that the plan's code declares."""
    code = written(entity, replace(plan, blocks=_with_every_key(plan)) if all_keys else plan)
    names: dict[str, object] = {}
    # It is our own text, and the only way that what is tried is what is printed.
    exec(compile(code, f"<suggested {entity.name}>", "exec"), names)  # noqa: S102
    made = names[entity.name]
    assert isinstance(made, Entity)
    return made


def _with_every_key(plan: Plan) -> list[tuple[tuple[str, ...], int | None, str]]:
    from mdm.suggest.declaration import keys

    return [((name,), None, "") for name, _ in keys(plan)] or [((plan.columns[0].name,), None, "")]


def _likely(bench: Bench, entity: Entity, settings: dict, found: Sequence[Option]) -> pl.DataFrame:
    """Which rules find each pair that looks like a match: rule, pair."""
    weights = [_bits(c) for c in settings["comparisons"]]
    share = settings["probability_two_random_records_match"]
    levels = pattern.levels(bench, settings["comparisons"], "blocked")
    total = np.full(levels.height, math.log2(share / (1 - share)))
    for i, bits in enumerate(weights):
        level = levels[f"g{i}"].to_numpy()
        total += np.where(level >= 0, bits[np.maximum(level, 0)], 0.0)
    good = levels.select("a", "b").filter(pl.Series(total >= model.weight_of(_LIKELY))).with_row_index("pair")
    bench.store("likely", good)
    parts = [pl.DataFrame(schema={"rule": pl.Int64, "pair": pl.UInt32})]
    for number, option in enumerate(found):
        bench.execute(
            f"create or replace temp table keys as select record_id, k from ({blocking.key_sql(bench, list(option.columns))})"
        )
        if option.hot:
            bench.execute(f"delete from keys where k in (select k from keys group by k having count(*) > {option.hot})")
        pairs = bench.frame(
            "select distinct pair from likely join keys x on x.record_id = a join keys y on y.record_id = b and y.k = x.k order by 1"
        )
        parts.append(pairs.select(rule=pl.lit(number, pl.Int64), pair="pair"))
    return pl.concat(parts)


def _bits(comparison: dict) -> np.ndarray:
    graded = [level for level in reversed(comparison["comparison_levels"]) if not level.get("is_null_level")]
    return np.array([math.log2(level["m_probability"] / level["u_probability"]) for level in graded])


def _silent(comparisons: Sequence[dict]) -> frozenset[str]:
    return frozenset(c["output_column_name"] for c in comparisons if np.abs(_bits(c)).max() < _SILENT)
