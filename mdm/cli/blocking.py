"""The command that says what blocking costs and what it loses."""

from dataclasses import asdict
from typing import Annotated, Any

import typer

from mdm.cli import talk

Entity = Annotated[str, typer.Argument(metavar="ENTITY", help="hcp, site, material, or one of your own.")]
Json = Annotated[bool, talk.JSON]
_COLUMNS = ("rule", "keys", "records", "pairs", "new_pairs", "largest_key", "hot_keys", "hot_pairs", "note")


def register(app: typer.Typer) -> None:
    """Add this command."""
    app.command("blocking", rich_help_panel="Matching")(blocking)


def blocking(entity: Entity, json: Json = False) -> None:
    """Tell what the blocking rules cost, rule by rule, before a run pays for it; and what they lose, by a random sample.

    $ mdm blocking hcp

    $ mdm blocking site --json
    """
    from mdm import context, pipeline
    from mdm.cli import progress

    opened = context.opened()
    with progress.shown(quiet=json) as tell:
        found = pipeline.judge_blocking(opened, entity, progress=tell)
    if json:
        talk.document(_document(found))
        return
    talk.table([_rule(c, found.new) for c in found.forecast.costs], _COLUMNS, title=f"blocking rules of {entity}")
    _forecast(found.forecast)
    _lost(found)


def _rule(cost: Any, new: dict[int, int]) -> dict[str, Any]:
    return {
        "rule": cost.name, "keys": cost.keys, "records": cost.records, "pairs": cost.pairs, "new_pairs": new.get(cost.number, 0),
        "largest_key": cost.largest, "hot_keys": cost.hot_keys, "hot_pairs": cost.hot_pairs,
        "note": f"finds next to nothing: {cost.silent}" if cost.silent else "",
    }  # fmt: skip


def _forecast(ahead: Any) -> None:
    from mdm.blocking.refusal import size

    took = f", about {ahead.seconds:,.0f} seconds by the last whole run" if ahead.seconds is not None else ""
    talk.data("")
    talk.data(
        f"{ahead.records:,} records make at most {ahead.pairs:,} pairs ({ahead.pairs / max(ahead.records, 1):.1f} a record): "
        f"{size(ahead.bytes)} of memory or disk{took}; the limit is {ahead.limit:,}"
    )
    if ahead.pairs > ahead.limit:
        talk.say("a run would refuse this: raise `[run] pairs`, or change the dearest rule", "red")


def _lost(judged: Any) -> None:
    found = judged.lost
    if found is None:
        talk.data("what blocking loses is unknown: there is no model yet; the first `mdm run` trains one")
        return
    talk.data(_how(found))
    for what, share in (("pairs a machine would join", found.accept), ("pairs a steward would be asked about", found.review)):
        talk.data(f"  {what}: {_share(share)}")
    if judged.together:
        talk.data(f"  of those lost, {judged.together} stand in one golden record all the same, joined by way of other records")
    if not judged.examples.is_empty():
        talk.data("")
        rows = [{**row, "agrees": ", ".join(row["agrees"])} for row in judged.examples.iter_rows(named=True)]
        talk.table(
            rows, ("a", "b", "weight", "agrees", "together"), title="lost pairs, strongest first; `mdm explain` tells more"
        )
    for one in found.advice:
        talk.data(f"{one.code} would find {one.share:.0%} of the lost pairs and make {one.pairs:,} pairs")


def _how(found: Any) -> str:
    if found.widest is None:
        return f"all {found.records:,} records were compared with one another under model {found.model}"
    checked = f"{found.overlooked} more pairs" if found.overlooked else "no further pair"
    return (
        f"{found.sampled:,} records, drawn at random, were compared under model {found.model} with all that share a value with "
        f"them which at most {found.widest:,} records have; {found.controlled:,} of them with every record, which found {checked}"
    )


def _share(share: Any) -> str:
    if share.value is None:
        return "none in the sample"
    return f"{share.found:,} found and {share.lost:,} lost; blocking finds {share.value:.1%} (95 % sure: {share.low:.1%} to {share.high:.1%})"


def _document(judged: Any) -> dict[str, Any]:
    ahead, found = judged.forecast, judged.lost
    document: dict[str, Any] = {
        "entity": ahead.entity, "records": ahead.records, "rules": [_rule(c, judged.new) for c in ahead.costs],
        "pairs": ahead.pairs, "limit": ahead.limit, "bytes": ahead.bytes, "seconds": ahead.seconds, "lost": None,
    }  # fmt: skip
    if found is not None:
        document["lost"] = {
            "model": found.model, "sampled": found.sampled, "compared": found.compared, "widest": found.widest,
            "controlled": found.controlled, "overlooked": found.overlooked, "accept": asdict(found.accept),
            "review": asdict(found.review), "together": judged.together, "examples": judged.examples.to_dicts(),
            "advice": [asdict(one) for one in found.advice],
        }  # fmt: skip
    return document
