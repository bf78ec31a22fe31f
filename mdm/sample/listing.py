"""The list to review: the pairs of a sample that wait for an answer, with what both records say, as their reader may see it.

Its columns are those of `mdm decide --file`, and two for each attribute that any of the records has. Nothing in it tells what the machine decided.
"""

import polars as pl

from mdm import decisions, exposure
from mdm.context import Context
from mdm.entity import Entity
from mdm.explain import record
from mdm.sample.draw import Sample

_ROLE = "steward"
# How a record is written; no attribute can be called so.
_NAME = "source/stream:key"


def listing(context: Context, sample: Sample, pairs: pl.DataFrame) -> pl.DataFrame:
    """a, b, verdict (empty), reason, then `ATTRIBUTE a` and `ATTRIBUTE b`. `pairs`: see `answer.answered`."""
    waiting = pairs.filter(pl.col("verdict").is_null()).sort("ordinal")
    ends = pl.concat([waiting["a"], waiting["b"]]).unique()
    said = _said(context, context.entity(sample.entity), ends)
    rows = waiting.select("ordinal", _A="a", _B="b")
    for side in ("a", "b"):
        mine = said.rename({n: f"{n} {side}" for n in said.columns if n != "record_id"})
        rows = rows.join(mine, left_on=f"_{side.upper()}", right_on="record_id", how="left", maintain_order="left")
    told = {"a": f"{_NAME} a", "b": f"{_NAME} b"}
    held = [n for n in said.columns if n not in ("record_id", _NAME) and said[n].null_count() < said.height]
    return rows.select(
        **{side: pl.col(column) for side, column in told.items()}, verdict=pl.lit(""), reason=pl.lit(f"audit sample {sample.number}"),
        **{f"{n} {side}": pl.col(f"{n} {side}") for n in held for side in ("a", "b")},
    )  # fmt: skip


def _said(context: Context, entity: Entity, records: pl.Series) -> pl.DataFrame:
    """What records say, in the form people read, as text; hidden values masked: record_id, how it is written, attributes."""
    with context.hub.read() as session:
        written = decisions.names(session, records)
    schema = {"record_id": pl.Int64, _NAME: pl.String}
    names = pl.DataFrame({"record_id": list(written), _NAME: list(written.values())}, schema=schema)
    found = record.published(context, entity, records)
    hidden = set(exposure.hidden(entity.attributes, _ROLE))
    texts = [_text(a.name, found.schema[a.name], masked=a.name in hidden) for a in entity.attributes]
    return names.join(found.select("record_id", *texts), on="record_id", how="left")


def _text(name: str, kind: pl.DataType, *, masked: bool) -> pl.Expr:
    value = pl.col(name).list.join("; ") if isinstance(kind, pl.List) else pl.col(name).cast(pl.String)
    return (pl.when(value.is_not_null()).then(pl.lit(exposure.MASK)) if masked else value).alias(name)
