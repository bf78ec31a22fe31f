import zipfile

import pytest
import sqlalchemy as sa

from mdm import audit, backup, decisions
from mdm.errors import ConflictError, DamagedError, LedgerError, UsageError
from mdm.hub import Hub, guard, migration
from mdm.testing.toy import Toy

PEOPLE = [
    {"id": str(n), "name": f"Person {word}", "city": word, "colours": "red; blue", "part_1": f"p{n}"}
    for n, word in enumerate(("Oak", "Elm", "Ash"))
]


@pytest.fixture
def toy(tmp_path, hub_url):
    toy = Toy(tmp_path, hub_url).lay()
    toy.deliver("a", PEOPLE).deliver("b", PEOPLE[:2])
    toy.run()
    toy.decide("a/things:0", "a/things:1", "no_match")
    with toy.context.hub.begin() as tx:
        decisions.set_value(tx, "thing", "a/things:2", "city", "Yew", actor="ana", reason="seen")
    toy.run()
    yield toy
    toy.context.hub.dispose()


@pytest.fixture
def other(fresh_sqlite, fresh_postgres, toy):
    """An empty hub of the other dialect."""
    hub = Hub(
        fresh_postgres if toy.context.hub.dialect == "sqlite" else fresh_sqlite.replace("hub.db", "other.db"),
        toy.context.entities.values(),
    )
    migration.lay(hub)
    yield hub
    hub.dispose()


def everything(hub):
    """Every row of every table but what belongs to the database itself."""
    found = {}
    with hub.read() as session:
        for table in backup._tables(session.connection, hub):
            rows = [
                tuple(str(backup._utc(v)) if hasattr(v, "tzinfo") else v for v in row)
                for row in session.execute(sa.select(table))
            ]
            found[table.name] = sorted(r for r in map(repr, rows) if not r.startswith(("('identity'", "('schema'")))
    return found


def test_a_backup_restores_into_the_other_database(toy, other, tmp_path):
    written = backup.backup(toy.context.hub, tmp_path / "hub.mdm")

    backup.restore(other, tmp_path / "hub.mdm")

    assert everything(other) == everything(toy.context.hub)
    assert other.identity() != toy.context.hub.identity()
    with other.read() as session:
        assert str(audit.verify(session).head) == written["head"]


def test_a_hub_that_is_not_empty_is_restored_only_by_force(toy, tmp_path):
    backup.backup(toy.context.hub, tmp_path / "hub.mdm")
    before = everything(toy.context.hub)
    toy.decide("a/things:0", "a/things:2", "no_match")

    with pytest.raises(ConflictError, match="--force"):
        backup.restore(toy.context.hub, tmp_path / "hub.mdm")
    backup.restore(toy.context.hub, tmp_path / "hub.mdm", force=True)

    assert everything(toy.context.hub) == before


def test_a_restored_hub_goes_on_and_keeps_its_guards(toy, tmp_path):
    backup.backup(toy.context.hub, tmp_path / "hub.mdm")
    backup.restore(toy.context.hub, tmp_path / "hub.mdm", force=True)
    before = toy.state(ids=True)

    toy.run()

    assert toy.state(ids=True) == before
    with pytest.raises(sa.exc.DBAPIError), toy.context.hub.begin() as tx:
        tx.connection.exec_driver_sql("delete from event")


@pytest.mark.parametrize("wound", ["cut", "flip", "text", "count"])
def test_a_damaged_backup_touches_nothing(toy, tmp_path, wound):
    file = tmp_path / "hub.mdm"
    backup.backup(toy.context.hub, file)
    before = everything(toy.context.hub)

    hurt(file, wound)

    with pytest.raises(DamagedError, match="take another"):
        backup.restore(toy.context.hub, file, force=True)
    assert everything(toy.context.hub) == before


def hurt(file, wound):
    content = bytearray(file.read_bytes())
    if wound == "cut":
        del content[len(content) // 2 :]
    elif wound == "flip":
        content[len(content) // 3] ^= 0xFF
    elif wound == "text":
        content = bytearray(b"not a backup")
    file.write_bytes(content)
    if wound == "count":
        with zipfile.ZipFile(file) as old:
            parts = {n: old.read(n) for n in old.namelist()}
        with zipfile.ZipFile(file, "w") as new:
            for name, part in parts.items():
                new.writestr(name, part.replace(b'"run": 2', b'"run": 3') if name == "manifest.json" else part)


def test_a_backup_whose_events_were_tampered_with_is_refused(toy, tmp_path, other):
    with toy.context.hub.begin() as tx:
        guard.lift(tx.connection)
        tx.connection.exec_driver_sql("update event set reason = 'eve' where seq = 1")
    backup.backup(toy.context.hub, tmp_path / "hub.mdm")

    with pytest.raises(LedgerError, match="event 1 was altered"):
        backup.restore(other, tmp_path / "hub.mdm")


def test_a_backup_needs_a_folder_and_a_restore_a_file(toy, tmp_path):
    with pytest.raises(UsageError, match="no folder"):
        backup.backup(toy.context.hub, tmp_path / "none" / "hub.mdm")
    with pytest.raises(UsageError, match="no file"):
        backup.restore(toy.context.hub, tmp_path / "none.mdm")
