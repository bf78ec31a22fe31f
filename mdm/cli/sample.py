"""The command about samples of automatic decisions: draw one, list it, say what its answers tell, plan one."""

from pathlib import Path
from typing import Annotated, Any

import typer

from mdm.cli import talk
from mdm.errors import UsageError

Entity = Annotated[str, typer.Argument(metavar="ENTITY", help="hcp, site, material, or one of your own.")]
Json = Annotated[bool, talk.JSON]
_FIGURES = ("measure", "band", "sources", "value", "low", "high", "population", "answered", "wrong", "unsure", "drawn")
_THRESHOLDS = ("accept", "joins", "answered", "wrong", "precision", "at_least", "holds", "more_reviews", "where")


def register(app: typer.Typer) -> None:
    """Add these commands."""
    app.command("audit-sample", rich_help_panel="Stewards")(audit_sample)


def audit_sample(
    entity: Entity,
    size: Annotated[int | None, typer.Option("--size", "-n", min=1, help="Draw a new sample of so many pairs.")] = None,
    joins: Annotated[bool, typer.Option("--joins", help="Draw joins only: precision, no recall.")] = False,
    file: Annotated[
        Path | None, typer.Option("--file", "-f", help="Write the pairs that wait for an answer here, as CSV for `mdm decide`.")
    ] = None,
    report: Annotated[bool, typer.Option("--report", help="Publish what the answers say in `quality`.")] = False,
    precision: Annotated[
        float | None, typer.Option("--precision", help="Which threshold supports so much; how many reviews it needs.")
    ] = None,
    confidence: Annotated[float, typer.Option("--confidence", help="How sure the intervals are.")] = 0.95,
    json: Json = False,
) -> None:
    """A random sample of what the machine decided by itself, for stewards to judge; then: what their answers say.

    $ mdm audit-sample hcp --size 400 --file sample.csv

    $ mdm audit-sample hcp --report

    $ mdm audit-sample hcp --precision 0.995 --confidence 0.95
    """
    from mdm import context, sample

    if not 0 < confidence < 1:
        raise UsageError(f"--confidence {confidence:g} is no share; write for example 0.95 for 95 %")
    if report and (size is not None or joins):
        raise UsageError("--report tells of the sample there is; draw another one without it")
    if report and confidence != sample.CONFIDENCE:
        raise UsageError(f"`quality` holds intervals of {sample.CONFIDENCE:.0%}; leave out --report to see others")
    opened = context.opened()
    opened.entity(entity)
    if precision is not None:
        _plan(sample.planned(opened, entity, precision, confidence), as_json=json)
        return
    with opened.hub.read() as session:
        present = sample.latest(session, entity)
    if (size is not None or joins or present is None) and not report:
        _drawn(opened, sample.drawn(opened, entity, size or sample.SIZE, joins_only=joins), file, as_json=json)
        return
    found = sample.reported(opened, entity, confidence=confidence)
    written = report and sample.published(opened, found)
    if file is not None:
        _written(opened, found, file)
    _told(found, as_json=json)
    if report and not json:
        talk.done(f"{'published' if written else 'published before, unchanged'}: quality of {entity}, run {found.sample.run}")


def _drawn(opened: Any, drawn: Any, file: Path | None, *, as_json: bool) -> None:
    from mdm import sample

    found = sample.reported(opened, drawn.entity)
    if as_json:
        document = {"entity": drawn.entity, "sample": drawn.number, "run": drawn.run, "drawn": drawn.pairs.height}
        shown = [] if file is not None else sample.listing(opened, drawn, found.pairs).to_dicts()
        talk.document({**document, "file": str(file) if file else None, "pairs": shown})
    if file is not None:
        _written(opened, found, file)
    elif not as_json:
        rows = sample.listing(opened, drawn, found.pairs)
        talk.table(rows.to_dicts(), rows.columns)
    talk.done(f"sample {drawn.number} of {drawn.entity}, run {drawn.run}: {drawn.pairs.height} pairs to judge, in random order")
    if file is not None:
        talk.say(f"fill in the verdicts, then: mdm decide {drawn.entity} --file {file}; mdm audit-sample {drawn.entity} --report")


def _written(opened: Any, found: Any, file: Path) -> None:
    from mdm import export, sample

    rows = sample.listing(opened, found.sample, found.pairs)
    # Whole or not at all, and in the form a spreadsheet opens.
    part = file.with_name(f".{file.name}.part")
    part.write_bytes(export.written(rows, "csv"))
    part.replace(file)
    talk.done(f"{rows.height} pairs in {file}")


def _told(found: Any, *, as_json: bool) -> None:
    if as_json:
        talk.document(found.as_dict())
        return
    drawn, progress = found.sample, found.progress
    title = f"sample {drawn.number} of {drawn.entity}, run {drawn.run}: what {progress['answered']} of {progress['drawn']} answers say"
    talk.table(found.as_dict()["figures"], _FIGURES, title=title)
    if progress["open"]:
        talk.say(f"{progress['open']} pairs wait for an answer: mdm audit-sample {drawn.entity} --file FILE", "yellow")
    if progress["unsure"]:
        talk.say(f"{progress['unsure']} were answered unsure and count as not looked at; look at them again if you can", "yellow")
    if not drawn.refusals:
        talk.say("only joins were drawn: recall is not known", "yellow")
    elif found.blocking.value is None:
        talk.say(f"recall is of the pairs blocking made; `mdm blocking {drawn.entity}` estimates what it loses", "yellow")


def _plan(plan: Any, *, as_json: bool) -> None:
    if as_json:
        talk.document(plan.as_dict())
        return
    wanted = f"a precision of at least {plan.precision:.4%} at {plan.confidence:.0%} confidence"
    rows = [
        {
            **vars(t), "accept": f"{t.accept:.9g}", "at_least": t.low, "more_reviews": "no number suffices" if t.more is None else t.more,
            "where": "; ".join(f"{band}: {n}" for band, n in t.bands.items()),
        }
        for t in plan.thresholds
    ]  # fmt: skip
    talk.table(rows, _THRESHOLDS, title=f"{plan.entity}, run {plan.run}: what {wanted} needs")
    talk.say(
        f"without an error it takes {plan.needed} answers that weigh the same, here {plan.size}; one error found asks for more"
    )
    if plan.supported is not None:
        talk.done(f"the answers to sample {plan.sample} support it with accept = {plan.supported:.9g}")
    elif plan.sample is None:
        talk.done(f"no sample was drawn yet: mdm audit-sample {plan.entity} --joins --size {plan.size} --file sample.csv")
    else:
        talk.say(f"the answers to sample {plan.sample} do not support it yet", "yellow")
