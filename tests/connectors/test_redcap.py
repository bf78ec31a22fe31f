"""The redcap connector against a server that misbehaves as the real one does, and PyCap against the same server."""

import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import redcap as pycap

from connectors.redcap import Redcap
from mdm.cli.app import run
from mdm.connector import Context, SchemaChange, StreamRequest
from mdm.errors import ConfigError, DamagedError, DeniedError, FullReconcileRequired, MdmError, SourceError, UnavailableError
from tests.connectors.reading import Said
from tests.fakes.redcap import EVENT, GROUP, INSTANCE, INSTRUMENT, REFUSED, TOKEN, VERSION, FakeRedcap, now

REQUEST = StreamRequest("records", ("record_id",))
WHOLE = ("record_id", EVENT, INSTRUMENT, INSTANCE)


class Clock:
    """A clock that only moves when somebody sleeps."""

    def __init__(self) -> None:
        self.now = datetime.now(UTC).timestamp()
        self.slept: list[float] = []

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


@pytest.fixture
def redcap() -> Iterator[FakeRedcap]:
    with FakeRedcap() as server:
        server.fields("record_id", "name")
        for at in range(1, 8):
            server.save({"record_id": str(at), "name": f"Ana {at}", "people_complete": "2"})
        yield server


@pytest.fixture
def clinic() -> Iterator[FakeRedcap]:
    """A project with two events and an instrument that repeats."""
    with FakeRedcap() as server:
        server.fields("record_id", "name")
        server.fields("pressure", form="bp")
        server.events = [{"event_name": name, "arm_num": 1, "unique_event_name": f"{name}_arm_1"} for name in ("start", "end")]
        server.mapping = [{"arm_num": 1, "unique_event_name": "start_arm_1", "form": form} for form in ("people", "bp")]
        server.mapping += [{"arm_num": 1, "unique_event_name": "end_arm_1", "form": "people"}]
        server.repeating = [{"event_name": "start_arm_1", "form_name": "bp", "custom_form_label": ""}]
        for at in ("1", "2"):
            for event in ("start_arm_1", "end_arm_1"):
                server.save({"record_id": at, EVENT: event, "name": f"Ana {at}"})
            for instance in (1, 2, 3):
                server.save({"record_id": at, EVENT: "start_arm_1", INSTRUMENT: "bp", INSTANCE: instance, "pressure": "120"})
        yield server


def context(clock: Clock | None = None) -> Context:
    clock = clock or Clock()
    return Context(clock=clock, sleep=clock.sleep, random=lambda: 0.5)


def read(
    server: FakeRedcap, state: dict[str, Any] | None = None, request: StreamRequest = REQUEST, clock: Clock | None = None,
    **options: Any,
) -> Said:  # fmt: skip
    connector = Redcap("trial", server.options(batch=3, **options))
    return Said(connector.read(context(clock), request, state))


def ops(said: Said) -> dict[str, str]:
    return {row["source_key"]: row["op"] for row in said.rows}


def in_minutes(minutes: int) -> str:
    return (datetime.now(UTC) + timedelta(minutes=minutes)).strftime("%Y-%m-%d %H:%M:%S")


# --- what is read --------------------------------------------------------------------------------------------


def test_records_are_read_in_batches_by_their_ids(redcap):
    said = read(redcap)

    assert said.keys == ["1", "2", "3", "4", "5", "6", "7"]
    assert said.complete
    batches = [call.several("records") for call in redcap.asked("record")]
    assert batches == [[], ["1", "2", "3"], ["4", "5", "6"], ["7"]]
    assert [state.get("at") for state in said.states] == ["3", "6", "7", None]


