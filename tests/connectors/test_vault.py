"""The vault connector against a server that misbehaves as the real one does."""

import json
import random
from collections import deque
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from connectors.vault import Vault, record
from connectors.vault.client import moment
from mdm.connector import Checkpoint, Complete, Context, Message, Notice, Records, SchemaChange, StreamRequest
from mdm.errors import ConfigError, DamagedError, DeniedError, DriftError, FullReconcileRequired, SourceError, UnavailableError
from tests.fakes.vault import PASSWORD, FakeVault

NAME = "account__v"
REQUEST = StreamRequest(NAME, ("id",), "modified_date__v")
START = datetime.now(UTC) - timedelta(days=100)


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
def vault() -> Iterator[FakeVault]:
    with FakeVault() as server:
        server.objects[NAME] = rows(25)
        yield server


@pytest.fixture
def clock() -> Clock:
    return Clock()


def rows(count: int, *, minutes: int = 60) -> list[dict[str, Any]]:
    return [row(at, START + timedelta(minutes=minutes * at)) for at in range(count)]


def row(at: int, when: datetime) -> dict[str, Any]:
    return {"id": f"V0P{at:012d}", "name__v": f"Ana {at}", "kind__c": ["hcp__c"], "modified_date__v": moment(when.timestamp())}


def read(vault: FakeVault, clock: Clock, state: dict[str, Any] | None = None, **options: Any) -> list[Message]:
    connector = Vault("crm", vault.options(**{"page_size": 10, **options}))
    context = Context(clock=clock, sleep=clock.sleep, random=lambda: 0.5)
    return list(connector.read(context, REQUEST, state))


def keys(messages: list[Message], op: str = "upsert") -> list[str]:
    frames = [message.frame for message in messages if isinstance(message, Records)]
    return [key for frame in frames for key, had in frame.select("source_key", "op").iter_rows() if had == op]


def state(messages: list[Message]) -> dict[str, Any]:
    last = messages[-1]
    assert isinstance(last, Checkpoint)
    return last.state


def everything(vault: FakeVault) -> set[str]:
    return {row["id"] for row in vault.objects[NAME]}


def test_a_first_run_reads_everything_and_proves_it_complete(vault, clock):
    messages = read(vault, clock)

    assert set(keys(messages)) == everything(vault)
    assert Complete() in messages


def test_a_row_is_kept_as_the_vault_said_it(vault, clock):
    frame = next(message.frame for message in read(vault, clock) if isinstance(message, Records))

    assert json.loads(frame["payload"][0]) == vault.objects[NAME][0]
    assert frame["source_time"][0] == int(START.timestamp() * 1000) * 1000
    assert frame["position"][0] == "account__v page 1 row 1"


def test_a_later_run_reads_what_changed_since_the_last_one_began(vault, clock):
    first = state(read(vault, clock))
    vault.objects[NAME].append(row(99, datetime.now(UTC) - timedelta(seconds=5)))
    clock.now += 60

    later = read(vault, clock, first)

    assert keys(later) == ["V0P000000000099"]
    assert Complete() not in later


def test_the_cursor_is_the_time_at_which_the_run_began(vault, clock):
    vault.objects[NAME].append(row(99, datetime.now(UTC) + timedelta(days=2)))

    assert datetime.fromisoformat(state(read(vault, clock))["cursor"]) <= datetime.now(UTC)


@pytest.mark.parametrize("ahead", [-7200.0, 7200.0], ids=["vault is behind", "vault is ahead"])
def test_the_cursor_goes_by_the_clock_of_the_vault(vault, clock, ahead):
    vault.faults.clock_ahead = ahead

    cursor = datetime.fromisoformat(state(read(vault, clock))["cursor"]).timestamp()

    assert cursor - datetime.now(UTC).timestamp() == pytest.approx(ahead, abs=30)


