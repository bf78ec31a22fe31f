"""Commands about match models: train, look, activate, roll back."""

import json as encoded
from collections.abc import Mapping
from typing import Annotated, Any

import typer

from mdm.cli import progress, talk

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
        fitted, number = pipeline.train_model(opened, entity, activate=activate, progress=tell)
    old = model.load(opened.hub, entity, before) if before is not None else None
    compared = _beside(fitted.settings, old.settings if old else None)
    if json:
        talk.document(
            {
                "entity": entity,
                "number": number,
                "active": number if activate else before,
                "evidence": fitted.evidence,
                "levels": compared,
            }
        )
        return
    talk.table(compared, ("comparison", "level", "m", "u", "bits", "active_bits"), title=f"model {number} of {entity}")
    talk.say(_evidence(fitted.evidence))
    if activate:
        talk.done(f"model {number} is active; the next `mdm run {entity}` matches with it")
    else:
        talk.done(f"model {number} is trained, not active; mdm activate {entity} {number}")


def models(entity: Entity, json: Json = False) -> None:
    """List the match models of an entity with their evidence.

    $ mdm models hcp

    $ mdm models site --json
    """
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
    talk.table([{**row, "evidence": _evidence(row["evidence"])} for row in found], ("number", "active", "trained_at", "evidence"))
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
    if json:
        talk.document({"entity": entity, "active": number, "before": before})
    else:
        talk.done(f"model {number} of {entity} is active (before: {before or 'none'}); the next run matches everything with it")


def _evidence(evidence: Mapping[str, Any]) -> str:
    blocks = ", ".join(f"{'+'.join(b['block'])}: {b['pairs']} pairs" for b in evidence.get("blocks", []))
    declared = sum(len(d["levels"]) for d in evidence.get("declared_levels", []))
    words = [f"{evidence.get('records', 0)} records", f"{evidence.get('identifier_pairs', 0)} pairs share an identifier"]
    words += [f"blocks {blocks}"] if blocks else []
    return "; ".join([*words, f"{declared} weights kept as declared"] if declared else words)


def _beside(settings: Any, active: Any) -> list[dict[str, Any]]:
    """Every level of a model with its weight, beside the active model's."""
    old = {(c, lv): bits for c, lv, _, _, bits in _levels(active)} if active else {}
    return [
        {"comparison": c, "level": lv, "m": m, "u": u, "bits": bits, "active_bits": old.get((c, lv))}
        for c, lv, m, u, bits in _levels(settings)
    ]


def _levels(settings: Any) -> list[tuple[str, str, float, float, float | None]]:
    from math import log2

    found = []
    for comparison in settings["comparisons"]:
        for level in comparison["comparison_levels"]:
            m, u = level.get("m_probability"), level.get("u_probability")
            if not level.get("is_null_level"):
                bits = round(log2(m / u), 2) if m and u else None
                found.append((comparison["output_column_name"], level["label_for_charts"], m, u, bits))
    return found