def test_every_value_is_text_and_checkboxes_are_columns(clinic):
    clinic.fields("eats", form="people", kind="checkbox", choices="1, Bread | 2, Rice")
    clinic.save({"record_id": "1", EVENT: "start_arm_1", "name": "Ana", "eats___1": "1", "eats___2": "0", "people_complete": 2})

    said = read(clinic, request=StreamRequest("records", WHOLE))

    by_key = dict(zip(said.keys, said.payloads, strict=True))
    first, third = by_key["1|start_arm_1||"], by_key["1|start_arm_1|bp|3"]
    assert (first["eats___1"], first["eats___2"], first["people_complete"], first[INSTANCE]) == ("1", "0", "2", "")
    assert (third[INSTANCE], third["pressure"], third["eats___1"]) == ("3", "120", "")


def test_a_row_without_a_key_of_its_own_is_refused_before_it_is_lost(clinic):
    with pytest.raises(ConfigError, match=r"two rows have the same key.*redcap_repeat_instance"):
        read(clinic)


def test_the_key_of_a_row_is_found_where_none_is_set(clinic):
    said = read(clinic, request=StreamRequest("records"))

    assert "2|start_arm_1|bp|1" in said.keys
    assert len(said.keys) == len(set(said.keys)) == 10


def test_one_instrument_alone(clinic):
    repeating = read(clinic, request=StreamRequest("records", ("record_id", INSTANCE)), instrument="bp")
    base = read(clinic, request=StreamRequest("records", ("record_id", EVENT)), instrument="people")

    assert repeating.keys == ["1|1", "1|2", "1|3", "2|1", "2|2", "2|3"]
    assert list(repeating.payloads[0]) == ["record_id", EVENT, INSTRUMENT, INSTANCE, "pressure", "bp_complete"]
    assert base.keys == ["1|start_arm_1", "1|end_arm_1", "2|start_arm_1", "2|end_arm_1"]
    with pytest.raises(ConfigError, match="there is no instrument 'labs'; there are people, bp"):
        read(clinic, request=StreamRequest("records"), instrument="labs")


def test_some_events_alone(clinic):
    said = read(clinic, request=StreamRequest("records", ("record_id", EVENT)), events=["end_arm_1"])

    assert said.keys == ["1|end_arm_1", "2|end_arm_1"]


def test_a_field_with_the_time_of_change_gives_the_source_time(redcap):
    redcap.fields("seen_at")
    redcap.save({"record_id": "1", "name": "Ana", "seen_at": "2026-02-03 04:05"})

    said = read(redcap, request=StreamRequest("records", ("record_id",), "seen_at"))

    assert said.rows[0]["source_time"] == int(datetime(2026, 2, 3, 4, 5, tzinfo=UTC).timestamp() * 1_000_000)


def test_users_come_with_their_role_and_their_groups(redcap):
    redcap.users = [{"username": "ana", "email": "ana@invented.example", "forms": {"people": 1}}, {"username": "bo", "email": ""}]
    redcap.roles = [{"unique_role_name": "U-1", "role_label": "Reader", "design": "0"}]
    redcap.role_of = [{"username": "ana", "unique_role_name": "U-1"}, {"username": "bo", "unique_role_name": ""}]
    redcap.dag_of = [
        {"username": "ana", "redcap_data_access_group": "site_b"},
        {"username": "ana", "redcap_data_access_group": "site_a"},
    ]

    ana, bo = read(redcap, request=StreamRequest("users", ("username",))).payloads

    assert (ana["role"]["role_label"], ana["redcap_data_access_groups"]) == ("Reader", ["site_a", "site_b"])
    assert (bo["role"], bo["redcap_data_access_groups"]) == (None, [])


def test_users_are_read_without_what_the_token_may_not_see(redcap):
    redcap.users = [{"username": "ana"}]
    redcap.faults.forbidden = {"userRole", "userDagMapping"}

    said = read(redcap, request=StreamRequest("users", ("username",)))

    assert said.keys == ["ana"]
    assert said.complete
    assert len(said.notices) == 2
    assert "without userRole" in said.notices[0]


