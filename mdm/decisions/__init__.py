"""Decisions: what people have said about records, and what holds because of it.

Decisions are only ever added or withdrawn. Clusters are derived from them; a decision outlives everything a machine does.
"""

from mdm.decisions.records import RecordName, joined, named, record_id, resolve, split
from mdm.decisions.verdict import VERDICTS, decide, from_file, listed, live, version, withdraw

__all__ = [
    "VERDICTS", "RecordName", "decide", "from_file", "joined", "listed", "live", "named", "record_id", "resolve", "split",
    "version", "withdraw",
]  # fmt: skip
