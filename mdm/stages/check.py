"""Check: the Pandera rules over what is fresh, then the form machines compare.

A hard failure quarantines the record; its last version that passes stays in force, shown as stale. A soft failure bars
that value from the compare form, so that it cannot join records, and lowers its trust.
"""

import polars as pl
import sqlalchemy as sa

from mdm import digest, intake, prepare
from mdm.bench import Bench
from mdm.entity import Entity
from mdm.hub import Hub, Run, Tally

WINDOW = 100_000


def run(hub: Hub, entity: Entity, run: Run) -> Tally:
    """Split fresh records into accepted and quarantined."""
    bench = run.bench
    waived = _waivers(hub, entity, run)
    fresh = bench.execute("select count(distinct record_id) from fresh semi join bench.record using (record_id)")[0][0]
    refused: list[pl.DataFrame] = []
    bench.execute(
        "create or replace temp table checking as select distinct record_id from fresh semi join bench.record using (record_id)"
    )
    bench.store("checking", _released(bench, hub, entity, run), append=True)
    for offset in range(0, fresh + 1, WINDOW):
        records = bench.frame(
            "select * from bench.record where record_id in (select record_id from checking order by record_id limit ? offset ?)",
            [WINDOW, offset],
        )
        refused.append(_judge(bench, entity, records, waived))
    bad = pl.concat(refused).unique() if refused else pl.DataFrame(schema={"record_id": pl.Int64})
    stale = _fall_back(hub, entity, run, bad, waived)
    return Tally({"checked": fresh, "accepted": fresh - bad.height + stale, "quarantined": bad.height - stale, "stale": stale})


def _judge(bench: Bench, entity: Entity, records: pl.DataFrame, waived: pl.DataFrame) -> pl.DataFrame:
    """Store failures and compare forms of some records; returns the ids refused."""
    if records.is_empty():
        return pl.DataFrame(schema={"record_id": pl.Int64})
    failed = judged(records, entity, waived)
    codes = bench.frame(
        "select record_id, attribute, rule, value, hard from bench.failed semi join (select record_id from checking) "
        "using (record_id) where rule = 'unknown code'"
    )
    bad = failed.filter("hard").select("record_id").unique()
    barred = pl.concat([failed, codes]) if codes.height else failed
    accepted = records.join(bad, on="record_id", how="anti")
    with bench.given("_ids", records.select("record_id")):
        bench.execute("delete from bench.failed where record_id in (from _ids) and rule <> 'unknown code'")
        bench.execute("delete from bench.compare where record_id in (from _ids)")
    bench.store("bench.failed", failed.with_columns(stale=pl.lit(False)), append=True)
    bench.store("bench.compare", prepare.compared(masked(accepted, barred), entity), append=True)
    with bench.given("_ids", bad):
        bench.execute("delete from bench.record where record_id in (from _ids)")
    return bad


def judged(records: pl.DataFrame, entity: Entity, waived: pl.DataFrame) -> pl.DataFrame:
    """The rules these records fail, less those a steward waived for this very value. Pure."""
    failed = prepare.failures(records, entity)
    sensitive = [a.name for a in entity.attributes if a.exposure == "sensitive"]
    hidden = digest.of_text(failed["value"]).cast(pl.String)
    failed = failed.with_columns(
        value=pl.when(pl.col("attribute").is_in(sensitive) & pl.col("value").is_not_null()).then("#" + hidden).otherwise("value")
    )
    return failed.join(waived, on=["record_id", "rule", "value"], how="anti", nulls_equal=True)


def masked(records: pl.DataFrame, failed: pl.DataFrame) -> pl.DataFrame:
    """Records whose failing values are emptied: they may not speak for a join. Pure."""
    for attribute in failed.filter(pl.col("attribute") != "")["attribute"].unique().sort():
        bad = failed.filter(pl.col("attribute") == attribute)["record_id"]
        records = records.with_columns(
            pl.when(~pl.col("record_id").is_in(bad.implode())).then(pl.col(attribute)).alias(attribute)
        )
    return records


def _waivers(hub: Hub, entity: Entity, run: Run) -> pl.DataFrame:
    table = hub.fixed["waiver"]
    live = sa.and_(
        table.c.event_seq <= run.event_seq, sa.or_(table.c.withdrawn_seq.is_(None), table.c.withdrawn_seq > run.event_seq)
    )
    with hub.read() as session:
        return session.frame(
            sa.select(table.c.record_id, table.c.rule, table.c.value).where(table.c.entity == entity.name, live)
        ).unique()


def _released(bench: Bench, hub: Hub, entity: Entity, run: Run) -> pl.DataFrame:
    """Records that a waiver given or withdrawn since the last run concerns: they are standardised and judged again."""
    table = hub.fixed["waiver"]
    with hub.read() as session:
        named = session.frame(sa.select(table.c.record_id).where(
            table.c.entity == entity.name,
            sa.or_(table.c.event_seq > run.base_event_seq, table.c.withdrawn_seq > run.base_event_seq)))  # fmt: skip
    if named.is_empty():
        return named
    again = intake.again(hub, entity, run, named["record_id"])
    known = bench.frame("select record_id from checking")
    return again.join(known, on="record_id", how="anti")


def _fall_back(hub: Hub, entity: Entity, run: Run, bad: pl.DataFrame, waived: pl.DataFrame) -> int:
    """The last passing version of a refused record stays in force, as stale."""
    if bad.is_empty():
        return 0
    bench = run.bench
    passing = []
    for made in intake.earlier(hub, run.settings, entity, bad["record_id"]):
        passing.append(_passed(made, entity, waived))
    found = pl.concat(passing, how="diagonal_relaxed") if passing else pl.DataFrame()
    if found.is_empty():
        return 0
    last = found.sort("record_id", "source_time", "seq", nulls_last=True).unique("record_id", keep="last", maintain_order=True)
    last = last.with_columns(stale=pl.lit(True))
    soft = judged(last, entity, waived).filter(~pl.col("hard"))
    bench.store("bench.record", last, append=True)
    bench.store("bench.compare", prepare.compared(masked(last, soft), entity), append=True)
    with bench.given("_ids", last.select("record_id")):
        bench.execute("update bench.failed set stale = true where record_id in (from _ids)")
    return last.height


def _passed(versions: pl.DataFrame, entity: Entity, waived: pl.DataFrame) -> pl.DataFrame:
    """The versions that pass, each judged for itself: a record may have several here."""
    each = versions.with_columns(own="record_id", record_id=pl.int_range(pl.len(), dtype=pl.Int64))
    spared = waived.join(each.select("own", row="record_id"), left_on="record_id", right_on="own")
    failed = judged(each.drop("own"), entity, spared.select("rule", "value", record_id="row"))
    kept = each.join(failed.filter("hard"), on="record_id", how="anti")
    return kept.with_columns(record_id="own").select(versions.columns)
