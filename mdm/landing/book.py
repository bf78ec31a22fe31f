"""How far each stream has come, and what each run read of it."""

import json
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from mdm.errors import LedgerError, SourceError
from mdm.hub import Session
from mdm.hub.run import now, utc
from mdm.landing.delivery import Delivery, Landing
from mdm.settings import StreamSettings
from mdm.tables import READ_COUNTS


def fingerprint(stream: StreamSettings) -> str:
    """What of a stream's settings, when changed, makes everything be read again."""
    landing = {
        "key": stream.key, "modified": stream.modified, "deleted": repr(stream.deleted), "inactive": repr(stream.inactive),
        "merged": stream.merged_into, "pseudonymise": stream.pseudonymise, "where": sorted(repr(sorted(m.where.items())) for m in stream.maps),
    }  # fmt: skip
    return json.dumps(landing, sort_keys=True)


def state(landing: Landing) -> tuple[dict[str, Any] | None, datetime | None]:
    """Where to read on from (None: from the beginning), and when it was last read to its end."""
    table = landing.hub.fixed["stream_state"]
    source, stream = landing.names
    with landing.hub.read() as session:
        row = session.execute(sa.select(table).where(table.c.source == source, table.c.stream == stream)).first()
        if row is None or row.state is None or landing.anew or landing.stream.delivery == "full":
            return None, None
        if row.fingerprint != fingerprint(landing.stream):
            return None, None
        return json.loads(row.state), utc(row.synced_at) or _began(session, landing)


def _began(session: Session, landing: Landing) -> datetime | None:
    """When a stream that never came to its end was first read."""
    tally, run = session.hub.fixed["read_tally"], session.hub.fixed["run"]
    source, stream = landing.names
    mine = sa.and_(tally.c.source == source, tally.c.stream == stream)
    return utc(session.scalar(sa.select(sa.func.min(run.c.started_at)).join(tally, tally.c.run_id == run.c.run_id).where(mine)))


def keep(tx: Session, landing: Landing, delivery: Delivery, value: dict[str, Any]) -> None:
    """Store a checkpoint; one that holds a secret is refused."""
    text = json.dumps(value)
    if delivery.world is not None and delivery.world.secrets.holds(text):
        source, stream = landing.names
        raise SourceError(
            f"{source}/{stream}: the connector put a secret into its state; the state was not stored. Report it to its author"
        )
    delivery.last_state = text
    store_state(tx, landing, state=text, fingerprint=fingerprint(landing.stream))


def store_state(tx: Session, landing: Landing, **values: object) -> None:
    """Change what is known of the stream."""
    table = landing.hub.fixed["stream_state"]
    source, stream = landing.names
    where = sa.and_(table.c.source == source, table.c.stream == stream)
    if tx.execute(table.update().where(where).values(**values)).rowcount == 0:
        tx.execute(table.insert().values(source=source, stream=stream, **values))


def count(tx: Session, landing: Landing, delivery: Delivery) -> None:
    """Keep what was counted so far."""
    table = landing.hub.fixed["read_tally"]
    source, stream = landing.names
    tx.execute(table.delete().where(table.c.run_id == landing.number, table.c.source == source, table.c.stream == stream))
    counted = {**delivery.tally().counts, **delivery.evidence(), "notes": json.dumps(delivery.notes[:100])}
    tx.execute(table.insert().values(run_id=landing.number, source=source, stream=stream, **counted))


def finish(landing: Landing, delivery: Delivery) -> None:
    """The stream was read to its end: hold the first sum, and note the time."""
    classed = sum(delivery.counts.values())
    if classed != delivery.total:
        source, stream = landing.names
        raise LedgerError(
            f"{source}/{stream}: {delivery.total} rows were read, but {classed} are accounted for; report it with the file"
        )
    with landing.hub.begin() as tx:
        fields = {"fields": json.dumps(list(delivery.fields))} if delivery.fields else {}
        store_state(tx, landing, synced_at=now(), status="ok", message=None, **fields)
        count(tx, landing, delivery)


def failed(landing: Landing, message: str) -> None:
    """Record that this stream could not be landed, and why."""
    with landing.hub.begin() as tx:
        store_state(tx, landing, status="failed", message=message)


def counted(landing: Landing) -> tuple[dict[str, int], tuple[str, ...]]:
    """What was counted and noted of a stream in this run so far."""
    table = landing.hub.fixed["read_tally"]
    source, stream = landing.names
    where = sa.and_(table.c.run_id == landing.number, table.c.source == source, table.c.stream == stream)
    with landing.hub.read() as session:
        row = session.execute(sa.select(table).where(where)).mappings().first()
    if row is None:
        return dict.fromkeys(READ_COUNTS, 0), ()
    return {n: row[n] for n in READ_COUNTS}, tuple(json.loads(row["notes"]))
