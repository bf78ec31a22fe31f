"""The Rave connector: what it asks, how it judges what comes back, and what it makes of it.

The server it is tested against is trusted because rwslib, a client written by others, works against it unchanged.
"""

import json
import time
from collections.abc import Iterator
from typing import Any

import pytest
from rwslib import RWSConnection
from rwslib.extras.audit_event.main import ODMAdapter
from rwslib.rws_requests import (
    ClinicalStudiesRequest,
    StudyDatasetRequest,
    StudySubjectsRequest,
    TwoHundredRequest,
    VersionRequest,
)
from rwslib.rws_requests.odm_adapter import AuditRecordsRequest, SitesMetadataRequest, UsersRequest
from rwslib.rwsobjects import RWSException

from connectors.rave import Rave
from connectors.rave.client import project_of
from mdm.connector import Context, SchemaChange, StreamRequest
from mdm.errors import ConfigError, DamagedError, DeniedError, DriftError, NotFoundError, SourceError, UnavailableError
from tests.connectors.reading import Said
from tests.fakes.rave import PASSWORD, USERNAME, FakeRave

UUIDS = [f"{at:08d}-0000-4000-8000-000000000000" for at in range(1, 6)]


@pytest.fixture
def rave() -> Iterator[FakeRave]:
    with FakeRave("Mediflex (1)(Prod)") as fake:
        for at in range(1, 6):
            fake.site(at)
            fake.user(f"user{at}", "Principal Investigator" if at == 1 else "CRC")
            fake.subject(UUIDS[at - 1], f"S-{at}", **{"mdsol:Overdue": "No"})
            fake.audit(at * 10, UUIDS[at - 1])
        fake.form(
            "DM", [{"RecordId": str(at), "Subject": f"S-{at}", "MaxUpdated": f"2026-01-0{at}T00:00:00"} for at in range(1, 6)]
        )
        yield fake


class Slept:
    """A world in which time passes only when somebody sleeps."""

    def __init__(self) -> None:
        self.waits: list[float] = []
        self.context = Context(clock=lambda: time.time() + sum(self.waits), sleep=self.waits.append, random=lambda: 1.0)


def read(
    rave: FakeRave, stream: str, state: dict[str, Any] | None = None, *, context: Context | None = None, **options: Any
) -> Said:
    request = StreamRequest(stream, tuple(options.pop("key", ())), delivery=options.pop("delivery", "delta"))
    connector = Rave("edc", rave.options(**options))
    return Said(connector.read(context or Slept().context, request, state))


# --- the independent client -------------------------------------------------------------------------------------------


@pytest.fixture
def independent(rave: FakeRave) -> RWSConnection:
    return RWSConnection(rave.url, USERNAME, PASSWORD)


def test_an_independent_client_asks_who_is_there(independent):
    assert independent.send_request(VersionRequest()) == "1.19.0"
    assert "MAuth" in independent.send_request(TwoHundredRequest())
    (study,) = independent.send_request(ClinicalStudiesRequest())
    assert (study.oid, study.environment) == ("Mediflex (1)(Prod)", "Prod")


def test_an_independent_client_lists_the_subjects(independent):
    by_name = independent.send_request(StudySubjectsRequest("Mediflex (1)", "Prod"))
    by_uuid = independent.send_request(StudySubjectsRequest("Mediflex (1)", "Prod", status=True, subject_key_type="SubjectUUID"))

    assert len(by_name) == 5
    assert next((one.subjectkey, one.subject_name, one.overdue, one.locationoid) for one in by_uuid) == (
        UUIDS[0],
        "s-1",
        False,
        "L1",
    )


def test_an_independent_client_reads_sites_and_users(independent):
    sites = independent.send_request(SitesMetadataRequest("Mediflex (1)", "Prod"))
    users = independent.send_request(UsersRequest("Mediflex (1)", "Prod"))

    assert sites.count("<Location ") == 5
    assert users.count("<User ") == 5


