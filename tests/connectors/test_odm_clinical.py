"""The ODM connector reads clinical data: item groups, items, subjects and audit trails, with what was removed."""

from pathlib import Path
from typing import Any

import pytest

from connectors.odm import Odm
from mdm.connector import Context, StreamRequest
from mdm.errors import ConfigError, DamagedError
from tests.connectors.reading import Said

SPACES = 'xmlns="http://www.cdisc.org/ns/odm/v1.3" xmlns:mdsol="http://www.mdsol.com/ns/odm/metadata"'


def odm(*clinical: str, kind: str = "Snapshot", spaces: str = SPACES, **root: str) -> str:
    more = "".join(f' {name}="{value}"' for name, value in root.items())
    data = "".join(clinical)
    return (
        f'<?xml version="1.0"?>\n<ODM {spaces} FileType="{kind}" ODMVersion="1.3.2" CreationDateTime="2026-03-01T00:00:00Z"{more}>\n'
        f'<ClinicalData StudyOID="S1" MetaDataVersionOID="1">{data}</ClinicalData>\n</ODM>\n'
    )


def group(*items: str, oid: str = "IG.DM", repeat: str = "1", more: str = "") -> str:
    return f'<ItemGroupData ItemGroupOID="{oid}" ItemGroupRepeatKey="{repeat}"{more}>{"".join(items)}</ItemGroupData>'


def item(oid: str, value: str | None = None, more: str = "", inside: str = "") -> str:
    told = "" if value is None else f' Value="{value}"'
    return f'<ItemData ItemOID="{oid}"{told}{more}>{inside}</ItemData>'


def subject(*inside: str, key: str = "P1", more: str = "", form: str = "DM") -> str:
    return (
        f'<SubjectData SubjectKey="{key}"{more}><SiteRef LocationOID="L1"/><StudyEventData StudyEventOID="V1" StudyEventRepeatKey="1">'
        f'<FormData FormOID="{form}">{"".join(inside)}</FormData></StudyEventData></SubjectData>\n'
    )


def read(folder: Path, text: str | bytes, stream: str = "item_groups", *, delivery: str = "delta", **options: Any) -> Said:
    key, modified = tuple(options.pop("key", ())), options.pop("modified", None)
    (folder / "study.xml").write_bytes(text if isinstance(text, bytes) else text.encode())
    request = StreamRequest(stream, key, modified, delivery=delivery)
    return Said(Odm("edc", {"path": "*.xml", **options}).read(Context(home=folder), request, None))


def test_an_item_group_is_a_record_with_its_items_by_their_ids(tmp_path):
    said = read(tmp_path, odm(subject(group(item("IT.SEX", "F"), item("IT.AGE", "")), more=' mdsol:SubjectName="S 1"')))

    assert said.payloads == [
        {
            "StudyOID": "S1", "MetaDataVersionOID": "1", "SubjectKey": "P1", "StudyEventOID": "V1", "StudyEventRepeatKey": "1",
            "FormOID": "DM", "ItemGroupOID": "IG.DM", "ItemGroupRepeatKey": "1",
            "SubjectData": {"mdsol:SubjectName": "S 1", "SiteRef": {"LocationOID": "L1"}},
            "IT.SEX": "F", "IT.AGE": "",
        }
    ]  # fmt: skip
    assert said.keys == ["S1|P1|V1|1|DM||IG.DM|1"]
    assert said.complete


def test_a_stream_is_narrowed_to_a_group_or_a_form(tmp_path):
    text = odm(subject(group(item("A", "1")), group(item("B", "2"), oid="IG.VS")), subject(group(item("C", "3")), form="AE"))

    assert [row["ItemGroupOID"] for row in read(tmp_path, text, "demography", item_group="IG.DM").payloads] == ["IG.DM", "IG.DM"]
    assert [row["FormOID"] for row in read(tmp_path, text, "events", form="AE").payloads] == ["AE"]
    assert len(read(tmp_path, text, "both", form="DM", item_group="IG.VS").rows) == 1


def test_null_empty_and_untold_are_three_things(tmp_path):
    text = odm(subject(group(item("NULL", None, ' IsNull="Yes"'), item("EMPTY", ""), item("UNTOLD"))))

    (row,) = read(tmp_path, text).payloads

    assert row["NULL"] is None and row["EMPTY"] == "" and "UNTOLD" not in row


