"""Tables of the hub: the fixed ones, and those derived from an entity's declaration.

A versioned table keeps every version of a row: visible at a release are the versions whose `from_run` is not above the
release's run and whose `to_run` is. An open version ends at `OPEN`. Names of record are bigints (`record_id`), made from
source, stream and key; readers meet only the views that `hub.views` draws over these tables.
"""

from mdm.tables.column import NAMING, OPEN, STAMP
from mdm.tables.derived import EntityTables, derived, entity_metadata
from mdm.tables.fixed import EVIDENCE, READ_COUNTS, hub_metadata

__all__ = ["EVIDENCE", "NAMING", "OPEN", "READ_COUNTS", "STAMP", "EntityTables", "derived", "entity_metadata", "hub_metadata"]