def test_an_independent_client_follows_the_audits_to_their_end(independent):
    class Ear:
        def __init__(self) -> None:
            self.heard: list[str] = []

        def default(self, context: Any) -> None:
            self.heard.append(context.subject.key)

    ear = Ear()
    independent.send_request(AuditRecordsRequest("Mediflex (1)", "Prod", startid=1, per_page=2))
    assert independent.last_result.links["next"]["url"].endswith("startid=30&per_page=2")

    ODMAdapter(independent, "Mediflex (1)", "Prod", ear).run(start_id=1, per_page=2)

    assert ear.heard == UUIDS


def test_an_independent_client_reads_a_clinical_view(independent):
    everything = independent.send_request(StudyDatasetRequest("Mediflex (1)", "Prod", formoid="DM.csv"))
    changed = independent.send_request(StudyDatasetRequest("Mediflex (1)", "Prod", formoid="DM.csv", start="2026-01-04T00:00:00"))

    assert everything.splitlines()[-1] == changed.splitlines()[-1] == "EOF"
    assert len(everything.splitlines()) - len(changed.splitlines()) == 3


@pytest.mark.parametrize(
    ("way", "words"),
    [
        ("response 404", "CRF version not found"),
        ("odm 400", "Study not found"),
        ("text 503", "Unexpected Status Code"),
        ("login 401", "Incorrect login and password combination"),
        ("html 404", "IIS Error"),
    ],
)
def test_an_independent_client_knows_the_shapes_of_error(rave, independent, way, words):
    rave.faults.once.append(way)

    with pytest.raises(RWSException, match=words):
        independent.send_request(ClinicalStudiesRequest())


# --- lists --------------------------------------------------------------------------------------------------------------


def test_sites_keep_everything_they_say(rave):
    said = read(rave, "sites")

    assert said.keys == ["L1", "L2", "L3", "L4", "L5"]
    assert said.payloads[0] == {
        "OID": "L1", "Name": "Invented Hospital 1", "LocationType": "Site", "mdsol:Active": "Yes",
        "MetaDataVersionRef": [{
            "StudyOID": "Mediflex (1)(Prod)", "MetaDataVersionOID": "7", "EffectiveDate": "2026-01-01", "mdsol:StudySiteNumber": "1",
        }],
    }  # fmt: skip
    assert said.complete


def test_the_study_is_named_whole_and_its_parentheses_are_encoded(rave):
    read(rave, "subjects")
    read(rave, "users", site="L1")

    assert rave.calls[0].raw.startswith("/RaveWebServices/studies/Mediflex%20%281%29%28Prod%29/subjects?")
    assert rave.calls[1].query == {"studyoid": "Mediflex (1)(Prod)", "locationoid": "L1"}


@pytest.mark.parametrize(
    ("key", "parts"),
    [("Mediflex(Prod)", ("Mediflex", "Prod")), ("Mediflex (1) (Dev)", ("Mediflex (1)", "Dev")), ("Mediflex", ("Mediflex", ""))],
)
def test_the_last_parentheses_hold_the_environment(key, parts):
    assert project_of(key) == parts


def test_a_study_without_environment_is_production():
    with FakeRave("Mediflex") as rave:
        rave.site(1)

        assert read(rave, "sites").keys == ["L1"]


def test_investigators_are_users_with_such_a_role(rave):
    assert read(rave, "investigators").keys == ["user1"]
    assert read(rave, "investigators", roles=["crc"]).keys == ["user2", "user3", "user4", "user5"]


def test_an_id_that_several_users_have_is_told(rave):
    rave.user("user1", "CRA")

    assert any("is the OID of several records" in text for text in read(rave, "users").notices)
    told_apart = read(rave, "users", key=("OID", "mdsol:UserRole"))
    assert len(set(told_apart.keys)) == 6 and not told_apart.notices


def test_subjects_are_known_by_their_uuid_and_deleted_ones_are_deletions(rave):
    rave.subject(UUIDS[1], "S-2", **{"mdsol:Deleted": "Yes"})
    rave.subject(UUIDS[2], "S-3 renamed", **{"mdsol:SubjectActive": "No"})

    said = read(rave, "subjects")

    assert said.keys == [f"Mediflex (1)(Prod)|{uuid}" for uuid in UUIDS]
    assert [row["op"] for row in said.rows] == ["upsert", "delete", "upsert", "upsert", "upsert"]
    assert said.payloads[1]["mdsol:SubjectName"] == "S-3 renamed"
    assert rave.calls[0].query == {"status": "all", "include": "inactiveAndDeleted", "subjectKeyType": "SubjectUUID"}