@pytest.mark.parametrize("stream", ["events", "arms"])
def test_a_classic_project_has_no_events_and_says_so(redcap, stream):
    said = read(redcap, request=StreamRequest(stream))

    assert said.rows == []
    assert not said.complete
    assert "classic projects" in said.notices[0]


def test_a_stream_of_another_name_says_what_it_reads(redcap):
    redcap.dags = [{"data_access_group_name": "Site A", "unique_group_name": "site_a", "data_access_group_id": 5}]

    said = read(redcap, request=StreamRequest("sites", ("unique_group_name",), options={"content": "dags"}))

    assert said.keys == ["site_a"]
    with pytest.raises(MdmError, match="set `content`"):
        read(redcap, request=StreamRequest("sites"))


def test_a_list_that_changed_meanwhile_is_told_from_its_beginning(redcap):
    request = StreamRequest("metadata", ("field_name",))
    redcap.fields(*(f"field_{at}" for at in range(6)))
    state = read(redcap, request=request).states[0]
    redcap.fields("one_more")

    said = read(redcap, state, request)

    assert said.keys[0] == "record_id"
    assert "one_more" in said.keys


def test_a_project_without_records_is_read_to_its_end(redcap):
    redcap.rows = []
    for redcap.faults.newline_when_empty in (False, True):
        said = read(redcap)

        assert (said.rows, said.complete) == ([], True)


# --- what changed since --------------------------------------------------------------------------------------


def test_a_later_reading_asks_for_what_changed_within_a_fixed_window(redcap):
    state = read(redcap).states[-1]
    redcap.save({"record_id": "3", "name": "Ana Three", "people_complete": "2"}, now())
    redcap.calls.clear()

    said = read(redcap, state, overlap=3600)

    assert said.keys == ["3"]
    assert said.payloads[0]["name"] == "Ana Three"
    assert not said.complete
    window = redcap.asked("record")[0].form
    began = datetime.fromisoformat(state["cursor"])
    assert window["dateRangeBegin"] == (began - timedelta(hours=1)).strftime("%Y-%m-%d %H:%M:%S")
    assert window["dateRangeEnd"] >= began.strftime("%Y-%m-%d %H:%M:%S")
    assert said.states[-1]["cursor"] >= state["cursor"]


def test_a_window_keeps_its_bounds_when_it_is_taken_up_again(redcap):
    state = read(redcap).states[-1]
    for at in range(1, 8):
        redcap.save({"record_id": str(at), "name": f"Bo {at}"}, now())
    first = read(redcap, state).states[0]
    redcap.calls.clear()
    clock = Clock()
    clock.now += 7200

    said = read(redcap, first, clock=clock)

    assert said.keys == ["4", "5", "6", "7"]
    assert redcap.asked("record")[0].form["dateRangeEnd"] < in_minutes(10)
    assert said.states[-1]["cursor"] == first["upper"]


def test_times_are_written_in_the_time_zone_of_the_server(redcap):
    state = read(redcap).states[-1]
    redcap.calls.clear()

    read(redcap, state, overlap=0, timezone="America/Chicago")

    asked = datetime.fromisoformat(redcap.asked("record")[0].form["dateRangeBegin"])
    behind = datetime.fromisoformat(state["cursor"]).replace(tzinfo=None) - asked
    assert behind in (timedelta(hours=5), timedelta(hours=6))
    with pytest.raises(ConfigError, match="timezone 'Chicago' is not known"):
        read(redcap, timezone="Chicago")


def test_the_window_ends_by_the_clock_of_the_server(redcap):
    redcap.faults.clock_ahead = 1000

    state = read(redcap).states[-1]

    ahead = datetime.fromisoformat(state["cursor"]) - datetime.now(UTC)
    assert timedelta(seconds=900) < ahead < timedelta(seconds=1100)


def test_a_deleted_record_is_told_by_the_log(redcap):
    state = read(redcap).states[-1]
    redcap.delete("5", now())

    assert ops(read(redcap, state)) == {"5": "delete"}