def test_typed_items_have_their_text(tmp_path):
    typed = (
        '<ItemDataString ItemOID="A">one</ItemDataString><ItemDataInteger ItemOID="B" AuditRecordID="AR.1">2</ItemDataInteger>'
    )

    (row,) = read(tmp_path, odm(subject(group(typed)))).payloads

    assert (row["A"], row["B"], row["ItemData"]) == ("one", "2", {"B": {"AuditRecordID": "AR.1"}})


def test_what_else_an_item_says_is_kept_beside_it(tmp_path):
    record = '<AuditRecord><UserRef UserOID="ana"/><LocationRef LocationOID="L1"/><DateTimeStamp>2026-01-01</DateTimeStamp></AuditRecord>'
    text = odm(subject(group(item("A", "1", ' mdsol:Lock="Yes"', record))))

    (row,) = read(tmp_path, text).payloads

    assert row["A"] == "1"
    assert row["ItemData"]["A"] == {
        "mdsol:Lock": "Yes",
        "AuditRecord": {"UserRef": {"UserOID": "ana"}, "LocationRef": {"LocationOID": "L1"}, "DateTimeStamp": "2026-01-01"},
    }


def test_an_item_named_like_a_level_hides_nothing(tmp_path):
    (row,) = read(tmp_path, odm(subject(group(item("SubjectKey", "x"))))).payloads

    assert (row["SubjectKey"], row["ItemData.SubjectKey"]) == ("P1", "x")


def test_keys_are_escaped_and_may_be_chosen(tmp_path):
    text = odm(subject(group(item("NPI", "123")), key="P|1\\2"))

    assert read(tmp_path, text).keys == ["S1|P\\|1\\\\2|V1|1|DM||IG.DM|1"]
    assert read(tmp_path, text, key=("SubjectKey", "NPI")).keys == ["P\\|1\\\\2|123"]
    assert read(tmp_path, text, key=("SubjectData.SiteRef.LocationOID",)).keys == ["L1"]


def test_version_2_nests_groups_and_gives_values_as_elements(tmp_path):
    inner = '<ItemGroupData ItemGroupOID="G2"><ItemData ItemOID="A"><Value>1</Value><Value>2</Value></ItemData>{}</ItemGroupData>'
    deep = '<ItemGroupData ItemGroupOID="G3" ItemGroupRepeatKey="7"><ItemData ItemOID="B"><Value>3</Value></ItemData></ItemGroupData>'
    text = (
        '<ODM xmlns="http://www.cdisc.org/ns/odm/v2.0" FileType="Snapshot" ODMVersion="2.0"><ClinicalData StudyOID="S">'
        '<SubjectData SubjectKey="1"><StudyEventData StudyEventOID="V"><ItemGroupData ItemGroupOID="F" ItemGroupRepeatKey="9">'
        f"{inner.format(deep)}</ItemGroupData></StudyEventData></SubjectData></ClinicalData></ODM>"
    )

    said = read(tmp_path, text)
    by_group = {row["ItemGroupOID"]: row for row in said.payloads}

    assert by_group["G2"]["A"] == ["1", "2"]
    assert (by_group["G3"]["FormOID"], by_group["G3"]["FormRepeatKey"], by_group["G3"]["B"]) == ("F", "9", "3")
    assert sorted(said.keys) == ["S|1|V||F|9|G2|", "S|1|V||F|9|G3|7|G2"]
    assert {row["ItemGroupOID"] for row in read(tmp_path, text, "x", form="F").payloads} == {"G2", "G3"}


def test_reference_data_is_read_too(tmp_path):
    text = odm().replace(
        "</ODM>", f'<ReferenceData StudyOID="S1" MetaDataVersionOID="1">{group(item("LOW", "3"))}</ReferenceData></ODM>'
    )

    said = read(tmp_path, text)

    assert said.keys == ["S1||||||IG.DM|1"] and said.payloads[0]["LOW"] == "3"


# --- transactions -------------------------------------------------------------------------------------------------------


