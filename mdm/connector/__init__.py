"""The connector contract, and what every connector shares.

A connector says what a source says: it never writes and never cleans. The runner owns durability: it lands the records
and stores the checkpoint that follows them in one transaction. A connector is a class made from `(name, options)`,
registered in the entry-point group `mdm.connectors`:

    class Thing:
        options = (Option("path", str, help="Where the things are.", required=True),)

        def __init__(self, name, options):
            self.name, self.chosen = name, chosen(f"source {name!r}", self.options, options)

        def check(self, context): ...                     # -> list[Finding]
        def discover(self, context): ...                  # -> list[Stream]
        def read(self, context, request, state): ...      # yields Records, Rejected, ..., Checkpoint, Complete

A connector that asks over HTTP goes through `Door`, and takes `PER_SECOND` among its options: the runner reads the limit
and keeps it. It may also have `tenant`, a text such as `f"vault:{host}"`: all sources of one tenant in one sync share one
`context.budget`. `context.evidence` counts requests and bytes; `Door` does it by itself.

`mdm.testing.connector_suite` holds a connector to this contract.
"""

from mdm.connector.contract import DELETES, SHORTEST_MEMORY, Connector, Context, Field, Finding, Secrets, Stream, StreamRequest
from mdm.connector.door import Door, address, loopback
from mdm.connector.evidence import Evidence
from mdm.connector.keying import escaped, joined_key, keyed, keyed_json, source_times
from mdm.connector.message import (
    EXCERPT,
    OPERATIONS,
    RECORDS,
    REJECTED,
    Checkpoint,
    Complete,
    Message,
    Notice,
    Records,
    Rejected,
    SchemaChange,
    records,
    rejected,
)
from mdm.connector.option import PER_SECOND, Option, Options, chosen
from mdm.connector.retry import Backoff, Budget, retried, retry_after, same_host
from mdm.connector.session import Session, SessionExpired
from mdm.connector.strict import whole_characters

__all__ = [
    "DELETES",
    "EXCERPT",
    "OPERATIONS",
    "PER_SECOND",
    "RECORDS",
    "REJECTED",
    "SHORTEST_MEMORY",
    "Backoff",
    "Budget",
    "Checkpoint",
    "Complete",
    "Connector",
    "Context",
    "Door",
    "Evidence",
    "Field",
    "Finding",
    "Message",
    "Notice",
    "Option",
    "Options",
    "Records",
    "Rejected",
    "SchemaChange",
    "Secrets",
    "Session",
    "SessionExpired",
    "Stream",
    "StreamRequest",
    "address",
    "chosen",
    "escaped",
    "joined_key",
    "keyed",
    "keyed_json",
    "loopback",
    "records",
    "rejected",
    "retried",
    "retry_after",
    "same_host",
    "source_times",
    "whole_characters",
]
