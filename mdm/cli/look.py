"""Commands that look: history, evaluate, export."""

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from mdm.cli import talk
from mdm.errors import UsageError

Entity = Annotated[str, typer.Argument(metavar="ENTITY", help="hcp, site, material, or one of your own.")]
Json = Annotated[bool, talk.JSON]


def register(app: typer.Typer) -> None:
    """Add these commands."""
    for name, command in (("history", history), ("evaluate", evaluate), ("export", export)):
        app.command(name, rich_help_panel="Looking")(command)


def history(
    entity: Entity,
    golden_id: Annotated[str, typer.Argument(metavar="ID", help="A golden id, living or retired; or a record.")],
    as_of: Annotated[
        str | None, typer.Option("--as-of", help="The record as it was then: 2031-01-31, or with a time (UTC).")
    ] = None,
    json: Json = False,
) -> None:
    """Show a golden record over time; a retired id is followed to what it became.

    $ mdm history hcp HCP-7K3M92QXF4-C

    $ mdm history hcp HCP-7K3M92QXF4-C --as-of 2031-01-31T18:00
    """
    from mdm import context, decisions
    from mdm import history as past

    opened = context.opened()
    declared, at = opened.entity(entity), _moment(as_of)
    with opened.hub.read() as session:
        one = decisions.golden_of(session, entity, golden_id)
        happened = past.moments(session, declared, one) if at is None else []
        states = past.states(session, declared, one, at) if at is not None else _now(past, session, declared, one)
    if json:
        talk.document({"golden_id": one, "history": [vars(m) for m in happened], "states": [vars(s) for s in states]})
        return
    for moment in happened:
        _told_moment(moment)
    for state in states:
        _told_state(state, one, at)


def evaluate(
    entity: Entity,
    truth: Annotated[Path, typer.Option("--truth", help="A CSV with cluster and source,stream,source_key; or pairs a,b.")],
    key: Annotated[str | None, typer.Option("--key", help="The column of the truth that holds the source key.")] = None,
    json: Json = False,
) -> None:
    """Hold the published clusters against the truth: precision, recall, F1, and where true pairs were lost.

    $ mdm evaluate hcp --truth truth/hcp.csv

    $ mdm evaluate site --truth labels.csv --key record_id --json
    """
    from mdm import context
    from mdm import evaluate as judge

    found = judge.evaluated(context.opened(), entity, truth, key=key)
    if json:
        talk.document(found.as_dict())
        return
    scores(found)


def scores(found: Any) -> None:
    """An evaluation as tables."""
    rows = [{"": name, **score.as_dict()} for name, score in (("pairwise", found.pairwise), ("B-cubed", found.b_cubed))]
    talk.table(
        rows, ("", "precision", "recall", "f1"), title=f"{found.entity}, run {found.run}: {found.records} labelled records"
    )
    lost = found.lost
    where = (
        ("never paired by a blocking rule", lost.blocking), ("scored too low", lost.score),
        ("waiting for a steward", lost.queued), ("kept apart by a constraint", lost.constraint),
    )  # fmt: skip
    title = f"{found.true_pairs} true pairs, {found.found_pairs} found, {found.right_pairs} right, {lost.total} lost"
    talk.data("")
    talk.table([{"lost": text, "pairs": count} for text, count in where], ("lost", "pairs"), title=title)
    if lost.blocking is None:
        talk.say("there is no bench here to ask which pairs were never made; run once in this folder", "yellow")
    for count, what in (
        (found.quarantined, "labelled records are quarantined"),
        (found.absent, "labelled records are not in the hub"),
    ):
        if count:
            talk.say(f"{count} {what}", "yellow")


def export(
    entity: Entity,
    form: Annotated[str, typer.Option("--format", help="csv, parquet or jsonl.")] = "csv",
    out: Annotated[Path | None, typer.Option("--out", "-o", help="A file; else stdout.")] = None,
    relation: Annotated[
        str | None, typer.Option("--relation", help="A collection, xref or link, instead of the golden records.")
    ] = None,
    role: Annotated[str, typer.Option("--role", help="For whom: what this role may not see is masked.")] = "viewer",
    unmask: Annotated[bool, typer.Option("--unmask", help="Lift the mask; needs a role that may, and a --reason.")] = False,
    reason: Annotated[str | None, talk.REASON] = None,
) -> None:
    """Write golden records out, masked by what each attribute exposes.

    $ mdm export hcp --format csv > hcp.csv

    $ mdm export site --format parquet --out site.parquet
    """
    from mdm import audit, context, exposure
    from mdm import export as exits

    if form not in exits.FORMATS:
        raise UsageError(f"there is no format {form!r}; there are: {', '.join(exits.FORMATS)}")
    if form == "parquet" and out is None and sys.stdout.isatty():
        raise UsageError("parquet is not for a terminal; add --out FILE, or pipe it")
    opened = context.opened()
    declared = opened.entity(entity)
    if unmask and (role not in exposure.UNMASKS or not (reason or "").strip()):
        raise UsageError(
            f"--unmask needs --reason and a --role that may lift the mask; there are: {', '.join(sorted(exposure.UNMASKS))}"
        )
    with opened.hub.read() as session:
        rows = exits.frame(session, declared, relation, reader=exits.Reader(role, unmask))
    if unmask:
        with opened.hub.begin() as tx:
            what = {"relation": relation or entity, "rows": rows.height, "role": role}
            audit.record(tx, "unmask export", actor=opened.actor, entity=entity, reason=reason, after=what)
    _write(exits.written(rows, form), out)
    talk.done(f"{rows.height} rows{f' in {out}' if out else ''}")


def _write(content: bytes, out: Path | None) -> None:
    if out is None:
        sys.stdout.flush()
        sys.stdout.buffer.write(content)
        sys.stdout.buffer.flush()
        return
    # Whole or not at all: a reader never meets half a file.
    part = out.with_name(f".{out.name}.part")
    part.write_bytes(content)
    part.replace(out)


def _moment(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise UsageError(f"--as-of {text!r} is no time; write 2031-01-31 or 2031-01-31T18:00") from None
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def _now(past: Any, session: Any, declared: Any, one: str) -> list[Any]:
    from mdm.errors import NotFoundError

    try:
        return past.states(session, declared, one)
    except NotFoundError:
        # Retired without a successor: its past is all there is.
        return []


def _told_moment(moment: Any) -> None:
    talk.data(f"{moment.at:%Y-%m-%d %H:%M:%S} UTC  run {moment.run}  {moment.kind}")
    for name, old, new in moment.changed:
        talk.data(f"    {name}: {_shown(new)}" if old is None else f"    {name}: {_shown(old)} -> {_shown(new)}")
    for mark, records in (("+", moment.joined), ("-", moment.left)):
        for record in records:
            talk.data(f"    {mark} {record}")
    if moment.successors:
        talk.data(f"    followed by {', '.join(moment.successors)}")


def _told_state(state: Any, asked: str, at: datetime | None) -> None:
    when = "now" if at is None else f"at {at:%Y-%m-%d %H:%M:%S} UTC"
    talk.data("")
    talk.data(f"{state.golden_id} {when}" + (f" (answers for {asked})" if state.golden_id != asked else ""))
    talk.table([{"attribute": n, "value": _shown(v)} for n, v in state.values.items()], ("attribute", "value"))
    for record in state.members:
        talk.data(f"    {record}")


def _shown(value: Any) -> str:
    if value is None:
        return "(empty)"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "; ".join(map(str, value)) if isinstance(value, list) else str(value)
