"""Publish: new versions under the run's number, invisible until the release pointer moves.

What is equal is left alone: a run without news writes nothing that a reader could see.
"""

import polars as pl
import sqlalchemy as sa

from mdm.entity import Entity
from mdm.errors import LedgerError
from mdm.hub import Hub, Run, Session, Tally
from mdm.hub.version import open_now, visible
from mdm.tables import OPEN

_KINDS = ("created", "changed", "merged", "split", "retired", "restored")


def run(hub: Hub, entity: Entity, run: Run) -> Tally:
    """Write the difference between the bench and what is published."""
    tables, bench = hub.tables(entity.name), run.bench
    made = bench.frame(
        "select * from golden_new join (select golden_id, founder, born from ids) using (golden_id) order by golden_id"
    )
    scope = bench.frame("select golden_id from assigned union select golden_id from before order by 1")["golden_id"]
    kinds = _golden(hub, entity, run, made, scope)
    _membership(hub, entity, run)
    for name, table in tables.children.items():
        _by_row(hub, run, table, bench.frame(f"select * from child_new_{name} order by row_id"), scope)
    _by_row(hub, run, tables.relation, bench.frame("select * from relation_new order by row_id"), scope)
    _retired(hub, entity, run)
    _questions(hub, entity, run)
    _quarantined(hub, entity, run)
    _rules(hub, entity, run)
    _quality(hub, entity, run)
    _changes(hub, entity, run, kinds)
    _whole(hub, entity, run, scope)
    counts = dict(kinds["kind"].value_counts().iter_rows()) if kinds.height else {}
    return Tally({k: counts.get(k, 0) for k in _KINDS})


def sums(session: Session, entity: Entity, run: Run) -> dict[str, int]:
    """Both sides of the second sum: live source records, and where they are."""
    tables = session.hub.tables(entity.name)
    live = run.bench.execute("select count(distinct record_id) from bench.live")[0][0]
    members = session.scalar(sa.select(sa.func.count()).select_from(tables.membership).where(open_now(tables.membership)))
    refused = sa.select(sa.func.count(sa.distinct(tables.quarantined.c.record_id))).where(
        open_now(tables.quarantined), tables.quarantined.c.stale.is_(False)
    )
    total = session.scalar(sa.select(sa.func.count()).select_from(tables.golden).where(open_now(tables.golden)))
    queued = session.scalar(sa.select(sa.func.count()).select_from(tables.question).where(open_now(tables.question)))
    pairs = session.scalar(sa.select(sa.func.count()).select_from(tables.pair).where(open_now(tables.pair)))
    return {
        "live": live,
        "members": members,
        "quarantined": session.scalar(refused),
        "suppressed": 0,
        "total": total,
        "queued": queued,
        "pairs": pairs,
    }


def _whole(hub: Hub, entity: Entity, run: Run, scope: pl.Series) -> None:
    """Every golden id that has members has its golden record, and no other has one."""
    table = hub.tables(entity.name).golden
    with hub.read() as session:
        query = sa.select(table.c.golden_id).where(open_now(table))
        there = session.frame(query if run.whole else query.where(session.among(table.c.golden_id, scope)))
    wanted = run.bench.frame("select distinct golden_id from assigned")
    lost = wanted.join(there, on="golden_id", how="anti").height + there.join(wanted, on="golden_id", how="anti").height
    if lost:
        raise LedgerError(
            f"{entity.name}, run {run.number}: {lost} golden records and their members do not agree; nothing was published. "
            f"Run `mdm run {entity.name} --full`, and report it if it stays"
        )


def _golden(hub: Hub, entity: Entity, run: Run, made: pl.DataFrame, scope: pl.Series) -> pl.DataFrame:
    """Write golden versions; returns golden_id and kind of every change."""
    table = hub.tables(entity.name).golden
    known = ("golden_id", "digest", "created_run")
    before = pl.DataFrame(schema={"golden_id": pl.String, "digest": pl.Int64, "created_run": pl.Int64})
    if run.base:
        with hub.read() as session:
            query = sa.select(*(table.c[n] for n in known)).where(visible(table, run.base))
            before = session.frame(query if run.whole else query.where(session.among(table.c.golden_id, scope)))
    same = made.join(before, on=["golden_id", "digest"], how="semi").select("golden_id")
    fresh = made.join(same, on="golden_id", how="anti")
    gone = before.select("golden_id").join(made, on="golden_id", how="anti")
    outdated = before.join(fresh, on="golden_id", how="semi").select("golden_id")
    if before.height:
        hub.close(table, pl.concat([gone, outdated]), run)
    hub.append(table, fresh.with_columns(created_run=pl.col("born")).drop("born"), run)
    return _kinds(run, before, fresh, gone)


