"""Guards: what people did is added to, never rewritten.

Events are append-only. Decisions, corrections and waivers are added or withdrawn once: who said what about which entity,
and when, never changes. Which record they name may (its key can be renamed at the source), and so may the words in them
(a person can ask to be forgotten). Guards are a rail against mistakes; the evidence is the chain of events.
"""

import sqlalchemy as sa

_FIXED = {
    "decision": ("number", "entity", "verdict", "actor", "at", "event_seq"),
    "correction": ("number", "entity", "attribute", "actor", "at", "event_seq"),
    "waiver": ("number", "entity", "rule", "actor", "at", "event_seq"),
}
_MOMENTS = ("update", "delete", "truncate")
_ADDED = "events are only ever added"
_SAID = "what was said is withdrawn, never edited or deleted"


def draw(connection: sa.Connection) -> None:
    """Put the guards in place, replacing older ones."""
    lift(connection)
    for statement in _sqlite() if connection.dialect.name == "sqlite" else _postgresql():
        connection.exec_driver_sql(statement, execution_options={"no_parameters": True})


def lift(connection: sa.Connection) -> None:
    """Take the guards away: for the schema's own changes, and for a restore into an empty hub."""
    present = set(sa.inspect(connection).get_table_names())
    for table in ("event", *_FIXED):
        for moment in _MOMENTS if table in present else ():
            name = f'"guard_{table}_{moment}"'
            where = "" if connection.dialect.name == "sqlite" else f' on "{table}"'
            connection.exec_driver_sql(f"drop trigger if exists {name}{where}")


def _edited(table: str, differs: str) -> str:
    """The condition that an update touches what may not change."""
    edits = [f'new."{c}" {differs} old."{c}"' for c in _FIXED[table]]
    return " or ".join([*edits, f"(old.withdrawn_seq is not null and new.withdrawn_seq {differs} old.withdrawn_seq)"])


def _sqlite() -> list[str]:
    def trigger(table: str, moment: str, words: str, when: str = "") -> str:
        condition = f" when {when}" if when else ""
        what = f'"guard_{table}_{moment}" before {moment} on "{table}"{condition}'
        return f"create trigger {what} begin select raise(abort, '{words}'); end"

    events = [trigger("event", moment, _ADDED) for moment in ("update", "delete")]
    deletes = [trigger(table, "delete", _SAID) for table in _FIXED]
    return events + deletes + [trigger(table, "update", _SAID, _edited(table, "is not")) for table in _FIXED]


def _postgresql() -> list[str]:
    function = (
        "create or replace function mdm_refuse() returns trigger language plpgsql as "
        "$$ begin raise exception '%', tg_argv[0] using errcode = 'integrity_constraint_violation'; end $$"
    )

    def trigger(table: str, moment: str, words: str, when: str = "") -> str:
        level = "statement" if moment == "truncate" else "row"
        condition = f" when ({when})" if when else ""
        what = f'"guard_{table}_{moment}" before {moment} on "{table}" for each {level}{condition}'
        return f"create trigger {what} execute function mdm_refuse('{words}')"

    events = [trigger("event", moment, _ADDED) for moment in _MOMENTS]
    removals = [trigger(table, moment, _SAID) for table in _FIXED for moment in ("delete", "truncate")]
    edits = [trigger(table, "update", _SAID, _edited(table, "is distinct from")) for table in _FIXED]
    return [function, *events, *removals, *edits]
