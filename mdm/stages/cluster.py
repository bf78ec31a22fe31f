"""Cluster: which records are one, and which golden id each of them has.

Only components that a change can reach are joined again; the rest stays as published. What a constraint refuses, and
what is too uncertain for a machine, becomes a question for a steward.
"""

import polars as pl
import sqlalchemy as sa

from mdm import constraint, identity, model, question, spark
from mdm.caution import IDENTIFIER_WEIGHT
from mdm.constraint import Limits, Rulings
from mdm.entity import Entity
from mdm.hub import Hub, Run, Session, Tally
from mdm.hub.version import open_now, visible
from mdm.said import Said

_MEMBER = {"record_id": pl.Int64, "golden_id": pl.String}


def run(hub: Hub, entity: Entity, run: Run) -> Tally:
    """Partition what is touched; the bench then holds `assigned`, `ids`, `retired`, `before` and `questions`."""
    bench, said = run.bench, Said.read(hub, entity, run)
    touched, before = _touched(hub, entity, run, said)
    columns = entity.constrained
    with bench.given("_touched", touched):
        names = ", ".join(f'"{c}"::varchar as "{c}"' for c in columns)
        records = bench.frame(
            f"select record_id{', ' if names else ''}{names} from bench.compare "
            "semi join _touched using (record_id) order by record_id"
        )
        named = bench.frame("select record_id, source, stream, source_key from bench.record semi join _touched using (record_id)")
    edges = _edges(hub, entity, run, touched)
    records = records.join(bench.frame("select record_id, stream from distinct_record"), on="record_id", how="left")
    accept = model.weight_of(entity.accept)
    limits = Limits(columns, ["stream"], entity.linkage, accept, IDENTIFIER_WEIGHT, entity.caution)
    wide = spark.called_for(run.settings.run, touched.height)
    connected = spark.components(run.settings) if wide else constraint.components
    result = constraint.clusters(records, edges, said.rulings, limits, connected=connected)
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
    found = question.Found(edges, result, assigned.select("record_id", "golden_id"), touched)
    asked = question.asked(hub, entity, run, said, found)
    bench.store("touched", touched)
    bench.store("questions", asked)
    refused = result.refused.height + result.parted.height
    return Tally({
        "touched": touched.height, "clusters": future.assigned.height, "refused": refused, "questions": asked.height,
    })  # fmt: skip


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
        "select a as record_id from pair_changes union select b from pair_changes union select record_id from "
        "changed_ids union select record_id from concerned"
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
    found = {r for s in (*rulings.together, *rulings.adopted) if s & ids for r in s}
    found |= {r for p in rulings.merged if p[0] in ids or p[1] in ids for r in p}
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
    before, ids, held = _with_adopted(hub, entity, run, said, identity.Past(before, ids, held), parts)
    undone = before.filter(pl.col("record_id").is_in(list(said.withdrawn)))["golden_id"]
    return identity.Past(before, ids.unique("golden_id"), held, frozenset(undone))


def _with_adopted(
    hub: Hub, entity: Entity, run: Run, said: Said, past: identity.Past, parts: pl.DataFrame
) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    """Ids taken over from another hub and never used here count as the oldest their records have, until they retire."""
    here = said.adopted.join(parts.select("record_id", "source", "stream", "source_key"), on="record_id")
    if here.is_empty():
        return past.members, past.ids, past.held
    golden, retired = hub.tables(entity.name).golden, hub.fixed["retired_id"]
    with hub.read() as session:
        used = session.frame(sa.select(golden.c.golden_id).where(session.among(golden.c.golden_id, here["golden_id"].unique())))
        query = sa.select(retired.c.golden_id, retired.c.from_run.label("until")).where(retired.c.entity == entity.name)
        gone = session.frame(
            query.where(visible(retired, run.base), session.among(retired.c.golden_id, here["golden_id"].unique()))
        )
    new = here.join(used, on="golden_id", how="anti")
    founders = new.sort("golden_id", "source", "stream", "source_key").unique("golden_id", keep="first")
    born = founders.select("golden_id", founder="record_id", born=pl.lit(0, pl.Int64))
    held = new.join(gone.unique("golden_id"), on="golden_id").select("record_id", "golden_id", "until")
    claims = new.join(gone, on="golden_id", how="anti").select("record_id", "golden_id")
    return pl.concat([past.members, claims]), pl.concat([past.ids, born]), pl.concat([past.held, held])


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