@pytest.mark.parametrize("links", ["relative", "absolute", "none"])
def test_more_rows_of_one_time_than_fit_a_page_are_all_read(vault, clock, links):
    vault.faults.links = links
    vault.objects[NAME] = [
        *rows(5),
        *(row(at, START + timedelta(days=1)) for at in range(5, 38)),
        row(40, START + timedelta(days=2)),
    ]

    messages = read(vault, clock)

    assert set(keys(messages)) == everything(vault)
    assert [call.method for call in vault.asked("/query")] == ["POST"] * len(vault.asked("/query"))


def test_three_thousand_rows_of_one_time_are_all_read(vault, clock):
    vault.objects[NAME] = [*rows(10), *(row(at, START + timedelta(days=1)) for at in range(10, 3010))]

    messages = read(vault, clock, page_size=1000)

    assert sorted(set(keys(messages))) == sorted(everything(vault))


def test_pages_smaller_than_asked_lose_nothing(vault, clock):
    vault.faults.page_caps = deque([7, 1, 3, 1, 1, 2])

    assert set(keys(read(vault, clock))) == everything(vault)


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("tied", [False, True], ids=["spread", "tied"])
def test_rows_that_change_during_paging_are_not_lost(vault, clock, seed, tied):
    chance = random.Random(seed)
    vault.objects[NAME] = rows(60, minutes=0 if tied else 60)

    def somebody_edits(server: FakeVault, page: int) -> None:
        if page % 2 and page < 12:
            chosen = chance.choice(server.objects[NAME])
            chosen["modified_date__v"] = moment(datetime.now(UTC).timestamp() + page)

    vault.faults.on_page = somebody_edits
    first = read(vault, clock)
    clock.now += 3600

    assert set(keys(first)) == everything(vault)


def test_a_row_that_changes_during_a_later_run_is_in_this_one_or_the_next(vault, clock):
    done = state(read(vault, clock))
    clock.now += 3600
    vault.faults.clock_ahead = 3600
    changed = [row(at, datetime.now(UTC) + timedelta(seconds=60 + at)) for at in range(100, 140)]
    vault.objects[NAME] += changed

    def somebody_edits(server: FakeVault, page: int) -> None:
        changed[5]["modified_date__v"] = moment(datetime.now(UTC).timestamp() + 3 * 3600)

    vault.faults.on_page = somebody_edits
    second = read(vault, clock, done)
    vault.faults.clock_ahead = 4 * 3600
    third = read(vault, clock, state(second))

    assert set(keys(second)) | set(keys(third)) >= {row["id"] for row in changed}


def test_a_session_that_ends_in_mid_paging_is_renewed(vault, clock):
    vault.faults.sessions_last = 2

    messages = read(vault, clock)

    assert set(keys(messages)) == everything(vault)
    assert len(vault.asked("/auth")) > 1


def test_a_session_refused_twice_is_not_asked_for_again(vault, clock):
    vault.faults.never_a_session = True

    with pytest.raises(DeniedError, match="new session is refused"):
        read(vault, clock)

    assert len(vault.asked("/auth")) == 2


@pytest.mark.parametrize(
    "kind", ["USERNAME_OR_PASSWORD_INCORRECT", "USER_LOCKED_OUT", "INACTIVE_USER", "PASSWORD_CHANGE_REQUIRED"]
)
def test_a_refused_login_is_tried_once_only(vault, clock, kind):
    vault.faults.login = kind

    with pytest.raises(DeniedError, match=kind):
        read(vault, clock)

    assert len(vault.asked("/auth")) == 1
    assert clock.slept == []


def test_a_login_to_another_vault_reads_nothing(vault, clock):
    vault.faults.wrong_vault = True

    with pytest.raises(DeniedError, match="logged in to Vault 2002"):
        read(vault, clock)

    assert vault.asked("/query") == []


def test_the_vaults_id_is_checked_where_it_is_given(vault, clock):
    with pytest.raises(DeniedError, match="not to 4711"):
        read(vault, clock, vault_id=4711)


