"""Direct Data read from a Vault: archive after archive, whatever is late or missing."""

from collections.abc import Iterator

import pytest

from connectors.vault import Vault
from mdm.connector import Checkpoint, Context, SchemaChange, StreamRequest
from mdm.errors import ConfigError, DamagedError, DeniedError, DriftError, FullReconcileRequired, UnavailableError
from tests.connectors.archives import COLUMNS, NAME, NIGHT, REQUEST, TIMES, Clock, key, opened, read, row
from tests.connectors.reading import Said
from tests.fakes.vault import FakeVault
from tests.fakes.vault_direct import News


@pytest.fixture
def vault() -> Iterator[FakeVault]:
    with opened() as server:
        yield server


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_a_first_run_reads_the_full_archive_and_then_what_follows(vault, clock):
    vault.direct.incremental(TIMES[0], TIMES[1], News({NAME: [row(26), row(3, "Ana Three")]}))
    vault.direct.incremental(TIMES[1], TIMES[2], News({NAME: [row(27)]}))

    said = read(vault, clock)

    assert said.keys == [key(at) for at in [*range(1, 26), 26, 3, 27]]
    assert said.complete
    assert said.states[-1] == {"columns": COLUMNS[NAME], "stop": TIMES[2]}
    assert said.rows[0]["position"] == "1001-20260102-0100-F Object/account__v.csv row 1"


def test_a_row_is_kept_as_the_archive_said_it(vault, clock):
    vault.direct.incremental(TIMES[0], TIMES[1], News({NAME: [row(26, 'Ana "the first"\nof her name, 007')]}))

    said = read(vault, clock)

    assert said.payloads[-1] == row(26, 'Ana "the first"\nof her name, 007')
    assert said.rows[-1]["source_time"] == 1767261600_000000


def test_a_later_run_goes_on_where_the_last_archive_ended(vault, clock):
    vault.direct.incremental(TIMES[0], TIMES[1], News({NAME: [row(26)]}))
    done = read(vault, clock).states[-1]
    vault.direct.incremental(TIMES[1], TIMES[2], News({NAME: [row(27)]}))

    later = read(vault, clock, done)

    assert later.keys == [key(27)]
    assert not later.complete
    assert read(vault, clock, later.states[-1]).keys == []


def test_every_archive_is_read_in_order_however_they_are_listed(vault, clock):
    for start, stop, at in reversed(list(zip(TIMES, TIMES[1:], range(1, 5), strict=False))):
        vault.direct.incremental(start, stop, News({NAME: [row(1, f"version {at}")]}))

    assert [said["name__v"] for said in read(vault, clock).payloads[-4:]] == [f"version {at}" for at in range(1, 5)]


def test_archives_in_which_nothing_happened_are_normal(vault, clock):
    vault.direct.incremental(TIMES[0], TIMES[1])
    vault.direct.incremental(TIMES[1], TIMES[2], News({NAME: []}))
    vault.direct.incremental(TIMES[2], TIMES[3], News({"Object.other__v": [row(1)]}))

    said = read(vault, clock)

    assert len(said.keys) == 25
    assert said.states[-1]["stop"] == TIMES[3]


def test_deletions_come_before_updates(vault, clock):
    news = News({NAME: [row(2, "Ana again")]}, {NAME: [{"id": key(1), "deleted_date": "x"}, {"id": key(2), "deleted_date": "x"}]})
    vault.direct.incremental(TIMES[0], TIMES[1], news)

    said = read(vault, clock)

    assert [(r["source_key"], r["op"]) for r in said.rows[25:]] == [(key(1), "delete"), (key(2), "delete"), (key(2), "upsert")]


def test_the_column_type_may_be_missing_from_a_manifest(vault, clock):
    vault.direct.items.clear()
    vault.direct.typed = False
    vault.direct.full(NIGHT, News({NAME: [row(1)]}))

    assert read(vault, clock).keys == [key(1)]


def test_the_manifest_may_come_last(vault, clock):
    vault.direct.last = True
    vault.direct.incremental(TIMES[0], TIMES[1], News({NAME: [row(26)]}, {NAME: [{"id": key(1)}]}))

    assert [r["op"] for r in read(vault, clock).rows[25:]] == ["delete", "upsert"]


def test_parts_are_joined_in_order(vault, clock):
    vault.direct.items.clear()
    vault.direct.full(NIGHT, News({NAME: [row(at) for at in range(1, 400)]}), parts=7)

    assert read(vault, clock).keys == [key(at) for at in range(1, 400)]


def test_a_gap_that_a_newer_full_archive_heals_asks_for_a_full_reading(vault, clock):
    done = read(vault, clock).states[-1]
    vault.direct.incremental(TIMES[1], TIMES[2], News({NAME: [row(27)]}))
    vault.direct.full("2026-01-03T01:00Z", News({NAME: [row(27)]}, columns=COLUMNS))

    with pytest.raises(FullReconcileRequired, match=f"from {TIMES[0]} to {TIMES[1]} is missing"):
        read(vault, clock, done)


