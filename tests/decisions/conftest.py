"""A hub with a few landed things, and a published run that says who belongs together."""

from collections.abc import Callable, Iterator, Mapping
from datetime import date

import polars as pl
import pytest
import sqlalchemy as sa
from pandera.polars import Check

from mdm import tables
from mdm.decisions import RecordName
from mdm.entity import Attribute, Entity, hard
from mdm.hub import Hub, migration
from mdm.hub.run import now
from mdm.standard import Standardiser

TIDY = Standardiser("tidy", lambda value: value.str.strip_chars().str.to_titlecase())
THING = Entity(
    name="thing",
    about="A thing with a name.",
    prefix="THG",
    attributes=[
        Attribute(
            "name",
            "What it is called.",
            standardise=TIDY,
            required=True,
            checks=[hard(Check.str_length(2, 40, error="is too short"))],
        ),
        Attribute("size", "How large it is.", type=int),
        Attribute("made_on", "When it was made.", type=date),
        Attribute("colours", "The colours it comes in.", type=list),
    ],
)
OTHER = Entity(name="other", about="Something else.", prefix="OTH", attributes=[Attribute("name", "What it is called.")])


@pytest.fixture
def hub(hub_url: str) -> Iterator[Hub]:
    hub = Hub(hub_url, [THING, OTHER])
    migration.lay(hub)
    land(hub, [f"crm/things:{n}" for n in range(1, 7)])
    yield hub
    hub.dispose()


@pytest.fixture
def published(hub: Hub) -> Hub:
    """Records 1 and 2 are THG-ONE, 3 and 4 are THG-TWO; THG-OLD follows THG-ONE, THG-CUT was split in both, THG-END is gone."""
    publish(hub, {"THG-ONE": ["crm/things:1", "crm/things:2"], "THG-TWO": ["crm/things:3", "crm/things:4"]})
    retired = hub.fixed["retired_id"]
    with hub.begin() as tx:
        for old, new in (("THG-OLD", "THG-ONE"), ("THG-CUT", "THG-ONE"), ("THG-CUT", "THG-TWO"), ("THG-END", "")):
            tx.execute(retired.insert().values(entity="thing", golden_id=old, successor_id=new, from_run=1, to_run=tables.OPEN))
    return hub


def land(hub: Hub, names: list[str], payload: Callable[[str], str] = lambda name: "{}") -> None:
    """Land records as a source would."""
    record = hub.fixed["source_record"]
    with hub.begin() as tx:
        first = (tx.scalar(sa.select(sa.func.max(record.c.seq))) or 0) + 1
        for seq, text in enumerate(names, start=first):
            name = RecordName.parse(text)
            tx.execute(
                record.insert().values(
                    record_id=name.record_id, source=name.source, stream=name.stream, source_key=name.key, seq=seq,
                    source_time=None, op="upsert", digest=1, payload=payload(text),
                )
            )  # fmt: skip


def publish(hub: Hub, clusters: Mapping[str, list[str]], *, run: int = 1, entity: str = "thing") -> None:
    """Publish who belongs together, having seen every event there is."""
    membership, golden = hub.tables(entity).membership, hub.tables(entity).golden
    with hub.begin() as tx:
        seen = tx.scalar(sa.select(sa.func.max(hub.fixed["event"].c.seq))) or 0
        for golden_id, names in clusters.items():
            ids = [RecordName.parse(n).record_id for n in names]
            rows = pl.DataFrame({"record_id": ids}).with_columns(
                golden_id=pl.lit(golden_id), from_run=pl.lit(run, pl.Int64), to_run=pl.lit(tables.OPEN, pl.Int64)
            )
            tx.insert(membership, rows)
            tx.execute(
                golden.insert().values(
                    golden_id=golden_id, source_count=len(ids), created_run=run, founder=ids[0], digest=0, from_run=run,
                    to_run=tables.OPEN,
                )
            )  # fmt: skip
        tx.execute(hub.fixed["release"].delete().where(hub.fixed["release"].c.entity == entity))
        tx.execute(hub.fixed["release"].insert().values(entity=entity, run_id=run))
        tx.execute(
            hub.fixed["run_entity"].insert().values(
                run_id=run, entity=entity, state="published", started_at=now(), published_at=now(), event_seq=seen
            )
        )  # fmt: skip
