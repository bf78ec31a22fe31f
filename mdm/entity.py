"""The declaration of an entity: the single source of its tables, rules, matching and labels.

A declaration is data. It reads nothing, writes nothing, and defends itself when built: what cannot work is refused by name.
"""

import difflib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from mdm import survivorship
from mdm.caution import USUAL, Caution
from mdm.errors import DeclarationError
from mdm.standard import Standardiser
from mdm.survivorship import Rule

TYPES = (str, int, float, bool, date, list)
LINKAGES = ("strongest", "average")
EXPOSURES = ("public", "business", "personal", "sensitive")
RESERVED_COLLECTIONS = {"xref", "history", "lineage", "link", "queue", "xref_history", "link_history"}
RESERVED_ENTITIES = {"retired", "retired_history", "change", "quality", "run"}
RESERVED_ATTRIBUTES = {
    "golden_id", "source_count", "created_at", "updated_at", "known_from", "known_to",
    "record_id", "source", "stream", "source_key", "from_run", "to_run", "run_id", "role",
    "winners", "sole", "digest", "founder", "created_run", "inactive", "seq", "source_time", "parent_id", "child_id", "ordinal",
    "stale", "cluster", "demoted", "name_rank",
}  # fmt: skip
_NAME = re.compile(r"[a-z][a-z0-9_]*\Z")


@dataclass(frozen=True)
class Identity:
    """What an identifier may do: equal and valid joins, different and both valid parts; what is `compatible` must not contradict."""

    joins: bool = True
    parts: bool = True
    compatible: tuple[str, ...] = ()


def with_compatible(*attributes: str, parts: bool = True) -> Identity:
    """An identifier that joins two records when these attributes are compatible as well."""
    return Identity(joins=True, parts=parts, compatible=attributes)


@dataclass(frozen=True)
class Hard:
    """A check whose failure quarantines the record."""

    check: Any


def hard(check: Any) -> Hard:
    """Make a Pandera check hard: a record that fails it is quarantined."""
    return Hard(check)


@dataclass(frozen=True)
class Attribute:
    """One published column of an entity, and everything the framework needs to know of it.

    `standardise` gives the form people read, `compare_as` (applied to that form) the form machines compare.
    `derive` is (another attribute, standardiser): the value taken from there when a source leaves this one empty.
    Attributes that name the same `group` survive together, from one source record; the first of them leads.
    """

    name: str
    about: str
    type: type = str
    standardise: Standardiser | None = None
    required: bool = False
    checks: Sequence[Any] = ()
    compare_as: Standardiser | None = None
    identifies: Identity | bool | None = None
    survive: Rule | None = None
    group: str | None = None
    derive: tuple[str, Standardiser] | None = None
    exposure: str = "business"
    label: str | None = None

    def __post_init__(self) -> None:
        _named("attribute", self.name, RESERVED_ATTRIBUTES)
        _chosen(f"attribute {self.name!r}: type", self.type, TYPES)
        _chosen(f"attribute {self.name!r}: exposure", self.exposure, EXPOSURES)
        if not self.about.strip():
            raise DeclarationError(f"attribute {self.name!r} has no `about`; say in a sentence what it holds")
        if self.identifies is True:
            object.__setattr__(self, "identifies", Identity())

    @property
    def identity(self) -> Identity | None:
        """The identifier's powers, or None for an ordinary attribute."""
        return self.identifies if isinstance(self.identifies, Identity) else None

    @property
    def rule(self) -> Rule:
        """The survivorship rule in force."""
        if self.survive is not None:
            return self.survive
        return survivorship.union if self.type is list else survivorship.by_role()


@dataclass(frozen=True)
class Collection:
    """Child rows of an entity (licences, addresses), pooled over its records and told apart by `key`."""

    name: str
    about: str
    key: tuple[str, ...]
    attributes: Sequence[Attribute]
    survive: Rule = survivorship.union

    def __post_init__(self) -> None:
        _named("collection", self.name, RESERVED_COLLECTIONS)
        object.__setattr__(self, "key", (self.key,) if isinstance(self.key, str) else tuple(self.key))
        _unique(f"collection {self.name!r}: attribute", [a.name for a in self.attributes])
        for column in self.key:
            _known(f"collection {self.name!r}: key", column, [a.name for a in self.attributes])


