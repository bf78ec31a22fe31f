"""Explanation: where each golden value comes from, and why two records are, or are not, one.

What was stored is told as stored; what can be computed again is computed from the hub alone, so that nothing waits for a
run and no run waits for this.
"""

from mdm.explain.flip import Flip
from mdm.explain.form import Form, Rule
from mdm.explain.pair import Explained, Step, two
from mdm.explain.value import One, Value, one
from mdm.explain.waterfall import Bar, waterfall

__all__ = ["Bar", "Explained", "Flip", "Form", "One", "Rule", "Step", "Value", "one", "two", "waterfall"]
