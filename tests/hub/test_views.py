"""What readers see: two published runs, and a third one that nobody may see yet."""

import json
from datetime import UTC, date, datetime
from typing import Any

import pytest
import sqlalchemy as sa

from mdm.entity import Attribute, Entity
from mdm.errors import DeclarationError
from mdm.hub import Hub, migration, views
from mdm.tables import OPEN
from tests.hub.conftest import place, thing

FIRST, SECOND, OTHER = (datetime(2031, 5, day, 12, 0, 0, 250_000, tzinfo=UTC) for day in (1, 2, 3))
COUNTS = {"members": 3, "total": 2, "created": 2, "queued": 1}


@pytest.fixture
def told(hub: Hub) -> Hub:
    """Run 1 makes two things, run 2 merges them, run 3 is prepared and not published; run 4 publishes a place."""
    with hub.begin() as tx:
        for table, rows in (*_runs(), *_records(), *_things(), *_around(), *_people()):
            columns = hub.fixed.get(table)
            if columns is None:
                columns = next(t for e in hub.derived.values() for t in e.versioned if t.name == table)
            for row in rows:
                tx.execute(columns.insert().values(**row))
    return hub


def _runs():
    done = {"state": "published", "counts": json.dumps(COUNTS)}
    yield (
        "run_entity",
        [
            {
                "run_id": 1,
                "entity": "thing",
                "started_at": FIRST,
                "published_at": FIRST,
                "change_base": 0,
                "changes": 2,
                "model": 1,
                **done,
            },
            {
                "run_id": 2,
                "entity": "thing",
                "started_at": SECOND,
                "published_at": SECOND,
                "change_base": 2,
                "changes": 2,
                "model": 2,
                **done,
            },
            {"run_id": 3, "entity": "thing", "started_at": SECOND, "state": "held"},
            {"run_id": 4, "entity": "place", "started_at": OTHER, "published_at": OTHER, "change_base": 4, "changes": 1, **done},
        ],
    )
    yield "release", [{"entity": "thing", "run_id": 2}, {"entity": "place", "run_id": 4}]
    yield (
        "rule_in_force",
        [
            {"entity": "thing", "attribute": a, "rule": rule, "from_run": since, "to_run": until}
            for a in ("code", "order", "size", "ok", "made_on", "tags")
            for rule, since, until in (("most recent", 1, 2), ("by role (register)", 2, OPEN))
        ],
    )


def _records():
    names = {1: ("crm", "accounts", "A1"), 2: ("crm", "accounts", "A2"), 3: ("reg", "people", "7|x"), 9: ("geo", "places", "P")}
    yield (
        "source_record",
        [
            {"record_id": n, "source": s, "stream": t, "source_key": k, "seq": n, "op": "upsert", "digest": 0}
            for n, (s, t, k) in names.items()
        ],
    )


def _things():
    def golden(golden_id, since, until, *, order, **more):
        values = {"code": "c1", "size": 2.0, "ok": True, "made_on": date(2030, 1, 2), "tags": '["a","b"]', "source_count": 1}
        more = values | {"created_run": 1, "founder": 1, "digest": 0, "sole": None, "winners": None, "parent_id": None} | more
        return {"golden_id": golden_id, "order": order, "from_run": since, "to_run": until, **more}

    won = json.dumps({"code": 3, "order": 1, "size": 1, "ok": -5, "made_on": 1, "tags": 2})
    yield (
        "thing_golden",
        [
            golden("T-1", 1, 2, order=1, sole=1),
            golden("T-2", 1, 2, order=2, sole=2, made_on=None, tags=None),
            golden("T-1", 2, 3, order=1, code="c9", ok=False, winners=won, source_count=3, parent_id="T-7"),
            golden("T-1", 3, OPEN, order=5, sole=1),
            golden("T-3", 3, OPEN, order=6, sole=2, created_run=3),
        ],
    )
    here = {"golden_id": "P-1", "title": "Here", "source_count": 1, "created_run": 4, "founder": 9, "sole": 9, "digest": 0}
    yield "place_golden", [{"from_run": 4, "to_run": OPEN, **here}]
    belongs = [(1, "T-1", 1, OPEN), (2, "T-2", 1, 2), (2, "T-1", 2, 3), (2, "T-3", 3, OPEN), (3, "T-1", 2, OPEN)]
    yield (
        "thing_membership",
        [
            {"record_id": record, "golden_id": golden_id, "from_run": since, "to_run": until}
            for record, golden_id, since, until in belongs
        ],
    )


