import pytest

from mdm import standard


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("0.5 g", "500 mg"),
        ("500MG", "500 mg"),
        ("0,5 g", "500 mg"),
        ("1,000 mg", "1000 mg"),
        ("100 mcg", "0.1 mg"),
        ("100 µg", "0.1 mg"),
        ("100 μg", "0.1 mg"),
        ("5 mg/mL", "5 mg/ml"),
        ("0.5 %", "5 mg/ml"),
        ("5 g/L", "5 mg/ml"),
        ("10MG/2ML", "5 mg/ml"),
        ("5 mg per mL", "5 mg/ml"),
        ("15MG/0.6ML (15MG/0.6ML)", "25 mg/ml"),
        ("1% w/w", "10 mg/g"),
        ("70% v/v", "0.7 ml/ml"),
        ("250 mg; 125 mg", "125 mg; 250 mg"),
        ("250MG/125MG", "125 mg; 250 mg"),
        ("250/125 mg", "125 mg; 250 mg"),
        ("250 mg + 125 mg", "125 mg; 250 mg"),
        ("125 mg and 250 mg", "125 mg; 250 mg"),
        ("5 mg; 5 mg", "5 mg; 5 mg"),
        ("EQ 500MG BASE", "500 mg"),
        ("EQ 1GM BASE/VIAL", "1000 mg/vial"),
        ("20,000 UNITS/ML", "20000 unit/ml"),
        ("20000 [iU]/mL", "20000 unit/ml"),
        ("40USP UNITS/ML", "40 unit/ml"),
        ("1.5 million IU", "1500000 unit"),
        ("2.4MG/24HR", "0.1 mg/h"),
        ("1 mg/3 ml", "0.333333333333 mg/ml"),
        ("500MG **of note**", "500 mg"),
        (" ", None),
    ],
)
def test_one_strength_has_one_spelling(raw, expected):
    assert standard.strength(raw) == expected
    assert standard.strength(expected) == expected


@pytest.mark.parametrize(
    "raw",
    ["1-20 mCi/mL", "4MMG", "N/A", "0.02MG,0.1MG;0.01MG,N/A", "5 mg hydrochloride", "5 mg/0 ml", "1.5 blobs", "5", "9" * 2000],
)
def test_what_is_not_understood_keeps_its_own_spelling(raw):
    assert standard.strength(raw) == raw.lower()
    assert standard.strength_value(raw) is None
    assert standard.strength_unit(raw) is None


@pytest.mark.parametrize(
    ("left", "right"),
    [("500 mg", "500 mg/ml"), ("5 mg", "5 g"), ("5 mg/ml", "5 mg/g"), ("5 unit", "5 mg"), ("1.5 blobs", "15 blobs"),
     ("250 mg", "250 mg; 250 mg"), ("5 mg/vial", "5 mg/ml")],
)  # fmt: skip
def test_strengths_that_differ(left, right):
    assert standard.strength(left) != standard.strength(right)


@pytest.mark.parametrize(
    ("raw", "value", "unit"),
    [("10MG/5ML", 2.0, "mg/ml"), ("0.5 g; 1 g", 500.0, "mg"), ("20000 IU", 20000.0, "unit"), ("0.5%", 5.0, "mg/ml")],
)
def test_the_first_amount_as_number_and_unit(raw, value, unit):
    assert (standard.strength_value(raw), standard.strength_unit(raw)) == (value, unit)


@pytest.mark.parametrize(("raw", "expected"), [("IU", "unit"), ("mg/mL", "mg/ml"), ("g", "mg"), ("blobs", None)])
def test_a_unit_by_itself(raw, expected):
    assert standard.strength_unit(raw) == expected


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("80MG/4ML", "80 mg in 4 ml"),
        ("0.4 g/20 mL (20 mg/mL)", "400 mg in 20 ml"),
        ("2MCG/ML (2MCG/ML)", "0.002 mg in 1 ml"),
        ("1.62% (20.25MG/1.25GM PACKET)", "20.25 mg in 1.25 gm packet"),
        ("10 mg/5 ml; 1 g/5 ml", "10 mg in 5 ml; 1000 mg in 5 ml"),
        ("20 mg/ml", None),
        ("500 mg", None),
        ("22 mg/24 h", None),
        ("10 mg/5 ml; 2%", None),
    ],
)
def test_what_a_container_holds(raw, expected):
    assert standard.strength_content(raw) == expected
