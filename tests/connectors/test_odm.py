"""The ODM connector reads sites and users of every version, and nothing hostile."""

import resource
import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.odm import Odm
from mdm.connector import Context, StreamRequest
from mdm.errors import DamagedError, MdmError, NotFoundError, UnavailableError
from mdm.testing import connector_suite
from mdm.testing.connector_suite import Subject
from tests.connectors.reading import Said

V13 = 'xmlns="http://www.cdisc.org/ns/odm/v1.3" xmlns:mdsol="http://www.mdsol.com/ns/odm/metadata" xmlns:x="http://edc.example/x"'
HEAD = f'<ODM {V13} FileType="Snapshot" ODMVersion="1.3.2" CreationDateTime="2026-03-01T00:00:00Z">'
SITE = """
<Location OID="L1" Name="Invented Hospital" LocationType="Site" mdsol:Active="Yes" x:City="Springfield">
  <MetaDataVersionRef StudyOID="S1" MetaDataVersionOID="1" EffectiveDate="2025-01-01" mdsol:StudySiteNumber="101"/>
  <MetaDataVersionRef StudyOID="S2" MetaDataVersionOID="1" EffectiveDate="2025-02-01" mdsol:StudySiteNumber="201"/>
</Location>"""
USER = """
<User OID="U1" UserType="Investigator">
  <LoginName>ana</LoginName><FirstName>Ana</FirstName><LastName>López &amp; Sons</LastName>
  <Address><StreetName>12 Main St</StreetName><City>Springfield</City></Address>
  <Email>ana@invented.example</Email><Phone>1</Phone><Phone>2</Phone>
  <LocationRef LocationOID="L1"/>
</User>"""


def document(*parts: str, head: str = HEAD) -> str:
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{head}\n<AdminData StudyOID="S1">{"".join(parts)}</AdminData>\n</ODM>\n'


def read(folder: Path, text: str | bytes, stream: str = "sites", *, state: dict[str, Any] | None = None, **options: Any) -> Said:
    (folder / "study.xml").write_bytes(text if isinstance(text, bytes) else text.encode())
    return Said(Odm("edc", {"path": "*.xml", **options}).read(Context(home=folder), StreamRequest(stream), state))


def test_a_site_keeps_everything_it_says(tmp_path):
    said = read(tmp_path, document(USER, SITE))

    assert said.payloads == [
        {
            "OID": "L1", "Name": "Invented Hospital", "LocationType": "Site", "mdsol:Active": "Yes", "x:City": "Springfield",
            "MetaDataVersionRef": [
                {"StudyOID": "S1", "MetaDataVersionOID": "1", "EffectiveDate": "2025-01-01", "mdsol:StudySiteNumber": "101"},
                {"StudyOID": "S2", "MetaDataVersionOID": "1", "EffectiveDate": "2025-02-01", "mdsol:StudySiteNumber": "201"},
            ],
            "AdminData": {"StudyOID": "S1"},
        }
    ]  # fmt: skip
    assert said.keys == ["L1"]
    assert said.rows[0]["position"] == "study.xml line 10"
    assert said.complete


def test_a_user_keeps_everything_it_says(tmp_path):
    said = read(tmp_path, document(USER, SITE), "users")

    assert said.payloads == [
        {
            "OID": "U1", "UserType": "Investigator", "LoginName": "ana", "FirstName": "Ana", "LastName": "López & Sons",
            "Address": [{"StreetName": "12 Main St", "City": "Springfield"}], "Email": "ana@invented.example",
            "Phone": ["1", "2"], "LocationRef": [{"LocationOID": "L1"}], "AdminData": {"StudyOID": "S1"},
        }
    ]  # fmt: skip


def test_a_record_is_as_old_as_its_document_says(tmp_path):
    created = read(tmp_path, document(SITE))
    as_of = read(tmp_path, document(SITE, head=HEAD.replace("FileType", 'AsOfDateTime="2026-02-01T00:00:00Z" FileType')))

    assert [said.rows[0]["source_time"] for said in (created, as_of)] == [1772323200000000, 1769904000000000]


def test_only_sites_are_sites(tmp_path):
    others = '<Location OID="L2" Name="Lab" LocationType="Lab"/><Location OID="L3" Name="Unsaid"/>'

    assert read(tmp_path, document(others, SITE)).keys == ["L3", "L1"]


