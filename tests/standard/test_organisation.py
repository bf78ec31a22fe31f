import pytest

from mdm import standard


def test_org_name_is_clean_and_keeps_its_case():
    assert standard.org_name("  - ACME  Health , Inc .") == "ACME Health, Inc."


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("Univ. Hosp. of St. Mary, Inc.", "The University Hospital of Saint Mary"),
        ("Lakeside Med Ctr LLC", "LAKESIDE MEDICAL CENTRE"),
        ("Hôpital Lumière", "Hospital Lumiere"),
        ("Novella S.p.A.", "NOVELLA"),
        ("U.S.A. Health Care Co.", "USA Healthcare"),
        ("Children's Hospital & Clinics", "Childrens Hospital and Clinic"),
        ("Universität Musterstadt", "University of Musterstadt"),
        ("Beispiel GmbH & Co. KG", "Beispiel"),
    ],
)
def test_organisations_that_are_one(left, right):
    assert standard.org_key(left) == standard.org_key(right)


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("Lakeside Hospital", "Lakeside Clinic"),
        ("The Co", "The And"),
        ("Sa Nova", "Nova"),
        ("Oak Hospital North", "Oak Hospital"),
    ],
)
def test_organisations_that_are_two(left, right):
    assert standard.org_key(left) != standard.org_key(right)


def test_specialty():
    assert standard.specialty("Internal  Medicine / Cardiology") == "internal medicine cardiology"
