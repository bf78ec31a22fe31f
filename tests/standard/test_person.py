import polars as pl
import pytest

from mdm import standard
from mdm.standard.nickname import short_forms


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("ANA MARÍA LÓPEZ", "Ana María López"),
        ("o'brien", "O'Brien"),
        ("D’ARCY", "D’Arcy"),
        ("MCDONALD", "McDonald"),
        ("SMITH-JONES", "Smith-Jones"),
        ("VAN DER BERG", "van der Berg"),
        ("VAN BUREN", "Van Buren"),
        ("JUAN DE LA CRUZ", "Juan de la Cruz"),
        ("LUDWIG VAN BEETHOVEN", "Ludwig van Beethoven"),
        ("JOHN SMITH III", "John Smith III"),
        ("JOHN E SMITH", "John E Smith"),
        ("DeVito", "DeVito"),
        ("  ", None),
    ],
)
def test_name(raw, expected):
    assert standard.name(raw) == expected


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("Dr. Ana  López", "ana lopez"),
        ("ana lópez", "ana lopez"),
        ("Smith, John M.D.", "smith john"),
        ("John O'Brien, Ph. D.", "john obrien"),
        ("Mary M. D.", "mary"),
        ("Mary M D", "mary m d"),
        ("Md. Rahman", "md rahman"),
        ("Thanh Do", "thanh do"),
        ("Prof. Dr. med. Uwe Groß", "uwe gross"),
        ("Dr.", None),
    ],
)
def test_folded_name(raw, expected):
    assert standard.folded_name(raw) == expected


@pytest.mark.parametrize(
    ("raw", "expected"),
    [("Bob", "robert"), ("Bill J.", "william j"), ("PACO", "francisco"), ("Fritz", "friedrich"), ("Gianni", "giovanni"),
     ("José", "jose"), ("Ana", "ana")],
)  # fmt: skip
def test_given(raw, expected):
    assert standard.given(raw) == expected


def test_a_short_form_stands_for_a_name_that_is_none():
    known = short_forms()

    assert len(known) > 400
    assert not set(known) & set(known.values())
    assert all(standard.folded_name(word) == word for word in [*known, *known.values()])


# Examples of the rule of the US National Archives, and names it leaves alone.
@pytest.mark.parametrize(
    ("raw", "expected"),
    [("Tymczak", "T522"), ("Pfister", "P236"), ("Ashcraft", "A261"), ("Honeyman", "H555"), ("Robert", "R163"),
     ("Rupert", "R163"), ("López", "L120"), ("van der Berg", "V536"), ("李", "李"), ("L120", "L120"), ("...", None)],
)  # fmt: skip
def test_phonetic(raw, expected):
    assert standard.phonetic(raw) == expected


@pytest.mark.parametrize(
    ("raw", "given", "family"),
    [
        ("López, Ana María", "Ana María", "López"),
        ("Ana María López", "Ana María", "López"),
        ("Dr. Juan de la Cruz", "Juan", "de la Cruz"),
        ("John Smith, MD, PhD", "John", "Smith"),
        ("Smith, John A., M.D.", "John A", "Smith"),
        ("Ben Weber-Lang, Prof.", "Ben", "Weber-Lang"),
        ("Timo Weber, PD Dr. med.", "Timo", "Weber"),
        ("Weber", None, "Weber"),
    ],
)
def test_parts_of_a_whole_name(raw, given, family):
    assert (standard.given_part(raw), standard.family_part(raw)) == (given, family)


@pytest.mark.parametrize(
    ("form", "raw", "expected"),
    [
        (standard.initial, "Dr. Ágnes", "a"),
        (standard.suffix, "JUNIOR", "Jr"),
        (standard.suffix, "sr.", "Sr"),
        (standard.suffix, "iii", "III"),
        (standard.suffix, "Esq.", "Esq."),
        (standard.gender, "F", "female"),
        (standard.gender, "männlich", "male"),
        (standard.gender, "Non-binary", "other"),
        (standard.gender, "not specified", "unknown"),
        (standard.gender, "7", "7"),
        (standard.credentials, "M.D.", "MD"),
        (standard.credentials, "M.D., Ph.D.", "MD, PhD"),
        (standard.credentials, "md phd", "MD, PhD"),
        (standard.credentials, "Ph. D.", "PhD"),
        (standard.credentials, "MD; MPH / MD", "MD, MPH"),
        (standard.credentials, "Nurse Practitioner", "NP"),
        (standard.credentials, "Certified Lactation Consultant", "CERTIFIED LACTATION CONSULTANT"),
    ],
)
def test_what_is_said_about_a_person(form, raw, expected):
    assert form(raw) == expected


@pytest.mark.parametrize(
    "raw",
    ["Central Contact", "Study Coordinator", "Clinical Trials Office", "Site Public Contact", "Investigational Site",
     "test test", "Unknown", "N/A", "TBD", "...", "xxx", "Principal Investigator", "Call Center"],
)  # fmt: skip
def test_a_role_or_a_filler_is_no_person(raw):
    assert standard.placeholder_person(raw) is True


@pytest.mark.parametrize("raw", ["Ana López", "Na", "Paul Nurse", "Testa", "Prof. Uwe Groß", "José Reyes, MD", "No Kim"])
def test_a_name_is_a_person(raw):
    assert standard.placeholder_person(raw) is False


def test_nobody_is_neither():
    column = pl.DataFrame({"who": [None, " "]}, schema={"who": pl.String})

    assert column.select(standard.placeholder_person.on(pl.col("who"))).to_series().to_list() == [None, None]
