"""Match: candidate pairs by blocking, scored by the active model, kept lean where they are worth a thought.

Blocking is ours, scoring is Splink's: candidates are made in one fixed direction (smaller record first), so that a pair
has the same weight whether it is met in a full run or when one of its records changes.
"""

import time
from typing import Any

import polars as pl
import sqlalchemy as sa

from mdm import blocking, model, spark
from mdm.bench import Bench
from mdm.caution import IDENTIFIER_WEIGHT
from mdm.entity import Attribute, Entity
from mdm.hub import Hub, Run, Tally
from mdm.hub.version import visible

IDENTIFIER_RULE = -1
_CHUNK = 20_000_000
_PAIR: Any = {"a": pl.Int64, "b": pl.Int64, "weight": pl.Float64, "rule": pl.Int64, "model": pl.Int64}


def run(hub: Hub, entity: Entity, run: Run) -> Tally:
    """Make pairs of what changed (bench table `changed`) against everything; the difference goes to the hub."""
    bench = run.bench
    hot, ahead = _ahead(bench, entity, run)
    bench.store("hot_now", hot)
    blocking.keep(bench, hot)
    started = time.monotonic()
    there = _for_spark(bench, run)
    found = _on_spark(hub, bench, entity, run) if there else _here(hub, bench, entity, run)
    if ahead is not None and not there:
        blocking.remember(bench, ahead.pairs, time.monotonic() - started)
    fresh = bench.frame("select a, b, weight, rule, model from pairs_new order by a, b").cast(_PAIR)
    before = _before(hub, entity, run)
    gone = before.join(fresh, on=["a", "b", "weight", "rule", "model"], how="anti")
    new = fresh.join(before, on=["a", "b", "weight", "rule", "model"], how="anti")
    table = hub.tables(entity.name).pair
    hub.close(table, gone.select("a", "b"), run)
    hub.append(table, new, run)
    bench.store("pair_changes", pl.concat([gone.select("a", "b"), new.select("a", "b")]))
    counts = {"candidates": found, "pairs": fresh.height, "new": new.height, "gone": gone.height, "hot_keys": hot.height}
    return Tally(counts, tuple(ahead.notes) if ahead is not None else ())


def _ahead(bench: Bench, entity: Entity, run: Run) -> tuple[pl.DataFrame, blocking.Forecast | None]:
    """The hot keys, and what a whole run has to expect; raises BlockingError where that is too much."""
    if run.whole:
        ahead = blocking.forecast(bench, entity)
        blocking.allow(bench, entity, ahead)
        return blocking.hot_keys(bench, entity, ahead.hot), ahead
    before = run.memory.get("hot", [])
    touched = blocking.touched(bench, entity, before)
    if blocking.reopen(bench, entity, touched.hot, before):
        touched = blocking.touched(bench, entity, before)
    if touched.pairs > blocking.limit(bench, bench.execute("select count(*) from bench.compare")[0][0]):
        blocking.allow(bench, entity, blocking.forecast(bench, entity), whole=False)
    return touched.hot, None


def words(entity: Entity, rule: int) -> str:
    """Why two records made a pair."""
    if rule == IDENTIFIER_RULE:
        return "same identifier, names compatible"
    columns = dict(blocking.rules(entity)).get(rule)
    return f"same {' + '.join(columns)}" if columns else f"blocking rule {rule}"


def _for_spark(bench: Bench, run: Run) -> bool:
    changed = bench.execute(f"select count(*) from {'bench.compare' if run.whole else 'changed'}")[0][0]
    return spark.called_for(run.settings.run, changed)


def _on_spark(hub: Hub, bench: Bench, entity: Entity, run: Run) -> int:
    """The same pairs with the same weights, made by Spark."""
    scores = entity.comparisons and run.model is not None
    fitted = model.load(hub, entity.name, run.model) if scores else None
    floor, weight = model.weight_of(entity.review), "weight"
    if fitted is not None:
        floor, weight = fitted.calibration.raw(floor), fitted.calibrated(weight)
    wanted = spark.Pairs(
        entity=entity.name,
        keys=blocking.cold_keys(bench, entity),
        joins=[joins(a) for a in joining(entity)],
        model=fitted,
        floor=floor,
        whole=run.whole,
    )
    found = spark.pairs(bench, run.settings, wanted)
    bench.execute(
        f"create or replace table pairs_new as select a, b, round({weight}, 6) as weight, rule, {run.model or 0} as model "
        "from scored"
    )
    _raise(bench, run.model or 0)
    return found


