"""The detail of a pair: both forms, blocking, the stage that stopped it, and the smallest change that would turn it round."""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from mdm import decisions, model, prepare
from mdm.context import Context
from mdm.entity import Entity
from mdm.explain import record
from mdm.explain.flip import Change, Flip, Pair, flipped
from mdm.explain.form import Form, Rule, forms, rules
from mdm.explain.path import Edge, strongest_path
from mdm.explain.what_if import BLOCKING, changes
from mdm.hub import run as runs
from mdm.stages.check import judged, masked
from mdm.tables import OPEN

QUARANTINE, PENDING, STEWARD, SCORE, VETO, CLUSTER = "quarantine", "pending", "steward", "score", "veto", "cluster"
_ONCE = "a stream that holds nothing twice"


@dataclass(frozen=True)
class Said:
    """One decision about both sides; `pending`: the published run has not seen it."""

    number: int
    verdict: str
    pending: bool
    words: str


@dataclass(frozen=True)
class Looked:
    """The pair that is looked at, and what is known of it: its names, the way between the two, all edges around, decisions."""

    pair: tuple[int, int]
    names: tuple[str, str]
    one: bool
    path: Sequence[Edge]
    edges: Sequence[Edge]
    said: Sequence[Said]
    question: str | None
    model: int | None


@dataclass(frozen=True)
class Detail:
    """What there is to know of a pair; see `Explained`."""

    pair: tuple[str, ...]
    weight: float | None
    accept: float
    forms: tuple[Form, ...]
    blocking: tuple[Rule, ...]
    stage: str | None
    flip: tuple[Flip, ...]


def detail(context: Context, entity: Entity, looked: Looked, sides: tuple[Sequence[int], Sequence[int]]) -> Detail:
    """Everything about a pair of records."""
    two = _two(context, entity, looked.pair)
    failed = _failed(context, entity, two)
    compared = _compared(entity, two, failed)
    rows = tuple(compared.get(r, {}) for r in looked.pair)
    shown = {row["record_id"]: row for row in two.iter_rows(named=True)}
    empty = dict.fromkeys(a.name for a in entity.attributes)
    published = [shown.get(r, empty) for r in looked.pair]
    hot = _hot(context, entity)
    made = rules(entity, (rows[0], rows[1]), looked.names, hot) if all(rows) else []
    accept = model.weight_of(entity.accept)
    told = tuple(forms(entity, published[0], published[1], (rows[0], rows[1])))
    if not all(rows):
        stage = None if looked.one else QUARANTINE
        return Detail(looked.names, None, round(accept, 2), told, tuple(made), stage, _quarantined(entity, two, failed, looked))
    fitted = model.load(context.hub, entity.name, looked.model) if looked.model is not None else None
    now, single = _what_if(entity, two, looked.pair, looked.names, fitted, hot)
    now, single = _besides(now, single, looked, bool(record.repeated(context, entity, sides)))
    stage = None if looked.one else _stage(now, looked)
    found = _held(context, entity, looked, fitted, hot) if looked.one else _apart(now, single, looked, stage)
    weight = round(now.weight, 2) if now.weight > -1000 else None
    return Detail(looked.names, weight, round(accept, 2), told, tuple(made), stage, tuple(found))


def _two(context: Context, entity: Entity, pair: tuple[int, int]) -> pl.DataFrame:
    return record.published(context, entity, pair).sort("record_id")


def _failed(context: Context, entity: Entity, two: pl.DataFrame) -> pl.DataFrame:
    """The rules they fail, less those a steward waived."""
    with context.hub.read() as session:
        waived = decisions.waivers(session, entity.name, OPEN)
    return judged(two, entity, waived.select("record_id", "rule", "value"))


def _compared(entity: Entity, two: pl.DataFrame, failed: pl.DataFrame) -> dict[int, Mapping[str, Any]]:
    """What passes the hard rules, in the form machines compare."""
    passing = two.join(failed.filter("hard"), on="record_id", how="anti")
    found = prepare.compared(masked(passing, failed), entity)
    return {row["record_id"]: row for row in found.iter_rows(named=True)}


def _what_if(
    entity: Entity, two: pl.DataFrame, pair: tuple[int, int], names: tuple[str, str], fitted: model.Model | None,
    hot: frozenset[tuple[int, int]],
) -> tuple[Pair, list[Change]]:  # fmt: skip
    # Scored with the smaller record on the left, as in a run.
    ordered = names if pair[0] < pair[1] else (names[1], names[0])
    return changes(entity, two, ordered, fitted, hot)


