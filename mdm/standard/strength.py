"""Strengths of medicines: quantities compared as numbers with units, never as text.

Mass is counted in mg, volume in ml, international and USP units in unit; an amount in a volume, in a mass or in
time is counted per ml, per g or per h, so that 5 mg/mL, 5 g/L and 0.5 % are one strength. What cannot be
understood keeps its own spelling, so that it equals nothing by accident.
"""

import re
import unicodedata
from dataclasses import dataclass
from decimal import Context, Decimal, InvalidOperation

import polars as pl

from mdm.standard.standardiser import per_value

_LIMIT = 1000
_EXACT = Context(prec=34)
_SHOWN = Context(prec=12)
_MASS = {
    "kg": "1000000", "g": "1000", "gm": "1000", "gms": "1000", "gram": "1000", "grams": "1000", "mg": "1",
    "mgs": "1", "mgm": "1", "milligram": "1", "milligrams": "1", "mcg": "0.001", "ug": "0.001", "μg": "0.001",
    "mcgs": "0.001", "ugm": "0.001", "microgram": "0.001", "micrograms": "0.001", "ng": "0.000001", "nanogram": "0.000001",
    "nanograms": "0.000001",
}  # fmt: skip
_VOLUME = {
    "l": "1000", "liter": "1000", "litre": "1000", "liters": "1000", "litres": "1000", "dl": "100", "cl": "10", "ml": "1",
    "mls": "1", "milliliter": "1", "millilitre": "1", "milliliters": "1", "millilitres": "1", "cc": "1", "ul": "0.001",
    "μl": "0.001",
}  # fmt: skip
_UNIT = dict.fromkeys("u iu ui ie unit units unt usp[u] [iu] [usp'u] [u] international-unit".split(), "1") | {
    "mu": "1000000", "miu": "1000000", "kiu": "1000",
}  # fmt: skip
_TIME = {"h": "1", "hr": "1", "hrs": "1", "hour": "1", "hours": "1", "day": "24", "d": "24"}
_SUBSTANCE = {"mol": "1000", "mmol": "1", "μmol": "0.001", "umol": "0.001"}
_CURIE = {"ci": "1000", "mci": "1", "μci": "0.001", "uci": "0.001"}
_BECQUEREL = {"gbq": "1000", "mbq": "1", "kbq": "0.001"}
_FAMILIES = {
    "mg": _MASS, "ml": _VOLUME, "unit": _UNIT, "h": _TIME, "mmol": _SUBSTANCE, "mci": _CURIE, "mbq": _BECQUEREL,
} | {unit: {unit: "1"} for unit in "meq mosm ppm pfu cfu cell cells vg".split()}  # fmt: skip
_UNITS = {spelled: (unit, Decimal(size)) for unit, family in _FAMILIES.items() for spelled, size in family.items()}
# Words that say on what an amount is counted, and change nothing in it.
_BASIS = r"(?<![a-z])(?:eq|equivalent|to|of|as|base|usp|free|acid|anhydrous|elemental|potency)(?![a-z])"
_NUMBER = r"(?:[0-9]{1,3}(?:,[0-9]{3})+(?:\.[0-9]+)?|[0-9]+[.,][0-9]+|[0-9]+|\.[0-9]+)"
_AMOUNT = re.compile(rf"({_NUMBER})\s*(million)?\s*([a-zμ%\[\]'][a-zμ\[\]']*)\s*(w/w|w/v|v/v)?(?:\s*/\s*(.+))?")
_PER = re.compile(rf"({_NUMBER})?\s*([a-zμ\[\]'][a-zμ\[\]' ]*)")
_PERCENT = {None: "ml", "w/v": "ml", "w/w": "g"}


@dataclass(frozen=True)
class _Quantity:
    value: Decimal
    unit: str

    def __str__(self) -> str:
        return f"{_plain(self.value)} {self.unit}"


def _plain(value: Decimal) -> str:
    """The number as people write it, to twelve digits: no exponent, no closing zeros."""
    shown = f"{_SHOWN.plus(value):f}"
    return shown.rstrip("0").rstrip(".") if "." in shown else shown


def _read(number: str) -> Decimal:
    # A comma parts thousands only in front of three digits, and never behind a lone zero.
    thousands = re.fullmatch(r"[1-9][0-9]{0,2}(?:,[0-9]{3})+(?:\.[0-9]+)?", number)
    return Decimal(number.replace(",", "") if thousands else number.replace(",", "."))


def _said(text: str) -> str:
    """One spelling of letters, spaces and micro signs; a remark behind asterisks is dropped."""
    plain = unicodedata.normalize("NFKC", text.partition("**")[0] or text).lower().replace("µ", "μ")
    return unicodedata.normalize("NFKC", " ".join(plain.split()).rstrip(" ."))


def _parts(said: str) -> list[str]:
    """The strengths of the substances, one each."""
    bare = re.sub(r"\([^()]*\)", " ", said)
    named = re.sub(r"(?<![a-z])(?:usp\s*|international\s+)units?\b", " units", bare)
    spaced = re.sub(_BASIS, " ", re.sub(r"\s+(?:per|in)\s+", "/", named))
    parts = re.split(r";|\+|\band\b|\s&\s|,(?![0-9])|(?<=[a-z%]),", spaced)
    return [joined for part in parts for joined in _side_by_side(" ".join(part.split()))]