def test_a_transaction_is_inherited_and_removal_is_deletion(tmp_path):
    text = odm(
        subject(group(item("A", "1"), repeat="1"), group(item("A", "2"), repeat="2", more=' TransactionType="Insert"'),
                more=' TransactionType="Remove"'),
        subject(group(item("A", "1")), key="P2", more=' TransactionType="Insert"'),
        kind="Transactional",
    )  # fmt: skip

    said = read(tmp_path, text)

    assert [(row["source_key"].split("|")[1], row["op"]) for row in said.rows] == [
        ("P1", "delete"),
        ("P1", "delete"),
        ("P2", "upsert"),
    ]
    assert said.rows[0]["payload"] is None


def test_what_a_document_adds_and_then_removes_with_its_subject_is_deleted(tmp_path):
    gone = '<SubjectData SubjectKey="P1" TransactionType="Remove"/>'
    back = subject(group(item("A", "3")), more=' TransactionType="Insert"')
    text = odm(subject(group(item("A", "1")), group(item("A", "2"), repeat="2")), gone, back, kind="Transactional")

    said = read(tmp_path, text)

    assert [(row["source_key"][-1], row["op"]) for row in said.rows] == [("1", "delete"), ("2", "delete"), ("1", "upsert")]
    assert "removes 1 whole subjects" in said.notices[0]


def test_a_removed_form_takes_its_own_rows_and_no_others(tmp_path):
    gone = (
        '<SubjectData SubjectKey="P1" TransactionType="Context"><StudyEventData StudyEventOID="V1" StudyEventRepeatKey="1">'
        '<FormData FormOID="DM" TransactionType="Remove"/></StudyEventData></SubjectData>'
    )
    text = odm(subject(group(item("A", "1"))), subject(group(item("A", "2")), form="VS"), gone, kind="Transactional")

    assert [row["op"] for row in read(tmp_path, text).rows] == ["delete", "upsert"]


def test_context_changes_nothing(tmp_path):
    text = odm(
        subject(group(item("A", "1")), more=' TransactionType="Context"'),
        subject(group(item("A", "1"), item("B", "2", ' TransactionType="Update"')), key="P2", more=' TransactionType="Context"'),
        kind="Transactional",
    )

    assert [row["SubjectKey"] for row in read(tmp_path, text).payloads] == ["P2"]
    assert [row["ItemOID"] for row in read(tmp_path, text, "items").payloads] == ["B"]
    assert read(tmp_path, text, "subjects").rows == []


def test_a_removed_item_has_no_value_any_more(tmp_path):
    text = odm(subject(group(item("A", "1", ' TransactionType="Remove"'), item("B", "2"))), kind="Transactional")

    (row,) = read(tmp_path, text).payloads

    assert row["A"] is None and row["B"] == "2"
    assert [(row["source_key"][-1], row["op"]) for row in read(tmp_path, text, "items").rows] == [
        ("A", "delete"),
        ("B", "upsert"),
    ]


def test_updates_that_may_be_partial_are_told(tmp_path):
    text = odm(subject(group(item("A", "1")), more=' TransactionType="Update"'), kind="Transactional")

    assert "1 item groups are updates" in read(tmp_path, text).notices[0]
    assert read(tmp_path, text, "items").notices == []


def test_a_record_is_as_old_as_its_document_or_as_a_field_of_it(tmp_path):
    text = odm(subject(group(item("WHEN", "2026-02-01T00:00:00Z"))), AsOfDateTime="2026-02-02T00:00:00Z")

    assert read(tmp_path, text).rows[0]["source_time"] == 1769990400000000
    assert read(tmp_path, text, modified="WHEN").rows[0]["source_time"] == 1769904000000000


# --- subjects and audit trails ------------------------------------------------------------------------------------------


def test_a_subject_is_what_is_said_of_it_and_not_its_data(tmp_path):
    text = odm(
        subject(group(item("A", "1")), more=' mdsol:Status="Enrolled"'), '<SubjectData SubjectKey="P2" TransactionType="Remove"/>'
    )

    said = read(tmp_path, text, "subjects")

    assert said.keys == ["S1|P1", "S1|P2"]
    assert [row["op"] for row in said.rows] == ["upsert", "delete"]
    assert said.payloads == [
        {
            "StudyOID": "S1",
            "MetaDataVersionOID": "1",
            "SubjectKey": "P1",
            "mdsol:Status": "Enrolled",
            "SiteRef": {"LocationOID": "L1"},
        }
    ]


