"""Where records are: the golden records that questions are about, as they will be published."""

from dataclasses import dataclass

import polars as pl
import sqlalchemy as sa

from mdm.constraint import Clusters
from mdm.entity import Entity
from mdm.hub import Hub, Run
from mdm.hub.version import visible


@dataclass(frozen=True)
class Found:
    """What clustering found: the pairs with an end among the touched, their clusters, each record's golden id, the touched."""

    edges: pl.DataFrame
    clusters: Clusters
    assigned: pl.DataFrame
    touched: pl.DataFrame


@dataclass(frozen=True)
class Ends:
    """Questions with the golden records they are about (ga, gb), and all members of those: record_id, golden_id."""

    queue: pl.DataFrame
    members: pl.DataFrame


def homes(hub: Hub, entity: Entity, run: Run, records: pl.DataFrame, found: Found) -> pl.DataFrame:
    """The golden record of each record: record_id, golden_id; the untouched are where they were."""
    here = found.assigned.select("record_id", "golden_id")
    others = records.select("record_id").unique().join(found.touched, on="record_id", how="anti")
    return pl.concat(
        [here.join(records, on="record_id", how="semi"), _members(hub, entity, run, "record_id", others["record_id"])]
    )


def with_members(hub: Hub, entity: Entity, run: Run, queue: pl.DataFrame, found: Found) -> Ends:
    """Questions whose ends are in golden records, with those and their members."""
    ends = pl.concat([queue.select(record_id="a"), queue.select(record_id="b")]).unique()
    home = homes(hub, entity, run, ends, found)
    queue = queue.join(home.rename({"record_id": "a", "golden_id": "ga"}), on="a").join(
        home.rename({"record_id": "b", "golden_id": "gb"}), on="b"
    )
    here = found.assigned.select("record_id", "golden_id").join(home, on="golden_id", how="semi")
    far = home.select("golden_id").unique().join(here, on="golden_id", how="anti")
    return Ends(queue, pl.concat([here, _members(hub, entity, run, "golden_id", far["golden_id"])]))


def _members(hub: Hub, entity: Entity, run: Run, column: str, values: pl.Series) -> pl.DataFrame:
    membership = hub.tables(entity.name).membership
    if values.is_empty() or not run.base:
        return pl.DataFrame(schema={"record_id": pl.Int64, "golden_id": pl.String})
    with hub.read() as session:
        among = session.among(membership.c[column], values)
        return session.frame(
            sa.select(membership.c.record_id, membership.c.golden_id).where(visible(membership, run.base), among)
        )
