"""Training on blocks: pairs that share an identifier teach what matches look like, random pairs what others do.

u by random sampling, m by expectation maximisation on blocks of identifiers (Fellegi and Sunter 1969, as implemented by
Splink), the prior from identifiers that join. What the data cannot train keeps the weight the entity declares.
"""

import logging
from collections.abc import Mapping
from typing import Any

import polars as pl
from splink import DuckDBAPI, Linker, block_on

from mdm import blocking, model
from mdm.bench import Bench
from mdm.entity import Entity

SEED = 1
# Fewer observations than this say less than the declaration does.
_OBSERVED = 50
_BLOCK_PAIRS = 300
_SMALL, _PAIRS_SMALL, _PAIRS = 20_000, 1_000_000, 10_000_000


def fitted(
    bench: Bench, entity: Entity, settings: dict[str, Any], words: Mapping[str, pl.DataFrame], evidence: dict[str, Any]
) -> dict[str, Any]:
    """The declared settings with prior, m and u; `evidence` grows by what was seen."""
    count = evidence["records"]
    prior, evidence["identifier_pairs"] = _prior(bench, entity, count)
    settings["probability_two_random_records_match"] = prior
    if count > 1 and entity.comparisons:
        return _weights(bench, entity, settings, words, evidence)
    return settings


def _prior(bench: Bench, entity: Entity, count: int) -> tuple[float, int]:
    """The probability that two random records are one, from pairs that share an identifier.

    Pairs are scaled up by the share of records that have the identifier at all, squared. Where too few pairs share
    one, the declared number of matches per record decides.
    """
    total = max(count * (count - 1) / 2, 1)
    best, found = 0.0, 0
    for attribute in (a for a in entity.identifiers if a.identity and a.identity.joins):
        pairs, filled = bench.execute(
            "select coalesce(sum(n * (n - 1) / 2), 0)::bigint, coalesce(sum(n), 0)::bigint from (select count(*) as n "
            "from bench.compare "
            f'where "{attribute.name}" is not null group by "{attribute.name}" having count(*) <= {entity.hot})'
        )[0]
        if pairs >= _OBSERVED and filled:
            best, found = max((best, found), (pairs / (filled / count) ** 2, pairs))
    matches = best if best else entity.matches_per_record * count / 2
    return min(max(matches / total, 1e-12), 0.5), found


def _weights(
    bench: Bench, entity: Entity, settings: dict[str, Any], words: Mapping[str, pl.DataFrame], evidence: dict[str, Any]
) -> dict[str, Any]:
    count = evidence["records"]
    logging.getLogger("splink").setLevel(logging.ERROR)
    model.comparable(bench, words)
    bench.execute("create or replace table training as select * from comparable order by record_id")
    api = DuckDBAPI(bench.connection)
    linker = Linker(api.register("training"), settings, log_level=logging.ERROR)
    most = _PAIRS_SMALL if count < _SMALL else _PAIRS
    linker.training.estimate_u_using_random_sampling(max_pairs=most, seed=SEED)
    sampled = min(most, count * (count - 1) / 2)
    trained_pairs = 0
    for rule in entity.train:
        blocking.allow_training(bench, entity, rule)
        pairs = _block_pairs(bench, rule, entity.hot)
        evidence["blocks"].append({"block": list(rule), "pairs": pairs})
        if pairs >= _BLOCK_PAIRS:
            _expectation(linker, rule)
            trained_pairs = max(trained_pairs, pairs)
    fitted_settings = linker.misc.save_model_to_json(None)
    linker.table_management.delete_tables_created_by_splink_from_db()
    bench.execute("drop table training")
    return _completed(settings, fitted_settings, sampled, trained_pairs, evidence)


def _expectation(linker: Linker, rule: Any) -> None:
    try:
        linker.training.estimate_parameters_using_expectation_maximisation(block_on(*rule), fix_u_probabilities=True)
    except Exception as error:
        logging.getLogger("mdm").info("training block gave nothing", extra={"block": list(rule), "why": str(error)[:200]})


def _block_pairs(bench: Bench, rule: Any, hot: int) -> int:
    columns = ", ".join(f'"{c}"' for c in rule)
    filled = " and ".join(f'"{c}" is not null' for c in rule)
    return bench.execute(
        f"select coalesce(sum(n * (n - 1) / 2), 0)::bigint from (select count(*) as n from bench.compare where {filled} "
        f"group by {columns} having count(*) <= {hot})"
    )[0][0]


def _completed(
    declared: dict[str, Any], fitted: dict[str, Any], sampled: float, pairs: int, evidence: dict[str, Any]
) -> dict[str, Any]:
    """The fitted settings, with declared weights where too little was observed."""
    for said, got in zip(declared["comparisons"], fitted["comparisons"], strict=True):
        levels = [
            (s, g) for s, g in zip(said["comparison_levels"], got["comparison_levels"], strict=True) if not s.get("is_null_level")
        ]
        for kind, seen in (("u_probability", sampled), ("m_probability", pairs)):
            kept = []
            for level, (s, g) in enumerate(levels):
                value = g.get(kind)
                told = s.get(kind)
                weak = not isinstance(value, float) or value * seen < (_OBSERVED if kind[0] == "u" else _OBSERVED / 5)
                fixed = bool(s.get(f"fix_{kind}"))
                if (weak or fixed) and isinstance(told, float):
                    g[kind] = told
                    kept.append(level)
            _normalised([g for _, g in levels], kind, kept)
            if kept:
                evidence["declared_levels"].append({"comparison": got["output_column_name"], "what": kind[0], "levels": kept})
    return fitted


def _normalised(levels: list[dict[str, Any]], kind: str, kept: list[int]) -> None:
    """Probabilities of a comparison's levels sum to one: what was kept stays, what was fitted shares the rest."""
    fixed = sum(levels[i][kind] for i in kept)
    rest = sum(lv.get(kind) or 0.0 for i, lv in enumerate(levels) if i not in kept)
    if rest <= 0 or not 0 <= fixed < 1:
        return
    for i, level in enumerate(levels):
        if i not in kept and level.get(kind):
            level[kind] *= (1 - fixed) / rest
