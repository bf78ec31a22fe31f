"""The contract's own parts: options, keys, times, retries, links, secrets."""

import email.utils
import json
import random

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mdm.connector import (
    RECORDS,
    Backoff,
    Budget,
    Context,
    Notice,
    Option,
    Records,
    Rejected,
    Secrets,
    StreamRequest,
    chosen,
    joined_key,
    keyed,
    keyed_json,
    records,
    rejected,
    retried,
    retry_after,
    same_host,
    source_times,
)
from mdm.errors import ConfigError, DamagedError, DeniedError, DriftError, UnavailableError

OPTIONS = (
    Option("path", str, help="Where.", required=True),
    Option("password", str, help="A reference.", secret=True),
    Option("size", int, 10, "How many.", least=1),
    Option("ratio", float, 1.5, "How much."),
    Option("header", (bool, list), True, "Whether."),
    Option("format", str, "csv", "Which.", choices=("csv", "json")),
)


class TestOptions:
    def test_defaults_are_filled_in(self):
        assert dict(chosen("crm", OPTIONS, {"path": "x"})) == {
            "path": "x", "password": None, "size": 10, "ratio": 1.5, "header": True, "format": "csv",
        }  # fmt: skip

    @pytest.mark.parametrize(
        ("given_options", "words"),
        [
            ({"path": "x", "pasword": "y"}, "unknown option 'pasword'; did you mean 'password'"),
            ({"path": "x", "zzz": 1}, "unknown option 'zzz'; there are: format, header"),
            ({}, "'path' is missing"),
            ({"path": "x", "size": "many"}, "'size' takes int, not 'many'"),
            ({"path": "x", "size": True}, "'size' takes int, not True"),
            ({"path": 3}, "'path' takes str, not 3"),
            ({"path": "x", "format": "jsn"}, "cannot be 'jsn'; did you mean 'json'"),
            ({"path": "x", "header": 1}, "takes bool or list"),
            ({"path": "x", "size": 0}, "'size' must be at least 1, not 0"),
        ],
        ids=[
            "near name",
            "no near name",
            "missing",
            "no number",
            "a fact for a number",
            "a number for text",
            "choice",
            "kinds",
            "least",
        ],
    )
    def test_a_wrong_option_is_refused_by_name(self, given_options, words):
        with pytest.raises(ConfigError, match=words):
            chosen("source 'crm'", OPTIONS, given_options)

    @pytest.mark.parametrize(
        ("name", "text", "value"),
        [("size", "12", 12), ("ratio", "2.5", 2.5), ("header", "false", False), ("ratio", 3, 3)],
        ids=["number", "fraction", "fact", "whole number for a fraction"],
    )
    def test_an_environment_variable_is_read_as_its_type(self, name, text, value):
        assert chosen("crm", OPTIONS, {"path": "x", name: text})[name] == value

    def test_a_stream_overrides_its_source(self):
        options = chosen("crm", OPTIONS, {"path": "x", "size": 5})

        assert dict(options.over({"path": "y"}))["path"] == "y"
        with pytest.raises(ConfigError, match="unknown option 'pth'; did you mean 'path'"):
            options.over({"pth": "y"})

    def test_a_secret_is_not_shown(self):
        options = chosen("crm", OPTIONS, {"path": "x", "password": "env:P4ss"})

        assert "P4ss" not in repr(options)
        with pytest.raises(ConfigError) as caught:
            chosen("crm", OPTIONS, {"path": "x", "password": ["P4ss"]})
        assert "P4ss" not in str(caught.value)


