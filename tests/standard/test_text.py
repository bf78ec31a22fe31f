import pytest

from mdm import standard


@pytest.mark.parametrize(
    ("raw", "expected"),
    [("  Ana \t López\n", "Ana López"), ("A\x00na\u200b", "Ana"), ("e\u0301", "é"), ("   ", None), (None, None)],
)
def test_text_is_clean_and_keeps_its_case(raw, expected):
    assert standard.text(raw) == expected


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("Dr. Ana  LÓPEZ", "dr ana lopez"),
        ("O’Brien-Ørsted", "obrien orsted"),
        ("Straße", "strasse"),
        ("Łódź", "lodz"),
        ("Ægir", "aegir"),
        ("ｆｕｌｌ", "full"),
        ("राम", "राम"),
        ("---", None),
    ],
)
def test_folded(raw, expected):
    assert standard.folded(raw) == expected


@pytest.mark.parametrize(
    ("form", "raw", "expected"),
    [
        (standard.upper, " ab c ", "AB C"),
        (standard.lower, " AB c ", "ab c"),
        (standard.code, "a-1/ é", "A1E"),
        (standard.digits, "+1 (308) 007", "1308007"),
        (standard.digits, "1234567893.0", "1234567893"),
        (standard.digits, "none", None),
        (standard.first_token, " Ana María ", "Ana"),
        (standard.last_token, " Ana María ", "María"),
        (standard.tokens_sorted, "b, a B", "a b"),
        (standard.prefix(3), "López", "Lóp"),
        (standard.suffix_of(4), "123456789", "6789"),
        (standard.split(";"), "a; B ;;a", ["a", "B"]),
        (standard.split(";"), " ; ", None),
        (standard.split("|", standard.folded), "Á|b", ["a", "b"]),
    ],
)
def test_parts_and_spellings(form, raw, expected):
    assert form(raw) == expected
