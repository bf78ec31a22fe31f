"""The network connector: exports with every record state, searches over a moving set, and change requests."""

import re
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from connectors.network import ChangeRequest, Network
from connectors.network.record_state import OPERATION
from connectors.network.search import MOST
from mdm import catalog, mapping, project, settings
from mdm.connector import Context, StreamRequest
from mdm.errors import ConfigError, DamagedError, DeniedError, DriftError, NotFoundError, SourceError, UnavailableError
from tests.connectors.reading import Said
from tests.fakes.network import NETWORK_ID, PASSWORD, FakeNetwork, export, stamp

NOW = 1_767_225_600.0


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
def clock() -> Clock:
    return Clock()


@pytest.fixture
def network() -> Iterator[FakeNetwork]:
    with FakeNetwork() as server:
        server.records["HCP"] = [row(at, modified_date__v=stamp(NOW + at)) for at in range(25)]
        yield server


def vid(at: int) -> str:
    return f"{243_000_000_000_000_000 + at}"


def row(at: int, state: str = "VALID", **more: str) -> dict[str, str]:
    return {
        "vid__v": vid(at), "last_name__v": f"Ana {at}", "record_state__v": state, "master_vid__v": "",
        "modified_date__v": "2026-01-01T00:00:00.000Z", **more,
    }  # fmt: skip


def ops(said: Said) -> dict[str, tuple[str, str | None]]:
    return {one["source_key"]: (one["op"], one["merged_into"]) for one in said.rows}


