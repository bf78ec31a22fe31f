"""The troubles real data has: each is there, as often as it should be."""

import json
from collections import Counter
from itertools import pairwise
from pathlib import Path

import polars as pl

from mdm.demo import crm, delivery, hard_negatives, noise, words
from mdm.demo.notable import worth_a_look
from mdm.demo.world import Scale, World, world


def _csv(path: Path, **kwargs: str) -> pl.DataFrame:
    return pl.DataFrame(delivery.read_csv(path, **kwargs), infer_schema_length=None)


def _accounts(folder: Path) -> pl.DataFrame:
    return _csv(folder / "crm" / crm.FIRST, encoding="utf-8-sig")


def _world() -> World:
    return world(Scale())


def _valid(npi: str) -> bool:
    return len(npi) == 10 and npi.isdigit() and noise.luhn_digit(npi[:-1], 24) == npi[-1]


def test_twenty_registry_numbers_are_invalid(demo: Path) -> None:
    vault = json.loads((demo / "vault" / "hcp__v.json").read_text(encoding="utf-8"))["data"]
    register = _csv(demo / "register" / "providers_2026-02-09.csv")["NPI"].to_list()
    told = _accounts(demo).filter((pl.col("NPI_vod__c") != "") & pl.col("Id").str.starts_with("001DP")).unique("Id")

    invalid = [npi for npi in told["NPI_vod__c"] if not _valid(npi)]

    assert len(invalid) == 20
    assert all(_valid(npi) for npi in register)
    assert all(_valid(row["npi_num__v"]) for row in vault if row["npi_num__v"])


def test_every_number_is_of_a_range_nobody_was_given() -> None:
    everything = _world()

    npis = [p.npi for p in everything.people if p.npi] + [s.ids["npi"] for s in everything.sites if "npi" in s.ids]

    assert len(set(npis)) == len(npis)
    assert all(npi.startswith("2") and _valid(npi) for npi in npis)
    assert all("555" in p.phone for p in everything.people)
    assert all(p.email.endswith(".example") for p in everything.people)


def test_one_person_has_opted_out(demo: Path) -> None:
    out = _accounts(demo).filter(pl.col("PDRP_Opt_Out_vod__c") == "true")
    truth = _csv(demo / "truth" / "hcp.csv")

    clusters = truth.filter(pl.col("source_key").is_in(out["Id"].to_list()))["cluster"]

    assert clusters.n_unique() == 1


def test_fathers_and_sons_share_all_but_what_tells_them_apart() -> None:
    people = _world().people
    fathers = [p for p in people if p.suffix == "Sr"]

    for father in fathers:
        son = people[father.number + 1]
        assert (son.given, son.family, son.sites, son.phone, son.suffix) == (
            father.given,
            father.family,
            father.sites,
            father.phone,
            "Jr",
        )
        assert son.birth_date.year - father.birth_date.year >= 18
        assert son.npi != father.npi or not son.npi
        assert son.email != father.email
    assert len(fathers) == 12


def test_sites_were_renamed_and_moved_and_have_departments() -> None:
    sites = _world().sites

    departments = [s for s in sites if s.name.startswith("Department of")]
    houses = {s.parent for s in departments}

    assert sum(bool(s.old_name) for s in sites) == 8
    assert sum(s.old_address is not None for s in sites) == 8
    assert len(departments) == 40
    assert all(len({d.name for d in departments if d.parent == house}) == 2 for house in houses)


def test_a_generation_is_often_left_out(demo: Path) -> None:
    truth = dict(_csv(demo / "truth" / "hcp.csv").select("source_key", "cluster").iter_rows())
    related = {n for negative in hard_negatives(demo) if negative.entity == "hcp" for n in (negative.a, negative.b)}

    told = _accounts(demo).filter(pl.col("Id").replace_strict(truth, default=None).is_in(list(related)))

    assert 0.25 < (told["Suffix_vod__c"] == "").mean() < 0.75
    assert (told["PersonBirthdate"] != "").all()


def test_some_salts_have_their_base_beside_them() -> None:
    substances = [m.substance for m in _world().materials if m.level == "substance"]

    both = [(a, b) for a, b in pairwise(substances) if a.base == b.base]

    assert len(both) >= 6
    assert all(a.salt and not b.salt and a.unii != b.unii and a.cas != b.cas for a, b in both)


def test_hard_negatives_are_two_in_the_truth(demo: Path) -> None:
    told = {(e, r["cluster"]) for e in ("hcp", "site", "material") for r in delivery.read_csv(demo / "truth" / f"{e}.csv")}

    negatives = hard_negatives(demo)

    assert all(n.a != n.b and {(n.entity, n.a), (n.entity, n.b)} <= told for n in negatives)
    assert Counter(n.kind for n in negatives) >= Counter({
        "father and son": 12, "two departments": 20, "department and house": 40, "two strengths": 100, "two packs": 60, "salt and base": 6,
    })  # fmt: skip


def test_products_come_in_two_strengths_or_more() -> None:
    products = [m for m in _world().materials if m.level == "product"]

    strengths = {}
    for product in products:
        strengths.setdefault((product.substance.name, product.brand, product.form, product.maker), set()).add(product.strength)

    assert sum(len(s) > 1 for s in strengths.values()) > 0.9 * len(strengths)


