"""How long it takes to match one record with everything that is published.

    python benchmarks/now.py --count 1000000 [--folder DIR] [--lookups 300]

Fills a hub by a first run (or takes the folder of an earlier one), opens a matcher and looks up records that exist, with one
slip of the pen each, and people nobody knows. Prints a table and, last, one JSON document; times are in milliseconds.
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
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import generate
import numpy as np
import polars as pl
import speed

FIELDS = {"line_1": "address"}
TYPED = ("given_name", "family_name", "npi", "birth_date", "specialty", "email", "phone", "line_1", "city", "postcode")


def main() -> None:
    """Fill, open, look up, and print."""
    options = _options()
    with tempfile.TemporaryDirectory() as spare:
        folder = Path(options.folder or spare).resolve()
        if not (folder / "mdm.db").exists():
            _filled(folder, options.count)
        os.chdir(folder)
        _tell(_measured(options))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=100_000)
    parser.add_argument("--lookups", type=int, default=300)
    parser.add_argument("--folder", help="a folder this or speed.py has filled before, or a new one to keep")
    return parser.parse_args()


def _filled(folder: Path, count: int) -> None:
    """A published first run, in a process of its own: its memory is not the matcher's."""
    speed._prepared(folder, argparse.Namespace(count=count, children=False))
    command = [sys.executable, speed.__file__, "--mode", "first", "--count", str(count), "--folder", str(folder)]
    subprocess.run(command, check=True, cwd=folder, stdout=subprocess.DEVNULL)


def _measured(options: argparse.Namespace) -> dict[str, Any]:
    from mdm import context
    from mdm.lookup import Matcher

    known, unknown = _records(options)
    opened = context.opened()
    before, started = _memory(), time.perf_counter()
    matcher = Matcher.open(opened, "hcp")
    seconds, memory = time.perf_counter() - started, _memory() - before
    for record in known[:20]:
        matcher.match(record)
    return {
        "count": options.count, "open_seconds": round(seconds, 2), "memory_mb": round(memory),
        "peak_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
        "known": _timed(matcher, known[20:]), "unknown": _timed(matcher, unknown),
    }  # fmt: skip


def _records(options: argparse.Namespace) -> tuple[list[dict[str, str]], list[dict[str, str]]]:
    """Records as somebody types them: those of the sources, each with one slip, and others of another seed."""
    rng = np.random.default_rng(11)
    people = generate.hcps(options.count)
    chosen = people[np.sort(rng.choice(len(people), options.lookups + 20, replace=False))]
    slipped = chosen.with_columns(family_name=generate._typo(rng, chosen["family_name"]))
    strangers = generate.hcps(max(1_000, options.lookups * 2), seed=99).head(options.lookups).drop("npi")
    return _typed(slipped.sample(fraction=1.0, shuffle=True, seed=3)), _typed(strangers)


def _typed(records: pl.DataFrame) -> list[dict[str, str]]:
    rows = records.select(c for c in TYPED if c in records.columns).iter_rows(named=True)
    return [{FIELDS.get(n, n): v for n, v in row.items() if v is not None} for row in rows]


def _timed(matcher: Any, records: list[dict[str, str]]) -> dict[str, float]:
    wall, cpu, found = [], [], []
    for record in records:
        started, busy = time.perf_counter(), time.process_time()
        found.append(len(matcher.match(record).candidates))
        wall.append((time.perf_counter() - started) * 1000)
        cpu.append((time.process_time() - busy) * 1000)
    return {
        "lookups": len(wall), "candidates": round(float(np.mean(found)), 1), "median": round(float(np.median(wall)), 1),
        "p95": round(float(np.quantile(wall, 0.95)), 1), "max": round(max(wall), 1),
        "cpu_median": round(float(np.median(cpu)), 1), "cpu_p95": round(float(np.quantile(cpu, 0.95)), 1),
    }  # fmt: skip


def _memory() -> float:
    """What the process holds now, in MB; where the system does not say, what it held at most."""
    status = Path("/proc/self/statm")
    if status.exists():
        return int(status.read_text().split()[1]) * resource.getpagesize() / 2**20
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _tell(found: Mapping[str, Any]) -> None:
    print(f"open {found['open_seconds']} s, {found['memory_mb']} MB held, {found['peak_mb']} MB at most")
    for kind in ("known", "unknown"):
        print(f"{kind:8} {found[kind]}")
    print(json.dumps(found))


if __name__ == "__main__":
    main()
