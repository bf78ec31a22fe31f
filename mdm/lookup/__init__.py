"""Lookup: one record, as somebody types it, matched now against everything the last run left behind.

The same standardising, the same keys and the same weights as in a run, and nothing is written. It works on a copy, so that
it waits for no run and no run waits for it.
"""

from mdm.lookup.candidate import Candidate, Found
from mdm.lookup.matcher import Matcher

__all__ = ["Candidate", "Found", "Matcher"]
