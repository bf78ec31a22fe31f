"""The matching part of a declaration, written as code from what the columns look like. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from mdm.entity import Entity
from mdm.suggest.profile import Column

FOLDED = ("name", "code", "date", "number", "category", "phrase")
ACCEPT, REVIEW = 0.5, 0.4
_WIDE = 120
# Texts of more words are not compared letter by letter: it costs much and says little.
_LONG = 12
HEAD = '"""{about}"""\n\nfrom mdm import {names}\n\n'


@dataclass(frozen=True)
class Part:
    """One line of code and why it is there."""

    code: str
    why: str = ""

    def __str__(self) -> str:
        return f"{self.code},  # {self.why}" if self.why else f"{self.code},"


@dataclass(frozen=True)
class Plan:
    """What a suggestion is made of, before it becomes text."""

    columns: Sequence[Column]
    swapped: Mapping[str, str] = field(default_factory=dict)
    blocks: Sequence[tuple[tuple[str, ...], int | None, str]] = ()
    train: Sequence[tuple[tuple[str, ...], int | None, str]] = ()
    silent: frozenset[str] = frozenset()

    @property
    def texts(self) -> list[Column]:
        """The columns compared by their words."""
        return [c for c in self.columns if c.kind in ("phrase", "text")]


def keys(plan: Plan) -> list[tuple[str, str]]:
    """The keys a plan may use: name and code."""
    made: list[tuple[str, str]] = []
    for c in plan.columns:
        if c.kind in ("phrase", "text"):
            made.append(
                (f"{c.name}_words", f'Key("{c.name}_words", of="{c.name}", by=standard.prose.then(standard.words()), rare=True)')
            )
        if c.kind in ("phrase", "text") and c.words <= _LONG:
            made.append(
                (
                    f"{c.name}_letters",
                    f'Key("{c.name}_letters", of="{c.name}", by=standard.prose.then(standard.trigrams), rare=True)',
                )
            )
        if c.coded:
            made.append((f"{c.name}_codes", f'Key("{c.name}_codes", of="{c.name}", by=standard.codes_in)'))
        if c.numbered:
            made.append((f"{c.name}_numbers", f'Key("{c.name}_numbers", of="{c.name}", by=standard.numbers_in)'))
        if c.kind in ("name", "phrase", "date", "code"):
            made.append((f"{c.name}_start", f'Key("{c.name}_start", of="{c.name}", by=standard.prefix(4))'))
        if c.kind in ("date", "code"):
            made.append((f"{c.name}_end", f'Key("{c.name}_end", of="{c.name}", by=standard.suffix_of(4))'))
    return made


def comparisons(plan: Plan) -> list[tuple[str, str, str]]:
    """The comparisons of a plan: name, code, reason."""
    made = []
    for c in plan.columns:
        match c.kind:
            case "phrase" | "text":
                letters = f', "{c.name}_letters"' if c.words <= _LONG else ""
                made.append((c.name, f'compare.likeness("{c.name}", "{c.name}_words"{letters})', c.why))
                if c.coded:
                    made.append((f"{c.name}_codes", f'compare.shared("{c.name}_codes", "{c.name}_codes")', "codes in the text"))
                if c.numbered:
                    numbers = f'compare.shared("{c.name}_numbers", "{c.name}_numbers", same=True)'
                    made.append((f"{c.name}_numbers", numbers, "numbers in the text"))
            case "category":
                made.append((c.name, f'compare.same("{c.name}")', c.why))
            case "name":
                other = plan.swapped.get(c.name)
                made.append(
                    (c.name, f'compare.spelt("{c.name}"{f", swapped_with={other!r}" if other else ""})'.replace("'", '"'), c.why)
                )
            case _:
                slips = 1 if c.kind == "number" else 2
                made.append((c.name, f'compare.digits("{c.name}", slips={slips})', c.why))
    return [m for m in made if m[0] not in plan.silent]


def written(entity: Entity, plan: Plan) -> str:
    """A rules file for the entity: its attributes as they are, matched as the plan says."""
    used = {k for block, _, _ in (*plan.blocks, *plan.train) for k in block}
    compared = comparisons(plan)
    said = " ".join(code for _, code, _ in compared)
    kept = [code for name, code in keys(plan) if name in used or f'"{name}"' in said]
    kinds = {c.name: c.kind for c in plan.columns}
    names = ["Attribute", *(["Block"] if any(hot for _, hot, _ in (*plan.blocks, *plan.train)) else []), "Entity", *(["Key"] if kept else []),
             "compare", "standard"]  # fmt: skip
    body = [HEAD.format(about=entity.about, names=", ".join(names)), *_kept(entity), f"{entity.name} = Entity("]
    body += [
        f'    name="{entity.name}",',
        f"    about={_text(entity.about)},",
        f'    prefix="{entity.prefix}",',
        "    attributes=[",
    ]
    body += [f"        {_attribute(a, kinds.get(a.name))}," for a in entity.attributes]
    body += ["    ],", *_listed("keys", [Part(code) for code in kept])]
    body += _listed("comparisons", [Part(code, why) for _, code, why in compared])
    body += _listed("block", [Part(_block(block, hot), why) for block, hot, why in plan.blocks])
    body += _together("train", [_block(block, hot) for block, hot, _ in plan.train])
    body += ['    fit="candidates",', '    linkage="average",']
    body += [
        f"    # Half way: as many wrong joins as missed ones. Raise it to 0.99 for what nobody looks at.\n    accept={ACCEPT},"
    ]
    body += [f"    review={REVIEW},", ")", ""]
    return "\n".join(body)


def _kept(entity: Entity) -> list[str]:
    """A word of warning where the declaration already says more than names and types."""
    bare = not (entity.collections or entity.links or entity.checks) and all(
        a.standardise is None and a.identifies is None and not a.checks and not a.required for a in entity.attributes
    )
    told = (
        "# Take the keys, comparisons and blocks from here, and compare_as where it stands; the rest of your declaration stays."
    )
    return [] if bare else [told]


def _attribute(attribute, kind: str | None) -> str:
    form = "prose" if kind == "phrase" else "known"
    folded = f", compare_as=standard.{form}" if kind in FOLDED and attribute.type is str else ""
    kind_of = f", type={attribute.type.__name__}" if attribute.type is not str else ""
    return f'Attribute("{attribute.name}", {_text(attribute.about)}{kind_of}{folded})'


def _block(columns: Sequence[str], hot: int | None) -> str:
    names = ", ".join(f'"{c}"' for c in columns)
    return f"Block({names}, hot={hot})" if hot else f"[{names}]"


def _listed(name: str, parts: Sequence[Part]) -> list[str]:
    return [f"    {name}=[", *(f"        {part}" for part in parts), "    ],"] if parts else []


def _together(name: str, parts: Sequence[str]) -> list[str]:
    """A list of short things, as many to a line as fit."""
    lines: list[str] = []
    for part in parts:
        if lines and len(lines[-1]) + len(part) < _WIDE:
            lines[-1] += f" {part},"
        else:
            lines.append(f"        {part},")
    return [f"    {name}=[", *lines, "    ],"] if lines else []


def _text(value: str) -> str:
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