def test_a_deletion_in_words_alone_is_understood(redcap):
    state = read(redcap).states[-1]
    redcap.faults.log_in_words = True
    redcap.delete("5", now())

    assert ops(read(redcap, state)) == {"5": "delete"}

    redcap.log[-1]["action"] = "Something was removed"
    with pytest.raises(FullReconcileRequired, match="without naming the record"):
        read(redcap, state)


def test_a_record_that_was_deleted_and_made_again_lives(redcap):
    state = read(redcap).states[-1]
    redcap.delete("5", now())
    redcap.save({"record_id": "5", "name": "Ana again"}, now())

    assert ops(read(redcap, state)) == {"5": "upsert"}


def test_every_row_of_a_deleted_record_goes(clinic):
    request = StreamRequest("records", WHOLE)
    state = read(clinic, request=request).states[-1]
    clinic.delete("2", now())

    gone = ops(read(clinic, state, request))

    assert {key for key, op in gone.items() if op == "delete"} == {
        "2|start_arm_1||", "2|end_arm_1||", "2|start_arm_1|bp|1", "2|start_arm_1|bp|2", "2|start_arm_1|bp|3",
    }  # fmt: skip


def test_an_instance_or_an_event_that_was_deleted_goes_too(clinic):
    request = StreamRequest("records", WHOLE)
    state = read(clinic, request=request).states[-1]
    clinic.drop("1", now(), **{EVENT: "start_arm_1", INSTRUMENT: "bp", INSTANCE: 2})
    clinic.drop("1", now(), **{EVENT: "end_arm_1"})

    said = ops(read(clinic, state, request))

    assert {key for key, op in said.items() if op == "delete"} == {"1|start_arm_1|bp|2", "1|end_arm_1||"}
    assert {key for key, op in said.items() if op == "upsert"} == {"1|start_arm_1||", "1|start_arm_1|bp|1", "1|start_arm_1|bp|3"}


def test_deletions_may_be_left_alone(redcap):
    state = read(redcap, deletions=False).states[-1]
    redcap.delete("5", now())

    assert read(redcap, state, deletions=False).rows == []
    assert redcap.asked("log") == []


def test_a_key_the_log_cannot_tell_is_refused_before_anything_is_read(redcap):
    with pytest.raises(ConfigError, match=r"does not tell 'name'.*deletions = false"):
        read(redcap, request=StreamRequest("records", ("name",)))
    assert redcap.asked("record") == []


def test_a_renamed_group_is_noticed_and_all_records_are_read_again(redcap):
    redcap.dags = [{"data_access_group_name": "Dag A", "unique_group_name": "daga", "data_access_group_id": 5}]
    redcap.rows = [{**row, GROUP: "daga"} for row in redcap.rows]
    state = read(redcap).states[-1]
    redcap.rename_group("daga", "rome")

    said = read(redcap, state)

    assert len(said.payloads) == 7
    assert {payload[GROUP] for payload in said.payloads} == {"rome"}
    assert "'daga' was renamed" in said.notices[0]
    assert read(redcap, said.states[-1]).rows == []


def test_groups_that_may_not_be_seen_stop_nothing(redcap):
    redcap.faults.forbidden = {"dag"}

    said = read(redcap)

    assert len(said.keys) == 7
    assert "renamed one goes unnoticed" in said.notices[0]


def test_a_renamed_record_asks_for_a_full_reading_once(redcap):
    state = read(redcap, renames=True).states[-1]
    redcap.rows = [{**row, "record_id": "77" if row["record_id"] == "7" else row["record_id"]} for row in redcap.rows]
    redcap._logged("77", now(), "Update record", "record_edit")

    with pytest.raises(FullReconcileRequired, match=r"renamed to '77'.*--full"):
        read(redcap, state, renames=True)
    again = read(redcap, renames=True)
    assert "77" in again.keys
    assert read(redcap, again.states[-1], renames=True).keys == ["77"]


