"""The demo's files: the same for a seed, readable, and every record in exactly one true cluster."""

import json
from pathlib import Path
from xml.etree import ElementTree

import polars as pl
import pytest

from mdm import settings
from mdm.demo import delivery, generate, next_day

ODM = "{http://www.cdisc.org/ns/odm/v1.3}"


def _files(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def _csv(path: Path, **kwargs: str) -> pl.DataFrame:
    return pl.DataFrame(delivery.read_csv(path, **kwargs), infer_schema_length=None)


def _truth(folder: Path, entity: str) -> pl.DataFrame:
    return _csv(folder / "truth" / f"{entity}.csv")


def _latest(*frames: pl.DataFrame, key: str) -> pl.DataFrame:
    return pl.concat(frames, how="diagonal").unique(key, keep="last", maintain_order=True)


def _crm(folder: Path) -> pl.DataFrame:
    files = sorted((folder / "crm").glob("accounts_*.csv"))
    return _latest(*(_csv(f, encoding="utf-8-sig") for f in files), key="Id")


def _keys(truth: pl.DataFrame, source: str) -> set[str]:
    return set(truth.filter(pl.col("source") == source)["source_key"])


def test_the_same_seed_writes_the_same_bytes(tmp_path: Path) -> None:
    generate(tmp_path / "a", seed=3, hcps=120, sites=30, materials=40)
    generate(tmp_path / "b", seed=3, hcps=120, sites=30, materials=40)
    generate(tmp_path / "c", seed=4, hcps=120, sites=30, materials=40)

    assert _files(tmp_path / "a") == _files(tmp_path / "b")
    assert _files(tmp_path / "a")["crm/accounts_2026-02-16.csv"] != _files(tmp_path / "c")["crm/accounts_2026-02-16.csv"]


def test_the_next_day_written_twice_is_the_same_day(tmp_path: Path) -> None:
    generate(tmp_path, hcps=120, sites=30, materials=40)
    next_day(tmp_path, delivery.TODAY)
    once = _files(tmp_path)

    next_day(tmp_path, delivery.TODAY)

    assert _files(tmp_path) == once


@pytest.mark.parametrize("noise", [0.0, 3.0], ids=["clean", "filthy"])
@pytest.mark.parametrize("size", [20, 300])
def test_other_sizes_and_noises_work(tmp_path: Path, size: int, noise: float) -> None:
    generate(tmp_path, hcps=size, sites=max(12, size // 6), materials=max(12, size // 4), noise=noise)
    next_day(tmp_path)

    assert _truth(tmp_path, "hcp")["cluster"].n_unique() >= size - 2


@pytest.mark.parametrize(
    ("entity", "things", "least", "most"), [("hcp", 2000, 4000, 8000), ("site", 300, 600, 1200), ("material", 500, 900, 1600)]
)
def test_every_thing_has_two_records_or_more_on_average(demo: Path, entity: str, things: int, least: int, most: int) -> None:
    truth = _truth(demo, entity)
    real = truth.filter(~pl.col("cluster").str.contains("placeholder|nameless"))

    # A withdrawn account may have been the only record of a person.
    assert things - 10 <= real["cluster"].n_unique() <= things
    assert least < len(real) < most
    assert real["source"].n_unique() == {"hcp": 4, "site": 4, "material": 3}[entity]


@pytest.mark.parametrize("day", ["demo", "second_day"])
def test_every_record_is_in_exactly_one_cluster(day: str, request: pytest.FixtureRequest) -> None:
    folder = request.getfixturevalue(day)
    truth = {entity: _truth(folder, entity) for entity in ("hcp", "site", "material")}

    everything = pl.concat(truth.values())

    assert everything.select(pl.struct("source", "stream", "source_key").is_unique().all()).item()
    crm = _crm(folder)
    merged = pl.col("MasterRecordId") != ""
    live = crm.filter((pl.col("IsDeleted") == "false") | merged)
    people = live.filter(pl.col("RecordType") == "Professional_vod")
    sites = live.filter(~pl.col("RecordType").is_in(["Professional_vod", "Payer_vod"]))
    assert _keys(truth["hcp"], "crm") == set(people["Id"])
    assert _keys(truth["site"], "crm") == set(sites["Id"])
    register = _csv(folder / "register" / "providers_2026-02-09.csv")
    assert _keys(truth["hcp"], "register") == set(register.filter(pl.col("Entity Type Code") == "1")["NPI"])
    assert _keys(truth["site"], "register") == set(register.filter(pl.col("Entity Type Code") == "2")["NPI"])
    materials = _csv(folder / "erp" / "materials.csv", encoding="cp1252", delimiter=";").filter(pl.col("LVORM") == "")
    assert _keys(truth["material"], "erp") == set(materials["MATNR"])
    kit_types = (folder / "irt" / "kit_types.jsonl").read_text(encoding="utf-8").splitlines()
    kits = [json.loads(line)["kitTypeId"] for line in kit_types]
    assert _keys(truth["material"], "irt") == set(kits)
    assert _keys(truth["material"], "regulatory") == set(_csv(folder / "regulatory" / "products.csv")["Product_ID"])


def test_the_odm_document_holds_the_sites_and_investigators_of_the_truth(demo: Path) -> None:
    root = ElementTree.parse(demo / "edc" / "study.xml").getroot()

    locations = [e.get("OID") for e in root.iter(f"{ODM}Location")]
    users = list(root.iter(f"{ODM}User"))

    assert set(locations) == _keys(_truth(demo, "site"), "edc")
    assert {u.get("OID") for u in users if u.get("UserType") == "Investigator"} == _keys(_truth(demo, "hcp"), "edc")
    assert {ref.get("LocationOID") for ref in root.iter(f"{ODM}LocationRef")} <= set(locations)
    assert len({u.get("OID") for u in users}) == len(users)


def test_the_settings_read_every_source(demo: Path) -> None:
    read = settings.load(demo / "mdm.toml")

    roles = {name: source.role for name, source in read.sources.items()}
    assert (roles["crm"], roles["edc"], roles["vault"], roles["register"]) == ("crm", "edc", "master", "register")
    assert {"erp", "regulatory", "irt"} <= set(roles)
    codes = read.source("register").stream("providers").maps[0].values["specialty"]
    assert codes["207RC0000X"] == "Cardiology"


def test_every_file_field_is_mapped_or_ignored_but_one(demo: Path) -> None:
    read = settings.load(demo / "mdm.toml")
    unmapped = {}
    for source, stream, pattern, encoding, delimiter in (
        ("crm", "accounts", "crm/accounts_*.csv", "utf-8-sig", ","),
        ("crm", "addresses", "crm/addresses_*.csv", "utf-8-sig", ","),
        ("register", "providers", "register/*.csv", "utf-8", ","),
        ("erp", "materials", "erp/*.csv", "cp1252", ";"),
        ("regulatory", "products", "regulatory/*.csv", "utf-8", ","),
    ):
        told = read.source(source).stream(stream)
        header = {c for f in demo.glob(pattern) for c in _csv(f, encoding=encoding, delimiter=delimiter).columns}
        known = {*told.key, told.modified, *told.ignore, *told.merged_into}
        known |= {c.field for c in (told.deleted, told.inactive) if c} | {c.unless for c in (told.inactive,) if c}
        for one in told.maps:
            known |= {*one.fields, *one.where, *(k for link in one.links for k in link.key)}
            known |= set(one.parent.field if one.parent else ())
        unmapped[source, stream] = header - known
        assert not {f for one in told.maps for f in one.fields} - header

    assert {key: names for key, names in unmapped.items() if names} == {("crm", "accounts"): {"Territory_vod__c"}}
