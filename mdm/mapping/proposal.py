"""A first mapping to correct by hand: which field probably feeds which attribute, judged by names alone."""

import difflib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from mdm.entity import Entity

LIKELY = 0.72
_SUFFIX = re.compile(r"(_vod)?__(c|v|vr|sys|vs|pc)\b", re.IGNORECASE)
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
# What sources call the things that declarations name otherwise.
_SAME = {
    "first": "given", "forename": "given", "fname": "given", "last": "family", "surname": "family", "lname": "family",
    "mail": "email", "zip": "postcode", "zipcode": "postcode", "postal": "postcode", "telephone": "phone", "tel": "phone",
    "mobile": "phone", "dob": "birth", "born": "birth", "sex": "gender", "title": "prefix", "town": "city",
    "locality": "city", "license": "licence", "lic": "licence", "num": "number", "no": "number", "street": "line",
    "desc": "description", "mfr": "manufacturer", "maker": "manufacturer", "website": "web", "organisation": "name",
    "organization": "name", "facility": "name", "dosage": "dose", "credential": "credentials", "degree": "credentials",
}  # fmt: skip
_EMPTY = {"code", "value", "text", "field", "cd", "nm", "id", "the", "of"}


@dataclass(frozen=True)
class _Guess:
    score: float
    field: str
    goal: str


def proposed(fields: Sequence[str], entity: Entity, *, source: str = "SOURCE", stream: str = "STREAM") -> str:
    """A map from a stream's fields to an entity, as TOML to paste and correct."""
    guesses = sorted(_guesses(fields, entity), key=lambda g: (-g.score, fields.index(g.field), g.goal))
    placed: dict[str, str] = {}
    for guess in guesses:
        if guess.field not in placed and guess.goal not in placed.values():
            placed[guess.field] = guess.goal
    rest = [field for field in fields if field not in placed]
    open_goals = [a.name for a in entity.attributes if a.name not in placed.values()]
    lines = [
        "# Proposed from names alone: read every line before it runs.",
        f"[[sources.{_bare(source)}.streams.{_bare(stream)}.map]]",
        f"entity = {_quoted(entity.name)}",
        "",
        f"[sources.{_bare(source)}.streams.{_bare(stream)}.map.fields]",
        *(f"{_bare(field)} = {_quoted(placed[field])}" for field in fields if field in placed),
    ]
    lines += _comment("not fed by any field", open_goals)
    lines += _comment("not placed: map them, or name them in ignore", [_quoted(field) for field in rest])
    return "\n".join(lines) + "\n"


def _guesses(fields: Iterable[str], entity: Entity) -> Iterable[_Guess]:
    for field in fields:
        words, number = _words(field)
        for attribute in entity.attributes:
            yield from _likely(field, attribute.name, words, [_words(attribute.name)[0]])
        for collection in entity.collections:
            for inner in collection.attributes:
                goal = f"{collection.name}[{number or 1}].{inner.name}"
                yield from _likely(field, goal, words, [_words(f"{collection.name}_{inner.name}")[0]])


def _likely(field: str, goal: str, words: list[str], names: list[list[str]]) -> Iterable[_Guess]:
    score = max(_alike(words, name) for name in names)
    if score >= LIKELY:
        yield _Guess(score, field, goal)


def _alike(left: list[str], right: list[str]) -> float:
    if not left or not right:
        return 0.0
    shared = len(set(left) & set(right)) / len(set(left) | set(right))
    letters = difflib.SequenceMatcher(None, "".join(left), "".join(right)).ratio()
    return max(shared, letters)


def _words(name: str) -> tuple[list[str], int | None]:
    """The words of a name in the field's own vocabulary, and the number it ends in."""
    found = [word.lower() for word in _WORD.findall(_SUFFIX.sub("", name).rpartition(".")[2].replace("_", " "))]
    number = int(found[-1]) if found and found[-1].isdigit() and len(found) > 1 else None
    words = [_SAME.get(word, word) for word in found if not word.isdigit()]
    return [word for word in words if word not in _EMPTY] or words, number


def _comment(what: str, names: Sequence[str]) -> list[str]:
    return [f"# {what}: {', '.join(names)}"] if names else []


def _bare(key: str) -> str:
    return key if re.fullmatch(r"[A-Za-z0-9_-]+", key) else _quoted(key)


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