def test_version_2_names_the_organisation_of_a_site(tmp_path):
    head = '<ODM xmlns="http://www.cdisc.org/ns/odm/v2.0" ODMVersion="2.0" CreationDateTime="2026-03-01T00:00:00Z">'
    parts = (
        '<User OID="U1" OrganizationOID="O1"><GivenName>Ana</GivenName><FamilyName>López</FamilyName>'
        '<Telecom TelecomType="email" Value="ana@invented.example"/></User>',
        '<Organization OID="O1" Name="Invented University" Type="Site"/>',
        '<Location OID="L1" Name="Ward" Role="Site" OrganizationOID="O1"><Address><City>Springfield</City></Address></Location>',
    )

    sites, users = (read(tmp_path, document(*parts, head=head), stream).payloads[0] for stream in ("sites", "users"))

    assert sites["Organization"] == users["Organization"] == {"OID": "O1", "Name": "Invented University", "Type": "Site"}
    assert sites["Address"] == [{"City": "Springfield"}]
    assert users["Telecom"] == [{"TelecomType": "email", "Value": "ana@invented.example"}]


def test_version_1_1_with_its_document_type_is_read_and_nothing_is_fetched(tmp_path):
    lines = [
        '<?xml version="1.0"?>',
        '<!DOCTYPE ODM SYSTEM "http://127.0.0.1:9/odm1-1-0.dtd">',
        '<ODM CreationDateTime="2001-11-15T16:37:21-05:00">',
        '<AdminData><Location OID="L1" Name="H" LocationType="Site"/></AdminData></ODM>',
    ]

    said = read(tmp_path, "\n".join(lines))

    assert said.payloads == [{"OID": "L1", "Name": "H", "LocationType": "Site"}]


def test_text_beside_attributes_is_kept(tmp_path):
    said = read(tmp_path, document('<Location OID="L1"><x:Note lang="en">quiet</x:Note></Location>'))

    assert said.payloads[0]["x:Note"] == {"lang": "en", "text": "quiet"}


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_a_byte_order_mark_does_no_harm(tmp_path, encoding):
    text = document(SITE).replace('encoding="UTF-8"', f'encoding="{encoding.removesuffix("-sig")}"')

    assert read(tmp_path, text.encode(encoding)).keys == ["L1"]


def test_several_admin_data_are_all_read(tmp_path):
    text = document(SITE).replace("</ODM>", f'<AdminData StudyOID="S9">{SITE.replace("L1", "L9")}</AdminData></ODM>')

    assert read(tmp_path, text).keys == ["L1", "L9"]


def test_large_clinical_data_costs_no_memory(tmp_path):
    subject = (
        "<SubjectData SubjectKey='1'><StudyEventData StudyEventOID='V'><FormData FormOID='F'/></StudyEventData></SubjectData>"
    )
    with (tmp_path / "study.xml").open("w") as out:
        out.write(f"{HEAD}<ClinicalData StudyOID='S1'>")
        for _ in range(300):
            out.write(subject * 1000)
        out.write(f"</ClinicalData><AdminData>{SITE}</AdminData></ODM>")
    request = StreamRequest("sites")

    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    said = Said(Odm("edc", {"path": "*.xml"}).read(Context(home=tmp_path), request, None))
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before

    assert said.keys == ["L1"]
    assert grown * 1024 < 100 << 20


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (f'<!DOCTYPE ODM [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]>{document(SITE)[39:]}', "line 1: declares entities"),
        (f'<!DOCTYPE ODM [<!ENTITY % p SYSTEM "file:///etc/hosts"> %p;]>{document(SITE)[39:]}', "line 1: declares entities"),
        (f'<!DOCTYPE ODM [\n<!ENTITY x SYSTEM "file:///etc/hosts">\n]>{document(SITE)[39:]}', "line 3: declares entities"),
        (f"<!DOCTYPE ODM [<!ELEMENT ODM ANY>]>{document(SITE)[39:]}", "declares entities or elements"),
        (f'<!DOCTYPE ODM SYSTEM "odm.dtd">{document(SITE.replace("</Loc", "&x;</Loc"))[39:]}', "uses the entity '&x;'"),
    ],
    ids=["entities", "parameter entity", "external entity", "elements", "entity of an external type"],
)
def test_a_document_type_with_declarations_is_refused(tmp_path, text, words):
    with pytest.raises(DamagedError, match=rf"study\.xml.*({words})"):
        read(tmp_path, text)