class TestKeysOfStrangeJson:
    """Texts that readers of JSON differ on have no key that is sure (the hostile input table's row on JSON)."""

    @pytest.mark.parametrize(
        ("text", "words"),
        [
            ('{"id": "1", "id": "2"}', "its name stands twice"),
            ('{"id": 12345678901234567890123}', "too large to be exact"),
            ('{"id": 0.12345678901234567890123e5}', "too large to be exact"),
            ('{"id": "a\\u0000b"}', "it holds a NUL"),
            ('{"id": NaN}', "cannot be read as JSON"),
            ('{"id": "1", "other": NaN}', "cannot be read as JSON"),
            ('{"id": "1", "other": 1e999}', "cannot be read as JSON"),
            ('{"id": "1", "other": ' + "[" * 100_000 + "]" * 100_000 + "}", "cannot be read as JSON"),
            ("nothing", "cannot be read as JSON"),
        ],
        ids=["twice", "digits", "fraction", "NUL", "NaN", "NaN elsewhere", "huge elsewhere", "deep", "no JSON"],
    )
    def test_a_key_that_is_not_sure_is_rejected(self, text, words):
        page = pl.Series(['{"id": "good"}', text])

        messages = keyed_json(
            page, StreamRequest("things", ("id",)), position=pl.Series(["1", "2"]), where="page 1", fields=("id",)
        )

        assert messages[0].frame["source_key"].to_list() == ["good"]
        ((position, reason, _),) = messages[1].frame.rows()
        assert position == "2"
        assert words in reason

    @pytest.mark.parametrize(
        ("text", "key"),
        [
            ('{"id": "1", "of": {"id": "2"}}', "1"),
            ('{"of": {"id": "2"}, "id": "1"}', "1"),
            ('{"id": "1", "text": "\\"id\\": 3"}', "1"),
            ('{"id": "1e5"}', "1e5"),
            ('{"id": 18446744073709551615}', "18446744073709551615"),
        ],
    )
    def test_a_key_that_is_sure_is_kept_as_it_was_written(self, text, key):
        messages = keyed_json(
            pl.Series([text]), StreamRequest("things", ("id",)), position=pl.Series(["1"]), where="page 1", fields=("id",)
        )

        assert messages[0].frame["source_key"].to_list() == [key]


class TestKeys:
    def page(self, key: tuple[str, ...], modified: str | None = None, **columns: list[str | None]):
        frame = pl.DataFrame(columns, schema=dict.fromkeys(columns, pl.String))
        position = pl.Series([f"a.csv line {at}" for at in range(2, frame.height + 2)])
        return keyed(frame, StreamRequest("things", key, modified), position=position, where="a.csv line 1")

    def test_a_record_keeps_what_the_source_said(self):
        messages = self.page(("Id",), "At", Id=["007"], At=["2026-01-31T10:00:00.000Z"], Note=['  a\n"b" '], Empty=[""])

        assert messages[0].frame.rows(named=True) == [
            {
                "source_key": "007",
                "payload": '{"Id":"007","At":"2026-01-31T10:00:00.000Z","Note":"  a\\n\\"b\\" ","Empty":""}',
                "source_time": 1769853600000000,
                "op": "upsert",
                "merged_into": None,
                "position": "a.csv line 2",
            }
        ]
        assert messages[0].fields == ("Id", "At", "Note", "Empty")

    def test_parts_of_a_key_are_joined_and_escaped(self):
        messages = self.page(("A", "B"), A=["x|y", "x", "\\", " "], B=["z", "y|z", None, " "])

        assert messages[0].frame["source_key"].to_list() == ["x\\|y|z", "x|y\\|z", "\\\\|"]
        assert messages[1].frame["position"].to_list() == ["a.csv line 5"]

    @given(st.lists(st.tuples(st.text(), st.text()), min_size=1, max_size=8, unique=True))
    def test_different_keys_are_written_differently(self, pairs):
        assert len({joined_key(pair) for pair in pairs}) == len(pairs)

    @given(st.lists(st.text(alphabet="a|\\ ", min_size=1).filter(str.strip), min_size=1, max_size=6))
    def test_a_frame_writes_keys_as_a_single_record_does(self, values):
        messages = self.page(("A", "B"), A=values, B=values)

        assert messages[0].frame["source_key"].to_list() == [joined_key([value, value]) for value in values]

    def test_a_missing_key_column_is_drift_and_names_what_there_is(self):
        with pytest.raises(DriftError, match=r"a\.csv line 1: there is no column 'Id' .*the columns are 'ID', 'Name'"):
            self.page(("Id",), ID=["1"], Name=["Ana"])

    def test_a_missing_modified_column_is_drift(self):
        with pytest.raises(DriftError, match="no column 'At'"):
            self.page(("Id",), "At", Id=["1"])

    def test_an_unreadable_time_is_reported_without_its_value(self):
        messages = self.page(("Id",), "At", Id=["1", "2"], At=["soon 77", ""])

        notice = next(message for message in messages if isinstance(message, Notice))
        assert notice.text.startswith("a.csv line 2: 'At' is not a time that can be read (it looks like 'aaaa 99'); 1 such")

    @pytest.mark.parametrize(
        ("key", "expected"),
        [("a.b", ["1", "2"]), ("c", ["x", "y"]), ("a.b.c", ["exact", "exact"]), ("it's", ["q", "q"])],
        ids=["nested", "top", "exact name wins", "quoted name"],
    )
    def test_keys_are_found_in_nested_data(self, key, expected):
        rows = [{"a": {"b": at, "b.c": "no"}, "c": letter, "a.b.c": "exact", "it's": "q"} for at, letter in ((1, "x"), (2, "y"))]
        payload = pl.Series([json.dumps(row) for row in rows])

        messages = keyed_json(payload, StreamRequest("s", (key,)), position=payload, where="w", fields=("a", "c"))

        assert messages[0].frame["source_key"].to_list() == expected
        assert messages[0].frame["payload"].to_list() == payload.to_list()

    def test_one_record_without_its_key_is_rejected_and_a_page_of_them_is_drift(self):
        payload = pl.Series(['{"a":1}', '{"b":1}', '{"b":1}'])
        request = StreamRequest("s", ("b",))

        messages = keyed_json(payload, request, position=payload, where="w", fields=("a", "b"))

        assert [len(message.frame) for message in messages if isinstance(message, Records | Rejected)] == [2, 1]
        with pytest.raises(DriftError, match="the columns are 'a', 'b'"):
            keyed_json(payload, StreamRequest("s", ("c",)), position=payload, where="w", fields=("a", "b"))

    def test_rows_become_a_page(self):
        page = records([{"source_key": "1", "op": "delete", "position": "x"}])

        assert page.frame.schema == RECORDS
        assert rejected([("p", "r", "x" * 500)]).frame["excerpt"].str.len_chars()[0] == 200


