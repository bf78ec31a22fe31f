"""Lost: the pairs that a model would join, or ask about, and that no blocking rule makes; estimated on a sample.

Records drawn at random are compared with all that share any value with them, however common, as far as a budget of
comparisons reaches; the first few of them with all records there are, which shows what the short way overlooks. Few
enough records are all compared with one another.
"""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from mdm import model
from mdm.bench import Bench
from mdm.blocking.advice import Advice, better
from mdm.blocking.pair import candidates
from mdm.blocking.rule import hot_keys
from mdm.blocking.sample import alike, drawn, widest
from mdm.entity import Entity
from mdm.model import Model

BUDGET = 5_000_000
# Records whose partners the budget should at least reach, and the share of it that goes into comparing with everything.
_DRAWN, _CONTROL = 1_000, 0.25
_CONFIDENCE = 1.959964
_MOST_LOST = 10_000


@dataclass(frozen=True)
class Recall:
    """Pairs of the sample that blocking makes and loses, and the share it makes with Wilson's 95 % interval."""

    found: int
    lost: int
    value: float | None
    low: float
    high: float


@dataclass(frozen=True)
class Lost:
    """What blocking loses. `accept`: pairs a machine would join; `review`: those a steward would be asked about.

    `widest`: a partner shares a value that at most so many records have; None where everything was compared.
    `controlled` records were compared with everything, and `overlooked` pairs came to light only so.
    `pairs`: a, b, weight, agrees (names of columns), those lost, strongest first.
    """

    entity: str
    model: int
    records: int
    sampled: int
    compared: int
    widest: int | None
    controlled: int
    overlooked: int
    accept: Recall
    review: Recall
    pairs: pl.DataFrame
    advice: Sequence[Advice]

    @property
    def pairs_found(self) -> int:
        """Pairs of the sample at or above accept that blocking makes."""
        return self.accept.found

    @property
    def pairs_lost(self) -> int:
        """Pairs of the sample at or above accept that no rule makes."""
        return self.accept.lost


def lost(bench: Bench, entity: Entity, found: Model, *, budget: int = BUDGET) -> Lost:
    """An estimate of what the blocking rules lose under a model; replaces the bench tables `changed` and `blocked`."""
    columns = compared(entity, found)
    records = bench.execute("select count(*) from bench.compare")[0][0]
    whole = records * (records - 1) / 2 <= budget
    most, partners = (None, 0.0) if whole else widest(bench, columns, budget * (1 - _CONTROL) / _DRAWN)
    sampled = records if whole else min(int(budget * (1 - _CONTROL) / max(partners, 1)), records)
    controlled = records if whole else min(max(int(budget * _CONTROL / records), 1), sampled)
    drawn(bench, "changed", sampled, found.number)
    drawn(bench, "control", controlled, found.number)
    if most is None:
        bench.execute("create or replace temp table alike (a bigint, b bigint)")
    else:
        alike(bench, columns, "changed", most)
    scored = _scored(bench, entity, found)
    missed = scored.filter(pl.col("rule").is_null())
    kept = _agreeing(bench, missed.head(_MOST_LOST), columns)
    joined = pl.col("weight") >= model.weight_of(entity.accept)
    return Lost(
        entity.name, found.number, records, sampled, bench.execute("select count(*) from blocked")[0][0], most, controlled,
        0 if whole else missed.filter("control").height, recall(scored.filter(joined)), recall(scored.filter(~joined)), kept,
        better(bench, entity, kept.filter(joined) if kept.filter(joined).height else kept),
    )  # fmt: skip


def recall(scored: pl.DataFrame) -> Recall:
    """The share of pairs that some rule makes: `rule` is null where none does. Pure."""
    lost_ = scored["rule"].null_count()
    low, high = wilson(scored.height - lost_, scored.height)
    share = (scored.height - lost_) / scored.height if scored.height else None
    return Recall(scored.height - lost_, lost_, share, low, high)


