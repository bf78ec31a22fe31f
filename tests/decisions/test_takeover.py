import pytest
import sqlalchemy as sa

from mdm import audit, decisions
from mdm.decisions import RecordName
from mdm.errors import ConflictError, ContradictionError, NotFoundError, UsageError

from .conftest import land

HEADER = "source,stream,source_key,golden_id\n"


def adopt(hub, tmp_path, *lines):
    file = tmp_path / "crosswalk.csv"
    file.write_text(HEADER + "\n".join(lines) + "\n")
    with hub.begin() as tx:
        return decisions.adopt(tx, "thing", decisions.table(file, decisions.ADOPT_COLUMNS), actor="ana", reason="the old hub")


def rekey(hub, tmp_path, *lines):
    file = tmp_path / "keys.csv"
    file.write_text("stream,old_key,new_key\n" + "\n".join(lines) + "\n")
    with hub.begin() as tx:
        return decisions.rekey(tx, "crm", decisions.table(file, decisions.REKEY_COLUMNS), actor="ana", reason="a new CRM")


def retire(hub, source):
    with hub.begin() as tx:
        return decisions.retire_source(tx, source, actor="ana", reason="switched off")


def test_a_crosswalk_is_taken_over_with_its_ids(hub, tmp_path):
    report = adopt(hub, tmp_path, "crm,things,1,MDM-0007", "crm,things,2,MDM-0007", "crm,things,9,x:9")

    assert (report.records, report.ids, report.unknown) == (3, 2, 1)
    with hub.read() as session:
        rows = decisions.adopted(session, "thing", audit.head(session).seq)
    expected = {(RecordName("crm", "things", k).record_id, i) for k, i in (("1", "MDM-0007"), ("2", "MDM-0007"), ("9", "x:9"))}
    assert set(rows.select("record_id", "golden_id").iter_rows()) == expected


def test_the_same_crosswalk_again_changes_nothing(hub, tmp_path):
    adopt(hub, tmp_path, "crm,things,1,A", "crm,things,2,A")

    report = adopt(hub, tmp_path, "crm,things,1,A", "crm,things,2,A", "crm,things,3,A")

    assert (report.records, report.known_before) == (1, 2)


@pytest.mark.parametrize(
    ("lines", "error", "says"),
    [
        (
            ["crm,things,1,A", "crm,things,2,A", "crm,things,1,B"],
            UsageError,
            "line 4: crm/things:1 is in B, but line 2 puts it in A",
        ),
        (["crm,things,1,A", "crm,,2,A"], UsageError, "line 3: stream is empty"),
        (["crm,things,1,A B"], UsageError, "line 2: 'A B' cannot be a golden id"),
        (["crm,things,1,THG-TWO"], ConflictError, "line 2: THG-TWO is an id this hub has given already"),
    ],
    ids=["two ids", "blank", "two words", "ours"],
)
def test_a_crosswalk_that_cannot_hold_is_refused_by_line(published, tmp_path, lines, error, says):
    with pytest.raises(error, match=says):
        adopt(published, tmp_path, *lines)


def test_an_adopted_record_does_not_move_by_another_file(hub, tmp_path):
    adopt(hub, tmp_path, "crm,things,1,A")

    with pytest.raises(ConflictError, match="line 2: crm/things:1 was adopted as A before"):
        adopt(hub, tmp_path, "crm,things,1,B")


def test_a_crosswalk_against_a_live_decision_is_refused(hub, tmp_path):
    with hub.begin() as tx:
        decisions.decide(tx, "thing", "crm/things:1", "crm/things:2", "no_match", actor="ana", reason="different")

    with pytest.raises(ContradictionError, match="decision 1 says no_match"):
        adopt(hub, tmp_path, "crm,things,1,A", "crm,things,2,A")


@pytest.mark.parametrize("text", ["", "source,stream\na,b\n", "\xff\xfe"], ids=["empty", "columns", "not UTF-8"])
def test_a_file_that_is_no_crosswalk_is_refused(tmp_path, text):
    file = tmp_path / "x.csv"
    file.write_bytes(text.encode("latin-1"))

    with pytest.raises(UsageError):
        decisions.table(file, decisions.ADOPT_COLUMNS)


def test_a_retired_source_is_deleted_and_nothing_else_is(hub):
    land(hub, ["edc/sites:1"])
    record, version = hub.fixed["source_record"], hub.fixed["source_version"]

    assert retire(hub, "crm") == 6

    with hub.read() as session:
        rows = session.frame(sa.select(record.c.source, record.c.op, record.c.seq, record.c.payload).order_by(record.c.seq))
        kept = session.scalar(sa.select(sa.func.count()).select_from(version))
    assert rows.filter(source="crm")["op"].unique().to_list() == ["delete"]
    assert rows.filter(source="crm")["seq"].to_list() == list(range(8, 14))
    assert rows.filter(source="edc")["op"].to_list() == ["upsert"]
    assert kept == 6


def test_a_source_is_retired_once(hub):
    retire(hub, "crm")

    assert retire(hub, "crm") == 0


def test_an_unknown_source_is_named(hub):
    with pytest.raises(NotFoundError, match="there are: crm"):
        retire(hub, "vault")


def test_new_keys_keep_what_was_said(published, tmp_path):
    with published.begin() as tx:
        decisions.decide(tx, "thing", "crm/things:1", "crm/things:3", "no_match", actor="ana", reason="different")
        decisions.set_value(tx, "thing", "crm/things:1", "size", "4", actor="ana", reason="measured")
    identity = published.identity()

    assert rekey(published, tmp_path, "things,1,A1", "things,2,2") == 1

    new = RecordName("crm", "things", "A1").record_id
    with published.read() as session:
        assert decisions.resolve(session, "thing", "crm/things:A1") == [new]
        assert new in decisions.resolve(session, "thing", "THG-ONE")
        assert decisions.listed(session, "thing")["a"].to_list() == ["crm/things:A1"]
        assert new in decisions.live(session, "thing", 9)[1]["record_id"].to_list()
        assert decisions.corrections(session, "thing", 9)["record_id"].to_list() == [new]
        with pytest.raises(NotFoundError):
            decisions.resolve(session, "thing", "crm/things:1")
    assert published.identity() != identity


def test_the_elements_of_a_record_follow_its_key(published, tmp_path):
    land(published, ["crm/things:1|Ward"])
    record = published.fixed["source_record"]
    with published.begin() as tx:
        here = record.c.source_key == "1|Ward"
        tx.execute(record.update().where(here).values(parent_id=RecordName("crm", "things", "1").record_id))

    rekey(published, tmp_path, "things,1,A1")

    with published.read() as session:
        assert decisions.resolve(session, "thing", "crm/things:A1|Ward") == [RecordName("crm", "things", "A1|Ward").record_id]


@pytest.mark.parametrize(
    ("lines", "error", "says"),
    [
        (["things,1,2"], ConflictError, "line 2: there is a record crm/things:2 already"),
        (["things,77,78"], NotFoundError, "line 2: there is no record crm/things:77"),
        (["things,1,a", "things,1,b"], UsageError, "line 3: old_key '1' is there twice"),
        (["things,1,a", "things,2,a"], UsageError, "line 3: new_key 'a' is there twice"),
    ],
    ids=["taken", "unknown", "old twice", "new twice"],
)
def test_keys_that_cannot_change_are_refused_by_line(published, tmp_path, lines, error, says):
    with pytest.raises(error, match=says):
        rekey(published, tmp_path, *lines)
