"""Samples of automatic decisions: quality as a number that people can trust.

A machine's joins and refusals are drawn by lot, stewards say of each whether it is right, and precision and recall come back
with intervals. What the machine had decided is kept with the sample, so an answer that corrects it changes no estimate.
"""

from mdm.sample.draw import SIZE, Sample, drawn, latest
from mdm.sample.estimate import Figure
from mdm.sample.interval import CONFIDENCE, reviews_needed, wilson
from mdm.sample.listing import listing
from mdm.sample.plan import Plan, planned
from mdm.sample.report import Report, published, reported

__all__ = [
    "CONFIDENCE",
    "SIZE",
    "Figure",
    "Plan",
    "Report",
    "Sample",
    "drawn",
    "latest",
    "listing",
    "planned",
    "published",
    "reported",
    "reviews_needed",
    "wilson",
]
