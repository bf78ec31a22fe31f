"""What samples of automatic decisions say, beside the truth: generated HCPs, answered from the truth they were made with.

    python benchmarks/audit_sample.py FOLDER [--count 100000] [--size 1000] [--draws 200]

FOLDER is made if it is not there, and run once; then as many samples are drawn as asked for, each is answered and judged,
and it is counted how often the truth lay within the interval.
"""

from __future__ import annotations

import argparse
import os
import statistics
import time
from pathlib import Path

import generate
import polars as pl

from mdm import context, decisions, evaluate, pipeline
from mdm.hub import migration
from mdm.sample import draw, estimate
from mdm.sample.population import Release
from mdm.sample.stratum import JOIN, REFUSAL, strata


def main() -> None:
    """Draw, answer, judge, and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--count", type=int, default=100_000)
    parser.add_argument("--size", type=int, default=1_000)
    parser.add_argument("--draws", type=int, default=200)
    options = parser.parse_args()
    _prepared(options.folder, options.count)
    os.chdir(options.folder)
    opened = context.opened()
    whole = evaluate.evaluated(opened, "hcp", Path("truth.csv"))
    print(f"mdm evaluate: {whole.pairwise.as_dict()}, lost {whole.lost}")
    started = time.monotonic()
    pairs = _labelled(opened)
    print(f"population: {time.monotonic() - started:.1f} s, {pairs.height} pairs scored")
    _told(pairs, options.size, options.draws)


def _prepared(folder: Path, count: int) -> None:
    if (folder / "mdm.toml").exists():
        return
    folder.mkdir(parents=True, exist_ok=True)
    records = generate.hcps(count)
    generate.write(folder, records)
    generate.write_truth(folder, records)
    (folder / "mdm.toml").write_text(generate.settings(), encoding="utf-8")
    opened = context.opened(folder / "mdm.toml")
    migration.lay(opened.hub)
    pipeline.run(opened, ["hcp"])


def _labelled(opened: context.Context) -> pl.DataFrame:
    """Every automatic decision, with the answer that the truth gives."""
    with opened.hub.read() as session:
        release = Release.read(session, "hcp")
        names = decisions.names(session, release.member["record_id"])
    pairs = draw.population(opened, opened.entity("hcp"), release, joins_only=False)
    truth = evaluate.read(Path("truth.csv")).select(
        written=pl.format("{}/{}:{}", "source", "stream", "source_key"), thing="cluster"
    )
    ids = pl.DataFrame({"record_id": list(names), "written": list(names.values())}).join(truth, on="written")
    ends = pairs.join(ids.select(a="record_id", x="thing"), on="a").join(ids.select(b="record_id", y="thing"), on="b")
    return ends.with_columns(verdict=pl.when(pl.col("x") == pl.col("y")).then(pl.lit("match")).otherwise(pl.lit("no_match")))


def _told(pairs: pl.DataFrame, size: int, draws: int) -> None:
    found, numbered = strata(pairs)
    pl.Config.set_tbl_rows(-1)
    print(found.group_by("kind", "band").agg(pl.col("population").sum(), pl.len().alias("strata")).sort("kind", "band"))
    counts = {
        (kind, verdict): n for kind, verdict, n in pairs.group_by("kind", "verdict").agg(pl.col("stands_for").sum()).iter_rows()
    }
    right, wrong, missed = (counts.get(k, 0) for k in ((JOIN, "match"), (JOIN, "no_match"), (REFUSAL, "match")))
    refused = missed + counts.get((REFUSAL, "no_match"), 0)
    precision, recall = right / (right + wrong), right / (right + missed)
    true = {
        estimate.PRECISION: precision, estimate.RECALL: recall, estimate.REFUSALS: 1 - missed / max(refused, 1),
        estimate.F1: 2 * precision * recall / (precision + recall),
    }  # fmt: skip
    seen: dict[str, list[estimate.Figure]] = {measure: [] for measure in true}
    for number in range(draws):
        chosen = draw.choice(found, numbered, size, f"hcp|1|{number}").join(pairs.select("a", "b", "verdict"), on=["a", "b"])
        for figure in estimate.figures(found, chosen):
            if not figure.band and not figure.sources:
                seen[figure.measure].append(figure)
    print(f"{draws} samples of {size}")
    for measure, value in true.items():
        shares = [f.share for f in seen[measure]]
        within = sum(s.low <= value <= s.high for s in shares)
        first = shares[0]
        print(
            f"{measure:29} truth {value:.5f}  first sample {first.value:.5f} ({first.low:.5f} to {first.high:.5f})  "
            f"mean {statistics.mean(s.value or 0 for s in shares):.5f}  truth within {within} of {len(shares)}"
        )


if __name__ == "__main__":
    main()
