"""Losses: what blocking costs and what it loses, measured on the bench and kept as figures of the published run."""

from dataclasses import dataclass

import polars as pl
import sqlalchemy as sa

from mdm import blocking, decisions, model
from mdm.blocking import Forecast, Lost, Recall
from mdm.context import Context
from mdm.entity import Entity
from mdm.hub import Run
from mdm.hub.version import visible

MEASURE = "blocking_recall"
_EXAMPLES = 10


@dataclass(frozen=True)
class Judged:
    """What `mdm blocking` tells. `new`: pairs of a rule that no earlier one makes; `lost` needs a model.

    `examples`: the strongest lost pairs: a, b (as records are written), weight, agrees, together (one golden record holds both
    all the same). `together` counts these among all pairs lost that a machine would join.
    """

    forecast: Forecast
    new: dict[int, int]
    lost: Lost | None
    examples: pl.DataFrame
    together: int


def judged(context: Context, entity: Entity, run: Run) -> Judged:
    """Count, sample, and write the figure of the published run anew."""
    ahead = blocking.forecast(run.bench, entity)
    new = blocking.fresh(run.bench, entity, ahead)
    if run.model is None or not entity.comparisons:
        return Judged(ahead, new, None, pl.DataFrame(), 0)
    found = blocking.lost(run.bench, entity, model.load(context.hub, entity.name, run.model))
    if run.base:
        _kept(context, entity, run.base, found)
    named = _named(context, entity, run.base, found.pairs)
    strong = named.filter(pl.col("weight") >= model.weight_of(entity.accept))
    return Judged(ahead, new, found, named.head(_EXAMPLES), int(strong["together"].sum()))


def _kept(context: Context, entity: Entity, number: int, found: Lost) -> None:
    """The figures, in place of those measured before for the same run."""
    table = context.hub.fixed["quality_figure"]
    rows = [(band, r) for band, r in (("", found.accept), ("review", found.review)) if r.value is not None]
    with context.hub.begin() as tx:
        mine = sa.and_(table.c.run_id == number, table.c.entity == entity.name, table.c.measure == MEASURE)
        tx.execute(table.delete().where(mine))
        for band, share in rows:
            tx.execute(
                table.insert().values(run_id=number, entity=entity.name, source="", attribute="", band=band, **_figure(share))
            )


def _figure(share: Recall) -> dict[str, object]:
    return {
        "measure": MEASURE, "value": round(share.value or 0.0, 6), "low": round(share.low, 6), "high": round(share.high, 6),
    }  # fmt: skip


def _named(context: Context, entity: Entity, base: int, pairs: pl.DataFrame) -> pl.DataFrame:
    membership = context.hub.tables(entity.name).membership
    ends = pl.concat([pairs["a"], pairs["b"]]).unique()
    with context.hub.read() as session:
        written = decisions.names(session, ends.to_list())
        home = session.frame(
            sa.select(membership.c.record_id, membership.c.golden_id).where(
                visible(membership, base), session.among(membership.c.record_id, ends)
            )
        )
    names = pl.DataFrame(
        {"record_id": list(written), "name": list(written.values())}, schema={"record_id": pl.Int64, "name": pl.String}
    )
    known = names.join(home, on="record_id", how="left")
    both = pairs.join(known, left_on="a", right_on="record_id", how="left").join(
        known, left_on="b", right_on="record_id", how="left", suffix="_b", maintain_order="left"
    )
    together = (pl.col("golden_id") == pl.col("golden_id_b")).fill_null(False)
    told = both.select(a="name", b="name_b", weight="weight", agrees="agrees", together=together)
    return told.sort(["weight", "a", "b"], descending=[True, False, False])
