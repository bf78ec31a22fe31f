"""Generated people with poisoned hubs: values that many records share although nobody owns them.

A switchboard's telephone, a shared e-mail address, a default birth date, a group's NPI, and smaller hubs below the bound at
which a blocking key makes no pairs. What must hold: no cluster is larger than the truth's largest plus one, and every hub
is put before a steward.

    python -m benchmarks.poison --count 100000 [--folder DIR] [--clean]
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import sqlalchemy as sa

from benchmarks import generate
from mdm import context, evaluate, pipeline, question
from mdm.hub import migration


@dataclass(frozen=True)
class Poison:
    """One hub: the values that `size` records get, whoever they are."""

    size: int
    values: dict[str, str]


def hubs(count: int) -> list[Poison]:
    """The hubs of a benchmark of so many records: large ones in proportion, and medium ones as they are."""
    large = [
        Poison(3_000 * count // 100_000, {"phone": "2125550100"}),
        Poison(2_000 * count // 100_000, {"email": "info@clinic.example"}),
        Poison(5_000 * count // 100_000, {"birth_date": "1970-01-01"}),
        Poison(5_000 * count // 100_000, {"birth_date": "1900-01-01"}),
        Poison(500 * count // 100_000, {"npi": "1999999984"}),
    ]
    medium = []
    for place, size in enumerate(s for s in (20, 60, 200, 450) if s <= count // 50):
        medium.append(Poison(size, {"phone": f"212555020{place}"}))
        medium.append(Poison(size, {"email": f"office{place}@clinic.example"}))
        medium.append(Poison(size, {"birth_date": f"196{place}-12-31", "postcode": f"9999{place}"}))
    return [one for one in large if one.size] + medium


def poisoned(records: pl.DataFrame, given: Sequence[Poison], seed: int = 9) -> pl.DataFrame:
    """The same records, some of which share what is not theirs; the truth stays as it was."""
    rng = np.random.default_rng([seed, len(records)])
    for hub in given:
        chosen = np.zeros(len(records), dtype=bool)
        chosen[rng.choice(len(records), hub.size, replace=False)] = True
        hit = pl.Series(chosen)
        records = records.with_columns(pl.when(hit).then(pl.lit(v)).otherwise(pl.col(c)).alias(c) for c, v in hub.values.items())
    return records


def largest(opened: Any) -> int:
    """How many source records the largest golden record holds."""
    with opened.hub.read() as session:
        return session.scalar(sa.text("select max(source_count) from golden_hcp")) or 0


def asked(opened: Any) -> list[dict[str, Any]]:
    """The queue, most important first."""
    with opened.hub.read() as session:
        rows = session.rows(sa.text("select a, b, weight, reason, priority from golden_hcp_queue order by priority desc, a, b"))
        return [dict(r) for r in rows]


def opened(folder: Path, records: pl.DataFrame) -> Any:
    """A project with an empty hub in the working folder, and the records in its sources."""
    folder.mkdir(parents=True, exist_ok=True)
    generate.write(folder, records)
    generate.write_truth(folder, records)
    (folder / "mdm.toml").write_text(generate.settings(), encoding="utf-8")
    made = context.opened()
    migration.lay(made.hub)
    return made


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=100_000)
    parser.add_argument("--folder")
    parser.add_argument("--clean", action="store_true", help="the same records without the poison")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as spare:
        print(json.dumps(measured(Path(given.folder or spare), given.count, clean=given.clean), indent=1))


def measured(folder: Path, count: int, *, clean: bool = False) -> dict[str, Any]:
    """Generate, poison, run and compare with the truth."""
    folder.mkdir(parents=True, exist_ok=True)
    os.chdir(folder)
    given = [] if clean else hubs(count)
    records = poisoned(generate.hcps(count), given)
    project = opened(folder, records)
    started = time.monotonic()
    report = pipeline.run(project, ["hcp"]).as_dict()["entities"][0]
    found = evaluate.evaluated(project, "hcp", folder / "truth.csv").as_dict()
    questions = pl.DataFrame(asked(project), infer_schema_length=None)
    kinds = [question.kind(r) for r in questions["reason"]] if questions.height else []
    return {
        "count": count,
        "hubs": [f"{one.size}: {' + '.join(f'{k} {v}' for k, v in one.values.items())}" for one in given],
        "largest_true": records["cluster"].value_counts()["count"].max(),
        "largest_found": largest(project),
        "evaluated": found,
        "queue": dict(pl.Series("kind", kinds, dtype=pl.String).value_counts(sort=True).iter_rows()),
        "hub_questions": [r for r, k in zip(questions["reason"], kinds, strict=True) if k == "shared"] if kinds else [],
        "seconds": {k: round(v, 2) for k, v in report["seconds"].items()},
        "wall": round(time.monotonic() - started, 1),
    }


if __name__ == "__main__":
    main()
