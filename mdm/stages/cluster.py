"""Cluster: which records are one, and which golden id each of them has.

Only components that a change can reach are joined again; the rest stays as published. What a constraint refuses, and
what is too uncertain for a machine, becomes a question for a steward.
"""

import polars as pl
import sqlalchemy as sa

from mdm import constraint, decisions, identity, model
from mdm.constraint import Rulings
from mdm.decisions.takeover import adopted as adopted_ids
from mdm.entity import Entity
from mdm.hub import Hub, Run, Session, Tally
from mdm.hub.version import open_now, visible

_MEMBER = {"record_id": pl.Int64, "golden_id": pl.String}


def run(hub: Hub, entity: Entity, run: Run) -> Tally:
    """Partition what is touched; the bench then holds `assigned`, `ids`, `retired`, `before` and `questions`."""
    bench, said = run.bench, Said.read(hub, entity, run)
    touched, before = _touched(hub, entity, run, said)
    columns = constrained_columns(entity)
    with bench.given("_touched", touched):
        names = ", ".join(f'"{c}"::varchar as "{c}"' for c in columns)
        records = bench.frame(
            f"select record_id{', ' if names else ''}{names} from bench.compare semi join _touched using (record_id) order by record_id"
        )
        named = bench.frame("select record_id, source, stream, source_key from bench.record semi join _touched using (record_id)")
    edges = _edges(hub, entity, run, touched)
    result = constraint.clusters(records, edges.filter(pl.col("weight") >= model.weight_of(entity.accept)), said.rulings, columns)
    parts = result.assigned.join(named, on="record_id")
    past = _past(hub, entity, run, said, before, parts)
    future = identity.assign(
        entity.prefix,
        parts.select("cluster", "record_id", "source", "stream", "source_key"),
        past,
        run=run.number,
        taken=_taken(hub, entity, run),
    )
    assigned = result.assigned.join(future.assigned.select("cluster", "golden_id"), on="cluster")
    bench.store("assigned", assigned.select("record_id", "golden_id"))
    bench.store("ids", future.assigned.select("golden_id", "founder", "born", "kind"))
    bench.store("retired", future.retired.cast({"golden_id": pl.String, "successor_id": pl.String}))
    bench.store("before", before)
    asked = _questions(hub, entity, run, said, edges, result.refused, assigned, touched)
    bench.store("touched", touched)
    bench.store("questions", asked)
    return Tally({
        "touched": touched.height, "clusters": future.assigned.height, "refused": result.refused.height, "questions": asked.height,
    })  # fmt: skip


def constrained_columns(entity: Entity) -> list[str]:
    """The columns in which members of one golden record may not differ."""
    parting = [a.name for a in entity.identifiers if a.identity and a.identity.parts]
    return list(dict.fromkeys([v.column for v in entity.veto] + parting))


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
        together += [
            frozenset(r) for _, r in adopted.group_by("golden_id").agg("record_id").select("golden_id", "record_id").iter_rows()
        ]
        apart = [ab for n, ab in pairs.items() if verdicts[n] == "no_match"]
        unsure = members.filter(pl.col("number").is_in([n for n, v in verdicts.items() if v == "unsure"]))
        merged = run.bench.frame("select record_id, merged_into from merged where merged_into is not null order by 1, 2").rows()
        return cls(Rulings([t for t in together if t], merged, apart), named, withdrawn, unsure, adopted)


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


