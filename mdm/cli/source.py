"""Commands about sources: what there is, what it offers, pulling it, and letting it go."""

from pathlib import Path
from typing import Annotated, Any

import typer

from mdm.cli import talk
from mdm.errors import ConfigError, SourceError

Name = Annotated[str, typer.Argument(metavar="SOURCE", help="A source of mdm.toml.")]
Json = Annotated[bool, talk.JSON]
Reason = Annotated[str | None, talk.REASON]


def register(app: typer.Typer) -> None:
    """Add these commands."""
    for name, command in (
        ("sources", sources), ("discover", discover), ("map", map_), ("sync", sync), ("retire-source", retire_source),
        ("rekey", rekey),
    ):  # fmt: skip
        app.command(name, rich_help_panel="Sources")(command)


def sources(json: Json = False) -> None:
    """List the sources with their state and age.

    $ mdm sources

    $ mdm sources --json
    """
    from mdm import context, status

    opened = context.opened()
    with opened.hub.read() as session:
        found = status.sources(session, opened.settings)
    columns = ("source", "stream", "connector", "role", "status", "records", "synced_at", "message")
    if json:
        talk.document([{c: row[c] for c in (*columns, "evidence")} for row in found])
        return
    talk.table(
        [{**row, "synced": talk.age(row["synced_at"])} for row in found],
        tuple("synced" if c == "synced_at" else c for c in columns),
    )


def discover(source: Name, json: Json = False) -> None:
    """Ask a source what it offers: streams, keys and fields.

    $ mdm discover crm

    $ mdm discover vault --json
    """
    from dataclasses import asdict

    streams = _offered(source)
    if json:
        talk.document([asdict(stream) for stream in streams])
        return
    rows = [
        {
            "stream": s.name,
            "key": ", ".join(s.key),
            "cursor": s.cursor,
            "deletes": s.deletes,
            "fields": [f.name for f in s.fields],
        }
        for s in streams
    ]
    talk.table(rows, ("stream", "key", "cursor", "deletes", "fields"))
    if streams:
        talk.say(f"next: mdm map {source} {streams[0].name} ENTITY")


def map_(
    source: Name,
    stream: Annotated[str, typer.Argument(metavar="STREAM", help="A stream the source offers.")],
    entity: Annotated[str, typer.Argument(metavar="ENTITY", help="The entity it shall feed.")],
) -> None:
    """Propose a mapping from a stream's fields to an entity, as TOML to read, correct and paste.

    $ mdm map crm accounts hcp

    $ mdm map ctgov studies site >> mdm.toml
    """
    from mdm import context, settings
    from mdm.mapping.profiled import written
    from mdm.mapping.proposal import proposed
    from mdm.settings import ready

    opened = context.opened()
    declared, configured = opened.entity(entity), opened.settings.source(source)
    offered = {s.name: [f.name for f in s.fields] for s in _offered(source)}
    if stream not in offered:
        raise SourceError(f"{source} offers no stream {stream!r}; {settings.near(stream, offered)}")
    maps = ready.maps(configured.connector, stream, configured.options_of(stream))
    told = written(maps, offered[stream], entity=entity, source=source, stream=stream)
    talk.data((told or proposed(offered[stream], declared, source=source, stream=stream)).rstrip("\n"))


def sync(
    names: Annotated[list[str] | None, typer.Argument(metavar="[SOURCE ...]", help="Sources of mdm.toml; none: all.")] = None,
    accept_shrink: Annotated[
        bool, typer.Option("--accept-shrink", help="Read a delivery that lost many records as deletions.")
    ] = False,
    json: Json = False,
) -> None:
    """Pull and land only: nothing is matched, nothing published.

    $ mdm sync

    $ mdm sync crm --accept-shrink
    """
    from mdm import context, pipeline
    from mdm.cli import progress, run

    opened = context.opened()
    with progress.shown(quiet=json) as tell:
        reports = pipeline.sync(opened, names or [], accept_shrink=accept_shrink, progress=tell)
    if json:
        talk.document({"sources": [run.stream_document(r) for r in reports]})
    else:
        run.told_streams(reports)
    if any(r.error for r in reports):
        raise typer.Exit(1)


def retire_source(
    source: Name,
    reason: Reason = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    json: Json = False,
) -> None:
    """Withdraw a source: all its records leave; what was said about them stays, should it come back.

    $ mdm retire-source oldcrm --reason "switched off"

    $ mdm retire-source oldcrm --reason "switched off" --yes --json
    """
    from mdm import context, decisions

    opened = context.opened()
    if not yes and not json:
        typer.confirm(f"all records of {source} will leave the golden records at the next run; go on?", abort=True, err=True)
    with opened.hub.begin() as tx:
        count = decisions.retire_source(tx, source, actor=opened.actor, reason=reason or "")
    if json:
        talk.document({"deleted": count})
        return
    talk.data(f"{count} records deleted")
    if source in opened.settings.sources:
        talk.say(f"take [sources.{source}] out of {opened.settings.path.name}, or the next sync brings it back", "yellow")
    talk.done("the next `mdm run` applies it")


def rekey(
    source: Name,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A CSV with stream,old_key,new_key.")],
    reason: Reason = None,
    json: Json = False,
) -> None:
    """Give a source's records new keys; decisions, corrections and ids follow them.

    $ mdm rekey crm new_keys.csv --reason "migrated to a new CRM"

    $ mdm rekey crm new_keys.csv --reason "migrated" --json
    """
    from mdm import context, decisions

    opened = context.opened()
    rows = decisions.table(file, decisions.REKEY_COLUMNS)
    with _nobody_at_work(opened, source), opened.hub.begin() as tx:
        count = decisions.rekey(tx, source, rows, actor=opened.actor, reason=reason or f"new keys from {file.name}")
    if json:
        talk.document({"renamed": count})
    else:
        talk.data(f"{count} records renamed")
        talk.done("the next `mdm run` builds its bench anew, and publishes what follows")


def _nobody_at_work(opened: Any, source: str) -> Any:
    """Records are renamed under nobody's hands."""
    from contextlib import ExitStack

    stack = ExitStack()
    for lock in (f"source:{source}", *(f"entity:{name}" for name in sorted(opened.entities))):
        stack.enter_context(opened.hub.lock(lock))
    return stack


def _offered(source: str) -> Any:
    from mdm import catalog, context

    opened = context.opened()
    found = opened.settings.source(source)
    streams = catalog.connector(found).discover(catalog.world(opened.settings, found))
    if not streams:
        raise ConfigError(f"{source} offers no stream; check its options in {opened.settings.path.name}, or run `mdm doctor`")
    return streams
