"""Outlook: the open queue of an entity as a forecast needs it, and what stewards have answered so far."""

from collections.abc import Sequence

import polars as pl
import sqlalchemy as sa

from mdm import decisions, model
from mdm.entity import Entity
from mdm.hub import Session
from mdm.hub.run import pointer
from mdm.hub.version import visible
from mdm.question.forecast import STEPS, Outlook, forecast, likely
from mdm.question.kind import kind


def outlook(session: Session, entity: Entity, steps: Sequence[int] = STEPS) -> list[Outlook]:
    """What the next so many answers of an entity's queue are expected to bring."""
    tables = session.hub.tables(entity.name)
    at = pointer(session.connection, session.hub.fixed, entity.name)
    q, m, g = tables.question, tables.membership, tables.golden
    columns = (q.c[n] for n in ("a", "b", "weight", "reason", "priority"))
    queue = session.frame(sa.select(*columns).where(visible(q, at)).order_by(q.c.priority.desc(), q.c.a, q.c.b))
    said = _answered(session, entity)
    pending = said.filter(pl.col("event_seq") > decisions.published_seq(session, entity.name)).select("a", "b")
    queue = queue.join(pending, on=["a", "b"], how="anti", maintain_order="left")
    ends = pl.concat([queue["a"], queue["b"]]).unique()
    homes = session.frame(sa.select(m.c.record_id, m.c.golden_id).where(visible(m, at), session.among(m.c.record_id, ends)))
    counted = sa.select(g.c.golden_id, g.c.source_count.label("size")).where(visible(g, at))
    sizes = session.frame(counted.where(session.among(g.c.golden_id, homes["golden_id"].unique()))).cast({"size": pl.Int64})
    sized = homes.join(sizes, on="golden_id").select("record_id", "size")
    for end in ("a", "b"):
        sized_end = sized.rename({"record_id": end, "size": f"size_{end}"})
        queue = queue.join(sized_end, on=end, how="left", maintain_order="left").with_columns(pl.col(f"size_{end}").fill_null(1))
    pairs = sa.select(sa.func.sum(g.c.source_count * (g.c.source_count - 1) / 2)).where(visible(g, at))
    return forecast(likely(_kinds(queue, entity), _shares(said)), int(session.scalar(pairs) or 0), steps)


def _kinds(queue: pl.DataFrame, entity: Entity) -> pl.DataFrame:
    """The questions with kind, probability, and whether the weight is all there is to it."""
    kinds = pl.Series([kind(r) for r in queue["reason"]], dtype=pl.String)
    doubt = pl.col("kind").is_in(["doubtful", "tied"]) & (pl.col("weight") < model.weight_of(entity.accept))
    return queue.with_columns(kind=kinds).with_columns(probability=1 / (1 + 2.0 ** (-pl.col("weight"))), doubt=doubt)


def _answered(session: Session, entity: Entity) -> pl.DataFrame:
    """Questions, open or closed, that live decisions have answered: a, b, reason (the last), verdict, event_seq."""
    q, d, one = session.hub.tables(entity.name).question, session.hub.fixed["decision"], session.hub.fixed["decision_member"]
    other = one.alias()
    both = (
        sa.select(q.c.a, q.c.b, q.c.reason, q.c.from_run, d.c.verdict, d.c.event_seq)
        .join(one, one.c.record_id == q.c.a)
        .join(other, sa.and_(other.c.record_id == q.c.b, other.c.number == one.c.number, other.c.side != one.c.side))
        .join(d, d.c.number == one.c.number)
        .where(d.c.entity == entity.name, d.c.withdrawn_seq.is_(None))
    )
    found = session.frame(both).sort("a", "b", "event_seq", "from_run")
    return found.unique(["a", "b"], keep="last", maintain_order=True)


def _shares(said: pl.DataFrame) -> dict[str, tuple[int, int]]:
    """Per kind of question, how many answers said match, and how many said either."""
    found: dict[str, tuple[int, int]] = {}
    for reason, verdict in said.select("reason", "verdict").filter(pl.col("verdict") != "unsure").iter_rows():
        matches, answers = found.get(kind(reason), (0, 0))
        found[kind(reason)] = (matches + (verdict == "match"), answers + 1)
    return found
