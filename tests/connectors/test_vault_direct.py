"""Direct Data read from a Vault whose archives are late, missing, damaged and hostile."""

import io
import tarfile
from collections.abc import Iterator
from typing import Any

import pytest

from connectors.vault import Vault
from connectors.vault.direct import archive as guards
from mdm.connector import Checkpoint, Context, SchemaChange, StreamRequest
from mdm.errors import ConfigError, DamagedError, DeniedError, DriftError, FullReconcileRequired, UnavailableError
from tests.connectors.reading import Said
from tests.fakes.vault import FakeVault
from tests.fakes.vault_direct import News, packed, table

NAME = "Object.account__v"
REQUEST = StreamRequest("account__v", ("id",), "modified_date__v")
NIGHT = "2026-01-02T01:00Z"
TIMES = ["2026-01-02T01:00Z", "2026-01-02T01:15Z", "2026-01-02T01:30Z", "2026-01-02T01:45Z", "2026-01-02T02:00Z"]
COLUMNS = {NAME: {"id": "String", "name__v": "String", "modified_date__v": "DateTime"}}


class Clock:
    """A clock that only moves when somebody sleeps."""

    def __init__(self) -> None:
        self.now = 1767319200.0
        self.slept: list[float] = []

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


def row(at: int, name: str | None = None, **more: str) -> dict[str, Any]:
    return {"id": f"V0P{at:012d}", "name__v": name or f"Ana {at}", "modified_date__v": "2026-01-01T10:00:00.000Z", **more}


def key(at: int) -> str:
    return f"V0P{at:012d}"


@pytest.fixture
def vault() -> Iterator[FakeVault]:
    with FakeVault() as server:
        server.direct.full(NIGHT, News({NAME: [row(at) for at in range(1, 26)]}, columns=COLUMNS))
        yield server


@pytest.fixture
def clock() -> Clock:
    return Clock()


def read(
    vault: FakeVault, clock: Clock, state: dict[str, Any] | None = None, request: StreamRequest = REQUEST, **more: Any
) -> Said:
    connector = Vault("vault", vault.options(**{"mode": "direct", "page_rows": 10, **more}))
    return Said(connector.read(Context(clock=clock, sleep=clock.sleep, random=lambda: 0.5), request, state))


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


def test_a_part_that_arrives_damaged_is_asked_for_again(vault, clock):
    name = vault.direct.incremental(TIMES[0], TIMES[1], News({NAME: [row(26)]}), parts=2)
    vault.direct.damaged[f"{name}.002"] = 2

    assert read(vault, clock).keys[-1] == key(26)
    assert len(clock.slept) == 2


def test_a_part_that_stays_damaged_stops_the_stream(vault, clock):
    name = vault.direct.incremental(TIMES[0], TIMES[1], News({NAME: [row(26)]}))
    vault.direct.damaged[f"{name}.001"] = 99

    with pytest.raises(UnavailableError, match="md5"):
        read(vault, clock)


def test_a_missing_part_is_noticed(vault, clock):
    vault.direct.incremental(TIMES[0], TIMES[1], News({NAME: [row(26)]}), parts=3)
    vault.direct.items[-1]["filepart_details"].pop(1)

    with pytest.raises(DamagedError, match="3 parts are claimed"):
        read(vault, clock)


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


def test_addresses_in_the_list_are_not_followed(vault, clock):
    assert "elsewhere.invalid" in str(vault.direct.items)

    assert len(read(vault, clock).keys) == 25


@pytest.mark.parametrize("name", ["../auth", "a/b", "..", "", "x" * 300, "a?b=c"])
def test_a_part_with_a_strange_name_is_not_asked_for(vault, clock, name):
    vault.direct.items[0]["filepart_details"][0]["name"] = name

    with pytest.raises(DamagedError, match="no name of an archive"):
        read(vault, clock)


def test_a_manifest_that_counts_other_records_is_damage(vault, clock):
    manifest = table([{"extract": NAME, "type": "updates", "records": "3", "file": "Object/account__v.csv"}])
    _only(vault, [("manifest.csv", manifest), ("Object/account__v.csv", table([row(1), row(2)]))])

    with pytest.raises(DamagedError, match="2 records where the manifest says 3"):
        read(vault, clock)


