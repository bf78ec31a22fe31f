"""Sources that leave or change their keys, without losing what people said about their records.

Retiring a source is a deletion of all its records; re-keying renames records everywhere at once, in one transaction.
"""

import json
import uuid
from collections.abc import Iterator

import polars as pl
import sqlalchemy as sa

from mdm import audit, digest
from mdm.decisions import ledger
from mdm.errors import ConflictError, NotFoundError, UsageError
from mdm.hub import Session
from mdm.hub.source import next_seq

REKEY_COLUMNS = ("stream", "old_key", "new_key")


def retire_source(tx: Session, source: str, *, actor: str, reason: str) -> int:
    """Withdraw a source: all its records are deleted, and nothing else is; returns how many."""
    reason = ledger.reasoned(reason)
    audit.serialise(tx)
    record, version, state = (tx.hub.fixed[n] for n in ("source_record", "source_version", "stream_state"))
    _known(tx, source)
    # Elements go with the record they stand in.
    leaving = sa.and_(record.c.source == source, record.c.op != "delete", record.c.parent_id.is_(None))
    kept = [c.name for c in version.columns]
    tx.execute(version.insert().from_select(kept, sa.select(*(record.c[n] for n in kept)).where(leaving)))
    first = next_seq(tx)
    place = sa.func.row_number().over(order_by=record.c.record_id).label("place")
    ordered = sa.select(record.c.record_id, place).where(leaving).subquery()
    gone = {"op": "delete", "payload": None, "merged_into": None, "digest": digest.of_text(pl.Series(["delete"]))[0]}
    changed = record.update().where(record.c.record_id == ordered.c.record_id).values(seq=first - 1 + ordered.c.place, **gone)
    count = tx.execute(changed).rowcount
    held = tx.hub.fixed["held_delete"]
    tx.execute(held.delete().where(held.c.source == source))
    # Should the source ever come back, it has to be read from its beginning.
    tx.execute(state.delete().where(state.c.source == source))
    audit.record(tx, "retire source", actor=actor, object=f"source:{source}", reason=reason, after={"deleted": count})
    return count


def rekey(tx: Session, source: str, rows: pl.DataFrame, *, actor: str, reason: str) -> int:
    """Give records of a source new keys (columns line, stream, old_key, new_key); returns how many were renamed."""
    reason = ledger.reasoned(reason)
    audit.serialise(tx)
    _known(tx, source)
    names = _renamed(tx, source, rows)
    moved = _temporary(tx, names)
    for table, column in _references(tx):
        _move(tx, table, column, moved)
    record = tx.hub.fixed["source_record"]
    new_key = sa.select(moved.c.new_key).where(moved.c.new_id == record.c.record_id).scalar_subquery()
    tx.execute(record.update().where(record.c.record_id.in_(sa.select(moved.c.new_id))).values(source_key=new_key))
    pairs = [t for derived in tx.hub.derived.values() for t in (derived.pair, derived.question)]
    for table in (*pairs, tx.hub.fixed["audit_pair"]):
        tx.execute(table.update().where(table.c.a > table.c.b).values(a=table.c.b, b=table.c.a))
    _rewin(tx, names)
    _retell(tx, moved)
    tx.execute(sa.schema.DropTable(moved))
    _forget_benches(tx)
    after = {"renamed": names.height, "streams": sorted(names["stream"].unique())}
    audit.record(tx, "rekey", actor=actor, object=f"source:{source}", reason=reason, after=after)
    return names.height


def _known(session: Session, source: str) -> None:
    record = session.hub.fixed["source_record"]
    if session.scalar(sa.select(record.c.record_id).where(record.c.source == source).limit(1)) is None:
        known = sorted(session.execute(sa.select(record.c.source).distinct()).scalars())
        raise NotFoundError(f"no record of a source {source!r} has landed; there are: {', '.join(known) or 'none'}")


def _renamed(tx: Session, source: str, rows: pl.DataFrame) -> pl.DataFrame:
    """Every record that gets a new name, elements of exploded records included: stream, old_key, new_key, old_id, new_id."""
    for column in ("old_key", "new_key"):
        twice = rows.filter(pl.struct("stream", column).is_duplicated()).sort("line")
        if twice.height:
            raise UsageError(
                f"line {twice['line'][1]}: {column} {twice[column][1]!r} is there twice; each record has one new key"
            )
    named = rows.filter(pl.col("old_key") != pl.col("new_key")).with_columns(
        old_id=digest.record_ids(rows.filter(pl.col("old_key") != pl.col("new_key")).select(
            source=pl.lit(source), stream="stream", source_key="old_key"))
    )  # fmt: skip
    record = tx.hub.fixed["source_record"]
    here = tx.frame(sa.select(record.c.record_id).where(tx.among(record.c.record_id, named["old_id"])))
    absent = named.join(here, left_on="old_id", right_on="record_id", how="anti").sort("line")
    if absent.height:
        line, stream, key = absent.select("line", "stream", "old_key").row(0)
        raise NotFoundError(f"line {line}: there is no record {source}/{stream}:{key}; correct old_key, or leave the line out")
    whole = pl.concat([named, _elements(tx, named)])
    whole = whole.with_columns(
        new_id=digest.record_ids(whole.select(source=pl.lit(source), stream="stream", source_key="new_key"))
    )
    taken = tx.frame(sa.select(record.c.record_id).where(tx.among(record.c.record_id, whole["new_id"])))
    held = whole.join(taken, left_on="new_id", right_on="record_id", how="semi").sort("line")
    if held.height:
        line, stream, key = held.select("line", "stream", "new_key").row(0)
        raise ConflictError(
            f"line {line}: there is a record {source}/{stream}:{key} already; "
            "two records are joined with `mdm decide`, not by a key"
        )
    return whole.with_columns(source=pl.lit(source))


