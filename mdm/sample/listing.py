"""The list to review: the pairs of a sample that wait for an answer, with what both records say, as their reader may see it.

Its columns are those of `mdm decide --file` and two per attribute. Nothing in it tells what the machine decided.
"""

import polars as pl

from mdm import decisions, exposure
from mdm.context import Context
from mdm.entity import Entity
from mdm.explain import record
from mdm.sample.draw import Sample

_ROLE = "steward"


def listing(context: Context, sample: Sample, pairs: pl.DataFrame) -> pl.DataFrame:
    """a, b, verdict (empty), reason, then `ATTRIBUTE a` and `ATTRIBUTE b`; `pairs`: see `answer.answered`."""
    entity = context.entity(sample.entity)
    waiting = pairs.filter(pl.col("verdict").is_null()).sort("ordinal")
    ends = pl.concat([waiting["a"], waiting["b"]]).unique()
    with context.hub.read() as session:
        written = decisions.names(session, ends)
    values = said(context, entity, ends)
    names = pl.DataFrame(
        {"record_id": list(written), "written": list(written.values())}, schema={"record_id": pl.Int64, "written": pl.String}
    )
    rows = waiting.select("ordinal", "a", "b")
    for side in ("a", "b"):
        mine = names.join(values, on="record_id", how="left").rename(
            {n: f"{n} {side}" for n in values.columns if n != "record_id"}
        )
        rows = rows.join(mine.rename({"record_id": side, "written": f"record {side}"}), on=side, how="left")
    told = {
        "a": pl.col("record a"),
        "b": pl.col("record b"),
        "verdict": pl.lit(""),
        "reason": pl.lit(f"audit sample {sample.number}"),
    }
    sides = [f"{a.name} {side}" for a in entity.attributes for side in ("a", "b")]
    return rows.sort("ordinal").select(**told, **{n: pl.col(n) for n in sides})


def said(context: Context, entity: Entity, records: pl.Series) -> pl.DataFrame:
    """What records say, in the form people read, as text: record_id and every attribute; hidden values masked."""
    found = record.published(context, entity, records)
    hidden = set(exposure.hidden(entity.attributes, _ROLE))
    return found.select("record_id", *(_text(a.name, found.schema[a.name], masked=a.name in hidden) for a in entity.attributes))


def _text(name: str, kind: pl.DataType, *, masked: bool) -> pl.Expr:
    value = pl.col(name).list.join("; ") if isinstance(kind, pl.List) else pl.col(name).cast(pl.String)
    return (pl.when(value.is_not_null()).then(pl.lit(exposure.MASK)) if masked else value).alias(name)
