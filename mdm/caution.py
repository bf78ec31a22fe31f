"""Caution: what machines leave to stewards although the evidence would let them join."""

from dataclasses import dataclass

from mdm.errors import DeclarationError

# An identifier that joins is worth at least this many bits; only another one outweighs it.
IDENTIFIER_WEIGHT = 40.0


@dataclass(frozen=True)
class Caution:
    """What a machine does not do although the evidence would let it; None: no such limit.

    `largest`: how many records it makes one. `bridge`: two groups of at least so many records are not joined by one pair
    alone, unless an identifier joins that pair. `margin`, in bits: a record that fits two which may not be one, and the
    one no better than the other by more than this, is joined to neither.
    """

    largest: int | None = 50
    bridge: int | None = 3
    margin: float | None = 2.0

    def __post_init__(self) -> None:
        for name, least in (("largest", 2), ("bridge", 2), ("margin", 0)):
            limit = getattr(self, name)
            if limit is not None and not limit >= least:
                raise DeclarationError(f"caution: {name} {limit} is less than {least}; give more, or None for no limit")


USUAL = Caution()
NONE = Caution(None, None, None)