class TestTimes:
    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("2026-01-31T10:00:00.000Z", "2026-01-31T10:00:00"),
            ("2026-01-31T10:00:00.250000Z", "2026-01-31T10:00:00.250"),
            ("2026-01-31T10:00:00.000+0000", "2026-01-31T10:00:00"),
            ("2026-01-31T10:00:00+02:00", "2026-01-31T08:00:00"),
            ("2026-01-31 10:00:00", "2026-01-31T10:00:00"),
            ("2026-01-31", "2026-01-31"),
            ("20260131", "2026-01-31"),
            ("01/31/2026", "2026-01-31"),
            ("31.01.2026", "2026-01-31"),
            ("01/31/2026 10:05 PM", "2026-01-31T22:05:00"),
            ("1769853600", "2026-01-31T10:00:00"),
            ("1769853600000", "2026-01-31T10:00:00"),
            ("31-Jan-2026", "2026-01-31"),
        ],
    )
    def test_times_are_read_as_sources_write_them(self, text, expected):
        times, unread = source_times(pl.Series([text]))

        assert unread == 0
        assert times[0] == pl.Series([expected]).str.to_datetime(time_unit="us").dt.epoch("us")[0]

    def test_many_forms_in_one_column_are_all_read(self):
        times, unread = source_times(pl.Series(["2026-01-31", "01/31/2026", None, " ", "00000000", "never"]))

        assert times.to_list() == [1769817600000000, 1769817600000000, None, None, None, None]
        assert unread == 1

    @given(st.lists(st.text() | st.none(), max_size=5))
    def test_no_text_makes_it_fail(self, values):
        times, _ = source_times(pl.Series(values, dtype=pl.String))

        assert len(times) == len(values)


class World:
    """Time that only passes by sleeping."""

    def __init__(self, **more):
        self.now, self.slept = 1000.0, []
        self.context = Context(clock=lambda: self.now, sleep=self.sleep, random=lambda: 0.5, **more)

    def sleep(self, seconds):
        self.slept.append(seconds)
        self.now += seconds


def failing(times: int, error: Exception):
    left = [times]

    def call():
        left[0] -= 1
        if left[0] >= 0:
            raise error
        return "done"

    return call


