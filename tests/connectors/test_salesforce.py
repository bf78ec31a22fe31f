"""The salesforce connector against an org that misbehaves as the real one does."""

import json
import time
from collections.abc import Iterator
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.salesforce import Salesforce, login
from connectors.salesforce.client import seconds
from connectors.salesforce.identifier import long_id, long_ids
from mdm.connector import Context, Message, SchemaChange, StreamRequest
from mdm.errors import ConfigError, DamagedError, DeniedError, DriftError, FullReconcileRequired, SourceError, UnavailableError
from tests.connectors.reading import Said
from tests.fakes.salesforce import CLIENT_ID, CLIENT_SECRET, PASSWORD, USERNAME, FakeSalesforce, stamp

NAME = "Account"
REQUEST = StreamRequest(NAME, ("Id",), "SystemModstamp")
DAY = 86_400


class Clock:
    """A clock that only moves when somebody sleeps."""

    def __init__(self) -> None:
        self.now = time.time()
        self.slept: list[float] = []

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


@pytest.fixture
def org() -> Iterator[FakeSalesforce]:
    with FakeSalesforce() as server:
        server.objects[NAME] = [row(at, time.time() - 100 * DAY + at) for at in range(25)]
        yield server


@pytest.fixture
def clock() -> Clock:
    return Clock()


def key(at: int) -> str:
    return long_id(f"001A000000Xy{at:03d}")


def row(at: int, when: float) -> dict[str, Any]:
    return {
        "Id": key(at), "Name": f"Ana {at}", "Specialties__c": "CARD;ONC", "IsDeleted": False, "MasterRecordId": None,
        "SystemModstamp": stamp(when),
    }  # fmt: skip


def read(org: FakeSalesforce, clock: Clock, state: dict[str, Any] | None = None, **options: Any) -> Said:
    connector = Salesforce("crm", org.options(**{"page_size": 10, **options}))
    context = Context(clock=clock, sleep=clock.sleep, random=lambda: 0.5)
    return Said(connector.read(context, REQUEST, state))


def done(org: FakeSalesforce, clock: Clock, **options: Any) -> dict[str, Any]:
    """The state after a first reading, an hour before now."""
    state = read(org, clock, **options).states[-1]
    return {**state, "cursor": stamp(time.time() - 3600)}


def ops(said: Said) -> dict[str, tuple[str, str | None]]:
    return {one["source_key"]: (one["op"], one["merged_into"]) for one in said.rows}


def everything(org: FakeSalesforce) -> set[str]:
    return {one["Id"] for one in org.objects[NAME]}


class TestIds:
    @pytest.mark.parametrize(
        ("short", "long"),
        [("001A0000006Vm9u", "001A0000006Vm9uIAC"), ("000000000000000", "000000000000000AAA"), ("ABCDEABCDEABCDE", "ABCDEABCDEABCDE555")],
        ids=["mixed", "no capital", "all capitals"],
    )  # fmt: skip
    def test_a_short_id_gets_its_check_letters(self, short, long):
        assert long_id(short) == long

    def test_ids_that_differ_in_case_alone_differ_in_their_check_letters(self):
        assert long_id("001A0000006Vm9u").lower() != long_id("001A0000006VM9U").lower()

    @pytest.mark.parametrize("text", ["", "001A0000006Vm9uIAC", "001A0000006Vm9", "001A0000006Vm9ü", "a note of 15 ch"])
    def test_what_is_no_short_id_stays_as_it_is(self, text):
        assert long_id(text) == text

    @given(st.lists(st.none() | st.text(alphabet="AZaz09", min_size=14, max_size=16) | st.text()))
    def test_a_column_is_read_as_its_values_are(self, texts):
        said = pl.DataFrame({"id": pl.Series(texts, dtype=pl.String)}).select(long_ids(pl.col("id"))).to_series()

        assert said.to_list() == [None if text is None else long_id(text) for text in texts]


def test_a_first_run_reads_everything_and_proves_it_complete(org, clock):
    said = read(org, clock)

    assert set(said.keys) == everything(org)
    assert said.complete
    assert len(org.asked("/results")) == 3


