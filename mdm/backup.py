"""Backup and restore: the whole hub in one file, of one moment, the same for every database.

The file is a zip of Parquet parts and a manifest with the counts, the schema's revisions and the head of the events. It
is checked when it is written and again, wholly, before a restore touches anything. A restored hub is another hub: it gets
an identity of its own, so that no bench of the old one is taken for its own.
"""

import contextlib
import io
import json
import uuid
import zipfile
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl
import sqlalchemy as sa

import mdm
from mdm import audit
from mdm.errors import ConflictError, DamagedError, LedgerError, MigrationError, UsageError
from mdm.hub import Hub, Session, guard, migration
from mdm.hub.bulk import dtype_of
from mdm.hub.run import now

FORMAT = 1
_MANIFEST = "manifest.json"
_ROWS = 50_000
_REVISIONS = "alembic_version"
_DERIVED = ("golden", "membership", "relation", "pair", "question", "quarantined")
# What a hub remembers of its own database, not of its records.
_OWN = ("schema",)


def backup(hub: Hub, file: Path) -> dict[str, Any]:
    """Write the hub into a file, whole or not at all; returns what is in it."""
    if not file.parent.is_dir():
        raise UsageError(f"there is no folder {file.parent}; create it first")
    part = file.with_name(f".{file.name}.part")
    try:
        with hub.read() as session, zipfile.ZipFile(part, "w", zipfile.ZIP_STORED, allowZip64=True) as archive:
            counts = {table.name: _written(session, table, archive) for table in _tables(session.connection, hub)}
            manifest = {
                "format": FORMAT, "mdm": mdm.__version__, "dialect": hub.dialect, "at": now().isoformat(), "tables": counts,
                "revisions": _revisions(session.connection), "head": str(audit.head(session)), "entities": sorted(hub.entities),
            }  # fmt: skip
            archive.writestr(_MANIFEST, json.dumps(manifest, indent=1, sort_keys=True))
        _checked(part)
        part.replace(file)
    finally:
        part.unlink(missing_ok=True)
    return _told(manifest, file)


def restore(hub: Hub, file: Path, *, migrations: Path | None = None, force: bool = False) -> dict[str, Any]:
    """Read a backup into a hub that is empty (or is emptied, with `force`), and verify it; all of it or nothing."""
    manifest = _checked(file)
    with contextlib.ExitStack() as held:
        for name in sorted(hub.entities):
            held.enter_context(hub.lock(f"entity:{name}"))
        with hub.begin() as tx, zipfile.ZipFile(file) as archive:
            _made_ready(tx, manifest, migrations, force=force)
            for table in _tables(tx.connection, hub):
                _loaded(tx, table, archive, manifest["tables"].get(table.name, 0))
            _verified(tx, manifest)
            _renewed(tx)
            guard.draw(tx.connection)
        if manifest["revisions"]:
            migration.migrate(hub, folder=migrations)
    return _told(manifest, file)


def _told(manifest: Mapping[str, Any], file: Path) -> dict[str, Any]:
    counts = manifest["tables"]
    return {
        "file": str(file), "bytes": file.stat().st_size, "at": manifest["at"], "tables": len(counts),
        "rows": sum(counts.values()),
        "head": manifest["head"], "mdm": manifest["mdm"],
    }  # fmt: skip


def _tables(connection: sa.Connection, hub: Hub) -> list[sa.Table]:
    """Every table of the hub as the database has it: the fixed ones, and those of entities whose rules are gone as well."""
    there = set(sa.inspect(connection).get_table_names())
    golden = [n.removesuffix("_golden") for n in there if n.endswith("_golden")]
    entities = [e for e in golden if f"{e}_membership" in there]
    ours = {n for n in hub.fixed if n in there} | {f"{e}_{n}" for e in entities for n in _DERIVED} & there
    ours |= {n for n in there for e in entities if n.startswith(f"{e}_child_")}
    meta = sa.MetaData()
    return [sa.Table(name, meta, autoload_with=connection, resolve_fks=False) for name in sorted(ours)]


def _revisions(connection: sa.Connection) -> list[str]:
    if not sa.inspect(connection).has_table(_REVISIONS):
        return []
    return sorted(connection.execute(sa.text(f"select version_num from {_REVISIONS}")).scalars())


def _written(session: Session, table: sa.Table, archive: zipfile.ZipFile) -> int:
    schema, count = {c.name: _dtype(c) for c in table.columns}, 0
    rows = session.execute(sa.select(table).execution_options(yield_per=_ROWS))
    for number, part in enumerate(rows.partitions(_ROWS)):
        plain = [tuple(_utc(v) if isinstance(v, datetime) else v for v in row) for row in part]
        buffer = io.BytesIO()
        pl.DataFrame(plain, schema=schema, orient="row").write_parquet(buffer, compression="zstd")
        archive.writestr(f"{table.name}/{number:06d}.parquet", buffer.getvalue())
        count += len(plain)
    return count


