"""Every labelled set through our pipeline and through the peers, each in a process of its own.

    MDM_DATA=FOLDER python -m benchmarks.accuracy [--sets a,b] [--tools mdm,suggest,splink,...] [--minutes 10]

Prints one Markdown table and, last, one JSON document. What `--results` already holds is not measured again.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.accuracy import answer, environment, measure, score, sets, table

ROOT = Path(__file__).resolve().parents[2]
LABELS = 450


@dataclass(frozen=True)
class Tool:
    """A column of the table: the module that answers, the environment it lives in, and its further arguments."""

    module: str
    peer: str
    arguments: tuple[str, ...] = ()


TOOLS = {
    "mdm": Tool("by_mdm", "lifescience-mdm", ("declared",)),
    "suggest": Tool("by_mdm", "lifescience-mdm", ("suggested",)),
    "splink": Tool("by_splink", "splink"),
    "dedupe": Tool("by_dedupe", "dedupe", (str(LABELS),)),
    "recordlinkage": Tool("by_recordlinkage", "recordlinkage"),
    "goldenmatch": Tool("by_goldenmatch", "goldenmatch"),
    "goldenmatch_fs": Tool("by_goldenmatch", "goldenmatch", ("fs",)),
}


def main() -> None:
    """Measure, and print."""
    options = _options()
    with tempfile.TemporaryDirectory() as spare:
        results, cache = (Path(given or Path(spare) / name) for given, name in ((options.results, "r"), (options.cache, "c")))
        results.mkdir(parents=True, exist_ok=True)
        chosen = [sets.SETS[name] for name in options.sets]
        for absent in (s.name for s in chosen if not s.present):
            print(f"{absent}: not in the data folder, left out", file=sys.stderr)
        figures = [
            _figures(one, tool, results=results, cache=cache, minutes=options.minutes)
            for one in chosen
            if one.present
            for tool in options.tools
        ]
    print(table.markdown(figures, options.tools))
    print(json.dumps({"minutes": options.minutes, "labels": LABELS, "measured": figures}))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sets", type=_among(sets.SETS), default=list(sets.SETS), metavar="A,B")
    parser.add_argument("--tools", type=_among(TOOLS), default=list(TOOLS), metavar="A,B")
    parser.add_argument("--minutes", type=float, default=10.0, help="the most one tool may take for one set")
    parser.add_argument("--cache", help="where the peers' environments are kept; a temporary folder without it")
    parser.add_argument("--results", help="where figures are kept, one file for a set and a tool")
    return parser.parse_args()


def _among(known: dict[str, Any]) -> Any:
    def names(text: str) -> list[str]:
        given = [name.strip() for name in text.split(",")]
        for name in given:
            if name not in known:
                raise argparse.ArgumentTypeError(f"{name!r} is not one of: {', '.join(known)}")
        return given

    return names


def _figures(chosen: sets.Labelled, name: str, *, results: Path, cache: Path, minutes: float) -> dict[str, Any]:
    """The figures of one tool on one set, measured unless they are kept."""
    kept = results / f"{chosen.name}.{name}.json"
    if kept.exists():
        return json.loads(kept.read_text(encoding="utf-8"))
    tool = TOOLS[name]
    interpreter = environment.python(tool.peer, cache)
    print(f"measuring: {name} on {chosen.name}", file=sys.stderr, flush=True)
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        sets.prepare(chosen, folder)
        command = [interpreter, "-m", f"benchmarks.accuracy.{tool.module}", chosen.name, str(folder), *tool.arguments]
        measured = measure.process(command, folder=folder, environment=_environment(folder), seconds=minutes * 60)
        figures: dict[str, Any] = {"set": chosen.name, "tool": name, **measured.as_dict(), "minutes": minutes}
        if measured.finished:
            figures |= {"version": environment.version(tool.peer, interpreter), **_scores(chosen, folder)}
        else:
            figures["said"] = (folder / "err.txt").read_text(errors="replace")[-2000:]
        for log in ("out.txt", "err.txt"):
            shutil.copy(folder / log, results / f"{chosen.name}.{name}.{log}")
    kept.write_text(json.dumps(figures, indent=1), encoding="utf-8")
    return figures


def _environment(folder: Path) -> dict[str, str]:
    """A tool finds this package, and leaves what it remembers between runs in its own folder."""
    given = {k: v for k, v in os.environ.items() if not k.startswith(("MDM_CONFIG", "MDM_HUB"))}
    return given | {"PYTHONPATH": str(ROOT), "HOME": str(folder), "GOLDENMATCH_AUTOCONFIG_MEMORY": "0"}


def _scores(chosen: sets.Labelled, folder: Path) -> dict[str, Any]:
    in_pairs, said = answer.read(folder)
    truth = sets.truth(chosen)
    records = {t: [row[sets.ID] for row in sets.rows(chosen.file(t))] for t in chosen.tables}
    every = [record for names in records.values() for record in names]
    clusters = score.closure(said, every) if in_pairs else dict(said)
    true = score.closure(truth, every) if chosen.two else dict(truth)
    if not chosen.two:
        pairwise = score.clustered(clusters, true)
    elif in_pairs:
        pairwise = score.paired(said, truth)
    else:
        pairwise = score.linked(clusters, truth, records["a"], records["b"])
    return {"pairwise": pairwise.as_dict(), "b_cubed": score.b_cubed(clusters, true).as_dict(), "note": answer.note(folder)}


if __name__ == "__main__":
    main()