def test_a_table_the_manifest_names_and_nobody_packed_is_damage(vault, clock):
    manifest = table([{"extract": NAME, "type": "updates", "records": "3", "file": "Object/account__v.csv"}])
    _only(vault, [("manifest.csv", manifest)])

    with pytest.raises(DamagedError, match="cut off"):
        read(vault, clock)


@pytest.mark.parametrize(
    ("content", "words"),
    [(b'id,name__v\n1,"cut', "cut off"), (b"id,name__v\n1,a\n2,b,c,d\n", "no table"), (b"id,name__v\n1,\xff\xfe\n", "no table")],
    ids=["open quote", "ragged", "no text"],
)
def test_a_broken_table_is_named(vault, clock, content, words):
    manifest = table([{"extract": NAME, "type": "updates", "records": "2", "file": "Object/account__v.csv"}])
    _only(vault, [("manifest.csv", manifest), ("Object/account__v.csv", content)])

    with pytest.raises(DamagedError, match=words):
        read(vault, clock, request=StreamRequest("account__v", ("id",)))


def test_records_in_no_file_are_no_proof_that_there_are_none(vault, clock):
    _only(vault, [("manifest.csv", table([{"extract": NAME, "type": "updates", "records": "3", "file": ""}]))])

    with pytest.raises(DamagedError, match="3 records in no file"):
        read(vault, clock)


@pytest.mark.parametrize("name", ["../manifest.csv", "/etc/passwd", "Object/../../x.csv", "C:\\x.csv", "a\\b.csv"])
def test_a_member_that_wants_to_be_elsewhere_is_refused(vault, clock, name):
    _only(vault, [(name, b"x"), *_sound()])

    with pytest.raises(DamagedError, match="no plain file of its own"):
        read(vault, clock)


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.FIFOTYPE])
def test_links_and_devices_are_refused(vault, clock, kind):
    held = io.BytesIO()
    with tarfile.open(fileobj=held, mode="w:gz") as tar:
        link = tarfile.TarInfo("Object/account__v.csv")
        link.type, link.linkname = kind, "/etc/passwd"
        tar.addfile(link)
    vault.direct.items.clear()
    vault.direct.offer("F", "2000-01-01T00:00Z", NIGHT, held.getvalue())

    with pytest.raises(DamagedError, match="no plain file of its own"):
        read(vault, clock)


def test_an_archive_that_unpacks_beyond_reason_is_left(vault, clock, monkeypatch):
    monkeypatch.setattr(guards, "ALLOWED", 1 << 20)
    _only(vault, [*_sound(), ("Object/other__v.csv", bytes(8 << 20))])

    with pytest.raises(DamagedError, match="200 times its size"):
        read(vault, clock)


def test_a_header_that_would_fill_the_memory_is_left(vault, clock):
    held = io.BytesIO()
    with tarfile.open(fileobj=held, mode="w:gz", format=tarfile.PAX_FORMAT) as tar:
        tar.addfile(tarfile.TarInfo("x" * 200_000))
    vault.direct.items.clear()
    vault.direct.offer("F", "2000-01-01T00:00Z", NIGHT, held.getvalue())

    with pytest.raises(DamagedError, match="longer than any name"):
        read(vault, clock)


@pytest.mark.parametrize("data", [b"no archive at all", b"", packed([("manifest.csv", b"x")])[:30]], ids=["text", "empty", "cut"])
def test_what_is_no_archive_is_damage(vault, clock, data):
    vault.direct.items.clear()
    vault.direct.offer("F", "2000-01-01T00:00Z", NIGHT, data)

    with pytest.raises(DamagedError, match="support"):
        read(vault, clock)


def test_a_manifest_may_not_name_what_it_likes(vault, clock):
    manifest = table([{"extract": NAME, "type": "updates", "records": "1", "file": "../../etc/passwd"}])
    _only(vault, [("manifest.csv", manifest)])

    with pytest.raises(DamagedError, match="which is not in it"):
        read(vault, clock)


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


def _sound() -> list[tuple[str, bytes]]:
    manifest = table([{"extract": NAME, "type": "updates", "records": "1", "file": "Object/account__v.csv"}])
    return [("manifest.csv", manifest), ("Object/account__v.csv", table([row(1)]))]


def _only(vault: FakeVault, members: list[tuple[str, bytes]]) -> None:
    vault.direct.items.clear()
    vault.direct.offer("F", "2000-01-01T00:00Z", NIGHT, packed(members))