def test_a_row_is_kept_as_salesforce_said_it(org, clock):
    said = read(org, clock)

    assert said.payloads[0] == {
        **org.objects[NAME][0], "IsDeleted": "false",
    }  # fmt: skip
    assert said.rows[0]["position"] == "Account page 1 row 1"
    assert said.rows[0]["source_time"] == pytest.approx((time.time() - 100 * DAY) * 1e6, abs=60e6)


def test_line_breaks_and_quotes_inside_values_are_kept(org, clock):
    org.objects[NAME][3]["Name"] = 'Ana "the\nsecond", Dr'

    assert read(org, clock).payloads[3]["Name"] == 'Ana "the\nsecond", Dr'


def test_a_character_that_no_database_keeps_is_shown(org, clock):
    org.objects[NAME][3]["Name"] = "Ana\x003"

    said = read(org, clock)

    assert said.payloads[3]["Name"] == "Ana\N{SYMBOL FOR NULL}3"
    assert said.notices == [
        "Account page 1: holds NUL characters, which no database keeps; they are written as \N{SYMBOL FOR NULL}"
    ]


def test_a_later_run_reads_what_changed_since_the_last_one_began(org, clock):
    before = done(org, clock)
    org.objects[NAME].append(row(99, time.time() - 30))

    said = read(org, clock, before)

    assert said.keys == [key(99)]
    assert not said.complete


def test_the_cursor_is_the_time_at_which_the_run_began(org, clock):
    org.objects[NAME].append(row(99, time.time() + 2 * DAY))

    said = read(org, clock)

    assert key(99) in said.keys
    assert said.states[-1]["cursor"] <= stamp(time.time())


@pytest.mark.parametrize("ahead", [-7200.0, 7200.0], ids=["Salesforce is behind", "Salesforce is ahead"])
def test_the_cursor_goes_by_the_clock_of_salesforce(org, clock, ahead):
    org.faults.clock_ahead = ahead

    cursor = seconds(read(org, clock).states[-1]["cursor"])

    assert cursor - time.time() == pytest.approx(ahead, abs=30)


def test_pages_smaller_than_asked_lose_nothing(org, clock):
    org.faults.page_cap = 4

    assert set(read(org, clock).keys) == everything(org)


def test_a_job_is_waited_for_with_growing_patience(org, clock):
    org.faults.polls = 6

    read(org, clock)

    assert clock.slept == sorted(clock.slept)
    assert len(clock.slept) == 6


def test_a_job_that_takes_too_long_is_waited_for_by_the_next_run(org, clock):
    org.faults.polls = 10_000
    connector = Salesforce("crm", org.options(job_wait=60))
    states = []
    with pytest.raises(UnavailableError, match="still under way"):
        for message in connector.read(Context(clock=clock, sleep=clock.sleep), REQUEST, None):
            states.append(message.state)
    next(iter(org.jobs.values())).polls = 0

    said = read(org, clock, states[-1])

    assert set(said.keys) == everything(org)
    assert len(org.jobs) == 1


@pytest.mark.parametrize(
    ("reason", "error"),
    [
        ("InvalidBatch : Failed to process query: MALFORMED_QUERY: unexpected token", DriftError),
        ("InvalidBatch : Failed to process query: INVALID_FIELD: No such column 'Nme'", DriftError),
        ("InvalidBatch : Failed to process query: QUERY_TIMEOUT: running for too long", UnavailableError),
        ("something else", SourceError),
        ("Aborted", UnavailableError),
    ],
)
def test_a_job_that_fails_says_why(org, clock, reason, error):
    org.faults.job_fails.append(reason)

    with pytest.raises(error, match=r"aborted|the query failed"):
        read(org, clock)

    assert org.asked("/results") == []


def test_a_failed_job_is_not_read_on_by_the_next_run(org, clock):
    org.faults.job_fails.append("something else")
    connector, states = Salesforce("crm", org.options()), []
    with pytest.raises(SourceError):
        for message in connector.read(Context(clock=clock, sleep=clock.sleep), REQUEST, None):
            states.append(message.state)

    assert set(read(org, clock, states[-1]).keys) == everything(org)