def test_a_gap_that_nothing_heals_is_refused(vault, clock):
    done = read(vault, clock).states[-1]
    vault.direct.incremental(TIMES[1], TIMES[2], News({NAME: [row(27)]}))

    with pytest.raises(DamagedError, match="no full archive is newer"):
        read(vault, clock, done)


def test_what_comes_before_a_gap_is_read(vault, clock):
    vault.direct.incremental(TIMES[0], TIMES[1], News({NAME: [row(26)]}))
    vault.direct.incremental(TIMES[2], TIMES[3], News({NAME: [row(27)]}))
    states = []
    messages = Vault("vault", vault.options(mode="direct")).read(Context(clock=clock), REQUEST, None)

    with pytest.raises(DamagedError, match="missing"):
        for message in messages:
            states += [message.state] if isinstance(message, Checkpoint) else []

    assert states[-1]["stop"] == TIMES[1]


@pytest.mark.parametrize("after", [False, True], ids=["the last one", "others follow"])
def test_an_archive_the_vault_could_not_make_is_waited_for(vault, clock, after):
    done = read(vault, clock).states[-1]
    vault.direct.failed("N", TIMES[1], next_retry="2026-01-02T03:00Z")
    if after:
        vault.direct.incremental(TIMES[1], TIMES[2], News({NAME: [row(27)]}))

    with pytest.raises(UnavailableError, match="tries again at 2026-01-02T03:00Z"):
        read(vault, clock, done)


def test_an_old_failure_is_nobodys_business(vault, clock):
    vault.direct.failed("N", "2026-01-01T23:00Z")
    vault.direct.incremental(TIMES[0], TIMES[1], News({NAME: [row(26)]}))

    assert read(vault, clock).keys[-1] == key(26)


def test_without_a_full_archive_there_is_nothing_to_begin_with(vault, clock):
    vault.direct.items.clear()

    with pytest.raises(UnavailableError, match="no full archive"):
        read(vault, clock)


def test_a_full_archive_the_vault_could_not_make_is_waited_for(vault, clock):
    vault.direct.items.clear()
    vault.direct.failed("F", NIGHT)

    with pytest.raises(UnavailableError, match="could not make this archive"):
        read(vault, clock)


def test_columns_that_come_go_and_change_type_are_reported(vault, clock):
    done = read(vault, clock).states[-1]
    changed = News(
        {NAME: [{"id": key(1), "modified_date__v": "2026-01-02T01:05:00.000Z", "new__c": "x"}]},
        columns={NAME: {"new__c": "String", "modified_date__v": "String"}},
        removed={NAME: ["name__v"]},
    )
    vault.direct.incremental(TIMES[0], TIMES[1], changed)

    said = read(vault, clock, done)

    changes = [message for message in said.messages if isinstance(message, SchemaChange)]
    assert changes == [SchemaChange(("new__c",), ("name__v",), {"modified_date__v": ("DateTime", "String")})]
    assert said.states[-1]["columns"] == {"id": "String", "modified_date__v": "String", "new__c": "String"}


def test_an_extract_that_is_not_there_is_refused_with_a_suggestion(vault, clock):
    with pytest.raises(DriftError, match=r"did you mean 'Object\.account__v'"):
        read(vault, clock, request=StreamRequest("acount__v", ("id",)))


def test_picklists_have_a_key_of_three(vault, clock):
    vault.direct.items.clear()
    value = {"object": "account__v", "object_field": "kind__c", "picklist_value_name": "hcp__c", "picklist_value_label": "HCP"}
    vault.direct.full(NIGHT, News({"Picklist.picklist__sys": [value]}))

    assert read(vault, clock, request=StreamRequest("Picklist.picklist__sys")).keys == ["account__v|kind__c|hcp__c"]


def test_logs_are_read_from_the_oldest_on_and_prove_nothing(vault, clock):
    request = StreamRequest("Log.system_audit_trail", ("id",))
    days = ["2025-12-31T00:00Z", "2026-01-01T00:00Z", "2026-01-02T00:00Z"]
    for start, stop, at in zip(days, days[1:], (1, 2), strict=False):
        vault.direct.log(start, stop, News({"Log.system_audit_trail": [{"id": str(at), "action": "Login"}]}))

    said = read(vault, clock, request=request)

    assert said.keys == ["1", "2"]
    assert not said.complete


def test_a_missing_log_archive_is_gone_for_good(vault, clock):
    request = StreamRequest("Log.system_audit_trail", ("id",))
    vault.direct.log("2026-01-01T00:00Z", "2026-01-02T00:00Z", News({"Log.system_audit_trail": [{"id": "1"}]}))

    with pytest.raises(FullReconcileRequired, match="audit trail"):
        read(vault, clock, {"stop": "2025-12-30T00:00Z", "columns": {}}, request=request)