def _side_by_side(part: str) -> list[str]:
    """5/325 mg and 5 mg/325 mg are two strengths; 10 mg/5 ml is one."""
    numbers = re.fullmatch(rf"({_NUMBER}(?:\s*/\s*{_NUMBER})+)\s*([a-zμ]+)", part)
    if numbers and numbers[2] in _UNITS:
        return [f"{number.strip()} {numbers[2]}" for number in numbers[1].split("/")]
    amounts = [_AMOUNT.fullmatch(amount.strip()) for amount in part.split("/")]
    units = {_UNITS[amount[3]][0] for amount in amounts if amount and amount[3] in _UNITS}
    # A mass per mass is a concentration only in grams.
    small = all(amount and amount[3] not in ("g", "gm", "gram", "grams", "kg") for amount in amounts[1:])
    if len(amounts) > 1 and all(amounts) and units == {"mg"} and small:
        return [amount.strip() for amount in part.split("/")]
    return [part]


def _quantity(part: str) -> _Quantity | None:
    found = _AMOUNT.fullmatch(part)
    if found is None:
        return None
    number, million, unit, basis, per = found.groups()
    value = _read(number) * (1_000_000 if million else 1)
    if unit == "%":
        return _percent(value, basis) if per is None else None
    if unit not in _UNITS or basis is not None:
        return None
    name, size = _UNITS[unit]
    amount = _Quantity(_EXACT.multiply(value, size), name)
    return amount if per is None else _ratio(amount, per)


def _percent(value: Decimal, basis: str | None) -> _Quantity:
    if basis == "v/v":
        return _Quantity(value / 100, "ml/ml")
    return _Quantity(value * 10, f"mg/{_PERCENT[basis]}")


def _ratio(amount: _Quantity, per: str) -> _Quantity | None:
    if per.strip() == "1":
        return amount
    found = _PER.fullmatch(per.strip())
    if found is None:
        return None
    count = _read(found[1]) if found[1] else Decimal(1)
    word = found[2].strip()
    unit, size = _UNITS.get(word, (word, Decimal(1)))
    if unit == "mg":
        unit, size = "g", size / 1000
    if count * size == 0:
        return None
    return _Quantity(_EXACT.divide(amount.value, _EXACT.multiply(count, size)), f"{amount.unit}/{unit}")


def _quantities(text: str) -> list[_Quantity] | None:
    """The strengths in the order given, or None where one of them is not understood."""
    said = _said(text)
    if not 0 < len(said) <= _LIMIT:
        return None
    try:
        found = [_quantity(part) for part in _parts(said) if part]
    except InvalidOperation:
        return None
    known = [quantity for quantity in found if quantity is not None]
    return known if known and len(known) == len(found) else None


def _strength(text: str) -> str:
    known = _quantities(text)
    if known is None:
        return _said(text)
    return "; ".join(str(quantity) for quantity in sorted(known, key=lambda one: (one.unit, one.value)))


def _content(text: str) -> str | None:
    """The amount and what it is in, where the strength says so of a whole container; of each substance."""
    said = _said(text)
    if len(said) > _LIMIT:
        return None
    told = re.findall(r"\(([^()]*/[^()]*)\)", said)
    try:
        outside = [_contained(part, beside=bool(told)) for part in _parts(said)]
        # "1.62% (20.25 mg/1.25 g packet)": the container stands in brackets.
        found = outside if all(outside) else [_contained(part, beside=False) for part in told]
    except InvalidOperation:
        return None
    known = [one for one in found if one is not None]
    return "; ".join(sorted(known)) if known and len(known) == len(found) else None


def _contained(part: str, *, beside: bool) -> str | None:
    """An amount in a container; one of a unit is a container only with the concentration `beside` it in brackets."""
    amount = _AMOUNT.fullmatch(part)
    per = _PER.fullmatch(amount[5].strip()) if amount and amount[5] else None
    if amount is None or per is None or not (per[1] or beside):
        return None
    held = _quantity(f"{amount[1]} {amount[2] or ''} {amount[3]}")
    unit, size = _UNITS.get(per[2].strip(), (per[2].strip(), Decimal(1)))
    # A time is no container.
    if held is None or unit == "h":
        return None
    return f"{held} in {_plain(_EXACT.multiply(_read(per[1] or '1'), size))} {unit}"


def _strength_value(text: str) -> float | None:
    known = _quantities(text)
    return float(known[0].value) if known else None


def _strength_unit(text: str) -> str | None:
    said = _said(text)
    if re.fullmatch(r"[a-z]+(?:/[a-z ]+)?", said):
        # A unit by itself is the unit of one of it.
        known = _quantities(f"1 {said}")
        return known[0].unit if known else None
    known = _quantities(text)
    return known[0].unit if known else None


strength = per_value(_strength, name="strength", about="For comparing: each amount as number and unit, sorted: 500 mg; 2 mg/ml.")
strength_content = per_value(
    _content, name="strength_content", about="What a container holds, where the strength says it: 80 mg in 4 ml."
)
strength_value = per_value(
    _strength_value, pl.Float64, name="strength_value", about="The number of the first amount, in the unit of strength_unit."
)
strength_unit = per_value(_strength_unit, name="strength_unit", about="The unit of the first amount: mg, unit, mg/ml and on.")
