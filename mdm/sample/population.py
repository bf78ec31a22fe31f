"""The population: what the machine decided by itself in a published release, pair of records by pair of records.

An automatic join is a pair of one golden record that machine edges connect; what rests on a decision, an adoption or a
merge at the source is not the machine's. An automatic refusal is a pair that blocking made and that ended in two golden
records without a question to a steward between them.
"""

from dataclasses import dataclass

import polars as pl
import sqlalchemy as sa

from mdm import blocking, constraint, decisions, model
from mdm.bench import Bench
from mdm.entity import Entity
from mdm.hub import Hub, Session
from mdm.hub.run import pointer
from mdm.hub.version import visible
from mdm.stages import match
from mdm.tables import OPEN

# Refused pairs are not kept, so they are scored again; of more than this, a part that stands for all.
MOST_SCORED = 1_000_000
_MILLION = 1_000_000


@dataclass(frozen=True)
class Release:
    """What is published of an entity, and what people and sources said of it.

    `member`: record_id, golden_id, source. `pair`: a, b, weight, rule. `question`: a, b (records). `ruled`: record_id and
    the group that a person or a source made it one with. `decided`: a, b, verdict of every pair a live decision names.
    """

    run: int
    model: int | None
    member: pl.DataFrame
    pair: pl.DataFrame
    question: pl.DataFrame
    ruled: pl.DataFrame
    decided: pl.DataFrame

    @classmethod
    def read(cls, session: Session, entity: str) -> "Release":
        """The release that readers see now."""
        hub, at = session.hub, pointer(session.connection, session.hub.fixed, entity)
        tables, record, part = hub.tables(entity), hub.fixed["source_record"], hub.fixed["run_entity"]
        membership, pair, question = tables.membership, tables.pair, tables.question
        member = sa.select(membership.c.record_id, membership.c.golden_id, record.c.source).join(
            record, record.c.record_id == membership.c.record_id
        )
        given, said = decisions.live(session, entity, OPEN)
        merged = sa.select(record.c.record_id.label("a"), record.c.merged_into.label("b")).where(
            record.c.op == "merged_into", record.c.merged_into.is_not(None)
        )
        return cls(
            at,
            session.scalar(sa.select(part.c.model).where(part.c.entity == entity, part.c.run_id == at)),
            session.frame(member.where(visible(membership, at))),
            session.frame(sa.select(pair.c.a, pair.c.b, pair.c.weight, pair.c.rule).where(visible(pair, at))),
            session.frame(sa.select(question.c.a, question.c.b).where(visible(question, at))),
            _ruled(given, said, decisions.adopted(session, entity, OPEN), session.frame(merged)),
            named(given, said),
        )


def named(given: pl.DataFrame, said: pl.DataFrame) -> pl.DataFrame:
    """The pairs of records (a < b) that decisions (number, verdict) name by their members, one on each side."""
    left, right = (said.filter(pl.col("side") == side).select("number", "record_id") for side in ("a", "b"))
    across = left.join(right, on="number", suffix="_b").join(given, on="number")
    return across.filter(pl.col("record_id") != pl.col("record_id_b")).select(
        "number", "verdict", a=pl.min_horizontal("record_id", "record_id_b"), b=pl.max_horizontal("record_id", "record_id_b")
    )


def _ruled(given: pl.DataFrame, said: pl.DataFrame, adopted: pl.DataFrame, merged: pl.DataFrame) -> pl.DataFrame:
    matches = said.join(given.filter(pl.col("verdict") == "match"), on="number", how="semi")
    groups = [matches.select("record_id", group=pl.col("number").cast(pl.String)), adopted.select("record_id", group="golden_id")]
    edges = [
        f.select(a=pl.col("record_id").min().over("group"), b="record_id").filter(pl.col("a") != pl.col("b")) for f in groups
    ]
    return constraint.components(pl.concat([*edges, merged])).rename({"component": "group"})


def joins(release: Release, accept: float) -> pl.DataFrame:
    """Every automatic join: a, b, weight (bits; null: no pair of its own), by_identifier. `accept` in bits. Pure."""
    home = release.member.select("record_id", "golden_id")
    inside = (
        home.join(home, on="golden_id", suffix="_b")
        .filter(pl.col("record_id") < pl.col("record_id_b"))
        .select(a="record_id", b="record_id_b")
    )
    free = _not_ruled(inside, release.ruled)
    strong = release.pair.filter(pl.col("weight") >= accept)
    direct = free.join(strong, on=["a", "b"])
    found = constraint.components(direct.select("a", "b"))
    ends = free.join(found, left_on="a", right_on="record_id").join(found, left_on="b", right_on="record_id", suffix="_b")
    machine = ends.filter(pl.col("component") == pl.col("component_b")).select("a", "b")
    kept = direct.select("a", "b", "weight", by_identifier=pl.col("rule") == match.IDENTIFIER_RULE)
    return machine.join(kept, on=["a", "b"], how="left").with_columns(pl.col("by_identifier").fill_null(value=False))


