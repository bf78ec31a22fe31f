"""The matcher: opened once, asked often. It takes a new copy when a run has been published."""

import threading
from collections.abc import Mapping
from typing import Any

import polars as pl

from mdm import blocking, decisions, model
from mdm.caution import IDENTIFIER_WEIGHT
from mdm.context import Context
from mdm.decisions import RecordName
from mdm.entity import Entity
from mdm.errors import LockedError
from mdm.explain.waterfall import bars
from mdm.lookup import snapshot
from mdm.lookup.around import around, homes
from mdm.lookup.asked import Asked, asked
from mdm.lookup.candidate import NOTHING, Candidate, Found
from mdm.lookup.fate import fates
from mdm.lookup.score import Scorer
from mdm.stages import match


class Matcher:
    """Matches one record at a time against an entity's published records. Safe to share between threads."""

    def __init__(self, context: Context, entity: Entity):
        self.context, self.entity = context, entity
        self._lock = threading.Lock()
        self._held = snapshot.taken(context, entity)
        self._scorer = Scorer(entity, self._held)

    @classmethod
    def open(cls, context: Context, entity: str) -> "Matcher":
        """A matcher of an entity; copies what it needs from the bench and lets go of it."""
        return cls(context, context.entity(entity))

    def match(self, record: Mapping[str, str], *, limit: int = 10, name: str | None = None) -> Found:
        """The golden records a record may belong to, the best first.

        `record`: values by attribute, as a person types them. `name`: `source/stream:key`, where the record is one of a
        source: it is not matched with itself, nor with its fellows of a stream that never holds one thing twice.
        """
        with self._lock:
            self._refresh()
            mine = asked(self.entity, record, RecordName.parse(name) if name else None)
            scored, passed = self._scored(mine)
            candidates = self._candidates(mine, scored, limit) if scored.height else []
        fitted = self._held.model
        return Found(tuple(candidates), (*mine.notes, *passed), self._held.run, fitted.number if fitted else None)

    def pairs(self, record: Mapping[str, str], *, name: str | None = None) -> pl.DataFrame:
        """Every pair of a record, scored as a run scores: record_id, weight, rule; also those a run would not keep."""
        with self._lock:
            self._refresh()
            return self._scored(asked(self.entity, record, RecordName.parse(name) if name else None))[0].select(
                "record_id", "weight", "rule"
            )

    def close(self) -> None:
        """Let go of what it holds."""
        self._scorer.bench.close()

    def _refresh(self) -> None:
        if snapshot.published(self.context, self.entity) == self._held.run:
            return
        try:
            held = snapshot.taken(self.context, self.entity)
        except LockedError:
            # The next run is on the bench already: what is known will do until it has ended.
            return
        scorer = Scorer(self.entity, held)
        self.close()
        self._held, self._scorer = held, scorer

    def _scored(self, mine: Asked) -> tuple[pl.DataFrame, list[str]]:
        """The pairs of a record (record_id, weight, rule, and all that Splink says of them), and the keys passed over."""
        held = self._held
        own = held.row_of(mine.record_id)
        shared, hot = held.keys.sharing(self._scorer.keys(mine.compared), own)
        named = dict(blocking.rules(self.entity))
        notes = [f"{n} records share its {' + '.join(named[r])}: too many to be found by that alone" for r, n in hot.items()]
        shared = shared.with_columns(record_id=held.compared["record_id"].gather(shared["row"]))
        if mine.stream in held.distinct:
            fellows = held.streams.filter(pl.col("stream") == mine.stream)
            shared = shared.join(fellows, on="record_id", how="anti").sort("row")
        found = self._scorer.scored(mine.compared, shared["row"])
        return _weighed(found, shared.select("record_id", "rule"), mine.record_id), notes

    def _candidates(self, mine: Asked, scored: pl.DataFrame, limit: int) -> list[Candidate]:
        """The best pair with each golden record, and what a run would do."""
        with self.context.hub.read() as session:
            home = homes(session, self.entity, self._held, scored["record_id"])
            placed = scored.join(home, on="record_id", how="left", maintain_order="left")
            # A record that is not published yet stands for itself.
            one = pl.coalesce("golden_id", pl.col("record_id").cast(pl.String))
            best = placed.with_columns(one=one).unique("one", keep="first", maintain_order=True).head(limit)
            ids = best["golden_id"].drop_nulls()
            fate = fates(mine.record_id, around(session, self.entity, self._held, mine, placed, ids))
            written = decisions.names(session, best["record_id"])
        return [self._candidate(row, mine.record_id, fate, written) for row in best.iter_rows(named=True)]

    def _candidate(
        self, row: Mapping[str, Any], own: int, fate: Mapping[str, tuple[str, str]], written: Mapping[int, str]
    ) -> Candidate:
        does, because = fate.get(row["golden_id"], (NOTHING, "too unlike to be worth a question"))
        if row["golden_id"] is None:
            because = "its record is not published yet"
        # As it was asked: the record in question on the left.
        sides = ("l", "r") if row["record_id_l"] == own else ("r", "l")
        shown = bars(self.entity, self._held.model, row, sides) if self._held.model else []
        return Candidate(
            row["golden_id"], written.get(row["record_id"], str(row["record_id"])), round(row["weight"], 6),
            model.probability_of(row["weight"]), does, because, match.words(self.entity, row["rule"]), tuple(shown),
        )  # fmt: skip


def _weighed(found: pl.DataFrame, rules: pl.DataFrame, own: int) -> pl.DataFrame:
    """Scored pairs with the other record, the weight a run gives and the rule it gives it by, the heaviest first."""
    other = pl.when(pl.col("record_id_l") == own).then("record_id_r").otherwise("record_id_l")
    identified = pl.max_horizontal("calibrated", pl.lit(IDENTIFIER_WEIGHT))
    return (
        found.with_columns(record_id=other, weight=pl.when("joined").then(identified).otherwise("calibrated"))
        .drop_nulls("weight")
        .join(rules, on="record_id")
        .with_columns(rule=pl.when("joined").then(pl.lit(match.IDENTIFIER_RULE, pl.Int64)).otherwise("rule"))
        .sort(["weight", "record_id"], descending=[True, False])
    )