def _around():
    link = {"link": "parent", "to_entity": "thing", "role": "of", "is_primary": True, "record_id": 1}
    yield (
        "thing_relation",
        [
            {"row_id": 1, "golden_id": "T-1", "to_id": "T-2", "from_run": 1, "to_run": 2, **link},
            {"row_id": 1, "golden_id": "T-1", "to_id": "T-7", "from_run": 2, "to_run": OPEN, **link},
            {"row_id": 2, "golden_id": "T-1", "to_id": "T-8", "from_run": 3, "to_run": OPEN, **link},
        ],
    )
    yield (
        "thing_child_part",
        [
            {"row_id": 1, "golden_id": "T-1", "number": "n1", "record_id": 1, "from_run": 1, "to_run": 3},
            {"row_id": 2, "golden_id": "T-1", "number": "n2", "record_id": 3, "from_run": 3, "to_run": OPEN},
        ],
    )
    yield (
        "thing_question",
        [
            {"a": 1, "b": 3, "weight": 3.5, "reason": "near", "priority": 1.0, "from_run": 1, "to_run": 2},
            {"a": 2, "b": 3, "weight": -0.25, "reason": "near", "priority": 2.0, "from_run": 2, "to_run": 3},
            {"a": 1, "b": 2, "weight": 5000.0, "reason": "veto", "priority": 2.0, "from_run": 2, "to_run": OPEN},
            {"a": 1, "b": 9, "weight": 1.0, "reason": "new", "priority": 2.0, "from_run": 3, "to_run": OPEN},
        ],
    )


def _people():
    yield (
        "retired_id",
        [
            {"entity": "thing", "golden_id": "T-2", "successor_id": "T-1", "reason": "merged", "from_run": 2, "to_run": 3},
            {"entity": "thing", "golden_id": "T-9", "successor_id": "", "reason": "no members", "from_run": 1, "to_run": 2},
            {"entity": "thing", "golden_id": "T-8", "successor_id": "", "reason": "no members", "from_run": 2, "to_run": OPEN},
            {"entity": "thing", "golden_id": "T-1", "successor_id": "", "reason": "later", "from_run": 3, "to_run": OPEN},
        ],
    )
    yield "change_log", [
        {"run_id": run, "entity": entity, "ordinal": n, "golden_id": golden_id, "kind": kind}
        for run, entity, n, golden_id, kind in (
            (1, "thing", 1, "T-1", "created"), (1, "thing", 2, "T-2", "created"), (2, "thing", 1, "T-1", "changed"),
            (2, "thing", 2, "T-2", "merged"), (3, "thing", 1, "T-3", "created"), (4, "place", 1, "P-1", "created"),
        )
    ]  # fmt: skip
    figure = {"source": "crm", "attribute": "code", "band": "", "measure": "filled", "value": 0.5, "low": 0.4, "high": 0.6}
    yield "quality_figure", [{"run_id": run, "entity": "thing", **figure} for run in (1, 3)]


def seen(hub: Hub, relation: str, *order: str, **only: Any) -> list[dict[str, Any]]:
    """The rows a reader gets, times and truths in one form for both dialects."""
    view = sa.text(f"select * from {views.name(relation, hub.dialect)}")
    with hub.read() as session:
        rows = [{name: _plain(name, value) for name, value in row.items()} for row in session.rows(view)]
    rows = [r for r in rows if all(r[name] == value for name, value in only.items())]
    return sorted(rows, key=lambda r: [str(r[name]) for name in order])


