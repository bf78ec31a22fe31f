"""Commands that move data: run, approve, reject, status."""

from collections.abc import Sequence
from typing import Annotated, Any

import typer

from mdm.cli import progress, talk
from mdm.errors import GateError

Json = Annotated[bool, talk.JSON]
Number = Annotated[int, typer.Argument(metavar="RUN", help="The run's number, as `mdm status` shows it.")]
_READ = ("total", "new", "changed", "unchanged", "duplicate", "deleted", "filtered", "rejected")
_GOLDEN = ("created", "changed", "merged", "split", "retired", "restored", "total")


def register(app: typer.Typer) -> None:
    """Add these commands."""
    for name, command in (("run", run), ("approve", approve), ("reject", reject), ("status", status)):
        app.command(name, rich_help_panel="Runs")(command)


def run(
    entities: Annotated[list[str] | None, typer.Argument(metavar="[ENTITY ...]", help="None: all.")] = None,
    no_pull: Annotated[bool, typer.Option("--no-pull", help="Work on what has landed.")] = False,
    full: Annotated[bool, typer.Option("--full", help="Work on everything again; the result is the same.")] = False,
    plan: Annotated[bool, typer.Option("--plan", help="Show what would change, and publish nothing.")] = False,
    json: Json = False,
) -> None:
    """Pull, then every stage to publication; only what changed is worked on.

    $ mdm run

    $ mdm run hcp site --no-pull --plan
    """
    from mdm import context, pipeline

    opened = context.opened()
    with progress.shown(quiet=json) as tell:
        report = pipeline.run(opened, entities or [], pull=not no_pull, full=full, plan=plan, progress=tell)
    _leave(report, as_json=json)


def approve(number: Number, reason: Annotated[str | None, talk.REASON] = None, json: Json = False) -> None:
    """Publish a plan, or what a gate holds; a stale plan is computed again first.

    $ mdm approve 12

    $ mdm approve 12 --reason "expected after the CRM migration"
    """
    from mdm import context, pipeline

    opened = context.opened()
    with progress.shown(quiet=json) as tell:
        report = pipeline.approve(opened, number, reason=reason or "approved", progress=tell)
    _leave(report, as_json=json)


def reject(number: Number, reason: Annotated[str | None, talk.REASON] = None, json: Json = False) -> None:
    """Drop a plan, or what a gate holds; readers never saw it.

    $ mdm reject 12 --reason "the delivery was wrong"

    $ mdm reject 12 --reason "too many merges" --json
    """
    from mdm import context, pipeline

    dropped = pipeline.reject(context.opened(), number, reason=reason or "")
    if json:
        talk.document({"rejected": number, "entities": dropped})
    else:
        talk.done(f"run {number} is dropped for {', '.join(dropped)}; nothing changed for readers")


def status(json: Json = False) -> None:
    """Show the last run of each entity, the two sums, the queue, and the age of each source.

    $ mdm status

    $ mdm status --json
    """
    from mdm import context
    from mdm import status as state

    opened = context.opened()
    with opened.hub.read() as session:
        entities, sources = state.entities(session), state.sources(session, opened.settings)
    if json:
        talk.document({"entities": entities, "sources": sources})
        return
    columns = ("entity", "run", "published", "golden", "live", "members", "quarantined", "suppressed", "sum", "queued", "model")
    rows = [{**e, "published": talk.age(e["published_at"]), "sum": "holds" if e["reconciled"] else "BROKEN"} for e in entities]
    talk.table(rows, columns, title="entities: live = members + quarantined + suppressed")
    talk.data("")
    rows = [
        {**s, **s["read"], "synced": talk.age(s["synced_at"]), "sum": "holds" if s["reconciled"] else "BROKEN"} for s in sources
    ]
    talk.table(rows, ("source", "stream", "status", "synced", "records", *_READ, "sum"), title="sources: last read")
    for entity in entities:
        _waiting(entity)
    for source in sources:
        if source["message"]:
            talk.say(f"{source['source']}/{source['stream']}: {source['message']}", "yellow")


def stream_document(report: Any) -> dict[str, Any]:
    """A stream's report as data."""
    return {
        "source": report.source, "stream": report.stream, "read": dict(report.read), "notes": list(report.notes),
        "error": report.error,
    }  # fmt: skip


def told_streams(reports: Sequence[Any]) -> None:
    """What was read, as a table; what went wrong, on stderr."""
    rows = [{"source": r.source, "stream": r.stream, **r.read} for r in reports if r.read]
    talk.table(
        rows, ("source", "stream", *_READ), title="read = new + changed + unchanged + duplicate + deleted + filtered + rejected"
    )
    for report in reports:
        for note in report.notes:
            talk.say(f"{report.source}/{report.stream}: {note}", "yellow")
        if report.error:
            talk.err().print(f"[bold red]failed:[/] {report.source}/{report.stream}: ", end="")
            talk.say(report.error)


def told(report: Any) -> None:
    """A whole run in words and tables."""
    if report.sources:
        told_streams(report.sources)
        talk.data("")
    rows = [
        {"entity": e.entity, "state": e.state, **e.live, "pairs": e.pairs, "queued": e.queued, **e.golden}
        for e in report.entities
    ]
    columns = ("entity", "state", "members", "quarantined", "suppressed", "pairs", "queued", *_GOLDEN)
    talk.table(rows, columns, title=f"run {report.run}")
    for entity in report.entities:
        for note in entity.notes:
            talk.say(f"{entity.entity}: {note}", "yellow")


def _leave(report: Any, *, as_json: bool) -> None:
    held = [e.entity for e in report.held]
    if as_json:
        talk.document(report.as_dict())
    else:
        told(report)
        for entity in report.entities:
            if entity.state == "planned":
                talk.done(
                    f"{entity.entity}: planned, nothing published; mdm approve {entity.run}, "
                    f"or mdm reject {entity.run} --reason ..."
                )
    if held and as_json:
        raise typer.Exit(GateError.exit_code)
    if held:
        raise GateError(
            f"a gate holds run {report.run} for {', '.join(held)}; readers see the release before it. "
            f"Look at it, then: mdm approve {report.run}, or mdm reject {report.run} --reason ..."
        )
    if report.failed:
        raise typer.Exit(1)


def _waiting(entity: dict[str, Any]) -> None:
    waiting, last = entity["waiting"], entity["last"]
    if waiting is not None:
        why = f" ({waiting['message']})" if waiting["message"] else ""
        talk.say(
            f"{entity['entity']}: run {waiting['run']} is {waiting['state']}{why}; mdm approve {waiting['run']}, or reject it",
            "yellow",
        )
    elif last is not None:
        why = f": {last['message']}" if last["message"] else ""
        talk.say(f"{entity['entity']}: run {last['run']} is {last['state']}{why}", "yellow")
