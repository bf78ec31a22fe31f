"""Blocking: which records are worth comparing. Records that share a key of a rule make a pair; all others never meet.

Everything here is SQL over one entity's bench, and counts the whole base: what a key makes does not depend on which of
its records changed. What the rules will make is counted before they make it.
"""

from mdm.blocking.advice import Advice, advice
from mdm.blocking.forecast import Cost, Forecast, forecast, limit, remember
from mdm.blocking.lost import Lost, Recall, lost
from mdm.blocking.pair import candidates, cold_keys, made, reopen
from mdm.blocking.refusal import allow, allow_training
from mdm.blocking.rule import blocks, bound, hot_keys, hot_names, key_sql, rules
from mdm.blocking.sample import fresh
from mdm.blocking.touched import Touched, keep, touched

__all__ = [
    "Advice", "Cost", "Forecast", "Lost", "Recall", "Touched", "advice", "allow", "allow_training", "blocks", "bound", "candidates",
    "cold_keys", "forecast", "fresh", "hot_keys", "hot_names", "keep", "key_sql", "limit", "lost", "made", "remember", "reopen", "rules",
    "touched",
]  # fmt: skip
