"""Match models: Splink settings with weights, kept in the hub under a number, and the linker made from them.

Term frequencies and the prior belong to the model: they never change between two trainings, so that a record scores the
same whatever else has landed.
"""

import hashlib
import io
import json
import logging
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import polars as pl
import sqlalchemy as sa
from splink import DuckDBAPI, Linker, SettingsCreator, block_on

from mdm import rarity
from mdm.bench import Bench
from mdm.calibration import Calibration
from mdm.entity import Entity
from mdm.errors import NotFoundError
from mdm.hub import Hub, Session
from mdm.hub.run import now

_SIGNIFICANT = 8
# Beyond this weight, in bits, a probability could no longer be told from certainty.
_CERTAIN = 50.0


@dataclass(frozen=True)
class Model:
    """A numbered model: Splink's settings with m, u and prior, term frequencies per attribute, word weights per rare key."""

    entity: str
    number: int
    settings: Mapping[str, Any]
    terms: Mapping[str, pl.DataFrame]
    evidence: Mapping[str, Any]
    fingerprint: str
    rarity: Mapping[str, pl.DataFrame] = field(default_factory=dict)

    @property
    def calibration(self) -> Calibration:
        """How its weights become those of a pair; the identity where too few pairs were decided when it was trained."""
        kept = self.evidence.get("calibration")
        return Calibration(kept["shift"], tuple(kept["slopes"]), kept["ceiling"]) if kept else Calibration()

    def calibrated(self, raw: str) -> str:
        """SQL: the weight of a pair in bits, from an expression of the weight that Splink gives it."""
        return self.calibration.sql(raw)


def declared(entity: Entity) -> dict[str, Any]:
    """Splink settings as the entity declares them."""
    creator = SettingsCreator(
        link_type="dedupe_only", unique_id_column_name="record_id", comparisons=list(entity.comparisons),
        blocking_rules_to_generate_predictions=[block_on(*rule) for rule in entity.block],
        retain_intermediate_calculation_columns=False, retain_matching_columns=False,
    )  # fmt: skip
    return creator.create_settings_dict("duckdb")


def fingerprint(entity: Entity) -> str:
    """What the model depends on: comparisons as Splink sees them, and the training blocks."""
    learnt = (
        [list(t) for t in entity.train]
        if entity.fit == "blocks"
        else [entity.fit, [list(b) for b in entity.train or entity.block]]
    )
    said = json.dumps([declared(entity)["comparisons"], learnt, rarity.keys(entity)], sort_keys=True, default=str)
    return hashlib.sha256(said.encode()).hexdigest()[:16]


def term_columns(settings: Mapping[str, Any]) -> list[str]:
    """The attributes whose frequency of values counts."""
    found: dict[str, None] = {}
    for comparison in settings["comparisons"]:
        for level in comparison["comparison_levels"]:
            if level.get("tf_adjustment_column"):
                found[level["tf_adjustment_column"]] = None
    return list(found)


def linker(bench: Bench, model: Model, *, table: str = "bench.compare", explain: bool = False) -> Linker:
    """A Splink linker over the bench's records with the model's weights and term frequencies."""
    logging.getLogger("splink").setLevel(logging.ERROR)
    comparable(bench, model.rarity, table)
    api = DuckDBAPI(bench.connection)
    settings = dict(model.settings, retain_intermediate_calculation_columns=explain, retain_matching_columns=explain)
    made = Linker(api.register("comparable"), settings, log_level=logging.ERROR)
    for column, terms in model.terms.items():
        bench.store(f"terms_{column}", terms)
        made.table_management.register_term_frequency_lookup(api.register(f"terms_{column}"), column)
    return made


def prior(entity: Entity, count: int) -> float:
    """The declared probability that two random records are one."""
    total = max(count * (count - 1) / 2, 1)
    return min(max(entity.matches_per_record * count / 2 / total, 1e-12), 0.5)


def comparable(bench: Bench, weights: Mapping[str, pl.DataFrame], table: str = "bench.compare") -> None:
    """Make the relation `comparable`: what Splink compares, with the rare keys weighed."""
    if not weights:
        bench.execute(f"create or replace view comparable as select * from {table}")
        return
    # Weighing costs; only records that stand in a pair need it.
    paired = "(select a from blocked union select b from blocked)"
    known = bench.execute("select 1 from duckdb_tables() where table_name = 'blocked'")
    within = f"(select * from {table} where record_id in {paired})" if known else table
    rarity.weigh(bench, weights, within, "comparable")


