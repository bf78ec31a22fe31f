"""Preparing records: the two forms of every value, and the rules it must pass. Pure.

The published form is for people; the compare form is for machines and is never published. Frames come in as text, one
column per attribute, and leave in the attribute's type.
"""

from collections.abc import Sequence
from datetime import date
from functools import lru_cache
from typing import Any

import pandera.errors
import pandera.polars as pa
import polars as pl
from pandera.backends.polars.checks import PolarsCheckBackend

from mdm import standard
from mdm.entity import Attribute, Entity, Hard, Key
from mdm.errors import DeclarationError
from mdm.standard import Standardiser

# So few records are worked on in one go: to hand over each column by itself, or in streams, would cost more than the work.
_FEW = 50
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
    plain = [_published(a, raw[a.name]).alias(a.name) for a in attributes]
    frame = raw.with_columns(plain)
    # Derived from the published form of the other attribute, so that both say the same.
    derived = [
        pl.coalesce(a.name, _form(a.derive[1], frame[a.derive[0]]).cast(DTYPES[a.type], strict=False)).alias(a.name)
        for a in attributes
        if a.derive is not None and frame.schema[a.derive[0]] == pl.String
    ]
    return frame.with_columns(derived) if derived else frame


def compared(record: pl.DataFrame, entity: Entity) -> pl.DataFrame:
    """The form machines compare: record_id, every attribute, every key."""
    forms = [(_form(a.compare_as, record[a.name]) if a.compare_as else pl.col(a.name)).alias(a.name) for a in entity.attributes]
    frame = record.select("record_id", *(a.name for a in entity.attributes)).with_columns(forms)
    return frame.with_columns(_key(k, frame) for k in entity.keys)


def failures(record: pl.DataFrame, entity: Entity) -> pl.DataFrame:
    """Every rule a record fails: record_id, attribute, rule, value, hard. Absent: it passed."""
    checks = {a.name: [c.check if isinstance(c, Hard) else c for c in a.checks] for a in entity.attributes}
    missing = [_missing(record, a.name) for a in entity.attributes if a.required and record[a.name].null_count()]
    # What is empty passes.
    held = [c for c in checks if checks[c] and record[c].null_count() < record.height]
    found = [_failures(record, column, checks[column], entity) for column in held]
    whole = [_row_failures(record, c) for c in entity.checks]
    parts = [p.select(list(_FAILURES)).cast(_FAILURES) for p in (*missing, *found, *whole) if p is not None]
    return pl.concat([pl.DataFrame(schema=_FAILURES), *parts])


def _form(standardiser: Standardiser, values: pl.Series) -> pl.Expr:
    """The standardised form of a column of a frame that has these values."""
    column = pl.col(values.name)
    if isinstance(values.dtype, pl.List) or values.len() > _FEW:
        return standardiser.on(column)
    if values.null_count() == values.len():
        return pl.lit(None, standardiser.dtype)
    return _expression(standardiser, values.name)


@lru_cache(maxsize=4_096)
def _expression(standardiser: Standardiser, column: str) -> pl.Expr:
    # Writing an expression down, its tables with it, costs more than working it out for one record.
    return standardiser.expr(pl.col(column).cast(pl.String, strict=False))


def _published(attribute: Attribute, values: pl.Series) -> pl.Expr:
    wanted = DTYPES[attribute.type]
    if values.dtype == wanted and values.dtype != pl.String:
        return pl.col(attribute.name)
    return _form(attribute.standardise or _USUAL[attribute.type], values).cast(wanted, strict=False)


def _key(key: Key, frame: pl.DataFrame) -> pl.Expr:
    held = [frame[n] for n in key.of]
    parts = [
        pl.col(c.name) if c.dtype == pl.String or isinstance(c.dtype, pl.List) else pl.col(c.name).cast(pl.String) for c in held
    ]
    if len(parts) == 1 and key.by is not None:
        return _form(key.by, held[0]).alias(key.name)
    whole = parts[0] if len(parts) == 1 else pl.concat_str(parts, separator=" ", ignore_nulls=False)
    if key.by is None:
        return whole.alias(key.name)
    return (key.by.expr(whole) if frame.height <= _FEW else key.by.on(whole)).alias(key.name)


def _missing(record: pl.DataFrame, column: str) -> pl.DataFrame:
    return record.filter(pl.col(column).is_null()).select(
        "record_id", attribute=pl.lit(column), rule=pl.lit("required"), value=pl.lit(None, pl.String), hard=pl.lit(True)
    )


def _failures(record: pl.DataFrame, column: str, checks: list, entity: Entity) -> pl.DataFrame | None:
    hard = [_rule(c.check) for c in entity.attribute(column).checks if isinstance(c, Hard)]
    # Once per distinct value: most values are shared.
    values = record[column].drop_nulls()
    distinct = (values if isinstance(values.dtype, pl.List) or values.len() == 1 else values.unique()).to_frame()
    cases = _cases(distinct, checks, column)
    if cases is None:
        return None
    distinct = distinct.rename({column: "value"})
    held = record.select("record_id", pl.col(column).alias("value")).filter(pl.col("value").is_not_null())
    rules = cases.with_columns(
        rule=pl.col("check_number").replace_strict(dict(enumerate(map(_rule, checks))), return_dtype=pl.String)
    )
    bad = rules.join(distinct.with_row_index("index"), on="index").select("value", "rule").unique()
    rows = held.join(bad, on="value")
    text = pl.col("value").list.join("; ") if isinstance(rows.schema["value"], pl.List) else pl.col("value").cast(pl.String)
    return rows.select("record_id", attribute=pl.lit(column), rule="rule", value=text, hard=pl.col("rule").is_in(hard))


def _row_failures(record: pl.DataFrame, check: Any) -> pl.DataFrame | None:
    rule = check.check if isinstance(check, Hard) else check
    cases = _cases(record, [rule])
    if cases is None:
        return None
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


def _cases(values: pl.DataFrame, checks: Sequence[Any], column: str | None = None) -> pl.DataFrame | None:
    """Which rows fail which check, of one column or of all: index, check_number; None: all pass."""
    quick = _few_cases(values, checks, column) if 0 < values.height <= _FEW else None
    if quick is not None:
        return quick if quick.height else None
    columns = {column: pa.Column(checks=list(checks), nullable=True)} if column else {}
    schema = pa.DataFrameSchema(columns, checks=[] if column else list(checks))
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


def _few_cases(values: pl.DataFrame, checks: Sequence[Any], column: str | None) -> pl.DataFrame | None:
    """The same for a few values, without a schema around the checks; None where only Pandera can tell."""
    try:
        told = [PolarsCheckBackend(check).apply(pa.PolarsData(values.lazy(), column or "*")) for check in checks]
        if any(c.raise_warning for c in checks) or not all(isinstance(t, pl.LazyFrame) for t in told):
            return None
        outcomes = [passed.collect(engine="in-memory") for passed in told]
    except Exception:  # Pandera says in words what is wrong with a check
        return None
    if any(outcome.height != values.height for outcome in outcomes):
        return None
    passed = [o.to_series().cast(pl.Boolean).fill_null(bool(c.ignore_na)) for c, o in zip(checks, outcomes, strict=True)]
    return pl.DataFrame(
        [(i, number) for number, each in enumerate(passed) for i in (~each).arg_true()],
        schema={"index": pl.UInt32, "check_number": pl.Int64}, orient="row",
    )  # fmt: skip
