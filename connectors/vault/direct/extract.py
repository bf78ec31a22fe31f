"""One extract's tables as records."""

import difflib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import IO

import polars as pl

from connectors.vault.direct.table import batches
from connectors.vault.merge import merged
from mdm.connector import RECORDS, Message, Options, Records, StreamRequest, keyed
from mdm.errors import DriftError

KEYS = {
    "Picklist.picklist__sys": ("object", "object_field", "picklist_value_name"),
    "Metadata.metadata": ("extract", "column_name"),
}


def extract_of(name: str) -> str:
    """The extract that is meant: an object's where no folder is named."""
    return name if "." in name else f"Object.{name}"


@dataclass
class Extract:
    """What is read of one extract; `winners` tells which deletions were merges."""

    request: StreamRequest
    options: Options
    winners: Mapping[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The extract, with its folder."""
        return extract_of(self.options["object"] or self.request.stream)

    @property
    def key(self) -> tuple[str, ...]:
        """The fields that make a record's key."""
        return self.request.key or KEYS.get(self.name, ("id",))

    def pages(self, file: IO[bytes], where: str, *, after: int) -> Iterator["Page"]:
        """The records after this many."""
        seen = 0
        for batch in batches(file, where):
            for frame in batch.iter_slices(self.options["page_rows"]):
                first, seen = seen, seen + frame.height
                if seen > after:
                    skipped = max(0, after - first)
                    yield Page(self, frame.slice(skipped), where, first + skipped)

    def merged(self) -> Iterator[Message]:
        """The merges that are known, each once more: whatever else was said of the losers, they were merged."""
        if self.winners:
            yield merged(self.winners, self.name)


@dataclass(frozen=True)
class Page:
    """Some records of a table, and how many came before them."""

    extract: Extract
    frame: pl.DataFrame
    where: str
    first: int

    @property
    def last(self) -> int:
        """How many records of the table there are up to the end of this page."""
        return self.first + self.frame.height

    def messages(self, *, deletes: bool) -> Iterator[Message]:
        """The records, as updates or as deletions."""
        wanted = replace(self.extract.request, key=self.extract.key, modified=None if deletes else self._modified())
        frame = self.frame if deletes else self._chosen(wanted)
        numbers = pl.int_range(self.first + 1, self.last + 1, eager=True).cast(pl.String)
        for message in keyed(frame, wanted, position=f"{self.where} row " + numbers, where=self.where):
            if deletes and isinstance(message, Records):
                message = Records(_gone(message.frame, self.extract.winners))
            yield message

    def _modified(self) -> str | None:
        """The field that tells when a record changed; not every extract has the usual one."""
        usual = self.extract.options["cursor"]
        return self.extract.request.modified or (usual if usual in self.frame.columns else None)

    def _chosen(self, wanted: StreamRequest) -> pl.DataFrame:
        fields = self.extract.options["fields"]
        if not fields:
            return self.frame
        names = dict.fromkeys([*fields, *wanted.key, *([wanted.modified] if wanted.modified else [])])
        for name in names:
            if name not in self.frame.columns:
                near = difflib.get_close_matches(name, self.frame.columns, n=3)
                hint = f"did you mean {' or '.join(map(repr, near))}?" if near else "see its header."
                raise DriftError(f"{self.where} has no column {name!r}; {hint} Adapt `fields`, `key` or the mapping")
        return self.frame.select(list(names))


def _gone(frame: pl.DataFrame, winners: Mapping[str, str]) -> pl.DataFrame:
    """Deletions, or merges where the winner is known."""
    winner = (
        pl.col("source_key").replace_strict(dict(winners), default=None, return_dtype=pl.String)
        if winners
        else pl.lit(None, pl.String)
    )
    return (
        frame.with_columns(payload=pl.lit(None, pl.String), source_time=pl.lit(None, pl.Int64), merged_into=winner)
        .with_columns(op=pl.when(pl.col("merged_into").is_null()).then(pl.lit("delete")).otherwise(pl.lit("merged_into")))
        .select(list(RECORDS))
    )
