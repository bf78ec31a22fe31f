"""People: placeholders are refused, near twins are kept apart, and names are compared as people use them."""

import pytest

ANA = {"given_name": "Ana", "family_name": "Lorente"}


@pytest.fixture
def hcp(entities):
    return entities["hcp"]


@pytest.mark.parametrize(
    ("given", "family"),
    [("Central", "Contact"), ("Study", "Coordinator"), ("Clinical Trials", "Office"), ("Test", "User"), (None, "Call Center")],
    ids=["contact", "coordinator", "office", "test", "call center"],
)
def test_a_placeholder_is_quarantined(hcp, failures, given, family):
    assert ("", "a placeholder, not a person", True) in failures(hcp, {"given_name": given, "family_name": family})


@pytest.mark.parametrize("family", ["Contreras", "Young", "Officer", "Centers", "Price", "O'Neill"])
def test_a_person_with_an_unusual_name_is_not(hcp, failures, family):
    assert failures(hcp, {"given_name": "Grace", "family_name": family}) == set()


def test_a_person_needs_a_family_name(hcp, failures):
    assert ("family_name", "required", True) in failures(hcp, {"given_name": "Ana"})


@pytest.mark.parametrize(
    ("attribute", "value", "rule"),
    [
        ("npi", "2100000009", "not a valid npi"),
        ("orcid", "0000-0002-1825-0098", "not a valid orcid"),
        ("email", "ana at site.example", "not an e-mail address"),
        ("email", "none@none.com", "only filled in, nobody's e-mail address"),
        ("phone", "999-999-9999", "only filled in, nobody's telephone number"),
        ("birth_date", "1870-01-01", "before the year 1900"),
        ("birth_date", "2999-01-01", "lies in the future"),
        ("status", "on leave", "not one of: active, inactive, retired, deceased, suspended"),
        ("country", "Atlantis", "not a country of two letters"),
    ],
    ids=["npi", "orcid", "email", "email filled in", "phone", "born long ago", "born tomorrow", "status", "country"],
)
def test_a_bad_value_is_reported_and_the_record_goes_on(hcp, failures, attribute, value, rule):
    assert failures(hcp, ANA | {attribute: value}) == {(attribute, rule, False)}


def test_a_good_record_passes(hcp, failures):
    row = ANA | {"npi": "2100000001", "email": "ana@site.example", "birth_date": "02MAR1970", "status": "A", "gender": "F"}

    assert failures(hcp, row) == set()


@pytest.mark.parametrize(
    ("left", "right", "broken"),
    [
        ({"suffix": "Jr."}, {"suffix": "Senior"}, {"suffix"}),
        ({"suffix": "Jr."}, {"suffix": "JR"}, set()),
        ({"suffix": "Jr."}, {}, set()),
        ({"birth_date": "1970-03-02"}, {"birth_date": "03/02/1970"}, set()),
        ({"birth_date": "1970-03-02"}, {"birth_date": "1970-03-03"}, {"birth_date"}),
    ],
    ids=["father and son", "spelled otherwise", "unknown", "one date", "two dates"],
)
def test_vetoes(hcp, parts, left, right, broken):
    assert parts(hcp, ANA | left, ANA | right) == broken


def test_names_are_compared_as_people_use_them(hcp, compared):
    bill, william, swapped = compared(
        hcp,
        {"given_name": "Bill", "family_name": "van der Bromford"},
        {"given_name": "WILLIAM", "family_name": "Bromford-Quill"},
        {"given_name": "Bromford-Quill", "family_name": "William"},
    ).iter_rows(named=True)

    assert bill["known_as"] == william["known_as"]
    assert bill["family_words"] == ["bromford"]
    assert william["family_words"] == ["bromford", "quill"]
    assert william["full_name"] == swapped["full_name"]


def test_whoever_says_opt_out_is_believed(hcp):
    assert hcp.attribute("opt_out").rule.values[0] == "true"


@pytest.mark.parametrize(("attribute", "exposure"), [("birth_date", "sensitive"), ("email", "personal"), ("npi", "public")])
def test_what_is_masked(hcp, attribute, exposure):
    assert hcp.attribute(attribute).exposure == exposure


def test_a_generation_inside_the_family_name_is_heard(hcp, parts, compared):
    father, son = {"given_name": "Omar", "family_name": "Holgate Sr"}, {"given_name": "Omar", "family_name": "Holgate, Jr."}

    assert parts(hcp, father, son) == {"suffix"}
    assert compared(hcp, father, son)["family_name"].to_list() == ["holgate", "holgate"]