def test_an_interrupted_run_goes_on_in_the_same_picture(org, clock):
    first = read(org, clock)
    org.objects[NAME].insert(0, row(99, time.time()))

    rest = read(org, clock, first.states[1])

    assert rest.keys == first.keys[10:]
    assert len(org.jobs) == 1
    assert not rest.complete


@pytest.mark.parametrize("way", ["the job", "its query"])
def test_a_place_that_is_gone_restarts_the_window(org, clock, way):
    first = read(org, clock)
    if way == "the job":
        org.jobs.clear()
    org.objects[NAME] = org.objects[NAME][:5]

    said = read(org, clock, first.states[1], where=None if way == "the job" else "Name > ' '")

    assert set(said.keys) == everything(org)
    assert said.complete


def test_results_that_vanish_in_mid_paging_are_asked_for_again(org, clock):
    connector = Salesforce("crm", org.options(page_size=10))
    messages: list[Message] = []
    for message in connector.read(Context(clock=clock, sleep=clock.sleep), REQUEST, None):
        messages.append(message)
        if len(messages) == 3:
            org.jobs.clear()
    said = Said(messages)

    assert set(said.keys) == everything(org)
    assert "are gone" in said.notices[0]
    assert said.complete


class TestGone:
    def test_a_row_in_the_bin_is_a_deletion_without_content(self, org, clock):
        before = done(org, clock)
        org.delete(NAME, key(3), stamp(time.time() - 60))

        said = read(org, clock, before)

        assert ops(said) == {key(3): ("delete", None)}
        assert said.rows[0]["payload"] is None

    def test_the_loser_of_a_merge_names_its_winner_once(self, org, clock):
        before = done(org, clock)
        org.delete(NAME, key(3), stamp(time.time() - 60), into=key(4))

        said = read(org, clock, before)

        assert [(one["source_key"], one["op"], one["merged_into"]) for one in said.rows] == [(key(3), "merged_into", key(4))]
        assert said.payloads[0]["Name"] == "Ana 3"

    def test_a_chain_of_merges_leads_to_its_last_winner(self, org, clock):
        before = done(org, clock)
        org.objects[NAME].append(row(77, time.time() - 80))
        org.delete(NAME, key(3), stamp(time.time() - 70), into=key(77))
        org.delete(NAME, key(77), stamp(time.time() - 60), into=key(5))

        assert ops(read(org, clock, before)) == {key(3): ("merged_into", key(5)), key(77): ("merged_into", key(5))}

    def test_the_loser_of_a_merge_whose_winner_was_deleted_is_deleted(self, org, clock):
        before = done(org, clock)
        org.delete(NAME, key(3), stamp(time.time() - 70), into=key(4))
        org.delete(NAME, key(4), stamp(time.time() - 60))

        assert ops(read(org, clock, before)) == {key(3): ("delete", None), key(4): ("delete", None)}

    def test_a_winner_named_by_a_short_id_is_named_by_the_long_one(self, org, clock):
        before = done(org, clock)
        org.delete(NAME, key(3), stamp(time.time() - 60), into=key(4)[:15])

        assert ops(read(org, clock, before))[key(3)] == ("merged_into", key(4))

    def test_ids_that_differ_in_case_alone_are_two_records(self, org, clock):
        org.objects[NAME] = [
            {**row(at, time.time() - 60), "Id": short} for at, short in enumerate(["001A000000ABCde", "001A000000abcDE"])
        ]

        assert len({one.lower() for one in read(org, clock).keys}) == 2

    def test_what_has_left_the_bin_is_told_by_the_feed(self, org, clock):
        before = done(org, clock)
        at = stamp(time.time() - 60)
        org.purge(NAME, key(3), at)

        said = read(org, clock, before)

        assert ops(said) == {key(3): ("delete", None)}
        assert said.rows[0]["source_time"] == round(seconds(at) * 1000) * 1000
        assert said.rows[0]["position"] == "Account deletion 1"

    def test_a_loser_whose_row_does_not_show_is_told_by_the_feed(self, org, clock):
        before = done(org, clock)
        org.objects[NAME][3] |= {"IsDeleted": True, "MasterRecordId": key(4)}
        org.purged[NAME] = [{"id": key(3), "deletedDate": stamp(time.time() - 60)}]

        assert ops(read(org, clock, before)) == {key(3): ("merged_into", key(4))}

    def test_a_loser_is_told_once_even_if_the_run_was_interrupted(self, org, clock):
        before = done(org, clock)
        for at in range(6):
            org.objects[NAME][at]["SystemModstamp"] = stamp(time.time() - 90 + at)
        org.delete(NAME, key(0), stamp(time.time() - 60), into=key(9))
        whole = read(org, clock, before, page_size=2)

        rest = read(org, clock, whole.states[1], page_size=2)

        assert ops(whole)[key(0)] == ("merged_into", key(9))
        assert key(0) not in ops(rest)

    def test_more_deletions_of_one_moment_than_are_listed_end_in_an_error(self, org, clock):
        before = done(org, clock)
        org.faults.most_deleted = 3
        for at in range(10):
            org.purge(NAME, key(at), stamp(time.time() - 60))

        with pytest.raises(SourceError, match="EXCEEDED_ID_LIMIT"):
            read(org, clock, before)

    def test_a_record_that_was_brought_back_is_not_deleted(self, org, clock):
        before = done(org, clock)
        org.delete(NAME, key(3), stamp(time.time() - 90))
        org.restore(NAME, key(3), stamp(time.time() - 60))

        assert ops(read(org, clock, before)) == {key(3): ("upsert", None)}

    def test_more_deletions_than_are_listed_at_once_are_all_told(self, org, clock):
        before = done(org, clock)
        org.faults.most_deleted = 3
        for at in range(10):
            org.purge(NAME, key(at), stamp(time.time() - 300 * at - 60))

        assert set(ops(read(org, clock, before))) == {key(at) for at in range(10)}

    def test_a_cursor_older_than_the_memory_of_salesforce_asks_for_a_full_reading(self, org, clock):
        before = {**done(org, clock), "cursor": stamp(time.time() - 31 * DAY)}

        with pytest.raises(FullReconcileRequired, match="30 days"):
            read(org, clock, before)

        assert len(org.jobs) == 1

    def test_a_bin_that_was_emptied_after_the_last_run_asks_for_a_full_reading(self, org, clock):
        before = done(org, clock)
        org.faults.earliest = stamp(time.time() - 600).replace("Z", "+0000")

        with pytest.raises(FullReconcileRequired, match="known only since"):
            read(org, clock, before)

    def test_a_refused_span_of_deletions_asks_for_a_full_reading(self, org, clock):
        before = done(org, clock)
        org.fail_once("deleted", "INVALID_REPLICATION_DATE")

        with pytest.raises(FullReconcileRequired):
            read(org, clock, before)

    def test_a_feed_that_is_behind_is_asked_again_from_there(self, org, clock):
        before = done(org, clock)
        org.faults.covered = stamp(time.time() - 1800).replace("Z", "+0000")
        behind = read(org, clock, before).states[-1]
        org.faults.covered = None
        org.purge(NAME, key(3), stamp(time.time() - 1500))

        said = read(org, clock, {**behind, "cursor": stamp(time.time())}, overlap=0)

        assert ops(said) == {key(3): ("delete", None)}
        assert "covered" not in said.states[-1]

    def test_an_object_without_a_feed_says_what_will_be_missed(self, org, clock):
        org.replicates[NAME] = False
        before = done(org, clock)

        said = read(org, clock, before)

        assert "recycle bin" in said.notices[0]
        assert org.asked("/deleted") == []

    def test_deletions_can_be_left_out(self, org, clock):
        before = done(org, clock, deletions=False)
        org.delete(NAME, key(3), stamp(time.time() - 60))

        assert ops(read(org, clock, before, deletions=False)) == {}

    def test_a_key_that_deletions_cannot_be_told_by_is_refused(self, org, clock):
        connector = Salesforce("crm", org.options())

        with pytest.raises(ConfigError, match="told by Id"):
            list(connector.read(Context(sleep=clock.sleep), StreamRequest(NAME, ("Name",)), None))

    def test_an_emptied_feed_and_an_old_loser_change_nothing_the_second_time(self, org, clock):
        before = done(org, clock)
        org.delete(NAME, key(3), stamp(time.time() - 60), into=key(4))
        org.purge(NAME, key(5), stamp(time.time() - 60))
        once = read(org, clock, before)

        again = read(org, clock, once.states[-1])

        assert ops(again) == ops(once)


