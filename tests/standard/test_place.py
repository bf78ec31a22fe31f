import pytest

from mdm import standard
from mdm.standard.country import countries
from mdm.standard.region import regions


@pytest.mark.parametrize(
    ("raw", "published", "key"),
    [
        ("688482168", "68848-2168", "68848"),
        ("68848 2168", "68848-2168", "68848"),
        ("60649-0000", "60649", "60649"),
        ("60649-", "60649", "60649"),
        ("sw1a1aa", "SW1A 1AA", "SW1A1AA"),
        ("k1a-0b1", "K1A 0B1", "K1A0B1"),
        ("D-80331", "D-80331", "80331"),
        ("01310-100", "01310-100", "01310100"),
        ("-", "-", None),
    ],
)
def test_postcode(raw, published, key):
    assert (standard.postcode(raw), standard.postcode_key(raw)) == (published, key)


@pytest.mark.parametrize(
    ("raw", "expected"),
    [("usa", "US"), ("U.S.A.", "US"), ("United States", "US"), ("UK", "GB"), ("England", "GB"), ("DEU", "DE"),
     ("Korea, Republic of", "KR"), ("Côte d’Ivoire", "CI"), ("turkey", "TR"), ("Trinidad & Tobago", "TT"),
     ("Atlantis", "ATLANTIS"), (" ", None)],
)  # fmt: skip
def test_country(raw, expected):
    assert standard.country(raw) == expected


def test_every_country_has_a_code_of_two_and_of_three_letters():
    known = countries()

    codes = set(known.values())
    assert len(codes) == 249
    assert sum(len(code) == 3 and code.isupper() and code.isalpha() for code in known) >= 249
    assert all(standard.country(spelled) == code for spelled, code in known.items())


@pytest.mark.parametrize(
    ("raw", "published", "key"),
    [("illinois", "IL", "il"), ("N.Y.", "NY", "ny"), ("Washington, D.C.", "DC", "dc"), ("québec", "QC", "qc"),
     ("Île-de-France", "Île-de-France", "ile de france")],
)  # fmt: skip
def test_region(raw, published, key):
    assert (standard.region(raw), standard.region_key(raw)) == (published, key)


def test_every_region_is_found_by_all_its_names():
    known = regions()

    assert all(standard.region(spelled) == code for spelled, code in known.items())


def test_address_is_clean():
    assert standard.address(" 1824 KING STREET ,, SUITE 300 ;") == "1824 KING STREET, SUITE 300"


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("1824 King Street, Suite 300", "1824 KING ST. STE 300"),
        ("1824 King St # 300", "1824 King Street Unit 300"),
        ("P.O. Box 12", "Post Office Box 12"),
        ("Hauptstraße 5", "HAUPTSTR. 5"),
        ("100 N.W. Fifth Avenue", "100 NW 5th Ave"),
        ("12 Saint Johns Road", "12 St. Johns Rd"),
        ("7 North Harbour Boulevard, 3rd Floor", "7 N Harbor Blvd 3rd Fl"),
    ],
)
def test_addresses_that_are_one(left, right):
    assert standard.address_key(left) == standard.address_key(right)


@pytest.mark.parametrize(
    ("left", "right"),
    [("1824 King St 300", "1824 King St 301"), ("10 North Ave", "10 South Ave"), ("5 Oak St", "5 Oak Rd"), ("Suite", "Unit")],
)
def test_addresses_that_are_two(left, right):
    assert standard.address_key(left) != standard.address_key(right)
