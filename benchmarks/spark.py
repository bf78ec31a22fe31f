"""What Spark in one machine costs beside DuckDB on the same rows, and that both give the same result.

    python benchmarks/spark.py --count 100000 [--folder DIR] [--master 'local[2]']

A first run trains the model; then everything is matched again by each engine, in a process of its own. Processor time
counts the process and all it started. Prints a table, whether pairs and clusters are the same, and one JSON document.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import generate

MODES = ("first", "duckdb", "spark")
STAGES = ("match", "cluster")


def main() -> None:
    """Measure, and print."""
    options = _options()
    if options.mode:
        print(json.dumps(_inside(options)))
        return
    with tempfile.TemporaryDirectory() as spare:
        folder = Path(options.folder or spare)
        folder.mkdir(parents=True, exist_ok=True)
        generate.write(folder, generate.hcps(options.count))
        (folder / "mdm.toml").write_text(generate.settings(), encoding="utf-8")
        measured = {mode: _process(mode, folder, options) for mode in MODES}
    for mode, figures in measured.items():
        print(f"{mode:8} wall {figures['wall']:8.1f} s  cpu {figures['cpu']:8.1f} s  {figures['stages']}")
    same = measured["duckdb"]["result"] == measured["spark"]["result"]
    print(f"the same pairs and clusters: {'yes' if same else 'NO'}")
    print(json.dumps({"count": options.count, "master": options.master, "same": same, "measured": measured}))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=100_000)
    parser.add_argument("--folder")
    parser.add_argument("--master", default="local[2]")
    parser.add_argument("--mode", choices=MODES, help=argparse.SUPPRESS)
    return parser.parse_args()


def _process(mode: str, folder: Path, options: argparse.Namespace) -> dict[str, Any]:
    command = [sys.executable, __file__, "--mode", mode, "--folder", str(folder), "--master", options.master]
    print(f"measuring: {mode}", file=sys.stderr, flush=True)
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=folder)
    if done.returncode:
        raise SystemExit(done.stderr[-3000:])
    return json.loads(done.stdout.splitlines()[-1])


def _inside(options: argparse.Namespace) -> dict[str, Any]:
    from mdm import context, pipeline
    from mdm.hub import migration
    from mdm.settings import SparkSettings

    os.chdir(options.folder)
    opened = context.opened()
    if options.mode == "first":
        migration.lay(opened.hub)
    if options.mode == "spark":
        run = replace(opened.settings.run, engine="spark", spark=SparkSettings(master=options.master, least=0))
        opened = replace(opened, settings=replace(opened.settings, run=run))
    started = time.monotonic()
    report = pipeline.run(opened, ["hcp"], full=options.mode != "first", pull=options.mode == "first").as_dict()
    wall = time.monotonic() - started
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    (entity,) = report["entities"]
    return {
        "wall": round(wall, 1), "cpu": round(sum(u.ru_utime + u.ru_stime for u in used), 1), "pairs": entity["pairs"],
        "stages": {stage: round(entity["seconds"][stage], 1) for stage in STAGES}, "result": _result(opened),
    }  # fmt: skip


def _result(opened: Any) -> str:
    """A digest of every open pair with its weight, and of every record's golden id."""
    import sqlalchemy as sa

    from mdm.hub.version import open_now

    tables = opened.hub.tables("hcp")
    digest = hashlib.sha256()
    with opened.hub.read() as session:
        for table, columns in ((tables.pair, ("a", "b", "rule", "weight")), (tables.membership, ("record_id", "golden_id"))):
            rows = session.frame(sa.select(*(table.c[c] for c in columns)).where(open_now(table)))
            digest.update(rows.sort(*columns).write_csv().encode())
    return digest.hexdigest()


if __name__ == "__main__":
    main()
