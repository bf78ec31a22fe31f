"""Clusters under constraints, pure: no join that breaks a decision, a veto or an identifier.

The result is a function of the sets given: ties are broken by the records' own names.
"""

from mdm.constraint.partition import Clusters, clusters, components
from mdm.constraint.ruling import MERGED, Limits, Rulings

__all__ = ["MERGED", "Clusters", "Limits", "Rulings", "clusters", "components"]
