"""Commands of stewards: decide, correct, release, take over; all of it can be taken back."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from mdm.cli import given, talk
from mdm.errors import UsageError

_VERDICT = {"match": "match", "no_match": "no_match", "no-match": "no_match", "unsure": "unsure"}
Entity = Annotated[str, typer.Argument(metavar="ENTITY", help="hcp, site, material, or one of your own.")]
Record = Annotated[str, typer.Argument(metavar="RECORD", help="source/stream:key, or a golden id.")]
Json = Annotated[bool, talk.JSON]
Reason = Annotated[str | None, talk.REASON]


def register(app: typer.Typer) -> None:
    """Add these commands."""
    for name, command in (
        ("review", review), ("decide", decide), ("withdraw", withdraw), ("decisions", decisions_), ("set", set_),
        ("create", create), ("quarantine", quarantine), ("release", release), ("adopt", adopt),
    ):  # fmt: skip
        app.command(name, rich_help_panel="Stewards")(command)


def _opened() -> Any:
    from mdm import context

    return context.opened()


def decide(
    entity: Entity,
    a: Annotated[str | None, typer.Argument(metavar="A", help="source/stream:key, or a golden id.")] = None,
    b: Annotated[str | None, typer.Argument(metavar="B", help="source/stream:key, or a golden id.")] = None,
    verdict: Annotated[str | None, typer.Argument(metavar="VERDICT", help="match, no_match or unsure.")] = None,
    reason: Reason = None,
    file: Annotated[Path | None, typer.Option("--file", "-f", help="Many at once: a CSV with a,b,verdict,reason.")] = None,
    json: Json = False,
) -> None:
    """Say whether two records are one. The next run applies it; prints the decision's number.

    $ mdm decide hcp crm/accounts:001 ctms/people:77 match --reason "same licence"

    $ mdm decide site --file decisions.csv
    """
    from mdm import decisions

    if file is None and (a is None or b is None or verdict is None):
        raise UsageError("name two records and a verdict, or a --file; see `mdm decide --help`")
    if file is not None and a is not None:
        raise UsageError("give either two records and a verdict, or a --file")
    context = _opened()
    context.entity(entity)
    with context.hub.begin() as tx:
        if file is not None:
            numbers = decisions.from_file(tx, entity, file, actor=context.actor, reason=reason)
        else:
            assert a is not None and b is not None and verdict is not None
            said = _VERDICT.get(verdict.lower(), verdict)
            numbers = [decisions.decide(tx, entity, a, b, said, actor=context.actor, reason=reason or "")]
    if json:
        talk.document({"decisions": numbers})
        return
    for number in numbers:
        talk.data(str(number))
    if file is not None and (left := decisions.unanswered(file)):
        talk.say(f"{left} rows of {file.name} have no verdict and say nothing", "yellow")
    talk.done(f"{'decided' if file is None else f'{len(numbers)} decisions'}; the next `mdm run {entity}` applies it")


def withdraw(
    number: Annotated[int, typer.Argument(metavar="NUMBER", help="As `mdm decisions` shows it.")],
    reason: Reason = None,
    json: Json = False,
) -> None:
    """Take back a decision, a correction or a waiver; the next run gives back what was without it.

    $ mdm withdraw 12 --reason "two different people after all"

    $ mdm withdraw 12 --reason "mistyped" --json
    """
    from mdm import decisions

    context = _opened()
    with context.hub.begin() as tx:
        seq = decisions.withdraw(tx, number, actor=context.actor, reason=reason or "")
    if json:
        talk.document({"withdrawn": number, "event": seq})
    else:
        talk.done(f"{number} is withdrawn; the next run gives back what was without it")


def decisions_(entity: Entity, json: Json = False) -> None:
    """List what was said: decisions, corrections and waivers, newest first.

    $ mdm decisions hcp

    $ mdm decisions hcp --json
    """
    from mdm import decisions

    context = _opened()
    context.entity(entity)
    with context.hub.read() as session:
        found = decisions.everything(session, entity)
    columns = ("number", "state", "said", "a", "b", "reason", "actor", "at")
    talk.rows(found, columns, as_json=json)


def set_(
    entity: Entity,
    record: Record,
    attribute: Annotated[str, typer.Argument(metavar="ATTRIBUTE", help="A column of the golden record.")],
    value: Annotated[str, typer.Argument(metavar="VALUE", help="What it is; several values are separated by `;`.")],
    reason: Reason = None,
    until: Annotated[str | None, typer.Option("--until", help="When it ends: 2031-01-31, or with a time (UTC).")] = None,
    json: Json = False,
) -> None:
    """Correct or pin a value, whatever the sources say. Prints the correction's number.

    $ mdm set hcp HCP-7K3M92QXF4-C family_name Garcia --reason "as in the passport"

    $ mdm set site crm/accounts:001 phone "+1 312 555 0100" --reason "called" --until 2031-01-31
    """
    from mdm import decisions

    context = _opened()
    context.entity(entity)
    ends = _moment(until)
    with context.hub.begin() as tx:
        number = decisions.set_value(
            tx, entity, record, attribute, value, actor=context.actor, reason=reason or "", until=ends
        )  # fmt: skip
    _numbered(number, f"{attribute} is set; the next `mdm run {entity}` applies it", as_json=json)


def create(
    entity: Entity,
    values: Annotated[list[str], typer.Argument(metavar="ATTRIBUTE=VALUE...", help="The values of the new record.")],
    reason: Reason = None,
    json: Json = False,
) -> None:
    """Make a golden record by hand. It is matched like any other; prints the name of its source record.

    $ mdm create hcp given_name=Ana family_name=Lopez country=US --reason "new investigator"

    $ mdm create site name="Clinic North" city=Chicago --reason "opened last week"
    """
    from mdm import decisions

    typed = given.values(values)
    context = _opened()
    context.entity(entity)
    with context.hub.begin() as tx:
        number = decisions.create(tx, entity, typed, actor=context.actor, reason=reason or "")
    name = f"steward/{entity}:{number}"
    if json:
        talk.document({"record": name})
    else:
        talk.data(name)
        talk.done(f"made by hand; the next `mdm run {entity}` publishes it")


def quarantine(
    entity: Entity,
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, help="At most this many.")] = 100,
    json: Json = False,
) -> None:
    """List the records that were refused, and why.

    $ mdm quarantine hcp

    $ mdm quarantine site --limit 1000 --json
    """
    from mdm import status

    context = _opened()
    declared = context.entity(entity)
    with context.hub.read() as session:
        found, total = status.quarantined(session, declared, limit=limit)
    talk.rows(found, ("record", "attribute", "rule", "value", "stale"), as_json=json)
    if not json:
        shown = f"{len(found)} of {total}" if total > len(found) else str(total)
        talk.say(f"{shown} refusals; let one pass with: mdm release {entity} RECORD RULE --reason ...")


def release(
    entity: Entity,
    record: Record,
    rule: Annotated[str, typer.Argument(metavar="RULE", help="As `mdm quarantine` shows it; or the attribute's name.")],
    reason: Reason = None,
    json: Json = False,
) -> None:
    """Let a refused record pass a rule, until its value changes. Prints the waiver's number.

    $ mdm release hcp crm/accounts:001 "required" --reason "the name is not known yet"

    $ mdm release site ctgov/studies:NCT00000102|Clinic name --reason "it is called that"
    """
    from mdm import decisions

    context = _opened()
    context.entity(entity)
    with context.hub.begin() as tx:
        numbers = decisions.release(tx, entity, record, rule, actor=context.actor, reason=reason or "")
    _numbered(numbers[0], f"released; the next `mdm run {entity}` takes it in", as_json=json)


def adopt(
    entity: Entity,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A CSV with source,stream,source_key,golden_id.")],
    reason: Reason = None,
    json: Json = False,
) -> None:
    """Take over an incumbent hub's crosswalk and its ids.

    $ mdm adopt hcp crosswalk.csv --reason "go-live"

    $ mdm adopt site sites.csv --reason "take over the old hub" --json
    """
    from dataclasses import asdict

    from mdm import decisions

    context = _opened()
    context.entity(entity)
    rows = decisions.table(file, decisions.ADOPT_COLUMNS)
    with context.hub.begin() as tx:
        report = decisions.adopt(tx, entity, rows, actor=context.actor, reason=reason or f"taken over from {file.name}")
    if json:
        talk.document(asdict(report))
        return
    talk.data(f"{report.records} records in {report.ids} golden ids adopted")
    if report.known_before:
        talk.say(f"{report.known_before} were adopted before")
    if report.unknown:
        talk.say(f"{report.unknown} have not landed yet and take their id when they do", "yellow")
    talk.done(f"the next `mdm run {entity}` applies it")


def review(
    entity: Entity,
    limit: Annotated[int | None, typer.Option("--limit", "-n", min=1, help="So many questions; 50, if nothing is said.")] = None,
    forecast: Annotated[bool, typer.Option("--forecast", help="Ask nothing: tell what answers would bring.")] = False,
    json: Annotated[bool, talk.JSON] = False,
) -> None:
    """Answer the queue, one question at a time.

    $ mdm review hcp

    $ mdm review site --limit 10

    $ mdm review hcp --forecast
    """
    from mdm.cli import queue

    if forecast:
        queue.forecast(_opened(), entity, limit, as_json=json)
    elif json:
        raise UsageError("--json goes with --forecast; for the queue itself read the relation <entity>_queue")
    else:
        queue.review(_opened(), entity, limit or 50)


def _numbered(number: int, text: str, *, as_json: bool) -> None:
    if as_json:
        talk.document({"number": number})
    else:
        talk.data(str(number))
        talk.done(text)


def _moment(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise UsageError(f"--until {text!r} is no time; write 2031-01-31 or 2031-01-31T18:00") from None
    return at if at.tzinfo else at.replace(tzinfo=UTC)
