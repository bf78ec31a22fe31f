"""Commands that keep the hub safe: audit, backup, restore."""

from pathlib import Path
from typing import Annotated

import typer

from mdm.cli import talk

Json = Annotated[bool, talk.JSON]
File = Annotated[Path, typer.Argument(metavar="FILE", help="A backup: one file, whichever database the hub is in.")]
audit_app = typer.Typer(no_args_is_help=True, rich_markup_mode="rich")


def register(app: typer.Typer) -> None:
    """Add these commands."""
    audit_app.command("verify")(verify)
    app.add_typer(audit_app, name="audit", rich_help_panel="Keeping")
    for name, command in (("backup", backup), ("restore", restore)):
        app.command(name, rich_help_panel="Keeping")(command)


# With one command alone the group would swallow its name.
@audit_app.callback()
def _audit() -> None:
    """The chain of events: who did what, when and why.

    $ mdm audit verify

    $ mdm audit verify --json
    """


def verify(
    head: Annotated[str | None, typer.Option("--head", help="A head kept elsewhere, SEQ:HASH, to compare with.")] = None,
    json: Json = False,
) -> None:
    """Walk the chain of events and name the first break. Prints its head: keep it somewhere else.

    $ mdm audit verify

    $ mdm audit verify --head 120:9f2c...
    """
    from mdm import audit, context

    opened = context.opened()
    with opened.hub.read() as session:
        verdict = audit.verify(session, audit.Head.parse(head) if head else None)
    if json:
        talk.document({
            "whole": verdict.whole, "events": verdict.events, "head": str(verdict.head), "broken_at": verdict.seq,
            "problem": verdict.problem,
        })  # fmt: skip
    elif verdict.whole:
        talk.data(str(verdict.head))
        talk.done(f"{verdict.events} events, each as it was written")
    if not verdict.whole:
        if not json:
            talk.say(f"broken at event {verdict.seq}: {verdict.problem}", "bold red")
        raise typer.Exit(1)


def backup(file: File, json: Json = False) -> None:
    """Write the whole hub into one file, of one moment, and check it.

    $ mdm backup hub-2031-01-31.mdm

    $ mdm backup /backups/hub.mdm --json
    """
    from mdm import backup as copy
    from mdm import context

    found = copy.backup(context.opened().hub, file)
    _told(found, f"backed up into {file}", as_json=json)


def restore(
    file: File,
    force: Annotated[bool, typer.Option("--force", help="Empty a hub that is not empty first.")] = False,
    json: Json = False,
) -> None:
    """Read a backup into the configured hub, and check it: rows, sums and the chain of events.

    $ mdm restore hub-2031-01-31.mdm

    $ MDM_HUB_URL=postgresql+psycopg://mdm@db/mdm mdm restore hub.mdm --force
    """
    from mdm import backup as copy
    from mdm import context, project

    opened = context.opened()
    found = copy.restore(opened.hub, file, migrations=project.folder(opened.settings, "migrations"), force=force)
    _told(found, "restored and verified", as_json=json)


def _told(found: dict, text: str, *, as_json: bool) -> None:
    if as_json:
        talk.document(found)
        return
    talk.data(f"{found['rows']} rows of {found['tables']} tables; head of events {found['head']}")
    talk.done(text)
