"""What the demo shows: the run, how right it is, three pairs worth a look, and what to type next."""

import os
import shutil
import sys
import time
from pathlib import Path
from typing import Any

from mdm import context, evaluate, explain, pipeline, project
from mdm import demo as invented
from mdm.cli import progress, run, talk
from mdm.errors import MdmError
from mdm.hub import migration

_PAIRS, _REASONS = 3, 2


def demo(folder: Path, *, fresh: bool) -> None:
    """Run a demo folder and tell about it."""
    started = time.monotonic()
    opened = context.opened(folder / "mdm.toml")
    talk.say(f"invented sources are in {folder}" if fresh else f"{folder} is a demo already: pulling its sources again", "bold")
    migration.migrate(opened.hub, folder=project.folder(opened.settings, "migrations"))
    with progress.shown() as tell:
        report = pipeline.run(opened, progress=tell)
    run.told(report)
    _stages(report)
    _judged(opened, folder)
    _pairs(opened, folder)
    talk.done(f"done in {time.monotonic() - started:.0f} seconds")
    _next(opened, folder)


def _stages(report: Any) -> None:
    rows = [{"entity": e.entity, **{stage: round(s, 2) for stage, s in e.seconds.items()}} for e in report.entities]
    columns = list(dict.fromkeys(name for row in rows for name in row))
    talk.data("")
    talk.table(rows, columns, title="seconds, stage by stage")


def _judged(opened: Any, folder: Path) -> None:
    """Precision and recall against the truth that was invented with the sources."""
    rows = []
    for name in opened.entities:
        truth = folder / "truth" / f"{name}.csv"
        if truth.is_file():
            found = evaluate.evaluated(opened, name, truth)
            lost = found.lost
            rows.append({
                "entity": name, "records": found.records, **found.pairwise.as_dict(), "b_cubed_f1": found.b_cubed.as_dict()["f1"],
                "lost": lost.total, "never_paired": lost.blocking, "for_stewards": lost.queued,
            })  # fmt: skip
    talk.data("")
    columns = ("entity", "records", "precision", "recall", "f1", "b_cubed_f1", "lost", "never_paired", "for_stewards")
    talk.table(rows, columns, title="against the truth")


def _pairs(opened: Any, folder: Path) -> None:
    pairs = invented.worth_a_look(folder)[:_PAIRS]
    talk.data("")
    talk.data(f"{len(pairs)} pairs worth a look")
    for pair in pairs:
        talk.data(f"  {pair.why}")
        talk.data(f"    mdm explain {pair.entity} {pair.a} {pair.b}")
        try:
            found = explain.two(opened, pair.entity, pair.a, pair.b, scored=False)
        except MdmError as error:
            talk.say(f"    {error}", "yellow")
            continue
        talk.data(f"    {found.verdict} (truth: {'one' if pair.same == 'yes' else 'two'})")
        for reason in (*found.because, *(f"{step.a} and {step.b}: {step.rule}" for step in found.path))[:_REASONS]:
            talk.data(f"      {reason}")


def _next(opened: Any, folder: Path) -> None:
    talk.data("")
    talk.data("next:")
    enter = Path(sys.prefix) / "bin" / "activate"
    if enter.exists() and shutil.which("mdm", path=os.environ.get("PATH", "")) != str(Path(sys.prefix) / "bin" / "mdm"):
        # Called by its path, as make does: typing `mdm` needs the environment.
        talk.data(f"  . {os.path.relpath(enter)}")
    if folder.resolve() != Path.cwd():
        talk.data(f"  cd {os.path.relpath(folder)}")
    first = invented.worth_a_look(folder)[0]
    golden_id = explain.one(opened, first.entity, first.a).golden_id
    for command in ("mdm status", f"mdm explain {first.entity} {golden_id}", f"mdm review {first.entity}"):
        talk.data(f"  {command}")
