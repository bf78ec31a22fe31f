"""The demo: a folder of invented sources with known truth, and what they deliver the day after."""

from mdm.demo.day import next_day
from mdm.demo.generate import generate
from mdm.demo.negative import Negative, hard_negatives
from mdm.demo.notable import Pair, worth_a_look

__all__ = ["Negative", "Pair", "generate", "hard_negatives", "next_day", "worth_a_look"]
