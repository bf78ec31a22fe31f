from datetime import date

import pytest

from mdm import standard


@pytest.mark.parametrize(
    "raw",
    ["2014-05-29", "20140529", "05/29/2014", "5/29/2014", "29.05.2014", "29. 5. 2014", "2014/05/29", "2014-05-29T10:11:12Z",
     "2014-05-29 10:11", "05/29/2014 3:04 PM", "20140529101112", "29MAY2014", "29-May-2014", "May 29, 2014", "29 mayo 2014",
     "29. Mai 2014", " 2014-5-29 "],
)  # fmt: skip
def test_a_date_is_read_in_every_usual_form(raw):
    assert standard.date(raw) == date(2014, 5, 29)


@pytest.mark.parametrize(
    "raw", ["00000000", "0", "2014-02-30", "13/05/2014", "2014", "UN-MAY-2014", "nonsense", "0001-01-01", "9999-12-31", "", None]
)
def test_what_is_no_date_is_null(raw):
    assert standard.date(raw) is None


def test_the_day_comes_first_where_that_is_custom():
    assert standard.date_day_first("01/02/2014") == date(2014, 2, 1)
    assert standard.date_day_first("2014-02-01") == date(2014, 2, 1)


@pytest.mark.parametrize(
    ("raw", "expected"),
    [("1,54", 1.54), ("1.234,56", 1234.56), ("1,234.56", 1234.56), ("12-", -12.0), ("1 234", 1234.0), ("1'234.5", 1234.5),
     ("1e3", 1000.0), ("-.5", -0.5), ("+7", 7.0), ("1,234", 1234.0), ("0,123", 0.123), ("1.000.000", 1000000.0), ("１２", 12.0),
     ("abc", None), ("1.2.3", None), ("NaN", None), ("inf", None), ("1e999", None), ("--1", None)],
)  # fmt: skip
def test_number(raw, expected):
    assert standard.number(raw) == expected


@pytest.mark.parametrize(("raw", "expected"), [("12", 12), ("12.0", 12), ("1,234", 1234), ("12.5", None), ("x", None)])
def test_integer(raw, expected):
    assert standard.integer(raw) == expected


@pytest.mark.parametrize(
    ("raw", "expected"), [("Yes", True), ("1", True), ("sí", True), ("N", False), ("0", False), ("nein", False), ("maybe", None)]
)
def test_boolean(raw, expected):
    assert standard.boolean(raw) is expected


@pytest.mark.parametrize(
    ("raw", "expected"), [("A", "active"), ("Not active", "inactive"), ("DECEASED", "deceased"), ("On-Hold", "on hold")]
)
def test_an_unknown_status_is_kept_to_be_seen(raw, expected):
    assert standard.status(raw) == expected