def _plain(name: str, value: Any) -> Any:
    if name.endswith("_at") or name in ("known_from", "known_to", "since", "at"):
        moment = datetime.fromisoformat(value) if isinstance(value, str) else value
        return moment if moment is None or moment.tzinfo else moment.replace(tzinfo=UTC)
    if name in ("before", "after") and isinstance(value, str):
        return json.loads(value)
    if isinstance(value, date) and not isinstance(value, datetime):
        return value.isoformat()
    return value


def only(rows: list[dict[str, Any]], *names: str) -> list[tuple]:
    return [tuple(row[name] for name in names) for row in rows]


def test_a_golden_record_is_seen_as_the_last_published_run_left_it(told: Hub):
    assert seen(told, "thing") == [
        {
            "golden_id": "T-1", "code": "c9", "order": 1, "size": 2.0, "ok": False, "made_on": "2030-01-02", "tags": '["a","b"]',
            "parent_id": "T-7", "source_count": 3, "created_at": FIRST, "updated_at": SECOND,
        }
    ]  # fmt: skip


def test_a_child_row_names_its_record(told: Hub):
    assert seen(told, "thing_part") == [
        {"golden_id": "T-1", "number": "n1", "source": "crm", "stream": "accounts", "source_key": "A1"}
    ]


def test_a_link_is_seen_with_its_record(told: Hub):
    assert seen(told, "thing_link") == [
        {
            "golden_id": "T-1", "link": "parent", "to_entity": "thing", "to_id": "T-7", "role": "of", "valid_from": None,
            "valid_to": None, "number": None, "study": None, "is_primary": True, "source": "crm", "stream": "accounts",
            "source_key": "A1",
        }
    ]  # fmt: skip


def test_the_crosswalk_says_where_each_record_belongs_and_since_when(told: Hub):
    rows = seen(told, "thing_xref", "source_key")

    assert only(rows, "source", "stream", "source_key", "golden_id", "linked_at") == [
        ("reg", "people", "7|x", "T-1", SECOND),
        ("crm", "accounts", "A1", "T-1", FIRST),
        ("crm", "accounts", "A2", "T-1", SECOND),
    ]


def test_history_ends_where_a_published_run_ended_it(told: Hub):
    rows = seen(told, "thing_history", "golden_id", "run_id")

    assert only(rows, "golden_id", "code", "known_from", "known_to", "run_id") == [
        ("T-1", "c1", FIRST, SECOND, 1),
        ("T-1", "c9", SECOND, None, 2),
        ("T-2", "c1", FIRST, SECOND, 1),
    ]


def test_the_crosswalk_has_a_history(told: Hub):
    rows = seen(told, "thing_xref_history", "source_key", "run_id", source="crm")

    assert only(rows, "source_key", "golden_id", "known_from", "known_to", "run_id") == [
        ("A1", "T-1", FIRST, None, 1),
        ("A2", "T-2", FIRST, SECOND, 1),
        ("A2", "T-1", SECOND, None, 2),
    ]


def test_a_link_has_a_history(told: Hub):
    rows = seen(told, "thing_link_history", "run_id")

    assert only(rows, "to_id", "known_from", "known_to", "run_id") == [("T-2", FIRST, SECOND, 1), ("T-7", SECOND, None, 2)]


def test_lineage_says_where_each_value_comes_from(told: Hub):
    rows = seen(told, "thing_lineage", "attribute")
    rule = "by role (register)"

    assert only(rows, "attribute", "value", "source", "stream", "source_key", "rule", "run_id", "model", "decision_id") == [
        ("code", "c9", "reg", "people", "7|x", rule, 2, 2, None),
        ("made_on", "2030-01-02", "crm", "accounts", "A1", rule, 2, 2, None),
        ("ok", "false", "steward", "correction", "5", "steward", 2, 2, 5),
        ("order", "1", "crm", "accounts", "A1", rule, 2, 2, None),
        ("size", "2", "crm", "accounts", "A1", rule, 2, 2, None),
        ("tags", '["a","b"]', "crm", "accounts", "A2", rule, 2, 2, None),
    ]


