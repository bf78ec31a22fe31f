"""Clusters under constraints, pure: no join that breaks a decision, a veto or an identifier.

The result is a function of the sets given: ties are broken by the records' own names.
"""

from mdm.constraint.partition import Clusters, clusters, components
from mdm.constraint.ruling import BRIDGE, LARGE, MERGED, TIED, Limits, Rulings

__all__ = ["BRIDGE", "LARGE", "MERGED", "TIED", "Clusters", "Limits", "Rulings", "clusters", "components"]
