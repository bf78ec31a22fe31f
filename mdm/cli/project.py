"""Commands around a project: the demo, a start of one's own, the schema, and the doctor."""

from pathlib import Path
from typing import Annotated, Any

import typer

from mdm.cli import progress, talk
from mdm.errors import UsageError

Json = Annotated[bool, talk.JSON]
_KEPT_OUT = "*.db\n*.db-*\n.*.lock\nbench/\n.mdm/\n.env\nsecrets/\n"


def register(app: typer.Typer) -> None:
    """Add these commands."""
    app.command("demo", rich_help_panel="Starting")(demo)
    app.command("init", rich_help_panel="Starting")(init)
    app.command("migrate", rich_help_panel="Starting")(migrate)
    app.command("doctor", rich_help_panel="Keeping")(doctor)


def demo(
    folder: Annotated[Path, typer.Argument(metavar="[DIR]", help="A new folder.")] = Path("mdm-demo"),
    seed: Annotated[
        int | None, typer.Option("--seed", metavar="N", help="Invent others; the same number, the same files.")
    ] = None,
    noise: Annotated[
        float | None, typer.Option("--noise", min=0.0, max=5.0, help="How dirty: 2 doubles every chance of a wound.")
    ] = None,
) -> None:
    """Make a folder of invented sources, run everything, and show what happened.

    $ mdm demo

    $ mdm demo trial --seed 11 --noise 2
    """
    from mdm.cli import show

    said: dict[str, Any] = {"seed": seed, "noise": noise}
    fresh = _prepared(folder, {name: value for name, value in said.items() if value is not None})
    show.demo(folder, fresh=fresh)


def init(folder: Annotated[Path, typer.Argument(metavar="[DIR]", help="A folder without an mdm.toml.")] = Path()) -> None:
    """Start a project of your own: a commented mdm.toml, rules, DAGs and migrations to change.

    $ mdm init

    $ mdm init ~/golden
    """
    from importlib import resources

    from mdm import project

    if (folder / "mdm.toml").exists():
        raise UsageError(f"{folder / 'mdm.toml'} exists already; choose another folder")
    taken = [kind for kind in project.KINDS if (folder / kind).exists()]
    if taken:
        raise UsageError(f"{folder / taken[0]} exists already; move it away, or choose another folder")
    folder.mkdir(parents=True, exist_ok=True)
    for kind in project.KINDS:
        project.copy(kind, folder)
    ignored = folder / ".gitignore"
    if not ignored.exists():
        ignored.write_text(_KEPT_OUT, encoding="utf-8")
    template = resources.files("mdm.cli").joinpath("template.toml").read_text(encoding="utf-8")
    (folder / "mdm.toml").write_text(template, encoding="utf-8", newline="\n")
    talk.done(f"{folder}: mdm.toml, rules, dags and migrations are yours to change")
    go = "" if folder == Path() else f"cd {folder}, then "
    talk.say(f"next: {go}describe a source in mdm.toml; mdm migrate; mdm run")


def migrate(
    revision: Annotated[
        str | None, typer.Option("--revision", metavar="MESSAGE", help="First write the revision for changed rules.")
    ] = None,
    json: Json = False,
) -> None:
    """Bring the hub's schema up to date with the package and the rules.

    $ mdm migrate

    $ mdm migrate --revision "add faculty to hcp"
    """
    from mdm import context, project
    from mdm.hub import migration

    opened = context.opened()
    written = None
    if revision is not None:
        mine = project.own(opened.settings, "migrations")
        if not mine.is_dir():
            mine.parent.mkdir(parents=True, exist_ok=True)
            project.copy("migrations", mine.parent)
            talk.say(f"{mine} is a copy of yours from here on")
        written = migration.revise(opened.hub, revision, mine)
        talk.say(
            f"wrote {written}: read it, then commit it with the rules"
            if written
            else "the rules have not changed: no revision to write"
        )
    changed = migration.migrate(opened.hub, folder=project.folder(opened.settings, "migrations"))
    if json:
        talk.document({"changed": changed, "revision": str(written) if written else None})
    else:
        talk.done("the hub is up to date" if changed else "nothing to do: the hub was up to date")


def doctor(json: Json = False) -> None:
    """Check everything a deployment needs: each line ok, warn or fail, with the repair.

    $ mdm doctor

    $ mdm doctor --json
    """
    from mdm import doctor as physician

    lines = list(physician.examined())
    failed = sum(line.level == "fail" for line in lines)
    if json:
        talk.document({"ok": not failed, "checks": [vars(line) for line in lines]})
    else:
        for line in lines:
            _told(line)
        warned = sum(line.level == "warn" for line in lines)
        talk.say(f"{len(lines)} checks: {len(lines) - failed - warned} ok, {warned} to look at, {failed} failed")
    if failed:
        raise typer.Exit(1)


def _told(line: Any) -> None:
    from rich.markup import escape

    colour = {"ok": "green", "warn": "yellow", "fail": "bold red"}[line.level]
    repair = f"\n      -> {escape(line.repair)}" if line.repair and line.level != "ok" else ""
    talk.out().print(f"[{colour}]{line.level:<5}[/]{escape(line.what)}: {escape(line.text)}{repair}")


def _prepared(folder: Path, said: dict[str, Any]) -> bool:
    """The demo's folder, made whole or not at all; False when it was there already."""
    import shutil

    from mdm import demo as invented
    from mdm import project

    if (folder / "demo.json").is_file():
        if said:
            raise UsageError(f"{folder} is a demo already; for another seed or noise name a new folder: mdm demo DIR")
        return False
    if folder.exists() and any(folder.iterdir()):
        raise UsageError(f"{folder} is not empty and is no demo; name another folder: mdm demo DIR")
    folder = folder.resolve()
    part = folder.with_name(f".{folder.name}.part")
    shutil.rmtree(part, ignore_errors=True)
    with progress.shown() as tell:
        tell("inventing", "sources")
        invented.generate(part, **said)
    for kind in project.KINDS:
        project.copy(kind, part)
    (part / ".gitignore").write_text(_KEPT_OUT, encoding="utf-8")
    folder.mkdir(exist_ok=True)
    # The folder may be where the user stands, so it is filled, not replaced; what makes it a demo comes last.
    for made in sorted(part.iterdir(), key=lambda p: p.name == "demo.json"):
        made.rename(folder / made.name)
    part.rmdir()
    return True
