"""How a source tells of a person or a site: the truth, bent by the habits of that source."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from random import Random

from mdm.demo import noise, words
from mdm.demo.people import Person, nickname
from mdm.demo.places import Address, Site

# How often a source leaves out who of father and son it means.
UNTOLD_GENERATION = 0.5


@dataclass(frozen=True)
class Habit:
    """How often a source does each thing; shares of the records it could happen to."""

    nickname: float = 0.0
    initial: float = 0.0
    typo: float = 0.0
    former: float = 0.0
    plain: float = 0.0
    swapped: float = 0.0
    titled: float = 0.0
    middle: float = 0.5
    email: float = 0.0
    other_email: float = 0.1
    own_phone: float = 0.4
    shared_phone: float = 0.4
    birth_date: float = 0.0
    abbreviated: float = 0.0
    with_city: float = 0.0
    outdated: float = 0.0
    upper: bool = False


@dataclass(frozen=True)
class Told:
    """What a source says of a person; blank where it says nothing."""

    given: str
    middle: str
    family: str
    second_family: str
    suffix: str
    email: str
    phone: str
    birth_date: date | None
    address: Address
    site: int


@dataclass(frozen=True)
class ToldSite:
    """What a source says of a site."""

    name: str
    address: Address
    phone: str


@dataclass(frozen=True)
class Voice:
    """One source's way of telling: its random stream, its habits, the sites it refers to, how noisy it is."""

    rng: Random
    habit: Habit
    sites: Sequence[Site]
    noise: float = 1.0

    def does(self, share: float) -> bool:
        """Whether a wound happens now."""
        return self.rng.random() < share * self.noise

    def knows(self, share: float) -> bool:
        """Whether a value is there; noise widens the gaps."""
        return self.rng.random() < share**self.noise


def person(voice: Voice, truth: Person, *, site: int | None = None) -> Told:
    """The person as this source has them."""
    habit, rng = voice.habit, voice.rng
    place = voice.sites[truth.sites[0] if site is None else site]
    given, family = _names(voice, truth)
    where = told_site(voice, place).address
    told = Told(
        given, _middle(voice, truth), family, truth.second_family if voice.knows(0.6) else "", truth.suffix,
        _email(voice, truth) if voice.knows(habit.email) else "", _phone(voice, truth, place),
        _birth_date(voice, truth), where, place.number,
    )  # fmt: skip
    if truth.suffix:
        return _one_of_two(voice, truth, told)
    if voice.does(habit.swapped):
        return replace(told, given=told.family, family=told.given)
    if voice.does(habit.titled):
        if rng.random() < 0.5:
            return replace(told, family=f"{told.family}, {truth.credentials}")
        return replace(told, given=f"Dr. {told.given}")
    return told


def _one_of_two(voice: Voice, truth: Person, told: Told) -> Told:
    """Father or son: the generation is often left out, and one thing more is known; else nobody could tell them apart."""
    given, family = truth.given, truth.family
    if voice.habit.upper:
        given, family = noise.plain(given).upper(), noise.plain(family).upper()
    # The register writes legal names; a source that never has a birth date knows them by their own e-mail.
    born = truth.birth_date if voice.habit.birth_date else None
    told_apart = bool(born or told.email)
    suffix = "" if told_apart and voice.rng.random() < UNTOLD_GENERATION else truth.suffix
    return replace(told, given=given, family=family, birth_date=born, suffix=suffix)


def told_site(voice: Voice, truth: Site) -> ToldSite:
    """The site as this source has it."""
    habit, rng = voice.habit, voice.rng
    name = truth.old_name if truth.old_name and voice.does(habit.outdated) else truth.name
    if voice.does(habit.abbreviated):
        for long, short in rng.sample(words.ABBREVIATIONS, 5):
            name = name.replace(long, short)
    if voice.does(habit.typo):
        name = noise.typo(rng, name)
    if voice.does(habit.with_city) and truth.address.city not in name:
        name = f"{name}, {truth.address.city}"
    old = truth.old_address is not None and voice.does(habit.outdated)
    address = _written(voice, truth.old_address if old and truth.old_address else truth.address)
    phone = truth.phone if voice.knows(habit.own_phone + habit.shared_phone) else ""
    return ToldSite(noise.plain(name).upper() if habit.upper else name, address, phone)


def _names(voice: Voice, truth: Person) -> tuple[str, str]:
    habit, rng = voice.habit, voice.rng
    given, family = truth.given, truth.family
    if voice.does(habit.nickname):
        given = nickname(rng, given)
    elif voice.does(habit.initial):
        given = f"{given[0]}."
    if truth.former_family and voice.does(habit.former):
        family = truth.former_family
    if voice.does(habit.typo):
        family = noise.typo(rng, family)
    if voice.does(habit.typo / 2):
        given = noise.typo(rng, given)
    if habit.upper:
        return noise.plain(given).upper(), noise.plain(family).upper()
    if voice.does(habit.plain):
        return noise.plain(given), noise.plain(family)
    if voice.does(0.02):
        return given, family.upper()
    return given, family


def _middle(voice: Voice, truth: Person) -> str:
    if not voice.knows(voice.habit.middle):
        return ""
    middle = truth.middle if voice.rng.random() < 0.4 else truth.middle[0]
    return middle.upper() if voice.habit.upper else middle


def _email(voice: Voice, truth: Person) -> str:
    if not voice.does(voice.habit.other_email):
        return truth.email if voice.rng.random() < 0.9 else truth.email.upper()
    local = noise.plain(f"{truth.given[0]}.{truth.former_family or truth.family}").lower()
    return f"{local}{truth.number}@post.example"


def _phone(voice: Voice, truth: Person, place: Site) -> str:
    draw = voice.rng.random()
    if draw < voice.habit.own_phone:
        phone = truth.phone
    elif draw < voice.habit.own_phone + voice.habit.shared_phone:
        phone = place.phone
    else:
        return ""
    return noise.transposed(voice.rng, phone) if phone.isdigit() and voice.does(0.02) else phone


def _birth_date(voice: Voice, truth: Person) -> date | None:
    if not voice.knows(voice.habit.birth_date):
        return None
    born = truth.birth_date
    if voice.does(0.015) and born.day <= 12:
        return date(born.year, born.day, born.month)
    return born


def _written(voice: Voice, address: Address) -> Address:
    line = address.line_1
    if voice.does(0.4):
        for long, short in words.STREET_KINDS:
            line = line.replace(f" {long}", f" {short}{'.' if voice.rng.random() < 0.3 else ''}")
    postcode = noise.transposed(voice.rng, address.postcode) if voice.does(0.01) else address.postcode
    address = replace(address, line_1=line, postcode=postcode)
    if not voice.habit.upper:
        return address
    return replace(
        address, line_1=noise.plain(line).upper(), city=noise.plain(address.city).upper(), line_2=address.line_2.upper()
    )


def us_phone(digits: str, shape: int) -> str:
    """Ten digits in one of the ways people write them; foreign numbers stay."""
    if not digits.isdigit() or len(digits) != 10:
        return digits
    area, exchange, line = digits[:3], digits[3:6], digits[6:]
    shapes = (f"({area}) {exchange}-{line}", f"{area}-{exchange}-{line}", f"+1 {area} {exchange} {line}", digits)
    return shapes[shape % len(shapes)]