@pytest.mark.parametrize(
    "way",
    ["API_LIMIT_EXCEEDED", "RACE_CONDITION", "OPERATION_IN_PROGRESS", "EXCEPTION", "503 html", "200 html", "half json", "reset"],
)
@pytest.mark.parametrize("kind", ["query", "metadata", "auth"])
def test_what_passes_is_waited_for(vault, clock, way, kind):
    vault.fail_once(kind, way, way)

    messages = read(vault, clock)

    assert set(keys(messages)) == everything(vault)
    assert len(clock.slept) == 2


@pytest.mark.parametrize("way", ["429 seconds", "429 date"])
def test_a_vault_that_names_a_time_is_given_it(vault, clock, way):
    vault.fail_once("query", way)

    read(vault, clock)

    assert clock.slept == [pytest.approx(7, abs=2.5)]


def test_patience_ends(vault, clock):
    vault.fail_once("query", *["503 html"] * 50)

    with pytest.raises(UnavailableError, match="try again later"):
        read(vault, clock)

    assert len(vault.asked("/query")) == 8


@pytest.mark.parametrize("way", ["INSUFFICIENT_ACCESS", "401"])
def test_missing_rights_are_not_tried_again(vault, clock, way):
    vault.fail_once("query", way)

    with pytest.raises(DeniedError):
        read(vault, clock)

    assert len(vault.asked("/query")) == 1


def test_an_unknown_error_stops_the_stream_with_its_name(vault, clock):
    vault.fail_once("query", "SOMETHING_NEW")

    with pytest.raises(SourceError, match="SOMETHING_NEW"):
        read(vault, clock)


def test_an_expired_page_link_is_replaced_by_an_offset(vault, clock):
    vault.objects[NAME] = rows(35, minutes=0)
    vault.faults.links_expire = True

    assert set(keys(read(vault, clock))) == everything(vault)


def test_a_page_link_to_another_host_is_not_followed(vault, clock):
    vault.objects[NAME] = rows(35, minutes=0)
    vault.faults.links = "foreign"

    with pytest.raises(DamagedError, match="not its own host"):
        read(vault, clock)


def test_a_redirect_is_not_followed(vault, clock):
    vault.fail_once("query", "redirect")

    with pytest.raises(DamagedError, match=r"elsewhere\.example"):
        read(vault, clock)


def test_the_pace_the_vault_asks_for_is_kept(vault, clock):
    vault.faults.burst_remaining = 150
    read(vault, clock)
    patient = sum(clock.slept)
    vault.faults.burst_remaining = 1500
    clock.slept.clear()
    vault.faults.response_delay = 500

    read(vault, clock)

    assert patient >= 60
    assert set(clock.slept) == {0.5}


def test_deletions_are_told_after_the_rows(vault, clock):
    done = state(read(vault, clock))
    clock.now += 60
    vault.delete(NAME, "V0P000000000003", moment(datetime.now(UTC).timestamp()))
    vault.delete(NAME, "V0P000000000004", moment(datetime.now(UTC).timestamp()))

    messages = read(vault, clock, done)

    assert keys(messages, "delete") == ["V0P000000000003", "V0P000000000004"]


def test_more_deletions_than_a_page_holds_are_all_told(vault, clock):
    done = state(read(vault, clock))
    now = moment(datetime.now(UTC).timestamp())
    vault.deleted[NAME] = [{"id": f"V0D{at:012d}", "deleted_date": now, "date_deleted": now} for at in range(2345)]

    assert len(set(keys(read(vault, clock, done), "delete"))) == 2345


def test_deletions_and_pages_are_all_told_where_no_total_is(vault, clock, monkeypatch):
    done = state(read(vault, clock))
    now = moment(datetime.now(UTC).timestamp())
    vault.deleted[NAME] = [{"id": f"V0D{at:012d}", "date_deleted": now} for at in range(2345)]
    told = vault.answer

    def without_total(call):
        answer = told(call)
        answer.get("responseDetails", {}).pop("total", None)
        return answer

    monkeypatch.setattr(vault, "answer", without_total)

    assert len(set(keys(read(vault, clock, done), "delete"))) == 2345
    assert set(keys(read(vault, clock))) == everything(vault)