class TestExport:
    def read(self, folder: Path, stream: str = "hcp", state: dict[str, Any] | None = None, **options: Any) -> Said:
        delivery = options.pop("delivery", "delta")
        key = options.pop("key", ("vid__v",))
        request = StreamRequest(stream, key, options.pop("modified", "modified_date__v"), delivery=delivery)
        return Said(Network("tested", {"path": "*.zip", **options}).read(Context(home=folder), request, state))

    @pytest.mark.parametrize(
        ("state", "expected"),
        [
            ("VALID", ("upsert", None)), ("UNDER_REVIEW", ("upsert", None)), ("INVALID", ("inactive", None)),
            ("DELETED", ("delete", None)), ("MERGED_INTO", ("merged_into", vid(9))), ("MERGED_INACTIVE", ("merged_into", vid(9))),
            ("", ("upsert", None)),
        ],
    )  # fmt: skip
    def test_a_record_state_says_what_became_of_a_record(self, tmp_path, state, expected):
        export(tmp_path / "e.zip", {"HCP.csv": [row(1, state, master_vid__v=vid(9)), row(2)]})

        said = self.read(tmp_path)

        assert ops(said)[vid(1)] == expected
        assert said.notices == []
        assert (said.rows[0]["payload"] is None) == (state == "DELETED")

    def test_every_state_is_known(self):
        assert set(OPERATION) == {"VALID", "UNDER_REVIEW", "INVALID", "DELETED", "MERGED_INTO", "MERGED_INACTIVE"}

    def test_an_unknown_state_is_reported_and_the_record_taken(self, tmp_path):
        export(tmp_path / "e.zip", {"HCP.csv": [row(1, "DREAMT_UP"), row(2)]})

        said = self.read(tmp_path)

        assert ops(said)[vid(1)] == ("upsert", None)
        assert "e.zip/HCP.csv line 2: record_state__v 'DREAMT_UP' is not known" in said.notices[0]

    def test_an_id_of_eighteen_digits_stays_as_it_is(self, tmp_path):
        export(tmp_path / "e.zip", {"HCP.csv": [row(1)]})

        said = self.read(tmp_path)

        assert said.keys == ["243000000000000001"]
        assert said.payloads[0]["vid__v"] == "243000000000000001"

    @pytest.mark.parametrize("master", ["", vid(1)], ids=["none", "itself"])
    def test_a_loser_without_a_winner_is_inactive_and_reported(self, tmp_path, master):
        export(tmp_path / "e.zip", {"HCP.csv": [row(1, "MERGED_INTO", master_vid__v=master)]})

        said = self.read(tmp_path)

        assert ops(said) == {vid(1): ("inactive", None)}
        assert "names no winner" in said.notices[0]

    def test_a_chain_of_merges_leads_to_its_last_winner(self, tmp_path):
        rows = [row(1, "MERGED_INTO", master_vid__v=vid(2)), row(2, "MERGED_INTO", master_vid__v=vid(3)), row(3)]
        export(tmp_path / "e.zip", {"HCP.csv": rows})

        assert ops(self.read(tmp_path)) == {
            vid(1): ("merged_into", vid(3)), vid(2): ("merged_into", vid(3)), vid(3): ("upsert", None),
        }  # fmt: skip

    def test_merges_in_a_circle_end(self, tmp_path):
        export(
            tmp_path / "e.zip",
            {"HCP.csv": [row(1, "MERGED_INTO", master_vid__v=vid(2)), row(2, "MERGED_INTO", master_vid__v=vid(1))]},
        )

        assert {op for op, _ in ops(self.read(tmp_path)).values()} == {"merged_into"}

    def test_a_file_of_merges_is_read_with_the_records(self, tmp_path):
        merges = [{"losing": vid(1), "winning": vid(2)}, {"losing": vid(3), "winning": ""}]
        export(tmp_path / "e.zip", {"HCP.csv": [row(1), row(2), row(3)], "MERGE.csv": merges})

        said = self.read(tmp_path, merge_columns=["losing", "winning"])

        assert [(one["source_key"], one["op"]) for one in said.rows][3:] == [(vid(1), "merged_into")]
        assert said.rows[3]["merged_into"] == vid(2)
        assert "1 merges name no winner" in said.notices[0]

    def test_rows_that_belong_to_others_are_there_or_gone(self, tmp_path):
        rows = [row(at, state, master_vid__v=vid(9)) for at, state in enumerate(OPERATION)]
        export(tmp_path / "e.zip", {"ADDRESS.csv": rows})

        said = self.read(tmp_path, "address")

        assert [one["op"] for one in said.rows] == ["upsert", "upsert", "delete", "delete", "delete", "delete"]

    @pytest.mark.parametrize(
        ("stream", "name"),
        [
            ("hcp", "HCP_20260101.txt"), ("hcps", "hcp.csv"), ("hco", "HCO.csv"), ("addresses", "ADDRESS.csv"),
            ("licences", "LICENSE.csv"), ("parent_hco", "PARENTHCO.csv"), ("custom_keys", "CUSTOMKEY.csv"),
            ("reference", "REFERENCE_2.csv"), ("dcr", "DCR_BATCH_1.csv"), ("dcr_field", "DCR_FIELD_BATCH_1.csv"),
        ],
    )  # fmt: skip
    def test_a_stream_finds_its_own_files_by_name(self, tmp_path, stream, name):
        others = {
            f"{other}.csv": [row(99)]
            for other in (
                "HCP",
                "HCO",
                "ADDRESS",
                "LICENSE",
                "PARENTHCO",
                "CUSTOMKEY",
                "REFERENCE",
                "DCR_BATCH",
                "DCR_FIELD_BATCH",
            )
            if not name.upper().startswith(other)
        }
        export(tmp_path / "e.zip", {**others, name: [row(1)]})

        assert self.read(tmp_path, stream).keys == [vid(1)]

    def test_a_stream_of_another_name_says_what_it_reads(self, tmp_path):
        export(tmp_path / "e.zip", {"HCP.csv": [row(1)], "X_STUDY.csv": [row(2)]})

        assert self.read(tmp_path, "people", kind="hcp").keys == [vid(1)]
        assert self.read(tmp_path, "studies", kind="other", member="X_*.csv").keys == [vid(2)]
        with pytest.raises(ConfigError, match="set `kind`"):
            self.read(tmp_path, "people")
        with pytest.raises(ConfigError, match="set `member`"):
            self.read(tmp_path, "studies", kind="other")

    def test_the_form_of_a_subscription_is_an_option(self, tmp_path):
        export(tmp_path / "e.zip", {"HCP.txt": [row(1, last_name__v="Söder|berg")]}, delimiter="|", encoding="cp1252")

        said = self.read(tmp_path, delimiter="|", encoding="cp1252")

        assert said.payloads[0]["last_name__v"] == "Söder|berg"

    def test_exports_are_read_in_order_and_each_once(self, tmp_path):
        export(tmp_path / "e_2_delta.zip", {"HCP.csv": [row(1, last_name__v="New")]})
        export(tmp_path / "e_1_full.zip", {"HCP.csv": [row(1), row(2)]})
        first = self.read(tmp_path)
        export(tmp_path / "e_10_delta.zip", {"HCP.csv": [row(2, "DELETED")]})

        second = self.read(tmp_path, state=first.states[-1])

        assert [one["last_name__v"] for one in first.payloads] == ["Ana 1", "Ana 2", "New"]
        assert ops(second) == {vid(2): ("delete", None)}

    def test_a_full_delivery_is_the_newest_export_alone(self, tmp_path):
        export(tmp_path / "e_1.zip", {"HCP.csv": [row(1), row(2)]})
        export(tmp_path / "e_2.zip", {"HCP.csv": [row(2)]})

        said = self.read(tmp_path, delivery="full")

        assert said.keys == [vid(2)]
        assert said.complete

    def test_an_export_that_has_nothing_of_a_kind_is_no_error(self, tmp_path):
        export(tmp_path / "e.zip", {"HCP.csv": [row(1)]})

        said = self.read(tmp_path, "license", state={"done": {}})

        assert said.rows == []
        assert "none of the exports" in said.notices[0]
        assert said.states == [{"done": {}}]
        assert not said.complete

    def test_no_export_at_all_is_an_error(self, tmp_path):
        with pytest.raises(UnavailableError, match="no file matches"):
            self.read(tmp_path)

    def test_a_kind_without_ids_needs_a_key(self, tmp_path):
        export(tmp_path / "e.zip", {"REFERENCE.csv": [{"code": "A", "type": "t"}]})

        with pytest.raises(ConfigError, match="set `key`"):
            self.read(tmp_path, "reference", key=())
        assert self.read(tmp_path, "reference", key=("type", "code"), modified=None).keys == ["t|A"]

    def test_a_zip_bomb_is_left_before_it_fills_anything(self, tmp_path):
        with zipfile.ZipFile(tmp_path / "e.zip", "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("../../HCP.csv", b"vid__v\n" + b"0" * (50 << 20))

        with pytest.raises(DamagedError, match="zip bomb"):
            self.read(tmp_path, modified=None, max_line=100 << 20)

        assert not (tmp_path.parent.parent / "HCP.csv").exists()

    def test_a_zip_that_was_cut_off_is_named(self, tmp_path):
        export(tmp_path / "e.zip", {"HCP.csv": [row(at) for at in range(50)]})
        whole = (tmp_path / "e.zip").read_bytes()
        (tmp_path / "e.zip").write_bytes(whole[: len(whole) // 2])

        with pytest.raises(DamagedError, match=r"e\.zip: the zip is cut off or damaged"):
            self.read(tmp_path)

    def test_the_streams_of_an_export_are_discovered(self, tmp_path):
        export(tmp_path / "e.zip", {"HCP.csv": [row(1)], "HCO.csv": [row(2)]})

        streams = Network("tested", {"path": "*.zip"}).discover(Context(home=tmp_path))

        assert [(one.name, one.key, one.deletes) for one in streams] == [
            ("hcp", ("vid__v",), "field"),
            ("hco", ("vid__v",), "field"),
        ]
        assert [field.name for field in streams[0].fields] == list(row(1))

    @pytest.mark.parametrize("options", [{}, {"path": "*.zip", "base_url": "https://network.example"}], ids=["neither", "both"])
    def test_exports_or_the_api_and_not_both(self, options):
        with pytest.raises(ConfigError, match="set either"):
            list(Network("tested", options).read(Context(), StreamRequest("hcp"), None))


class TestSearch:
    def read(self, network: FakeNetwork, clock: Clock, state: dict[str, Any] | None = None, **options: Any) -> Said:
        connector = Network("tested", network.options(**{"page_size": 10, **options}))
        request = StreamRequest("hcp", ("vid__v",), "modified_date__v")
        return Said(connector.read(Context(clock=clock, sleep=clock.sleep, random=lambda: 0.5), request, state))

    def test_a_first_run_reads_everything_and_proves_it_complete(self, network, clock):
        said = self.read(network, clock)

        assert sorted(said.keys) == [vid(at) for at in range(25)]
        assert said.complete
        assert said.payloads[0]["last_name__v"] == "Ana 0"

    def test_children_come_with_their_record(self, network, clock):
        network.records["HCP"][0]["addresses__v"] = [{"vid__v": vid(900), "locality__v": "Rome"}]

        assert self.read(network, clock).payloads[0]["addresses__v"] == [{"vid__v": vid(900), "locality__v": "Rome"}]

    def test_a_later_run_reads_what_was_modified_in_any_state(self, network, clock):
        first = self.read(network, clock)
        at = time.time() - 5
        network.change("HCP", vid(1), at, record_state__v="DELETED")
        network.change("HCP", vid(2), at, record_state__v="MERGED_INTO", master_vid__v=vid(3))
        network.change("HCP", vid(4), at, last_name__v="New")

        said = self.read(network, clock, first.states[-1])

        assert ops(said) == {vid(1): ("delete", None), vid(2): ("merged_into", vid(3)), vid(4): ("upsert", None)}
        assert not said.complete

    def test_the_window_and_the_filters_are_asked_for(self, network, clock):
        self.read(network, clock, {"cursor": 1_767_225_600_000}, states=["VALID"], filters=["primary_country__v:US"])

        asked = network.asked("/search")[0].form
        span, *others = asked["filters"].split("~")
        assert span.startswith("range||modified_date__v:1767225000000||")
        assert others == ["record_state__v:VALID", "primary_country__v:US"]
        assert (asked["types"], asked["sort"], asked["sortOrder"]) == ("HCP", "modified_date__v", "asc")

    def test_a_set_larger_than_a_search_gives_is_cut_by_time(self, network, clock, monkeypatch):
        monkeypatch.setattr("connectors.network.search.MOST", 8)
        network.faults.most = 8

        said = self.read(network, clock, page_size=3)

        assert sorted(said.keys) == [vid(at) for at in range(25)]
        assert MOST == 10_000

    def test_a_record_that_changes_during_paging_costs_no_other_its_place(self, network, clock):
        def somebody_edits(server: FakeNetwork, page: int) -> None:
            if page == 3:
                server.change("HCP", vid(0), time.time() + 60)

        network.faults.on_page = somebody_edits

        said = self.read(network, clock, states=["VALID"])

        assert set(said.keys) == {vid(at) for at in range(25)}

    def test_a_record_that_changes_its_state_during_paging_is_not_lost(self, network, clock):
        network.change("HCP", vid(0), NOW, record_state__v="DELETED")

        def somebody_brings_it_back(server: FakeNetwork, page: int) -> None:
            if page == 4:
                server.change("HCP", vid(0), clock() + 1, record_state__v="VALID")
                clock.now += 5
                server.faults.clock_ahead = clock.now - time.time()

        network.faults.on_page = somebody_brings_it_back

        said = self.read(network, clock, states=["VALID", "DELETED"])

        assert ops(said)[vid(0)] == ("upsert", None)
        assert said.complete

    def test_records_that_keep_moving_are_reported(self, network, clock):
        def somebody_adds(server: FakeNetwork, page: int) -> None:
            server.records["HCP"].append(row(1000 + page, modified_date__v=stamp(NOW)))

        network.faults.on_page = somebody_adds

        said = self.read(network, clock, states=["VALID"])

        assert "kept moving" in said.notices[0]

    def test_an_interrupted_run_goes_on_where_it_was(self, network, clock):
        whole = self.read(network, clock)

        rest = self.read(network, clock, whole.states[1])

        assert rest.keys == whole.keys[20:]
        assert not rest.complete

    def test_children_are_no_streams_of_the_api(self, network, clock):
        connector = Network("tested", network.options())

        with pytest.raises(NotFoundError, match="children come with them"):
            list(connector.read(Context(sleep=clock.sleep), StreamRequest("address"), None))

    @pytest.mark.parametrize("way", ["API_LIMIT_EXCEEDED", "EXCEPTION", "503 html", "200 html", "half json", "reset"])
    @pytest.mark.parametrize("kind", ["auth", "search"])
    def test_what_passes_is_waited_for(self, network, clock, way, kind):
        network.fail_once(kind, way, way)

        assert len(self.read(network, clock).keys) == 25
        assert len(clock.slept) == 2

    @pytest.mark.parametrize("way", ["429 seconds", "429 date"])
    def test_a_network_that_names_a_time_is_given_it(self, network, clock, way):
        network.fail_once("search", way)

        self.read(network, clock)

        assert clock.slept == [pytest.approx(7, abs=2.5)]

    @pytest.mark.parametrize(
        ("way", "error"), [("INSUFFICIENT_ACCESS", DeniedError), ("INVALID_FILTER", DriftError), ("SOMETHING_NEW", SourceError)]
    )
    def test_what_does_not_pass_stops_the_stream_with_its_name(self, network, clock, way, error):
        network.fail_once("search", way)

        with pytest.raises(error, match=way):
            self.read(network, clock)

        assert clock.slept == []

    def test_a_refused_login_is_tried_once_only_whatever_is_read(self, network, clock):
        network.faults.login = "USER_LOCKED_OUT"
        connector, context = Network("tested", network.options()), Context(clock=clock, sleep=clock.sleep)

        for stream in ("hcp", "hco"):
            with pytest.raises(DeniedError, match="USER_LOCKED_OUT"):
                list(connector.read(context, StreamRequest(stream), None))

        assert len(network.asked("/auth")) == 1

    def test_a_login_to_another_network_reads_nothing(self, network, clock):
        with pytest.raises(DeniedError, match=f"logged in to Network {NETWORK_ID}, not to 4711"):
            self.read(network, clock, network_id=4711)

        assert network.asked("/search") == []

    def test_a_session_that_ends_in_mid_paging_is_renewed(self, network, clock):
        network.faults.sessions_last = 3

        assert len(self.read(network, clock).keys) == 25

    def test_a_session_refused_twice_is_not_asked_for_again(self, network, clock):
        network.faults.never_a_session = True

        with pytest.raises(DeniedError, match="new session is refused"):
            self.read(network, clock)

    def test_a_redirect_is_not_followed(self, network, clock):
        network.fail_once("search", "redirect")

        with pytest.raises(DamagedError, match=r"elsewhere\.example"):
            self.read(network, clock)

    def test_the_cursor_goes_by_the_clock_of_network(self, network, clock):
        network.faults.clock_ahead = 7200

        said = self.read(network, clock)

        assert said.states[-1]["cursor"] / 1000 - time.time() == pytest.approx(7200, abs=30)
        assert [one.level for one in Network("t", network.options()).check(Context(clock=clock))] == ["ok", "warn"]

    def test_the_password_is_in_no_error(self, network, clock):
        network.fail_once("auth", f"SAID {PASSWORD}")

        with pytest.raises(SourceError) as caught:
            self.read(network, clock)

        assert PASSWORD not in str(caught.value)


class TestChangeRequests:
    REQUEST = ChangeRequest("HCP", {"last_name__v": "Lopez"}, vid(3), note="as her badge says", reference="steward-17")

    def api(self, network: FakeNetwork, clock: Clock) -> Any:
        return Network("tested", network.options(system="mdm")).api(Context(clock=clock, sleep=clock.sleep))

    def test_a_request_is_sent_and_its_standing_read(self, network, clock):
        api = self.api(network, clock)

        number = api.submit(self.REQUEST)
        (standing,) = api.standings([number])

        assert network.asked("/change_request", "POST")[0].body == {
            "entity_type": "HCP", "entity_id": vid(3), "entity": {"last_name__v": "Lopez"},
            "metadata": {"system": "mdm", "note": "as her badge says", "source_reference": "steward-17"},
        }  # fmt: skip
        assert (standing.id, standing.state, standing.vid) == (number, "CHANGE_PENDINGREVIEW", vid(3))

    def test_a_new_record_is_asked_for_without_an_id(self, network, clock):
        number = self.api(network, clock).submit(ChangeRequest("HCO", {"corporate_name__v": "St. Nowhere"}))

        assert "entity_id" not in network.requests[number]

    @pytest.mark.parametrize("way", ["reset", "503 html", "429 seconds"])
    def test_a_request_whose_answer_is_lost_is_not_sent_again(self, network, clock, way):
        api = self.api(network, clock)
        network.fail_once("change_request", way)

        with pytest.raises(UnavailableError, match="look for it there before you do"):
            api.submit(self.REQUEST)

        assert len(network.asked("/change_request", "POST")) == 1

    def test_a_request_within_a_session_that_ended_is_sent_in_a_new_one(self, network, clock):
        api = self.api(network, clock)
        api.login()
        network.expire()

        assert api.submit(self.REQUEST) in network.requests
        assert len(network.requests) == 1

    def test_a_request_that_is_refused_says_why(self, network, clock):
        with pytest.raises(SourceError, match="PARAMETER_REQUIRED"):
            self.api(network, clock).submit(ChangeRequest("HCP", {}))

    def test_many_standings_are_asked_for_in_parts(self, network, clock):
        api = self.api(network, clock)
        numbers = [api.submit(self.REQUEST) for _ in range(60)]

        assert [one.id for one in api.standings(numbers)] == numbers
        assert len(network.asked("/change_requests")) == 2

    def test_a_record_is_read_by_its_id(self, network, clock):
        api = self.api(network, clock)

        assert api.record("HCP", vid(3))["last_name__v"] == "Ana 3"
        assert api.record("HCP", vid(999)) is None
        with pytest.raises(ConfigError, match="there is no 'HCP' with the id"):
            api.record("HCP", "../auth")

    def test_what_is_needed_for_the_api_is_named(self):
        with pytest.raises(ConfigError, match="'username' is missing"):
            Network("tested", {"base_url": "https://network.example"}).api(Context())


class TestPage:
    """The examples of the connector's page name what exists."""

    @pytest.mark.parametrize("number", [0, 1], ids=["exports", "search"])
    def test_an_example_can_be_used_as_it_stands(self, tmp_path, number):
        page = (Path(__file__).parents[2] / "docs" / "connectors" / "network.md").read_text(encoding="utf-8")
        example = re.findall(r"^```toml\n(.*?)^```", page, re.MULTILINE | re.DOTALL)[number]
        (tmp_path / "mdm.toml").write_text(example, encoding="utf-8")

        loaded = settings.load(tmp_path / "mdm.toml", environ={})

        entities = catalog.entities(project.bundled("rules"))
        for source in loaded.sources.values():
            assert isinstance(catalog.connector(source), Network)
            for stream in source.streams.values():
                mapping.validated(stream, entities, loaded.sources)
