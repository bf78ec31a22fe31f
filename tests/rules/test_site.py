"""Sites: departments, houses and kinds stay apart, addresses are compared by the house."""

import pytest

HOUSE = {"name": "Saint Maren Hospital", "address": "12 Elm Street", "city": "Larkmoor"}


@pytest.fixture
def site(entities):
    return entities["site"]


@pytest.mark.parametrize(
    ("left", "right", "broken"),
    [
        ({"kind": "organisation"}, {"kind": "place"}, {"kind"}),
        ({"kind": "organisation"}, {"kind": "department"}, set()),
        ({"kind": "study_site"}, {"kind": "place"}, {"kind"}),
        ({}, {"name": "Dept. of Cardiology, St Maren Hosp"}, {"unit"}),
        ({"name": "Saint Maren Hospital Oncology Department"}, {"name": "Department of Cardiology, Saint Maren Hospital"},
         {"unit", "department"}),
        ({"name": "Dept. of Oncol., Saint Maren Hosp."}, {"name": "Department of Oncology, Saint Maren Hospital"}, set()),
        ({"npi": "2100000001"}, {"npi": "2100000019"}, set()),
    ],
    ids=["place", "kind of department", "study site", "department and house", "two departments", "one department", "two NPIs"],
)  # fmt: skip
def test_vetoes(site, parts, left, right, broken):
    assert parts(site, HOUSE | left, HOUSE | right) == broken


@pytest.mark.parametrize(
    ("written", "premises"),
    [
        ("12 Elm Street", "12 elm"),
        ("12-14 Elm St., Suite 300", "12 elm"),
        ("12 ELM ST. 3rd Floor", "12 elm"),
        ("100 Avenue B", "100 ave b"),
        ("2610 West 25th Place Lower level", "2610 w 25th"),
        ("PO Box 2168", "po box 2168"),
    ],
    ids=["plain", "range and suite", "floor", "avenue first", "numbered street", "box"],
)
def test_an_address_is_compared_by_the_house(site, compared, written, premises):
    assert compared(site, HOUSE | {"address": written})["premises"].to_list() == [premises]


def test_a_name_is_compared_by_the_words_that_tell(site, compared):
    rows = compared(site, HOUSE | {"name": "The University Hospital of Larkmoor"}, HOUSE | {"name": "Regional Medical Center"})

    assert rows["name_words"].to_list() == [["larkmoor"], None]


@pytest.mark.parametrize(
    ("attribute", "value", "rule"),
    [
        ("npi", "2100000009", "not a valid npi"),
        ("ror", "02mhbdp95", "not a valid ror"),
        ("fei", "12345", "not a valid fei"),
        ("duns", "12-345", "not a valid duns"),
        ("kind", "ward", "not one of: organisation, department, place, study_site"),
    ],
)
def test_a_bad_value_is_reported_and_the_record_goes_on(site, failures, attribute, value, rule):
    assert failures(site, HOUSE | {attribute: value}) == {(attribute, rule, False)}


def test_the_name_tells_the_department(site, published):
    rows = published(site, HOUSE | {"name": "Department of Internal Medicine, Saint Maren Hospital"}, HOUSE)

    assert rows["department"].to_list() == ["Internal Medicine", None]


def test_a_department_is_heard_through_a_slip(entities, parts):
    house, department = {"name": "Saint Oswin Hospital"}, {"name": "Dpeartment of Surgery, Saint Oswin Hospital"}

    assert parts(entities["site"], house, department) == {"unit"}
