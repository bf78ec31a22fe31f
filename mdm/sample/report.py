"""The report: what the answers to a sample say so far, and its figures in `quality`.

The figures belong to the run that the sample was drawn from. They are written anew as answers come in; each time the event
log keeps what they were.
"""

from dataclasses import asdict, dataclass
from typing import Any

import polars as pl
import sqlalchemy as sa

from mdm import audit
from mdm.context import Context
from mdm.errors import NotFoundError
from mdm.hub import Session
from mdm.sample import draw, estimate, interval
from mdm.sample.answer import answered
from mdm.sample.draw import Sample
from mdm.sample.estimate import MEASURES, Figure
from mdm.sample.interval import UNKNOWN, Interval

_BLOCKING = "blocking_recall"


@dataclass(frozen=True)
class Report:
    """What a sample says. `blocking`: the share of true pairs that blocking makes, as last measured; no value: never."""

    sample: Sample
    pairs: pl.DataFrame
    confidence: float
    blocking: Interval
    figures: list[Figure]

    @property
    def progress(self) -> dict[str, int]:
        """How many pairs were drawn, answered, unsure and are open."""
        verdict = self.pairs["verdict"]
        unsure = int((verdict == "unsure").sum())
        open_ = verdict.null_count()
        return {"drawn": verdict.len(), "answered": verdict.len() - open_ - unsure, "unsure": unsure, "open": open_}

    def as_dict(self) -> dict[str, Any]:
        """The document."""
        s = self.sample
        return {
            "entity": s.entity, "sample": s.number, "run": s.run, "model": s.model, "drawn_at": s.drawn_at, **self.progress,
            "confidence": self.confidence, "blocking_recall": asdict(self.blocking) if self.blocking.value is not None else None,
            "figures": [_told(f) for f in self.figures],
        }  # fmt: skip


def reported(context: Context, name: str, *, confidence: float = interval.CONFIDENCE) -> Report:
    """What the last sample of an entity says so far."""
    context.entity(name)
    with context.hub.read() as session:
        sample = draw.latest(session, name)
        if sample is None:
            raise NotFoundError(f"no sample of {name} was drawn yet; draw one with `mdm audit-sample {name}`")
        pairs, blocking = answered(session, sample), _blocking(session, name)
    return Report(sample, pairs, confidence, blocking, estimate.figures(sample.strata, pairs, confidence, blocking=blocking))


def published(context: Context, report: Report) -> bool:
    """Write a report's figures into `quality`, with an event; False when they are there already."""
    sample, rows = report.sample, _rows(report)
    table = context.hub.fixed["quality_figure"]
    with context.hub.begin() as tx:
        mine = sa.and_(table.c.entity == sample.entity, table.c.run_id == sample.run, tx.among(table.c.measure, MEASURES))
        before = tx.frame(sa.select(table).where(mine)).select(rows.columns).sort("measure", "band", "source")
        if before.equals(rows):
            return False
        audit.record(
            tx, "publish audit sample", actor=context.actor, entity=sample.entity, object=f"audit sample:{sample.number}",
            before=_overall(before), after={**_overall(rows), **report.progress},
        )  # fmt: skip
        tx.execute(table.delete().where(mine))
        tx.insert(table, rows)
    return True


def _rows(report: Report) -> pl.DataFrame:
    schema = {
        "run_id": pl.Int64, "entity": pl.String, "source": pl.String, "attribute": pl.String, "band": pl.String,
        "measure": pl.String, "value": pl.Float64, "low": pl.Float64, "high": pl.Float64,
    }  # fmt: skip
    rows = [
        (report.sample.run, report.sample.entity, f.sources, "", f.band, f.measure, f.share.value, f.share.low, f.share.high)
        for f in report.figures if f.share.value is not None
    ]  # fmt: skip
    made = pl.DataFrame(rows, schema=schema, orient="row").with_columns(pl.col("value", "low", "high").round(6))
    return made.sort("measure", "band", "source")


def _overall(rows: pl.DataFrame) -> dict[str, list[float]]:
    whole = rows.filter((pl.col("band") == "") & (pl.col("source") == ""))
    return {
        measure: [value, low, high] for measure, value, low, high in whole.select("measure", "value", "low", "high").iter_rows()
    }


def _blocking(session: Session, name: str) -> Interval:
    table = session.hub.fixed["quality_figure"]
    of_all = sa.and_(table.c.entity == name, table.c.measure == _BLOCKING, table.c.source == "", table.c.band == "")
    found = session.rows(
        sa.select(table.c.value, table.c.low, table.c.high).where(of_all).order_by(table.c.run_id.desc()).limit(1)
    )
    if not found or found[0]["value"] is None:
        return UNKNOWN
    row = found[0]
    low, high = (row["value"] if row[end] is None else row[end] for end in ("low", "high"))
    return Interval(row["value"], low, high)


def _told(figure: Figure) -> dict[str, Any]:
    told = asdict(figure)
    return {"measure": told.pop("measure"), **told.pop("share"), **told}
