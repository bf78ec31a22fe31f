"""What people and sources have said that a run must heed: decisions, adoptions, and merges at the source."""

import polars as pl
import sqlalchemy as sa

from mdm import decisions
from mdm.bench import Bench
from mdm.constraint import Rulings
from mdm.decisions.takeover import adopted as adopted_ids
from mdm.entity import Entity
from mdm.hub import Hub, Run, Session


class Said:
    """What people and sources have said that a run must heed."""

    def __init__(
        self, rulings: Rulings, named: pl.DataFrame, withdrawn: frozenset[int], unsure: pl.DataFrame, adopted: pl.DataFrame
    ):
        self.rulings, self.named, self.withdrawn, self.unsure, self.adopted = rulings, named, withdrawn, unsure, adopted

    @classmethod
    def read(cls, hub: Hub, entity: Entity, run: Run) -> "Said":
        """Decisions, adoptions and merges at the source, as of the run's start."""
        with hub.read() as session:
            given, members = decisions.live(session, entity.name, run.event_seq)
            adopted = adopted_ids(session, entity.name, run.event_seq)
            named, withdrawn = _news(session, hub, entity, run)
        sides = {
            (n, s): frozenset(r)
            for n, s, r in members.group_by("number", "side").agg("record_id").select("number", "side", "record_id").iter_rows()
        }
        verdicts = dict(given.select("number", "verdict").iter_rows())
        pairs = {n: (sides.get((n, "a"), frozenset()), sides.get((n, "b"), frozenset())) for n in verdicts}
        together = [a | b for n, (a, b) in pairs.items() if verdicts[n] == "match"]
        taken_over = [frozenset(r) for (r,) in adopted.group_by("golden_id").agg("record_id").select("record_id").iter_rows()]
        apart = [ab for n, ab in pairs.items() if verdicts[n] == "no_match"]
        unsure = members.filter(pl.col("number").is_in([n for n, v in verdicts.items() if v == "unsure"]))
        merged = run.bench.frame("select record_id, merged_into from merged where merged_into is not null order by 1, 2").rows()
        return cls(Rulings([t for t in together if t], merged, apart, taken_over), named, withdrawn, unsure, adopted)

    def undecided(self, bench: Bench) -> list[tuple[frozenset[int], frozenset[int]]]:
        """Both sides of each `unsure`, as long as none of the records it names has changed since."""
        if self.unsure.is_empty():
            return []
        fresh = self.unsure.join(bench.frame("select record_id, seq from bench.record"), on="record_id")
        quiet = fresh.group_by("number").agg(
            stale=(pl.col("seq") > pl.col("seen_seq")).any(),
            a=pl.col("record_id").filter(pl.col("side") == "a"),
            b=pl.col("record_id").filter(pl.col("side") == "b"),
        )
        sides = quiet.filter(~pl.col("stale")).sort("number").select("a", "b")
        return [(frozenset(a), frozenset(b)) for a, b in sides.iter_rows()]

    def spoken(self, bench: Bench, records: frozenset[int]) -> pl.DataFrame:
        """Whom decisions name together with these records: head (one of them), record_id."""
        pairs = {(h, r) for group in self.rulings.together for h in group & records for r in group - {h}}
        for a, b in (*self.rulings.apart, *self.undecided(bench)):
            pairs |= {(h, r) for one, other in ((a, b), (b, a)) for h in one & records for r in other}
        return pl.DataFrame(sorted(pairs), schema={"head": pl.Int64, "record_id": pl.Int64}, orient="row")


def _news(session: Session, hub: Hub, entity: Entity, run: Run) -> tuple[pl.DataFrame, frozenset[int]]:
    """Records named in decisions that came or went since the base run, and those of withdrawn matches."""
    d, m = hub.fixed["decision"], hub.fixed["decision_member"]
    came = sa.and_(d.c.event_seq > run.base_event_seq, d.c.event_seq <= run.event_seq)
    went = sa.and_(d.c.withdrawn_seq > run.base_event_seq, d.c.withdrawn_seq <= run.event_seq)
    query = (
        sa.select(m.c.record_id, d.c.verdict, went.label("went"))
        .join(d, d.c.number == m.c.number)
        .where(d.c.entity == entity.name, sa.or_(came, went))
    )
    rows = session.rows(query)
    undone = frozenset(r["record_id"] for r in rows if r["went"] and r["verdict"] == "match")
    return pl.DataFrame({"record_id": [r["record_id"] for r in rows]}, schema={"record_id": pl.Int64}).unique(), undone
