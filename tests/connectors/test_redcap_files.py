"""A project's XML and its CSV export give the same records; real projects are read where MDM_DATA says where they are."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from connectors.redcap import Redcap, export
from connectors.redcap.project import unique_name
from mdm.connector import Context, Records, StreamRequest
from mdm.errors import ConfigError, DamagedError, NotFoundError
from tests.connectors.reading import Said

PROJECTS = {
    "checkboxes-1": 4, "clinical-trial-1": 500, "dag": 3, "decimal-comma": 4, "longitudinal": 18, "repeating-instruments": 6,
    "validation-types-1": 1,
}  # fmt: skip
with_data = pytest.mark.skipif("MDM_DATA" not in os.environ, reason="MDM_DATA does not say where the data is")
HEAD = """<?xml version="1.0" encoding="UTF-8" ?>
<ODM xmlns="http://www.cdisc.org/ns/odm/v1.3" xmlns:redcap="https://projectredcap.org" ODMVersion="1.3.1">
<Study OID="P"><GlobalVariables>
<redcap:RepeatingInstrumentsAndEvents><redcap:RepeatingInstruments>
<redcap:RepeatingInstrument redcap:UniqueEventName="start_arm_1" redcap:RepeatInstrument="bp"/>
</redcap:RepeatingInstruments></redcap:RepeatingInstrumentsAndEvents>
<redcap:DataAccessGroupsGroup><redcap:DataAccessGroups group_name="Rome &amp; North-East"/></redcap:DataAccessGroupsGroup>
</GlobalVariables><MetaDataVersion OID="M" redcap:RecordIdField="record_id">
<StudyEventDef OID="Event.start_arm_1" redcap:UniqueEventName="start_arm_1" redcap:EventName="Start" redcap:ArmNum="1" redcap:ArmName="A">
<FormRef FormOID="Form.people" redcap:FormName="people"/><FormRef FormOID="Form.bp" redcap:FormName="bp"/></StudyEventDef>
<StudyEventDef OID="Event.end_arm_1" redcap:UniqueEventName="end_arm_1" redcap:EventName="End" redcap:ArmNum="1" redcap:ArmName="A">
<FormRef FormOID="Form.people" redcap:FormName="people"/></StudyEventDef>
<ItemGroupDef OID="people.record_id"><ItemRef ItemOID="record_id"/><ItemRef ItemOID="about"/><ItemRef ItemOID="scan"/>
<ItemRef ItemOID="seven"/><ItemRef ItemOID="intro"/><ItemRef ItemOID="people_complete"/></ItemGroupDef>
<ItemGroupDef OID="bp.pressure"><ItemRef ItemOID="pressure"/><ItemRef ItemOID="bp_complete"/></ItemGroupDef>
<ItemDef OID="record_id" redcap:FieldType="text"/><ItemDef OID="about" redcap:FieldType="textarea"/>
<ItemDef OID="scan" redcap:FieldType="file"/><ItemDef OID="seven" redcap:FieldType="calc" redcap:Calculation="3+4"/>
<ItemDef OID="intro" redcap:FieldType="descriptive"/><ItemDef OID="people_complete" redcap:FieldType="select"/>
<ItemDef OID="pressure" redcap:FieldType="text"/><ItemDef OID="bp_complete" redcap:FieldType="select"/>
</MetaDataVersion></Study><ClinicalData>
"""
PEOPLE = """<SubjectData SubjectKey="1">
<StudyEventData StudyEventOID="Event.start_arm_1" redcap:UniqueEventName="start_arm_1">
<FormData FormOID="Form.people" FormRepeatKey="1"><ItemGroupData><ItemData ItemOID="record_id" Value="1"/>
<ItemData ItemOID="about" Value="one line
another"/><ItemData ItemOID="seven" Value="7"/>
<ItemDataBase64Binary ItemOID="scan" redcap:DocName="scan.pdf"><![CDATA[%s]]></ItemDataBase64Binary></ItemGroupData></FormData>
<FormData FormOID="Form.bp" FormRepeatKey="1"><ItemGroupData><ItemData ItemOID="pressure" Value="120"/></ItemGroupData></FormData>
<FormData FormOID="Form.bp" FormRepeatKey="2"><ItemGroupData><ItemData ItemOID="pressure" Value="1,5"/></ItemGroupData></FormData>
</StudyEventData>
<StudyEventData StudyEventOID="Event.end_arm_1" redcap:UniqueEventName="end_arm_1">
<FormData FormOID="Form.people" FormRepeatKey="1"><ItemGroupData><ItemData ItemOID="people_complete" Value="2"/></ItemGroupData>
</FormData></StudyEventData></SubjectData>
"""
TAIL = "</ClinicalData></ODM>\n"
CSV = """record_id,redcap_event_name,redcap_repeat_instrument,redcap_repeat_instance,about,scan,seven,people_complete,pressure,bp_complete
1,start_arm_1,,,one line  another,scan.pdf,,0,,
1,start_arm_1,bp,1,,,,,120,0
1,start_arm_1,bp,2,,,,,"1,5",0
1,end_arm_1,,,,,,2,,
"""
DICTIONARY = """"Variable / Field Name","Form Name","Section Header","Field Type","Choices, Calculations, OR Slider Labels"
record_id,people,,text,
about,people,,notes,
scan,people,,file,
seven,people,,calc,3+4
intro,people,,descriptive,
pressure,bp,,text,
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "project.xml").write_text(HEAD + PEOPLE % "AAAA" + TAIL)
    (tmp_path / "data.csv").write_text(CSV)
    (tmp_path / "the dictionary.csv").write_text(DICTIONARY)
    return tmp_path