def _elements(tx: Session, named: pl.DataFrame) -> pl.DataFrame:
    record = tx.hub.fixed["source_record"]
    wanted = sa.select(record.c.record_id.label("element"), record.c.parent_id, record.c.source_key)
    found = tx.frame(wanted.where(tx.among(record.c.parent_id, named["old_id"])))
    inside = found.join(named, left_on="parent_id", right_on="old_id")
    # An element's key is its record's key and its own, joined.
    rest = pl.col("source_key").str.slice(pl.col("old_key").str.len_chars())
    return inside.select("line", "stream", old_key="source_key", new_key=pl.col("new_key") + rest, old_id="element").select(
        named.columns
    )


def _temporary(tx: Session, names: pl.DataFrame) -> sa.Table:
    moved = sa.Table(
        "_rekeyed", sa.MetaData(), sa.Column("old_id", sa.BigInteger, primary_key=True, autoincrement=False),
        *(sa.Column(n, sa.BigInteger if n == "new_id" else sa.Text, index=n == "new_id") for n in _MOVED), prefixes=["TEMPORARY"],
    )  # fmt: skip
    tx.execute(sa.schema.DropTable(moved, if_exists=True))
    moved.create(tx.connection)
    written = pl.format("{}/{}:{}", "source", "stream", pl.col("old_key"))
    said = pl.format("{}/{}:{}", "source", "stream", pl.col("new_key"))
    tx.insert(moved, names.select("old_id", "new_id", "new_key", old_name=written, new_name=said))
    return moved


_MOVED = ("new_id", "new_key", "old_name", "new_name")


def _references(tx: Session) -> Iterator[tuple[sa.Table, str]]:
    """Every column of the hub that names a record by its number."""
    fixed = {
        "source_record": ("record_id", "parent_id", "merged_into"), "source_version": ("record_id", "merged_into"), "held_delete": ("record_id",),
        "decision_member": ("record_id",), "correction": ("record_id",), "waiver": ("record_id",), "adopted_id": ("record_id",),
        "audit_pair": ("a", "b"),
    }  # fmt: skip
    for name, columns in fixed.items():
        yield from ((tx.hub.fixed[name], column) for column in columns)
    for derived in tx.hub.derived.values():
        for table in derived.versioned:
            known = ("record_id", "founder", "sole", *(("a", "b") if table in (derived.pair, derived.question) else ()))
            yield from ((table, column) for column in known if column in table.c)


def _move(tx: Session, table: sa.Table, column: str, moved: sa.Table) -> None:
    held = table.c[column]
    new = sa.select(moved.c.new_id).where(moved.c.old_id == held).scalar_subquery()
    tx.execute(table.update().where(held.in_(sa.select(moved.c.old_id))).values({column: new}))


def _rewin(tx: Session, names: pl.DataFrame) -> None:
    """Golden rows remember which record gave each value, by number."""
    new = dict(names.select("old_id", "new_id").iter_rows())
    for derived in tx.hub.derived.values():
        golden, membership = derived.golden, derived.membership
        here = sa.select(membership.c.golden_id).where(tx.among(membership.c.record_id, names["new_id"]))
        rows = tx.rows(sa.select(golden.c.golden_id, golden.c.from_run, golden.c.winners).where(
            golden.c.winners.is_not(None), golden.c.golden_id.in_(here)))  # fmt: skip
        for row in rows:
            won = {attribute: new.get(record, record) for attribute, record in json.loads(row["winners"]).items()}
            this = sa.and_(golden.c.golden_id == row["golden_id"], golden.c.from_run == row["from_run"])
            tx.execute(golden.update().where(this).values(winners=json.dumps(won, separators=(",", ":"))))


def _retell(tx: Session, moved: sa.Table) -> None:
    """Decisions show records by the names they have now."""
    decision = tx.hub.fixed["decision"]
    for column in (decision.c.a, decision.c.b):
        new = sa.select(moved.c.new_name).where(moved.c.old_name == column).scalar_subquery()
        tx.execute(decision.update().where(column.in_(sa.select(moved.c.old_name))).values({column.name: new}))


def _forget_benches(tx: Session) -> None:
    """A bench that knows the old names belongs to another hub from here on."""
    meta = tx.hub.fixed["meta"]
    tx.execute(meta.update().where(meta.c.key == "identity").values(value=uuid.uuid4().hex))
