"""Commands about match models: train, look, activate, roll back."""

import json as encoded
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from mdm.cli import progress, talk
from mdm.cli.weights import LEVELS, MOVERS, beside, change, evidence, moves

if TYPE_CHECKING:
    from mdm.difference import Difference

Entity = Annotated[str, typer.Argument(metavar="ENTITY", help="hcp, site, material, or one of your own.")]
Json = Annotated[bool, talk.JSON]


def register(app: typer.Typer) -> None:
    """Add these commands."""
    for name, command in (("suggest", suggest), ("train", train), ("models", models), ("activate", activate)):
        app.command(name, rich_help_panel="Matching")(command)


def suggest(entity: Entity, json: Json = False) -> None:
    """Propose how to match an entity, from what has landed: a rules file to read, correct and put in place of yours.

    $ mdm suggest study

    $ mdm suggest study > suggested.py
    """
    from mdm import context, pipeline

    opened = context.opened()
    with progress.shown(quiet=json) as tell:
        code = pipeline.suggest_model(opened, entity, progress=tell)
    if json:
        talk.document({"entity": entity, "code": code})
        return
    talk.data(code.rstrip("\n"))
    talk.done(f"read it and put it in place of rules/{entity}.py; then `mdm migrate --revision suggested`, `mdm run {entity}`")


def train(
    entity: Entity,
    activate: Annotated[bool, typer.Option("--activate", help="Match with it from the next run on.")] = False,
    json: Json = False,
) -> None:
    """Fit the next numbered match model to what has landed, and show it beside the active one.

    $ mdm train hcp

    $ mdm train hcp --activate
    """
    from mdm import context, model, pipeline

    opened = context.opened()
    with opened.hub.read() as session:
        before = model.active(session, opened.hub, entity)
    with progress.shown(quiet=json) as tell:
        trained = pipeline.train_model(opened, entity, activate=activate, progress=tell)
    fitted, number = trained.fitted, trained.number
    old = model.load(opened.hub, entity, before) if before is not None else None
    compared = beside(fitted, old)
    if json:
        talk.document({
            "entity": entity, "number": number, "active": number if activate else before, "evidence": fitted.evidence,
            "levels": compared, "difference": asdict(trained.differs) if trained.differs else None,
        })  # fmt: skip
        return
    talk.table(compared, LEVELS, title=f"model {number} of {entity}")
    talk.say(evidence(fitted.evidence))
    if before is not None:
        _show(entity, before, number, trained.differs)
    if activate:
        talk.done(f"model {number} is active; the next `mdm run {entity}` matches with it")
    else:
        talk.done(f"model {number} is trained, not active; mdm activate {entity} {number}")


def models(
    entity: Entity,
    compare: Annotated[
        tuple[int, int] | None, typer.Option("--compare", metavar="A B", help="What model B would change of model A's pairs.")
    ] = None,
    json: Json = False,
) -> None:
    """List the match models of an entity with their evidence, or compare two of them on the pairs of today.

    $ mdm models hcp

    $ mdm models hcp --compare 1 2
    """
    if compare is not None:
        _compare(entity, *compare, json=json)
        return
    import sqlalchemy as sa

    from mdm import context

    opened = context.opened()
    opened.entity(entity)
    table = opened.hub.fixed["model"]
    columns = (table.c[n] for n in ("number", "active", "trained_at", "evidence", "fingerprint"))
    with opened.hub.read() as session:
        rows = session.rows(sa.select(*columns).where(table.c.entity == entity).order_by(table.c.number))
    found = [{**row, "evidence": encoded.loads(row["evidence"])} for row in rows]
    if json:
        talk.document(found)
        return
    talk.table([{**row, "evidence": evidence(row["evidence"])} for row in found], ("number", "active", "trained_at", "evidence"))
    if not found:
        talk.say(f"{entity} has no model yet; the first `mdm run {entity}` trains one")


def activate(
    entity: Entity, number: Annotated[int, typer.Argument(metavar="NUMBER", help="As `mdm models` shows it.")], json: Json = False
) -> None:
    """Match with this model from the next run on; an older number rolls back.

    $ mdm activate hcp 2

    $ mdm activate hcp 1
    """
    from mdm import audit, context, model

    opened = context.opened()
    opened.entity(entity)
    with opened.hub.begin() as tx:
        before = model.active(tx, opened.hub, entity)
        model.activate(tx, opened.hub, entity, number)
        if before != number:
            audit.record(tx, "activate", actor=opened.actor, entity=entity, object=f"model:{number}", before=before, after=number)
    told = change(before, number, lambda n: model.load(opened.hub, entity, n).evidence)
    if json:
        talk.document({"entity": entity, "active": number, "before": before, "difference": told})
        return
    if before is not None and before != number:
        talk.say(
            moves(told["moves"], told["merged"], told["split"])
            if told
            else f"see `mdm models {entity} --compare {before} {number}`"
        )
    talk.done(f"model {number} of {entity} is active (before: {before or 'none'}); the next run matches everything with it")


def _compare(entity: str, before: int, after: int, *, json: bool) -> None:
    from mdm import context, model, pipeline

    opened = context.opened()
    old, new = (model.load(opened.hub, entity, number) for number in (before, after))
    with progress.shown(quiet=json) as tell:
        found = pipeline.compare_models(opened, entity, before, after, progress=tell)
    if json:
        talk.document({"entity": entity, "levels": beside(new, old), "difference": asdict(found) if found else None})
        return
    talk.table(beside(new, old), LEVELS, title=f"model {after} of {entity}, beside model {before}")
    _show(entity, before, after, found)


def _show(entity: str, before: int, after: int, found: "Difference | None") -> None:
    if found is None:
        talk.say(f"model {before} was made for other rules and cannot score these records: the next run will tell")
        return
    part = "" if found.every == 1 else f", one of {found.every}"
    talk.say(
        f"against model {before}, on {found.candidates} candidate pairs{part}: {moves(found.moves, found.merged, found.split)}"
    )
    if found.movers:
        rows = [asdict(m) | {"state": m.was if m.was == m.becomes else f"{m.was} -> {m.becomes}"} for m in found.movers]
        talk.table(rows, MOVERS, title=f"the pairs of {entity} that move most")
