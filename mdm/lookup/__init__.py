"""Lookup: one record, as somebody types it, matched now against everything the last run left behind.

The same standardising, the same keys and the same weights as in a run, and nothing is written. It works on a copy: only
while that is taken does it stand in the way of a run.
"""

from mdm.lookup.candidate import Candidate, Found
from mdm.lookup.matcher import Matcher

__all__ = ["Candidate", "Found", "Matcher"]
