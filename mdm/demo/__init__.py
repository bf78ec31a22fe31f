"""The demo: a folder of invented sources with known truth, and what they deliver the day after."""

from mdm.demo.day import next_day
from mdm.demo.generate import generate

__all__ = ["generate", "next_day"]
