"""The hub's schema follows the declarations: through revisions, in both dialects, all or nothing."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import sqlalchemy as sa

from mdm import catalog, project, tables
from mdm.entity import Attribute, Entity, Link
from mdm.errors import MigrationError
from mdm.hub import Hub, migration, revision, views
from mdm.tables import OPEN
from tests.hub.conftest import place, thing

STUDY = """
from mdm import Attribute, Entity

study = Entity(name="study", about="One study.", prefix="STY", attributes=[Attribute("title", "Its title.")])
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An empty migrations folder of a project."""
    return tmp_path / "migrations"


def migrated(url: str, folder: Path, *entities: Entity, message: str | None = None) -> Hub:
    hub = Hub(url, entities)
    if message is not None:
        migration.revise(hub, message, folder)
    migration.migrate(hub, folder=folder)
    return hub


def rows(hub: Hub, relation: str) -> list[dict]:
    with hub.read() as session:
        return [dict(r) for r in session.rows(sa.text(f"select * from {views.name(relation, hub.dialect)}"))]


def differences(hub: Hub) -> list:
    with hub.begin() as tx:
        fixed = revision.differences(tx.connection, tables.hub_metadata())
        return fixed + revision.differences(tx.connection, tables.entity_metadata(hub.entities.values()))


def publish(hub: Hub, **values) -> None:
    """One thing, published by run 1."""
    row = {"golden_id": "T-1", "source_count": 1, "created_run": 1, "founder": 1, "digest": 0, "from_run": 1, "to_run": OPEN}
    with hub.begin() as tx:
        tx.execute(hub.fixed["release"].insert().values(entity="thing", run_id=1))
        tx.execute(hub.tables("thing").golden.insert().values(**row, **values))


def test_the_shipped_revisions_make_the_shipped_tables(hub_url: str):
    hub = Hub(hub_url, catalog.entities(project.bundled("rules")).values())

    migration.migrate(hub)

    assert differences(hub) == []
    assert migration.current(hub)
    hub.dispose()


def test_migrating_twice_does_nothing(hub_url: str, folder: Path):
    hub = migrated(hub_url, folder, thing(), message="Add things")

    assert migration.migrate(hub, folder=folder) is False
    assert migration.revise(hub, "Nothing new", folder) is None
    hub.dispose()


def test_an_empty_hub_is_refused_with_the_command(hub_url: str):
    hub = Hub(hub_url, [thing()])

    with pytest.raises(MigrationError, match="mdm migrate"):
        migration.current(hub)
    hub.dispose()


def test_changed_rules_are_refused_until_they_have_a_revision(hub_url: str, folder: Path):
    migrated(hub_url, folder, thing(), message="Add things").dispose()
    hub = Hub(hub_url, [thing(Attribute("colour", "Its colour."))])

    with pytest.raises(MigrationError, match=r"thing.*mdm migrate --revision"):
        migration.current(hub)
    with pytest.raises(MigrationError, match=r"thing.*mdm migrate --revision"):
        migration.migrate(hub, folder=folder)
    hub.dispose()


def test_a_refused_migration_leaves_the_hub_as_it_was(hub_url: str, folder: Path):
    before = migrated(hub_url, folder, thing(), message="Add things")
    publish(before, code="c1")
    after = Hub(hub_url, [thing(Attribute("colour", "Its colour."))])

    with pytest.raises(MigrationError):
        migration.migrate(after, folder=folder)

    assert migration.current(before)
    assert [r["code"] for r in rows(before, "thing")] == ["c1"]
    before.dispose()
    after.dispose()


def test_a_new_column_keeps_what_is_there(hub_url: str, folder: Path):
    before = migrated(hub_url, folder, thing(), message="Add things")
    publish(before, code="c1", tags='["a"]')
    before.dispose()

    after = migrated(hub_url, folder, thing(Attribute("colour", "Its colour.", identifies=True)), message="Add colours")

    assert differences(after) == []
    assert [(r["code"], r["tags"], r["colour"]) for r in rows(after, "thing")] == [("c1", '["a"]', None)]
    after.dispose()


def test_a_dropped_column_goes_with_its_values(hub_url: str, folder: Path):
    before = migrated(hub_url, folder, thing(Attribute("colour", "Its colour.", identifies=True)), message="Add things")
    publish(before, code="c1", colour="red")
    before.dispose()

    after = migrated(hub_url, folder, thing(), message="Drop colours")

    assert differences(after) == []
    assert [(r["code"], "colour" in r) for r in rows(after, "thing")] == [("c1", False)]
    after.dispose()


def test_a_column_that_changes_its_type_converts_its_values(hub_url: str, folder: Path):
    before = migrated(hub_url, folder, thing(Attribute("height", "Its height.")), message="Add things")
    publish(before, code="c1", height="12")
    before.dispose()

    after = migrated(hub_url, folder, thing(Attribute("height", "Its height.", type=int)), message="Count heights")

    assert differences(after) == []
    assert [r["height"] for r in rows(after, "thing")] == [12]
    after.dispose()


def test_changed_words_need_no_revision(hub_url: str, folder: Path):
    migrated(hub_url, folder, thing(Attribute("colour", "Its colour.")), message="Add things").dispose()
    hub = Hub(hub_url, [thing(Attribute("colour", "The colour it has."))])

    assert migration.current(hub)
    assert migration.migrate(hub, folder=folder) is (hub.dialect == "postgresql")
    hub.dispose()


def test_an_entity_whose_file_is_missing_keeps_its_records(hub_url: str, folder: Path):
    before = migrated(hub_url, folder, thing(), place(), message="Add things and places")
    publish(before, code="c1")
    before.dispose()

    without = Hub(hub_url, [place()])
    assert migration.revise(without, "Lose the things", folder) is None
    migration.migrate(without, folder=folder)
    without.dispose()
    again = migrated(hub_url, folder, thing(), place())

    assert [r["code"] for r in rows(again, "thing")] == ["c1"]
    again.dispose()


def test_a_new_rules_file_gets_its_revision_and_only_it(hub_url: str, tmp_path: Path):
    folder = tmp_path / "migrations"
    shutil.copytree(project.bundled("migrations") / "entities", folder / "entities")
    rules = Path(shutil.copytree(project.bundled("rules"), tmp_path / "rules"))
    shipped = {p.name: p.read_bytes() for p in (folder / "entities").glob("*.py")}
    (rules / "study.py").write_text(STUDY)
    hub = Hub(hub_url, catalog.entities(rules).values())

    path = migration.revise(hub, "Add studies", folder)
    migration.migrate(hub, folder=folder)

    text = path.read_text()
    assert path.name == "0002_add_studies.py"
    assert text.startswith('"""Add studies."""')
    assert "study_golden" in text and "hcp" not in text
    assert {p.name: p.read_bytes() for p in (folder / "entities").glob("*.py") if p != path} == shipped
    assert rows(hub, "study") == []
    assert differences(hub) == []
    hub.dispose()


def test_a_revision_is_written_without_a_reachable_hub(folder: Path):
    hub = Hub("postgresql+psycopg://nobody@127.0.0.1:9/none", [thing()])

    assert migration.revise(hub, "Add things", folder) == folder / "entities" / "0001_add_things.py"
    hub.dispose()


def test_a_generated_revision_can_be_undone(fresh_sqlite: str, folder: Path):
    hub = migrated(fresh_sqlite, folder, thing(), message="Add things")
    script = revision.scripts(project.bundled("migrations") / "hub", folder / "entities")

    with hub.begin() as tx:
        views.undraw(tx.connection, [r.name for r in views.relations([thing()], "sqlite")])
        revision._within(tx.connection, script, lambda at, _context: script._downgrade_revs("entities@base", at))
        left = [t for t in sa.inspect(tx.connection).get_table_names() if t.startswith("thing")]

    assert left == []
    hub.dispose()


def test_two_ends_of_a_branch_are_named(folder: Path):
    hub = Hub("sqlite://", [thing(), place()])
    migration.revise(Hub("sqlite://", [thing()]), "Add things", folder)
    first = next((folder / "entities").glob("0001*.py"))
    second = migration.revise(hub, "Add places", folder)
    twin = second.with_name("0002_add_sites.py")
    twin.write_text(second.read_text().replace("entities_0002_", "entities_0002_f"))

    with pytest.raises(MigrationError, match="2 revisions"):
        migration.revise(Hub("sqlite://", [thing()]), "Add more", folder)
    assert first.exists()


def test_a_hub_from_elsewhere_is_refused(hub_url: str, folder: Path, tmp_path: Path):
    migrated(hub_url, folder, thing(), message="Add things").dispose()
    hub = Hub(hub_url, [thing()])
    migration.revise(hub, "Other things", tmp_path / "other")

    with pytest.raises(MigrationError, match="newer package or of another project"):
        migration.migrate(hub, folder=tmp_path / "other")
    hub.dispose()


def test_long_names_fit_both_dialects(hub_url: str, folder: Path):
    long = Attribute("identifier_that_a_very_careful_authority_has_given_to_it", "Long.", identifies=True)
    up = Link("up", "packaging_component", "Up.")
    entity = Entity(name="packaging_component", about="Long.", prefix="PKC", attributes=[long], links=[up], block=[[long.name]])

    hub = migrated(hub_url, folder, entity, message="Add long names")

    assert migration.migrate(hub, folder=folder) is False
    hub.dispose()


def test_a_view_that_somebody_dropped_is_drawn_again(hub_url: str, folder: Path):
    hub = migrated(hub_url, folder, thing(), message="Add things")
    with hub.begin() as tx:
        views.undraw(tx.connection, ["thing_xref"])

    assert migration.migrate(hub, folder=folder) is True
    assert rows(hub, "thing_xref") == []
    hub.dispose()


def test_a_view_standing_on_ours_is_named_and_kept(fresh_postgres: str, folder: Path):
    migrated(fresh_postgres, folder, thing(), message="Add things").dispose()
    hub = Hub(fresh_postgres, [thing(Attribute("colour", "Its colour."))])
    with hub.begin() as tx:
        tx.execute(sa.text("create view report as select golden_id from golden.thing"))
    migration.revise(hub, "Add colours", folder)

    with pytest.raises(MigrationError, match="report"):
        migration.migrate(hub, folder=folder)
    hub.dispose()


def test_grants_outlive_a_migration(fresh_postgres: str, folder: Path):
    hub = migrated(fresh_postgres, folder, thing(), message="Add things")
    with hub.begin() as tx:
        for role in ("mdm_reader", "mdm_test_analyst"):
            if not tx.execute(sa.text(f"select 1 from pg_roles where rolname = '{role}'")).scalar():
                tx.execute(sa.text(f"create role {role}"))
        tx.execute(sa.text("grant usage on schema golden to mdm_test_analyst"))
        tx.execute(sa.text("grant select on golden.thing to mdm_test_analyst"))
        tx.execute(sa.text("grant select (golden_id) on golden.thing_xref to mdm_test_analyst"))
    hub.dispose()

    hub = migrated(fresh_postgres, folder, thing(Attribute("colour", "Its colour.")), message="Add colours")

    asked = "select has_table_privilege('{0}', 'golden.{1}', 'select'), has_any_column_privilege('{0}', 'golden.{1}', 'select')"
    with hub.read() as session:
        answers = {
            (role, view): tuple(session.execute(sa.text(asked.format(role, view))).one())
            for role in ("mdm_reader", "mdm_test_analyst") for view in ("thing", "thing_xref", "thing_queue")
        }  # fmt: skip
    hub.dispose()
    assert answers == {
        ("mdm_reader", "thing"): (True, True), ("mdm_reader", "thing_xref"): (True, True),
        ("mdm_reader", "thing_queue"): (True, True), ("mdm_test_analyst", "thing"): (True, True),
        ("mdm_test_analyst", "thing_xref"): (False, True),
        ("mdm_test_analyst", "thing_queue"): (False, False),
    }  # fmt: skip


def test_two_migrations_at_once_make_one(hub_url: str, folder: Path):
    hub = Hub(hub_url, [place()])
    migration.revise(hub, "Add places", folder)
    program = (
        "import sys; from pathlib import Path; from mdm.hub import Hub, migration; from tests.hub.conftest import place; "
        "print(migration.migrate(Hub(sys.argv[1], [place()]), folder=Path(sys.argv[2])))"
    )
    both = [
        subprocess.Popen([sys.executable, "-c", program, hub_url, str(folder)], stdout=subprocess.PIPE, text=True)
        for _ in range(2)
    ]

    told = [p.communicate()[0].strip() for p in both]

    assert [p.returncode for p in both] == [0, 0]
    assert sorted(told) == ["False", "True"]
    hub.dispose()


def _event(hub: Hub) -> None:
    from datetime import UTC, datetime

    at = datetime(2031, 5, 1, tzinfo=UTC)
    with hub.begin() as tx:
        tx.execute(hub.fixed["event"].insert().values(seq=1, at=at, actor="ana", action="decide", prev="", hash="x"))
        said = {
            "number": 1,
            "entity": "thing",
            "verdict": "match",
            "a": "a",
            "b": "b",
            "reason": "same",
            "actor": "ana",
            "at": at,
        }
        tx.execute(hub.fixed["decision"].insert().values(event_seq=1, **said))


@pytest.mark.parametrize(
    "statement",
    [
        "update event set reason = 'other'", "delete from event", "update decision set verdict = 'no_match'",
        "update decision set actor = 'eva'", "delete from decision",
    ],
)  # fmt: skip
def test_what_people_did_is_not_rewritten(hub: Hub, statement: str):
    _event(hub)

    with pytest.raises(sa.exc.DBAPIError, match=r"only ever added|never edited"), hub.begin() as tx:
        tx.execute(sa.text(statement))


def test_an_event_is_not_replaced(fresh_sqlite: str):
    hub = Hub(fresh_sqlite)
    migration.lay(hub)
    _event(hub)

    with pytest.raises(sa.exc.DBAPIError, match="only ever added"), hub.begin() as tx:
        tx.execute(sa.text("insert or replace into event select * from event"))
    hub.dispose()


def test_events_are_not_truncated(fresh_postgres: str):
    hub = Hub(fresh_postgres)
    migration.lay(hub)
    _event(hub)

    with pytest.raises(sa.exc.DBAPIError, match="only ever added"), hub.begin() as tx:
        tx.execute(sa.text("truncate event"))
    hub.dispose()


def test_a_decision_is_withdrawn_once(hub: Hub):
    _event(hub)
    with hub.begin() as tx:
        tx.execute(sa.text("update decision set withdrawn_seq = 2, withdrawn_by = 'eva', a = 'renamed'"))

    with pytest.raises(sa.exc.DBAPIError, match="never edited"), hub.begin() as tx:
        tx.execute(sa.text("update decision set withdrawn_seq = null"))