class TestRetries:
    def test_waits_grow_and_end_with_the_result(self):
        world = World()

        assert retried(failing(4, UnavailableError("busy")), world.context) == "done"
        assert world.slept == [0.5, 1.0, 2.0, 4.0]

    def test_a_named_wait_is_never_cut_short(self):
        world = World()

        retried(failing(1, UnavailableError("busy", retry_after=30)), world.context)

        assert world.slept == [30.5]

    def test_attempts_end(self):
        world = World()

        with pytest.raises(UnavailableError):
            retried(failing(99, UnavailableError("busy")), world.context, Backoff(attempts=3))

        assert len(world.slept) == 2

    def test_a_wait_beyond_the_deadline_is_not_begun(self):
        world = World()

        with pytest.raises(UnavailableError):
            retried(failing(1, UnavailableError("busy", retry_after=7200)), world.context)

        assert world.slept == []

    def test_what_patience_does_not_change_is_not_tried_again(self):
        world = World()

        with pytest.raises(DeniedError):
            retried(failing(1, DeniedError("no")), world.context)

        assert world.slept == []

    def test_jitter_spreads_over_the_whole_wait(self):
        world = World()
        chance = random.Random(1)
        context = Context(clock=world.context.clock, sleep=world.sleep, random=chance.random)

        retried(failing(7, UnavailableError("busy")), context)

        assert all(0 <= wait <= min(60, 0.5 * 2**at) for at, wait in enumerate(world.slept, start=1))
        assert len(set(world.slept)) == 7

    @pytest.mark.parametrize(
        ("header", "seconds"),
        [
            (None, None),
            ("120", 120.0),
            (" 7 ", 7.0),
            ("-5", 0.0),
            ("soon", None),
            ("nan", None),
            (email.utils.formatdate(1060.0, usegmt=True), 60.0),
            (email.utils.formatdate(900.0, usegmt=True), 0.0),
        ],
        ids=["none", "seconds", "blanks", "past", "words", "not a number", "date", "past date"],
    )
    def test_both_forms_of_retry_after_are_read(self, header, seconds):
        assert retry_after(header, 1000.0) == seconds

    def test_a_fixed_budget_spaces_calls(self):
        world = World(budget=Budget(per_second=2))

        for _ in range(3):
            retried(lambda: "done", world.context)

        assert world.slept == [0.5, 0.5]

    def test_a_budget_told_that_little_is_left_pauses_once(self):
        world = World()
        world.context.budget.told(remaining=199)

        retried(lambda: "done", world.context)
        retried(lambda: "done", world.context)

        assert world.slept == [30.0]


class TestLinks:
    @pytest.mark.parametrize(
        ("link", "expected"),
        [
            ("/api/v1/next?x=1", "https://vault.example/api/v1/next?x=1"),
            ("https://vault.example:443/next", "https://vault.example:443/next"),
            ("https://VAULT.example/next", "https://VAULT.example/next"),
        ],
        ids=["relative", "same port", "other case"],
    )
    def test_a_link_home_is_followed(self, link, expected):
        assert same_host("https://vault.example/api", link) == expected

    @pytest.mark.parametrize(
        "link",
        [
            "http://vault.example/next",
            "https://vault.example:8443/next",
            "https://other.example/next",
            "//other.example/next",
            "https://vault.example@other.example/next",
            "https://user:word@vault.example/next",
            "https://vault.example.other.example/next",
            "file:///etc/hosts",
            "https://vault.example:port/next",
            "\\\\other.example/next".replace("\\", "/"),
        ],
    )
    def test_a_link_elsewhere_is_not_followed(self, link):
        with pytest.raises(DamagedError, match="not its own host") as caught:
            same_host("https://vault.example/api", link)

        assert "word" not in str(caught.value)


class TestSecrets:
    def test_a_revealed_secret_is_taken_out_of_text(self):
        secrets = Secrets({"env:A": "pass", "env:B": "password"}.__getitem__)
        secrets.reveal("env:A")
        secrets.reveal("env:B")

        assert secrets.redact("the password and the pass") == "the *** and the ***"
        assert "pass" not in repr(secrets)

    def test_a_context_shows_no_secret(self):
        context = Context(resolve=lambda reference: "a-secret")
        context.secrets.reveal("env:A")

        assert "a-secret" not in repr(context)
