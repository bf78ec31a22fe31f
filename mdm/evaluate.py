"""Evaluation: the published clusters held against the truth, pair by pair and record by record.

Pairwise, every true pair counts the same; in B-cubed every record does. True pairs that were lost are told apart by where:
never paired by a blocking rule, scored too low, waiting for a steward, or kept apart by a constraint.
"""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import polars as pl
import sqlalchemy as sa

from mdm import blocking, constraint, digest, model
from mdm.context import Context
from mdm.entity import Entity
from mdm.errors import LockedError, UsageError
from mdm.hub import Session
from mdm.hub.run import pointer
from mdm.hub.version import visible

_NAME = ("source", "stream", "source_key")


@dataclass(frozen=True)
class Score:
    """How much of what was said is true, how much of what is true was said, and their harmonic mean."""

    precision: float
    recall: float

    @property
    def f1(self) -> float:
        """The harmonic mean."""
        total = self.precision + self.recall
        return 2 * self.precision * self.recall / total if total else 0.0

    def as_dict(self) -> dict[str, float]:
        """For a document."""
        return {"precision": round(self.precision, 4), "recall": round(self.recall, 4), "f1": round(self.f1, 4)}


@dataclass(frozen=True)
class Lost:
    """True pairs that are not in one golden record; `blocking` is None when the bench could not be asked."""

    total: int
    blocking: int | None
    score: int | None
    queued: int
    constraint: int


@dataclass(frozen=True)
class Evaluation:
    """What `mdm evaluate` prints."""

    entity: str
    run: int
    records: int
    quarantined: int
    absent: int
    unlabelled: int
    true_pairs: int
    found_pairs: int
    right_pairs: int
    pairwise: Score
    b_cubed: Score
    lost: Lost

    def as_dict(self) -> dict[str, Any]:
        """The document."""
        return {**asdict(self), "pairwise": self.pairwise.as_dict(), "b_cubed": self.b_cubed.as_dict(), "lost": asdict(self.lost)}


def evaluated(context: Context, name: str, truth: Path, *, key: str | None = None) -> Evaluation:
    """Hold the published clusters of an entity against a file of truth."""
    entity = context.entity(name)
    with context.hub.read() as session:
        at = pointer(session.connection, context.hub.fixed, name)
        if not at:
            raise UsageError(f"{name} has no published run yet; run `mdm run {name}` first")
        tables = context.hub.tables(name)
        member = session.frame(
            sa.select(tables.membership.c.record_id, tables.membership.c.golden_id).where(visible(tables.membership, at))
        )
        refused = session.frame(sa.select(tables.quarantined.c.record_id).where(visible(tables.quarantined, at))).unique()
        labelled = _labelled(session, read(truth, key), member, refused)
        pairs = session.frame(sa.select(tables.pair.c.a, tables.pair.c.b, tables.pair.c.weight).where(visible(tables.pair, at)))
    return _evaluation(context, entity, at, labelled, member, refused, pairs)


def read(file: Path, key: str | None = None) -> pl.DataFrame:
    """Truth as (cluster, source, stream, source_key): columns that the file does not have are null."""
    try:
        rows = pl.read_csv(file, infer_schema=False)
    except FileNotFoundError:
        raise UsageError(f"there is no file {file}") from None
    except (pl.exceptions.PolarsError, OSError) as error:
        raise UsageError(f"{file} cannot be read as UTF-8 CSV: {str(error).splitlines()[0]}") from None
    if "cluster" in rows.columns:
        named = {"source_key": key} if key else {n: n for n in _NAME if n in rows.columns}
        missing = [c for c in named.values() if c not in rows.columns] or ([] if "source_key" in named else ["source_key"])
        if missing:
            raise UsageError(
                f"{file} has no column {missing[0]!r}; it needs cluster and {','.join(_NAME)}, or --key with the column of keys"
            )
        none = pl.lit(None, pl.String)
        return rows.select("cluster", *(pl.col(named[n]).alias(n) if n in named else none.alias(n) for n in _NAME)).drop_nulls(
            ["cluster", "source_key"]
        )
    if {"a", "b"} <= set(rows.columns):
        return _paired(rows.select("a", "b").drop_nulls())
    raise UsageError(f"{file} needs a column 'cluster', or pairs 'a,b'; it has: {', '.join(rows.columns)}")


