"""Export: golden records out of the hub, masked for whoever is to read them.

CSV for spreadsheets (a cell that a spreadsheet would take for a formula is made text), JSON lines and Parquet for programs.
A value that the reader may not see is replaced, never left out, so that hidden and missing stay apart.
"""

import io
from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl
import sqlalchemy as sa

from mdm import exposure
from mdm.entity import Attribute, Entity
from mdm.errors import NotFoundError, UsageError
from mdm.hub import Session, views

FORMATS = ("csv", "parquet", "jsonl")
PLAIN = ("xref", "link")
_XREF = ("source", "stream", "source_key")
_COLUMNS = {
    "xref": (*_XREF, "golden_id", "linked_at"),
    "link": (
        "golden_id",
        "link",
        "to_entity",
        "to_id",
        "role",
        "valid_from",
        "valid_to",
        "number",
        "study",
        "is_primary",
        *_XREF,
    ),
}
# What a spreadsheet takes for a formula; figures and telephone numbers, which also begin with + or -, do no harm.
_FORMULA = r"^[=+\-@\t\r]"
_HARMLESS = r"^[+\-]?[0-9 ().,\-]+$"


@dataclass(frozen=True)
class Reader:
    """For whom it is: a role, and whether the mask is lifted (with a reason, recorded by the caller)."""

    role: str = "viewer"
    unmasked: bool = False


def frame(session: Session, entity: Entity, relation: str | None = None, *, reader: Reader = Reader()) -> pl.DataFrame:
    """A published relation of an entity as its readers may see it: the golden records, a collection, `xref` or `link`."""
    columns, attributes = _columns(entity, relation)
    name = entity.name if relation is None else f"{entity.name}_{relation}"
    kinds = _kinds(session, entity, relation)
    text = views.name(name, session.hub.dialect)
    source = sa.text(f"select * from {text}").columns(*(sa.column(c, kinds.get(c, sa.Text())) for c in columns)).subquery()
    ordered = [source.c[c] for c in (("golden_id",) if "golden_id" in columns else ()) + (_XREF if "source" in columns else ())]
    rows = session.frame(sa.select(*(source.c[c] for c in columns)).order_by(*ordered))
    lists = [a.name for a in attributes if a.type is list]
    rows = rows.with_columns(pl.col(n).str.json_decode(pl.List(pl.String)) for n in lists)
    hidden = exposure.hidden(attributes, reader.role, unmasked=reader.unmasked)
    return rows.with_columns(pl.when(pl.col(n).is_not_null()).then(pl.lit(exposure.MASK)).alias(n) for n in hidden)


def written(rows: pl.DataFrame, form: str) -> bytes:
    """A frame in one of the formats."""
    if form not in FORMATS:
        raise UsageError(f"there is no format {form!r}; there are: {', '.join(FORMATS)}")
    buffer = io.BytesIO()
    if form == "csv":
        flat(rows).write_csv(buffer, date_format="%Y-%m-%d")
    elif form == "jsonl":
        rows.write_ndjson(buffer)
    else:
        rows.write_parquet(buffer)
    return buffer.getvalue()


def flat(rows: pl.DataFrame) -> pl.DataFrame:
    """A frame for a spreadsheet: lists joined, no cell that is a formula."""
    lists = [n for n, t in rows.schema.items() if isinstance(t, pl.List)]
    rows = rows.with_columns(pl.col(n).list.join("; ") for n in lists)
    return rows.with_columns(harmless(pl.col(n)).alias(n) for n, t in rows.schema.items() if t == pl.String)


def harmless(value: pl.Expr) -> pl.Expr:
    """Text that no spreadsheet executes."""
    risky = value.str.contains(_FORMULA) & ~value.str.contains(_HARMLESS)
    return pl.when(risky).then(pl.concat_str(pl.lit("'"), value)).otherwise(value)


def _kinds(session: Session, entity: Entity, relation: str | None) -> dict[str, sa.types.TypeEngine]:
    tables = session.hub.tables(entity.name)
    table = tables.golden if relation is None else tables.children.get(relation, tables.relation)
    return {c.name: c.type for c in table.columns}


def _columns(entity: Entity, relation: str | None) -> tuple[Sequence[str], Sequence[Attribute]]:
    if relation is None:
        names = [a.name for a in entity.attributes]
        links = [f"{link.name}_id" for link in entity.links]
        return ["golden_id", *names, *links, "source_count", "created_at", "updated_at"], entity.attributes
    if relation in PLAIN:
        return _COLUMNS[relation], ()
    collection = next((c for c in entity.collections if c.name == relation), None)
    if collection is None:
        there = ", ".join([*(c.name for c in entity.collections), *PLAIN])
        raise NotFoundError(f"{entity.name} has no relation {relation!r} to export; there are: {there}")
    return ["golden_id", *(a.name for a in collection.attributes), *_XREF], collection.attributes
