"""The mapping language: from what sources say to the attributes of entities. Pure.

Everything works on whole frames; Python sees a value once per distinct value. What the language cannot place is
reported, never dropped.
"""

from mdm.mapping.drift import Drift, drift, require
from mdm.mapping.fingerprint import fingerprint
from mdm.mapping.judge import judged
from mdm.mapping.proposal import proposed
from mdm.mapping.record import Mapped, records
from mdm.mapping.target import Target, target
from mdm.mapping.validation import validated

__all__ = ["Drift", "Mapped", "Target", "drift", "fingerprint", "judged", "proposed", "records", "require", "target", "validated"]
