"""What the shipped rules take for alike: names in other letters, nicknames, swapped and double names, sets, numbers with units."""

import polars as pl
import pytest

from mdm import model
from mdm.bench import Bench
from mdm.train import pattern


@pytest.fixture(scope="module")
def reached(compared):
    """The level that two records reach in a comparison, in the words of the rules; None where there is nothing to compare."""

    def ask(entity, comparison, left, right):
        bench = Bench(None)
        bench.store("comparable", compared(entity, left, right))
        bench.store("two", pl.DataFrame({"a": [0], "b": [1]}))
        made = [c for c in model.declared(entity)["comparisons"] if c["output_column_name"] == comparison]
        (level,) = pattern.levels(bench, made, "two")["g0"].to_list()
        graded = [lv["label_for_charts"] for lv in reversed(made[0]["comparison_levels"]) if not lv.get("is_null_level")]
        return graded[level] if level >= 0 else None

    return ask


@pytest.mark.parametrize(
    ("left", "right", "level"),
    [
        ("Иванов", "Ivanov", "Exact match on family_name"),
        ("Παπαδόπουλος", "Papadopoulos", "Damerau-Levenshtein distance of family_name <= 1"),
        ("王", "Wang", "Exact match on family_name"),
        ("김", "Gim", "Exact match on family_name"),
        ("Müller", "Muller", "Exact match on family_name"),
        ("Müller", "Mueller", "Damerau-Levenshtein distance of family_name <= 1"),
        ("García-López", "Garcia Lopez", "Exact match on family_name"),
        ("García-López", "García", "a family name in common"),
        ("van der Berg", "Berg", "a family name in common"),
        ("de la Cruz", "de la Torre", "All other comparisons"),
        ("Cardenas", "Cardera", "All other comparisons"),
    ],
)
def test_family_names(entities, reached, left, right, level):
    ana = {"given_name": "Ana"}

    assert reached(entities["hcp"], "family_name", ana | {"family_name": left}, ana | {"family_name": right}) == level


@pytest.mark.parametrize(
    ("left", "right", "level"),
    [
        ("Bill", "William", "short form of the same given name"),
        ("Юрий", "Yuriy", "Exact match on given_name"),
        ("J.", "John", "initial of the given name"),
        ("Helen", "Hefen", "given names spelt alike"),
        ("Ana", "Ina", "All other comparisons"),
    ],
)
def test_given_names(entities, reached, left, right, level):
    zed = {"family_name": "Zed"}

    assert reached(entities["hcp"], "given_name", zed | {"given_name": left}, zed | {"given_name": right}) == level


def test_names_in_each_others_place(entities, reached):
    left, right = {"given_name": "Rocío", "family_name": "Belenas"}, {"given_name": "Belenas", "family_name": "Rocio"}

    for name in ("given_name", "family_name"):
        assert reached(entities["hcp"], name, left, right) == "given and family name swapped"


@pytest.mark.parametrize(
    ("left", "right", "level"),
    [
        ("Cardiology; Oncology", "oncology;CARDIOLOGY", "Exact match on specialties"),
        ("Cardiology; Oncology", "Oncology", "a specialty in common"),
        ("Cardiology", "Oncology", "no specialty in common"),
        ("Cardiology", None, None),
    ],
)
def test_specialties_are_sets(entities, reached, left, right, level):
    ana = {"given_name": "Ana", "family_name": "Zed"}

    assert reached(entities["hcp"], "specialties", ana | {"specialties": left}, ana | {"specialties": right}) == level


HERE = {"address": "12 Elm Street", "city": "Larkmoor", "postcode": "45210", "phone": "513 555 0101"}


@pytest.mark.parametrize(
    ("left", "right", "level"),
    [
        (HERE, HERE | {"address": "12 ELM ST."}, "(Exact match on address) AND (Exact match on postcode)"),
        (HERE, {"postcode": "45210"}, "same postcode, address unknown"),
        (HERE, {"city": "Larkmoor"}, "Exact match on city"),
        (HERE, {"phone": "+1 513-555-0199"}, "no location known, telephones of one area"),
        (HERE, {"phone": "+1 513-555-0101"}, None),
        (HERE, {}, None),
    ],
    ids=["all", "postcode", "city", "area", "one telephone", "nothing"],
)
def test_an_address_is_one_comparison_of_its_parts(entities, reached, left, right, level):
    ana = {"given_name": "Ana", "family_name": "Zed"}

    assert reached(entities["hcp"], "location", ana | left, ana | right) == level


@pytest.mark.parametrize(
    ("left", "right", "level"),
    [
        ("5 mg/ml", "0.5 %", "the same strength"),
        ("5 mg/ml", "5000 µg/ml", "the same strength"),
        ("5 mg/ml", "5 mg", "All other comparisons"),
        ("0,5 g", "500 MG", "the same strength"),
    ],
)
def test_strengths_are_numbers_with_units(entities, reached, left, right, level):
    bulk = {"name": "Velotinib", "level": "product"}

    assert reached(entities["material"], "dose", bulk | {"strength": left}, bulk | {"strength": right}) == level


@pytest.mark.parametrize(
    ("left", "right", "level"),
    [
        ({"name": "Velotinib HCl"}, {"name": "VELOTINIB HYDROCHLORIDE API"}, "Exact match on salt"),
        ({"name": "Velotinib"}, {"name": "Velotinib hydrochloride"}, "another salt"),
        (
            {"name": "Velotinib", "substances": "velotinib hcl"},
            {"name": "Velotinib HCl", "substances": "velotinib hydrochloride"},
            "a salt left out of the name",
        ),
    ],
    ids=["spelt", "salt and base", "left out"],
)
def test_a_salt_is_not_its_base(entities, reached, left, right, level):
    substance = {"level": "substance"}

    assert reached(entities["material"], "salt", substance | left, substance | right) == level


def test_a_brand_does_not_contradict_the_substance(entities, reached):
    pack = {"level": "product", "substances": "velotinib"}
    brand, other, generic = pack | {"name": "Velenza 5 mg"}, pack | {"name": "Zarulo 5 mg"}, pack | {"name": "VELOTINIB 5MG TAB"}

    assert reached(entities["material"], "name", brand, generic) is None
    assert reached(entities["material"], "name", brand, other) == "All other comparisons"
