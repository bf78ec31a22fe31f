"""What if a value were otherwise: each single change of two records, prepared, blocked, held against vetoes and scored anew."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl

from mdm import blocking, model, prepare
from mdm.bench import Bench
from mdm.entity import Entity
from mdm.explain.flip import Change, Pair
from mdm.stages import match
from mdm.stages.check import masked

BLOCKING = "no blocking rule"
_EVERYTHING = -10_000.0
_AS_IT_IS = "as it is"


@dataclass(frozen=True)
class _Variant:
    """Two records as they might be, and how that is said."""

    words: str
    about: str
    left: Mapping[str, Any]
    right: Mapping[str, Any]


def changes(
    entity: Entity, two: pl.DataFrame, names: tuple[str, str], fitted: model.Model | None, hot: Collection[tuple[int, int]]
) -> tuple[Pair, list[Change]]:
    """Two records (published form, in the order they are scored) as a pair, and every change of one of their values.

    `hot`: the keys, as rule and name, that make no pairs.
    """
    left, right = two.row(0, named=True), two.row(1, named=True)
    variants = [_Variant(_AS_IT_IS, "", left, right), *_variants(entity, left, right, names)]
    weights, obstacles = _judged(entity, two, variants, fitted, hot)
    accept = model.weight_of(entity.accept)
    now = Pair(weights[0], accept, obstacles[0])
    made = [
        Change(v.words, v.about, round(w - now.weight, 6), now.obstacles - o, o - now.obstacles)
        for v, w, o in zip(variants, weights, obstacles, strict=True)
    ]
    return now, made[1:]


def _variants(entity: Entity, left: Mapping[str, Any], right: Mapping[str, Any], names: tuple[str, str]) -> Iterator[_Variant]:
    for name in (a.name for a in entity.attributes):
        ours, theirs = left[name], right[name]
        if ours is not None and theirs is None:
            yield _Variant(f"{names[1]} had the same {name}", name, left, {**right, name: ours})
        elif theirs is not None and ours is None:
            yield _Variant(f"{names[0]} had the same {name}", name, {**left, name: theirs}, right)
        elif ours is not None:
            if ours != theirs:
                yield _Variant(f"their {name} agreed", name, left, {**right, name: ours})
            yield _Variant(f"{name} were empty in {names[1]}", name, left, {**right, name: None})


def _judged(
    entity: Entity, two: pl.DataFrame, variants: list[_Variant], fitted: model.Model | None, hot: Collection[tuple[int, int]]
) -> tuple[list[float], list[frozenset[str]]]:
    """The weight of each variant, and what stands in its way."""
    rows = [{**row, "record_id": 2 * n + side} for n, v in enumerate(variants) for side, row in ((0, v.left), (1, v.right))]
    columns = ["record_id", *(a.name for a in entity.attributes)]
    frame = pl.DataFrame([{c: row[c] for c in columns} for row in rows], schema={c: two.schema[c] for c in columns})
    bench = Bench(None)
    try:
        bench.store("bench.compare", prepare.compared(masked(frame, prepare.failures(frame, entity)), entity))
        weights = _weights(bench, entity, fitted, len(variants))
        found = _blocked(bench, entity, hot)
        differing = _differing(bench, entity)
        return weights, [frozenset(differing.get(n, ())) | (set() if n in found else {BLOCKING}) for n in range(len(variants))]
    finally:
        bench.close()


def _weights(bench: Bench, entity: Entity, fitted: model.Model | None, count: int) -> list[float]:
    found = dict.fromkeys(range(count), _EVERYTHING)
    if fitted is not None and entity.comparisons:
        linker = model.linker(bench, fitted)
        bench.execute(
            "create table asked as select '0' as match_key, record_id as join_key_l, record_id + 1 as join_key_r "
            "from bench.compare where record_id % 2 = 0"
        )
        linker.table_management.register_blocked_pairs_for_predict(linker._db_api.register("asked", table_name="asked_pairs"))
        scored = linker.inference.predict(threshold_match_weight=_EVERYTHING, warning_mode="never")
        found |= dict(
            bench.execute(
                f"select least(record_id_l, record_id_r) // 2, round({fitted.calibrated('match_weight')}, 6) "
                f"from {scored.physical_name}"
            )
        )
    for attribute in match.joining(entity):
        for (number,) in bench.execute(
            "select l.record_id // 2 from bench.compare l join bench.compare r on r.record_id = l.record_id + 1 "
            f"where l.record_id % 2 = 0 and {match.joins(attribute)}"
        ):
            found[number] = max(found[number], match.IDENTIFIER_WEIGHT)
    return [found[n] for n in range(count)]


def _blocked(bench: Bench, entity: Entity, hot: Collection[tuple[int, int]]) -> set[int]:
    """The variants that some rule makes a pair."""
    found = set()
    for rule, columns in blocking.rules(entity):
        keys = blocking.key_sql(bench, columns)
        for number, name in bench.execute(
            f"with keys as ({keys}) select x.record_id // 2, (md5_number_lower(x.t) >> 1)::bigint from keys x join keys y "
            "on y.k = x.k and y.record_id = x.record_id + 1 where x.record_id % 2 = 0"
        ):
            if (rule, name) not in hot:
                found.add(number)
    return found


def _differing(bench: Bench, entity: Entity) -> dict[int, set[str]]:
    """Per variant, what it differs in and must not."""
    found: dict[int, set[str]] = {}
    for column in entity.constrained:
        for (number,) in bench.execute(
            "select l.record_id // 2 from bench.compare l join bench.compare r on r.record_id = l.record_id + 1 "
            f'where l.record_id % 2 = 0 and l."{column}" <> r."{column}"'
        ):
            found.setdefault(number, set()).add(f"different {column}")
    return found
