"""How right the shipped rules are on the demo: at its own seed, at others, and with more noise.

    python -m benchmarks.demo
    python -m benchmarks.demo --seeds 7 11 23 --noise 1 2 --entity hcp --keep FOLDER

Each demo goes through the real pipeline into an empty hub, training included. Precision is that of the machine alone:
every pair of records that it put into one golden record; a question joins nothing. A hard negative is wrong when one
golden record holds a record of each side.
"""

from __future__ import annotations

import argparse
import json
import logging
import tempfile
from dataclasses import dataclass
from pathlib import Path

import polars as pl
import sqlalchemy as sa

from mdm import context, demo, digest, evaluate, pipeline, project
from mdm.context import Context
from mdm.hub import migration
from mdm.hub.run import pointer
from mdm.hub.version import visible

ENTITIES = ("hcp", "site", "material")
AIMS = {"precision": 0.995, "recall": 0.95, "asked": 0.05}


@dataclass(frozen=True)
class Row:
    """What one entity of one demo came to; shares are of one."""

    entity: str
    seed: int
    noise: float
    records: int
    precision: float
    recall: float
    f1: float
    questions: int
    asked: float
    never_paired: int
    hard: int
    hard_wrong: int

    @property
    def meets(self) -> bool:
        """All aims are met."""
        return self.precision >= AIMS["precision"] and self.recall >= AIMS["recall"] and self.asked < AIMS["asked"]


def main() -> None:
    """Measure, and print a table and a document."""
    options = _options()
    logging.disable(logging.WARNING)
    rows = []
    print(HEAD, flush=True)
    for noise in options.noise:
        for seed in options.seeds:
            with tempfile.TemporaryDirectory() as spare:
                folder = Path(options.keep or spare) / f"seed{seed}-noise{noise:g}"
                for row in measured(folder, seed, noise, options.entity):
                    rows.append(row)
                    print(line(row), flush=True)
    print(json.dumps([vars(row) for row in rows]))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, nargs="+", default=[7, 11, 23])
    parser.add_argument("--noise", type=float, nargs="+", default=[1.0, 2.0])
    parser.add_argument("--entity", nargs="+", choices=ENTITIES, default=list(ENTITIES))
    parser.add_argument("--keep", help="keep the projects in this folder")
    return parser.parse_args()


def measured(folder: Path, seed: int, noise: float, entities: list[str], **size: int) -> list[Row]:
    """One demo, taken through the pipeline; a row per entity."""
    if not (folder / "mdm.db").exists():
        demo.generate(folder, seed, noise=noise, **size)
    opened = context.opened(folder / "mdm.toml")
    migration.migrate(opened.hub, folder=project.folder(opened.settings, "migrations"))
    pipeline.run(opened, entities)
    try:
        return [_row(opened, folder, name, seed, noise) for name in entities]
    finally:
        opened.hub.dispose()


def _row(opened: Context, folder: Path, name: str, seed: int, noise: float) -> Row:
    truth = folder / "truth" / f"{name}.csv"
    found = evaluate.evaluated(opened, name, truth)
    tables = opened.hub.tables(name)
    with opened.hub.read() as session:
        at = pointer(session.connection, opened.hub.fixed, name)
        questions = session.scalar(sa.select(sa.func.count()).select_from(tables.question).where(visible(tables.question, at)))
        member = session.frame(
            sa.select(tables.membership.c.record_id, tables.membership.c.golden_id).where(visible(tables.membership, at))
        )
    named = evaluate.read(truth)
    labelled = named.with_columns(record_id=digest.record_ids(named.select("source", "stream", "source_key"))).join(
        member, on="record_id"
    )
    held = labelled.select("golden_id", "cluster").unique()
    negatives = pl.DataFrame([vars(n) for n in demo.hard_negatives(folder) if n.entity == name])
    one = held.rename({"cluster": "a"})
    wrong = negatives.join(one, on="a").join(held.rename({"cluster": "b"}), on=["golden_id", "b"]).select("a", "b").unique()
    score = found.pairwise
    return Row(
        name, seed, noise, found.records, score.precision, score.recall, score.f1, questions, questions / found.records,
        found.lost.blocking or 0, len(negatives), len(wrong),
    )  # fmt: skip


HEAD = """| entity | seed | noise | records | precision | recall | F1 | questions | of records | hard negatives | joined | |
|---|---|---|---|---|---|---|---|---|---|---|---|"""


def line(row: Row) -> str:
    """A line of the table."""
    return (
        f"| {row.entity} | {row.seed} | {row.noise:g} | {row.records:,} | {row.precision:.4f} | {row.recall:.4f} | {row.f1:.4f} "
        f"| {row.questions} | {row.asked:.1%} | {row.hard} | {row.hard_wrong} | {'meets' if row.meets else 'below'} |"
    )


if __name__ == "__main__":
    main()