def contingency(labelled: pl.DataFrame) -> tuple[Score, Score, tuple[int, int, int]]:
    """Both scores of records with `cluster` (true) and `golden_id` (found), and the pairs: true, found, right. Pure."""
    cells = labelled.group_by("cluster", "golden_id").len("n").with_columns(pl.col("n").cast(pl.Int64))
    cells = cells.with_columns(true=pl.col("n").sum().over("cluster"), found=pl.col("n").sum().over("golden_id"))
    two = lambda n: (n * (n - 1) // 2).sum()  # noqa: E731
    right = cells.select(two(pl.col("n"))).item() or 0
    true = cells.unique("cluster").select(two(pl.col("true"))).item() or 0
    found = cells.unique("golden_id").select(two(pl.col("found"))).item() or 0
    squares = cells.select(p=(pl.col("n") ** 2 / pl.col("found")).sum(), r=(pl.col("n") ** 2 / pl.col("true")).sum()).row(0)
    count = max(labelled.height, 1)
    pairwise = Score(right / found if found else 1.0, right / true if true else 1.0)
    return pairwise, Score(squares[0] / count, squares[1] / count), (true, found, right)


def _paired(rows: pl.DataFrame) -> pl.DataFrame:
    """True pairs, closed: what is one with the same is one."""
    names = pl.concat([rows["a"], rows["b"]]).unique().sort().to_frame("name").with_row_index("number")
    number = dict(names.select("name", pl.col("number").cast(pl.Int64)).iter_rows())
    edges = rows.select(pl.col("a", "b").replace_strict(number, return_dtype=pl.Int64))
    found = constraint.components(edges).with_columns(number=pl.col("record_id").cast(pl.UInt32)).join(names, on="number")
    parts = pl.col("name").str.extract_groups(r"^([^/]+)/([^:]+):(?s)(.+)$")
    split = found.select(pl.col("component").cast(pl.String).alias("cluster"), "name", parts.alias("parts")).unnest("parts")
    strange = split.filter(pl.col("3").is_null())
    if strange.height:
        raise UsageError(f"{strange['name'][0]!r} does not name a record; write source/stream:key")
    return split.select("cluster", source="1", stream="2", source_key="3")


def _labelled(session: Session, truth: pl.DataFrame, member: pl.DataFrame, refused: pl.DataFrame) -> pl.DataFrame:
    """Truth by record: cluster, record_id (null: the hub has no such record)."""
    full = truth.filter(pl.all_horizontal(pl.col(n).is_not_null() for n in _NAME))
    named = full.with_columns(record_id=digest.record_ids(full.select(_NAME)))
    bare = truth.join(full, on=truth.columns, how="anti", nulls_equal=True)
    if bare.height:
        record = session.hub.fixed["source_record"]
        wanted = sa.select(record.c.record_id, record.c.source, record.c.stream, record.c.source_key)
        landed = session.frame(wanted.where(session.among(record.c.source_key, bare["source_key"].unique())))
        ours = pl.concat([member.select("record_id"), refused]).unique()
        landed = landed.join(ours, on="record_id", how="semi")
        found = bare.select("cluster", "source_key", given="source").join(landed, on="source_key", how="left")
        found = found.filter(pl.col("given").is_null() | (pl.col("given") == pl.col("source")))
        twice = found.filter(pl.col("record_id").n_unique().over("cluster", "source_key") > 1)
        if twice.height:
            raise UsageError(
                f"key {twice['source_key'][0]!r} is in several streams; give the truth the columns source,stream,source_key"
            )
        named = pl.concat([named.select("cluster", "record_id"), found.select("cluster", "record_id")])
    rows = named.select("cluster", "record_id").unique()
    twice = rows.filter(pl.col("record_id").is_not_null() & (pl.len().over("record_id") > 1))
    if twice.height:
        raise UsageError(
            f"a record is in the clusters {' and '.join(sorted(twice['cluster'][:2]))} of the truth; it can be in one"
        )
    return rows


def _evaluation(
    context: Context,
    entity: Entity,
    at: int,
    truth: pl.DataFrame,
    member: pl.DataFrame,
    refused: pl.DataFrame,
    pairs: pl.DataFrame,
) -> Evaluation:
    present = truth.join(member, on="record_id", how="left")
    away = present.filter(pl.col("golden_id").is_null())
    # A quarantined record is published nowhere: it is alone, and its true pairs are lost.
    alone = away.join(refused, on="record_id", how="semi").with_columns(golden_id=pl.format("#{}", "record_id"))
    labelled = pl.concat([present.filter(pl.col("golden_id").is_not_null()), alone])
    pairwise, b_cubed, (true, found, right) = contingency(labelled)
    unlabelled = member.join(truth, on="record_id", how="anti").height
    lost = _lost(context, entity, labelled, pairs)
    return Evaluation(
        entity.name,
        at,
        labelled.height,
        alone.height,
        away.height - alone.height,
        unlabelled,
        true,
        found,
        right,
        pairwise,
        b_cubed,
        lost,
    )


def _lost(context: Context, entity: Entity, labelled: pl.DataFrame, pairs: pl.DataFrame) -> Lost:
    """Where the true pairs went that are not in one golden record."""
    side = labelled.select("cluster", "record_id", "golden_id")
    both = side.join(side, on="cluster", suffix="_b").filter(pl.col("record_id") < pl.col("record_id_b"))
    missed = both.filter(pl.col("golden_id") != pl.col("golden_id_b")).select(a="record_id", b="record_id_b")
    scored = missed.join(pairs, on=["a", "b"])
    strong = scored.filter(pl.col("weight") >= model.weight_of(entity.accept)).height
    unscored = missed.join(scored, on=["a", "b"], how="anti")
    blocked = _blocked(context, entity, unscored)
    blocking = None if blocked is None else unscored.height - blocked
    return Lost(missed.height, blocking, blocked, scored.height - strong, strong)


def _blocked(context: Context, entity: Entity, pairs: pl.DataFrame) -> int | None:
    """How many of these pairs some blocking rule makes; None when the bench is not there or another process has it."""
    if pairs.is_empty():
        return 0
    try:
        bench = context.bench(entity.name)
    except LockedError:
        return None
    try:
        return blocking.made(bench, entity, pairs).height if bench.has("bench.compare") else None
    finally:
        bench.close()
