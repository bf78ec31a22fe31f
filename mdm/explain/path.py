"""The way between two records: everything that joins records, and the strongest way along it."""

import heapq
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import polars as pl
import sqlalchemy as sa

from mdm import decisions
from mdm.entity import Entity
from mdm.hub import Session
from mdm.hub.version import visible
from mdm.stages import match
from mdm.tables import OPEN


@dataclass(frozen=True)
class Edge:
    """Something that joins two records: a scored pair, or words."""

    a: int
    b: int
    weight: float
    words: str
    model: int | None = None


def edges(session: Session, entity: Entity, at: int, records: Sequence[int]) -> list[Edge]:
    """Everything that joins two of these records: pairs, matches, adoptions, merges at the source."""
    pair = session.hub.tables(entity.name).pair
    inside = sa.and_(visible(pair, at), session.among(pair.c.a, records), session.among(pair.c.b, records))
    found = [
        Edge(r["a"], r["b"], r["weight"], match.words(entity, r["rule"]), r["model"])
        for r in session.rows(sa.select(pair).where(inside).order_by(pair.c.a, pair.c.b))
    ]
    here = set(records)
    given, members = decisions.live(session, entity.name, OPEN)
    matches = given.filter(pl.col("verdict") == "match")
    for (number,), rows in members.join(matches, on="number").sort("number", "record_id").group_by("number", maintain_order=True):
        found += _chain([r for r in rows["record_id"].unique(maintain_order=True) if r in here], f"decision {number}: match")
    for (golden_id,), rows in decisions.adopted(session, entity.name, OPEN).group_by("golden_id", maintain_order=True):
        found += _chain([r for r in rows["record_id"] if r in here], f"adopted together as {golden_id}")
    source = session.hub.fixed["source_record"]
    merged = sa.select(source.c.record_id, source.c.merged_into).where(
        session.among(source.c.record_id, records), source.c.merged_into.is_not(None)
    )
    found += [Edge(a, b, math.inf, "merged at the source") for a, b in session.execute(merged) if b in here]
    return found


def _chain(records: Sequence[int], words: str) -> list[Edge]:
    return [Edge(a, b, math.inf, words) for a, b in pairwise(records)]


def strongest_path(edges: Iterable[Edge], start: Iterable[int], end: Iterable[int]) -> list[Edge]:
    """The way whose weakest step is strongest, the fewest steps among equals. Pure."""
    near: dict[int, list[tuple[int, Edge]]] = {}
    for edge in edges:
        near.setdefault(edge.a, []).append((edge.b, edge))
        near.setdefault(edge.b, []).append((edge.a, edge))
    goal, best = set(end), dict.fromkeys(start, (-math.inf, 0))
    came: dict[int, tuple[int, Edge]] = {}
    waiting = [(-math.inf, 0, record) for record in sorted(best)]
    while waiting:
        worst, steps, here = heapq.heappop(waiting)
        if here in goal:
            return _back(came, here)
        for other, edge in near.get(here, ()):
            reach = (max(worst, -edge.weight), steps + 1)
            if other not in best or reach < best[other]:
                best[other], came[other] = reach, (here, edge)
                heapq.heappush(waiting, (*reach, other))
    return []


def _back(came: Mapping[int, tuple[int, Edge]], record: int) -> list[Edge]:
    path = []
    while record in came:
        record, edge = came[record]
        path.append(edge)
    return path[::-1]