def step(category: str, inside: str, *, at: str = "2026-01-01T00:00:00") -> str:
    return f'<ClinicalData StudyOID="S1" MetaDataVersionOID="1" mdsol:AuditSubCategoryName="{category}">{inside.replace("AT", at)}</ClinicalData>'


AUDIT = '<AuditRecord><UserRef UserOID="ana"/><LocationRef LocationOID="L1"/><DateTimeStamp>AT</DateTimeStamp><SourceID>7</SourceID></AuditRecord>'


def trail(*steps: str) -> str:
    return f'<ODM {SPACES} FileType="Transactional" CreationDateTime="2026-03-01T00:00:00">{"".join(steps)}</ODM>'


def test_a_step_of_an_audit_trail_is_the_latest_state_of_what_it_is_about(tmp_path):
    text = trail(
        step("Entered", subject(group(item("A", "1", ' TransactionType="Upsert"', AUDIT)))),
        step(
            "EnteredWithChangeCode", subject(group(item("A", "2", ' TransactionType="Upsert"', AUDIT))), at="2026-01-02T00:00:00"
        ),
    )

    said = read(tmp_path, text, "audit")

    assert said.keys == ["S1|P1|V1|1|DM||IG.DM|1|A"] * 2
    assert [row["Value"] for row in said.payloads] == ["1", "2"]
    assert [row["source_time"] for row in said.rows] == [1767225600000000, 1767312000000000]
    assert said.payloads[0]["AuditRecord"]["SourceID"] == "7"
    assert said.payloads[0]["mdsol:AuditSubCategoryName"] == "Entered"


def test_a_mark_upon_a_thing_does_not_wipe_what_is_known_of_it(tmp_path):
    query = '<mdsol:Query QueryRepeatKey="5" Status="Open" Value="Sure?"/>'
    text = trail(
        step("Entered", subject(group(item("A", "1", ' TransactionType="Upsert"', AUDIT)))),
        step("QueryOpen", subject(group(item("A", None, ' TransactionType="Upsert"', AUDIT + query)))),
        step("SetVisible", subject(group(item("A", None, ' TransactionType="Upsert"', AUDIT)))),
        step("SubjectStatusChanged", f'<SubjectData SubjectKey="P1" TransactionType="Upsert">{AUDIT}</SubjectData>'),
        step("SubjectCreated", f'<SubjectData SubjectKey="P1" TransactionType="Upsert">{AUDIT}</SubjectData>'),
        step("Inactivated", subject(group(item("A", None, ' TransactionType="Remove"', AUDIT)))),
    )

    said = read(tmp_path, text, "audit")

    address = "S1|P1|V1|1|DM||IG.DM|1|A"
    assert said.keys == [
        address, f"{address}|mdsol:Query 5", f"{address}|SetVisible", "S1|P1||||||||SubjectStatusChanged", "S1|P1", address,
    ]  # fmt: skip
    assert [row["op"] for row in said.rows] == ["upsert"] * 5 + ["delete"]


# --- documents that are not as they should be -----------------------------------------------------------------------------

GOOD = odm(*(subject(group(item("A", "1")), key=f"P{at}") for at in range(200)))
LAST = subject(group(item("A", "1")), key="P199")


@pytest.mark.parametrize(
    ("was", "now", "words"),
    [
        ('ItemOID="A"', 'itemOID="A"', "<ItemData> does not say its ItemOID"),
        ('ItemGroupOID="IG.DM"', "", "<ItemGroupData> does not say its ItemGroupOID"),
        ('SubjectKey="P199"', "", "<SubjectData> does not say its SubjectKey"),
        ('LocationOID="L1"', "", "<SiteRef> does not say its LocationOID"),
        ("ItemData", "itemData", r"<itemData> does not belong in <ItemGroupData> \(is <ItemData> meant\?\)"),
        ("FormData", "Formdata", r"<Formdata> does not belong in <StudyEventData> \(is <FormData> meant\?\)"),
        ("<SiteRef", "<ItemRef ItemOID='1'/><SiteRef", "<ItemRef> does not belong in <SubjectData>"),
        ('Value="1"', 'TransactionType="Delete"', "<ItemData> has the TransactionType 'Delete', which is none of Insert"),
        (
            "</SubjectData>",
            "</SubjectData><SubjectDatum/>",
            r"<SubjectDatum> does not belong in <ClinicalData> \(is <SubjectData> meant\?\)",
        ),
    ],
)
@pytest.mark.parametrize("delivery", ["delta", "full"])
def test_a_document_that_is_not_built_as_odm_lands_nothing(tmp_path, was, now, words, delivery):
    text = GOOD.replace(LAST, LAST.replace(was, now))
    connector = Odm("edc", {"path": "*.xml", "page_rows": 10})
    (tmp_path / "study.xml").write_text(text)
    messages: list[Any] = []

    with pytest.raises(DamagedError, match=rf"study\.xml line 20\d: {words}.*none of it was read"):
        messages.extend(connector.read(Context(home=tmp_path), StreamRequest("item_groups", delivery=delivery), None))

    assert messages == []


