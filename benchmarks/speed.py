"""How fast a run is, beside plain Splink on the same rows in the same sitting.

    python benchmarks/speed.py --count 100000 [--folder DIR] [--children] [--changed 1000] [--modes first,splink]

Every measurement is a process of its own: its wall time, its processor time and its peak memory are the system's
accounting of a finished process. Prints a table and, last, one JSON document.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import generate

MODES = ("first", "nothing", "changed", "full", "splink")


def main() -> None:
    """Measure, and print."""
    options = _options()
    if options.mode:
        print(json.dumps(_inside(options)))
        return
    with tempfile.TemporaryDirectory() as spare:
        folder = Path(options.folder or spare)
        _prepared(folder, options)
        measured = {mode: _process(mode, folder, options) for mode in options.modes}
    _tell(options, measured)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=100_000)
    parser.add_argument("--changed", type=int, default=1_000)
    parser.add_argument("--folder")
    parser.add_argument("--children", action="store_true", help="map every address as a child row as well")
    parser.add_argument("--modes", type=lambda t: t.split(","), default=list(MODES), help="which of: " + ", ".join(MODES))
    parser.add_argument("--mode", choices=MODES, help=argparse.SUPPRESS)
    return parser.parse_args()


def _prepared(folder: Path, options: argparse.Namespace) -> None:
    """Sources, settings and truth in a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    generate.write(folder, generate.hcps(options.count))
    text = generate.settings()
    (folder / "mdm.toml").write_text(text if options.children else _lean(text), encoding="utf-8")


def _lean(text: str) -> str:
    """The same mapping without child rows."""
    for name in ("city", "region", "postcode"):
        text = text.replace(f'{name} = ["{name}", "address[1].{name}"]', f'{name} = "{name}"')
    return text.replace('line_1 = ["address", "address[1].line_1"]', 'line_1 = "address"')


def _process(mode: str, folder: Path, options: argparse.Namespace) -> dict[str, Any]:
    if mode == "changed":
        batch = generate.changed(generate.hcps(options.count), options.changed)
        for source in generate.SOURCES:
            for old in (folder / source).glob("*.csv"):
                old.unlink()
        generate.write(folder, batch, name="changes")
    command = [sys.executable, __file__, "--mode", mode, "--count", str(options.count), "--folder", str(folder)]
    print(f"measuring: {mode}", file=sys.stderr, flush=True)
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=folder)
    if done.returncode:
        raise SystemExit(done.stderr[-3000:])
    return json.loads(done.stdout.splitlines()[-1])


def _inside(options: argparse.Namespace) -> dict[str, Any]:
    os.chdir(options.folder)
    started, cpu = time.monotonic(), time.process_time()
    figures = _splink() if options.mode == "splink" else _mdm(options.mode)
    figures["wall"] = round(time.monotonic() - started, 2)
    figures["cpu"] = round(time.process_time() - cpu, 2)
    figures["peak_mb"] = round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
    return figures


def _mdm(mode: str) -> dict[str, Any]:
    from mdm import context, pipeline
    from mdm.hub import migration

    opened = context.opened()
    if mode == "first":
        migration.lay(opened.hub)
    report = pipeline.run(opened, ["hcp"], full=mode == "full", pull=mode != "full").as_dict()
    entity = report["entities"][0]
    seconds = {
        "land": round(sum(s["seconds"] for s in report["sources"]), 2),
        **{k: round(v, 2) for k, v in entity["seconds"].items()},
    }
    return {"stages": seconds, "golden": entity["golden"], "pairs": entity["pairs"], "queued": entity["queued"]}


def _splink() -> dict[str, Any]:
    """Plain Splink with the same comparisons, blocking and training on the same standardised rows."""
    import duckdb
    from splink import DuckDBAPI, Linker, block_on

    from mdm import context, model

    opened = context.opened()
    entity = opened.entity("hcp")
    connection = duckdb.connect()
    connection.execute("attach 'mdm.bench/hcp.duckdb' as bench (read_only)")
    connection.execute("create table hcp as select * from bench.compare")
    settings = model.declared(entity)
    listed = {
        c
        for c, kind in connection.execute(
            "select column_name, data_type from duckdb_columns() where table_name = 'compare'"
        ).fetchall()
        if kind.endswith("[]")
    }
    settings["blocking_rules_to_generate_predictions"] = [
        block_on(*rule, arrays_to_explode=[c for c in rule if c in listed]).create_blocking_rule_dict("duckdb") if listed & set(rule)
        else block_on(*rule).create_blocking_rule_dict("duckdb") for rule in entity.block
    ]  # fmt: skip
    linker = Linker(DuckDBAPI(connection).register("hcp"), settings, log_level=40)
    started = time.monotonic()
    linker.training.estimate_probability_two_random_records_match([block_on("npi"), block_on("email")], recall=0.75)
    linker.training.estimate_u_using_random_sampling(max_pairs=1e7, seed=1)
    for rule in entity.train:
        linker.training.estimate_parameters_using_expectation_maximisation(block_on(*rule))
    trained = time.monotonic()
    pairs = linker.inference.predict(threshold_match_probability=entity.review)
    predicted = time.monotonic()
    clusters = linker.clustering.cluster_pairwise_predictions_at_threshold(pairs, threshold_match_probability=entity.accept)
    rows = connection.execute(f"select count(distinct cluster_id) from {clusters.physical_name}").fetchall()[0][0]
    ended = time.monotonic()
    stages = {
        "train": round(trained - started, 2),
        "predict": round(predicted - trained, 2),
        "cluster": round(ended - predicted, 2),
    }
    return {"stages": stages, "clusters": rows}


def _ratios(measured: dict[str, dict[str, Any]]) -> dict[str, float]:
    """How the processes that were measured stand to each other, by wall time."""
    ratios: dict[str, float] = {}
    first = measured.get("first")
    if first and "splink" in measured:
        splink = measured["splink"]["stages"]
        bare, training = splink["predict"] + splink["cluster"], first["stages"].get("train", 0.0)
        ratios["run with a trained model / predict and cluster"] = round((first["wall"] - training) / bare, 2)
        ratios["run with training / training, predict and cluster"] = round(first["wall"] / (bare + splink["train"]), 2)
    if first:
        told = {"nothing": "second run without news / first", "changed": "run with changed records / first"}
        ratios |= {name: round(measured[mode]["wall"] / first["wall"], 3) for mode, name in told.items() if mode in measured}
    return ratios


def _tell(options: argparse.Namespace, measured: dict[str, dict[str, Any]]) -> None:
    ratios = _ratios(measured)
    for mode, figures in measured.items():
        print(
            f"{mode:8} wall {figures['wall']:8.1f} s  cpu {figures['cpu']:8.1f} s  peak {figures['peak_mb']:6} MB  "
            f"{figures['stages']}"
        )
    for name, ratio in ratios.items():
        print(f"{name}: {ratio}")
    print(json.dumps({"count": options.count, "children": options.children, "measured": measured, "ratios": ratios}))


if __name__ == "__main__":
    main()