def test_a_list_that_changed_while_it_was_read_is_begun_again(rave):
    half = next(state for state in read(rave, "sites", page_rows=2).states if "at" in state)
    rave.sites.insert(0, rave.sites.pop())

    said = read(rave, "sites", half, page_rows=2)

    assert len(said.keys) == 5
    assert "begun again" in said.notices[0]


# --- the audit trail ----------------------------------------------------------------------------------------------------


def test_audits_are_read_once_and_on_from_where_they_ended(rave):
    first = read(rave, "audit", per_page=2)
    rave.audit(99, UUIDS[0], "DM.SEX", "F")
    rave.audit(120, UUIDS[1], kind="Remove")

    later = read(rave, "audit", first.states[-1], per_page=2)

    assert first.states[-1] == {"startid": 51}
    assert [call.query["startid"] for call in rave.asked("ClinicalAudit")] == ["1", "30", "50", "51"]
    assert [(row["source_key"].rpartition("|")[2], row["op"]) for row in later.rows] == [
        ("DM.SEX", "upsert"),
        (UUIDS[1], "delete"),
    ]
    assert later.payloads[0]["Value"] == "F"
    assert later.rows[0]["source_time"] < later.rows[1]["source_time"]
    assert first.complete and not later.complete


def test_audits_are_asked_for_in_unicode_and_in_the_mode_that_is_set(rave):
    read(rave, "audit", mode="enhanced")

    assert rave.calls[0].query == {
        "studyoid": "Mediflex (1)(Prod)", "startid": "1", "per_page": "1000", "unicode": "true", "mode": "enhanced",
    }  # fmt: skip


def test_no_audit_at_all_leaves_the_place_where_it_was(rave):
    rave.audits.clear()

    said = read(rave, "audit", {"startid": 77})

    assert said.rows == []
    assert said.states == [{"startid": 77}]


@pytest.mark.parametrize("link", ["absolute", "relative"])
def test_a_link_to_the_next_page_is_followed(rave, link):
    rave.faults.link = link

    assert len(read(rave, "audit", per_page=2).rows) == 5


@pytest.mark.parametrize(
    ("link", "words"), [("foreign", "not its own host"), ("back", "leads back to 1"), ("odd", "has no startid")]
)
def test_a_link_that_leads_astray_is_refused(rave, link, words):
    rave.faults.link = link

    with pytest.raises(DamagedError, match=words):
        read(rave, "audit", per_page=2)
    assert len(rave.asked("ClinicalAudit")) == 1


# --- clinical views -----------------------------------------------------------------------------------------------------


def test_a_view_is_read_whole_and_then_by_what_changed(rave):
    world = Slept()
    rave.faults.clock_ahead = 0.0
    first = read(rave, "dataset:DM", context=world.context)
    cursor = first.states[-1]["cursor"]
    _, rows = rave.forms["DM"]
    rows[2] = {**rows[2], "Subject": "S-3b", "MaxUpdated": cursor}

    later = read(rave, "dataset:DM", first.states[-1], context=world.context)

    assert first.keys == ["1", "2", "3", "4", "5"] and first.complete
    assert [(row["RecordId"], row["Subject"]) for row in later.payloads] == [("3", "S-3b")]
    assert not later.complete
    assert "start" not in rave.calls[0].query and rave.calls[1].query["start"] < cursor


def test_a_view_is_named_by_an_option_as_well(rave):
    said = read(rave, "people", form="DM", dataset="raw", rawsuffix=".RAW", key=("Subject",))

    assert said.keys == ["S-1", "S-2", "S-3", "S-4", "S-5"]
    assert rave.calls[0].path.endswith("/datasets/raw/DM.csv")
    assert rave.calls[0].query == {"rawsuffix": ".RAW"}


