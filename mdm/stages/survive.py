"""Survive: each golden value chosen among its members', and who gave it.

Most golden records have one member and need no contest; they are taken as they are. The others go through the rules in
chunks, so that memory follows the chunk and not the hub.
"""

from collections.abc import Sequence

import polars as pl
import sqlalchemy as sa

from mdm import digest, survivorship
from mdm.decisions.correction import corrections as given_corrections
from mdm.entity import Attribute, Collection, Entity
from mdm.hub import Hub, Run, Tally
from mdm.hub.bulk import as_json
from mdm.hub.run import pointer
from mdm.hub.version import visible
from mdm.prepare import DTYPES, published
from mdm.survivorship import Rule

_CHUNK = 150_000


def run(hub: Hub, entity: Entity, run: Run) -> Tally:
    """Make the golden rows, children and links of every touched golden record, on the bench."""
    bench = run.bench
    _widen(hub, entity, run)
    roles = pl.DataFrame(
        [(s.name, s.role) for s in run.settings.sources.values()] + [("steward", "steward")],
        schema=["source", "role"],
        orient="row",
    )
    bench.store("roles", roles.with_columns(pl.col("source").cast(pl.String)))
    pinned = _pinned(hub, entity, run)
    _resolve_links(hub, entity, run)
    for table in ("golden_new", "relation_new", *(f"child_new_{c.name}" for c in entity.collections)):
        bench.execute(f"drop table if exists {table}")
    total = bench.execute("select count(*) from assigned")[0][0]
    chunks = max(1, -(-total // _CHUNK))
    made = 0
    for chunk in range(chunks):
        made += _chunk(entity, run, pinned, f"hash(golden_id) % {chunks} = {chunk}")
    return Tally({"golden": made})


def _chunk(entity: Entity, run: Run, pinned: pl.DataFrame, where: str) -> int:
    bench = run.bench
    members = bench.frame(
        "select a.golden_id as cluster, roles.role, exists (select 1 from merged m where m.record_id = r.record_id) as "
        "demoted, r.* "
        f"from (select * from assigned where {where}) a join bench.record r using (record_id) left join roles on "
        "roles.source = r.source"
    ).with_columns(pl.col("role").fill_null(""))
    failed = bench.frame("select record_id, attribute from bench.failed where not hard")
    rows = golden(members, entity, failed, pinned.join(members.select("record_id"), on="record_id", how="semi"))
    linked, relation = _relations(entity, bench.frame(f"select * from resolved where {where}"))
    for link in entity.links:
        primary = linked.filter(pl.col("link") == link.name).select("golden_id", pl.col("to_id").alias(f"{link.name}_id"))
        rows = rows.join(primary, on="golden_id", how="left")
    lists = [a.name for a in entity.attributes if a.type is list]
    rows = rows.with_columns(as_json(pl.col(n), n) for n in lists)
    rows = rows.with_columns(digest=digest.digests(rows, rows.columns))
    bench.store("golden_new", rows, append=True)
    bench.store("relation_new", relation, append=True)
    for collection in entity.collections:
        bench.store(f"child_new_{collection.name}", _children(run, collection, where), append=True)
    return rows.height


def golden(members: pl.DataFrame, entity: Entity, failed: pl.DataFrame, pinned: pl.DataFrame) -> pl.DataFrame:
    """Golden rows: golden_id, attributes, source_count, sole, winners. Pure.

    `members`: cluster, record_id, role, demoted, source, stream, source_key, source_time and the attributes. `failed`:
    record_id, attribute of soft failures. `pinned`: record_id, attribute, value, number of corrections in force.
    """
    names = [a.name for a in entity.attributes]
    touched_by_hand = members.join(pinned, on="record_id", how="semi").select("cluster").unique()
    single = pl.len().over("cluster") == 1
    by_hand = pl.col("cluster").is_in(touched_by_hand["cluster"].implode())
    alone = members.filter(single & ~by_hand).select(
        pl.col("cluster").alias("golden_id"),
        *names,
        source_count=pl.lit(1, pl.Int64),
        sole="record_id",
        winners=pl.lit(None, pl.String),
    )
    crowd = members.filter(~(single & ~by_hand))
    if crowd.is_empty():
        return alone
    contested = _contested(_named(crowd, names), entity, failed)
    contested = _corrected(contested, crowd, entity, pinned)
    won = pl.struct([pl.col(f"{n}@").alias(n) for n in names]).struct.json_encode()
    counts = crowd.group_by("cluster").agg(source_count=pl.len().cast(pl.Int64))
    rows = contested.join(counts, on="cluster").select(
        pl.col("cluster").alias("golden_id"), *names, "source_count", sole=pl.lit(None, pl.Int64), winners=won
    )
    return pl.concat([alone, rows])


def _named(crowd: pl.DataFrame, names: Sequence[str]) -> pl.DataFrame:
    name = pl.struct("source", "stream", "source_key")
    return crowd.with_columns(name_rank=name.rank("ordinal").cast(pl.Int64), filled=survivorship.filled(crowd, names))


def _contested(crowd: pl.DataFrame, entity: Entity, failed: pl.DataFrame) -> pl.DataFrame:
    """One row per cluster: each attribute's value and, in `<attribute>@`, the record it comes from."""
    bad = {a: part["record_id"] for (a,), part in failed.group_by("attribute")}
    by_rule: dict[tuple[Rule, str | None], list[Attribute]] = {}
    followers: dict[str, list[Attribute]] = {}
    leads: dict[str, str] = {}
    for attribute in entity.attributes:
        if attribute.group is not None and attribute.group in leads:
            followers.setdefault(leads[attribute.group], []).append(attribute)
            continue
        if attribute.group is not None:
            leads[attribute.group] = attribute.name
        by_rule.setdefault((attribute.rule, attribute.group), []).append(attribute)
    result = crowd.select("cluster").unique().sort("cluster")
    for (rule, group), attributes in by_rule.items():
        told = (
            crowd if group is None else survivorship.fullest_first(crowd, [a.name for a in entity.attributes if a.group == group])
        )
        result = result.join(survivorship.winners(told, [a.name for a in attributes], rule, bad), on="cluster", how="left")
    for lead, following in followers.items():
        result = _following(result, crowd, lead, [a.name for a in following])
    return result


def _following(result: pl.DataFrame, crowd: pl.DataFrame, lead: str, names: Sequence[str]) -> pl.DataFrame:
    """Attributes that survive together come from the record whose leading attribute won."""
    given = crowd.select(pl.col("record_id").alias(f"{lead}@"), *names)
    joined = result.join(given, on=f"{lead}@", how="left")
    missing = pl.col(f"{lead}@").is_null()
    # Where nobody has the leading attribute, the first record with any of the others speaks for all.
    first = crowd.filter(pl.any_horizontal(pl.col(n).is_not_null() for n in names)).sort(
        "cluster", "demoted", "source_time", "name_rank", descending=[False, False, True, False], nulls_last=True
    )
    first = first.unique("cluster", keep="first", maintain_order=True).select(
        "cluster", pl.col("record_id").alias("_spare"), *(pl.col(n).alias(f"_s_{n}") for n in names)
    )
    joined = joined.join(first, on="cluster", how="left")
    values = [pl.when(missing).then(f"_s_{n}").otherwise(n).alias(n) for n in names]
    givers = [
        pl.when(pl.when(missing).then(f"_s_{n}").otherwise(n).is_not_null())
        .then(pl.coalesce(f"{lead}@", "_spare"))
        .alias(f"{n}@")
        for n in names
    ]
    return joined.with_columns(*values, *givers).drop("_spare", *(f"_s_{n}" for n in names))


def _corrected(contested: pl.DataFrame, crowd: pl.DataFrame, entity: Entity, pinned: pl.DataFrame) -> pl.DataFrame:
    """Corrections override what the rules chose; the giver is minus the correction's number."""
    if pinned.is_empty():
        return contested
    homes = (
        pinned.join(crowd.select("record_id", "cluster"), on="record_id")
        .sort("number")
        .unique(["cluster", "attribute"], keep="last")
    )
    for (name,), part in homes.group_by("attribute"):
        attribute = entity.attribute(name)
        raw = published(part.select("cluster", "number", pl.col("value").alias(name)), [attribute])
        over = raw.select(
            "cluster", pl.col(name).cast(DTYPES[attribute.type], strict=False).alias("_v"), pl.col("number").alias("_n")
        )
        contested = contested.join(over, on="cluster", how="left").with_columns(
            pl.when(pl.col("_n").is_not_null()).then("_v").otherwise(name).alias(name),
            pl.when(pl.col("_n").is_not_null()).then(-pl.col("_n")).otherwise(f"{name}@").alias(f"{name}@"),
        ).drop("_v", "_n")  # fmt: skip
    return contested


def _pinned(hub: Hub, entity: Entity, run: Run) -> pl.DataFrame:
    with hub.read() as session:
        rows = given_corrections(session, entity.name, run.event_seq)
    # Times read back are text in both dialects, in UTC: ISO order is time order.
    started = run.started_at.strftime("%Y-%m-%d %H:%M:%S.%f")
    return rows.filter(pl.col("until").is_null() | (pl.col("until").cast(pl.String) > started)).select(
        "record_id", "attribute", "value", "number"
    )


def _widen(hub: Hub, entity: Entity, run: Run) -> None:
    """Golden records whose links lead to a record that moved in this very run are made again as well."""
    bench = run.bench
    own = [k.name for k in entity.links if k.to == entity.name]
    if run.whole or not own:
        return
    moved = bench.frame(
        "select r.record_id from bench.relation r join (select coalesce(a.record_id, b.record_id) as record_id from "
        "assigned a full join before b "
        "using (record_id) where a.golden_id is distinct from b.golden_id) m on r.to_record_id = m.record_id "
        # Who was there and is no longer has left in this run; its links do not bring it back.
        "where r.record_id not in (select record_id from assigned union select record_id from before)"
    )
    if moved.is_empty():
        return
    membership, table = hub.tables(entity.name).membership, hub.tables(entity.name).golden
    member = sa.select(membership.c.record_id, membership.c.golden_id).where(visible(membership, run.base))
    with hub.read() as session:
        homes = session.frame(member.where(session.among(membership.c.record_id, moved["record_id"])))
        wanted = homes["golden_id"].unique()
        rows = session.frame(member.where(session.among(membership.c.golden_id, wanted)))
        known = sa.select(table.c.golden_id, table.c.founder, table.c.created_run.label("born"))
        ids = session.frame(known.where(visible(table, run.base), session.among(table.c.golden_id, wanted)))
    bench.store("assigned", rows.join(bench.frame("select record_id from assigned"), on="record_id", how="anti"), append=True)
    bench.store("before", rows.join(bench.frame("select record_id from before"), on="record_id", how="anti"), append=True)
    fresh = ids.join(bench.frame("select golden_id from ids"), on="golden_id", how="anti")
    bench.store("ids", fresh.with_columns(kind=pl.lit("kept")), append=True)


def _resolve_links(hub: Hub, entity: Entity, run: Run) -> None:
    """Bench table `resolved`: what members say of links, with the golden id each target has now."""
    bench = run.bench
    homes = []
    for target in {k.to for k in entity.links}:
        membership = hub.tables(target).membership
        with hub.read() as session:
            at = run.base if target == entity.name else pointer(session.connection, hub.fixed, target)
            homes.append(
                session.frame(
                    sa.select(membership.c.record_id, membership.c.golden_id.label("to_id")).where(visible(membership, at))
                ).with_columns(to_entity=pl.lit(target))
            )
    empty = pl.DataFrame(schema={"record_id": pl.Int64, "to_id": pl.String, "to_entity": pl.String})
    bench.store("homes", pl.concat([empty, *homes]))
    if entity.name in {k.to for k in entity.links}:
        bench.execute(
            f"delete from homes where to_entity = '{entity.name}' and record_id in (select record_id from before union "
            "select record_id from assigned)"
        )
        bench.execute(f"insert into homes select record_id, golden_id, '{entity.name}' from assigned")
    links = pl.DataFrame([(k.name, k.to) for k in entity.links], schema={"link": pl.String, "to_entity": pl.String}, orient="row")
    bench.store("links", links)
    bench.execute(
        "create or replace table resolved as select a.golden_id, r.*, l.to_entity, h.to_id, s.source, s.stream, "
        "s.source_key, s.source_time, "
        "coalesce(roles.role, '') as source_role from bench.relation r "
        "join assigned a using (record_id) join links l using (link) join homes h on h.record_id = r.to_record_id and "
        "h.to_entity = l.to_entity "
        "join bench.record s on s.record_id = r.record_id left join roles on roles.source = s.source"
    )


def _relations(entity: Entity, said: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The primary target per golden record and link, and every distinct link with the record that says it."""
    order = said.sort(
        ["golden_id", "link", "source_time", "source", "stream", "source_key", "to_id"],
        descending=[False, False, True, False, False, False, False],
        nulls_last=True,
    )
    key = ["golden_id", "link", "to_id", "role", "number", "study", "valid_from", "valid_to"]
    rows = order.unique(key, keep="first", maintain_order=True)
    rows = rows.with_columns(is_primary=pl.int_range(pl.len()).over("golden_id", "link") == 0)
    primary = rows.filter("is_primary").select("golden_id", "link", "to_id")
    rows = rows.with_columns(row_id=digest.digests(rows, [*key, "is_primary", "record_id"]))
    return primary, rows.select("row_id", *key, "to_entity", "is_primary", "record_id")


def _children(run: Run, collection: Collection, where: str) -> pl.DataFrame:
    """The child rows of a chunk, one per golden record and key, each with the record that says it."""
    bench, names = run.bench, [a.name for a in collection.attributes]
    table = f"bench.child_{collection.name}"
    said = bench.frame(
        f"select a.golden_id, coalesce(roles.role, '') as role, c.* exclude (record_id), c.child_id as record_id from {table} c "
        f"join (select * from assigned where {where}) a using (record_id) left join roles on roles.source = c.source"
    )
    rank = survivorship.rank_of_role(collection.survive)
    order = said.with_columns(_rank=rank).sort(
        ["golden_id", *collection.key, "_rank", "source_time", "source", "stream", "source_key", "ordinal"],
        descending=[False, *(False for _ in collection.key), False, True, False, False, False, False], nulls_last=True,
    )  # fmt: skip
    rows = order.unique(["golden_id", *collection.key], keep="first", maintain_order=True)
    lists = [a.name for a in collection.attributes if a.type is list]
    rows = rows.with_columns(as_json(pl.col(n), n) for n in lists)
    rows = rows.with_columns(row_id=digest.digests(rows, ["golden_id", *names, "record_id"]))
    return rows.select("row_id", "golden_id", *names, "record_id")
