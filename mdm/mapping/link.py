"""Links to other records: whom a record names, in which role, since when.

Role, number, study and dates may be constants or names of fields: where a record has a field of that name, the field.
"""

import re

import polars as pl

from mdm.digest import record_ids
from mdm.mapping.document import Documents, Said
from mdm.mapping.key import joined
from mdm.settings import LinkSettings, MapSettings

TOLD = ("role", "number", "study", "valid_from", "valid_to")
LINK = {
    "record_id": pl.Int64,
    "child_id": pl.Int64,
    "link": pl.String,
    "to_source": pl.String,
    "to_stream": pl.String,
    "to_key": pl.String,
    "to_record_id": pl.Int64,
    **dict.fromkeys(TOLD, pl.String),
}
_DATES = ("valid_from", "valid_to")
_DATE = re.compile(r"\d{4}")


def fields(mapping: MapSettings) -> list[str]:
    """The fields that links may look at, names of constants among them."""
    return [f for link in mapping.links for f in (*link.key, *(getattr(link, t) for t in TOLD)) if f]


def links(owner: pl.Series, teller: pl.Series, mapping: MapSettings, said: Said, documents: Documents) -> pl.DataFrame:
    """The links of the records a map reads; `owner` is the record each row belongs to, `teller` the one that says it."""
    has = documents.present(getattr(link, t) for link in mapping.links for t in TOLD if getattr(link, t))
    found = [_link(owner, teller, link, said, has) for link in mapping.links]
    return pl.concat([pl.DataFrame(schema=LINK), *found])


def _link(owner: pl.Series, teller: pl.Series, link: LinkSettings, said: Said, has: Said) -> pl.DataFrame:
    frame = pl.DataFrame(
        {
            "record_id": owner,
            "child_id": teller,
            "source_key": joined([said[field] for field in link.key]),
            **{t: _told(t, getattr(link, t), said, has, len(owner)) for t in TOLD},
        }
    ).drop_nulls("source_key")
    ids = record_ids(frame, link.to_source, link.to_stream)
    return frame.select(
        "record_id",
        "child_id",
        pl.lit(link.link).alias("link"),
        pl.lit(link.to_source).alias("to_source"),
        pl.lit(link.to_stream).alias("to_stream"),
        pl.col("source_key").alias("to_key"),
        ids.alias("to_record_id"),
        *TOLD,
    )


def _told(what: str, text: str, said: Said, has: Said, height: int) -> pl.Series:
    if not text:
        return pl.repeat(None, height, dtype=pl.String, eager=True)
    # A date that is not written as one can only be the name of a field, also where a record lacks it.
    if what in _DATES and not _DATE.match(text):
        return said[text]
    return said[text].zip_with(has[text], pl.repeat(text, height, dtype=pl.String, eager=True))
