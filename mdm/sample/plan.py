"""The plan: how many reviews a statement about precision needs, and which `accept` the answers so far support."""

from dataclasses import asdict, dataclass
from typing import Any

import polars as pl

from mdm import model
from mdm.context import Context
from mdm.errors import NotFoundError, UsageError
from mdm.sample import draw, estimate, interval, stratum, threshold
from mdm.sample.answer import answered
from mdm.sample.population import Release, joins
from mdm.sample.threshold import Threshold


@dataclass(frozen=True)
class Plan:
    """What a statement needs. `needed`: answers without an error, if all joins weighed the same; `size`: joins to draw.

    `supported`: the lowest `accept` for which the answers so far support the statement. `sample` None: none was drawn yet,
    and every review is still to be done.
    """

    entity: str
    precision: float
    confidence: float
    needed: int
    size: int
    sample: int | None
    run: int
    supported: float | None
    thresholds: list[Threshold]

    def as_dict(self) -> dict[str, Any]:
        """The document."""
        return asdict(self)


def planned(context: Context, name: str, precision: float, confidence: float = interval.CONFIDENCE) -> Plan:
    """What it needs to say that automatic joins of an entity are right at least so often, at a confidence."""
    _sensible(precision=precision, confidence=confidence)
    entity = context.entity(name)
    with context.hub.read() as session:
        sample = draw.latest(session, name)
        pairs = answered(session, sample) if sample is not None else None
        release = Release.read(session, name) if sample is None else None
    if sample is not None and pairs is not None:
        run, cells = sample.run, estimate.counted(sample.strata, pairs)
    elif release is not None and release.run:
        run, cells = release.run, _unseen(context, name, release)
    else:
        raise UsageError(f"{name} has no published run yet; run `mdm run {name}` first")
    mine = cells.filter(pl.col("kind") == stratum.JOIN)
    if mine.is_empty():
        raise NotFoundError(f"run {run} of {name} has joined nothing by itself; there is no precision to speak of")
    found = threshold.thresholds(mine, entity.accept, precision, confidence)
    supported = next((t.accept for t in found if t.holds), None)
    needed = interval.reviews_needed(precision, confidence)
    return Plan(
        name, precision, confidence, needed, threshold.size_for(mine, precision, confidence),
        sample.number if sample is not None else None, run, supported, found,
    )  # fmt: skip


def _unseen(context: Context, name: str, release: Release) -> pl.DataFrame:
    """The strata of a release's joins, none of them looked at."""
    entity = context.entity(name)
    own = stratum.joined(entity, joins(release, model.weight_of(entity.accept))).with_columns(stands_for=pl.lit(1.0))
    found, _ = stratum.strata(stratum.sources(own, release.member))
    nobody = pl.DataFrame(schema={"stratum": pl.Int64, "sources": pl.String, "verdict": pl.String})
    return estimate.counted(found, nobody)


def _sensible(**shares: float) -> None:
    for name, value in shares.items():
        if not 0 < value < 1:
            raise UsageError(f"--{name} {value:g} is no share; write for example 0.995 for 99.5 %")
