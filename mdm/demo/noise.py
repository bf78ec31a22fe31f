"""Small wounds of real data, each a function of a random stream and a text."""

from __future__ import annotations

import unicodedata
from random import Random

LETTERS = "abcdefghijklmnopqrstuvwxyz"
CODE_LETTERS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
ROR_LETTERS = "0123456789abcdefghjkmnpqrstvwxyz"


def typo(rng: Random, text: str) -> str:
    """The text with one key struck wrongly, never in its first letter."""
    if len(text) < 4:
        return text
    at = rng.randrange(1, len(text) - 1)
    kind = rng.randrange(4)
    if kind == 0:
        return text[:at] + text[at + 1] + text[at] + text[at + 2 :]
    if kind == 1:
        return text[:at] + text[at + 1 :]
    if kind == 2:
        return text[:at] + rng.choice(LETTERS) + text[at + 1 :]
    return text[:at] + text[at] + text[at:]


def transposed(rng: Random, digits: str) -> str:
    """The number with two different neighbours exchanged, or as it was if there are none."""
    places = [i for i in range(1, len(digits) - 1) if digits[i] != digits[i + 1]]
    if not places:
        return digits
    at = rng.choice(places)
    return digits[:at] + digits[at + 1] + digits[at] + digits[at + 2 :]


def plain(text: str) -> str:
    """The text without accents, as old systems keep it."""
    spelt = text.replace("ß", "ss").replace("ø", "o")
    return "".join(c for c in unicodedata.normalize("NFKD", spelt) if not unicodedata.combining(c))


def luhn_digit(digits: str, constant: int = 0) -> str:
    """The Luhn check digit; the NPI's constant is 24."""
    total = constant
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (2 if place % 2 == 0 else 1)
        total += value - 9 if value > 9 else value
    return str(-total % 10)


def npi(serial: int) -> str:
    """An NPI with a right check digit from the range that nobody was ever given."""
    body = f"2{serial:08d}"
    return body + luhn_digit(body, 24)


def wrong_npi(rng: Random, right: str) -> str:
    """The NPI with its last digit mistyped."""
    return right[:-1] + str((int(right[-1]) + rng.randrange(1, 10)) % 10)


def orcid(rng: Random) -> str:
    """An ORCID with a right check character."""
    body = "0009" + "".join(rng.choice("0123456789") for _ in range(11))
    total = 0
    for digit in body:
        total = (total + int(digit)) * 2
    check = (12 - total % 11) % 11
    whole = body + ("X" if check == 10 else str(check))
    return "-".join(whole[i : i + 4] for i in range(0, 16, 4))


def ror(rng: Random) -> str:
    """A ROR id with right check digits."""
    letters = "".join(rng.choice(ROR_LETTERS) for _ in range(6))
    number = 0
    for letter in letters:
        number = number * 32 + ROR_LETTERS.index(letter)
    return f"0{letters}{98 - number * 100 % 97:02d}"


def gtin(body: str) -> str:
    """A GTIN-14 made of thirteen digits and its check digit."""
    total = sum(int(d) * (3 if i % 2 == 0 else 1) for i, d in enumerate(reversed(body)))
    return body + str(-total % 10)


def unii(rng: Random) -> str:
    """A UNII with a right check character."""
    body = "".join(rng.choice(CODE_LETTERS) for _ in range(9))
    return body + CODE_LETTERS[sum(CODE_LETTERS.index(c) for c in body) % 36]


def cas(rng: Random) -> str:
    """A CAS number, six digits and two, with a right check digit."""
    body = f"{rng.randrange(900000, 999999)}{rng.randrange(100):02d}"
    check = sum(int(d) * (i + 1) for i, d in enumerate(reversed(body))) % 10
    return f"{body[:6]}-{body[6:]}-{check}"
