"""What a free text holds: codes, numbers, runs of letters."""

import pytest

from mdm import standard


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("Cordless phone - KX-TG9344T", ["kxtg9344t", "tg9344t"]),
        ("Carrying case 0101070400", ["0101070400"]),
        ("Version 2.4 of 2007", None),
        ("Nothing to see", None),
        ("  ", None),
    ],
    ids=["hyphenated", "digits", "mere numbers", "words", "blank"],
)
def test_codes_in(text, codes):
    assert standard.codes_in(text) == codes


@pytest.mark.parametrize(
    ("text", "numbers"),
    [("Office v2 2007, 2.50 kg 10.0", ["10", "2", "2.50", "2007"]), ("KX-TG9344T", None), (None, None)],
    ids=["alone", "inside a code", "none"],
)
def test_numbers_in(text, numbers):
    assert standard.numbers_in(text) == numbers


def test_trigrams_are_hardly_moved_by_spelling():
    one, two = set(standard.trigrams("Grünwald clinic")), set(standard.trigrams("GRUNWALD CLINIK"))

    assert len(one & two) / len(one | two) > 0.7


@pytest.mark.parametrize("filler", ["unknown", "N/A", " none ", "TBD"])
def test_a_filler_is_not_known(filler):
    assert standard.known(filler) is None


def test_what_is_known_is_folded():
    assert standard.known("Köln-Süd") == "koln sud"


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("I.I.T. Bombay", "iit bombay"),
        ("J. R. Roe", "jr roe"),
        ("U.S.A.", "usa"),
        ("Vitamin B. 12", "vitamin b 12"),
        ("AT & T Labs", "att labs"),
        ("Hammer & Nail", "hammer nail"),
        ("Ward 4; e-mail: ward@clinic.example", "ward 4"),
        ("see https://clinic.example/ward now", "see now"),
        ("unknown", None),
        (None, None),
    ],
    ids=lambda value: str(value)[:20],
)
def test_prose_joins_letters_and_leaves_out_addresses(text, plain):
    assert standard.prose(text) == plain
