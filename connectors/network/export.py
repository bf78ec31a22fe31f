"""Exports of a target subscription: zips (or folders) of delimited files, one for each kind of object.

Exports are read in order of name, the records of each before its merges. A full delivery is the newest export alone.
"""

import fnmatch
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property

import polars as pl

from connectors.files.passing import Page, Pass
from connectors.files.reading import Reading
from connectors.files.source import Delivery
from connectors.network import record_state
from mdm.connector import Message, Notice, Records
from mdm.errors import ConfigError

MERGE = "[Mm][Ee][Rr][Gg][Ee]*"
# Which files hold a kind of object: whatever begins with its name, in capitals or not.
MEMBERS = {
    "hcp": ["[Hh][Cc][Pp]*", MERGE],
    "hco": ["[Hh][Cc][Oo]*", MERGE],
    "address": ["[Aa][Dd][Dd][Rr][Ee][Ss][Ss]*"],
    "license": ["[Ll][Ii][Cc][Ee][Nn][Ss][Ee]*"],
    "parenthco": ["[Pp][Aa][Rr][Ee][Nn][Tt]*[Hh][Cc][Oo]*"],
    "customkey": ["[Cc][Uu][Ss][Tt][Oo][Mm]*[Kk][Ee][Yy]*"],
    "reference": ["[Rr][Ee][Ff][Ee][Rr][Ee][Nn][Cc][Ee]*"],
    "dcr": ["DCR_BATCH*"],
    "dcr_field": ["DCR_FIELD_BATCH*"],
}
OWNED = {"address", "license", "parenthco", "customkey"}
KINDS = (*MEMBERS, "other")
KEYED = {"hcp", "hco", "address", "license", "parenthco", "customkey"}


def kind_of(stream: str, chosen: str | None) -> str:
    """The kind of object a stream reads: as told, else by the stream's name."""
    if chosen is not None:
        return chosen
    plain = stream.lower().replace("_", "").replace("licence", "license")
    for kind in MEMBERS:
        name = kind.replace("_", "")
        if plain in (name, f"{name}s", f"{name}es"):
            return kind
    raise ConfigError(
        f"stream {stream!r}: its name is none of {', '.join(MEMBERS)}, so nobody knows what to read; set `kind` "
        "(and `member` for a kind of your own)"
    )


@dataclass
class ExportPass(Pass):
    """Every export of a stream, or the newest alone where that is the whole."""

    def _delivered(self, whole: Delivery) -> Iterator[Message]:
        files = [part.file for part in whole.parts if part.member is not None]
        if self.request.delivery == "full" and files:
            whole = replace(whole, parts=[part for part in whole.parts if part.member is None or part.file == files[-1]])
        yield from super()._delivered(whole)


@dataclass
class ExportReading(Reading):
    """One file of an export; `owned` where its rows belong to other records, `pair` the columns of a merge."""

    owned: bool = False
    pair: tuple[str, str] = ("", "")

    @cached_property
    def merges(self) -> bool:
        """Whether these rows are merges and nothing else."""
        return fnmatch.fnmatch(self.part.name.rsplit("/", 1)[-1], MERGE)

    @property
    def nested(self) -> bool:
        """Whether a record may leave out fields it has no value for."""
        return self.merges or super().nested

    def pages(self, after: int = 0) -> Iterator[Page]:
        """The records after this line with what became of them."""
        if self.merges:
            self.request = replace(self.request, key=self.pair[:1], modified=None)
        for page in super().pages(after):
            messages = [said for message in page.messages for said in self._said(message)]
            yield Page(messages, page.last, () if self.merges else page.fields)

    def _said(self, message: Message) -> list[Message]:
        if not isinstance(message, Records):
            return [message]
        return self._merged(message.frame) if self.merges else record_state.told(message, owned=self.owned)

    def _merged(self, frame: pl.DataFrame) -> list[Message]:
        winner = frame["payload"].str.json_path_match(f"$['{self.pair[1]}']")
        merged = frame.with_columns(op=pl.lit("merged_into"), merged_into=winner, payload=pl.lit(None, pl.String)).filter(
            winner.is_not_null() & (winner != "") & (winner != frame["source_key"])
        )
        said: list[Message] = [Records(merged)] if len(merged) else []
        if left := len(frame) - len(merged):
            said.append(
                Notice(
                    f"{frame['position'][0]}: {left} merges name no winner in {self.pair[1]!r} and were left; set `merge_columns`"
                )
            )
        return said
