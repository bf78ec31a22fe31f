"""The words that views are made of: relations as data, and the few expressions in which the two dialects differ."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Protocol

from mdm.entity import Attribute

# An older SQLite takes at most a hundred arguments in a call: fifty names with their values.
_PAIRS = 50
# Beyond this weight a probability would be 0 or 1 to the last digit, and nothing is that certain.
_CERTAIN = 50


@dataclass(frozen=True)
class Column:
    """One published column: its name, what it holds, and the expression it is taken from."""

    name: str
    about: str
    sql: str


@dataclass(frozen=True)
class Relation:
    """One published relation; `body` is everything from `from` on."""

    name: str
    about: str
    columns: Sequence[Column]
    body: str

    @property
    def select(self) -> str:
        """The query that a view of this relation holds."""
        columns = ",\n    ".join(f"{c.sql} as {quoted(c.name)}" for c in self.columns)
        return f"select\n    {columns}\n{self.body}"


def quoted(name: str) -> str:
    """A name as SQL writes it."""
    return f'"{name}"'


def literal(text: str) -> str:
    """A text as SQL writes it."""
    return "'" + text.replace("'", "''") + "'"


def of(row: str, name: str) -> str:
    """A column of a row."""
    return f"{row}.{quoted(name)}"


class Words(Protocol):
    """What a dialect has its own way to say."""

    def view(self, relation: str) -> str:
        """The name readers use."""

    def number(self, document: str, key: str) -> str:
        """A whole number out of a JSON text."""

    def document(self, row: str, attributes: Sequence[Attribute], others: Sequence[str]) -> str:
        """A row as one JSON object."""

    def unfolded(self, golden: str, visible: str, attributes: Sequence[Attribute]) -> str:
        """Golden rows `g` as one row per value: golden_id, from_run, attribute, value (text), winner (a number or null)."""

    def likely(self, question: str) -> str:
        """The rows of a question table with `probability`, which is 1 / (1 + 2^-weight)."""


class Sqlite:
    """How SQLite says it."""

    def view(self, relation: str) -> str:
        """The name readers use."""
        return quoted(f"golden_{relation}")

    def number(self, document: str, key: str) -> str:
        """A whole number out of a JSON text."""
        return f"json_extract({document}, '$.{key}')"

    def document(self, row: str, attributes: Sequence[Attribute], others: Sequence[str]) -> str:
        """A row as one JSON object."""
        pairs = [(a.name, self._json(a, of(row, a.name))) for a in attributes]
        return self._object([*pairs, *((name, of(row, name)) for name in others)])

    def unfolded(self, golden: str, visible: str, attributes: Sequence[Attribute]) -> str:
        """Golden rows as one row per value."""
        values = self._object([(a.name, self._shown(a, of("g", a.name))) for a in attributes])
        return f"""select g.golden_id, g.from_run, v.key as attribute, v.value as value,
        coalesce(json_extract(g.winners, '$.' || v.key), g.sole) as winner
    from {golden}
    cross join json_each({values}) v
    where {visible} and v.value is not null"""

    def likely(self, question: str) -> str:
        """The rows of a question table with their probability."""
        # Spelled out: a reader's SQLite may lack the mathematical functions. 2^x is 2^whole, a shift, times e^rest, a series.
        size = f"min(abs(weight), {_CERTAIN})"
        whole = f"cast({size} as integer)"
        power = "1.0"
        for n in range(14, 0, -1):
            power = f"(1.0 + rest / {n} * {power})"
        return f"""select *, case when weight >= 0 then odds / (1 + odds) else 1 / (1 + odds) end as probability
    from (select *, (1 << whole) * {power} as odds
    from (select *, {whole} as whole, ({size} - {whole}) * 0.6931471805599453 as rest from {question}))"""

    def _shown(self, attribute: Attribute, column: str) -> str:
        if attribute.type is bool:
            return f"case {column} when 1 then 'true' when 0 then 'false' end"
        if attribute.type is float:
            # As PostgreSQL writes it: 2, not 2.0.
            return f"case when {column} is not null then printf('%.15g', {column}) end"
        return f"cast({column} as text)"

    def _json(self, attribute: Attribute, column: str) -> str:
        if attribute.type is bool:
            return f"json({self._shown(attribute, column)})"
        return f"json({column})" if attribute.type is list else column

    def _object(self, pairs: Sequence[tuple[str, str]]) -> str:
        parts = [pairs[i : i + _PAIRS] for i in range(0, len(pairs), _PAIRS)]
        objects = ["json_object(" + ", ".join(f"{literal(k)}, {v}" for k, v in part) + ")" for part in parts]
        if len(objects) == 1:
            return objects[0]
        inner = " || ',' || ".join(f"substr({o}, 2, length({o}) - 2)" for o in objects)
        return f"json('{{' || {inner} || '}}')"


class Postgresql:
    """How PostgreSQL says it."""

    def view(self, relation: str) -> str:
        """The name readers use."""
        return f"golden.{quoted(relation)}"

    def number(self, document: str, key: str) -> str:
        """A whole number out of a JSON text."""
        return f"(({document})::json ->> '{key}')::bigint"

    def document(self, row: str, attributes: Sequence[Attribute], others: Sequence[str]) -> str:
        """A row as one JSON object."""
        values = [f"{of(row, a.name)}{'::jsonb' if a.type is list else ''} as {quoted(a.name)}" for a in attributes]
        values += [f"{of(row, name)} as {quoted(name)}" for name in others]
        return f"(select to_jsonb(o) from (select {', '.join(values)}) o)"

    def unfolded(self, golden: str, visible: str, attributes: Sequence[Attribute]) -> str:
        """Golden rows as one row per value."""
        values = ", ".join(f"({literal(a.name)}, {self._shown(a, of('g', a.name))})" for a in attributes)
        # `offset 0` keeps the planner from reading the document once for each attribute.
        return f"""select g.golden_id, g.from_run, v.attribute, v.value,
        coalesce((w.winners ->> v.attribute)::bigint, g.sole) as winner
    from {golden}
    cross join lateral (select g.winners::jsonb as winners offset 0) w
    cross join lateral (values {values}) v (attribute, value)
    where {visible} and v.value is not null"""

    def likely(self, question: str) -> str:
        """The rows of a question table with their probability."""
        bounded = f"greatest(-{_CERTAIN}, least({_CERTAIN}, weight))"
        return f"select *, 1 / (1 + power(2::float8, -{bounded})) as probability from {question}"

    def _shown(self, attribute: Attribute, column: str) -> str:
        return f"to_char({column}, 'YYYY-MM-DD')" if attribute.type is date else f"({column})::text"


WORDS: dict[str, Words] = {"sqlite": Sqlite(), "postgresql": Postgresql()}