def test_a_view_whose_key_is_missing_says_which_columns_there_are(rave):
    rave.form("AE", [{"Id": "1", "Term": "cough"}])

    with pytest.raises(DriftError, match=r"no column 'RecordId'.*'Id', 'Term'"):
        read(rave, "dataset:AE")


def test_a_view_without_a_row_is_no_error(rave):
    rave.forms["DM"] = (rave.forms["DM"][0], [])

    said = read(rave, "dataset:DM")

    assert said.rows == [] and said.complete


def test_a_row_that_says_eof_is_a_row(rave):
    rave.form("DM", [{"RecordId": "EOF"}, {"RecordId": "2"}, {"RecordId": "EOF"}])

    assert read(rave, "dataset:DM").keys == ["EOF", "2", "EOF"]


def test_columns_that_come_and_go_are_told(rave):
    first = read(rave, "dataset:DM")
    rave.form("DM", [{"RecordId": "1", "Sex": "F", "MaxUpdated": "2099-01-01T00:00:00"}])

    assert SchemaChange(("Sex",), ("Subject",)) in read(rave, "dataset:DM", first.states[-1]).messages


# --- errors -------------------------------------------------------------------------------------------------------------

STREAMS = pytest.mark.parametrize("stream", ["sites", "subjects", "audit", "dataset:DM"])


@STREAMS
@pytest.mark.parametrize("way", ["login 401", "login 200", "no header", "forbidden"])
def test_a_refusal_is_not_tried_again(rave, stream, way):
    rave.faults.once.extend([way] * 3)
    world = Slept()

    with pytest.raises(DeniedError, match="correct the credentials"):
        read(rave, stream, context=world.context)

    assert len(rave.calls) == 1 and world.waits == []


def test_a_wrong_password_is_shown_once_for_all_streams(rave):
    connector = Rave("edc", rave.options(password="wrong-wrong-wrong"))
    context = Slept().context

    for stream in ("sites", "users", "audit"):
        with pytest.raises(DeniedError):
            list(connector.read(context, StreamRequest(stream), None))
    connector.check(context)

    assert rave.logins == 1


@STREAMS
@pytest.mark.parametrize(
    ("way", "words"),
    [("response 404", "RWS00092 CRF version"), ("response 200", "RWS00092"), ("odm 400", "Study not found"), ("odm 200", "Study not found"),
     ("html 404", "404.0 - Not Found")],
)  # fmt: skip
def test_what_rave_says_is_wrong_is_told_at_once(rave, stream, way, words):
    rave.faults.once.append(way)

    with pytest.raises(SourceError, match=words):
        read(rave, stream)
    assert len(rave.calls) == 1


@STREAMS
@pytest.mark.parametrize(
    "way",
    [
        "response 500",
        "text 503",
        "text 200",
        "html 200",
        "timeout 200",
        "empty",
        "429 seconds",
        "429 date",
        "reset",
        "cut 30",
        "cut 97",
    ],
)
def test_what_may_pass_is_tried_again(rave, stream, way):
    rave.faults.once.extend([way, way])
    world = Slept()

    said = read(rave, stream, context=world.context)

    assert len(said.rows) == 5
    assert len(rave.calls) == 3
    assert way != "429 seconds" or world.waits[0] >= 7


@STREAMS
def test_an_answer_that_always_comes_cut_off_is_never_an_empty_page(rave, stream):
    whole = Said(Rave("edc", rave.options()).read(Slept().context, StreamRequest(stream), None))
    assert len(whole.rows) == 5

    for size in (3, 60, 120):
        rave.faults.cut = size
        messages: list[Any] = []
        with pytest.raises(UnavailableError):
            messages.extend(Rave("edc", rave.options()).read(Slept().context, StreamRequest(stream), None))
        assert messages == []


def test_an_answer_cut_after_a_whole_element_is_cut_off_all_the_same(rave):
    body = rave.answer(type("Call", (), {"raw": "/RaveWebServices/datasets/Sites.odm", "query": {}})())[1]
    rave.faults.bom = False
    rave.faults.cut = (
        len(body[: body.index("<MetaDataVersionRef")]) + len(body[body.index("<MetaDataVersionRef") :].split("/>")[0]) + 2
    )

    with pytest.raises(UnavailableError, match="before <ODM> is closed"):
        read(rave, "sites")


