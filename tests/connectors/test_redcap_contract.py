"""The redcap connector keeps the connector contract: against a server, for its lists, and from a project's files."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from connectors.redcap import Redcap
from mdm.connector import Context, StreamRequest
from mdm.testing import connector_suite
from mdm.testing.connector_suite import Subject
from tests.fakes.redcap import EVENT, TOKEN, FakeRedcap, now

WRONG = "FEDCBA9876543210FEDCBA9876543210"
PLACE = ("record_id", EVENT)


def world(folder: Path) -> Context:
    return Context(home=folder, resolve={"env:TOKEN": TOKEN, "env:OTHER": WRONG}.__getitem__)


def subject(folder: Path, redcap: FakeRedcap, requests: tuple[StreamRequest, ...], keys: dict, **more) -> Subject:
    options = redcap.options(token="env:TOKEN", batch=3)
    return Subject(
        connector=lambda: Redcap("tested", options),
        context=world(folder),
        requests=requests,
        keys=keys,
        secrets=(TOKEN, WRONG),
        failing=(lambda: Redcap("tested", {**options, "token": "env:OTHER"}),),
        wrong_password=lambda: Redcap("tested", {**options, "token": "env:OTHER"}),
        login_attempts=lambda: len(redcap.calls),
        **more,
    )


@contextmanager
def classic(folder: Path) -> Iterator[Subject]:
    with FakeRedcap() as redcap:
        redcap.fields("record_id", "name")
        for at in range(1, 12):
            redcap.save({"record_id": str(at), "name": f"Ana {at}", "people_complete": "2"})
        keys = {"records": {str(at) for at in range(1, 12)}}
        yield subject(
            folder, redcap, (StreamRequest("records", ("record_id",)),), keys, delete=lambda _, key: redcap.delete(key, now())
        )


@contextmanager
def longitudinal(folder: Path) -> Iterator[Subject]:
    with FakeRedcap() as redcap:
        redcap.fields("record_id", "name")
        redcap.events = [{"event_name": name, "arm_num": 1, "unique_event_name": f"{name}_arm_1"} for name in ("start", "end")]
        for at in range(1, 9):
            for event in ("start_arm_1", "end_arm_1"):
                redcap.save({"record_id": f"S|{at}", EVENT: event, "name": f"Ana {at}"})
        keys = {"records": {f"S\\|{at}|{event}" for at in range(1, 9) for event in ("start_arm_1", "end_arm_1")}}
        yield subject(folder, redcap, (StreamRequest("records", PLACE),), keys)


@contextmanager
def lists(folder: Path) -> Iterator[Subject]:
    with FakeRedcap() as redcap:
        redcap.fields("record_id", *(f"field_{at}" for at in range(8)))
        redcap.events = [{"event_name": f"e{at}", "arm_num": at, "unique_event_name": f"e{at}_arm_{at}"} for at in range(1, 9)]
        redcap.arms = [{"arm_num": at, "name": f"Arm {at}"} for at in range(1, 9)]
        redcap.dags = [
            {"data_access_group_name": f"Site {at}", "unique_group_name": f"site_{at}", "data_access_group_id": at}
            for at in range(8)
        ]
        redcap.users = [{"username": f"u{at}", "email": f"u{at}@invented.example", "forms": {"people": 1}} for at in range(8)]
        redcap.roles = [{"unique_role_name": "U-1", "role_label": "Reader", "design": "0"}]
        redcap.role_of = [{"username": "u1", "unique_role_name": "U-1", "data_access_group": ""}]
        redcap.dag_of = [{"username": "u1", "redcap_data_access_group": "site_1"}]
        keys = {
            "dags": {str(at) for at in range(8)}, "users": {f"u{at}" for at in range(8)},
            "metadata": {"record_id", *(f"field_{at}" for at in range(8))},
            "events": {f"e{at}_arm_{at}" for at in range(1, 9)}, "arms": {str(at) for at in range(1, 9)},
        }  # fmt: skip
        requests = (
            StreamRequest("dags", ("data_access_group_id",)), StreamRequest("users", ("username",)),
            StreamRequest("metadata", ("field_name",)), StreamRequest("events", ("unique_event_name",)),
            StreamRequest("arms", ("arm_num",)),
        )  # fmt: skip

        def delete(stream: str, key: str) -> None:
            kept = {"dags": "data_access_group_id", "users": "username", "metadata": "field_name", "events": "unique_event_name",
                    "arms": "arm_num"}[stream]  # fmt: skip
            rows = [row for row in getattr(redcap, stream) if str(row[kept]) != key]
            setattr(redcap, stream, rows)

        yield subject(folder, redcap, requests, keys, delete=delete)


@contextmanager
def exported(folder: Path) -> Iterator[Subject]:
    there = [f"{at}|start_arm_1" for at in range(1, 9)]

    def write(gone: str = "") -> None:
        there.remove(gone) if gone else None
        lines = [f'{key.replace("|", ",")},"Ana, {key[0]}"' for key in there]
        (folder / "data.csv").write_text("\n".join(["record_id,redcap_event_name,name", *lines, ""]))

    write()
    (folder / "dictionary.csv").write_text(
        '"Variable / Field Name","Form Name","Field Type","Choices, Calculations, OR Slider Labels"\nrecord_id,people,text,\n'
    )
    yield Subject(
        connector=lambda: Redcap("tested", {"path": "data.csv", "page_rows": 3}),
        context=Context(home=folder),
        requests=(StreamRequest("records", PLACE),),
        keys={"records": set(there)},
        delete=lambda _, key: write(key),
    )


PROJECT = """<?xml version="1.0" encoding="UTF-8" ?>
<ODM xmlns="http://www.cdisc.org/ns/odm/v1.3" xmlns:redcap="https://projectredcap.org" ODMVersion="1.3.1">
<Study OID="P"><GlobalVariables/><MetaDataVersion OID="M" redcap:RecordIdField="record_id">
<ItemGroupDef OID="people.record_id"><ItemRef ItemOID="record_id"/><ItemRef ItemOID="name"/></ItemGroupDef>
<ItemDef OID="record_id" redcap:FieldType="text"/><ItemDef OID="name" redcap:FieldType="text"/>
</MetaDataVersion></Study><ClinicalData>
%s
</ClinicalData></ODM>
"""
SUBJECT = """<SubjectData SubjectKey="%s"><FormData FormOID="Form.people" FormRepeatKey="1">
<ItemGroupData><ItemData ItemOID="record_id" Value="%s"/><ItemData ItemOID="name" Value="Ana"/></ItemGroupData>
</FormData></SubjectData>"""


@contextmanager
def project_xml(folder: Path) -> Iterator[Subject]:
    there = [str(at) for at in range(1, 9)]

    def write(gone: str = "") -> None:
        there.remove(gone) if gone else None
        (folder / "project.xml").write_text(PROJECT % "\n".join(SUBJECT % (at, at) for at in there))

    write()
    yield Subject(
        connector=lambda: Redcap("tested", {"path": "project.xml", "page_rows": 3}),
        context=Context(home=folder),
        requests=(StreamRequest("records", ("record_id",)),),
        keys={"records": set(there)},
        delete=lambda _, key: write(key),
    )


TestClassic = connector_suite.tests(classic)
TestLongitudinal = connector_suite.tests(longitudinal)
TestLists = connector_suite.tests(lists)
TestExported = connector_suite.tests(exported)
TestProjectXml = connector_suite.tests(project_xml)
