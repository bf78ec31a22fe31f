"""What a rule of survivorship is: an order over candidates that a lineage row can name."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from mdm.errors import DeclarationError


@dataclass(frozen=True)
class Weights:
    """How much a candidate weighs: trust in its role x decay with age x `failed` where a soft check failed, and extras.

    `roles`: trust per role, 0 to 1; other roles have `other`. Age is counted from the newest value in the contest, so that
    nothing changes by time passing alone; it halves trust every `half_life` days, down to `floor`; a value without a date is
    as old as can be. `agreement` is added once if all other records that say something say the same, `completeness` if the
    record fills every attribute; shares of them in between.
    """

    roles: tuple[tuple[str, float], ...] = ()
    other: float = 0.1
    half_life: float | None = None
    floor: float = 0.0
    failed: float = 0.5
    agreement: float = 0.0
    completeness: float = 0.0


@dataclass(frozen=True)
class Rule:
    """An order over candidates, readable in a lineage row.

    `text` is what lineage shows. `roles` ranks sources (unranked come last). `by` is the leading criterion:
    role, recency, length, agreement, size (`values` says largest or smallest), order (position in `values`), weight or union.
    """

    text: str
    by: str = "role"
    roles: tuple[str, ...] = ()
    values: tuple[str, ...] = ()
    weights: Weights | None = None

    def __str__(self) -> str:
        return self.text


def by_role(*roles: str) -> Rule:
    """The source whose role stands first wins; unranked roles come last, then the most recent."""
    return Rule(f"by role ({', '.join(roles)})" if roles else "most recent", roles=roles)


recent = Rule("most recent", by="recency")
longest = Rule("longest", by="length")
largest = Rule("largest", by="size", values=("largest",))
smallest = Rule("smallest", by="size", values=("smallest",))
most_frequent = Rule("most sources agree", by="agreement")
union = Rule("all values", by="union")


def most_restrictive(*values: str, roles: Sequence[str] = ()) -> Rule:
    """The value that stands first in this order wins: for storage, hazards and opt-outs."""
    return Rule(f"most restrictive ({', '.join(values)})", by="order", values=values, roles=tuple(roles))


def weighed(
    roles: Mapping[str, float], *, other: float = 0.1, half_life: float | None = None, floor: float = 0.0,
    failed: float = 0.5, agreement: float = 0.0, completeness: float = 0.0,
) -> Rule:  # fmt: skip
    """The value that weighs most wins; see `Weights` for what each part does.

    `weighed({"register": 1.0, "crm": 0.6}, half_life=730)` believes the register, unless the CRM's value is newer by more
    than a year and a half.
    """
    shares = {**{f"role {r!r}": w for r, w in roles.items()}, "other": other, "floor": floor, "failed": failed}
    for name, share in shares.items():
        if not 0 <= share <= 1:
            raise DeclarationError(f"weighed: {name} is {share}; give a number from 0 to 1")
    if half_life is not None and half_life <= 0:
        raise DeclarationError(f"weighed: half_life is {half_life}; give days, more than 0")
    if agreement < 0 or completeness < 0:
        raise DeclarationError("weighed: agreement and completeness are added; give 0 or more")
    weights = Weights(tuple(roles.items()), other, half_life, floor, failed, agreement, completeness)
    told = [", ".join(f"{r} {w:g}" for r, w in (*roles.items(), ("other", other)))]
    told += [f"half-life {half_life:g} days" + (f", floor {floor:g}" if floor else "")] if half_life else []
    told += [f"failed x {failed:g}"] if failed < 1 else []
    told += [f"{n} + {v:g}" for n, v in (("agreement", agreement), ("completeness", completeness)) if v]
    return Rule(f"by weight ({'; '.join(told)})", by="weight", weights=weights)