def test_a_session_that_ends_between_downloads_is_renewed(vault, clock):
    vault.direct.incremental(TIMES[0], TIMES[1], News({NAME: [row(26)]}), parts=4)
    vault.faults.sessions_last = 2

    assert read(vault, clock).keys[-1] == key(26)


@pytest.mark.parametrize("way", ["503 html", "reset", "API_LIMIT_EXCEEDED", "EXCEPTION", "429 seconds"])
def test_what_passes_is_waited_for(vault, clock, way):
    connector = Vault("vault", vault.options(mode="direct"))
    messages = connector.read(Context(clock=clock, sleep=clock.sleep, random=lambda: 0.5), REQUEST, None)
    vault.fail_once("directdata", way)

    assert len(Said(messages).keys) == 25
    assert clock.slept


def test_missing_rights_are_not_tried_again(vault, clock):
    vault.fail_once("directdata", "INSUFFICIENT_ACCESS")

    with pytest.raises(DeniedError):
        read(vault, clock)

    assert len(vault.asked("/directdata")) == 1


def test_an_archive_is_downloaded_once_for_all_streams(vault, clock):
    vault.direct.items.clear()
    vault.direct.full(NIGHT, News({NAME: [row(1)], "Object.site__v": [row(2)]}))
    connector = Vault("vault", vault.options(mode="direct"))
    world = Context(clock=clock)

    said = [Said(connector.read(world, StreamRequest(name, ("id",)), None)).keys for name in ("account__v", "site__v")]

    assert said == [[key(1)], [key(2)]]
    assert len(vault.asked("/directdata/files/")) == 1


def test_a_reading_that_stops_inside_an_archive_goes_on_in_it(vault, clock):
    vault.direct.incremental(TIMES[0], TIMES[1], News({NAME: [row(at, "new") for at in range(1, 26)]}, {NAME: [{"id": key(99)}]}))
    whole = read(vault, clock)

    for state in whole.states:
        later = read(vault, clock, state)
        assert later.rows == whole.rows[len(whole.rows) - len(later.rows) :]
        assert not later.complete


def test_an_incremental_archive_that_is_gone_leaves_the_cursor(vault, clock):
    name = vault.direct.incremental(TIMES[0], TIMES[1], News({NAME: [row(at, "new") for at in range(1, 26)]}))
    whole = read(vault, clock)
    state = next(state for state in whole.states if state.get("in", {}).get("name") == name)
    vault.direct.drop(name)
    vault.direct.incremental(TIMES[0], TIMES[2], News({NAME: [row(26)]}))

    assert read(vault, clock, state).keys == [key(26)]


def test_a_full_archive_that_is_gone_half_way_asks_for_a_full_reading(vault, clock):
    half = read(vault, clock).states[0]
    vault.direct.items.clear()
    vault.direct.full("2026-01-03T01:00Z", News({NAME: [row(1)]}, columns=COLUMNS))

    with pytest.raises(FullReconcileRequired, match="read in part"):
        read(vault, clock, half)


def test_changing_the_mode_asks_for_a_full_reading(vault, clock):
    vault.objects["account__v"] = [row(1)]
    direct = read(vault, clock).states[-1]
    queried = read(vault, clock, mode="query").states[-1]

    with pytest.raises(FullReconcileRequired, match="from archives until now"):
        read(vault, clock, direct, mode="query")
    with pytest.raises(FullReconcileRequired, match="by queries until now"):
        read(vault, clock, queried)


def test_fields_may_be_chosen(vault, clock):
    said = read(vault, clock, fields=["name__v"])

    assert said.payloads[0] == {"name__v": "Ana 1", "id": key(1), "modified_date__v": "2026-01-01T10:00:00.000Z"}
    with pytest.raises(DriftError, match="did you mean 'name__v'"):
        read(vault, clock, fields=["nme__v"])


def test_a_condition_cannot_be_asked_of_an_archive(vault, clock):
    with pytest.raises(ConfigError, match="filter in the mapping"):
        read(vault, clock, where="name__v = 'Ana'")


def test_a_silence_of_more_than_a_day_is_noticed(vault, clock):
    (notice,) = read(vault, clock).notices

    assert f"there is no archive after {NIGHT}" in notice


def test_merged_records_are_told_with_their_winners(vault, clock):
    vault.objects["account__v"] = [row(1), row(2)]
    done = read(vault, clock).states[-1]
    vault.merge("account__v", key(1), key(2), "2026-01-02T01:10:00Z")
    vault.direct.incremental(TIMES[0], TIMES[1], News({}, {NAME: [{"id": key(1)}, {"id": key(3)}]}))

    said = read(vault, clock, done, merges=True)

    told = [(r["source_key"], r["op"], r["merged_into"]) for r in said.rows]
    assert told[:2] == [(key(1), "merged_into", key(2)), (key(3), "delete", None)]