@dataclass(frozen=True)
class Link:
    """A relation to another golden record, dated and with a role."""

    name: str
    to: str
    about: str

    def __post_init__(self) -> None:
        _named("link", self.name, set())


@dataclass(frozen=True)
class Key:
    """A column that only machines see, made from attributes for blocking and comparing.

    Each attribute of `of` is taken in the form machines compare; `by` is applied to it (or to the parts, joined by a space).
    The elements of a `rare` key, a list, count the more the fewer records have them; `mdm.compare.alike` compares it.
    """

    name: str
    of: str | tuple[str, ...]
    by: Standardiser | None = None
    rare: bool = False

    def __post_init__(self) -> None:
        _named("key", self.name, RESERVED_ATTRIBUTES)
        object.__setattr__(self, "of", (self.of,) if isinstance(self.of, str) else tuple(self.of))


class Block(tuple[str, ...]):
    """A blocking rule: the columns that must agree, and how many records may share a key before it makes no pairs."""

    hot: int | None

    def __new__(cls, *columns: str, hot: int | None = None) -> "Block":
        made = super().__new__(cls, columns)
        made.hot = hot
        return made

    def __repr__(self) -> str:
        return f"Block({', '.join(map(repr, self))}{f', hot={self.hot}' if self.hot else ''})"


@dataclass(frozen=True)
class Veto:
    """Two records that both have this attribute or key, and differ in it, may not be joined by a machine."""

    column: str
    about: str = ""


