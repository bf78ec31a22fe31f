"""The waterfall: how a pair's weight is made, comparison by comparison, scored again by the model."""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl

from mdm import exposure, model, prepare
from mdm.bench import Bench
from mdm.compare import RARITY
from mdm.context import Context
from mdm.entity import Entity
from mdm.explain import record
from mdm.stages.check import masked

_ROLE = "steward"
_EVERYTHING = -10_000.0


@dataclass(frozen=True)
class Bar:
    """One comparison: the values it saw, the level they reached, and its weight in bits; `rarity` is the part of it that
    comes from how rare the value is."""

    comparison: str
    a: Any
    b: Any
    level: str
    bits: float
    rarity: float = 0.0


def waterfall(context: Context, entity: Entity, a: int, b: int, number: int) -> list[Bar]:
    """The bars of a pair under a model, the prior first; empty when one of the two is not there."""
    found = record.published(context, entity, [a, b])
    if found.height < 2 or not entity.comparisons:
        return []
    failed = prepare.failures(found, entity)
    fitted = model.load(context.hub, entity.name, number)
    row = _scored(prepare.compared(masked(found, failed), entity), fitted, min(a, b), max(a, b))
    # As it was asked: the smaller number is on the left of the scored pair.
    return bars(entity, fitted, row, ("l", "r") if a < b else ("r", "l"))


def bars(entity: Entity, fitted: model.Model, row: Mapping[str, Any], sides: tuple[str, str]) -> list[Bar]:
    """The bars of a scored pair; `sides` says which of its two is shown first."""
    prior = fitted.settings["probability_two_random_records_match"]
    bars = [Bar("before looking", None, None, "two records at random", round(math.log2(prior / (1 - prior)), 2))]
    bars += [_bar(entity, comparison, row, sides) for comparison in fitted.settings["comparisons"]]
    return bars if fitted.calibration.identity else [*bars, _tempered(fitted, row["match_weight"])]


def _scored(two: pl.DataFrame, fitted: model.Model, a: int, b: int) -> Mapping[str, Any]:
    bench = Bench(None)
    try:
        bench.store("bench.compare", two)
        linker = model.linker(bench, fitted, explain=True)
        bench.store("asked", pl.DataFrame({"match_key": ["0"], "join_key_l": [a], "join_key_r": [b]}))
        pairs = linker._db_api.register("asked", table_name="asked_pair")
        linker.table_management.register_blocked_pairs_for_predict(pairs)
        scored = linker.inference.predict(threshold_match_weight=_EVERYTHING, warning_mode="never")
        return bench.frame(f"select * from {scored.physical_name}").row(0, named=True)
    finally:
        bench.close()


def _bar(entity: Entity, comparison: Mapping[str, Any], row: Mapping[str, Any], sides: tuple[str, str]) -> Bar:
    name, level = comparison["output_column_name"], int(row[f"gamma_{comparison['output_column_name']}"])
    levels = [lv for lv in comparison["comparison_levels"] if not lv.get("is_null_level")]
    label = "one of them is empty" if level < 0 else levels[len(levels) - 1 - level]["label_for_charts"]
    rarity = row.get(f"mw_tf_adj_{name}") or 0.0
    bits = (row[f"mw_{name}"] or 0.0) + rarity
    columns = _columns(comparison, row)
    a, b = (_shown(entity, columns, row, side) for side in sides)
    return Bar(name, a, b, label, round(bits, 2), round(rarity, 2))


def _tempered(fitted: model.Model, raw: float) -> Bar:
    """What calibration adds to a weight, so that the bars still sum to it."""
    label = "what decided pairs of this weight turned out to be"
    return Bar("calibration", None, None, label, round(fitted.calibration.weight(raw) - raw, 2))


def _columns(comparison: Mapping[str, Any], row: Mapping[str, Any]) -> list[str]:
    if f"{comparison['output_column_name']}_l" in row:
        return [comparison["output_column_name"]]
    said = " ".join(level["sql_condition"] for level in comparison["comparison_levels"])
    return [c for c in dict.fromkeys(re.findall(r'"?(\w+?)_l\b', said)) if f"{c}_l" in row]


def _shown(entity: Entity, columns: list[str], row: Mapping[str, Any], side: str) -> Any:
    hidden = set(exposure.hidden(entity.attributes, _ROLE))
    # A key made from a hidden attribute tells as much as the attribute.
    hidden |= {k.name for k in entity.keys if hidden & set(k.of)}
    held = {c: row[f"{c}_{side}"] for c in columns}
    told = [exposure.MASK if c.removesuffix(RARITY) in hidden else _told(v) for c, v in held.items() if v is not None]
    return ", ".join(told) or None


def _told(value: Any) -> str:
    if isinstance(value, Mapping):
        # The words of a rare key, with what they weigh.
        value = sorted(value["words"])
    return "; ".join(map(str, value)) if isinstance(value, list) else str(value)