def test_a_cursor_older_than_the_vaults_memory_asks_for_a_full_reading(vault, clock):
    done = state(read(vault, clock))
    done["cursor"] = moment(clock.now - 31 * 86_400)

    with pytest.raises(FullReconcileRequired, match="30 days"):
        read(vault, clock, done)

    assert set(keys(read(vault, clock, done, deletions=False))) == set()


def test_a_deletion_the_vault_has_forgotten_is_found_by_a_full_reading(vault, clock):
    done = state(read(vault, clock))
    vault.delete(NAME, "V0P000000000003", moment(clock.now - 40 * 86_400))
    done["cursor"] = moment(clock.now - 45 * 86_400)

    with pytest.raises(FullReconcileRequired, match="read all of it again"):
        read(vault, clock, done)

    assert Complete() in read(vault, clock)


def test_fields_that_come_go_and_change_type_are_reported(vault, clock):
    vault.types[NAME] = {
        "id": "ID",
        "name__v": "String",
        "kind__c": "Picklist",
        "modified_date__v": "DateTime",
        "old__c": "String",
    }
    done = state(read(vault, clock))
    vault.types[NAME] = {
        "id": "ID",
        "name__v": "LongText",
        "kind__c": "Picklist",
        "modified_date__v": "DateTime",
        "new__c": "String",
    }

    changes = [message for message in read(vault, clock, done) if isinstance(message, SchemaChange)]

    assert changes == [SchemaChange(("new__c",), ("old__c",), {"name__v": ("String", "LongText")})]


def test_a_field_the_object_has_not_is_refused_with_a_suggestion(vault, clock):
    with pytest.raises(DriftError, match=r"no field 'nme__v'; did you mean 'name__v'"):
        read(vault, clock, fields=["nme__v"])


def test_the_condition_and_the_fields_of_a_stream_are_asked_for(vault, clock):
    read(vault, clock, fields=["name__v"], where="name__v = 'Ana 3'")

    query = vault.asked("/query")[0].form["q"]
    assert query.startswith("SELECT name__v, id, modified_date__v FROM account__v WHERE (name__v = 'Ana 3') ORDER BY")


def test_an_object_without_a_cursor_is_read_whole_each_time(vault, clock):
    vault.objects[NAME] = rows(35)
    first = read(vault, clock, cursor="")

    again = read(vault, clock, state(first), cursor="")

    assert set(keys(first)) == set(keys(again)) == everything(vault)
    assert Complete() in again


def test_rows_that_keep_moving_are_reported(vault, clock):
    vault.objects[NAME] = rows(12, minutes=0)
    vault.faults.on_page = lambda server, page: server.objects[NAME].append(row(1000 + page, START))

    messages = read(vault, clock, cursor="", page_size=100)

    assert [m for m in messages if isinstance(m, Notice) and "kept moving" in m.text]
    assert Complete() not in messages


def test_an_empty_object_is_complete(vault, clock):
    vault.objects[NAME] = []
    vault.types[NAME] = {"id": "ID", "modified_date__v": "DateTime"}

    messages = read(vault, clock)

    assert keys(messages) == []
    assert Complete() in messages


def test_one_session_serves_all_streams(vault, clock):
    vault.objects["site__v"] = rows(3)
    connector = Vault("crm", vault.options())
    context = Context(clock=clock, sleep=clock.sleep)

    list(connector.read(context, REQUEST, None))
    list(connector.read(context, StreamRequest("sites", options={"object": "site__v"}), None))

    assert len(vault.asked("/auth")) == 1


def test_an_object_that_is_not_there_is_named(vault, clock):
    connector = Vault("crm", vault.options())

    with pytest.raises(SourceError, match="Invalid object"):
        list(connector.read(Context(sleep=clock.sleep), StreamRequest("nothing__v"), None))


def test_a_key_the_feed_of_deletions_does_not_tell_is_refused(vault, clock):
    connector = Vault("crm", vault.options())

    with pytest.raises(ConfigError, match="does not tell 'name__v'"):
        list(connector.read(Context(sleep=clock.sleep), StreamRequest(NAME, ("name__v",)), None))