class TestQuery:
    def test_fields_conditions_and_relationships_are_asked_for(self, org, clock):
        org.objects[NAME] = [{**row(1, time.time()), "RecordType.DeveloperName": "Hospital_vod"}]

        said = read(org, clock, fields=["Name", "RecordType.DeveloperName"], where="Name = 'Ana 1'")

        assert org.asked("jobs/query", "POST")[0].body == {
            "operation": "queryAll", "contentType": "CSV", "columnDelimiter": "COMMA", "lineEnding": "LF",
            "query": "SELECT Name, RecordType.DeveloperName, Id, SystemModstamp, IsDeleted, MasterRecordId FROM Account "
            "WHERE (Name = 'Ana 1')",
        }  # fmt: skip
        assert said.payloads[0]["RecordType.DeveloperName"] == "Hospital_vod"

    def test_a_window_has_a_beginning_with_an_overlap_and_an_end(self, org, clock):
        before = {**done(org, clock), "cursor": "2026-01-01T00:10:00.000Z"}
        clock.now = 1_767_226_200 + 60
        org.faults.clock_ahead = clock.now - time.time()

        read(org, clock, before)

        query = org.asked("jobs/query", "POST")[-1].body["query"]
        assert "SystemModstamp >= 2026-01-01T00:00:00.000Z AND SystemModstamp < 2026-01-01T00:1" in query

    def test_a_field_the_object_has_not_is_refused_with_a_suggestion(self, org, clock):
        with pytest.raises(DriftError, match=r"no field 'Nmae', or this user may not see it; did you mean 'Name'"):
            read(org, clock, fields=["Nmae"])

    def test_an_object_that_is_not_there_is_named(self, org, clock):
        with pytest.raises(SourceError, match="NOT_FOUND"):
            read(org, clock, object="Nothing__c")

    @pytest.mark.parametrize("name", ["Account/describe", "../query", "Account?x="])
    def test_a_name_that_is_none_is_not_put_into_an_address(self, org, clock, name):
        with pytest.raises(ConfigError, match="no name of an object"):
            read(org, clock, object=name)

    def test_veeva_crm_is_asked_for_what_master_data_is_made_of(self, org, clock):
        org.types[NAME] = dict.fromkeys(
            ["Id", "Name", "SystemModstamp", "IsDeleted", "NPI_vod__c", "RecordTypeId", "Whim__c"], "string"
        )
        org.types[NAME]["BillingAddress"] = "address"
        connector = Salesforce("crm", org.options())
        context = Context(
            sleep=clock.sleep, streams=(StreamRequest(NAME), StreamRequest("all", options={"object": NAME, "profile": "all"}))
        )

        ready, whole = (tuple(one.name for one in stream.fields) for stream in connector.discover(context))

        assert ready == ("Id", "IsDeleted", "SystemModstamp", "Name", "RecordTypeId", "NPI_vod__c", "RecordType.DeveloperName")
        assert whole == ("Id", "Name", "SystemModstamp", "IsDeleted", "NPI_vod__c", "RecordTypeId", "Whim__c")

    def test_without_streams_every_object_is_offered(self, org, clock):
        org.objects["Call2_vod__c"] = [row(1, time.time())]

        streams = Salesforce("crm", org.options()).discover(Context(sleep=clock.sleep))

        assert [(one.name, bool(one.fields)) for one in streams] == [(NAME, True), ("Call2_vod__c", False)]

    def test_references_and_named_fields_are_written_with_eighteen_characters(self, org, clock):
        org.types[NAME] = {
            "Id": "id",
            "SystemModstamp": "datetime",
            "Primary_Parent__c": "reference",
            "Copied__c": "string",
            "Code__c": "string",
        }
        short = key(7)[:15]
        org.objects[NAME] = [
            {
                "Id": key(1)[:15],
                "SystemModstamp": stamp(time.time()),
                "Primary_Parent__c": short,
                "Copied__c": short,
                "Code__c": short,
            }
        ]

        said = read(org, clock, ids=["Copied__c"])

        assert said.keys == [key(1)]
        assert (said.payloads[0]["Primary_Parent__c"], said.payloads[0]["Copied__c"]) == (key(7), key(7))
        assert said.payloads[0]["Code__c"] == short

    def test_fields_that_come_go_and_change_type_are_reported(self, org, clock):
        types = {"Id": "id", "Name": "string", "SystemModstamp": "datetime", "Old__c": "string"}
        org.types[NAME] = types
        before = done(org, clock)
        org.types[NAME] = {"Id": "id", "Name": "textarea", "SystemModstamp": "datetime", "New__c": "string"}

        said = read(org, clock, before)

        assert [m for m in said.messages if isinstance(m, SchemaChange)] == [
            SchemaChange(("New__c",), ("Old__c",), {"Name": ("string", "textarea")})
        ]

    def test_an_object_without_a_cursor_is_read_whole_each_time(self, org, clock):
        first = read(org, clock, cursor="")

        again = read(org, clock, first.states[-1], cursor="")

        assert set(first.keys) == set(again.keys) == everything(org)
        assert again.complete

    def test_an_empty_object_is_complete(self, org, clock):
        org.objects[NAME] = []
        org.types[NAME] = {"Id": "id", "SystemModstamp": "datetime"}

        said = read(org, clock)

        assert said.keys == []
        assert said.complete


