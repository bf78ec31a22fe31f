"""The fixed tables of a hub, whatever its entities."""

from collections.abc import Callable

import sqlalchemy as sa

from mdm.tables.column import NAMING, STAMP, Big, Text, versioned

EVIDENCE = ("requests", "bytes_read", "first_state", "last_state", "content_hash")
READ_COUNTS = ("total", "new", "changed", "unchanged", "duplicate", "deleted", "filtered", "rejected")


def hub_metadata() -> sa.MetaData:
    """The fixed tables."""
    meta = sa.MetaData(naming_convention=NAMING)
    _landing(meta)
    _runs(meta)
    _people(meta)
    _samples(meta)
    _models(meta)
    _published(meta)
    return meta


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


def _samples(meta: sa.MetaData) -> None:
    of_one: Callable[[], list[sa.Column]] = lambda: [  # noqa: E731
        sa.Column("entity", Text, primary_key=True), sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
    ]  # fmt: skip
    sa.Table(
        "audit_sample", meta, *of_one(), sa.Column("run_id", sa.Integer, nullable=False), sa.Column("model", sa.Integer),
        sa.Column("refusals", sa.Boolean, nullable=False), sa.Column("actor", Text, nullable=False),
        sa.Column("drawn_at", STAMP, nullable=False), sa.Column("event_seq", Big, nullable=False),
    )  # fmt: skip
    sa.Table(
        "audit_stratum", meta, *of_one(), sa.Column("stratum", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("kind", Text, nullable=False), sa.Column("band", Text, nullable=False), sa.Column("sources", Text, nullable=False),
        sa.Column("floor", sa.Float), sa.Column("population", Big, nullable=False),
    )  # fmt: skip
    sa.Table(
        "audit_pair", meta, *of_one(), sa.Column("ordinal", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("stratum", sa.Integer, nullable=False), sa.Column("a", Big, nullable=False), sa.Column("b", Big, nullable=False),
        sa.Column("weight", sa.Float), sa.Column("sources", Text, nullable=False),
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
    versioned(
        meta, "retired_id", ["entity", "golden_id", "successor_id"], sa.Column("entity", Text, nullable=False),
        # An empty successor says: retired, and nothing follows.
        sa.Column("golden_id", Text, nullable=False), sa.Column("successor_id", Text, nullable=False), sa.Column("reason", Text),
    )  # fmt: skip
    versioned(
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