def test_a_full_delivery_with_a_damaged_second_file_lands_nothing(tmp_path):
    (tmp_path / "study_1.xml").write_text(GOOD)
    (tmp_path / "study_2.xml").write_text(GOOD[:-30])
    reading = Odm("edc", {"path": "*.xml", "page_rows": 10}).read(
        Context(home=tmp_path), StreamRequest("item_groups", delivery="full"), None
    )

    with pytest.raises(DamagedError, match=r"study_2\.xml"):
        next(reading)


def test_what_vendors_add_may_stand_anywhere(tmp_path):
    text = odm(subject(group(item("A", "1"), "<mdsol:Review><mdsol:Deeper/></mdsol:Review>"), "<mdsol:Odd ItemOID='no'/>"))

    assert read(tmp_path, text).payloads[0]["ItemGroupData"] == {"mdsol:Review": [{"mdsol:Deeper": ""}]}


def test_documents_that_do_not_follow_each_other_are_told(tmp_path):
    for at, (own, prior) in enumerate([("F1", "F0"), ("F3", "F2"), ("F4", "F5"), ("F5", "F3"), ("F1", "F5")], start=1):
        (tmp_path / f"study_{at}.xml").write_text(
            odm(subject(group(item("A", str(at)))), kind="Transactional", FileOID=own, PriorFileOID=prior)
        )

    said = Said(Odm("edc", {"path": "*.xml"}).read(Context(home=tmp_path), StreamRequest("item_groups"), None))

    assert [text for text in said.notices if "follows" in text or "FileOID" in text] == [
        "study_1.xml: has the FileOID 'F1' of study_5.xml; one is a copy, or misnamed",
        "study_2.xml: follows a file 'F2' that is not here; ask for it, or what it told is missing",
        "study_3.xml: follows study_4.xml, which is read after it; name the files in their order",
    ]


@pytest.mark.parametrize("encoding", ["utf-8", "iso-8859-1", "utf-16"])
def test_a_declared_encoding_is_believed(tmp_path, encoding):
    text = odm(subject(group(item("CITY", "Zürich")))).replace(
        '<?xml version="1.0"?>', f'<?xml version="1.0" encoding="{encoding}"?>'
    )

    assert read(tmp_path, text.encode(encoding)).payloads[0]["CITY"] == "Zürich"


# --- hostile documents ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        f'<!DOCTYPE ODM [<!ENTITY q "{"ha" * 25_000}">]><ODM>{"&q;" * 160}</ODM>',
        f'<!DOCTYPE ODM [<!ENTITY q "{"ha" * 25_000}">]><ODM a="{"&q;" * 160}"/>',
        '<!DOCTYPE ODM SYSTEM "http://127.0.0.1:9/odm.dtd" [<!ENTITY % p SYSTEM "http://127.0.0.1:9/p"> %p;]><ODM/>',
        f"<ODM>{'<AdminData>' * 5000}{'</AdminData>' * 5000}</ODM>",
        f'<ODM><AdminData><User OID="{"x" * 11_000_000}"/></AdminData></ODM>',
        f"<ODM><AdminData><User OID='1'><LastName>{'x' * 11_000_000}</LastName></User></AdminData></ODM>",
        '<!DOCTYPE ODM SYSTEM "odm.dtd"><ODM><AdminData><User OID="a&x;b"/></AdminData></ODM>',
    ],
    ids=["quadratic", "quadratic in the root", "external", "deep", "huge attribute", "huge text", "hole in a value"],
)
@pytest.mark.parametrize("stream", ["users", "item_groups", "audit"])
def test_a_hostile_document_lands_nothing(tmp_path, text, stream):
    with pytest.raises(DamagedError) as error:
        read(tmp_path, text, stream)

    assert len(str(error.value)) < 400


