"""This framework as its users run it: a project with a source for each table, a declaration, `mdm migrate`, `mdm run`.

`declared` takes the rules written for the set; `suggested` declares names and types alone and takes what `mdm suggest`
prints. Clusters are the published golden records; what a steward would be asked is not joined.
"""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

from benchmarks.accuracy import answer, sets
from mdm import catalog

RULES = Path(__file__).parents[1] / "rules"
BARE = "thing"
COMMAND = [sys.executable, "-c", "import sys; from mdm.cli import main; sys.exit(main())"]


def main() -> None:
    """Answer for the set of the first argument in the folder of the second, in the way of the third."""
    chosen, folder, way = sets.SETS[sys.argv[1]], Path(sys.argv[2]), sys.argv[3]
    project = folder / "project"
    (project / "rules").mkdir(parents=True)
    if way == "suggested":
        rules, entity = project / "rules" / f"{BARE}.py", BARE
        rules.write_text(bare(chosen), encoding="utf-8")
    else:
        entity = next(iter(catalog.entities(Path(shutil.copy(declaration(chosen), project / "rules")).parent)))
    (project / "mdm.toml").write_text(settings(chosen, entity), encoding="utf-8")
    _mdm(project, "migrate", "--revision", "declare the set")
    if way == "suggested":
        _mdm(project, "sync")
        rules.write_text(_mdm(project, "suggest", BARE), encoding="utf-8")
        _mdm(project, "migrate", "--revision", "take the suggestion")
    _mdm(project, "run")
    _answer(folder, project, entity)


def declaration(chosen: sets.Labelled) -> Path:
    """The rules file written for a set; sets of one kind share one: febrl3 and febrl4."""
    return next(p for p in sorted(RULES.glob("*.py")) if chosen.name.startswith(p.stem))


def bare(chosen: sets.Labelled) -> str:
    """A declaration of names and types."""
    attributes = "".join(f'        Attribute("{n}", "As the source says it."),\n' for n in chosen.names)
    head = '"""What nobody has described yet."""\n\nfrom mdm import Attribute, Entity\n\n'
    return f'{head}THING = Entity(\n    "{BARE}",\n    about="A thing.",\n    prefix="TH",\n    attributes=[\n{attributes}    ],\n)\n'


def settings(chosen: sets.Labelled, entity: str) -> str:
    """An `mdm.toml` that reads the set's own files."""
    parts = ['[hub]\nurl = "sqlite:///mdm.db"\nrules = "rules"\n']
    fields = ", ".join(f'"{column}" = "{name}"' for column, name in chosen.columns.items())
    for table in chosen.tables:
        header = next(sets.rows(chosen.file(table)))
        ignored = ", ".join(f'"{c}"' for c in header if c not in (sets.ID, *chosen.columns))
        # A table of a pair holds no thing twice.
        distinct = "distinct = true\n" if chosen.two else ""
        parts.append(
            f'[sources.{table}]\nconnector = "files"\nrole = "file"\npath = "{chosen.file(table)}"\n\n'
            f'[sources.{table}.streams.records]\nkey = ["{sets.ID}"]\ndelivery = "full"\nignore = [{ignored}]\n{distinct}\n'
            f'[[sources.{table}.streams.records.map]]\nentity = "{entity}"\nfields = {{ {fields} }}\n'
        )
    return "\n".join(parts)


def _mdm(project: Path, *arguments: str) -> str:
    """What a command prints."""
    done = subprocess.run([*COMMAND, *arguments], cwd=project, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"mdm {' '.join(arguments)} ended with {done.returncode}")
    return done.stdout


def _answer(folder: Path, project: Path, entity: str) -> None:
    with sqlite3.connect(project / "mdm.db") as hub:
        said = hub.execute(f"select source_key, golden_id from golden_{entity}_xref order by source_key").fetchall()
        queued = hub.execute(f"select count(*) from golden_{entity}_queue").fetchone()[0]
    answer.write(folder, answer.CLUSTERS, said, queued=queued)


if __name__ == "__main__":
    main()
