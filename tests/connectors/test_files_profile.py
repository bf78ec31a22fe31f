"""Profiles: a few words in mdm.toml land each kind of delivery as it is meant, deletes and deactivations included."""

import io
import json
import sqlite3
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from connectors.files import Files
from connectors.files.profile import PROFILES
from mdm import catalog, mapping, project, settings
from mdm.cli.app import run
from mdm.connector import Context, StreamRequest
from mdm.errors import ConfigError, DamagedError
from mdm.mapping.profiled import written
from tests.connectors.reading import Said

SOURCES = {
    "nppes": ("nppes", ["providers"]),
    "registry": ("npi_registry", ["providers"]),
    "onekey": ("onekey", ["codes", "individuals"]),
    "ndc": ("ndc", ["products", "packages"]),
    "unii": ("unii", ["records", "names"]),
    "drugs": ("drugsatfda", ["products", "applications"]),
    "gudid": ("gudid", ["devices", "identifiers"]),
    "ror": ("ror", ["organisations"]),
    "ctgov": ("clinicaltrials", ["studies"]),
    "sap": ("sap", ["mara", "makt", "marc"]),
    "irt": ("irt", ["kits", "lots"]),
    "clinics": ("facilities", ["clinics"]),
}
SET = {"onekey.individuals": ['key = ["IND_ID"]', 'member = "individual*"'], "clinics.clinics": ['key = ["Licence"]']}
NPPES = [
    "NPI", "Entity Type Code", "Replacement NPI", "Provider Last Name (Legal Name)", "Provider First Name", "Last Update Date",
    "NPI Deactivation Date", "NPI Reactivation Date",
]  # fmt: skip


def toml() -> str:
    """One mdm.toml with all of them: a connector, a profile, a folder, and the names of streams."""
    lines = []
    for source, (profile, streams) in SOURCES.items():
        lines += [f"[sources.{source}]", 'connector = "files"', f'profile = "{profile}"', f'path = "in/{source}"']
        for stream in streams:
            lines += [f"[sources.{source}.streams.{stream}]", *SET.get(f"{source}.{stream}", [])]
    return "\n".join(lines)


def table(rows: list[list[str]], mark: str = "\t", *, quote: str = "") -> str:
    return "".join(mark.join(f"{quote}{value}{quote}" for value in row) + "\n" for row in rows)


