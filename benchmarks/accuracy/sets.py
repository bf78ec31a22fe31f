"""The labelled sets: where they lie in MDM_DATA, what they are made of, and what every peer reads of them.

Needs nothing but the standard library, so that a peer can read a set in an environment of its own.
"""

from __future__ import annotations

import csv
import os
import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

ID = "record_id"


@dataclass(frozen=True)
class Labelled:
    """One set: its folder, its columns by the name they get here, and whether it is two tables to link."""

    name: str
    folder: str
    columns: Mapping[str, str]
    two: bool = False
    digits: tuple[str, ...] = field(default=())

    @property
    def tables(self) -> tuple[str, ...]:
        """The files that hold its records, without their ending."""
        return ("a", "b") if self.two else ("records",)

    @property
    def names(self) -> list[str]:
        """The columns by the name they get here."""
        return list(self.columns.values())

    def file(self, table: str) -> Path:
        """A file of the set."""
        return data() / self.folder / f"{table}.csv"

    @property
    def present(self) -> bool:
        """Whether the set is in the data folder."""
        return all(self.file(t).is_file() for t in (*self.tables, "truth"))


def _same(*names: str) -> dict[str, str]:
    return {name: name for name in names}


PERSON = _same(
    "given_name", "surname", "street_number", "address_1", "address_2", "suburb", "postcode", "state", "date_of_birth",
    "soc_sec_id",
)  # fmt: skip
FIGURE = _same(
    "full_name", "first_and_surname", "first_name", "surname", "dob", "birth_place", "postcode_fake", "gender", "occupation"
)
# The other 27 columns of this file belong to single lists of the nine.
SITE = {"Site name": "site_name", "Address": "address", "Zip": "zip", "Phone": "phone"}

SETS = {
    s.name: s
    for s in (
        Labelled("historical50k", "people_historical50k", FIGURE),
        Labelled("febrl3", "people_febrl3", PERSON),
        Labelled("febrl4", "people_febrl4", PERSON, two=True),
        Labelled("chicago_sites", "org_chicago_sites", SITE, digits=("phone",)),
        Labelled("leipzig", "org_leipzig_affiliations", _same("affiliation")),
        Labelled("fodors_zagat", "org_fodors_zagat", _same("name", "addr", "city", "phone", "type"), two=True, digits=("phone",)),
        Labelled("abt_buy", "mat_abt_buy", _same("name", "description", "price"), two=True),
        Labelled("amazon_google", "mat_amazon_google", _same("title", "description", "manufacturer", "price"), two=True),
        Labelled(
            "musicbrainz20k", "mat_musicbrainz20k", _same("number", "title", "length", "artist", "album", "year", "language")
        ),
    )
}


def data() -> Path:
    """The folder of the sets."""
    if "MDM_DATA" not in os.environ:
        raise SystemExit("MDM_DATA does not say where the labelled sets are; set it to the folder that holds them")
    return Path(os.environ["MDM_DATA"])


def rows(file: Path) -> Iterator[dict[str, str]]:
    """The rows of a CSV file."""
    with file.open(encoding="utf-8", newline="") as opened:
        yield from csv.DictReader(opened)


def prepare(chosen: Labelled, folder: Path) -> None:
    """Write what every peer reads: the set's columns in lower case, trimmed, without accents; telephones as digits."""
    for table in chosen.tables:
        with (folder / f"{table}.csv").open("w", encoding="utf-8", newline="") as opened:
            writer = csv.writer(opened)
            writer.writerow([ID, *chosen.names])
            for row in rows(chosen.file(table)):
                writer.writerow([row[ID], *(_plain(row[c], n in chosen.digits) for c, n in chosen.columns.items())])


def prepared(folder: Path, table: str) -> list[dict[str, str | None]]:
    """The rows a peer reads; what is empty is None."""
    return [{name: value or None for name, value in row.items()} for row in rows(folder / f"{table}.csv")]


def truth(chosen: Labelled) -> list[tuple[str, str]]:
    """(record, cluster) of a set of one table, (record of a, record of b) of a set of two."""
    first, second = (f"{ID}_a", f"{ID}_b") if chosen.two else (ID, "cluster")
    return [(row[first], row[second]) for row in rows(chosen.file("truth"))]


def _plain(value: str, digits: bool) -> str:
    if digits:
        return re.sub(r"\D", "", value)
    bare = "".join(c for c in unicodedata.normalize("NFKD", value) if not unicodedata.combining(c))
    return re.sub(r"\s+", " ", bare.replace("\\'", "'")).strip().strip("\"'").strip().lower()
