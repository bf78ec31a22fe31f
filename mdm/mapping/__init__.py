"""The mapping language: from what sources say to the attributes of entities. Pure.

Everything works on whole frames; Python sees a value once per distinct value. What the language cannot place is
reported, never dropped.
"""

from mdm.mapping.record import Mapped, records
from mdm.mapping.target import Target, target

__all__ = ["Mapped", "Target", "records", "target"]