def _hot(context: Context, entity: Entity) -> frozenset[tuple[int, int]]:
    """The keys that made no pairs in the published run: rule, name."""
    with context.hub.read() as session:
        at = runs.pointer(session.connection, context.hub.fixed, entity.name)
        past = runs.record_of(session.connection, context.hub.fixed, entity.name, at)
    memory = json.loads(past["memory"]) if past and past["memory"] else {}
    return frozenset((rule, name) for rule, name in memory.get("hot", []))


def _besides(now: Pair, single: list[Change], looked: Looked, once: bool) -> tuple[Pair, list[Change]]:
    """Obstacles that no value of the two makes: decisions, and streams that hold nothing twice."""
    against = [s for s in looked.said if s.verdict == "no_match"]
    obstacles = now.obstacles | {f"decision {s.number}" for s in against} | ({_ONCE} if once else frozenset())
    withdrawn = [
        Change(f"decision {s.number} were withdrawn", f"decision {s.number}", lifts=frozenset({f"decision {s.number}"}))
        for s in against
    ]
    return Pair(now.weight, now.accept, obstacles), single + withdrawn


def _stage(now: Pair, looked: Looked) -> str:
    if any(s.pending for s in looked.said):
        return PENDING
    if any(s.verdict == "no_match" for s in looked.said):
        return STEWARD
    if now.obstacles & {BLOCKING, _ONCE}:
        return "blocking"
    if now.weight < now.accept:
        return SCORE
    return VETO if now.obstacles else CLUSTER


def _apart(now: Pair, single: list[Change], looked: Looked, stage: str | None) -> list[Flip]:
    if stage == PENDING:
        return [Flip("nothing: the next run applies the decision", (), 0.0, None)]
    found = flipped(now, single)
    if stage == CLUSTER:
        why = looked.question or "the groups around them do not go together"
        found = Flip(f"no value of these two keeps them apart, but what is around them: {why}", (), 0.0, None)
    if stage == STEWARD:
        return [found] if found else []
    asked = Flip("if a steward said match, the next run would join them", ("a decision: match",), 0.0, None)
    return [found, asked] if found else [asked]


def _held(
    context: Context, entity: Entity, looked: Looked, fitted: model.Model | None, hot: frozenset[tuple[int, int]]
) -> list[Flip]:
    """What holds two records together: the weakest step of the way between them."""
    asked = Flip("if a steward said no_match, the next run would part them", ("a decision: no_match",), 0.0, None)
    scored = [e for e in looked.path if math.isfinite(e.weight)]
    if not scored:
        said = dict.fromkeys(e.words for e in looked.path)
        return [*(Flip(f"if it were not for this, the next run would decide anew: {w}", (w,), 0.0, None) for w in said), asked]
    weak = min(scored, key=lambda e: (e.weight, e.a, e.b))
    names = _names(context, (weak.a, weak.b))
    two = _two(context, entity, (weak.a, weak.b))
    found = None
    if two.height == len(names):
        now, single = _what_if(entity, two, (weak.a, weak.b), names, fitted, hot)
        found = flipped(now, single) if now.joined else None
    if found is None:
        return [asked]
    rest = [e for e in looked.edges if e is not weak and e.weight >= model.weight_of(entity.accept)]
    if strongest_path(rest, [looked.pair[0]], [looked.pair[1]]):
        other = f"{found.words}; another way would still hold them together"
        return [Flip(other, found.changes, found.bits, found.weight), asked]
    if {weak.a, weak.b} != set(looked.pair):
        return [Flip(f"they hang on {names[0]} and {names[1]}: {found.words}", found.changes, found.bits, found.weight), asked]
    return [found, asked]


def _names(context: Context, pair: tuple[int, int]) -> tuple[str, str]:
    with context.hub.read() as session:
        written = decisions.names(session, pair)
    return written[pair[0]], written[pair[1]]


def _quarantined(entity: Entity, two: pl.DataFrame, failed: pl.DataFrame, looked: Looked) -> tuple[Flip, ...]:
    if looked.one:
        return ()
    failed = failed.filter("hard").sort("record_id", "attribute", "rule")
    name = dict(zip(looked.pair, looked.names, strict=True))
    said = [
        f"{name[r]} passed {f'{a}: ' if a else ''}{rule}"
        for r, a, rule in failed.select("record_id", "attribute", "rule").iter_rows()
    ]
    gone = [
        f"{n} were there: it is deleted, or not mapped to {entity.name}"
        for r, n in name.items()
        if r not in set(two["record_id"])
    ]
    whole = [*said, *gone]
    return (Flip(f"if {' and '.join(whole)}, the two would be compared", tuple(whole), 0.0, None),) if whole else ()