class TestTroubles:
    @pytest.mark.parametrize("way", ["503 html", "QUERY_TIMEOUT", "SERVER_UNAVAILABLE", "reset", "CONCURRENT"])
    @pytest.mark.parametrize("kind", ["create", "poll", "results", "describe"])
    def test_what_passes_is_waited_for(self, org, clock, way, kind):
        org.fail_once(kind, way, way)

        assert set(read(org, clock).keys) == everything(org)
        assert len(clock.slept) == 2

    @pytest.mark.parametrize("kind", ["token", "create", "poll", "results"])
    def test_a_page_of_a_gateway_is_no_answer(self, org, clock, kind):
        org.fail_once(kind, "200 html")

        assert set(read(org, clock).keys) == everything(org)
        assert len(clock.slept) == 1

    @pytest.mark.parametrize("way", ["429 seconds", "429 date"])
    def test_a_source_that_names_a_time_is_given_it(self, org, clock, way):
        org.fail_once("results", way)

        read(org, clock)

        assert clock.slept == [pytest.approx(7, abs=2.5)]

    def test_a_limit_counted_by_the_day_is_not_hammered(self, org, clock):
        org.fail_once("create", *["REQUEST_LIMIT_EXCEEDED"] * 3)

        with pytest.raises(UnavailableError, match="used up"):
            read(org, clock)

        assert clock.slept == []
        assert len(org.asked("jobs/query", "POST")) == 1

    def test_calls_are_spaced_when_few_are_left(self, org, clock):
        org.faults.usage = (14_900, 15_000)

        read(org, clock)

        assert sum(clock.slept) >= 60

    @pytest.mark.parametrize("way", ["no locator", "short page"])
    def test_a_page_that_cannot_be_known_to_be_whole_is_refused(self, org, clock, way):
        org.fail_once("results", way)

        with pytest.raises(DamagedError, match=r"nobody can tell|promised 1000 rows"):
            read(org, clock)

    @pytest.mark.parametrize("code", ["INSUFFICIENT_ACCESS", "API_DISABLED_FOR_ORG"])
    def test_missing_rights_are_not_tried_again(self, org, clock, code):
        org.fail_once("create", code)

        with pytest.raises(DeniedError, match=code):
            read(org, clock)

        assert clock.slept == []

    def test_an_unknown_error_stops_the_stream_with_its_name(self, org, clock):
        org.fail_once("create", "SOMETHING_NEW")

        with pytest.raises(SourceError, match="SOMETHING_NEW"):
            read(org, clock)

    def test_a_redirect_is_not_followed(self, org, clock):
        org.fail_once("results", "redirect")

        with pytest.raises(DamagedError, match=r"elsewhere\.example"):
            read(org, clock)

    def test_a_next_link_is_followed_at_home_and_nowhere_else(self, org, clock):
        before = done(org, clock)
        for at in range(3):
            org.purge(NAME, key(at), stamp(time.time() - 60))
        org.faults.next_link = "/services/data/v62.0/query/01gMore"
        assert set(ops(read(org, clock, before))) == {key(at) for at in range(3)}
        org.faults.next_link = "https://elsewhere.example/services/data/v62.0/query/01gMore"

        with pytest.raises(DamagedError, match="not its own host"):
            read(org, clock, before)

    def test_a_page_larger_than_any_may_be_is_left(self, org, clock, monkeypatch):
        monkeypatch.setattr("connectors.salesforce.job.LARGEST", 100)

        with pytest.raises(DamagedError, match="larger than 100 bytes"):
            read(org, clock)

    def test_a_session_that_ends_in_mid_paging_is_renewed(self, org, clock):
        org.faults.sessions_last = 3

        assert set(read(org, clock).keys) == everything(org)
        assert len(org.asked("/token")) > 1
        assert len(org.jobs) == 1

    def test_a_session_refused_twice_is_not_asked_for_again(self, org, clock):
        org.faults.never_a_session = True

        with pytest.raises(DeniedError, match="new session is refused"):
            read(org, clock)

        assert len(org.asked("/token")) == 2

    def test_a_check_tells_of_clocks_calls_and_refusals(self, org, clock):
        org.faults.clock_ahead, org.faults.usage = 4000, (14_000, 15_000)
        context = Context(clock=clock, sleep=clock.sleep, streams=(REQUEST,))
        odd = Salesforce("crm", org.options()).check(context)
        org.faults.login = "inactive_user"
        refused = Salesforce("crm", org.options()).check(context)

        assert [one.level for one in odd] == ["ok", "warn", "warn"]
        assert [one.level for one in refused] == ["fail"]