def test_a_billion_laughs_are_not_heard_out(tmp_path):
    laughs = "".join(f'<!ENTITY l{at} "{f"&l{at - 1};" * 10 if at else "ha"}">' for at in range(10))
    tracemalloc.start()

    with pytest.raises(DamagedError, match="declares entities"):
        read(tmp_path, f'<!DOCTYPE ODM [{laughs}]><ODM a="&l9;"><AdminData>&l9;</AdminData></ODM>')

    assert tracemalloc.get_traced_memory()[1] < 10 << 20
    tracemalloc.stop()


@pytest.mark.parametrize("keep", [0.3, 0.6, 0.95, 0.99])
def test_a_document_that_is_not_closed_was_cut_off(tmp_path, keep):
    text = document(*[USER.replace("U1", f"U{at}") for at in range(200)], SITE)

    with pytest.raises(DamagedError, match=r"study\.xml line \d+: ends before <ODM> is closed.* ask for a new delivery"):
        read(tmp_path, text[: int(len(text) * keep)])


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "line 1: is empty"),
        ("  \n ", "line 1: is empty"),
        ("Authorization Header not provided", "line 1: is not XML"),
        ("<html><body>503</body></html>", "line 1: is <html>, not <ODM>"),
        (
            '<Response ReasonCode="RWS00092" ErrorClientResponseMessage="No such study"/>',
            "is <Response>, not <ODM>: No such study",
        ),
        (f'<ODM {V13} mdsol:ErrorDescription="Incorrect login. [RWS00008]"/>', "the EDC answered with an error: Incorrect login"),
        (document("<Location></Site>"), "line 3: is damaged XML"),
        (document('<Location OID="L1" OID="L2"/>'), "line 3: is damaged XML"),
    ],
    ids=["empty", "blank", "words", "html", "error answer", "error in the root", "wrong end", "attribute twice"],
)
def test_what_is_no_odm_is_named(tmp_path, text, words):
    with pytest.raises(DamagedError, match=rf"study\.xml {words}|study\.xml line 1: {words}"):
        read(tmp_path, text)


def test_deep_nesting_is_refused(tmp_path):
    with pytest.raises(DamagedError, match=r"study\.xml line \d+: is damaged XML"):
        read(tmp_path, document("<x:a>" * 5000 + "</x:a>" * 5000))


def test_a_location_without_its_id_is_rejected(tmp_path):
    said = read(tmp_path, document('<Location Name="Nobody"/>', SITE))

    assert said.keys == ["L1"]
    assert said.rejected == [("study.xml line 3", "no value in the key OID; the record cannot be told from others")]


def test_a_stream_that_is_not_offered_is_named(tmp_path):
    with pytest.raises(NotFoundError, match="no stream 'places'; there are sites, users"):
        read(tmp_path, document(SITE), "places")


def test_no_file_is_an_error_that_says_where_to_look(tmp_path):
    with pytest.raises(UnavailableError, match="no file matches"):
        list(Odm("edc", {"path": "*.xml"}).read(Context(home=tmp_path), StreamRequest("sites"), None))


def test_a_check_looks_at_the_first_file(tmp_path):
    (tmp_path / "a.xml").write_text(document(SITE))
    (tmp_path / "b.xml").write_text("nothing")

    levels = [Odm("edc", {"path": path}).check(Context(home=tmp_path))[0].level for path in ("a.xml", "b.xml", "c.xml")]

    assert levels == ["ok", "fail", "fail"]


@given(st.binary(max_size=200), st.integers(0, 600))
def test_no_bytes_make_it_fail_in_another_way(tmp_path_factory, junk, at):
    whole = document(SITE, USER).encode()

    try:
        read(tmp_path_factory.mktemp("fuzz"), whole[:at] + junk + whole[at + 20 :])
    except MdmError as error:
        assert "study.xml" in str(error)


@contextmanager
def sites(folder: Path) -> Iterator[Subject]:
    for number in (1, 2):
        places = [SITE.replace("L1", f"L{number}{at}") for at in range(7)]
        people = [USER.replace("U1", f"U{number}{at}") for at in range(7)]
        (folder / f"study_{number}.xml").write_text(document(*people, *places))
    yield Subject(
        connector=lambda: Odm("tested", {"path": "*.xml", "page_rows": 3}),
        context=Context(home=folder),
        requests=(StreamRequest("sites"), StreamRequest("users", ("OID",))),
        keys={
            "sites": {f"L{number}{at}" for number in (1, 2) for at in range(7)},
            "users": {f"U{number}{at}" for number in (1, 2) for at in range(7)},
        },
    )


TestOdm = connector_suite.tests(sites)
