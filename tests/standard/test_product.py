import pytest

from mdm import standard


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("TABLET;ORAL", "tablet"),
        ("Tabs", "tablet"),
        ("TABLET, FILM COATED", "tablet film-coated"),
        ("Film-coated tablet", "tablet film-coated"),
        ("TABLET, EXTENDED RELEASE;ORAL", "tablet extended-release"),
        ("prolonged-release tablets", "tablet extended-release"),
        ("CAPSULE, DELAYED REL PELLETS;ORAL", "capsule pellets delayed-release"),
        ("INJECTION, SOLUTION", "injection solution"),
        ("Solution for injection", "injection solution"),
        ("FOR SUSPENSION;ORAL", "powder suspension"),
        ("powder for oral suspension", "powder suspension"),
        ("oral", "oral"),
        (" ; ", None),
        ("N/A;N/A", None),
    ],
)
def test_dose_form(raw, expected):
    assert standard.dose_form(raw) == expected


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("TABLET;ORAL", "oral"),
        ("TABLET;ORAL-28", "oral"),
        ("po", "oral"),
        ("by mouth", "oral"),
        ("INJECTABLE;INTRAMUSCULAR, INTRAVENOUS", "intramuscular, intravenous"),
        ("INTRAVENOUS; INTRAMUSCULAR", "intramuscular, intravenous"),
        ("IV (INFUSION)", "intravenous"),
        ("INJECTABLE;INJECTION", "injection"),
        ("soft tissue", "soft tissue"),
        ("SOLUTION;IM-IV", "intramuscular, intravenous"),
        ("VIAL; SINGLE-USE", None),
        ("VIAL; SUBCUTANEOUS", "subcutaneous"),
        ("ENEMA;RECTAL", "rectal"),
        ("LIQUID;N/A", None),
    ],
)
def test_route(raw, expected):
    assert standard.route(raw) == expected


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("CLAVULANATE POTASSIUM; AMOXICILLIN", "amoxicillin; clavulanate potassium"),
        ("amoxicillin and clavulanate potassium", "amoxicillin; clavulanate potassium"),
        ("A/B + C, D & A", "a; b; c; d"),
        ("1,2,3-Trichloropropane", "1 2 3 trichloropropane"),
        (";", None),
    ],
)
def test_substances(raw, expected):
    assert standard.substances(raw) == expected


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("Metformin HCl", "metformin (hydrochloride)"),
        ("METFORMIN HYDROCHLORIDE", "metformin (hydrochloride)"),
        ("metformin", "metformin"),
        ("sodium valproate", "valproate (sodium)"),
        ("Valproate Sodium", "valproate (sodium)"),
        ("amlodipine besilate; valsartan", "amlodipine (besylate); valsartan"),
        ("Sodium chloride", "sodium chloride"),
    ],
)
def test_a_salt_differs_from_its_base(raw, expected):
    assert standard.substance_key(raw) == expected


@pytest.mark.parametrize(
    ("raw", "published", "candidates"),
    [
        ("1234-5678-90", "01234-5678-90", ["01234567890"]),
        ("12345-678-90", "12345-0678-90", ["12345067890"]),
        ("12345-6789-0", "12345-6789-00", ["12345678900"]),
        ("NDC 12345-6789-0", "12345-6789-00", ["12345678900"]),
        ("01234567890", "01234-5678-90", ["01234567890"]),
        ("1234567890", "1234567890", ["01234567890", "12345067890", "12345678900"]),
        ("012345-6789-01", "12345-6789-01", ["12345678901"]),
        ("123456-7890-12", "123456-7890-12", ["123456789012"]),
        ("1234-567", "1234-567", None),
        ("12345-678", "12345-0678", None),
        ("12345–678–90", "12345-0678-90", ["12345067890"]),
        ("none", "NONE", None),
    ],
)
def test_ndc(raw, published, candidates):
    assert (standard.ndc(raw), standard.ndc_candidates(raw)) == (published, candidates)


@pytest.mark.parametrize(
    ("raw", "expected"),
    [("4006381333931", "04006381333931"), ("(01)00312345678906", "00312345678906"), ("0100312345678906", "00312345678906"),
     ("400 6381 333931", "04006381333931"), ("12345", "12345")],
)  # fmt: skip
def test_gtin(raw, expected):
    assert standard.gtin(raw) == expected