def _touched(hub: Hub, entity: Entity, run: Run, said: Said) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Every record a change can reach, before and after it; and the published members among them."""
    bench, tables = run.bench, hub.tables(entity.name)
    member = sa.select(tables.membership.c.record_id, tables.membership.c.golden_id).where(visible(tables.membership, run.base))
    if run.whole:
        with hub.read() as session:
            before = session.frame(member) if run.base else pl.DataFrame(schema=_MEMBER)
        ids = pl.concat([bench.frame("select record_id from bench.compare"), before.select("record_id")]).unique()
        return ids, before
    changes = bench.frame(
        "select a as record_id from pair_changes union select b from pair_changes union select record_id from changed_ids union select record_id from concerned"
    )
    seeds = pl.concat(
        [changes, said.named, said.adopted.filter(pl.col("event_seq") > run.base_event_seq).select("record_id")]
    ).unique()
    before = pl.DataFrame(schema=_MEMBER)
    reached, frontier = seeds.clear(), seeds
    with hub.read() as session:
        while frontier.height:
            reached = pl.concat([reached, frontier])
            mine = session.frame(member.where(session.among(tables.membership.c.record_id, frontier["record_id"])))
            fellows = (
                session.frame(member.where(session.among(tables.membership.c.golden_id, mine["golden_id"].unique())))
                if mine.height
                else mine
            )
            before = pl.concat([before, fellows]).unique()
            next_ids = pl.concat(
                [
                    fellows.select("record_id"),
                    _neighbours(session, entity, tables.pair, frontier),
                    _ruled_with(said.rulings, frontier),
                ]
            )
            frontier = next_ids.unique().join(reached, on="record_id", how="anti")
    return reached.unique(), before


def _neighbours(session: Session, entity: Entity, pair: sa.Table, frontier: pl.DataFrame) -> pl.DataFrame:
    strong = sa.and_(open_now(pair), pair.c.weight >= model.weight_of(entity.accept))
    ids = frontier["record_id"]
    right = session.frame(sa.select(pair.c.b.label("record_id")).where(strong, session.among(pair.c.a, ids)))
    left = session.frame(sa.select(pair.c.a.label("record_id")).where(strong, session.among(pair.c.b, ids)))
    return pl.concat([left, right])


def _ruled_with(rulings: Rulings, frontier: pl.DataFrame) -> pl.DataFrame:
    ids = set(frontier["record_id"])
    found = {r for s in rulings.together if s & ids for r in s} | {
        r for p in rulings.merged if p[0] in ids or p[1] in ids for r in p
    }
    return pl.DataFrame({"record_id": sorted(found)}, schema={"record_id": pl.Int64})


def _edges(hub: Hub, entity: Entity, run: Run, touched: pl.DataFrame) -> pl.DataFrame:
    """The open pairs with an end among the touched records."""
    pair = hub.tables(entity.name).pair
    columns = [pair.c.a, pair.c.b, pair.c.weight]
    with hub.read() as session:
        if run.whole:
            return session.frame(sa.select(*columns).where(open_now(pair)))
        ids = touched["record_id"]
        left = session.frame(sa.select(*columns).where(open_now(pair), session.among(pair.c.a, ids)))
        right = session.frame(sa.select(*columns).where(open_now(pair), session.among(pair.c.b, ids)))
    return pl.concat([left, right]).unique()


def _past(hub: Hub, entity: Entity, run: Run, said: Said, before: pl.DataFrame, parts: pl.DataFrame) -> identity.Past:
    membership, golden = hub.tables(entity.name).membership, hub.tables(entity.name).golden
    held = pl.DataFrame(schema={**_MEMBER, "until": pl.Int64})
    ids = pl.DataFrame(schema={"golden_id": pl.String, "founder": pl.Int64, "born": pl.Int64})
    if run.base:
        with hub.read() as session:
            closed = sa.select(membership.c.record_id, membership.c.golden_id, membership.c.to_run.label("until")).where(
                membership.c.to_run <= run.base
            )
            held = session.frame(closed if run.whole else closed.where(session.among(membership.c.record_id, parts["record_id"])))
            wanted = pl.concat([before["golden_id"], held["golden_id"]]).unique()
            living = (
                session.frame(
                    sa.select(membership.c.golden_id).where(
                        visible(membership, run.base), session.among(membership.c.golden_id, held["golden_id"].unique())
                    )
                )
                if held.height
                else held
            )
            held = held.join(living, on="golden_id", how="anti")
            query = sa.select(golden.c.golden_id, golden.c.founder, golden.c.created_run.label("born")).distinct()
            ids = session.frame(query if run.whole else query.where(session.among(golden.c.golden_id, wanted)))
    before, ids = _with_adopted(hub, entity, said, before, ids, parts)
    undone = before.filter(pl.col("record_id").is_in(list(said.withdrawn)))["golden_id"]
    return identity.Past(before, ids.unique("golden_id"), held, frozenset(undone))


def _with_adopted(
    hub: Hub, entity: Entity, said: Said, before: pl.DataFrame, ids: pl.DataFrame, parts: pl.DataFrame
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Ids taken over from another hub and never used here count as the oldest their records have."""
    here = said.adopted.join(parts.select("record_id", "source", "stream", "source_key"), on="record_id")
    if here.is_empty():
        return before, ids
    golden = hub.tables(entity.name).golden
    with hub.read() as session:
        used = session.frame(sa.select(golden.c.golden_id).where(session.among(golden.c.golden_id, here["golden_id"].unique())))
    new = here.join(used, on="golden_id", how="anti")
    founders = new.sort("golden_id", "source", "stream", "source_key").unique("golden_id", keep="first")
    born = founders.select("golden_id", founder="record_id", born=pl.lit(0, pl.Int64))
    return pl.concat([before, new.select("record_id", "golden_id")]), pl.concat([ids, born])


def _taken(hub: Hub, entity: Entity, run: Run):
    golden, adopted = hub.tables(entity.name).golden, hub.fixed["adopted_id"]

    def taken(ids: pl.Series) -> set[str]:
        if ids.is_empty():
            return set()
        with hub.read() as session:
            used = (
                session.frame(sa.select(golden.c.golden_id).where(session.among(golden.c.golden_id, ids)))
                if run.base
                else pl.DataFrame(schema={"golden_id": pl.String})
            )
            theirs = session.frame(sa.select(adopted.c.golden_id).where(adopted.c.entity == entity.name))
        return set(used["golden_id"]) | (set(theirs["golden_id"]) & set(ids))

    return taken


