"""What is no question: a pair that contradicts itself, or that somebody has answered."""

import polars as pl

from mdm.constraint import MERGED
from mdm.entity import Entity
from mdm.hub import Run
from mdm.question.kind import DOUBTFUL
from mdm.said import Said


def without_vetoed(run: Run, entity: Entity, asked: pl.DataFrame) -> pl.DataFrame:
    """An uncertain pair that also contradicts itself is no question."""
    columns = entity.constrained
    if not columns or asked.is_empty():
        return asked
    differ = " or ".join(f'l."{c}" <> r."{c}"' for c in columns)
    with run.bench.given("_asked", asked.select("a", "b")):
        bad = run.bench.frame(
            "select a, b from _asked join bench.compare l on l.record_id = a join bench.compare r on r.record_id = b "
            f"where {differ}"
        )
    return asked.join(bad.with_columns(reason=pl.lit(DOUBTFUL)), on=["a", "b", "reason"], how="anti")


def without_repeated(run: Run, asked: pl.DataFrame, members: pl.DataFrame) -> pl.DataFrame:
    """Nor is an uncertain pair whose golden records each hold a record of a stream that never holds one thing twice."""
    distinct = run.bench.frame("select record_id, stream from distinct_record")
    if distinct.is_empty() or asked.is_empty():
        return asked
    held = members.join(distinct, on="record_id").select("golden_id", "stream").unique()
    both = asked.join(held, left_on="ga", right_on="golden_id").join(
        held, left_on=["gb", "stream"], right_on=["golden_id", "stream"], how="semi"
    )
    return asked.join(both.filter(pl.col("reason") == DOUBTFUL), on=["a", "b", "reason"], how="anti")


def without_decided(run: Run, said: Said, asked: pl.DataFrame) -> pl.DataFrame:
    """No question whose answer is known, or that a steward could not answer while nothing has changed."""
    ends = set(asked["a"]) | set(asked["b"])
    known = {(min(x, y), max(x, y)) for a, b in said.rulings.apart for x in a & ends for y in b & ends}
    for a, b in said.undecided(run.bench):
        known |= {(min(x, y), max(x, y)) for x in a & ends for y in b & ends}
    frame = pl.DataFrame(sorted(known), schema={"a": pl.Int64, "b": pl.Int64}, orient="row")
    # A merge that a no_match forbids is news to whoever said no_match.
    contested = asked.filter(pl.col("reason").str.starts_with(MERGED))
    return pl.concat(
        [asked.join(contested, on=["a", "b", "reason"], how="anti").join(frame, on=["a", "b"], how="anti"), contested]
    )