def test_new_fields_and_lost_ones_are_told(redcap):
    state = read(redcap).states[-1]
    redcap.metadata = redcap.metadata[:1]
    redcap.fields("colour")
    redcap.save({"record_id": "1", "colour": "red"}, now())

    changes = [message for message in read(redcap, state).messages if isinstance(message, SchemaChange)]

    assert changes == [SchemaChange(("colour",), ("name",))]


# --- what goes wrong -----------------------------------------------------------------------------------------


def test_a_wrong_token_is_refused_once_and_by_name(redcap):
    with pytest.raises(DeniedError, match=REFUSED):
        list(Redcap("trial", {**redcap.options(), "token": "F" * 32}).read(context(), REQUEST, None))
    assert len(redcap.calls) == 1


def test_a_refused_token_is_not_shown_again_for_the_next_stream(redcap):
    connector, world = Redcap("trial", {**redcap.options(), "token": "F" * 32}), context()

    for stream in ("records", "dags", "users"):
        with pytest.raises(DeniedError):
            list(connector.read(world, StreamRequest(stream), None))

    assert len(redcap.calls) == 1


@pytest.mark.parametrize(
    "way", ["503 html", "500 html", "200 html", "429 seconds", "429 date", "half json", "reset", "nothing", "500 Something broke"]
)
@pytest.mark.parametrize("content", ["project", "record", "metadata"])
def test_what_passes_is_tried_again(redcap, way, content):
    redcap.fail_once(content, way, way)
    clock = Clock()

    said = read(redcap, clock=clock)

    assert len(said.keys) == 7
    assert clock.slept
    if way.startswith("429"):
        assert max(clock.slept) >= 6


@pytest.mark.parametrize(
    ("way", "error", "words"),
    [
        ("400 The value of the parameter is not valid", SourceError, "REDCap says 'The value of the parameter is not valid'"),
        ("403 You do not have permissions", DeniedError, "ask for the right it needs"),
        ("501 Not implemented", SourceError, "'Not implemented' .HTTP 501."),
        ("200 There is no such report", SourceError, "no such report"),
        ("xml error", SourceError, "'No such thing'"),
        ("403 html", DeniedError, "HTTP 403"),
        ("redirect", DamagedError, "not its own host"),
    ],
)
def test_what_does_not_pass_fails_at_once_in_redcaps_words(redcap, way, error, words):
    redcap.fail_once("record", way)

    with pytest.raises(error, match=words):
        read(redcap)
    assert len(redcap.asked("record")) == 1


def test_a_server_that_stays_down_is_given_up(redcap):
    redcap.fail_once("*", *["503 html"] * 20)

    with pytest.raises(UnavailableError, match="HTTP 503"):
        read(redcap)


def test_an_answer_that_leaves_out_a_record_is_not_believed(redcap):
    redcap.faults.lost_records = {"5"}

    with pytest.raises(UnavailableError, match="left out record '5'"):
        read(redcap)


def test_a_record_deleted_while_it_is_read_is_no_error(redcap):
    def gone(server: FakeRedcap, wanted: list[str]) -> None:
        if "5" in wanted and any(row["record_id"] == "5" for row in server.rows):
            server.delete("5", now())

    redcap.faults.on_records = gone

    said = read(redcap)

    assert said.keys == ["1", "2", "3", "4", "6", "7"]
    assert ops(read(redcap, said.states[-1])) == {"5": "delete"}


def test_calls_keep_to_the_pace(redcap):
    clock = Clock()

    list(Redcap("trial", {**redcap.options(), "per_second": 0.5}).read(context(clock), REQUEST, None))

    assert sum(clock.slept) >= 2 * (len(redcap.calls) - 1) - 1