def _kinds(run: Run, before: pl.DataFrame, fresh: pl.DataFrame, gone: pl.DataFrame) -> pl.DataFrame:
    """What happened to each golden record that is not as it was."""
    bench = run.bench
    given = bench.frame("select golden_id, kind from ids")
    heirs = bench.frame("select distinct successor_id as golden_id from retired where successor_id is not null")
    torn = bench.frame(
        "select distinct b.golden_id from before b join assigned a using (record_id) where a.golden_id <> b.golden_id "
        "and b.golden_id in (select golden_id from ids)"
    )
    rows = pl.concat([fresh.select("golden_id"), heirs, torn]).unique().join(given, on="golden_id", how="left")
    kind = (
        pl.when(pl.col("kind") == "created").then(pl.lit("created"))
        .when(pl.col("kind") == "restored").then(pl.lit("restored"))
        .when(~pl.col("golden_id").is_in(before["golden_id"].implode())).then(pl.lit("created"))
        .when(pl.col("golden_id").is_in(heirs["golden_id"].implode())).then(pl.lit("merged"))
        .when(pl.col("golden_id").is_in(torn["golden_id"].implode())).then(pl.lit("split"))
        .otherwise(pl.lit("changed"))
    )  # fmt: skip
    return pl.concat([rows.select("golden_id", kind=kind), gone.with_columns(kind=pl.lit("retired"))]).sort("golden_id")


def _membership(hub: Hub, entity: Entity, run: Run) -> None:
    table, bench = hub.tables(entity.name).membership, run.bench
    real = "(select b.record_id, b.golden_id from before b)"
    gone = bench.frame(f"select record_id from {real} anti join assigned using (record_id, golden_id) order by 1")
    new = bench.frame(
        f"select record_id, golden_id from assigned anti join {real} b using (record_id, golden_id) order by record_id"
    )
    if gone.height:
        hub.close(table, gone, run)
    hub.append(table, new, run)


def _by_row(hub: Hub, run: Run, table: sa.Table, made: pl.DataFrame, scope: pl.Series) -> None:
    """Rows told apart by a digest of what they say: the missing close, the new open."""
    before = pl.DataFrame(schema={"row_id": pl.Int64})
    if run.base:
        with hub.read() as session:
            query = sa.select(table.c.row_id).where(visible(table, run.base))
            before = session.frame(query if run.whole else query.where(session.among(table.c.golden_id, scope)))
    gone = before.join(made, on="row_id", how="anti")
    if gone.height:
        hub.close(table, gone, run)
    hub.append(table, made.join(before, on="row_id", how="anti"), run)


def _retired(hub: Hub, entity: Entity, run: Run) -> None:
    """Ids that retire now, and no longer those that are alive again or have other successors than before."""
    table, bench = hub.fixed["retired_id"], run.bench
    rows = bench.frame("select golden_id, coalesce(successor_id, '') as successor_id from retired order by 1, 2")
    with hub.read() as session:
        query = sa.select(table.c.golden_id, table.c.successor_id).where(table.c.entity == entity.name, table.c.to_run == OPEN)
        old = session.frame(query) if run.base else rows.clear()
    same = rows.join(old, on=["golden_id", "successor_id"], how="semi")
    named = pl.concat([bench.frame("select distinct golden_id from assigned"), rows.select("golden_id")]).unique()
    over = old.join(named, on="golden_id", how="semi").join(same, on=["golden_id", "successor_id"], how="anti")
    hub.close(table, over.with_columns(entity=pl.lit(entity.name)).sort("golden_id", "successor_id"), run)
    fresh = rows.join(same, on=["golden_id", "successor_id"], how="anti", maintain_order="left")
    reason = pl.when(pl.col("successor_id") == "").then(pl.lit("no members left")).otherwise(pl.lit("merged"))
    hub.append(
        table, fresh.select(entity=pl.lit(entity.name), golden_id="golden_id", successor_id="successor_id", reason=reason), run
    )


