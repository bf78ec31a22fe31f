"""The demo: a folder of invented sources with known truth."""

from mdm.demo.generate import generate

__all__ = ["generate"]
