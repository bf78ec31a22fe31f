"""Calibration measured: of pairs said to be matches with this probability, how many are?

Generated people with known truth are matched, some pairs are decided as the truth has it, and all pairs of which the
weight decides are counted by the probability they were given, before and after. Once with the model as it was trained,
once with a model that is wrong on purpose: strangers are said to share an address 16 times less often than they do.

    python benchmarks/calibration.py --count 20000 --decided 400
"""

from __future__ import annotations

import argparse
import copy
import tempfile
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import polars as pl
from generate import hcps, settings, write

from mdm import context, model, pipeline
from mdm.bench import Bench
from mdm.entity import Entity
from mdm.hub import migration
from mdm.model import Model
from mdm.train import calibrating, scoring
from mdm.train.labels import Labels

BANDS = (0.0, 0.5, 0.6, 0.7, 0.85, 0.95, 0.99, 0.999, 1.0)
SEED = 11


def prepared(folder: Path, count: int) -> tuple[Bench, Entity, Model, pl.DataFrame]:
    """The people, run once: the bench, the entity, the model it trained, and who each record is."""
    records = hcps(count)
    write(folder, records)
    (folder / "mdm.toml").write_text(settings(), encoding="utf-8")
    opened = context.opened(folder / "mdm.toml")
    migration.lay(opened.hub)
    pipeline.run(opened, ["hcp"])
    bench = opened.bench("hcp")
    bench.execute("create temp table changed as select record_id from bench.compare")
    who = bench.frame("select record_id, source, source_key from bench.record").join(
        records.select("source", "source_key", "cluster"), on=["source", "source_key"]
    )
    return bench, opened.entity("hcp"), model.load(opened.hub, "hcp", 1), who.select("record_id", "cluster")


def wrong(fitted: Model, comparison: str = "location", bits: float = 4.0) -> Model:
    """The model with u of the best level of a comparison too small by so many bits."""
    bad = copy.deepcopy(dict(fitted.settings))
    chosen = next(c for c in bad["comparisons"] if c["output_column_name"] == comparison)
    best = next(level for level in chosen["comparison_levels"] if not level.get("is_null_level"))
    best["u_probability"] /= 2**bits
    return replace(fitted, settings=bad)


def weighed(bench: Bench, entity: Entity, fitted: Model, who: pl.DataFrame) -> pl.DataFrame:
    """Every pair of which the weight decides: a, b, weight, is_match."""
    scoring.blocked(bench, entity)
    pairs = scoring.scored(bench, fitted, scoring.weighable(entity, "blocked"))
    sides = pairs.join(who, left_on="a", right_on="record_id").join(who, left_on="b", right_on="record_id", suffix="_b")
    return sides.select("a", "b", "weight", is_match=pl.col("cluster") == pl.col("cluster_b")).sort("a", "b")


def decided(pairs: pl.DataFrame, entity: Entity, count: int) -> Labels:
    """Pairs from `review` up, drawn at random, half of them below `accept`; the truth decides."""
    review, accept = model.weight_of(entity.review), model.weight_of(entity.accept)
    asked = pairs.filter(pl.col("weight").is_between(review, accept, closed="left"))
    asked = asked.sample(min(count // 2, asked.height), seed=SEED)
    above = pairs.filter(pl.col("weight") >= accept)
    drawn = pl.concat([asked, above.sample(min(count - asked.height, above.height), seed=SEED)]).sort("a", "b")
    told = drawn.select("a", "b", "is_match", part=pl.lit(1.0))
    return Labels(told, int(told["is_match"].sum()), int((~told["is_match"]).sum()))


def reliability(pairs: pl.DataFrame) -> pl.DataFrame:
    """Per band of probability: pairs, the share expected to be matches, and the share that are."""
    probability = 1 / (1 + 2.0 ** (-pl.col("weight")))
    banded = pairs.with_columns(expected=probability).with_columns(
        band=pl.col("expected").cut(BANDS[1:-1], labels=[f"{a}-{b}" for a, b in pairwise(BANDS)], left_closed=True)
    )
    counted = banded.group_by("band").agg(
        pairs=pl.len(), expected=pl.col("expected").mean().round(3), observed=pl.col("is_match").mean().round(3)
    )
    return counted.sort("expected")


def told(name: str, before: pl.DataFrame, after: pl.DataFrame, labels: Labels, found: Model) -> None:
    """Print the two tables of one model as one."""
    print(f"\n{name}: {labels.matches} match, {labels.others} no_match; {found.evidence.get('calibration')}\n")
    print(
        "| probability | pairs before | expected | observed | pairs after | expected | observed |\n|---|---|---|---|---|---|---|"
    )
    both = reliability(before).join(reliability(after), on="band", how="full", suffix="_after", coalesce=True)
    for row in both.sort(pl.coalesce("expected", "expected_after")).iter_rows():
        print("| " + " | ".join("" if cell is None else str(cell) for cell in row) + " |")


def main() -> None:
    """Measure both models."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=20_000)
    parser.add_argument("--decided", type=int, default=400)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        bench, entity, fitted, who = prepared(Path(folder), given.count)
        for name, one in (("as trained", fitted), ("wrong by 4 bits", wrong(fitted))):
            before = weighed(bench, entity, one, who)
            labels = decided(before, entity, given.decided)
            found = calibrating.calibrated(bench, entity, one, labels)
            told(name, before, weighed(bench, entity, found, who), labels, found)


if __name__ == "__main__":
    main()