def test_people_are_told_of_with_nicknames_accents_and_capitals(demo: Path) -> None:
    people = _accounts(demo)["FirstName"]
    register = _csv(demo / "register" / "providers_2026-02-09.csv")["Provider First Name"]

    assert people.is_in([n for names in words.NICKNAMES.values() for n in names]).sum() > 50
    assert people.str.contains("[áéíóúäöüñç]").sum() > 20
    assert register.filter(register != "").str.contains("^[A-Z .'-]+$").all()


def test_practices_share_their_telephone(demo: Path) -> None:
    told = _accounts(demo).filter(pl.col("Id").str.starts_with("001DP") & (pl.col("Phone") != ""))
    digits = told["Phone"].str.replace_all(r"\D", "").str.slice(-10)

    assert digits.is_duplicated().mean() > 0.3


def test_the_second_delivery_withdraws_merges_and_drifts(demo: Path) -> None:
    second = _csv(demo / "crm" / crm.SECOND, encoding="utf-8-sig")
    first = set(_accounts(demo)["Id"])

    merged = second.filter(pl.col("MasterRecordId") != "")
    withdrawn = second.filter((pl.col("IsDeleted") == "true") & (pl.col("MasterRecordId") == ""))
    truth = dict(_csv(demo / "truth" / "hcp.csv").select("source_key", "cluster").iter_rows())

    assert "Territory_vod__c" in second.columns
    assert len(merged) == 15
    assert len(withdrawn) == 25
    assert set(merged["MasterRecordId"]) | set(second["Id"]) <= first
    assert all(truth[loser] == truth[winner] for loser, winner in merged.select("Id", "MasterRecordId").iter_rows())
    assert not set(withdrawn["Id"]) & set(truth)


def test_rows_come_twice_and_placeholders_sit_among_people(demo: Path) -> None:
    accounts = _accounts(demo)

    assert len(accounts) - accounts["Id"].n_unique() == 12
    assert (
        len(accounts.unique("Id").filter(pl.col("LastName").is_in(["Contact", "Coordinator", "Office", "User", "Investigator"])))
        == 6
    )
    assert len(accounts.unique("Id").filter((pl.col("RecordType") == "Professional_vod") & (pl.col("LastName") == ""))) == 3


def test_deactivated_providers_are_blank_but_for_number_and_date(demo: Path) -> None:
    weekly = _csv(demo / "register" / "providers_2026-03-01_weekly.csv")
    monthly = set(_csv(demo / "register" / "providers_2026-02-09.csv")["NPI"])

    gone = weekly.filter((pl.col("NPI Deactivation Date") != "") & (pl.col("NPI Reactivation Date") == ""))
    back = weekly.filter(pl.col("NPI Reactivation Date") != "")

    filled = {c for c in gone.columns if (gone[c] != "").any()}
    assert filled == {"NPI", "NPI Deactivation Date"}
    assert (len(gone), len(back)) == (17, 3)
    assert len(set(gone["NPI"]) - monthly) == 5


def test_materials_say_one_thing_in_many_ways(demo: Path) -> None:
    erp = _csv(demo / "erp" / "materials.csv", encoding="cp1252", delimiter=";")
    products = _csv(demo / "regulatory" / "products.csv")

    assert erp["MATNR"].str.contains(r"^0{12}\d{6}$").all()
    assert erp["ZSTRENGTH"].str.contains(r"^0[.,]5 g$").any()
    assert erp["ZSTRENGTH"].str.contains("(?i)^500 ?mg$").any()
    assert erp["ZNDC"].str.contains(r"^\d{10}$").any()
    assert erp["ZNDC"].str.contains(r"^\d{5}-\d{3}-\d{2}$").any()
    assert (erp["LAEDA"] == "00000000").any()
    assert (erp["MAKTX"].str.len_chars() <= 40).all()
    assert set(products["Strength_Unit"]) >= {"mg", "g", "MG"}
    assert products["Level"].n_unique() == 4


def test_the_next_day_changes_withdraws_and_adds(demo: Path, second_day: Path) -> None:
    day = {(r["source"], r["source_key"]) for e in ("hcp", "material") for r in delivery.read_csv(demo / "truth" / f"{e}.csv")}
    after = {
        (r["source"], r["source_key"]) for e in ("hcp", "material") for r in delivery.read_csv(second_day / "truth" / f"{e}.csv")
    }
    feed = json.loads((second_day / "vault" / "hcp__v.json").read_text(encoding="utf-8"))["deletions"]

    assert {source for source, _ in day - after} == {"crm", "vault", "erp"}
    assert {source for source, _ in after - day} == {"crm", "erp"}
    assert len(feed) == 5


def test_there_is_a_pair_of_each_kind_worth_a_look(demo: Path) -> None:
    truth = {
        f"{r['source']}/{r['stream']}:{r['source_key']}": r["cluster"]
        for entity in ("hcp", "site", "material")
        for r in delivery.read_csv(demo / "truth" / f"{entity}.csv")
    }

    pairs = worth_a_look(demo)

    assert len(pairs) == 4
    assert {pair.entity for pair in pairs} == {"hcp", "site", "material"}
    assert all((truth[pair.a] == truth[pair.b]) == (pair.same == "yes") for pair in pairs)