def test_an_external_document_type_beside_the_file_is_not_read(tmp_path):
    (tmp_path / "odm.dtd").write_text('<!ATTLIST ItemData Value CDATA "injected"><!ENTITY x "injected">')
    text = odm(subject(group(item("A")))).replace("<ODM", '<!DOCTYPE ODM SYSTEM "odm.dtd"><ODM', 1)

    assert "A" not in read(tmp_path, text).payloads[0]


# --- what Oracle's systems export -----------------------------------------------------------------------------------------


def test_an_inform_transaction_file_is_read_as_it_was_answered(tmp_path):
    spaces = 'xmlns="http://www.cdisc.org/ns/odm/v1.3" xmlns:pf="http://www.phaseforward.com/InFormAdapter/ODM/Extensions/2.0"'
    guid = ' TransactionType="Upsert" pf:TransactionGuid="{{G-1}}" pf:Revision="12"'
    body = odm(subject(group(item("A", "1")), more=guid), kind="Transactional", spaces=spaces, FileOID="T2", PriorFileOID="T1")
    admin = '<AdminData><User OID="u1" UserType="Investigator" pf:GUID="G"/><Location OID="13" Name="Invented Hospital" LocationType="Site" pf:SiteCountry="CHE"/></AdminData>'
    text = '<ResponseODM xmlns="http://www.phaseforward.com/InFormAdapter/ODM/2.0">{}<Status>END</Status><UserBookmark>9</UserBookmark></ResponseODM>'
    text = text.format(body.partition("\n")[2].replace("<ClinicalData", f"{admin}<ClinicalData"))

    assert read(tmp_path, text).payloads[0]["SubjectData"] == {
        "pf:TransactionGuid": "{{G-1}}", "pf:Revision": "12", "SiteRef": {"LocationOID": "L1"},
    }  # fmt: skip
    assert read(tmp_path, text, "sites").payloads[0]["pf:SiteCountry"] == "CHE"
    assert read(tmp_path, text, "investigators").keys == ["u1"]


def test_a_clinical_one_export_keeps_its_own_attributes(tmp_path):
    spaces = 'xmlns="http://www.cdisc.org/ns/odm/v1.3" xmlns:co="http://clinicalone.invented.example/odm"'
    text = odm(subject(group(item("KIT", "K-1")), more=' co:studyMode="active"'), spaces=spaces)

    (row,) = read(tmp_path, text).payloads

    assert row["SubjectData"]["co:studyMode"] == "active" and row["KIT"] == "K-1"


# --- people -------------------------------------------------------------------------------------------------------------------


def admin(*parts: str) -> str:
    return f'<ODM {SPACES} CreationDateTime="2026-03-01T00:00:00Z"><AdminData>{"".join(parts)}</AdminData></ODM>'


def test_investigators_are_told_by_type_or_role(tmp_path):
    text = admin(
        '<User OID="a" UserType="Investigator"/>',
        '<User OID="b" UserType="Other" mdsol:UserRole="Sub-Investigator"/>',
        '<User OID="c" UserType="Other" mdsol:UserRole="CRA"/>',
        '<User OID="d"/>',
    )

    assert read(tmp_path, text, "investigators").keys == ["a", "b"]
    assert read(tmp_path, text, "investigators", roles=["CRA", "investigator"]).keys == ["a", "c"]


def test_organisations_are_locations_that_are_no_sites_and_what_version_2_calls_so(tmp_path):
    first = admin('<Location OID="1" LocationType="Sponsor"/>', '<Location OID="2" LocationType="Site"/>')
    second = '<ODM xmlns="http://www.cdisc.org/ns/odm/v2.0" ODMVersion="2.0"><AdminData><Organization OID="O" Name="Invented"/></AdminData></ODM>'

    assert read(tmp_path, first, "organizations").keys == ["1"]
    assert read(tmp_path, second, "organizations").payloads == [{"OID": "O", "Name": "Invented"}]


def test_a_stream_may_have_any_name(tmp_path):
    assert read(tmp_path, admin('<User OID="a"/>'), "people", read="users").keys == ["a"]
    with pytest.raises(ConfigError, match="cannot be 'user'"):
        read(tmp_path, admin(), "people", read="user")