@dataclass(frozen=True)
class Entity:
    """One kind of golden record.

    `comparisons` are Splink comparison creators over attributes (in the form machines compare) and keys; where the data cannot
    train a level, the m and u configured on it are used. `block` lists the rules that make candidate pairs, `train` the blocks on
    which expectation maximisation learns. `accept` and `review` are probabilities. `matches_per_record` is the prior where the
    data cannot tell: how many other records of the same thing a record is expected to have. A blocking key shared by more than
    `hot` records makes no pairs by itself. `fit` is how weights are learnt: on the `blocks` of `train`, or on all `candidates`
    that blocking finds, as a mixture of matches and others. `linkage`: two groups are one where their `strongest` pair reaches
    `accept`, or where the `average` of all pairs does: no chains. `caution`: what machines leave to stewards all the same.
    """

    name: str
    about: str
    prefix: str
    attributes: Sequence[Attribute]
    collections: Sequence[Collection] = ()
    links: Sequence[Link] = ()
    keys: Sequence[Key] = ()
    checks: Sequence[Any] = ()
    comparisons: Sequence[Any] = ()
    block: Sequence[Sequence[str]] = ()
    train: Sequence[Sequence[str]] = ()
    veto: Sequence[Veto | str] = ()
    accept: float = 0.99
    review: float = 0.60
    matches_per_record: float = 0.5
    hot: int = 500
    fit: str = "blocks"
    linkage: str = "strongest"
    caution: Caution = USUAL
    label: str | None = None
    _by_name: Mapping[str, Attribute] = field(init=False, repr=False, compare=False, default_factory=dict)

    def __post_init__(self) -> None:
        _named("entity", self.name, RESERVED_ENTITIES)
        _chosen(f"{self.name}: linkage", self.linkage, LINKAGES)
        if not re.fullmatch(r"[A-Z]{2,6}", self.prefix):
            raise DeclarationError(f"{self.name}: prefix {self.prefix!r} must be two to six capital letters")
        object.__setattr__(self, "veto", tuple(Veto(v) if isinstance(v, str) else v for v in self.veto))
        object.__setattr__(self, "_by_name", {a.name: a for a in self.attributes})
        self._defend()

    def attribute(self, name: str) -> Attribute:
        """The attribute of this name."""
        _known(f"{self.name}: attribute", name, list(self._by_name))
        return self._by_name[name]

    def collection(self, name: str) -> Collection:
        """The collection of this name."""
        _known(f"{self.name}: collection", name, [c.name for c in self.collections])
        return next(c for c in self.collections if c.name == name)

    @property
    def identifiers(self) -> list[Attribute]:
        """The attributes that may join or part records by themselves."""
        return [a for a in self.attributes if a.identity]

    @property
    def columns(self) -> list[str]:
        """Every column machines compare: attributes, then keys."""
        return [a.name for a in self.attributes] + [k.name for k in self.keys]

    @property
    def constrained(self) -> list[str]:
        """The columns in which members of one golden record may not differ: vetoes, and identifiers that part."""
        parting = [a.name for a in self.identifiers if a.identity and a.identity.parts]
        return list(dict.fromkeys([v.column for v in self.veto if isinstance(v, Veto)] + parting))

    def _defend(self) -> None:
        names = self.columns
        _chosen(f"{self.name}: fit", self.fit, ("blocks", "candidates"))
        _unique(f"{self.name}: attribute or key", names)
        _unique(f"{self.name}: collection or link", [c.name for c in self.collections] + [k.name for k in self.links])
        for link in self.links:
            if f"{link.name}_id" in names:
                raise DeclarationError(
                    f"{self.name}: link {link.name!r} needs the column '{link.name}_id', which is an attribute; rename one"
                )
        for where, rules in (("blocking rule", self.block), ("training block", self.train)):
            for rule in rules:
                if isinstance(rule, str):
                    raise DeclarationError(f"{self.name}: {where} {rule!r} is text; write a list of columns: [{rule!r}]")
                for column in rule:
                    _known(f"{self.name}: {where}", column, names)
        for name, column in ((k.name, c) for k in self.keys for c in k.of):
            _known(f"{self.name}: key {name!r}", column, names)
        for column in (v.column for v in self.veto if isinstance(v, Veto)):
            _known(f"{self.name}: veto", column, names)
        for attribute in self.attributes:
            for column in attribute.identity.compatible if attribute.identity else ():
                _known(f"{self.name}: {attribute.name!r} identifies with", column, names)
            if attribute.derive is not None:
                _known(f"{self.name}: {attribute.name!r} is derived from", attribute.derive[0], names)
        if not 0 < self.review <= self.accept <= 1:
            raise DeclarationError(f"{self.name}: review {self.review}, accept {self.accept}; keep 0 < review <= accept <= 1")
        if (self.comparisons or self.identifiers) and not self.block:
            raise DeclarationError(f"{self.name}: records can be compared but no blocking rule finds them; add block=[[...]]")


def _named(what: str, name: str, reserved: set[str]) -> None:
    if not _NAME.match(name):
        raise DeclarationError(f"{what} {name!r} must be lower case letters, digits and underscores, starting with a letter")
    if name in reserved:
        raise DeclarationError(f"{what} {name!r} is reserved for the framework; try {name + '_value'!r}")


def _chosen(what: str, value: object, allowed: Sequence[object]) -> None:
    if value not in allowed:
        names = ", ".join(getattr(a, "__name__", str(a)) for a in allowed)
        raise DeclarationError(f"{what} {value!r} is not one of: {names}")


def _unique(what: str, names: Sequence[str]) -> None:
    twice = sorted({n for n in names if list(names).count(n) > 1})
    if twice:
        raise DeclarationError(f"{what} {twice[0]!r} is declared twice; rename one")


def _known(what: str, name: str, names: Sequence[str]) -> None:
    if name not in names:
        near = difflib.get_close_matches(name, names, n=1)
        hint = f"did you mean {near[0]!r}?" if near else f"there are: {', '.join(names)}"
        raise DeclarationError(f"{what} names {name!r}, which does not exist; {hint}")