@pytest.mark.parametrize(
    ("words", "said"),
    [('[{"record_id": "1", "record_id": "2"}]', "stands twice"), ("[" * 100_000, "nested too deeply"), ('[{"a": NaN}]', "NaN")],
)
def test_json_that_readers_do_not_agree_on_is_refused(redcap, words, said):
    redcap.fail_once("metadata", f"text {words}")

    with pytest.raises(DamagedError, match=said):
        read(redcap)


def test_a_token_never_travels_in_the_clear():
    with pytest.raises(ConfigError, match="in the clear"):
        list(Redcap("trial", {"base_url": "http://redcap.example/", "token": TOKEN}).read(context(), REQUEST, None))


@pytest.mark.parametrize("ending", ["", "api", "api/", "API/"])
def test_the_address_may_be_the_hosts_or_the_apis(redcap, ending):
    base = redcap.url.rstrip("/") + (f"/{ending}" if ending else "")

    said = Said(Redcap("trial", {**redcap.options(), "base_url": base}).read(context(), REQUEST, None))

    assert len(said.keys) == 7


def test_a_source_without_an_address_or_a_path_is_refused():
    with pytest.raises(ConfigError, match=r"'base_url' is missing; set it \(or `path`\)"):
        list(Redcap("trial", {}).read(context(), REQUEST, None))


def test_a_check_tells_what_the_token_may_not_do(redcap):
    redcap.faults.forbidden = {"log"}

    findings = Redcap("trial", redcap.options()).check(context())

    assert [finding.level for finding in findings] == ["ok", "fail"]
    assert "Logging" in findings[1].repair
    refused = Redcap("trial", {**redcap.options(), "token": "F" * 32}).check(context())
    assert [finding.level for finding in refused] == ["fail"]


def test_a_check_compares_the_clocks(redcap):
    redcap.faults.clock_ahead = 3600

    (_, warning) = Redcap("trial", redcap.options()).check(context())

    assert warning.level == "warn"
    assert "3600 s" in warning.text or "3599 s" in warning.text


def test_the_example_of_its_page_works(clinic, tmp_path, monkeypatch, capfd):
    page = (Path(__file__).parents[2] / "docs" / "connectors" / "redcap.md").read_text(encoding="utf-8")
    text = page.partition("```toml\n")[2].partition("```")[0].replace("https://redcap.example.edu/redcap/", clinic.url)
    text = text.replace('role = "edc"', 'role = "edc"\nper_second = 1000.0')
    (tmp_path / "mdm.toml").write_text(f'[hub]\nurl = "sqlite:///{tmp_path}/mdm.db"\n\n{text}')
    monkeypatch.setenv("MDM_CONFIG", str(tmp_path / "mdm.toml"))
    monkeypatch.setenv("REDCAP_TOKEN", TOKEN)
    clinic.dags = [{"data_access_group_name": "Site A", "unique_group_name": "site_a", "data_access_group_id": 5}]
    clinic.fields("staff_first", "staff_last", "staff_email", form="site_staff")
    clinic.repeating += [{"event_name": "start_arm_1", "form_name": "site_staff", "custom_form_label": ""}]
    clinic.mapping += [{"arm_num": 1, "unique_event_name": "start_arm_1", "form": "site_staff"}]
    person = {"staff_first": "Ana", "staff_last": "Invented", "staff_email": "ana@invented.example"}
    clinic.save({"record_id": "1", EVENT: "start_arm_1", INSTRUMENT: "site_staff", INSTANCE: 1, **person})

    for command in (["migrate"], ["sync", "trial", "--json"]):
        capfd.readouterr()
        assert run(command) == 0, capfd.readouterr().err

    said = capfd.readouterr()
    assert TOKEN not in said.out + said.err
    assert '"new": 1' in said.out
    with sqlite3.connect(tmp_path / "mdm.db") as hub:
        assert hub.execute("select stream, source_key from source_record order by 1").fetchall() == [
            ("dags", "5"),
            ("staff", "1|1"),
        ]