def read(folder: Path, path: str, stream: str = "records", key: tuple[str, ...] = (), **options: Any) -> Said:
    return Said(Redcap("trial", {"path": path, **options}).read(Context(home=folder), StreamRequest(stream, key), None))


def payloads(said: Said) -> dict[str, str]:
    return {row["source_key"]: row["payload"] for row in said.rows}


def test_xml_and_csv_give_the_same_records_to_the_letter(folder):
    by_xml, by_csv = read(folder, "project.xml"), read(folder, "data.csv")

    assert payloads(by_xml) == payloads(by_csv)
    assert by_xml.keys == ["1|start_arm_1||", "1|start_arm_1|bp|1", "1|start_arm_1|bp|2", "1|end_arm_1||"]
    first = by_xml.payloads[0]
    assert (first["about"], first["seven"], first["scan"], first["people_complete"]) == ("one line another", "", "scan.pdf", "0")
    assert by_xml.complete


@with_data
@pytest.mark.parametrize("name", sorted(PROJECTS))
def test_a_real_project_is_the_same_from_xml_and_from_csv(name):
    folder = Path(os.environ["MDM_DATA"]) / "sources" / "redcap" / name

    by_xml, by_csv = read(folder, "project.xml"), read(folder, "data.csv")

    assert len(by_xml.keys) == PROJECTS[name]
    assert payloads(by_xml) == payloads(by_csv)
    assert by_xml.complete and by_csv.complete
    assert by_xml.rejected == by_csv.rejected == []


@with_data
def test_a_real_projects_groups_are_those_of_its_records():
    folder = Path(os.environ["MDM_DATA"]) / "sources" / "redcap" / "dag"

    groups = {row["unique_group_name"] for row in read(folder, "project.xml", "dags").payloads}

    assert groups == {row["redcap_data_access_group"] for row in read(folder, "data.csv").payloads}


@with_data
def test_a_real_projects_events_are_those_it_was_exported_with():
    folder = Path(os.environ["MDM_DATA"]) / "sources" / "redcap" / "longitudinal"

    events = read(folder, "project.xml", "events").payloads

    lines = (folder / "event.csv").read_text().splitlines()[1:]
    assert [row["unique_event_name"] for row in events] == [line.split(",")[2] for line in lines]
    assert [row["name"] for row in read(folder, "project.xml", "arms").payloads] == ["Drug A", "Drug B"]


def test_a_group_stands_in_every_row_of_its_record(folder):
    text = HEAD.replace(
        '<ItemDef OID="record_id"', '<ItemDef OID="redcap_data_access_group" redcap:FieldType="text"/><ItemDef OID="record_id"'
    )
    grouped = PEOPLE.replace('Value="1"/>', 'Value="1"/><ItemData ItemOID="redcap_data_access_group" Value="rome"/>', 1)
    (folder / "project.xml").write_text(text + grouped % "AAAA" + TAIL)

    said = read(folder, "project.xml")

    assert [row["redcap_data_access_group"] for row in said.payloads] == ["rome"] * 4
    assert list(said.payloads[0])[:5] == [
        "record_id", "redcap_event_name", "redcap_repeat_instrument", "redcap_repeat_instance", "redcap_data_access_group",
    ]  # fmt: skip


def test_a_wide_project_is_told_in_pages_of_so_many_values(folder, monkeypatch):
    whole = payloads(read(folder, "project.xml"))
    monkeypatch.setattr(export, "CELLS", 20)

    said = read(folder, "project.xml")

    assert payloads(said) == whole
    assert len([message for message in said.messages if isinstance(message, Records)]) == 2