class TestLogin:
    @pytest.mark.parametrize("kind", ["invalid_grant", "invalid_client", "inactive_user", "unauthorized_client"])
    def test_a_refused_login_is_tried_once_only(self, org, clock, kind):
        org.faults.login = kind

        connector, context = Salesforce("crm", org.options()), Context(clock=clock, sleep=clock.sleep)

        for name in (NAME, "Address_vod__c"):
            with pytest.raises(DeniedError, match=kind):
                list(connector.read(context, StreamRequest(name, ("Id",)), None))

        assert len(org.asked("/token")) == 1
        assert clock.slept == []

    def test_a_login_that_is_down_for_the_moment_is_waited_for(self, org, clock):
        org.fail_once("token", "503 html", "429 seconds", "reset")

        assert set(read(org, clock).keys) == everything(org)

    def test_a_user_may_log_in_with_a_password(self, org, clock):
        said = read(org, clock, grant="password", username=USERNAME, password=PASSWORD)

        assert set(said.keys) == everything(org)
        assert org.asked("/token")[0].form["grant_type"] == "password"

    def test_a_user_may_log_in_with_a_signature(self, org, clock):
        private, org.public_key = pair()

        said = read(org, clock, grant="jwt", client_secret=None, username=USERNAME, private_key=private)

        assert set(said.keys) == everything(org)

    def test_a_signature_of_another_key_is_refused_once(self, org, clock):
        private, _ = pair()
        _, org.public_key = pair()

        with pytest.raises(DeniedError, match="invalid_grant"):
            read(org, clock, grant="jwt", username=USERNAME, private_key=private)

        assert len(org.asked("/token")) == 1

    @pytest.mark.parametrize(
        ("url", "audience"),
        [
            ("https://example.my.salesforce.com", "https://login.salesforce.com"),
            ("https://example--try.sandbox.my.salesforce.com", "https://test.salesforce.com"),
            ("https://test.salesforce.com", "https://test.salesforce.com"),
            ("http://127.0.0.1:9", "http://127.0.0.1:9"),
        ],
    )
    def test_a_signed_login_is_for_salesforce_or_its_sandboxes(self, url, audience):
        assert login._audience(url) == audience

    def test_a_key_that_is_none_is_named_and_not_shown(self, org, clock):
        with pytest.raises(ConfigError, match="private_key is not an RSA key") as caught:
            read(org, clock, grant="jwt", username=USERNAME, private_key="-----BEGIN not a key")

        assert "BEGIN" not in str(caught.value)

    @pytest.mark.parametrize(
        ("grant", "missing"), [("client_credentials", "client_secret"), ("password", "username"), ("jwt", "username")]
    )
    def test_what_a_grant_needs_is_named(self, org, clock, grant, missing):
        options = org.options(grant=grant)
        options.pop(missing, None)

        with pytest.raises(ConfigError, match=f"{missing!r} is missing for grant = '{grant}'"):
            list(Salesforce("crm", options).read(Context(), REQUEST, None))

    @pytest.mark.parametrize(
        "url",
        [
            r"https://elsewhere.example\.my.salesforce.com",
            "https://elsewhere.example#.my.salesforce.com",
            "https://a.my.salesforce.com@elsewhere.example",
            "https://u:p@a.my.salesforce.com",
            "https://[not-an-address",
            "https://a.my.salesforce.com:8443",
            "https://my.salesforce.com.elsewhere.example",
            "http://a.my.salesforce.com",
            "https://elsewhere.example",
            "ftp://127.0.0.1",
        ],
    )
    def test_a_token_is_not_shown_to_a_host_nobody_named(self, org, clock, url):
        org.faults.instance_url = url

        with pytest.raises(DamagedError, match="sends us on to"):
            read(org, clock)

        assert [call.path for call in org.calls] == ["/services/oauth2/token"]

    def test_a_token_is_shown_to_the_host_a_login_names_if_it_is_agreed(self, org, clock):
        with FakeSalesforce() as front:
            front.faults.instance_url = org.url
            org.tokens = front.tokens

            said = read(org, clock, login_url=front.url)

        assert set(said.keys) == everything(org)
        assert org.asked("/token") == []

    def test_one_session_serves_all_streams(self, org, clock):
        org.objects["Address_vod__c"] = [row(50, time.time())]
        connector, context = Salesforce("crm", org.options()), Context(clock=clock, sleep=clock.sleep)

        for name in (NAME, "Address_vod__c"):
            list(connector.read(context, StreamRequest(name, ("Id",)), None))

        assert len(org.asked("/token")) == 1

    def test_the_secret_and_the_token_are_in_no_state_and_no_error(self, org, clock):
        org.fail_once("create", f"SAID {CLIENT_SECRET}")
        with pytest.raises(SourceError) as caught:
            read(org, clock)

        said = read(org, clock)

        assert CLIENT_SECRET not in str(caught.value)
        assert not [token for token in org.tokens if token in json.dumps(said.states)]
        assert CLIENT_ID in org.asked("/token")[0].form["client_id"]

    @pytest.mark.parametrize("url", ["http://org.example", "ftp://org.example", "https://u:p@org.example"])
    def test_an_address_that_cannot_be_trusted_is_refused(self, url):
        with pytest.raises(ConfigError, match=r"in the clear|not an address") as caught:
            list(Salesforce("crm", {"base_url": url, "client_id": "x", "client_secret": "y"}).read(Context(), REQUEST, None))

        assert "u:p" not in str(caught.value)


def pair() -> tuple[str, Any]:
    """A private key as text, and its public half."""
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import rsa

    private = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    text = private.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()
    return text, private.public_key()


def test_an_independent_client_reads_the_same_from_this_org(org, clock):
    import requests
    from simple_salesforce.bulk2 import SFBulk2Type

    org.delete(NAME, key(3), stamp(time.time() - 60))
    org.faults.polls = 1
    token = org.login({"grant_type": "client_credentials", "client_id": CLIENT_ID, "client_secret": CLIENT_SECRET})[1][
        "access_token"
    ]
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {token}", "X-PrettyPrint": "1"}
    with requests.Session() as session:
        bulk = SFBulk2Type(NAME, f"{org.url}/services/data/v62.0/jobs/", headers, session)

        live = list(bulk.query("SELECT Id, Name FROM Account", max_records=10, wait=0))
        gone = list(bulk.query_all("SELECT Id, Name, IsDeleted FROM Account", max_records=10, wait=0))

    assert [pages.splitlines()[0] for pages in live] == ['"Id","Name"'] * 3
    assert sum(len(page.splitlines()) - 1 for page in live) == 24
    assert sum(page.count('"true"') for page in gone) == 1
    assert len(read(org, clock).rows) == 25