def weight_of(probability: float) -> float:
    """The match weight in bits that a probability stands for."""
    return math.log2(probability / (1 - probability)) if probability < 1 else math.inf


def probability_of(weight: float) -> float:
    """The probability that a match weight stands for: two digits of what is missing to one, and never one itself."""
    if weight < 0:
        return float(f"{1 / (1 + 2.0 ** min(-weight, 1000)):.2g}")
    return 1 - float(f"{1 / (1 + 2.0 ** min(weight, _CERTAIN)):.2g}")


def in_percent(weight: float) -> str:
    """The probability of a match weight as people read it: 93.2%, and 99.9985% rather than 100.0%."""
    share = 100 * probability_of(weight)
    # As many digits as it takes to differ from certainty.
    digits = max(1, math.ceil(-math.log10(100 - share)) + 1) if share > 50 else 1
    return f"{share:.{digits}f}%"


def rounded(settings: Any) -> Any:
    """Settings whose numbers are rounded, so that threads and their sums make no difference."""
    if isinstance(settings, float):
        return float(f"{settings:.{_SIGNIFICANT}g}")
    if isinstance(settings, dict):
        return {k: rounded(v) for k, v in settings.items()}
    return [rounded(v) for v in settings] if isinstance(settings, list) else settings


def active(session: Session, hub: Hub, entity: str) -> int | None:
    """The number of the active model, or None."""
    table = hub.fixed["model"]
    return session.scalar(sa.select(table.c.number).where(table.c.entity == entity, table.c.active))


def load(hub: Hub, entity: str, number: int | None) -> Model:
    """A model by its number."""
    models, terms = hub.fixed["model"], hub.fixed["model_term"]
    with hub.read() as session:
        row = session.execute(sa.select(models).where(models.c.entity == entity, models.c.number == number)).mappings().first()
        if row is None:
            raise NotFoundError(
                f"{entity} has no model {number}; see `mdm models {entity}`, or train one with `mdm train {entity}`"
            )
        held = session.rows(sa.select(terms).where(terms.c.entity == entity, terms.c.number == number))
    frames = {t["attribute"]: pl.read_ipc(io.BytesIO(t["terms"])) for t in held}
    weights = {n: f for n, f in frames.items() if f.columns == ["word", "weight"]}
    shares = {n: f for n, f in frames.items() if n not in weights}
    evidence = json.loads(row["evidence"])
    return Model(entity, row["number"], json.loads(row["settings"]), shares, evidence, row["fingerprint"], weights)


def save(tx: Session, hub: Hub, model: Model) -> int:
    """Keep a model under the next number (not yet active); returns the number."""
    models, terms = hub.fixed["model"], hub.fixed["model_term"]
    number = (tx.scalar(sa.select(sa.func.max(models.c.number)).where(models.c.entity == model.entity)) or 0) + 1
    tx.execute(models.insert().values(
        entity=model.entity, number=number, settings=json.dumps(model.settings), evidence=json.dumps(model.evidence, sort_keys=True),
        fingerprint=model.fingerprint, trained_at=now(), active=False))  # fmt: skip
    for attribute, frame in {**model.terms, **model.rarity}.items():
        buffer = io.BytesIO()
        frame.write_ipc(buffer, compression="zstd")
        tx.execute(terms.insert().values(entity=model.entity, number=number, attribute=attribute, terms=buffer.getvalue()))
    return number


def activate(tx: Session, hub: Hub, entity: str, number: int) -> None:
    """Make a model the one that matches."""
    models = hub.fixed["model"]
    if tx.scalar(sa.select(models.c.number).where(models.c.entity == entity, models.c.number == number)) is None:
        raise NotFoundError(f"{entity} has no model {number}; see `mdm models {entity}`")
    tx.execute(models.update().where(models.c.entity == entity).values(active=False))
    tx.execute(models.update().where(models.c.entity == entity, models.c.number == number).values(active=True))
