"""Schemes: what every one of them keeps, and the vectors that are published for each."""

import pandera.polars as pa
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mdm import identifiers
from mdm.identifiers import schemes

# Identifiers of nobody: specimens printed by the issuers, and stems completed with their check digits.
VALID = {
    "npi": ["1234567893", "1558598797", "NPI 123-456-7893", "1234567893.0"],
    "dea": ["AB1234563", "F91234563", "ab 1234563"],
    "licence": ["MD-12345", "A 99"],
    "orcid": ["0000-0002-1825-0097", "0000-0002-1694-233X", "https://orcid.org/0000-0002-1694-233x", "0000000218250097"],
    "isni": ["0000 0001 2150 090X", "ISNI 000000012150090X"],
    "ror": ["02mhbdp94", "05dxps055", "05gq02987", "03vek6s52", "00f54p054", "https://ror.org/042nb2s44"],
    "lei": ["5493001KJTIIGC8Y1R12"],
    "gln": ["4006381333931"],
    "gtin": ["4006381333931", "00312345678906", "(01)00312345678906"],
    "ndc": ["1234-5678-90", "12345-678-90", "12345-6789-0", "01234567890", "1234567890", "123456-7890-12"],
    "cas": ["7732-18-5", "71-23-8", "50-78-2", "CAS RN 50-78-2", "7732185"],
    "unii": ["R16CO5Y76E", "WK2XYI10QM", "362O9ITL9D", "3G6A5W338E", "059QF0KO0R", "3K9958V90M", "5SL0G7R0OK"],
    "inchikey": ["ABCDEFGHIJKLMN-OPQRSTUVWX-Y"],
    "atc": ["A", "A10", "A10B", "A10BA", "a10ba02"],
    "duns": ["12-345-6789"],
    "fei": ["1234567", "1234567890"],
    "nct": ["NCT01234567", "nct 01234567"],
    "eudract": ["2010-123456-12", "EudraCT: 2010-123456-12"],
    "eu_ct": ["2022-501234-12-00", "EU CT 2022-501234-12-00"],
    "ctep_site": ["XX123"],
    "ctep_person": ["12345"],
    "ccn": ["010001", "05T123"],
    "ind": ["IND 123456"],
    "gmc": ["1234567"],
    "big": ["12345678901"],
    "finess": ["123456789", "2A1234567"],
    "oms_organisation": ["ORG-100000001"],
    "oms_location": ["LOC-100000001"],
}
INVALID = {
    "npi": ["1234567890", "3234567893", "123456789", "12345678930", "x"],
    "dea": ["AB1234569", "A11234563", "AB123456"],
    "licence": ["x", "9" * 30],
    "orcid": ["0000-0002-1825-0098", "0000-0002-1694-2330"],
    "isni": ["0000 0001 2150 0900"],
    "ror": ["02mhbdp95", "12mhbdp94", "02mhbdi94"],
    "lei": ["5493001KJTIIGC8Y1R13", "5493001KJTIIGC8Y1R1"],
    "gln": ["4006381333932", "04006381333931"],
    "gtin": ["4006381333932", "123"],
    "ndc": ["1234-567-89", "123456789", "12345-678"],
    "cas": ["50-78-3", "0-78-2"],
    "unii": ["R16CO5Y76F", "R16CO5Y76"],
    "inchikey": ["ABCDEFGHIJKLMN-OPQRSTUVWX"],
    "atc": ["Z10", "A1", "A10BA0"],
    "duns": ["12345678"],
    "fei": ["12345678"],
    "nct": ["NCT1234567"],
    "eudract": ["2010-12345-12"],
    "eu_ct": ["2022-401234-12-00"],
}
# Check digits that catch each wrong character; the others (DEA, CAS, LANR) let some pass. In an LEI a letter is two digits,
# so a letter in a digit's place may pass too.
CATCH_ALL = {
    "npi": "123456789",
    "rpps": "1012345678",
    "hpi_i": "800361000012345",
    "hpi_o": "800362000012345",
    "orcid": "000000021825009",
    "isni": "000000012150090",
    "lei": "5493001KJTIIGC8Y1R",
    "ror": "02mhbdp",
    "gln": "400638133393",
    "gtin": "1031234567890",
    "sscc": "00312345678901234",
    "unii": "R16CO5Y76",
}
SYMBOLS = {"unii": "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ",
           "ror": "0123456789abcdefghjkmnpqrstvwxyz"}  # fmt: skip


@pytest.mark.parametrize(("name", "value"), [(name, value) for name, values in VALID.items() for value in values])
def test_valid_identifiers_are_valid_in_their_one_spelling(name, value):
    scheme = schemes[name]

    assert scheme(value) is True
    assert scheme(scheme.normal(value)) is True


