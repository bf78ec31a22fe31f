"""What a project's log tells of records that are no longer there under their name.

The log keeps everything, and writes minutes. A deletion names its record; a record that was renamed is only told by its new
name, as an update of nothing but the field that holds it.
"""

import re
from dataclasses import dataclass

from connectors.redcap.client import Client, Row
from mdm.errors import FullReconcileRequired

# The log writes minutes, and the bound itself belongs to the window.
LATER = 60
_DELETED = re.compile(r"^deleted? record(?: \([^)]*\))? (?P<id>.+)$", re.IGNORECASE)
_AGAIN = "read all of it again (`mdm run --full`), so that what is gone is noticed"


@dataclass
class Log:
    """The log between two moments, in seconds."""

    client: Client
    where: str
    start: float
    end: float

    def deleted(self) -> list[str]:
        """The records that were deleted, each once; some may be there again."""
        return sorted({self._named(row) for row in self._lines("record_delete")})

    def renamed(self) -> list[str]:
        """The moments at which a record was given another name, with the new name."""
        marks = (f"{row.get('timestamp')} {_only(row, self.client.id_field)}" for row in self._lines("record_edit"))
        return sorted({mark for mark in marks if not mark.endswith(" ")})

    def unheeded(self, renames: list[str]) -> None:
        """Ask for a full reading if a record was renamed: the log does not tell what it was called before."""
        if renames:
            time, _, name = renames[0].rpartition(" ")
            raise FullReconcileRequired(
                f"{self.where}: at {time} a record was renamed to {name!r}, and the log does not tell its old name; {_AGAIN}"
            )

    def _lines(self, kind: str) -> list[Row]:
        bounds = {"beginTime": self.client.local(self.start), "endTime": self.client.local(self.end + LATER)}
        return self.client.ask("log", {"logtype": kind, **bounds})

    def _named(self, row: Row) -> str:
        """The record that a line is about; servers older than 13.4.9 tell it in words only."""
        if row.get("record") not in (None, ""):
            return str(row["record"])
        told = _DELETED.match(str(row.get("action", "")).strip())
        if told is None:
            raise FullReconcileRequired(
                f"{self.where}: the log tells of a deletion at {row.get('timestamp')} without naming the record; {_AGAIN}"
            )
        return told["id"].strip()


def _only(row: Row, id_field: str) -> str:
    """The new name, if nothing but the name changed."""
    told = re.fullmatch(rf"{re.escape(id_field)} = '(?P<name>.*)'", str(row.get("details", "")).strip())
    return "" if told is None else told["name"]
