"""Decisions: what people have said about records, and what holds because of it.

Decisions are only ever added or withdrawn. Clusters are derived from them; a decision outlives everything a machine does.
"""

from mdm.decisions.correction import checked, corrections, create, release, set_value, waivers
from mdm.decisions.ledger import published_seq, withdraw
from mdm.decisions.records import Named, RecordName, golden_of, joined, named, names, present, resolve, unknown
from mdm.decisions.source import REKEY_COLUMNS, rekey, retire_source
from mdm.decisions.takeover import COLUMNS as ADOPT_COLUMNS
from mdm.decisions.takeover import adopt, adopted, table
from mdm.decisions.verdict import VERDICTS, decide, everything, from_file, listed, live, unanswered, version

__all__ = [
    "ADOPT_COLUMNS",
    "REKEY_COLUMNS",
    "VERDICTS",
    "Named",
    "RecordName",
    "adopt",
    "adopted",
    "checked",
    "corrections",
    "create",
    "decide",
    "everything",
    "from_file",
    "golden_of",
    "joined",
    "listed",
    "live",
    "named",
    "names",
    "present",
    "published_seq",
    "rekey",
    "release",
    "resolve",
    "retire_source",
    "set_value",
    "table",
    "unanswered",
    "unknown",
    "version",
    "waivers",
    "withdraw",
]