# --- an independent client -----------------------------------------------------------------------------------


@pytest.fixture
def project(clinic) -> pycap.Project:
    clinic.dags = [{"data_access_group_name": "Dag A", "unique_group_name": "daga", "data_access_group_id": 5}]
    clinic.users = [{"username": "ana", "email": "ana@invented.example", "forms": {"people": 1}}]
    clinic.roles = [{"unique_role_name": "U-1", "role_label": "Reader"}]
    clinic.role_of = [{"username": "ana", "unique_role_name": "U-1"}]
    clinic.dag_of = [{"username": "ana", "redcap_data_access_group": "daga"}]
    clinic.arms = [{"arm_num": 1, "name": "Arm 1"}]
    return pycap.Project(f"{clinic.url}api/", TOKEN)


def test_pycap_reads_the_data_dictionary(project):
    assert project.def_field == "record_id"
    assert project.field_names == ["record_id", "name", "pressure"]
    assert set(project.forms) == {"people", "bp"}
    assert project.is_longitudinal
    assert [row["export_field_name"] for row in project.export_field_names()][:2] == ["record_id", "name"]
    assert str(project.export_version()) == VERSION


def test_pycap_reads_the_records_this_connector_reads(clinic, project):
    said = read(clinic, request=StreamRequest("records", WHOLE))

    exported = project.export_records(export_data_access_groups=True)

    assert [{name: str(value) for name, value in row.items()} for row in exported] == said.payloads
    assert {row["record_id"] for row in project.export_records(records=["2"])} == {"2"}
    assert set(project.export_records(forms=["bp"])[0]) >= {"pressure", "bp_complete"}
    as_text = project.export_records(format_type="csv", events=["end_arm_1"]).splitlines()
    assert len(as_text) == 3


def test_pycap_reads_what_changed(clinic, project):
    clinic.save({"record_id": "2", EVENT: "end_arm_1", "name": "Bo"}, now())

    rows = project.export_records(date_begin=datetime.now(UTC) - timedelta(hours=1))

    assert {row["record_id"] for row in rows} == {"2"}


def test_pycap_reads_groups_users_roles_events_and_arms(project):
    assert project.export_dags()[0]["unique_group_name"] == "daga"
    assert project.export_users()[0]["username"] == "ana"
    assert project.export_user_roles()[0]["role_label"] == "Reader"
    assert project.export_user_role_assignment()[0]["unique_role_name"] == "U-1"
    assert project.export_user_dag_assignment()[0]["redcap_data_access_group"] == "daga"
    assert [row["unique_event_name"] for row in project.export_events()] == ["start_arm_1", "end_arm_1"]
    assert project.export_arms() == [{"arm_num": 1, "name": "Arm 1"}]
    assert project.export_instrument_event_mappings()[0]["form"] == "people"
    assert project.export_repeating_instruments_events()[0]["form_name"] == "bp"
    assert project.export_project_info()["is_longitudinal"] == 1


def test_pycap_reads_the_log_of_deletions(clinic, project):
    clinic.delete("2", now())

    (line,) = project.export_logging(log_type="record_delete", begin_time=datetime.now(UTC) - timedelta(hours=1))

    assert (line["record"], line["action"]) == ("2", "Delete record 2")


def test_pycap_is_told_what_is_wrong(redcap):
    with pytest.raises(pycap.RedcapError, match=REFUSED):
        pycap.Project(f"{redcap.url}api/", "F" * 32).export_records()
    with pytest.raises(pycap.RedcapError, match="classic"):
        pycap.Project(f"{redcap.url}api/", TOKEN).export_arms()


def test_nothing_is_asked_that_changes_the_project(clinic):
    for stream in ("records", "dags", "users", "metadata", "events", "arms"):
        read(clinic, request=StreamRequest(stream))

    assert {call.form.get("action") for call in clinic.calls} == {None}
    assert not any("data" in call.form for call in clinic.calls)