def _not_ruled(pairs: pl.DataFrame, ruled: pl.DataFrame) -> pl.DataFrame:
    ends = pairs.join(ruled, left_on="a", right_on="record_id", how="left").join(
        ruled, left_on="b", right_on="record_id", how="left", suffix="_b"
    )
    return ends.filter((pl.col("group") != pl.col("group_b")).fill_null(value=True)).select("a", "b")


def refusals(hub: Hub, bench: Bench, entity: Entity, release: Release) -> pl.DataFrame:
    """Automatic refusals: a, b, weight, stands_for (how many such pairs this one stands for).

    `bench`: with all records of this release as changed, and those of distinct streams.
    """
    bench.store("hot_now", blocking.hot_keys(bench, entity))
    blocking.candidates(bench, entity, whole=True)
    with (
        bench.given("_member", release.member),
        bench.given("_kept", release.pair.select("a", "b")),
        bench.given("_asked", _between(release)),
        bench.given("_decided", release.decided.filter(pl.col("verdict") != "unsure").select("a", "b")),
    ):
        bench.execute(
            "create or replace table apart as select c.a, c.b from (select a, b from blocked union select a, b from _kept) c "
            "join _member x on x.record_id = c.a join _member y on y.record_id = c.b and y.golden_id <> x.golden_id "
            "anti join _asked q on q.g1 = least(x.golden_id, y.golden_id) and q.g2 = greatest(x.golden_id, y.golden_id) "
            "anti join _decided d on d.a = c.a and d.b = c.b"
        )
        bench.execute("create or replace table low as select a, b from apart anti join _kept using (a, b)")
    ruled = bench.frame("select a, b from apart anti join low using (a, b)").join(release.pair, on=["a", "b"])
    unsure = release.decided.filter(pl.col("verdict") == "unsure")
    ruled = ruled.join(unsure, on=["a", "b"], how="anti").select("a", "b", "weight", stands_for=pl.lit(1.0))
    return pl.concat([ruled, _scored(hub, bench, entity, release)])


def _between(release: Release) -> pl.DataFrame:
    """The pairs of golden records that a steward is asked about."""
    home = release.member.select("record_id", "golden_id")
    ends = release.question.join(home, left_on="a", right_on="record_id").join(
        home, left_on="b", right_on="record_id", suffix="_b"
    )
    return ends.select(
        g1=pl.min_horizontal("golden_id", "golden_id_b"), g2=pl.max_horizontal("golden_id", "golden_id_b")
    ).unique()


def _scored(hub: Hub, bench: Bench, entity: Entity, release: Release) -> pl.DataFrame:
    """The refused pairs that were not kept, scored again, or as many of them as are scored at most."""
    total = bench.execute("select count(*) from low")[0][0]
    schema = {"a": pl.Int64, "b": pl.Int64, "weight": pl.Float64, "stands_for": pl.Float64}
    if not total or release.model is None or not entity.comparisons:
        return pl.DataFrame(schema=schema)
    share = min(_MILLION, -(-MOST_SCORED * _MILLION // total))
    bench.execute(
        "create or replace table blocked as select a, b, 0 as rule from low "
        f"where md5_number_lower(a || '|' || b) % {_MILLION} < {share}"
    )
    count = bench.execute("select count(*) from blocked")[0][0]
    if not count:
        return pl.DataFrame(schema=schema)
    fitted = model.load(hub, entity.name, release.model)
    linker = model.linker(bench, fitted)
    bench.execute("create or replace table refused as select '0' as match_key, a as join_key_l, b as join_key_r from blocked")
    linker.table_management.register_blocked_pairs_for_predict(linker._db_api.register("refused"))
    scored = linker.inference.predict(warning_mode="never")
    return bench.frame(
        "select least(record_id_l, record_id_r) as a, greatest(record_id_l, record_id_r) as b, "
        f"round({fitted.calibrated('match_weight')}, 6) as weight, {total / count}::double as stands_for from {scored.physical_name}"
    )
