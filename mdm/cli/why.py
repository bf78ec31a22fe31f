"""Commands that say why: match looks one record up, explain tells of one or two."""

from dataclasses import asdict
from typing import Annotated, Any

import typer

from mdm.cli import given, talk
from mdm.errors import UsageError

Entity = Annotated[str, typer.Argument(metavar="ENTITY", help="hcp, site, material, or one of your own.")]
Json = Annotated[bool, talk.JSON]


def register(app: typer.Typer) -> None:
    """Add these commands."""
    for name, command in (("match", match), ("explain", explain)):
        app.command(name, rich_help_panel="Looking")(command)


def match(
    entity: Entity,
    values: Annotated[list[str], typer.Argument(metavar="ATTRIBUTE=VALUE...", help="What is known of the record.")],
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, help="At most this many golden records.")] = 10,
    record: Annotated[
        str | None,
        typer.Option("--record", help="source/stream:key, when the record is one of a source: not matched with itself."),
    ] = None,
    json: Json = False,
) -> None:
    """Look a record up before it is made: the golden records it may belong to, and what a run would do. Writes nothing.

    $ mdm match hcp given_name=Ana family_name=Lopez city=Chicago

    $ mdm match site name="Clinic North" --limit 3 --json
    """
    from mdm import context
    from mdm.lookup import Matcher

    typed = given.values(values)
    opened = context.opened()
    opened.entity(entity)
    matcher = Matcher.open(opened, entity)
    found = matcher.match(typed, limit=limit, name=record)
    matcher.close()
    if json:
        talk.document(found.as_dict())
        return
    for note in found.notes:
        talk.say(note, "yellow")
    rows = [{**vars(c), "golden_id": c.golden_id or "(not published)"} for c in found.candidates]
    talk.table(rows, ("golden_id", "record", "weight", "probability", "does", "because", "rule"))
    if found.candidates:
        first = found.candidates[0]
        talk.data("")
        talk.table(
            [vars(b) for b in first.waterfall],
            ("comparison", "a", "b", "level", "bits", "rarity"),
            title=f"how {first.record} scores",
        )
    else:
        talk.say(f"nothing like it; make it with: mdm create {entity} ... --reason ...")


def explain(
    entity: Entity,
    a: Annotated[str, typer.Argument(metavar="A", help="source/stream:key, or a golden id.")],
    b: Annotated[str | None, typer.Argument(metavar="[B]", help="A second one: why they are, or are not, one.")] = None,
    attribute: Annotated[
        str | None, typer.Option("--attribute", help="Of one record: the whole contest for this attribute.")
    ] = None,
    json: Json = False,
) -> None:
    """One: every golden value with its source, rule and runner-up. Two: why they are, or are not, one record.

    $ mdm explain hcp HCP-7K3M92QXF4-C

    $ mdm explain hcp HCP-7K3M92QXF4-C --attribute phone

    $ mdm explain hcp crm/accounts:001 register/providers:1234567893
    """
    from mdm import context, settings
    from mdm import explain as words

    opened = context.opened()
    declared = opened.entity(entity)
    if attribute is not None:
        names = [a.name for a in declared.attributes]
        if attribute not in names:
            raise UsageError(f"{entity} has no attribute {attribute!r}; {settings.near(attribute, names)}")
        _told_contest(words.one(opened, entity, a), attribute, as_json=json)
    elif b is None:
        _told_one(words.one(opened, entity, a), as_json=json)
    else:
        _told_two(words.two(opened, entity, a, b), as_json=json)


def _told_one(found: Any, *, as_json: bool) -> None:
    if as_json:
        talk.document(found.as_dict())
        return
    talk.say(f"{found.golden_id}: {len(found.members)} source records, run {found.run}", "bold")
    talk.table([vars(v) for v in found.values], ("attribute", "value", "record", "rule", "runner_up", "runner_up_record"))
    for member in found.members:
        talk.say(f"    {member}")
    for note in found.notes:
        talk.say(note)


def _told_contest(found: Any, attribute: str, *, as_json: bool) -> None:
    value = next((v for v in found.values if v.attribute == attribute), None)
    if as_json:
        talk.document({"golden_id": found.golden_id, "attribute": attribute, "value": asdict(value) if value else None})
        return
    if value is None:
        talk.say(f"no record of {found.golden_id} has a value for {attribute}")
        return
    talk.say(f"{attribute} of {found.golden_id}: {value.value}, from {value.record}, {value.rule}", "bold")
    weighs = any(c.score is not None for c in value.contest)
    rows = [{**vars(c), "made of": ", ".join(f"{n} {w:g}" for n, w in c.parts)} for c in value.contest]
    columns = ("place", "value", "record", "role", "date", *(("score", "made of") if weighs else ()), "lost", "flip")
    talk.table(rows, columns)
    for note in found.notes:
        talk.say(note)


def _told_two(found: Any, *, as_json: bool) -> None:
    if as_json:
        talk.document(found.as_dict())
        return
    talk.data(found.verdict)
    for line in found.because:
        talk.data(f"  {line}")
    if found.stage is not None:
        talk.data(f"  stopped by: {_STAGES[found.stage]}")
    for change in found.flip:
        talk.data(f"  {change.words}")
    if found.path:
        steps = ("a", "b", "weight", "probability", "rule", "model")
        talk.table([vars(p) for p in found.path], steps, title="the way between them")
    _told_pair(found)


_STAGES = {
    "quarantine": "a check; one of them is not among the records that are compared",
    "pending": "nothing any more; the next run applies the decision",
    "steward": "a decision",
    "blocking": "blocking; machines never compared them",
    "score": "the score; they are not alike enough",
    "veto": "a veto; alike enough, but they contradict each other",
    "cluster": "what is around them; the two go together, their groups do not",
}


def _told_pair(found: Any) -> None:
    """The pair that was looked at: values, blocking, score."""
    if found.forms:
        a, b = found.pair
        talk.data("")
        rows = [
            {"attribute": f.attribute, a: f.a, b: f.b, f"{a} compared": f.compared_a, f"{b} compared": f.compared_b}
            for f in found.forms
        ]
        talk.table(
            rows, ("attribute", a, b, f"{a} compared", f"{b} compared"), title="as people read them, and as machines compare them"
        )
    if found.blocking:
        talk.data("")
        rules = [{"rule": " + ".join(r.columns), "pairs": r.fired, "why": r.why} for r in found.blocking]
        talk.table(rules, ("rule", "pairs", "why"), title="what each blocking rule says")
    if found.waterfall:
        talk.data("")
        end = "" if found.weight is None else f": {found.weight:.1f} bits, and {found.accept:.1f} join"
        columns = ("comparison", "a", "b", "level", "bits", "rarity")
        talk.table([vars(w) for w in found.waterfall], columns, title=f"how the pair scores{end}")
