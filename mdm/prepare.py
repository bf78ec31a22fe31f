"""Preparing records: the two forms of every value, and the rules it must pass. Pure.

The published form is for people; the compare form is for machines and is never published. Frames come in as text, one
column per attribute, and leave in the attribute's type.
"""

from collections.abc import Sequence
from datetime import date
from typing import Any

import pandera.errors
import pandera.polars as pa
import polars as pl

from mdm import standard
from mdm.entity import Attribute, Entity, Hard, Key
from mdm.errors import DeclarationError

DTYPES: dict[type, Any] = {
    str: pl.String,
    int: pl.Int64,
    float: pl.Float64,
    bool: pl.Boolean,
    date: pl.Date,
    list: pl.List(pl.String),
}
_FAILURES: Any = {"record_id": pl.Int64, "attribute": pl.String, "rule": pl.String, "value": pl.String, "hard": pl.Boolean}
_USUAL = {
    str: standard.text,
    float: standard.number,
    int: standard.number,
    bool: standard.boolean,
    date: standard.date,
    list: standard.split(";"),
}


def published(raw: pl.DataFrame, attributes: Sequence[Attribute]) -> pl.DataFrame:
    """The form people read: `raw` with every attribute standardised, typed and, where empty, derived."""
    plain = [_published(a, raw.schema[a.name]).alias(a.name) for a in attributes]
    frame = raw.with_columns(plain)
    # Derived from the published form of the other attribute, so that both say the same.
    derived = [
        pl.coalesce(a.name, a.derive[1].on(pl.col(a.derive[0])).cast(DTYPES[a.type], strict=False)).alias(a.name)
        for a in attributes
        if a.derive is not None and frame.schema[a.derive[0]] == pl.String
    ]
    return frame.with_columns(derived) if derived else frame


def compared(record: pl.DataFrame, entity: Entity) -> pl.DataFrame:
    """The form machines compare: record_id, every attribute, every key."""
    forms = [(a.compare_as.on(pl.col(a.name)) if a.compare_as else pl.col(a.name)).alias(a.name) for a in entity.attributes]
    frame = record.select("record_id", *forms)
    return frame.with_columns(_key(k, frame.schema) for k in entity.keys)


def failures(record: pl.DataFrame, entity: Entity) -> pl.DataFrame:
    """Every rule a record fails: record_id, attribute, rule, value, hard. Absent: it passed."""
    missing = [
        record.filter(pl.col(a.name).is_null()).select(
            "record_id", attribute=pl.lit(a.name), rule=pl.lit("required"), value=pl.lit(None, pl.String), hard=pl.lit(True)
        )
        for a in entity.attributes
        if a.required
    ]
    checks = {
        a.name: [c.check if isinstance(c, Hard) else c for c in a.checks] for a in entity.attributes if a.checks
    }  # fmt: skip
    found = [_failures(record, column, checks[column], entity) for column in checks]
    whole = [_row_failures(record, c) for c in entity.checks]
    parts = [pl.DataFrame(schema=_FAILURES), *missing, *found, *whole]
    return pl.concat([p.select(list(_FAILURES)).cast(_FAILURES) for p in parts])


def _published(attribute: Attribute, held: pl.DataType) -> pl.Expr:
    wanted = DTYPES[attribute.type]
    if held == wanted and held != pl.String:
        return pl.col(attribute.name)
    form = (attribute.standardise or _USUAL[attribute.type]).on(pl.col(attribute.name))
    return form.cast(wanted, strict=False)


def _key(key: Key, schema: pl.Schema) -> pl.Expr:
    parts = [pl.col(n) if schema[n] == pl.String or isinstance(schema[n], pl.List) else pl.col(n).cast(pl.String) for n in key.of]
    whole = parts[0] if len(parts) == 1 else pl.concat_str(parts, separator=" ", ignore_nulls=False)
    return (key.by.on(whole) if key.by else whole).alias(key.name)


def _failures(record: pl.DataFrame, column: str, checks: list, entity: Entity) -> pl.DataFrame:
    hard = [_rule(c.check) for c in entity.attribute(column).checks if isinstance(c, Hard)]
    schema = pa.DataFrameSchema({column: pa.Column(checks=checks, nullable=True)})
    # Once per distinct value: most values are shared, and what is empty passes.
    held = record.select("record_id", pl.col(column).alias("value")).filter(pl.col("value").is_not_null())
    distinct = held.select("value").unique() if not isinstance(held.schema["value"], pl.List) else held.select("value")
    cases = _cases(schema, distinct.rename({"value": column})) if distinct.height else None
    if cases is None:
        return pl.DataFrame(schema=_FAILURES)
    rules = cases.with_columns(
        rule=pl.col("check_number").replace_strict(dict(enumerate(map(_rule, checks))), return_dtype=pl.String)
    )
    bad = rules.join(distinct.with_row_index("index"), on="index").select("value", "rule").unique()
    rows = held.join(bad, on="value")
    text = pl.col("value").list.join("; ") if isinstance(rows.schema["value"], pl.List) else pl.col("value").cast(pl.String)
    return rows.select("record_id", attribute=pl.lit(column), rule="rule", value=text, hard=pl.col("rule").is_in(hard))


def _row_failures(record: pl.DataFrame, check: Any) -> pl.DataFrame:
    rule = check.check if isinstance(check, Hard) else check
    cases = _cases(pa.DataFrameSchema({}, checks=[rule]), record)
    if cases is None:
        return pl.DataFrame(schema=_FAILURES)
    rows = record.select("record_id").with_row_index("index")
    return (
        cases.select("index")
        .unique()
        .join(rows, on="index")
        .select(
            "record_id",
            attribute=pl.lit(""),
            rule=pl.lit(_rule(rule)),
            value=pl.lit(None, pl.String),
            hard=pl.lit(isinstance(check, Hard)),
        )
    )


def _rule(check: Any) -> str:
    """What a check is called: its error, in the words of whoever wrote it."""
    return check.error or str(check)


def _cases(schema: pa.DataFrameSchema, values: pl.DataFrame) -> pl.DataFrame | None:
    try:
        schema.validate(values, lazy=True)
    except pandera.errors.SchemaErrors as error:
        cases = error.failure_cases
        broken = cases.filter(pl.col("index").is_null())
        if broken.height:
            # What cannot be checked has not passed.
            column, check, why = broken.select("column", "check", "failure_case").row(0)
            raise DeclarationError(
                f"{column or 'records'}: the check {check!r} cannot be applied: {why}; correct it in the rules"
            ) from None
        return cases.select(pl.col("index").cast(pl.UInt32), "check_number")
    return None
