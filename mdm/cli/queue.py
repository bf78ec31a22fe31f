"""The queue in the terminal: one question, one key, and every answer can be taken back."""

from typing import Any

import sqlalchemy as sa
import typer

from mdm import decisions, model, question
from mdm.cli import talk
from mdm.entity import Entity
from mdm.errors import ConflictError
from mdm.hub import Session
from mdm.hub.run import pointer
from mdm.hub.version import visible
from mdm.question.forecast import STEPS

_ANSWERS = {"m": "match", "n": "no_match", "u": "unsure"}


def review(context: Any, name: str, limit: int) -> None:
    """Ask the open questions of an entity, most important first."""
    entity = context.entity(name)
    with context.hub.read() as session:
        questions = _questions(session, entity, limit)
    if not questions:
        talk.say(f"the queue of {name} is empty")
        return
    said: list[int] = []
    for place, one in enumerate(questions, start=1):
        _show(context, entity, one, f"{place} of {len(questions)}")
        answer = _asked()
        if answer == "q":
            break
        if answer == "b" and said:
            with context.hub.begin() as tx:
                decisions.withdraw(tx, said.pop(), actor=context.actor, reason="taken back at once")
            talk.say("the last answer is taken back")
            answer = _asked()
        if answer in _ANSWERS:
            said += _decided(context, name, one, _ANSWERS[answer])
    talk.done(f"{len(said)} answered; the next `mdm run {name}` applies it")


def forecast(context: Any, name: str, limit: int | None, *, as_json: bool) -> None:
    """Tell what the next answers are expected to bring."""
    with context.hub.read() as session:
        found = question.outlook(session, context.entity(name), [limit] if limit else STEPS)
    rows = [{"entity": name, **one.as_dict()} for one in found]
    talk.rows(
        rows, ("answers", "duplicates", "usual", "pairs", "recall"), as_json=as_json, title=f"what answers would bring, {name}"
    )


def _asked() -> str:
    prompt = "[m]atch  [n]o match  [u]nsure  [s]kip  take [b]ack the last  [q]uit"
    try:
        return typer.prompt(prompt, default="s", show_default=False, err=True).strip().lower()[:1]
    except typer.Abort:
        # Nobody is there, or went: what was answered stays.
        return "q"


def _decided(context: Any, name: str, one: dict[str, Any], verdict: str) -> list[int]:
    reason = typer.prompt("why", default="reviewed", err=True)
    try:
        with context.hub.begin() as tx:
            number = decisions.decide(
                tx, name, one["a"], one["b"], verdict, actor=context.actor, reason=reason,
                expected_version=one["version"],
            )  # fmt: skip
    except ConflictError as error:
        talk.say(str(error), "yellow")
        return []
    talk.say(f"decision {number}: {verdict}")
    return [number]


def _questions(session: Session, entity: Entity, limit: int) -> list[dict[str, Any]]:
    table = session.hub.tables(entity.name).question
    here = visible(table, pointer(session.connection, session.hub.fixed, entity.name))
    columns = (table.c[n] for n in ("a", "b", "weight", "reason", "priority"))
    rows = session.rows(sa.select(*columns).where(here).order_by(table.c.priority.desc(), table.c.a, table.c.b).limit(limit))
    written = decisions.names(session, [r[side] for r in rows for side in ("a", "b")])
    named = [{**r, "a": written[r["a"]], "b": written[r["b"]], "ids": (r["a"], r["b"])} for r in rows]
    # What was answered since the last run is no longer asked.
    asked = [{**one, "version": decisions.version(session, entity.name, one["a"], one["b"])} for one in named]
    return [one for one in asked if not _answered(session, entity.name, one)]


def _answered(session: Session, entity: str, one: dict[str, Any]) -> bool:
    return one["version"] > decisions.published_seq(session, entity)


def _show(context: Any, entity: Entity, one: dict[str, Any], place: str) -> None:
    with context.hub.read() as session:
        left, right = (_golden(session, entity, record) for record in one["ids"])
    # Of a value that many share nothing was weighed.
    shared = question.kind(one["reason"]) == "shared"
    weighed = "" if shared else f"; weight {one['weight']:.1f} bits, probability {model.in_percent(one['weight'])}"
    talk.data("")
    talk.say(f"{place}: {one['reason']}{weighed}", "bold")
    rows = [
        {"": "record", "A": one["a"], "B": one["b"]},
        {"": "golden id", "A": left.get("golden_id"), "B": right.get("golden_id")},
    ]
    for attribute in entity.attributes:
        a, b = left.get(attribute.name), right.get(attribute.name)
        if a is not None or b is not None:
            shown = ("***", "***") if attribute.exposure == "sensitive" else (a, b)
            rows.append({"": f"{'=' if a == b else ' '} {attribute.label or attribute.name}", "A": shown[0], "B": shown[1]})
    talk.table(rows, ("", "A", "B"))


def _golden(session: Session, entity: Entity, record: int) -> dict[str, Any]:
    tables, at = session.hub.tables(entity.name), pointer(session.connection, session.hub.fixed, entity.name)
    same = sa.and_(tables.membership.c.golden_id == tables.golden.c.golden_id, visible(tables.membership, at))
    wanted = sa.select(tables.golden).join(tables.membership, same)
    found = session.rows(wanted.where(tables.membership.c.record_id == record, visible(tables.golden, at)))
    return dict(found[0]) if found else {}
