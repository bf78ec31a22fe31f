"""What became of records that are gone: deleted, or merged into another, however often that one was merged itself.

Rows in the recycle bin tell it themselves. What they did not tell the feed of deletions does; but it also lists the losers
of merges and records that were brought back, so whatever it names is looked up before it is believed.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from connectors.salesforce.client import Client, TooMany, moment, seconds
from connectors.salesforce.identifier import long_id
from mdm.connector import Message, Notice, records, source_times
from mdm.errors import DamagedError, FullReconcileRequired

AT_ONCE = 200
LONGEST_CHAIN = 25
PAGE = 10_000
# The feed counts in whole minutes, and wants more than one of them.
SHORTEST = 120.0


@dataclass
class Fates:
    """What became of the rows of one object that were deleted; `merges` where its rows can be merged."""

    client: Client
    object: str
    merges: bool
    told: set[str] = field(default_factory=set)
    losers: set[str] = field(default_factory=set)

    def of(self, frame: pl.DataFrame) -> tuple[pl.Series, pl.Series]:
        """The operation and the winner of each row."""
        deleted = frame.select((pl.col("IsDeleted").str.to_lowercase() == "true").fill_null(False)).to_series()
        none = pl.Series([None], dtype=pl.String).new_from_index(0, len(frame))
        winner = none
        op = pl.select(pl.when(deleted).then(pl.lit("delete")).otherwise(pl.lit("upsert"))).to_series()
        self.told.update(frame["Id"].filter(deleted).drop_nulls())
        if not self.merges or not deleted.any():
            return op, winner
        master = frame.select(pl.when(deleted).then("MasterRecordId")).to_series()
        ends = self.ends(master.drop_nulls().unique(maintain_order=True))
        winner = master.replace_strict(ends, default=None, return_dtype=pl.String) if ends else none
        self.losers.update(frame["Id"].filter(winner.is_not_null()))
        merged = pl.select(pl.when(winner.is_not_null()).then(pl.lit("merged_into")).otherwise(op)).to_series()
        return merged, winner

    def ends(self, masters: Iterable[str]) -> dict[str, str | None]:
        """Where the chain of merges behind each winner ends; None if its last winner was deleted."""
        masters = list(masters)
        seen: dict[str, tuple[bool, str | None]] = {}
        open_ids = masters
        for _ in range(LONGEST_CHAIN):
            found = self.looked_up(open_ids)
            seen |= found
            open_ids = sorted({master for gone, master in found.values() if gone and master and master not in seen})
            if not open_ids:
                break
        return {master: _end(master, seen) for master in masters}

    def looked_up(self, ids: Iterable[str]) -> dict[str, tuple[bool, str | None]]:
        """Whether each of these records is gone, and into which it was merged; what has left the bin is not there."""
        wanted, found = [one for one in dict.fromkeys(ids) if one.isalnum()], {}
        fields = "Id, IsDeleted, MasterRecordId" if self.merges else "Id, IsDeleted"
        for start in range(0, len(wanted), AT_ONCE):
            listed = ", ".join(f"'{one}'" for one in wanted[start : start + AT_ONCE])
            query = {"q": f"SELECT {fields} FROM {self.object} WHERE Id IN ({listed})"}
            for row in self._queried(query):
                master = row.get("MasterRecordId")
                found[long_id(str(row["Id"]))] = bool(row.get("IsDeleted")), long_id(str(master)) if master else None
        return found

    def _queried(self, query: dict[str, str]) -> Iterator[dict[str, Any]]:
        answer = self.client.ask("GET", self.client.path("queryAll"), params=query)
        while True:
            if not isinstance(answer, dict) or not isinstance(answer.get("records"), list):
                raise DamagedError(f"{self.object}: a query was answered without records; check version")
            yield from answer["records"]
            following = answer.get("nextRecordsUrl")
            if answer.get("done", True) or not following:
                return
            answer = self.client.ask("GET", str(following))


def _end(master: str, seen: dict[str, tuple[bool, str | None]]) -> str | None:
    walked = set()
    while master not in walked:
        walked.add(master)
        gone, following = seen.get(master, (False, None))
        if not gone:
            return master
        if following is None:
            return None
        master = following
    return master


@dataclass
class Deletions:
    """The feed of deletions of one object; `covered` is where it ended, if that is before the end asked for."""

    client: Client
    object: str
    fates: Fates
    covered: float | None = None

    def messages(self, start: float, upper: float) -> Iterator[Message]:
        """What was deleted between two times."""
        start = min(start, upper - SHORTEST)
        gone = self._listed(start, upper)
        doubtful = [key for key in gone if key not in self.fates.told and key not in self.fates.losers]
        known = self.fates.looked_up(doubtful)
        masters = {key: master for key, (_, master) in known.items() if master}
        ends = self.fates.ends(dict.fromkeys(masters.values())) if masters else {}
        # What is there again was brought back, and tells so itself.
        left = [key for key in doubtful if key not in known or known[key][0]]
        for at in range(0, len(left), PAGE):
            rows = [self._row(key, ends.get(masters.get(key, ""))) for key in left[at : at + PAGE]]
            yield from self._page(rows, [gone[key] for key in left[at : at + PAGE]], at)

    @staticmethod
    def _row(key: str, winner: str | None) -> dict[str, Any]:
        if winner is None:
            return {"source_key": key, "op": "delete"}
        return {"source_key": key, "op": "merged_into", "merged_into": winner}

    def _page(self, rows: list[dict[str, Any]], written: list[str], at: int) -> Iterator[Message]:
        times, unread = source_times(pl.Series(written, dtype=pl.String))
        yield records(
            [
                {**row, "source_time": time, "position": f"{self.object} deletion {number}"}
                for number, (row, time) in enumerate(zip(rows, times, strict=True), start=at + 1)
            ]
        )
        if unread:
            yield Notice(
                f"{self.object}: {unread} deletions have a time that cannot be read, so they count as just now; report it"
            )

    def _listed(self, start: float, end: float) -> dict[str, str]:
        """Id and time of each deletion; halved where there are more than Salesforce lists at once."""
        try:
            answer = self._asked(start, end)
        except TooMany:
            if end - start <= 4 * SHORTEST:
                raise
            middle = (start + end) / 2
            return {**self._listed(start, middle), **self._listed(middle - SHORTEST, end)}
        earliest = str(answer.get("earliestDateAvailable") or "")
        if earliest and seconds(earliest) > start + SHORTEST:
            raise FullReconcileRequired(
                f"{self.object}: its deletions are known only since {earliest}, and the last run was earlier; read all of it again "
                "(`mdm run --full`), so that what was deleted before is noticed"
            )
        covered = seconds(str(answer["latestDateCovered"])) if answer.get("latestDateCovered") else end
        if covered < end - 60:
            self.covered = covered if self.covered is None else min(self.covered, covered)
        return {long_id(str(row["id"])): str(row["deletedDate"]) for row in answer["deletedRecords"]}

    def _asked(self, start: float, end: float) -> dict[str, Any]:
        span = {"start": moment(start)[:19] + "Z", "end": moment(end)[:19] + "Z"}
        answer = self.client.ask("GET", self.client.path(f"sobjects/{self.object}/deleted/"), params=span)
        if not isinstance(answer, dict) or not isinstance(answer.get("deletedRecords"), list):
            raise DamagedError(f"{self.object}: the feed of deletions was answered without records; check version")
        return answer
