"""Revisions: the two Alembic branches, `hub` (fixed tables) and `entities` (derived tables), and how they are run.

There is no alembic.ini and no env.py: what they would say is said here, so that a wheel, a checkout and a project's own
folder behave alike. The `hub` branch and the template ride with the package; the `entities` branch lives in a folder of
the user's, or is the bundled one. A generated revision drops columns but never a table: an entity whose file is not
found keeps its records.

Maintainers: `python -m mdm.hub.revision` writes the first revision of both branches again, from the tables and from the
bundled rules. Only until a release is cut; afterwards a revision is added, never rewritten.
"""

import hashlib
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from alembic.autogenerate import RevisionContext, compare_metadata
from alembic.config import Config
from alembic.runtime.environment import EnvironmentContext
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from mdm import catalog, project, tables
from mdm.errors import MigrationError

HUB, ENTITIES = "hub", "entities"
_RETYPED = re.compile(r"alter_column\('(\w+)',((?:\n\s+\w+=.*)*?)\n(\s+)type_=sa\.(\w+)\(\)")
_CASTS = {"text": "text", "biginteger": "bigint", "bigint": "bigint", "float": "float", "boolean": "boolean", "date": "date"}


def scripts(*places: Path) -> ScriptDirectory:
    """The revisions in these folders."""
    return ScriptDirectory(
        project.bundled("migrations"), file_template="%(slug)s", version_locations=places, messaging_opts={"quiet": True}
    )


def pending(connection: sa.Connection, script: ScriptDirectory) -> bool:
    """Some revision has not been applied to this database."""
    return set(MigrationContext.configure(connection).get_current_heads()) != set(script.get_heads())


def upgrade(connection: sa.Connection, script: ScriptDirectory, target: str = "heads") -> None:
    """Apply what is missing, in the caller's transaction."""
    _within(connection, script, lambda revision, _context: script._upgrade_revs(target, revision))


def differences(connection: sa.Connection, metadata: sa.MetaData) -> list[Any]:
    """What the database lacks to hold these tables as they are declared."""
    return compare_metadata(MigrationContext.configure(connection, opts=_options(connection, metadata)), metadata)


def write(branch: str, metadata: sa.MetaData, message: str, folder: Path) -> Path | None:
    """Write the revision that leads from the branch's last one to these tables; None when there is nothing to write.

    The database to compare with is made from the revisions themselves, so no hub has to be reachable.
    """
    script = scripts(folder)
    wanted = RevisionContext(Config(), script, _arguments(branch, script, message, folder))
    # Names are cut at PostgreSQL's length, for a revision has to fit both dialects.
    scratch = sa.create_engine("sqlite://", max_identifier_length=63)
    with scratch.begin() as connection:
        upgrade(connection, script)
        _within(connection, script, lambda at, context: _compared(wanted, at, context), metadata)
    scratch.dispose()
    steps = wanted.generated_revisions[0].upgrade_ops
    if steps is None or steps.is_empty():
        return None
    folder.mkdir(parents=True, exist_ok=True)
    path = next(Path(made.path) for made in wanted.generate_scripts() if made is not None)
    path.write_text(_tidy(path.read_text(encoding="utf-8")), encoding="utf-8")
    return path


def _compared(wanted: RevisionContext, at: Any, context: MigrationContext) -> list[Any]:
    """Fill the revision with what differs; there is nothing to run."""
    wanted.run_autogenerate(at, context)
    return []


def _tidy(text: str) -> str:
    """As a person would write it: columns indented, no remarks of the generator, no default spelled out."""
    # SQLite converts values by itself, PostgreSQL wants to be told how.
    text = _RETYPED.sub(
        lambda found: f"{found[0]},\n{found[3]}postgresql_using='\"{found[1]}\"::text::{_CASTS[found[4].lower()]}'", text
    )
    lines = [line.replace(", schema=None)", ")") for line in text.splitlines() if not line.strip().startswith("# ###")]
    return "\n".join("    " + line if line.startswith("    sa.") else line for line in lines) + "\n"


def _arguments(branch: str, script: ScriptDirectory, message: str, folder: Path) -> dict[str, Any]:
    ends = script.get_heads()
    if len(ends) > 1:
        raise MigrationError(
            f"{folder} ends in {len(ends)} revisions ({', '.join(ends)}); make one follow the other (down_revision) and try again"
        )
    number = len(list(script.walk_revisions())) + 1
    # Two people who both write number 7 get two names, and are told that there are two ends.
    mark = hashlib.sha256(message.encode()).hexdigest()[:6]
    return {
        "rev_id": f"{branch}_{number:04d}_{mark}", "message": f"{number:04d} {message}", "version_path": folder,
        "head": ends[0] if ends else "base", "branch_label": None if ends else branch,
        "splice": False, "depends_on": None, "sql": False, "autogenerate": True,
    }  # fmt: skip


def _within(connection: sa.Connection, script: ScriptDirectory, steps: Callable, metadata: sa.MetaData | None = None) -> None:
    with EnvironmentContext(Config(), script, fn=steps) as environment:
        environment.configure(connection=connection, **_options(connection, metadata))
        environment.run_migrations()


def _options(connection: sa.Connection, metadata: sa.MetaData | None) -> dict[str, Any]:
    return {
        "render_as_batch": connection.dialect.name == "sqlite",
        "compare_type": True,
        "target_metadata": metadata,
        "include_object": lambda _thing, _name, kind, reflected, declared: (
            not (kind == "table" and reflected and declared is None)
        ),
    }


def first() -> None:
    """Write the first revision of both branches again."""
    entities = catalog.entities(project.bundled("rules"))
    for branch, metadata in ((HUB, tables.hub_metadata()), (ENTITIES, tables.entity_metadata(entities.values()))):
        folder = project.bundled("migrations") / branch
        for old in folder.glob("*.py"):
            old.unlink()
        write(branch, metadata, f"First tables of the {branch}", folder)


if __name__ == "__main__":
    first()
