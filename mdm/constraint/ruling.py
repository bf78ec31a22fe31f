"""What binds machines: what people and sources said of sets of records, and what an entity declares."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from mdm.caution import NONE, Caution

# How the reasons begin: a merge at the source that is refused, a group that grew too large, two groups that one pair alone
# holds together, and a record that fits two equally well.
MERGED = "merged at the source"
LARGE = "too large a group"
BRIDGE = "one link holds two groups together"
TIED = "fits two equally"


@dataclass(frozen=True)
class Rulings:
    """What people and sources said, as sets of records.

    `together`: each set is in one golden record, whatever machines think. `adopted`: sets that were one golden record in
    another hub, and `merged`: pairs a source declared to be one; both yield only to `apart`. `apart`: pairs of sets of
    which no golden record may hold a member of each.
    """

    together: Sequence[frozenset[int]] = ()
    merged: Sequence[tuple[int, int]] = ()
    apart: Sequence[tuple[frozenset[int], frozenset[int]]] = ()
    adopted: Sequence[frozenset[int]] = ()

    @property
    def joining(self) -> Iterator[tuple[int, int]]:
        """Pairs that connect whatever a ruling may join."""
        yield from ((min(s), r) for s in (*self.together, *self.adopted) for r in s if r != min(s))
        yield from self.merged

    def within(self, known: set[int]) -> "Rulings":
        """The rulings as far as their records are known."""
        return Rulings(
            together=[s & known for s in self.together if len(s & known) > 1],
            merged=[p for p in self.merged if p[0] in known and p[1] in known],
            apart=[(a & known, b & known) for a, b in self.apart if a & known and b & known],
            adopted=[s & known for s in self.adopted if len(s & known) > 1],
        )


@dataclass(frozen=True)
class Limits:
    """What an entity lets machines join.

    `alike`: columns in which two members of one cluster may not differ (null differs from nothing). `distinct`: columns in
    which no two may have the same value (null is no value). `linkage`: whether the strongest pair between two clusters
    joins them, or the average of all. `accept`: the weight, in bits, that joins; `sure`: the weight of an identifier.
    """

    alike: Sequence[str] = ()
    distinct: Sequence[str] = ()
    linkage: str = "strongest"
    accept: float = -math.inf
    sure: float = math.inf
    caution: Caution = NONE
