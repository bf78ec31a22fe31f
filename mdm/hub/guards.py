"""Guards of the event table: what was written stays written.

A guard rail, not a proof: the owner of the database can drop a trigger. The proof is the chain of hashes that
`mdm.audit` walks, together with a head kept outside the database.
"""

from collections.abc import Iterable

GUARDED = ("event",)


def triggers(dialect: str, tables: Iterable[str] = GUARDED) -> list[str]:
    """DDL that makes tables append-only; safe to run again."""
    statements = _sqlite if dialect == "sqlite" else _postgresql
    return [sql for table in tables for sql in statements(table)]


def dropped(dialect: str, tables: Iterable[str] = GUARDED) -> list[str]:
    """DDL that takes the guards away, for a migration that goes back."""
    if dialect == "sqlite":
        return [f"drop trigger if exists {table}_keeps_{verb}" for table in tables for verb in ("updates", "deletes")]
    return [
        sql
        for table in tables
        for sql in (
            f'drop trigger if exists {table}_keeps_rows on "{table}"',
            f'drop trigger if exists {table}_keeps_all on "{table}"',
            f"drop function if exists {table}_is_append_only()",
        )
    ]


def _sqlite(table: str) -> list[str]:
    said = f"the table {table} is append-only"
    return [
        f'create trigger if not exists {table}_keeps_{verb}s before {verb} on "{table}" '
        f"begin select raise(abort, '{said}'); end"
        for verb in ("update", "delete")
    ]


def _postgresql(table: str) -> list[str]:
    function = f"{table}_is_append_only"
    return [
        f"create or replace function {function}() returns trigger language plpgsql as "
        f"$$ begin raise exception 'the table {table} is append-only'; end $$",
        f'create or replace trigger {table}_keeps_rows before update or delete on "{table}" '
        f"for each row execute function {function}()",
        f'create or replace trigger {table}_keeps_all before truncate on "{table}" '
        f"for each statement execute function {function}()",
    ]
