"""The feed of deletions: what a Vault says was deleted, for the thirty days it remembers."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import polars as pl

from connectors.vault.client import Client, moment, seconds
from connectors.vault.window import Row
from mdm.connector import Records, joined_key, records, source_times
from mdm.errors import ConfigError, DamagedError, FullReconcileRequired

REMEMBERED = 30 * 86_400
# Asking for a day less than the Vault remembers leaves time to read what it answers.
MARGIN = 86_400
PAGE = 1000
# What an answer about deletions says of a row.
NAMED = ("id", "external_id__v", "global_id__sys")


@dataclass(frozen=True)
class Deletions:
    """The deletions of one object; `winners` tells which were merges."""

    client: Client
    object: str
    key: tuple[str, ...]
    winners: Mapping[str, str] = field(default_factory=dict)

    def told_by_key(self, stream: str) -> None:
        """Refuse a key that deletions cannot be told by."""
        strange = [name for name in self.key if name not in NAMED]
        if strange:
            raise ConfigError(
                f"stream {stream!r}: the feed of deletions does not tell {strange[0]!r}; set key = ['id'], or deletions = false"
            )

    def remembered(self, since: str | None) -> None:
        """Refuse to go on from a time whose deletions are forgotten."""
        if since is not None and self.client.now - seconds(since) > REMEMBERED - MARGIN:
            raise FullReconcileRequired(
                f"{self.object}: last read {since}, and the Vault remembers deletions for 30 days only; read all of it again "
                "(`mdm run --full`), so that what was deleted since is noticed"
            )

    def between(self, start: float, upper: str) -> Iterator[Records]:
        """What was deleted in this span."""
        offset = 0
        link = self.client.path(f"objects/deletions/vobjects/{self.object}")
        span = f"start_date={moment(start)[:19]}Z&end_date={moment(seconds(upper) + 1)[:19]}Z"
        while True:
            answer = self.client.ask("GET", f"{link}?{span}&limit={PAGE}&offset={offset}")
            rows = answer.get("data") or []
            told = (answer.get("responseDetails") or {}).get("total")
            # Where no total is told, a page that is not full is the last.
            total = int(told) if told is not None else offset + len(rows) + (len(rows) == PAGE)
            if rows:
                yield self._records(rows, offset)
            elif told is not None and offset < total:
                raise DamagedError(f"{self.object}: {total} deletions are claimed and {offset} were told; run again")
            offset += len(rows)
            if not rows or offset >= total:
                return

    def _records(self, rows: list[Row], offset: int) -> Records:
        written = pl.Series([row.get("date_deleted") or row.get("deleted_date") for row in rows], dtype=pl.String)
        times, _ = source_times(written)
        keys = [joined_key([self._said(row, part) for part in self.key]) for row in rows]
        return records(
            [
                {"source_key": key, "source_time": time, "position": f"{self.object} deletion {at}", **self._fate(key)}
                for at, (key, time) in enumerate(zip(keys, times, strict=True), start=offset + 1)
            ]
        )

    def _said(self, row: Row, part: str) -> str:
        if row.get(part) is None:
            raise DamagedError(
                f"{self.object}: a deletion does not tell {part!r}; set key = ['id'] or ask the Vault's administrator"
            )
        return str(row[part])

    def _fate(self, key: str) -> dict[str, str]:
        winner = self.winners.get(key)
        return {"op": "delete"} if winner is None else {"op": "merged_into", "merged_into": winner}
