"""Answers: what stewards decided of the pairs of a sample since it was drawn.

An answer is an ordinary decision whose two sides hold the two records of a pair. It stays an answer when a later run has
applied it; a withdrawn one is none.
"""

import polars as pl

from mdm import decisions
from mdm.hub import Session
from mdm.sample.draw import Sample
from mdm.sample.population import named
from mdm.tables import OPEN


def answered(session: Session, sample: Sample) -> pl.DataFrame:
    """The pairs of a sample with `verdict` (null: no answer yet); of several answers the last one counts."""
    given, said = decisions.live(session, sample.entity, OPEN)
    since = decisions.listed(session, sample.entity).filter(pl.col("event_seq") > sample.event_seq)
    fresh = given.join(since, on="number", how="semi")
    mine = said.join(fresh, on="number", how="semi")
    ends = pl.concat([sample.pairs["a"], sample.pairs["b"]]).unique()
    last = named(fresh, mine.filter(pl.col("record_id").is_in(ends.implode()))).sort("number").unique(["a", "b"], keep="last")
    return sample.pairs.join(last.select("a", "b", "verdict"), on=["a", "b"], how="left").sort("ordinal")
