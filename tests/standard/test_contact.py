import pytest

from mdm import standard


@pytest.mark.parametrize(
    ("raw", "published", "key"),
    [
        (" Ana.Lopez+Trial@GMail.com", "ana.lopez+trial@gmail.com", "analopez@gmail.com"),
        ("ana@googlemail.com", "ana@googlemail.com", "ana@gmail.com"),
        ("Ana <ana+x@clinic.example>", "ana+x@clinic.example", "ana+x@clinic.example"),
        ("mailto:ana@clinic.example;", "ana@clinic.example", "ana@clinic.example"),
        ("Not an Address", "not an address", "not an address"),
        ("none@none.com", "none@none.com", "none@none.com"),
        (" ", None, None),
    ],
)
def test_email(raw, published, key):
    assert (standard.email(raw), standard.email_key(raw)) == (published, key)


@pytest.mark.parametrize(
    ("raw", "published", "key"),
    [
        ("(308) 555-2512", "+13085552512", "+13085552512"),
        ("1-308-555-2512", "+13085552512", "+13085552512"),
        ("308.555.2512 ext 12", "+13085552512 x12", "+13085552512"),
        ("Tel: 308 555 2512 #7", "+13085552512 x7", "+13085552512"),
        ("+49 (0) 221 12345-67", "+492211234567", "+492211234567"),
        ("011 44 20 7946 0000", "+442079460000", "+442079460000"),
        ("0221 1234567", "02211234567", "02211234567"),
        ("555-0100", "5550100", "5550100"),
        ("call the office", "call the office", None),
        ("308 555 2512 / 308 555 2513", "308 555 2512 / 308 555 2513", None),
        ("1-800-FLOWERS", "1-800-FLOWERS", None),
    ],
)
def test_phone(raw, published, key):
    assert (standard.phone(raw), standard.phone_key(raw)) == (published, key)


def test_a_telephone_number_at_home_elsewhere():
    assert standard.phone_in("49")("0221 1234567") == "+492211234567"
    assert standard.phone_key_in("49")("0221 1234567-12") == "+49221123456712"


@pytest.mark.parametrize(
    ("raw", "published", "key"),
    [
        ("WWW.Clinic.Example/Path/", "https://www.clinic.example/Path", "clinic.example/path"),
        ("http://Clinic.example:80/", "http://clinic.example", "clinic.example"),
        ("https://clinic.example/a?b=C", "https://clinic.example/a?b=C", "clinic.example/a"),
        ("n/a", "n/a", "n/a"),
    ],
)
def test_url(raw, published, key):
    assert (standard.url(raw), standard.url_key(raw)) == (published, key)


@pytest.mark.parametrize("raw", ["none@none.com", "noemail@clinic.example", "a@test.com", "no-reply@clinic.example"])
def test_a_filled_in_address_is_a_placeholder(raw):
    assert standard.placeholder_email(raw) is True
    assert standard.placeholder_email("ana@clinic.example") is False


@pytest.mark.parametrize("raw", ["999-999-9999", "0000000000", "(555) 555-5555", "123-456-7890", "1234567890"])
def test_a_filled_in_number_is_a_placeholder(raw):
    assert standard.placeholder_phone(raw) is True
    assert standard.placeholder_phone("308-555-2512") is False