def test_a_single_member_wins_every_value_that_is_there(told: Hub):
    with told.begin() as tx:
        tx.execute(told.fixed["release"].update().values(run_id=1))
    rows = seen(told, "thing_lineage", "attribute", golden_id="T-2")

    assert only(rows, "attribute", "source_key", "rule", "model") == [
        (a, "A2", "most recent", 1) for a in ("code", "ok", "order", "size")
    ]


def test_the_queue_names_records_and_gives_a_probability(told: Hub):
    rows = seen(told, "thing_queue", "reason")

    assert only(rows, "a", "b", "weight", "reason", "priority", "since") == [
        ("crm/accounts:A2", "reg/people:7|x", -0.25, "near", 2.0, SECOND),
        ("crm/accounts:A1", "crm/accounts:A2", 5000.0, "veto", 2.0, SECOND),
    ]
    assert [r["probability"] for r in rows] == pytest.approx([1 / (1 + 2**0.25), 1.0], abs=1e-12)


def test_a_probability_follows_from_its_weight(hub: Hub):
    weights = [-5000.0, -61.0, -12.7, -0.999, 0.0, 0.001, 0.5, 1.0, 6.64, 33.3, 59.999, 1e9]
    with hub.begin() as tx:
        tx.execute(hub.fixed["release"].insert().values(entity="thing", run_id=1))
        row = {"reason": "near", "priority": 0.0, "from_run": 1, "to_run": OPEN}
        for n, weight in enumerate(weights):
            tx.execute(hub.tables("thing").question.insert().values(a=n, b=n, weight=weight, **row))

    told = {r["weight"]: r["probability"] for r in seen(hub, "thing_queue")}

    assert all(0 < probability < 1 for probability in told.values())
    assert told == pytest.approx({w: 1 / (1 + 2 ** -max(-50, min(50, w))) for w in weights}, rel=1e-11)


def test_retired_ids_name_their_successors(told: Hub):
    assert only(seen(told, "retired", "golden_id"), "entity", "golden_id", "successor_id", "retired_at", "reason") == [
        ("thing", "T-2", "T-1", SECOND, "merged"),
        ("thing", "T-8", None, SECOND, "no members"),
    ]


def test_retired_ids_have_a_history(told: Hub):
    assert only(seen(told, "retired_history", "golden_id"), "golden_id", "known_from", "known_to", "run_id") == [
        ("T-2", SECOND, None, 2),
        ("T-8", SECOND, None, 2),
        ("T-9", FIRST, SECOND, 1),
    ]


def test_changes_are_numbered_without_gaps_over_all_entities(told: Hub):
    assert only(seen(told, "change", "seq"), "seq", "run_id", "entity", "golden_id", "kind", "at") == [
        (1, 1, "thing", "T-1", "created", FIRST),
        (2, 1, "thing", "T-2", "created", FIRST),
        (3, 2, "thing", "T-1", "changed", SECOND),
        (4, 2, "thing", "T-2", "merged", SECOND),
        (5, 4, "place", "P-1", "created", OTHER),
    ]


def test_a_change_tells_before_and_after(told: Hub):
    before = {"code": "c1", "order": 1, "size": 2.0, "ok": True, "made_on": "2030-01-02", "tags": ["a", "b"], "parent_id": None}

    assert only(seen(told, "change", "seq"), "before", "after") == [
        (None, before),
        (None, before | {"order": 2, "made_on": None, "tags": None}),
        (before, before | {"code": "c9", "ok": False, "parent_id": "T-7"}),
        (before | {"order": 2, "made_on": None, "tags": None}, None),
        (None, {"title": "Here"}),
    ]


def test_quality_is_that_of_published_runs(told: Hub):
    figure = {"entity": "thing", "source": "crm", "attribute": "code", "band": None, "measure": "filled", "value": 0.5}

    assert seen(told, "quality") == [{"run_id": 1, "low": 0.4, "high": 0.6, **figure}]


def test_a_run_shows_its_counts(told: Hub):
    rows = seen(told, "run", "run_id")

    assert only(rows, "run_id", "entity", "published_at", "members", "queued", "total", "merged") == [
        (1, "thing", FIRST, 3, 1, 2, None),
        (2, "thing", SECOND, 3, 1, 2, None),
        (4, "place", OTHER, 3, 1, 2, None),
    ]


