"""Taking a text apart: the words that tell, the house, the department, the elements of a list."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mdm import standard


@pytest.mark.parametrize(
    ("address", "house"),
    [
        ("12 elm st", "12 elm"),
        ("12 14 elm st", "12 elm"),
        ("123a main st 300", "123 main"),
        ("100 ave b", "100 ave b"),
        ("2610 w 25th pl lower level", "2610 w 25th"),
        ("po box 2168", "po box 2168"),
        ("calle 5", "calle 5"),
    ],
)
def test_the_house_of_an_address(address, house):
    assert standard.premises(address) == house


@given(st.text())
def test_the_house_of_a_house_is_the_house(address):
    once = standard.premises(standard.address_key(address))

    assert once is None or standard.premises(once) == once


def test_a_house_number_leads():
    assert standard.house_number("12 14 elm st") == "12"
    assert standard.house_number("po box 2168") is None


def test_words_that_tell():
    tell = standard.words(without=["hospital", "of"])

    assert tell("university hospital of larkmoor") == ["larkmoor", "university"]
    assert tell("hospital of") is None
    assert tell(None) is None


@pytest.mark.parametrize(
    ("name", "department", "unit"),
    [
        ("Department of Internal Medicine, Saint Maren Hospital", "Internal Medicine", "internal"),
        ("Dept. of Oncol. - Saint Maren Hosp.", "Oncol.", "oncology"),
        ("Saint Maren Hospital Cardiology Dept", "Cardiology", "cardiology"),
        ("Cardiology Dept, Saint Maren Hospital", "Cardiology", "cardiology"),
        ("Saint Maren Hospital", None, "whole"),
        ("Dividend Hospital", None, "whole"),
    ],
)
def test_the_department_in_a_name(name, department, unit):
    assert standard.department(name) == department
    assert standard.unit(standard.org_key(name)) == unit


def test_a_list_is_standardised_element_by_element():
    keys = standard.each(standard.org_key)

    assert keys(["Univ Hosp", " ", None, "University Hospital", "Clinic"]) == ["clinic", "university hospital"]
    assert keys([]) is None
    assert keys(None) is None
