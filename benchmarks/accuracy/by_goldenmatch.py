"""goldenmatch in the two ways it documents for data without labels: nothing configured, and Fellegi-Sunter configured by it."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import goldenmatch as gm
import pyarrow as pa
from goldenmatch.core.autoconfig import auto_configure_probabilistic_df

from benchmarks.accuracy import answer, sets


def main() -> None:
    """Answer for the set of the first argument, prepared in the folder of the second; `fs` as third is Fellegi-Sunter."""
    chosen, folder = sets.SETS[sys.argv[1]], Path(sys.argv[2])
    tables = [_table(folder, t, chosen.names) for t in chosen.tables]
    given, ids = [t.select(chosen.names) for t in tables], [t[sets.ID].to_pylist() for t in tables]
    config: Any = auto_configure_probabilistic_df(pa.concat_tables(given)) if sys.argv[3:] == ["fs"] else None
    if chosen.two:
        names = [*ids[0], *ids[1]]
        found = gm.match_df(given[0], given[1], config=config, confidence_required=False).matched
        rows = [] if found is None else found.select(["__target_row_id__", "__ref_row_id__"]).to_pylist()
        pairs = ((names[r["__target_row_id__"]], names[r["__ref_row_id__"]]) for r in rows)
        answer.write(folder, answer.PAIRS, pairs)
    else:
        found = gm.dedupe_df(given[0], config=config, confidence_required=False)
        members = ((ids[0][m], name) for name, cluster in found.clusters.items() for m in cluster["members"])
        answer.write(folder, answer.CLUSTERS, members, matchkeys=[k.type for k in found.config.get_matchkeys()])


def _table(folder: Path, table: str, names: list[str]) -> pa.Table:
    schema = pa.schema([(name, pa.string()) for name in (sets.ID, *names)])
    return pa.Table.from_pylist(sets.prepared(folder, table), schema=schema)


if __name__ == "__main__":
    main()