def test_without_a_dictionary_an_export_is_told_as_it_is(folder):
    (folder / "the dictionary.csv").unlink()

    said = read(folder, "data.csv")

    assert said.payloads[0]["about"] == "one line  another"
    assert "no data dictionary beside it" in said.notices[0]


@pytest.mark.parametrize("path", ["project.xml", "data.csv"])
def test_one_instrument_of_a_file(folder, path):
    repeating = read(folder, path, key=("record_id", "redcap_repeat_instance"), instrument="bp")
    base = read(folder, path, key=("record_id", "redcap_event_name"), instrument="people")

    assert [row["pressure"] for row in repeating.payloads] == ["120", "1,5"]
    assert base.keys == ["1|start_arm_1", "1|end_arm_1"]
    assert "pressure" not in base.payloads[0]


def test_two_rows_of_one_key_are_refused(folder):
    for path in ("project.xml", "data.csv"):
        with pytest.raises(ConfigError, match="two rows have the same key"):
            read(folder, path, key=("record_id",))


def test_what_else_a_project_says(folder):
    assert read(folder, "project.xml", "dags").payloads == [
        {"data_access_group_name": "Rome & North-East", "unique_group_name": "rome__northeast"}
    ]
    assert read(folder, "project.xml", "events").keys == ["start_arm_1", "end_arm_1"]
    assert read(folder, "project.xml", "arms").keys == ["1"]
    metadata = read(folder, "the dictionary.csv", "metadata").payloads
    assert [row["field_name"] for row in metadata][:3] == ["record_id", "about", "scan"]
    assert metadata[3]["select_choices_or_calculations"] == "3+4"
    with pytest.raises(NotFoundError, match="not for users"):
        read(folder, "project.xml", "users")


@pytest.mark.parametrize(
    ("group", "name"), [("dag-a", "daga"), ("Rome North", "rome_north"), ("A very long name of a group", "a_very_long_name_o")]
)
def test_unique_names_of_groups(group, name):
    assert unique_name(group) == name


def test_an_uploaded_file_is_passed_over_however_large(folder):
    with (folder / "project.xml").open("w") as stream:
        stream.write(HEAD + PEOPLE % ("QUJD" * 6_000_000) + TAIL)

    said = read(folder, "project.xml")

    assert said.payloads[0]["scan"] == "scan.pdf"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('<!DOCTYPE ODM [<!ENTITY a "b">]>' + HEAD.partition("\n")[2] + TAIL, "declares a document type or entities"),
        ('<!DOCTYPE ODM SYSTEM "http://127.0.0.1:9/x.dtd">' + HEAD.partition("\n")[2] + TAIL, "declares a document type"),
        (HEAD + PEOPLE % "AAAA", "ends before <ODM> is closed"),
        (HEAD + "<SubjectData></ClinicalData></ODM>", "an element lacks its 'SubjectKey'"),
        (HEAD + "<a></b>", "is damaged XML"),
        ("<html><body>Not found</body></html>", "is <html>, not <ODM>"),
    ],
    ids=["entity", "outside dtd", "cut off", "no key", "not closed", "html"],
)
def test_damaged_and_hostile_xml_lands_nothing(folder, text, words):
    (folder / "project.xml").write_text(text)

    said: list[object] = []
    with pytest.raises(DamagedError, match=words):
        said += Redcap("trial", {"path": "project.xml"}).read(Context(home=folder), StreamRequest("records"), None)
    assert said == []


def test_one_endless_element_is_refused(folder):
    (folder / "project.xml").write_text(HEAD + f'<SubjectData SubjectKey="{"1" * 3_000_000}"/>' + TAIL)

    with pytest.raises(DamagedError, match="one element is longer than 1,000,000 bytes"):
        read(folder, "project.xml", max_line=1_000_000)


def test_an_error_that_was_saved_for_an_export_is_no_record(folder):
    (folder / "data.csv").write_text('ERROR\n"You do not have permissions to use the API"\n')

    with pytest.raises(DamagedError, match="an error of REDCap's"):
        read(folder, "data.csv")


def test_a_projects_fields_are_discovered(folder):
    for path in ("project.xml", "data.csv"):
        connector = Redcap("trial", {"path": path})

        (stream,) = connector.discover(Context(home=folder))

        assert [field.name for field in stream.fields][:2] == ["record_id", "redcap_event_name"]
        assert [finding.level for finding in connector.check(Context(home=folder))] == ["ok"]


def test_payloads_are_text_through_and_through(folder):
    for payload in payloads(read(folder, "project.xml")).values():
        assert all(isinstance(value, str) for value in json.loads(payload).values())