def test_a_redirect_to_another_host_is_refused(rave):
    rave.faults.once.append("redirect")

    with pytest.raises(DamagedError, match="not its own host"):
        read(rave, "sites")


@pytest.mark.parametrize("bom", [True, False])
@STREAMS
def test_a_byte_order_mark_does_no_harm(rave, stream, bom):
    rave.faults.bom = bom

    assert len(read(rave, stream).rows) == 5


@pytest.mark.parametrize(
    "body",
    [
        '<!DOCTYPE ODM [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;">]><ODM><AdminData>&b;</AdminData></ODM>',
        '<!DOCTYPE ODM [<!ENTITY x SYSTEM "file:///etc/hostname">]><ODM mdsol="&x;"></ODM>',
        '<!DOCTYPE ODM [<!ENTITY % p SYSTEM "http://127.0.0.1:9/x.dtd"> %p;]><ODM></ODM>',
        f'<!DOCTYPE ODM [<!ENTITY q "{"ha" * 25_000}">]><ODM>{"&q;" * 160}</ODM>',
        "<ODM>" + "<AdminData>" * 5000 + "</AdminData>" * 5000 + "</ODM>",
        f'<ODM a="{"x" * 11_000_000}"></ODM>',
    ],
    ids=["laughs", "file", "parameter", "quadratic", "deep", "huge attribute"],
)
@pytest.mark.parametrize("stream", ["sites", "audit"])
def test_hostile_answers_are_refused(rave, monkeypatch, stream, body):
    monkeypatch.setattr(rave, "answer", lambda call: (200, body, "text/xml", {}))

    with pytest.raises(DamagedError) as error:
        read(rave, stream)
    assert "hahaha" not in str(error.value)


# --- settings, check, secrets -------------------------------------------------------------------------------------------


def test_a_stream_that_is_not_offered_is_named(rave):
    with pytest.raises(
        NotFoundError, match="no stream 'places'; there are sites, users, investigators, subjects, audit and dataset:FORM"
    ):
        read(rave, "places")


def test_a_form_must_be_named(rave):
    with pytest.raises(ConfigError, match="which form"):
        read(rave, "people", read="dataset")


def test_the_password_never_travels_in_the_clear():
    with pytest.raises(ConfigError, match="in the clear"):
        options = {"base_url": "http://rave.invented.example", "username": "u", "password": "p", "study": "S"}
        list(Rave("edc", options).read(Context(), StreamRequest("sites"), None))


def test_a_check_says_whether_the_study_is_there(rave):
    right, wrong = rave.options(), rave.options(study="Other")

    assert [one.level for one in Rave("edc", right).check(Context())] == ["ok"]
    assert [one.level for one in Rave("edc", wrong).check(Context())] == ["ok", "fail"]
    rave.faults.clock_ahead = 3600
    assert [one.level for one in Rave("edc", right).check(Context())] == ["ok", "warn"]


def test_discovery_names_streams_and_their_fields(rave):
    offered = {one.name: one for one in Rave("edc", rave.options()).discover(Slept().context)}
    view = Rave("edc", rave.options()).discover(Context(streams=(StreamRequest("dataset:DM"),)))[0]

    assert list(offered) == ["sites", "users", "investigators", "subjects", "audit"]
    assert "mdsol:UserRole" in {one.name for one in offered["users"].fields}
    assert (offered["audit"].deletes, offered["subjects"].deletes, offered["sites"].deletes) == ("feed", "field", "absence")
    assert [one.name for one in view.fields] == ["RecordId", "Subject", "MaxUpdated"]


def test_nothing_secret_is_in_a_state(rave):
    states = [
        state for stream in ("sites", "audit", "dataset:DM") for state in read(rave, stream, page_rows=2, per_page=2).states
    ]

    assert PASSWORD not in json.dumps(states) and USERNAME not in json.dumps(states)


def test_a_study_must_be_named():
    with pytest.raises(ConfigError, match="'study' is missing"):
        Rave("edc", {"base_url": "https://x.mdsol.com", "username": "u", "password": "p"})
