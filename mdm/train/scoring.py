"""Scoring on the bench: what a model gives the pairs in `blocked`, before anything of a run is written."""

import polars as pl

from mdm import blocking, model
from mdm.bench import Bench
from mdm.entity import Entity
from mdm.model import Model
from mdm.stages import match

_EVERYTHING = -10_000.0


def blocked(bench: Bench, entity: Entity) -> int:
    """Fill `blocked` with the pairs that a full run would score; returns how many."""
    ahead = blocking.forecast(bench, entity)
    blocking.allow(bench, entity, ahead, whole=True)
    bench.store("hot_now", blocking.hot_keys(bench, entity, ahead.hot))
    return blocking.candidates(bench, entity, whole=True)


def scored(bench: Bench, fitted: Model, pairs: str, floor: float = _EVERYTHING, *, explain: bool = False) -> pl.DataFrame:
    """Pairs (SQL of a, b) with their calibrated weight in bits, from `floor` up; `explain` adds what each comparison gave."""
    linker = model.linker(bench, fitted, explain=explain)
    bench.execute(
        "create or replace table blocked_part as select '0' as match_key, a as join_key_l, b as join_key_r "
        f"from ({pairs}) order by a, b"
    )
    linker.table_management.register_blocked_pairs_for_predict(
        linker._db_api.register("blocked_part", table_name="blocked_asked")
    )
    raw = max(fitted.calibration.raw(floor), _EVERYTHING)
    found = linker.inference.predict(threshold_match_weight=raw, warning_mode="never")
    weight = f"round({fitted.calibrated('match_weight')}, 6) as weight"
    columns = f"*, {weight}" if explain else weight
    rows = bench.frame(
        "select least(record_id_l, record_id_r) as a, greatest(record_id_l, record_id_r) as b, "
        f"{columns} from {found.physical_name} order by 1, 2"
    )
    found.drop_table_from_database_and_remove_from_cache()
    return rows


def weighable(entity: Entity, pairs: str) -> str:
    """SQL: those of some pairs (a, b) of which the weight decides."""
    return (
        f"select a, b from {pairs} join bench.compare l on l.record_id = a join bench.compare r on r.record_id = b "
        f"where not {by_identifier(entity)} and not {by_constraint(entity)}"
    )


def by_identifier(entity: Entity) -> str:
    """SQL over records l and r: an identifier joins them by itself, whatever they weigh."""
    each = [f"({match.joins(a)})" for a in match.joining(entity)]
    return f"coalesce({' or '.join(each)}, false)" if each else "false"


def by_constraint(entity: Entity) -> str:
    """SQL over records l and r: a veto or an identifier keeps them apart, whatever they weigh."""
    each = [f'coalesce(l."{c}" <> r."{c}", false)' for c in entity.constrained]
    return f"({' or '.join(each)})" if each else "false"
