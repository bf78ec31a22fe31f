"""Training: fitting a match model to the records on the bench. Deliberate and deterministic.

On `blocks`, u comes from random pairs, m from pairs that share an identifier, the prior from identifiers that join. On
`candidates`, all of them come from the pairs that blocking finds. What the data cannot train keeps the declared weight.
Where stewards have decided enough pairs, these take part with their answers, and the weights are calibrated against them.
"""

from typing import Any

import polars as pl

from mdm import model, rarity
from mdm.bench import Bench
from mdm.entity import Entity
from mdm.model import Model
from mdm.train import blocks, candidates, labels
from mdm.train.calibrating import calibrated
from mdm.train.labels import decided

__all__ = ["decided", "fitted"]


def fitted(bench: Bench, entity: Entity, said: pl.DataFrame | None = None) -> Model:
    """A model fitted to the bench's records and to what stewards said of them (see `decided`)."""
    settings = model.declared(entity)
    count = bench.execute("select count(*) from bench.compare")[0][0]
    terms = {c: _terms(bench, c) for c in model.term_columns(settings)}
    words = {key: rarity.counted(bench, key) for key in rarity.keys(entity)}
    known = labels.known(bench, said)
    evidence: dict[str, Any] = {
        "records": count, "fit": entity.fit, "identifier_pairs": 0, "blocks": [], "declared_levels": [], "decisions": known.told,
    }  # fmt: skip
    if entity.fit == "candidates":
        settings = candidates.fitted(bench, entity, settings, words, evidence, known if known.enough else None)
    else:
        settings = blocks.fitted(bench, entity, settings, words, evidence)
        settings = labels.taught(bench, known, settings, words, evidence) if known.enough else settings
    # Splink draws this name at random; the same records and decisions have to give the same model.
    settings["linker_uid"] = model.fingerprint(entity)
    made = Model(entity.name, 0, model.rounded(settings), terms, evidence, model.fingerprint(entity), words)
    return calibrated(bench, entity, made, known) if known.enough else made


def _terms(bench: Bench, column: str) -> pl.DataFrame:
    """The share of each value, ordered: the same input gives the same table."""
    return bench.frame(
        f'select "{column}", count(*)::double / (select count("{column}") from bench.compare) as "tf_{column}" '
        f'from bench.compare where "{column}" is not null group by 1 order by 1'
    )