def test_nothing_is_seen_before_the_first_publication(told: Hub):
    with told.begin() as tx:
        tx.execute(told.fixed["release"].delete())

    for relation in (
        "thing",
        "thing_history",
        "thing_xref",
        "thing_lineage",
        "thing_queue",
        "thing_link",
        "thing_part",
        "retired",
    ):
        assert seen(told, relation) == []


def test_an_entity_of_many_attributes_can_be_read(hub_url: str):

    wide = Entity(name="wide", about="Wide.", prefix="WID", attributes=[Attribute(f"a{n}", "One of many.") for n in range(130)])
    hub = Hub(hub_url, [wide])
    migration.lay(hub)
    with hub.begin() as tx:
        tx.execute(hub.fixed["release"].insert().values(entity="wide", run_id=1))
        tx.execute(
            hub.fixed["run_entity"]
            .insert()
            .values(run_id=1, entity="wide", state="published", started_at=FIRST, published_at=FIRST, change_base=0)
        )
        tx.execute(hub.fixed["change_log"].insert().values(run_id=1, entity="wide", ordinal=1, golden_id="W-1", kind="created"))
        row = {
            "golden_id": "W-1",
            "source_count": 1,
            "created_run": 1,
            "founder": 1,
            "sole": 1,
            "digest": 0,
            "from_run": 1,
            "to_run": OPEN,
        }
        tx.execute(hub.tables("wide").golden.insert().values(**row, **{f"a{n}": str(n) for n in range(130)}))

    lineage, change = seen(hub, "wide_lineage"), seen(hub, "change")
    hub.dispose()

    assert {r["attribute"]: r["value"] for r in lineage} == {f"a{n}": str(n) for n in range(130)}
    assert change[0]["after"] == {f"a{n}": str(n) for n in range(130)}


def test_both_dialects_show_the_same_columns():
    drawn = [
        [(r.name, [c.name for c in r.columns]) for r in views.relations([thing(), place()], d)] for d in ("sqlite", "postgresql")
    ]

    assert drawn[0] == drawn[1]


def test_every_relation_and_column_is_commented(fresh_postgres: str):

    hub = Hub(fresh_postgres, [thing()])
    migration.lay(hub)
    with hub.read() as session:
        missing = session.rows(
            sa.text("""
            select c.relname, a.attname from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0
            where c.relnamespace = 'golden'::regnamespace
            and (col_description(c.oid, a.attnum) is null or obj_description(c.oid, 'pg_class') is null)""")
        )
        code = session.scalar(sa.text("select col_description('golden.thing'::regclass, 2)"))
    hub.dispose()

    assert missing == []
    assert code == "Code on the label; 100% of them have one, it's said."


def test_two_relations_of_one_name_are_refused():

    other = Entity(name="thing_part", about="Not a child.", prefix="TPT", attributes=[Attribute("title", "Its title.")])

    with pytest.raises(DeclarationError, match="thing_part"):
        views.relations([thing(), other], "sqlite")


@pytest.mark.parametrize(
    ("relation", "question"),
    [
        ("thing", "golden_id = 'T-1'"), ("thing", "code = 'c1'"), ("thing_history", "golden_id = 'T-1'"),
        ("thing_xref", "golden_id = 'T-1'"), ("thing_lineage", "golden_id = 'T-1'"), ("thing_part", "golden_id = 'T-1'"),
        ("thing_link", "golden_id = 'T-1'"), ("change", "run_id = 2"),
    ],
)  # fmt: skip
def test_a_question_about_one_record_reads_an_index(fresh_sqlite: str, relation: str, question: str):

    hub = Hub(fresh_sqlite, [thing()])
    migration.lay(hub)
    with hub.read() as session:
        plan = session.execute(sa.text(f"explain query plan select * from {views.name(relation, 'sqlite')} where {question}"))
        steps = [row[-1] for row in plan]
    hub.dispose()

    assert [s for s in steps if s.startswith(("SCAN g", "SCAN t", "SCAN s"))] == []
