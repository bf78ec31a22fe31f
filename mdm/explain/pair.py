"""Two records: what holds them together or keeps them apart, step by step."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import polars as pl
import sqlalchemy as sa

from mdm import blocking, decisions, exposure, model, prepare
from mdm.context import Context
from mdm.entity import Entity
from mdm.explain import record
from mdm.explain.detail import Looked, Said, detail
from mdm.explain.flip import Flip
from mdm.explain.form import Form, Rule
from mdm.explain.path import Edge, strongest_path
from mdm.explain.path import edges as found_edges
from mdm.explain.waterfall import Bar, waterfall
from mdm.hub import Session
from mdm.hub.run import pointer
from mdm.hub.version import visible
from mdm.stages.check import masked

_ROLE = "steward"
_MOST = 5


@dataclass(frozen=True)
class Step:
    """One step of the way between two records: a pair that was scored, or something that was said."""

    a: str
    b: str
    weight: float | None
    probability: float | None
    rule: str
    model: int | None = None


@dataclass(frozen=True)
class Explained:
    """Whether two are one, why, the way between them, and how the pair scores.

    `pair`: the two records that were looked at, with both forms of their values (`forms`), what each rule of blocking says
    of them, and what they weigh in bits, where `accept` joins. `stage`: what stopped them; None where they are one. `flip`:
    the smallest changes that would turn it round.
    """

    one: bool
    verdict: str
    because: tuple[str, ...] = ()
    path: tuple[Step, ...] = ()
    waterfall: tuple[Bar, ...] = ()
    pair: tuple[str, ...] = ()
    weight: float | None = None
    accept: float | None = None
    forms: tuple[Form, ...] = ()
    blocking: tuple[Rule, ...] = ()
    stage: str | None = None
    flip: tuple[Flip, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """The document."""
        return asdict(self)


def two(context: Context, name: str, a: str, b: str, *, scored: bool = True) -> Explained:
    """Why two records, or golden records, are one or are not; `scored` adds how their pair scores."""
    entity = context.entity(name)
    with context.hub.read() as session:
        at = pointer(session.connection, context.hub.fixed, name)
        left, right = decisions.named(session, name, a), decisions.named(session, name, b)
        homes = _homes(session, name, at, [*left.records, *right.records])
        sides = tuple(left.records), tuple(right.records)
        ours = {homes.get(r) for r in sides[0]} - {None}
        theirs = {homes.get(r) for r in sides[1]} - {None}
        members = _members(session, name, at, ours | theirs)
        edges = found_edges(session, entity, at, members or [*sides[0], *sides[1]])
        said = _said(session, name, *sides)
        found = _found(entity, left.text, right.text, sides, homes, ours, theirs, edges, [s.words for s in said])
        pair = _asked(sides, edges)
        open_question = _question(session, name, at, sides)
        number = _model(session, name, at)
        written = decisions.names(session, {r for e in edges for r in (e.a, e.b)} | {*pair})
    if not found.one:
        found = replace(found, because=(*found.because, *_apart(context, entity, sides, pair, edges, open_question)))
    path = tuple(_step(e, written) for e in found.path)  # type: ignore[arg-type]
    if not scored or pair[0] == pair[1]:
        return replace(found, path=path)
    bars = waterfall(context, entity, *pair, number) if number is not None else []
    looked = Looked(pair, (written[pair[0]], written[pair[1]]), found.one, tuple(found.path), edges, said, open_question, number)  # type: ignore[arg-type]
    return replace(found, path=path, waterfall=tuple(bars), **vars(detail(context, entity, looked, sides)))


def _found(
    entity: Entity, a: str, b: str, sides: tuple[Sequence[int], Sequence[int]], homes: Mapping[int, str], ours: set, theirs: set,
    edges: Sequence[Edge], said: Sequence[str],
) -> Explained:  # fmt: skip
    if set(sides[0]) == set(sides[1]):
        return Explained(True, f"one: {a} and {b} are the same", tuple(said))
    if ours and ours == theirs and len(ours) == 1:
        accepted = [e for e in edges if e.weight >= model.weight_of(entity.accept)]
        path = strongest_path(accepted, sides[0], sides[1])
        because = [*said, *([] if path else ["nothing joins them today; the next run decides anew"])]
        return Explained(True, f"one: {next(iter(ours))} holds both", tuple(because), tuple(path))  # type: ignore[arg-type]
    return Explained(False, f"not one: {_home(a, ours)}; {_home(b, theirs)}", tuple(said))


def _home(text: str, held: set) -> str:
    return f"{text} is in {' and '.join(sorted(held))}" if held else f"{text} is in no golden record"


def _apart(
    context: Context, entity: Entity, sides: tuple[Sequence[int], Sequence[int]], pair: tuple[int, int],
    edges: Sequence[Edge], question: str | None,
) -> list[str]:  # fmt: skip
    """What keeps two golden records apart, beside decisions."""
    lines = [f"in the queue for a steward: {question}"] if question else []
    direct = [e for e in edges if {e.a, e.b} == set(pair) and math.isfinite(e.weight)]
    compared = _compared(context, entity, [*sides[0], *sides[1]])
    lines += _differing(entity, compared, sides)
    repeated = record.repeated(context, entity, sides)
    lines += repeated
    limits = f"a machine joins from {entity.accept:.0%}, a steward is asked from {entity.review:.0%}"
    if direct:
        probability = model.in_percent(direct[0].weight)
        lines.append(f"their pair scores {direct[0].weight:.1f} bits, a probability of {probability}; {limits}")
    elif not repeated and not _blocked(context, entity, compared, pair):
        rules = ", ".join("+".join(columns) for _, columns in blocking.rules(entity))
        lines.append(f"no blocking rule makes them a pair; the rules are: {rules}")
    elif not repeated:
        lines.append(f"a blocking rule pairs them, and they score below what is kept; {limits}")
    missing = [r for side in sides for r in side if r not in set(compared["record_id"])]
    if missing:
        lines.append(f"{len(missing)} of the records are quarantined, deleted or not mapped to {entity.name}")
    return lines


def _differing(entity: Entity, compared: pl.DataFrame, sides: tuple[Sequence[int], Sequence[int]]) -> list[str]:
    hidden = set(exposure.hidden(entity.attributes, _ROLE))
    lines = []
    for column in entity.constrained:
        left, right = (
            set(compared.filter(pl.col("record_id").is_in(side))[column].drop_nulls().cast(pl.String).to_list()) for side in sides
        )
        if left and right and left != right:
            shown = "" if column in hidden else f": {', '.join(sorted(left))} and {', '.join(sorted(right))}"
            lines.append(f"{column} differs{shown}, which parts them")
    return lines


def _compared(context: Context, entity: Entity, records: Iterable[int]) -> pl.DataFrame:
    found = record.published(context, entity, records)
    failed = prepare.failures(found, entity)
    hard = failed.filter("hard").select("record_id").unique()
    return prepare.compared(masked(found.join(hard, on="record_id", how="anti"), failed), entity)


def _blocked(context: Context, entity: Entity, compared: pl.DataFrame, pair: tuple[int, int]) -> bool:
    two_rows = compared.filter(pl.col("record_id").is_in(pair))
    if two_rows.height < 2:
        return False
    for _, columns in blocking.rules(entity):
        values = [set(v) if isinstance(v, list) else {v} for c in columns for v in two_rows[c].to_list()]
        if all((values[i] & values[i + 1]) - {None} for i in range(0, len(values), 2)):
            return True
    return False


def _homes(session: Session, name: str, at: int, records: Sequence[int]) -> dict[int, str]:
    membership = session.hub.tables(name).membership
    wanted = sa.select(membership.c.record_id, membership.c.golden_id)
    rows = session.execute(wanted.where(visible(membership, at), session.among(membership.c.record_id, sorted(set(records)))))
    return {record_id: golden_id for record_id, golden_id in rows}  # noqa: C416 rows are no pairs to a type checker


def _members(session: Session, name: str, at: int, ids: set) -> list[int]:
    membership = session.hub.tables(name).membership
    wanted = sa.select(membership.c.record_id).where(visible(membership, at), session.among(membership.c.golden_id, sorted(ids)))
    return sorted(session.execute(wanted).scalars())


def _said(session: Session, name: str, a: Sequence[int], b: Sequence[int]) -> list[Said]:
    """Decisions that name a record of each side, live and pending."""
    decision, member = session.hub.fixed["decision"], session.hub.fixed["decision_member"]
    about = [sa.select(member.c.number).where(session.among(member.c.record_id, sorted(side))) for side in (a, b)]
    here = sa.and_(
        decision.c.entity == name,
        decision.c.withdrawn_seq.is_(None),
        decision.c.number.in_(about[0]),
        decision.c.number.in_(about[1]),
    )
    seen = decisions.published_seq(session, name)
    return [
        Said(
            r["number"],
            r["verdict"],
            r["event_seq"] > seen,
            f"decision {r['number']} says {r['verdict']} of {r['a']} and {r['b']} ({r['actor']}: {r['reason']!r})"
            + (", which the next run applies" if r["event_seq"] > seen else ""),
        )
        for r in session.rows(sa.select(decision).where(here).order_by(decision.c.number))
    ]


def _asked(sides: tuple[Sequence[int], Sequence[int]], edges: Sequence[Edge]) -> tuple[int, int]:
    """The pair to look at: the two records, or the strongest pair between two golden records."""
    left, right = set(sides[0]), set(sides[1])
    between = [e for e in edges if math.isfinite(e.weight) and ((e.a in left and e.b in right) or (e.b in left and e.a in right))]
    if not between:
        return sides[0][0], sides[1][0]
    best = max(between, key=lambda e: (e.weight, -e.a, -e.b))
    return (best.a, best.b) if best.a in left and best.b in right else (best.b, best.a)


def _question(session: Session, name: str, at: int, sides: tuple[Sequence[int], Sequence[int]]) -> str | None:
    question = session.hub.tables(name).question
    between = [
        sa.and_(session.among(question.c.a, sorted(x)), session.among(question.c.b, sorted(y))) for x, y in (sides, sides[::-1])
    ]
    return session.scalar(sa.select(question.c.reason).where(visible(question, at), sa.or_(*between)).limit(_MOST))


def _model(session: Session, name: str, at: int) -> int | None:
    part = session.hub.fixed["run_entity"]
    return session.scalar(sa.select(part.c.model).where(part.c.entity == name, part.c.run_id == at))


def _step(edge: Edge, written: Mapping[int, str]) -> Step:
    a, b = (written.get(r, str(r)) for r in (edge.a, edge.b))
    if not math.isfinite(edge.weight):
        return Step(a, b, None, None, edge.words)
    return Step(a, b, round(edge.weight, 2), model.probability_of(edge.weight), edge.words, edge.model)