def _here(hub: Hub, bench: Bench, entity: Entity, run: Run) -> int:
    found = blocking.candidates(bench, entity, whole=run.whole)
    _score(hub, bench, entity, run)
    return found


def _score(hub: Hub, bench: Bench, entity: Entity, run: Run) -> None:
    bench.execute("create or replace table pairs_new (a bigint, b bigint, weight double, rule integer, model integer)")
    total = bench.execute("select count(*) from blocked")[0][0]
    if entity.comparisons and total and run.model is not None:
        fitted = model.load(hub, entity.name, run.model)
        linker = model.linker(bench, fitted)
        floor = fitted.calibration.raw(model.weight_of(entity.review))
        chunks = -(-total // _CHUNK)
        for chunk in range(chunks):
            bench.execute(
                "create or replace table blocked_part as select rule::varchar as match_key, a as join_key_l, b as join_key_r "
                f"from blocked where hash(a) % {chunks} = {chunk}"
            )
            linker.table_management.register_blocked_pairs_for_predict(
                linker._db_api.register("blocked_part", table_name=f"blocked_part_{chunk}")
            )
            scored = linker.inference.predict(threshold_match_weight=floor, warning_mode="never")
            bench.execute(
                "insert into pairs_new select least(record_id_l, record_id_r), greatest(record_id_l, record_id_r), "
                f"round({fitted.calibrated('match_weight')}, 6), "
                f"match_key::integer, {run.model} from {scored.physical_name}"
            )
            scored.drop_table_from_database_and_remove_from_cache()
    for attribute in joining(entity):
        own = next(n for n, columns in blocking.rules(entity) if columns == [attribute.name])
        _joined(bench, attribute, own, run.model or 0)


def joining(entity: Entity) -> list[Attribute]:
    """The identifiers that join by themselves."""
    return [a for a in entity.identifiers if a.identity and a.identity.joins]


def _joined(bench: Bench, attribute: Attribute, own: int, number: int) -> None:
    """Pairs that an identifier joins by itself: equal, valid, shared by no more than may be one, and the names compatible."""
    usual = f'hash(l."{attribute.name}") not in (select k from hot_now where rule = {own})'
    bench.execute(
        "create or replace temp table joined as select a, b from blocked join bench.compare l on l.record_id = a "
        f"join bench.compare r on r.record_id = b where {joins(attribute)} and {usual}"
    )
    _raise(bench, number)


def _raise(bench: Bench, number: int) -> None:
    """Give the pairs in `joined` the weight of an identifier."""
    bench.execute(
        f"update pairs_new set weight = greatest(weight, {IDENTIFIER_WEIGHT}), rule = {IDENTIFIER_RULE} from joined j "
        "where pairs_new.a = j.a and pairs_new.b = j.b"
    )
    bench.execute(
        f"insert into pairs_new select distinct a, b, {IDENTIFIER_WEIGHT}, {IDENTIFIER_RULE}, {number} from joined anti join "
        "pairs_new using (a, b)"
    )


def joins(attribute: Attribute) -> str:
    """SQL: an identifier joins two records by itself."""
    said = attribute.identity.compatible if attribute.identity else ()
    return " and ".join([f'l."{attribute.name}" = r."{attribute.name}"', *map(compatible, said)])


def compatible(column: str) -> str:
    """SQL: two names that do not contradict each other. Both are there, and equal, alike, or sharing a word."""
    left, right = f'l."{column}"', f'r."{column}"'
    return (
        f"({left} is not null and {right} is not null and ({left} = {right} or jaro_winkler_similarity({left}, {right}) >= 0.88 "
        f"or list_has_any(string_split({left}, ' '), string_split({right}, ' '))))"
    )


def _before(hub: Hub, entity: Entity, run: Run) -> pl.DataFrame:
    """The published pairs of what changed."""
    table = hub.tables(entity.name).pair
    columns = [table.c[n] for n in _PAIR]
    if run.base == 0:
        return pl.DataFrame(schema=_PAIR)
    now = visible(table, run.base)
    with hub.read() as session:
        if run.whole:
            return session.frame(sa.select(*columns).where(now))
        ids = run.bench.frame("select record_id from changed_ids")["record_id"]
        left = session.frame(sa.select(*columns).where(now, session.among(table.c.a, ids)))
        right = session.frame(sa.select(*columns).where(now, session.among(table.c.b, ids)))
    return pl.concat([left, right]).unique()