def _questions(
    hub: Hub,
    entity: Entity,
    run: Run,
    said: Said,
    edges: pl.DataFrame,
    refused: pl.DataFrame,
    assigned: pl.DataFrame,
    touched: pl.DataFrame,
) -> pl.DataFrame:
    """Open questions with an end among the touched: a, b, weight, reason, priority; one per pair of golden records."""
    accept = model.weight_of(entity.accept)
    unsure = edges.filter(pl.col("weight") < accept).with_columns(reason=pl.lit("uncertain"))
    asked = pl.concat([unsure, refused.select("a", "b", "weight", "reason")])
    if asked.is_empty():
        return pl.DataFrame(
            schema={"a": pl.Int64, "b": pl.Int64, "weight": pl.Float64, "reason": pl.String, "priority": pl.Float64}
        )
    home = _homes(hub, entity, run, asked, assigned, touched)
    asked = asked.join(home.rename({"record_id": "a", "golden_id": "ga"}), on="a").join(
        home.rename({"record_id": "b", "golden_id": "gb"}), on="b"
    )
    asked = asked.filter(pl.col("ga") != pl.col("gb"))
    asked = _without_decided(run, said, _without_vetoed(run, entity, asked))
    pair = [pl.min_horizontal("ga", "gb").alias("g1"), pl.max_horizontal("ga", "gb").alias("g2")]
    best = (
        asked.with_columns(pair)
        .sort(["weight", "a", "b"], descending=[True, False, False])
        .unique(["g1", "g2"], keep="first", maintain_order=True)
    )
    probability = 1 / (1 + 2.0 ** (-pl.col("weight")))
    # A refusal is a contradiction in the data, worth more than a doubt.
    priority = pl.when(pl.col("reason") == "uncertain").then(4 * probability * (1 - probability)).otherwise(1.0).round(6)
    return best.select("a", "b", "weight", "reason", priority=priority)


def _homes(
    hub: Hub, entity: Entity, run: Run, asked: pl.DataFrame, assigned: pl.DataFrame, touched: pl.DataFrame
) -> pl.DataFrame:
    ends = pl.concat([asked.select(record_id="a"), asked.select(record_id="b")]).unique()
    others = ends.join(touched, on="record_id", how="anti")
    membership = hub.tables(entity.name).membership
    with hub.read() as session:
        query = sa.select(membership.c.record_id, membership.c.golden_id).where(
            visible(membership, run.base), session.among(membership.c.record_id, others["record_id"])
        )
        far = session.frame(query) if others.height else assigned.select("record_id", "golden_id").clear()
    return pl.concat([assigned.select("record_id", "golden_id").join(ends, on="record_id", how="semi"), far])


def _without_vetoed(run: Run, entity: Entity, asked: pl.DataFrame) -> pl.DataFrame:
    """An uncertain pair that also contradicts itself is no question."""
    columns = constrained_columns(entity)
    if not columns or asked.is_empty():
        return asked
    differ = " or ".join(f'l."{c}" <> r."{c}"' for c in columns)
    with run.bench.given("_asked", asked.select("a", "b")):
        bad = run.bench.frame(
            f"select a, b from _asked join bench.compare l on l.record_id = a join bench.compare r on r.record_id = b where {differ}"
        )
    return asked.join(bad.with_columns(reason=pl.lit("uncertain")), on=["a", "b", "reason"], how="anti")


def _without_decided(run: Run, said: Said, asked: pl.DataFrame) -> pl.DataFrame:
    """No question whose answer is known, or that a steward could not answer while nothing has changed."""
    ends = set(asked["a"]) | set(asked["b"])
    known = {(min(x, y), max(x, y)) for a, b in said.rulings.apart for x in a & ends for y in b & ends}
    if said.unsure.height:
        seqs = run.bench.frame("select record_id, seq from bench.record")
        fresh = said.unsure.join(seqs, on="record_id").with_columns(stale=pl.col("seq") > pl.col("seen_seq"))
        quiet = fresh.group_by("number").agg(
            pl.col("stale").any(),
            a=pl.col("record_id").filter(pl.col("side") == "a"),
            b=pl.col("record_id").filter(pl.col("side") == "b"),
        )
        for a, b in quiet.filter(~pl.col("stale")).select("a", "b").iter_rows():
            known |= {(min(x, y), max(x, y)) for x in set(a) & ends for y in set(b) & ends}
    frame = pl.DataFrame(sorted(known), schema={"a": pl.Int64, "b": pl.Int64}, orient="row")
    return asked.join(frame, on=["a", "b"], how="anti")