def zipped(files: dict[str, str]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return packed.getvalue()


def deliver(folder: Path, files: dict[str, str | bytes]) -> None:
    for name, said in files.items():
        path = folder / "in" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(said if isinstance(said, bytes) else said.encode())


def study(number: str, day: str) -> dict[str, Any]:
    site = {"facility": "Quiet Harbour Clinic", "city": "Bergen", "country": "Norway"}
    return {
        "protocolSection": {
            "identificationModule": {"nctId": number},
            "statusModule": {"lastUpdatePostDateStruct": {"date": day}},
            "contactsLocationsModule": {"locations": [site]},
        }
    }


def first_day() -> dict[str, str | bytes]:
    providers = [
        NPPES,
        ["2100000100", "1", "", "Moreau", "Ines", "01/02/2026", "", ""],
        ["2100000118", "1", "", "Halloran", "Tom", "01/02/2026", "", ""],
        ["2100000126", "2", "", "", "", "01/02/2026", "", ""],
    ]
    product = ["PRODUCTID", "PRODUCTNDC", "PROPRIETARYNAME", "SUBSTANCENAME"]
    ndc = {
        "product.txt": table([product, ["a_1", "0001-0001", 'Quell"o', "ZINC"], ["b_1", "0001-0002", "Vantol", "IRON"]]),
        "package.txt": table([["PRODUCTID", "NDCPACKAGECODE"], ["a_1", "0001-0001-01"]]),
    }
    registry = {"result_count": 9, "results": [{"number": 2100000100, "enumeration_type": "NPI-1", "basic": {"status": "A"}}]}
    onekey = [["PROCESS", "COD_ID_ONEKEY", "REFERENCE_TYPE", "LANGUAGE_CD"], ["R", "S1", "SP", "EN"], ["R", "S2", "SP", "EN"]]
    people = [["PROCESS", "IND_ID", "NAME"], ["R", "W1", "Ines"], ["X", "W2", "Tom"]]
    fda = {
        "Products.txt": table([["ApplNo", "ProductNo", "DrugName"], ["000001", "001", "QUELLO"], ["000001", "002", "QUELLO"]]),
        "Applications.txt": table([["ApplNo", "ApplType"], ["000001", "NDA"]]),
    }
    gudid = {
        "device.txt": table(
            [["PrimaryDI", "deviceCommDistributionStatus"], ["00100000000017", "In Commercial Distribution"]], "|"
        ),
        "identifiers.txt": table([["PrimaryDI", "deviceId", "deviceIdType"], ["00100000000017", "1", "Primary"]], "|"),
    }
    ror = [{"id": "https://ror.org/0invent1", "status": "active"}, {"id": "https://ror.org/0invent2", "status": "active"}]
    mara = [
        ["MANDT", "MATNR", "LVORM", "LAEDA"],
        ["100", "000000000000001234", "", "00000000"],
        ["100", "000000000000001235", "", ""],
    ]
    return {
        "nppes/NPPES_January.zip": zipped(
            {"npidata_pfile_20260101-20260131.csv": table(providers, ",", quote='"'),
             "npidata_pfile_20260101-20260131_fileheader.csv": table(providers[:1], ",", quote='"')}),
        "registry/answer.json": json.dumps(registry),
        "onekey/codetable.csv": table(onekey, ","),
        "onekey/individual.csv": table(people, ","),
        "ndc/ndctext.zip": zipped(ndc),
        "unii/UNII_Records_1.txt": table([["UNII", "PT", "RN"], ["J41CSQ7QDS", "ZINC", "7440-66-6"]]),
        "unii/UNII_Names_1.txt": table([["Name", "TYPE", "UNII", "Display Name"], ["ZINC", "of", "J41CSQ7QDS", "ZINC"]]),
        "drugs/drugsatfda.zip": zipped(fda),
        "gudid/gudid.zip": zipped(gudid),
        "ror/v2.0-ror-data.zip": zipped({"v2.0-ror-data.json": json.dumps(ror), "v2.0-ror-data.csv": "id\nno\n"}),
        "ctgov/page.json": json.dumps({"nextPageToken": "x", "studies": [study("NCT90000001", "2026-01-01")]}),
        "ctgov/single.json": json.dumps(study("NCT90000002", "2026-01-01")),
        "sap/MARA_1.txt": table(mara, "|"),
        "sap/MAKT_1.txt": table([["MATNR", "SPRAS", "MAKTX"], ["000000000000001234", "E", "Gel"], ["000000000000001234", "D", "Gél"]], "|"),
        "sap/MARC_1.txt": table([["MATNR", "WERKS", "LVORM"], ["000000000000001234", "1000", "X"]], "|"),
        "irt/Kits_1.csv": table([["Study", "Kit Number", "Status"], ["S-1", "0001", "available"], ["S-1", "0002", "at site"]], ","),
        "irt/Lots_1.csv": table([["Material", "Lot Number", "Status", "Expiry"], ["M", "L1", "released", "2026-06-30"]], ","),
        "clinics/list.csv": table([["Licence", "Facility Name"], ["7", "Quiet Harbour Clinic"], ["8", "Stillwater Ward"]], ","),
    }  # fmt: skip


def report_of_deactivations() -> bytes:
    book, packed = openpyxl.Workbook(), io.BytesIO()
    for row in (["NPPES Deactivated NPI Report of the month"], ["NPI", "NPI Deactivation Date"], ["2100000118", "01/20/2026"]):
        book.active.append(row)
    book.save(packed)
    return packed.getvalue()


def next_day() -> dict[str, str | bytes]:
    blank = ["2100000100", "", "", "", "", "", "01/18/2026", ""]
    product = ["PRODUCTID", "PRODUCTNDC", "PROPRIETARYNAME", "SUBSTANCENAME"]
    merged = ["2100000126", "2", "2100000134", "", "", "02/01/2026", "", ""]
    return {
        "nppes/NPPES_Weekly_2.zip": zipped({"npidata_pfile_20260201-20260207.csv": table([NPPES, blank, merged], ",", quote='"')}),
        "nppes/NPPES_X Deactivated NPI Report.xlsx": report_of_deactivations(),
        "registry/answer.json": json.dumps({"results": [{"number": 2100000100, "basic": {"status": "D"}}]}),
        "onekey/codetable_2.csv": table([["PROCESS", "COD_ID_ONEKEY", "REFERENCE_TYPE", "LANGUAGE_CD"], ["D", "S2", "SP", "EN"]], ","),
        "ndc/ndctext.zip": zipped(
            {"product.txt": table([product, ["a_2", "0001-0001", 'Quell"o', "ZINC"]]),
             "package.txt": table([["PRODUCTID", "NDCPACKAGECODE"], ["a_2", "0001-0001-01"]])}),
        "gudid/gudid.zip": zipped(
            {"device.txt": table([["PrimaryDI", "deviceCommDistributionStatus"], ["00100000000017", "Not in Commercial Distribution"]], "|"),
             "identifiers.txt": table([["PrimaryDI", "deviceId", "deviceIdType"], ["00100000000017", "1", "Primary"]], "|")}),
        "ror/v2.0-ror-data.zip": zipped(
            {"v2.0-ror-data.json": json.dumps(
                [{"id": "https://ror.org/0invent1", "status": "withdrawn"}, {"id": "https://ror.org/0invent2", "status": "active"}])}),
        "sap/MARA_2.txt": table([["MANDT", "MATNR", "LVORM", "LAEDA"], ["100", "000000000000001235", "X", "20260201"]], "|"),
        "irt/Kits_2.csv": table([["Study", "Kit Number", "Status"], ["S-1", "0002", "destroyed"]], ","),
        "clinics/list.csv": table([["Licence", "Facility Name"], ["7", "Quiet Harbour Clinic"]], ","),
    }  # fmt: skip


@pytest.fixture(scope="module")
def landed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Two days of deliveries of every kind, landed by the real runner."""
    folder = tmp_path_factory.mktemp("profiles")
    (folder / "mdm.toml").write_text(toml())
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        deliver(folder, first_day())
        assert run(["migrate"]) == 0
        assert run(["sync"]) == 0
        deliver(folder, next_day())
        assert run(["sync", "--accept-shrink"]) == 0
        yield folder


def records(folder: Path, source: str, stream: str) -> dict[str, str]:
    """What is said of each key now."""
    query = "select source_key, op from source_record where source = ? and stream = ? order by source_key"
    with sqlite3.connect(folder / "mdm.db") as hub:
        return dict(hub.execute(query, (source, stream)).fetchall())


def said_of(folder: Path, source: str, stream: str, key: str) -> dict[str, Any]:
    query = "select payload from source_record where source = ? and stream = ? and source_key = ?"
    with sqlite3.connect(folder / "mdm.db") as hub:
        return json.loads(hub.execute(query, (source, stream, key)).fetchone()[0])


@pytest.mark.parametrize(
    ("source", "stream", "expected"),
    [
        ("nppes", "providers", {"2100000100": "inactive", "2100000118": "inactive", "2100000126": "merged_into"}),
        ("registry", "providers", {"2100000100": "inactive"}),
        ("onekey", "codes", {"SP|S1|EN": "upsert", "SP|S2|EN": "delete"}),
        ("onekey", "individuals", {"W1": "upsert"}),
        ("ndc", "products", {"0001-0001": "upsert", "0001-0002": "delete"}),
        ("ndc", "packages", {"0001-0001-01": "upsert"}),
        ("unii", "records", {"J41CSQ7QDS": "upsert"}),
        ("unii", "names", {"J41CSQ7QDS|ZINC": "upsert"}),
        ("drugs", "products", {"000001|001": "upsert", "000001|002": "upsert"}),
        ("drugs", "applications", {"000001": "upsert"}),
        ("gudid", "devices", {"00100000000017": "inactive"}),
        ("gudid", "identifiers", {"00100000000017|1|Primary": "upsert"}),
        ("ror", "organisations", {"https://ror.org/0invent1": "inactive", "https://ror.org/0invent2": "upsert"}),
        ("ctgov", "studies", {"NCT90000001": "upsert", "NCT90000002": "upsert"}),
        ("sap", "mara", {"000000000000001234": "upsert", "000000000000001235": "delete"}),
        ("sap", "makt", {"000000000000001234|D": "upsert", "000000000000001234|E": "upsert"}),
        ("sap", "marc", {}),
        ("irt", "kits", {"S-1|0001": "upsert", "S-1|0002": "inactive"}),
        ("irt", "lots", {"M|L1": "upsert"}),
        ("clinics", "clinics", {"7": "upsert", "8": "delete"}),
    ],
)
def test_two_days_of_a_delivery_end_as_they_are_meant(landed, source, stream, expected):
    assert records(landed, source, stream) == expected


def test_quotes_zeros_and_null_dates_stay_what_the_source_said(landed):
    assert said_of(landed, "ndc", "products", "0001-0001")["PROPRIETARYNAME"] == 'Quell"o'
    assert said_of(landed, "sap", "mara", "000000000000001234")["LAEDA"] == "00000000"


def test_what_is_set_wins_over_the_profile(tmp_path):
    (tmp_path / "mdm.toml").write_text(
        '[sources.a]\nconnector = "files"\nprofile = "ndc"\npath = "x"\ndelimiter = ";"\n'
        '[sources.a.streams.products]\nkey = ["PRODUCTID"]\ndelivery = "delta"\n[sources.a.streams.packages]\n'
    )

    loaded = settings.load(tmp_path / "mdm.toml").source("a")

    assert (loaded.stream("products").key, loaded.stream("products").delivery) == (("PRODUCTID",), "delta")
    assert (loaded.stream("packages").key, loaded.stream("packages").delivery) == (("NDCPACKAGECODE",), "full")
    assert Files("a", loaded.options)._of(StreamRequest("products"))["delimiter"] == ";"
    assert Files("a", {"path": "x", "profile": "ndc"})._of(StreamRequest("products"))["delimiter"] == "tab"


def test_a_stream_may_have_any_name_if_it_says_which_it_is(tmp_path):
    (tmp_path / "mdm.toml").write_text(
        '[sources.a]\nconnector = "files"\npath = "x"\n[sources.a.streams.pills]\nprofile = "ndc/products"\n'
    )

    assert settings.load(tmp_path / "mdm.toml").source("a").stream("pills").key == ("PRODUCTNDC",)


@pytest.mark.parametrize(
    ("profile", "stream", "words"),
    [
        ("npes", "providers", "there is no profile 'npes'; did you mean 'nppes'"),
        ("ndc", "pills", "the profile 'ndc' has no stream 'pills'; name the stream one of: products, packages"),
    ],
)
def test_a_mistyped_profile_is_refused_by_name(tmp_path, profile, stream, words):
    (tmp_path / "mdm.toml").write_text(
        f'[sources.a]\nconnector = "files"\nprofile = "{profile}"\npath = "x"\n[sources.a.streams.{stream}]\n'
    )

    with pytest.raises(ConfigError, match=words):
        settings.load(tmp_path / "mdm.toml")


def test_an_operation_nobody_knows_is_rejected_not_guessed(tmp_path):
    (tmp_path / "a.csv").write_text("PROCESS,Id\nR,1\nX,2\n,3\n")
    files = Files("a", {"path": "a.csv", "profile": "onekey"})

    said = Said(files.read(Context(home=tmp_path), StreamRequest("any", ("Id",)), None))

    assert said.keys == ["1"]
    assert said.rejected[0] == ("a.csv line 3", "PROCESS is 'X', which is none of R, D")


def test_an_answer_that_speaks_of_errors_is_refused(tmp_path):
    (tmp_path / "a.json").write_text(json.dumps({"Errors": [{"number": "04", "description": "No valid search"}]}))
    files = Files("a", {"path": "a.json", "profile": "npi_registry"})

    with pytest.raises(DamagedError, match=r"a\.json: the source answered with an error instead of records: No valid search"):
        list(files.read(Context(home=tmp_path), StreamRequest("providers", ("number",)), None))


def test_the_streams_of_a_profile_are_offered_with_their_keys(landed):
    offered = Files("fda", {"path": "in/drugs", "profile": "drugsatfda"}).discover(Context(home=landed))

    assert {stream.name: (stream.key, stream.deletes) for stream in offered} == {
        "products": (("ApplNo", "ProductNo"), "absence"), "applications": (("ApplNo",), "absence"),
    }  # fmt: skip


def test_the_proposed_map_is_the_profile_s(landed, capfd):
    capfd.readouterr()

    assert run(["map", "nppes", "providers", "hcp"]) == 0
    told = capfd.readouterr().out

    assert 'where = { "Entity Type Code" = ["1"] }' in told
    assert '"Provider Last Name (Legal Name)" = "family_name"' in told
    assert '# ignore = ["Replacement NPI", "Last Update Date"' in told


@pytest.mark.parametrize(
    ("profile", "stream", "entity"),
    [
        (profile.name, stream, one["entity"])
        for profile in PROFILES.values()
        for stream, kind in profile.streams.items()
        for one in kind.maps
    ],
)
def test_every_proposed_map_is_one_the_rules_understand(tmp_path, profile, stream, entity):
    name = stream.replace("*", "any")
    head = f'[sources.a]\nconnector = "files"\nprofile = "{profile}"\npath = "x"\n[sources.a.streams.{name}]\nkey = ["k"]\n'
    proposal = written(Files.maps(profile, name), [], entity=entity, source="a", stream=name)
    assert proposal is not None
    (tmp_path / "mdm.toml").write_text(head + proposal)

    loaded = settings.load(tmp_path / "mdm.toml")

    stream_settings = loaded.source("a").stream(name)
    assert mapping.validated(stream_settings, catalog.entities(project.bundled("rules")), loaded.sources).maps
