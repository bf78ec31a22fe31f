"""Migration: the hub's schema is brought to the declarations, and a run asks first whether it is there.

Everything happens in one transaction: the views are taken down, revisions applied, views and guards drawn again. A hub
remembers the fingerprint of the tables it was migrated to.
"""

import hashlib
import json
import logging
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from alembic.util import CommandError
from sqlalchemy.schema import CreateIndex, CreateTable

from mdm import project, tables
from mdm.entity import Entity
from mdm.errors import MigrationError
from mdm.hub import Hub, guard, revision, views, views_grant
from mdm.hub.views_entity import of_entity
from mdm.hub.views_hub import fixed
from mdm.hub.views_sql import WORDS

log = logging.getLogger(__name__)
_KEY = "schema"
_ONE_AT_A_TIME = 6_118_205_301


def migrate(hub: Hub, *, folder: Path | None = None) -> bool:
    """Bring the hub to date; False when there was nothing to do.

    `folder` is the migrations folder whose `entities` branch is in force (None: the bundled one). The hub must know every
    entity: views of others are taken down.
    """
    package = project.bundled("migrations")
    script = revision.scripts(package / revision.HUB, (folder or package) / revision.ENTITIES)
    with hub.begin() as tx:
        if hub.dialect == "postgresql":
            tx.execute(sa.select(sa.func.pg_advisory_xact_lock(_ONE_AT_A_TIME)))
        wanted, known = _wanted(hub), _known(tx.connection)
        behind = _told(revision.pending, tx.connection, script)
        if not behind and known == wanted and _drawn(tx.connection, wanted["views"]):
            return False
        grants = views_grant.given(tx.connection)
        views.undraw(tx.connection, {*known.get("views", ()), *wanted["views"]})
        guard.lift(tx.connection)
        _told(revision.upgrade, tx.connection, script)
        _refuse_if_different(tx.connection, hub)
        _draw(tx.connection, hub, wanted)
        views_grant.give(tx.connection, grants)
    log.info("migrated", extra={"entities": sorted(hub.entities), "dialect": hub.dialect})
    return True


def revise(hub: Hub, message: str, folder: Path) -> Path | None:
    """Write the revision that brings the `entities` branch of a migrations folder to the declarations; None if it is there.

    The hub's database is not asked: the revisions themselves say where the branch stands.
    """
    metadata = tables.entity_metadata(hub.entities.values())
    return _told(revision.write, revision.ENTITIES, metadata, message, folder / revision.ENTITIES)


def current(hub: Hub) -> bool:
    """True when the hub holds the tables of the declarations, else MigrationError with the command that repairs it."""
    with hub.read() as session:
        known = _known(session.connection)
    wanted = _wanted(hub)
    if not known:
        raise MigrationError("the hub has no tables yet; run `mdm migrate`")
    if known["hub"] != wanted["hub"]:
        raise MigrationError("the hub was migrated by another version of this package; run `mdm migrate`")
    changed = [name for name, mark in wanted["entities"].items() if known["entities"].get(name) != mark]
    if changed:
        raise MigrationError(
            f"the rules of {', '.join(sorted(changed))} changed since the hub was migrated; "
            "run `mdm migrate --revision MESSAGE`, or `mdm migrate` if their revision is written"
        )
    return True


def upgraded(connection: sa.Connection, heads: Iterable[str], *, folder: Path | None = None) -> None:
    """Bring an empty database to these revisions, in the caller's transaction: what a backup was taken from."""
    package = project.bundled("migrations")
    script = revision.scripts(package / revision.HUB, (folder or package) / revision.ENTITIES)
    for head in heads:
        _told(revision.upgrade, connection, script, head)


def lay(hub: Hub) -> None:
    """Make the tables, views and guards of a throwaway hub at once, without revisions: for tests and benchmarks."""
    with hub.begin() as tx:
        tables.hub_metadata().create_all(tx.connection)
        tables.entity_metadata(hub.entities.values()).create_all(tx.connection)
        _draw(tx.connection, hub, _wanted(hub))


def _draw(connection: sa.Connection, hub: Hub, wanted: dict[str, Any]) -> None:
    views.draw(connection, hub.entities.values())
    guard.draw(connection)
    meta = hub.fixed["meta"]
    connection.execute(meta.delete().where(meta.c.key == _KEY))
    connection.execute(meta.insert().values(key=_KEY, value=json.dumps(wanted, sort_keys=True)))


def _refuse_if_different(connection: sa.Connection, hub: Hub) -> None:
    if revision.differences(connection, tables.hub_metadata()):
        raise MigrationError("the package's own tables and its revisions differ; install the package again, whole")
    for name, entity in sorted(hub.entities.items()):
        if revision.differences(connection, tables.entity_metadata([entity])):
            raise MigrationError(
                f"no revision makes the tables that the rules of {name} declare; run `mdm migrate --revision MESSAGE`"
            )


def _wanted(hub: Hub) -> dict[str, Any]:
    """What a hub that is up to date remembers."""
    entities = list(hub.entities.values())
    return {
        "hub": _mark(tables.hub_metadata(), [r.select for r in fixed([], WORDS[hub.dialect])]),
        "entities": {e.name: _entity_mark(e, hub.dialect) for e in entities},
        "views": sorted(r.name for r in views.relations(entities, hub.dialect)),
        "drawn": _digest(views.statements(entities, hub.dialect)),
    }


def _entity_mark(entity: Entity, dialect: str) -> str:
    return _mark(tables.entity_metadata([entity]), [r.select for r in of_entity(entity, WORDS[dialect])])


def _mark(metadata: sa.MetaData, selects: list[str]) -> str:
    made = [str(CreateTable(t)) for t in metadata.sorted_tables]
    indexes = sorted(str(CreateIndex(i)) for t in metadata.sorted_tables for i in t.indexes)
    return _digest([*made, *indexes, *selects])


def _digest(texts: list[str]) -> str:
    return hashlib.sha256("\0".join(texts).encode()).hexdigest()[:16]


def _known(connection: sa.Connection) -> dict[str, Any]:
    """What this hub remembers of its last migration; nothing when there was none."""
    meta = tables.hub_metadata().tables["meta"]
    if not sa.inspect(connection).has_table(meta.name):
        return {}
    return json.loads(connection.execute(sa.select(meta.c.value).where(meta.c.key == _KEY)).scalar() or "{}")


def _drawn(connection: sa.Connection, names: list[str]) -> bool:
    inspector = sa.inspect(connection)
    if connection.dialect.name == "sqlite":
        return {f"golden_{n}" for n in names} <= set(inspector.get_view_names())
    return set(names) <= set(inspector.get_view_names(schema="golden"))


def _told(work: Any, *arguments: Any) -> Any:
    """Alembic's complaints in our words."""
    try:
        return work(*arguments)
    except CommandError as error:
        raise MigrationError(
            f"the hub and the folder of revisions do not fit: {error}. The hub may stand at a revision of a newer package or of "
            "another project: upgrade the package, or point to the project's own migrations folder"
        ) from error