@pytest.mark.parametrize(("name", "value"), [(name, value) for name, values in INVALID.items() for value in values])
def test_invalid_identifiers_are_invalid(name, value):
    assert schemes[name](value) is False


@pytest.mark.parametrize("scheme", schemes.values(), ids=lambda scheme: scheme.name)
def test_no_identifier_is_neither_valid_nor_invalid(scheme):
    column = pl.DataFrame({"id": [None, "", "  "]}, schema={"id": pl.String})

    judged = column.select(scheme.valid_on(pl.col("id"))).to_series()

    assert judged.dtype == pl.Boolean
    assert judged.to_list() == [None, None, None]
    assert scheme(None) is None


@pytest.mark.parametrize("scheme", schemes.values(), ids=lambda scheme: scheme.name)
@settings(max_examples=20)
@given(values=st.lists(st.text(max_size=25) | st.from_regex(r"[0-9A-Zaz -]{5,22}", fullmatch=True), min_size=1, max_size=30))
def test_no_text_raises_and_a_spelling_is_stable(scheme, values):
    frame = pl.DataFrame({"id": values}, schema={"id": pl.String})

    once = scheme.normal.series(frame["id"])
    judged = frame.select(scheme.valid_on(pl.col("id"))).to_series()

    assert scheme.normal.series(once).to_list() == once.to_list()
    assert [spelled is None for spelled in once] == [verdict is None for verdict in judged]


@pytest.mark.parametrize("name", CATCH_ALL)
def test_each_wrong_character_is_caught(name):
    scheme = schemes[name]
    right = scheme.normal(scheme.complete(CATCH_ALL[name]))
    symbols = SYMBOLS.get(name, "0123456789")
    wrong = [
        right[:at] + symbol + right[at + 1 :]
        for at, held in enumerate(right)
        for symbol in symbols
        if held in symbols and symbol != held
    ]

    judged = pl.DataFrame({"id": wrong}).select(scheme.valid_on(pl.col("id"))).to_series()

    assert scheme(right) is True
    assert [value for value, verdict in zip(wrong, judged, strict=True) if verdict] == []


@pytest.mark.parametrize(("stem", "name"), [("AB123456", "dea"), ("773218", "cas")])
def test_other_check_digits_catch_a_wrong_check_digit(stem, name):
    scheme = schemes[name]
    right = scheme.complete(stem)

    assert [digit for digit in "0123456789" if scheme(right[:-1] + digit)] == [right[-1]]


def test_the_seventh_digit_of_a_german_doctor_checks():
    assert identifiers.lanr("123456601") is True
    assert [digit for digit in "0123456789" if identifiers.lanr(f"123456{digit}01")] == ["6"]


def test_the_first_digit_of_an_austrian_provider_checks():
    assert [digit for digit in "0123456789" if identifiers.provider_at(f"{digit}1234567")] == ["8"]


@pytest.mark.parametrize(
    ("name", "raw", "expected"),
    [
        ("orcid", "https://orcid.org/000000021694233x", "0000-0002-1694-233X"),
        ("isni", "000000012150090X", "0000 0001 2150 090X"),
        ("ror", "HTTPS://ROR.ORG/02MHBDP94", "02mhbdp94"),
        ("cas", "7732185", "7732-18-5"),
        ("gtin", "4006381333931", "04006381333931"),
        ("ndc", "12345-678-90", "12345-0678-90"),
        ("npi", " 123 456 7893 ", "1234567893"),
        ("eudract", "2010.123456.12", "2010-123456-12"),
    ],
)
def test_the_one_spelling(name, raw, expected):
    assert schemes[name].normal(raw) == expected


def test_a_stem_that_nothing_completes_is_refused():
    with pytest.raises(ValueError, match="'12'; give all characters"):
        identifiers.npi.complete("12")


def test_a_pandera_check_judges_a_whole_column():
    frame = pl.DataFrame({"npi": ["1234567893", "1234567890", None]})
    schema = pa.DataFrameSchema({"npi": pa.Column(str, pa.Check(identifiers.npi, error="not a valid NPI"), nullable=True)})

    with pytest.raises(pa.errors.SchemaErrors) as refused:
        schema.validate(frame, lazy=True)

    assert refused.value.failure_cases["failure_case"].to_list() == ["1234567890"]


def test_schemes_are_listed_by_their_names():
    assert {name: getattr(identifiers, name) for name in schemes} == schemes
    assert all(scheme.about.endswith(".") for scheme in schemes.values())
