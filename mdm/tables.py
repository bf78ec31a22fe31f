"""Tables of the hub: the fixed ones, and those derived from an entity's declaration.

A versioned table keeps every version of a row: visible at a release are the versions whose `from_run` is not above the
release's run and whose `to_run` is. An open version ends at `OPEN`. Names of record are bigints (`record_id`), made from
source, stream and key; readers meet only the views that `hub.views` draws over these tables.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date

import sqlalchemy as sa

from mdm.entity import Attribute, Entity

OPEN = 9223372036854775807
NAMING = {"ix": "ix_%(table_name)s_%(column_0_N_name)s", "uq": "uq_%(table_name)s_%(column_0_N_name)s", "pk": "pk_%(table_name)s"}
STAMP = sa.DateTime(timezone=True)
Big = sa.BigInteger
Text = sa.Text
_SQL_TYPES = {str: sa.Text, int: sa.BigInteger, float: sa.Float, bool: sa.Boolean, date: sa.Date, list: sa.Text}


@dataclass(frozen=True)
class EntityTables:
    """The tables of one entity; all but none are versioned."""

    golden: sa.Table
    membership: sa.Table
    relation: sa.Table
    pair: sa.Table
    question: sa.Table
    quarantined: sa.Table
    children: dict[str, sa.Table]

    @property
    def versioned(self) -> list[sa.Table]:
        """Every table that carries from_run and to_run."""
        return [self.golden, self.membership, self.relation, self.pair, self.question, self.quarantined, *self.children.values()]


def hub_metadata() -> sa.MetaData:
    """The fixed tables."""
    meta = sa.MetaData(naming_convention=NAMING)
    _landing(meta)
    _runs(meta)
    _people(meta)
    _models(meta)
    _published(meta)
    return meta


def entity_metadata(entities: Iterable[Entity]) -> sa.MetaData:
    """The derived tables of these entities."""
    meta = sa.MetaData(naming_convention=NAMING)
    for entity in entities:
        derived(entity, meta)
    return meta


def derived(entity: Entity, meta: sa.MetaData) -> EntityTables:
    """The tables that one declaration asks for, added to `meta`."""
    e = entity.name
    big, text, flag = Big, Text, sa.Boolean
    return EntityTables(
        golden=_versioned(
            meta, f"{e}_golden", ["golden_id"],
            sa.Column("golden_id", text, nullable=False),
            *(_column(a) for a in entity.attributes),
            *(sa.Column(f"{link.name}_id", text) for link in entity.links),
            sa.Column("source_count", sa.Integer, nullable=False),
            sa.Column("created_run", sa.Integer, nullable=False),
            sa.Column("founder", big, nullable=False),
            sa.Column("sole", big),
            sa.Column("winners", text),
            sa.Column("digest", big, nullable=False),
        ),
        membership=_versioned(
            meta, f"{e}_membership", ["record_id"],
            sa.Column("record_id", big, nullable=False, autoincrement=False),
            sa.Column("golden_id", text, nullable=False, index=True),
        ),
        relation=_versioned(
            meta, f"{e}_relation", ["row_id"],
            sa.Column("row_id", big, nullable=False, autoincrement=False),
            sa.Column("golden_id", text, nullable=False, index=True),
            sa.Column("link", text, nullable=False), sa.Column("to_entity", text, nullable=False),
            sa.Column("to_id", text), sa.Column("role", text), sa.Column("valid_from", text), sa.Column("valid_to", text),
            sa.Column("number", text), sa.Column("study", text), sa.Column("is_primary", flag, nullable=False),
            sa.Column("record_id", big, nullable=False),
        ),
        pair=_versioned(
            meta, f"{e}_pair", ["a", "b"],
            sa.Column("a", big, nullable=False, autoincrement=False),
            sa.Column("b", big, nullable=False, autoincrement=False, index=True),
            sa.Column("weight", sa.Float, nullable=False), sa.Column("rule", sa.Integer, nullable=False),
            sa.Column("model", sa.Integer, nullable=False),
        ),
        question=_versioned(
            meta, f"{e}_question", ["a", "b"],
            sa.Column("a", big, nullable=False, autoincrement=False),
            sa.Column("b", big, nullable=False, autoincrement=False),
            sa.Column("weight", sa.Float, nullable=False), sa.Column("reason", text, nullable=False),
            sa.Column("priority", sa.Float, nullable=False),
        ),
        quarantined=_versioned(
            meta, f"{e}_quarantined", ["record_id", "rule", "attribute"],
            sa.Column("record_id", big, nullable=False, autoincrement=False),
            sa.Column("rule", text, nullable=False), sa.Column("attribute", text, nullable=False),
            sa.Column("value", text), sa.Column("stale", flag, nullable=False),
        ),
        children={
            c.name: _versioned(
                meta, f"{e}_child_{c.name}", ["row_id"],
                sa.Column("row_id", big, nullable=False, autoincrement=False),
                sa.Column("golden_id", text, nullable=False, index=True),
                *(_column(a) for a in c.attributes),
                sa.Column("record_id", big, nullable=False),
            )
            for c in entity.collections
        },
    )  # fmt: skip


def _column(attribute: Attribute) -> sa.Column:
    # An index per identifier: a reader's first question is "who has this number?".
    return sa.Column(attribute.name, _SQL_TYPES[attribute.type], index=bool(attribute.identity))


def _versioned(meta: sa.MetaData, name: str, key: list[str], *columns: sa.Column) -> sa.Table:
    return sa.Table(
        name, meta, *columns,
        sa.Column("from_run", sa.Integer, nullable=False),
        sa.Column("to_run", Big, nullable=False),
        sa.PrimaryKeyConstraint(*key, "from_run"),
    )  # fmt: skip


def _landing(meta: sa.MetaData) -> None:
    said: Callable[[], list[sa.Column]] = lambda: [  # noqa: E731
        sa.Column("source_time", Big), sa.Column("op", Text, nullable=False), sa.Column("digest", Big, nullable=False),
        sa.Column("payload", Text), sa.Column("merged_into", Big),
    ]  # fmt: skip
    sa.Table(
        "source_record", meta,
        sa.Column("record_id", Big, primary_key=True, autoincrement=False),
        sa.Column("source", Text, nullable=False), sa.Column("stream", Text, nullable=False),
        sa.Column("source_key", Text, nullable=False),
        sa.Column("seq", Big, nullable=False, index=True),
        sa.Column("parent_id", Big),
        *said(),
        sa.Index(None, "source", "stream", "source_key"),
    )  # fmt: skip
    sa.Table(
        "source_version", meta,
        sa.Column("record_id", Big, primary_key=True, autoincrement=False),
        sa.Column("seq", Big, primary_key=True, autoincrement=False),
        *said(),
    )  # fmt: skip
    sa.Table(
        "stream_state", meta,
        sa.Column("source", Text, primary_key=True), sa.Column("stream", Text, primary_key=True),
        sa.Column("state", Text), sa.Column("fingerprint", Text), sa.Column("fields", Text),
        sa.Column("synced_at", STAMP), sa.Column("status", Text), sa.Column("message", Text),
    )  # fmt: skip
    sa.Table(
        "read_tally", meta,
        sa.Column("run_id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("source", Text, primary_key=True), sa.Column("stream", Text, primary_key=True),
        *(sa.Column(n, Big, nullable=False) for n in READ_COUNTS),
        sa.Column("notes", Text),
        sa.Column("requests", Big), sa.Column("bytes_read", Big),
        sa.Column("first_state", Text), sa.Column("last_state", Text), sa.Column("content_hash", Text),
    )  # fmt: skip
    sa.Table(
        "held_delete", meta,
        sa.Column("record_id", Big, primary_key=True, autoincrement=False),
        sa.Column("source", Text, nullable=False), sa.Column("stream", Text, nullable=False),
        sa.Column("source_time", Big), sa.Column("digest", Big, nullable=False), sa.Column("payload", Text),
        sa.Column("run_id", sa.Integer, nullable=False),
        sa.Index(None, "source", "stream"),
    )  # fmt: skip
    sa.Table(
        "rejected_row", meta,
        sa.Column("run_id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("source", Text, primary_key=True), sa.Column("stream", Text, primary_key=True),
        sa.Column("ordinal", Big, primary_key=True, autoincrement=False),
        sa.Column("position", Text), sa.Column("reason", Text), sa.Column("excerpt", Text),
    )  # fmt: skip


EVIDENCE = ("requests", "bytes_read", "first_state", "last_state", "content_hash")
READ_COUNTS = ("total", "new", "changed", "unchanged", "duplicate", "deleted", "filtered", "rejected")


def _runs(meta: sa.MetaData) -> None:
    sa.Table("meta", meta, sa.Column("key", Text, primary_key=True), sa.Column("value", Text))
    sa.Table(
        "run", meta,
        sa.Column("run_id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("started_at", STAMP, nullable=False), sa.Column("actor", Text), sa.Column("version", Text),
    )  # fmt: skip
    sa.Table(
        "run_entity", meta,
        sa.Column("run_id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("entity", Text, primary_key=True),
        sa.Column("state", Text, nullable=False), sa.Column("message", Text),
        sa.Column("started_at", STAMP, nullable=False), sa.Column("published_at", STAMP),
        sa.Column("base_run", sa.Integer), sa.Column("landed_seq", Big), sa.Column("event_seq", Big),
        sa.Column("model", sa.Integer), sa.Column("memory", Text), sa.Column("counts", Text),
        sa.Column("change_base", Big), sa.Column("changes", Big),
    )  # fmt: skip
    sa.Table("release", meta, sa.Column("entity", Text, primary_key=True), sa.Column("run_id", sa.Integer, nullable=False))


def _people(meta: sa.MetaData) -> None:
    told: Callable[[], list[sa.Column]] = lambda: [  # noqa: E731
        sa.Column("reason", Text, nullable=False), sa.Column("actor", Text, nullable=False), sa.Column("at", STAMP, nullable=False),
        sa.Column("event_seq", Big, nullable=False), sa.Column("withdrawn_seq", Big), sa.Column("withdrawn_at", STAMP),
        sa.Column("withdrawn_by", Text), sa.Column("withdrawn_reason", Text),
    ]  # fmt: skip
    number = lambda: sa.Column("number", sa.Integer, primary_key=True, autoincrement=False)  # noqa: E731
    sa.Table(
        "decision", meta, number(), sa.Column("entity", Text, nullable=False, index=True),
        sa.Column("verdict", Text, nullable=False), sa.Column("a", Text, nullable=False), sa.Column("b", Text, nullable=False), *told(),
    )  # fmt: skip
    sa.Table(
        "decision_member", meta, number(), sa.Column("side", Text, primary_key=True),
        sa.Column("record_id", Big, primary_key=True, autoincrement=False), sa.Column("seen_seq", Big),
    )  # fmt: skip
    sa.Table(
        "correction", meta, number(), sa.Column("entity", Text, nullable=False, index=True),
        sa.Column("record_id", Big, nullable=False), sa.Column("attribute", Text, nullable=False),
        sa.Column("value", Text), sa.Column("until", STAMP), *told(),
    )  # fmt: skip
    sa.Table(
        "waiver", meta, number(), sa.Column("entity", Text, nullable=False, index=True),
        sa.Column("record_id", Big, nullable=False), sa.Column("rule", Text, nullable=False), sa.Column("value", Text), *told(),
    )  # fmt: skip
    sa.Table(
        "adopted_id", meta, sa.Column("entity", Text, primary_key=True),
        sa.Column("record_id", Big, primary_key=True, autoincrement=False),
        sa.Column("golden_id", Text, nullable=False, index=True), sa.Column("event_seq", Big, nullable=False),
    )  # fmt: skip
    sa.Table(
        "event", meta, sa.Column("seq", Big, primary_key=True, autoincrement=False),
        sa.Column("at", STAMP, nullable=False), sa.Column("actor", Text, nullable=False),
        sa.Column("action", Text, nullable=False), sa.Column("entity", Text), sa.Column("object", Text),
        sa.Column("reason", Text), sa.Column("before", Text), sa.Column("after", Text),
        sa.Column("prev", Text, nullable=False), sa.Column("hash", Text, nullable=False),
    )  # fmt: skip


def _models(meta: sa.MetaData) -> None:
    sa.Table(
        "model", meta, sa.Column("entity", Text, primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("settings", Text, nullable=False), sa.Column("evidence", Text, nullable=False),
        sa.Column("fingerprint", Text, nullable=False),
        sa.Column("trained_at", STAMP, nullable=False), sa.Column("active", sa.Boolean, nullable=False),
    )  # fmt: skip
    sa.Table(
        "model_term", meta, sa.Column("entity", Text, primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("attribute", Text, primary_key=True), sa.Column("terms", sa.LargeBinary, nullable=False),
    )  # fmt: skip


def _published(meta: sa.MetaData) -> None:
    sa.Table(
        "change_log", meta, sa.Column("run_id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("entity", Text, primary_key=True), sa.Column("ordinal", Big, primary_key=True, autoincrement=False),
        sa.Column("golden_id", Text, nullable=False), sa.Column("kind", Text, nullable=False),
    )  # fmt: skip
    _versioned(
        meta, "retired_id", ["entity", "golden_id", "successor_id"], sa.Column("entity", Text, nullable=False),
        # An empty successor says: retired, and nothing follows.
        sa.Column("golden_id", Text, nullable=False), sa.Column("successor_id", Text, nullable=False), sa.Column("reason", Text),
    )  # fmt: skip
    _versioned(
        meta, "rule_in_force", ["entity", "attribute"], sa.Column("entity", Text, nullable=False),
        sa.Column("attribute", Text, nullable=False), sa.Column("rule", Text, nullable=False),
    )  # fmt: skip
    sa.Table(
        "quality_figure", meta, sa.Column("run_id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("entity", Text, primary_key=True), sa.Column("source", Text, primary_key=True),
        sa.Column("attribute", Text, primary_key=True), sa.Column("band", Text, primary_key=True),
        sa.Column("measure", Text, primary_key=True), sa.Column("value", sa.Float),
        sa.Column("low", sa.Float), sa.Column("high", sa.Float),
    )  # fmt: skip
