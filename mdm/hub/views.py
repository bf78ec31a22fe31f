"""Views: the only thing readers meet.

They are drawn when the hub is migrated and never at publication: a release moves a pointer, and every view looks through
it. In PostgreSQL they live in the schema `golden`; in SQLite the name carries the prefix `golden_`.
"""

from collections.abc import Iterable

import sqlalchemy as sa

from mdm.entity import Entity
from mdm.errors import DeclarationError, MigrationError
from mdm.hub.views_entity import of_entity
from mdm.hub.views_hub import fixed
from mdm.hub.views_sql import WORDS, Relation, literal, quoted

_STILL_NEEDED = "2BP01"


def relations(entities: Iterable[Entity], dialect: str) -> list[Relation]:
    """Every published relation, with its columns and what they mean."""
    entities, words = list(entities), WORDS[dialect]
    found = [r for entity in entities for r in of_entity(entity, words)] + fixed(entities, words)
    names = [r.name for r in found]
    for name in names:
        if names.count(name) > 1:
            raise DeclarationError(
                f"two relations would be called {name!r}: an entity, or a collection of one; rename one of them"
            )
    return found


def name(relation: str, dialect: str) -> str:
    """The name by which a reader selects from a relation."""
    return WORDS[dialect].view(relation)


def statements(entities: Iterable[Entity], dialect: str) -> list[str]:
    """What draws every view, with its comments where the database has them."""
    drawn = relations(entities, dialect)
    made = [f"create view {name(r.name, dialect)} as\n{r.select}" for r in drawn]
    if dialect == "sqlite":
        return made
    comments = [f"comment on view {name(r.name, dialect)} is {literal(r.about)}" for r in drawn]
    columns = [
        f"comment on column {name(r.name, dialect)}.{quoted(c.name)} is {literal(c.about)}" for r in drawn for c in r.columns
    ]
    return ["create schema if not exists golden", *made, *comments, *columns]


def draw(connection: sa.Connection, entities: Iterable[Entity]) -> None:
    """Draw every view; `undraw` comes first."""
    for statement in statements(entities, connection.dialect.name):
        _execute(connection, statement)


def undraw(connection: sa.Connection, names: Iterable[str]) -> None:
    """Drop these views, if they are there."""
    for relation in names:
        view = name(relation, connection.dialect.name)
        if connection.dialect.name == "postgresql" and "golden" not in sa.inspect(connection).get_schema_names():
            return
        try:
            _execute(connection, f"drop view if exists {view}")
        except sa.exc.DBAPIError as error:
            if getattr(error.orig, "sqlstate", None) != _STILL_NEEDED:
                raise
            detail = str(error.orig).replace("\n", " ")
            raise MigrationError(
                f"{view} has to be drawn again, but other views stand on it ({detail}); "
                "drop those, run `mdm migrate`, then make them again"
            ) from None


def _execute(connection: sa.Connection, statement: str) -> None:
    # A percent sign in an `about` is no parameter.
    connection.exec_driver_sql(statement, execution_options={"no_parameters": True})
