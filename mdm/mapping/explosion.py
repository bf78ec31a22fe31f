"""One record per element of a list: its key is the record's key, `|`, and the element's own."""

from dataclasses import dataclass, replace

import polars as pl

from mdm.digest import record_ids
from mdm.mapping.condition import accepted
from mdm.mapping.document import Documents
from mdm.mapping.key import joined
from mdm.mapping.text import elements, literal, texts
from mdm.settings import MapSettings

BASE = ("record_id", "parent_id", "source", "stream", "source_key", "seq", "source_time", "inactive")


@dataclass(frozen=True)
class Told:
    """The records a map reads (`base`, the columns of BASE) and, row for row, what they say.

    `filtered`: records, or elements, that `where` refused. `duplicates` and `unkeyed`: elements left out.
    """

    base: pl.DataFrame
    documents: Documents
    filtered: int = 0
    duplicates: int = 0
    unkeyed: int = 0

    def only(self, kept: pl.Series) -> "Told":
        """The rows where the mask is true."""
        return replace(self, base=self.base.filter(kept), documents=self.documents.filtered(kept))


def told(frame: pl.DataFrame, mapping: MapSettings) -> Told:
    """The records of a frame as a map sees them: exploded if it says so, and only those it wants."""
    base = frame.with_columns(
        pl.col("record_id").cast(pl.Int64),
        pl.lit(None, pl.Int64).alias("parent_id"),
        (pl.col("op") == "inactive").alias("inactive"),
    ).select(BASE)
    found = Told(base, Documents(literal(frame["payload"])))
    if mapping.explode is not None:
        found = _exploded(found, mapping.explode)
    kept = accepted(found.documents, mapping.where, found.base["inactive"])
    found = replace(found.only(kept), filtered=len(kept) - int(kept.sum()))
    return found if mapping.explode is None else _keyed(found, mapping.element_key)


def _exploded(whole: Told, explode: str) -> Told:
    rows = elements(whole.documents.payload, explode)
    around = rows["row"]
    base = whole.base[around].with_columns(pl.col("record_id").alias("parent_id"))
    return Told(base, Documents(whole.documents.payload, rows["element"], around))


def _keyed(found: Told, element_key: tuple[str, ...]) -> Told:
    assert found.documents.element is not None
    said = texts(found.documents.element, element_key)
    key = joined([said[field] for field in element_key])
    keyed = found.only(key.is_not_null())
    names = keyed.base.select("parent_id", key.drop_nulls().alias("key"))
    single = names.to_struct("name").is_first_distinct()
    base = keyed.base.with_columns(pl.concat_str("source_key", names["key"], separator="|").alias("source_key"))
    base = base.with_columns(record_ids(base).alias("record_id"))
    return replace(
        replace(keyed, base=base).only(single), duplicates=len(single) - int(single.sum()), unkeyed=len(key) - len(names)
    )
