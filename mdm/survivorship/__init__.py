"""Survivorship: rules that choose among the values that source records offer, pure and set-based.

A rule is an order over candidates; the first candidate with a value wins. Every order ends in recency and then in the
record's own name, so that equal inputs give equal outputs whatever their order. A value always comes from a member.
"""

from mdm.survivorship.contest import Candidate, contest
from mdm.survivorship.order import filled, fullest_first, rank_of_role, winners
from mdm.survivorship.rule import (
    Rule,
    by_role,
    largest,
    longest,
    most_frequent,
    most_restrictive,
    recent,
    smallest,
    union,
    weighed,
)

__all__ = [
    "Candidate", "Rule", "by_role", "contest", "filled", "fullest_first", "largest", "longest", "most_frequent", "most_restrictive", "rank_of_role", "recent",
    "smallest", "union", "weighed", "winners",
]  # fmt: skip