def _questions(hub: Hub, entity: Entity, run: Run) -> None:
    table, bench = hub.tables(entity.name).question, run.bench
    # The whole queue, for what a question says depends on the others.
    made = bench.frame("select * from questions order by a, b")
    before = made.clear()
    if run.base:
        with hub.read() as session:
            before = session.frame(sa.select(*(table.c[n] for n in made.columns)).where(visible(table, run.base)))
    same = list(made.columns)
    gone = before.join(made, on=same, how="anti").select("a", "b")
    if gone.height:
        hub.close(table, gone, run)
    hub.append(table, made.join(before, on=same, how="anti"), run)


def _quarantined(hub: Hub, entity: Entity, run: Run) -> None:
    table, bench = hub.tables(entity.name).quarantined, run.bench
    where = "" if run.whole else "and record_id in (select record_id from changed)"
    made = bench.frame(
        f"select distinct record_id, rule, attribute, value, stale from bench.failed where hard {where} order by all"
    )
    made = made.unique(["record_id", "rule", "attribute"], keep="first", maintain_order=True)
    before = made.clear()
    if run.base:
        with hub.read() as session:
            before = session.frame(sa.select(*(table.c[n] for n in made.columns)).where(visible(table, run.base)))
        if not run.whole:
            before = before.join(bench.frame("select distinct record_id from changed"), on="record_id", how="semi")
    gone = before.join(made, on=made.columns, how="anti", nulls_equal=True).select("record_id", "rule", "attribute")
    if gone.height:
        hub.close(table, gone, run)
    hub.append(table, made.join(before, on=made.columns, how="anti", nulls_equal=True), run)


def _rules(hub: Hub, entity: Entity, run: Run) -> None:
    table = hub.fixed["rule_in_force"]
    made = pl.DataFrame(
        [(entity.name, a.name, str(a.rule)) for a in entity.attributes], schema=["entity", "attribute", "rule"], orient="row"
    )
    with hub.read() as session:
        before = session.frame(
            sa.select(table.c.entity, table.c.attribute, table.c.rule).where(table.c.entity == entity.name, open_now(table))
        )
    gone = before.join(made, on=made.columns, how="anti").select("entity", "attribute")
    if gone.height:
        hub.close(table, gone, run)
    hub.append(table, made.join(before, on=made.columns, how="anti"), run)


def _quality(hub: Hub, entity: Entity, run: Run) -> None:
    """Completeness and validity per source and attribute, over the records in force."""
    bench, names = run.bench, [a.name for a in entity.attributes]
    counted = ", ".join(f'count("{n}") as "{n}"' for n in names)
    filled = bench.frame(f"select source, count(*) as records, {counted} from bench.record group by source")
    long = filled.unpivot(index=["source", "records"], on=names, variable_name="attribute", value_name="filled")
    broken = bench.frame(
        "select r.source, f.attribute, count(distinct f.record_id) as broken from bench.failed f join bench.record r "
        "using (record_id) group by 1, 2"
    )
    long = long.join(broken, on=["source", "attribute"], how="left").with_columns(pl.col("broken").fill_null(0))
    complete = long.select("source", "attribute", measure=pl.lit("completeness"), value=pl.col("filled") / pl.col("records"))
    valid = long.filter(pl.col("filled") > 0).select(
        "source", "attribute", measure=pl.lit("validity"), value=1 - pl.col("broken") / pl.col("filled")
    )
    rows = pl.concat([complete, valid]).with_columns(
        run_id=pl.lit(run.number, pl.Int64), entity=pl.lit(entity.name), band=pl.lit("")
    )
    table = hub.fixed["quality_figure"]
    hub.load(table, rows.with_columns(pl.col("value").round(6)).sort("source", "attribute", "measure"))


def _changes(hub: Hub, entity: Entity, run: Run, kinds: pl.DataFrame) -> None:
    rows = kinds.with_columns(
        run_id=pl.lit(run.number, pl.Int64), entity=pl.lit(entity.name), ordinal=pl.int_range(1, pl.len() + 1, dtype=pl.Int64)
    )
    hub.load(hub.fixed["change_log"], rows.select("run_id", "entity", "ordinal", "golden_id", "kind"))