def _dtype(column: sa.Column) -> Any:
    if isinstance(column.type, sa.DateTime):
        return pl.Datetime("us")
    if isinstance(column.type, sa.LargeBinary):
        return pl.Binary()
    return dtype_of(column.type)


def _utc(at: datetime) -> datetime:
    return at.astimezone(UTC).replace(tzinfo=None) if at.tzinfo else at


def _checked(file: Path) -> dict[str, Any]:
    """The manifest of a backup whose every part is there, readable and as long as it says."""
    try:
        with zipfile.ZipFile(file) as archive:
            broken = archive.testzip()
            if broken is not None:
                raise DamagedError(f"{file}: the part {broken} is damaged; take another backup")
            manifest = json.loads(archive.read(_MANIFEST))
            if manifest["format"] > FORMAT:
                raise MigrationError(f"{file} was written by mdm {manifest['mdm']}, which is newer; upgrade this one first")
            counts = dict.fromkeys(manifest["tables"], 0)
            for name in archive.namelist():
                table = name.partition("/")[0]
                if name != _MANIFEST:
                    counts[table] = counts.get(table, 0) + pl.scan_parquet(archive.read(name)).select(pl.len()).collect().item()
    except FileNotFoundError:
        raise UsageError(f"there is no file {file}") from None
    except (zipfile.BadZipFile, KeyError, ValueError, pl.exceptions.PolarsError, OSError) as error:
        raise DamagedError(f"{file} is no whole backup of a hub ({type(error).__name__}); take another one") from None
    wrong = [name for name, count in manifest["tables"].items() if counts[name] != count]
    if wrong:
        said = manifest["tables"][wrong[0]]
        raise DamagedError(
            f"{file}: {wrong[0]} has {counts[wrong[0]]} rows, not {said} as its manifest says; take another backup"
        )
    return manifest


def _made_ready(tx: Session, manifest: Mapping[str, Any], migrations: Path | None, *, force: bool) -> None:
    """The tables of the backup, empty and unguarded."""
    connection, hub = tx.connection, tx.hub
    if not sa.inspect(connection).has_table("meta"):
        migration.upgraded(connection, manifest["revisions"], folder=migrations)
    elif _revisions(connection) != manifest["revisions"]:
        raise ConflictError(
            "this hub and the backup stand at different revisions; restore into an empty database: the backup is then "
            "brought up to date by itself"
        )
    guard.lift(connection)
    for table in _tables(connection, hub):
        own = table.c.key.in_(_OWN) if table.name == "meta" else sa.false()
        filled = connection.execute(sa.select(sa.func.count()).select_from(table).where(~own)).scalar()
        # The name a hub gave itself is no record.
        if filled and table.name != "meta" and not force:
            raise ConflictError(
                f"this hub is not empty ({table.name} has {filled} rows); restore into an empty one, or add --force"
            )
        connection.execute(table.delete().where(~own))
    missing = sorted(set(manifest["tables"]) - {t.name for t in _tables(connection, hub)})
    if missing:
        raise MigrationError(
            f"the backup holds {missing[0]}, which this hub has no table for; restore with the migrations it was made with"
        )


def _loaded(tx: Session, table: sa.Table, archive: zipfile.ZipFile, expected: int) -> None:
    for rows in _parts(archive, table.name):
        rows = rows.select(c.name for c in table.columns)
        if table.name == "meta":
            rows = rows.filter(~pl.col("key").is_in(_OWN))
        if any(isinstance(_dtype(c), pl.Datetime | pl.Binary) for c in table.columns):
            if rows.height:
                tx.connection.execute(table.insert(), [{k: _zoned(v) for k, v in row.items()} for row in rows.to_dicts()])
        else:
            tx.insert(table, rows)
    found = tx.scalar(sa.select(sa.func.count()).select_from(table))
    if found != expected and table.name != "meta":
        raise LedgerError(f"{table.name}: {found} rows were restored, the backup has {expected}; nothing was changed")


def _zoned(value: Any) -> Any:
    return value.replace(tzinfo=UTC) if isinstance(value, datetime) else value


def _parts(archive: zipfile.ZipFile, table: str) -> Iterator[pl.DataFrame]:
    for name in sorted(n for n in archive.namelist() if n.startswith(f"{table}/")):
        yield pl.read_parquet(archive.read(name))


def _verified(tx: Session, manifest: Mapping[str, Any]) -> None:
    verdict = audit.verify(tx, audit.Head.parse(manifest["head"]) if not manifest["head"].startswith("0:") else None)
    if not verdict.whole:
        raise LedgerError(f"the chain of events in the backup does not hold: {verdict.problem}; nothing was changed")


def _renewed(tx: Session) -> None:
    meta = tx.hub.fixed["meta"]
    tx.execute(meta.delete().where(meta.c.key == "identity"))
    tx.execute(meta.insert().values(key="identity", value=uuid.uuid4().hex))