def wilson(right: int, count: int) -> tuple[float, float]:
    """Wilson's 95 % interval of a share seen as `right` among `count`. Pure."""
    if count == 0:
        return 0.0, 1.0
    z, share = _CONFIDENCE, right / count
    middle, whole = share + z * z / (2 * count), 1 + z * z / count
    spread = z * math.sqrt(share * (1 - share) / count + z * z / (4 * count * count))
    return max(0.0, min(share, (middle - spread) / whole)), min(1.0, max(share, (middle + spread) / whole))


def compared(entity: Entity, found: Model) -> list[str]:
    """The columns that comparisons look at or rules are made of."""
    said = " ".join(lv["sql_condition"] for c in found.settings["comparisons"] for lv in c["comparison_levels"])
    named = set(re.findall(r"(\w+)_l\b", said)) | {c for rule in entity.block for c in rule}
    return [c for c in entity.columns if c in named]


def _scored(bench: Bench, entity: Entity, found: Model) -> pl.DataFrame:
    """Every pair of the sample at or above review that no constraint parts: a, b, weight, rule (null: lost), control."""
    bench.store("hot_now", hot_keys(bench, entity))
    candidates(bench, entity, whole=False)
    bench.execute("create or replace temp table made_pairs as select a, b, rule from blocked")
    bench.execute(
        "create or replace table blocked as select a, b, min(rule) as rule, min(control)::integer as control from ("
        "select a, b, rule, 0 as control from made_pairs union all select a, b, null, 0 from alike union all "
        "select least(x.record_id, y.record_id), greatest(x.record_id, y.record_id), null, 1 from control x "
        "join bench.compare y on x.record_id <> y.record_id) p left join distinct_record s on s.record_id = p.a "
        "left join distinct_record t on t.record_id = p.b where coalesce(s.stream <> t.stream, true) group by a, b"
    )
    linker = model.linker(bench, found)
    bench.execute(
        "create or replace table blocked_part as select 0::varchar as match_key, a as join_key_l, b as join_key_r from blocked"
    )
    linker.table_management.register_blocked_pairs_for_predict(linker._db_api.register("blocked_part", table_name="blocked_lost"))
    floor = found.calibration.raw(model.weight_of(entity.review))
    scored = linker.inference.predict(threshold_match_weight=floor, warning_mode="never")
    apart = " or ".join(f'coalesce(l."{c}" <> r."{c}", false)' for c in entity.constrained) or "false"
    rows = bench.frame(
        f"select b.a, b.b, round({found.calibrated('match_weight')}, 6) as weight, b.rule, b.control = 1 as control "
        f"from {scored.physical_name} s join blocked b on b.a = least(s.record_id_l, s.record_id_r) "
        "and b.b = greatest(s.record_id_l, s.record_id_r) join bench.compare l on l.record_id = b.a "
        f"join bench.compare r on r.record_id = b.b where not ({apart}) order by weight desc, b.a, b.b"
    )
    scored.drop_table_from_database_and_remove_from_cache()
    return rows


def _agreeing(bench: Bench, pairs: pl.DataFrame, columns: Sequence[str]) -> pl.DataFrame:
    """The pairs with the columns in which their records agree: a, b, weight, agrees."""
    kinds = bench.execute(
        "select column_name, data_type from duckdb_columns() where database_name = 'bench' and table_name = 'compare'"
    )
    lists = {name for name, kind in kinds if kind.endswith("[]")}
    same = [f'list_has_any(l."{c}", r."{c}")' if c in lists else f'l."{c}" = r."{c}"' for c in columns]
    named = ", ".join(f"case when {s} then '{c}' end" for c, s in zip(columns, same, strict=True)) or "null::varchar"
    with bench.given("_lost", pairs.select("a", "b", "weight")):
        return bench.frame(
            f"select a, b, weight, list_filter([{named}], lambda x: x is not null) as agrees from _lost join bench.compare l "
            "on l.record_id = a join bench.compare r on r.record_id = b order by weight desc, a, b"
        )