def test_a_check_says_when_clocks_differ_and_why_a_login_fails(vault, clock):
    vault.faults.clock_ahead = 4000
    skewed = Vault("crm", vault.options()).check(Context(clock=clock, sleep=clock.sleep))
    vault.faults.login = "USER_LOCKED_OUT"
    locked = Vault("crm", vault.options()).check(Context(clock=clock, sleep=clock.sleep))

    assert [finding.level for finding in skewed] == ["ok", "warn"]
    assert [finding.level for finding in locked] == ["fail"]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"base_url": "http://vault.example", "username": "u", "password": "env:P"}, "in the clear"),
        ({"base_url": "ftp://vault.example", "username": "u", "password": "env:P"}, "not an address"),
        ({"base_url": "https://u:p@vault.example", "username": "u", "password": "env:P"}, "not an address"),
    ],
    ids=["clear text", "no web address", "password in the address"],
)
def test_an_address_that_cannot_be_trusted_is_refused(options, words):
    with pytest.raises(ConfigError, match=words) as caught:
        list(Vault("crm", options).read(Context(), REQUEST, None))

    assert "u:p" not in str(caught.value)


def test_a_missing_password_is_named():
    with pytest.raises(ConfigError, match="'password' is missing"):
        Vault("crm", {"base_url": "https://vault.example", "username": "u"})


def test_what_the_vault_says_of_the_password_is_not_repeated(vault, clock):
    vault.faults.login = f"REFUSED {PASSWORD}"
    vault.fail_once("auth", f"your password {PASSWORD} is wrong")

    with pytest.raises(SourceError) as caught:
        read(vault, clock)

    assert PASSWORD not in str(caught.value)


class TestRecording:
    def test_a_recording_is_read_as_a_vault_is(self, tmp_path, clock):
        record(tmp_path / "vault", NAME, rows(2500))

        messages = list(Vault("crm", {"recorded": "vault"}).read(Context(home=tmp_path, clock=clock), REQUEST, None))

        assert len(set(keys(messages))) == 2500
        assert Complete() in messages

    def test_changes_and_deletions_recorded_later_are_read_whatever_the_date(self, tmp_path, clock):
        options = {"recorded": "vault"}
        record(tmp_path / "vault", NAME, rows(10))
        done = state(list(Vault("crm", options).read(Context(home=tmp_path, clock=clock), REQUEST, None)))
        later = START + timedelta(days=2)
        record(tmp_path / "vault", NAME, [*rows(9), row(77, later)], [("V0P000000000009", later)])

        messages = list(Vault("crm", options).read(Context(home=tmp_path, clock=clock), REQUEST, done))
        again = list(Vault("crm", options).read(Context(home=tmp_path, clock=clock), REQUEST, state(messages)))

        assert keys(messages) == ["V0P000000000077"]
        assert keys(messages, "delete") == ["V0P000000000009"]
        assert state(again) == state(messages)

    @pytest.mark.parametrize(("text", "words"), [("{", "not a recording"), ("[]", "not a recording")], ids=["cut", "other"])
    def test_a_damaged_recording_is_named(self, tmp_path, text, words):
        (tmp_path / f"{NAME}.json").write_text(text)

        with pytest.raises(DamagedError, match=f"{NAME}.json: {words[:4]}|is {words}"):
            list(Vault("crm", {"recorded": "."}).read(Context(home=tmp_path), REQUEST, None))

    def test_a_missing_recording_names_those_there_are(self, tmp_path, clock):
        record(tmp_path, "other__v", rows(1))

        with pytest.raises(UnavailableError, match="there are other__v"):
            list(Vault("crm", {"recorded": str(tmp_path)}).read(Context(clock=clock, sleep=clock.sleep), REQUEST, None))

    def test_a_folder_is_discovered(self, tmp_path: Path):
        record(tmp_path, NAME, rows(3))

        streams = Vault("crm", {"recorded": str(tmp_path)}).discover(Context())

        assert [(stream.name, stream.key, stream.deletes) for stream in streams] == [(NAME, ("id",), "feed")]
