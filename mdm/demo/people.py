"""The invented people: who they are, where they work, and the pairs that are easily taken for one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from random import Random

from mdm.demo import noise, words
from mdm.demo.places import Site, Telephones, area_code

FATHERS_AND_SONS = 12 / 2000
MARRIED = 0.08


@dataclass(frozen=True)
class Licence:
    """A licence to practise."""

    number: str
    state: str
    type: str
    status: str
    expires_on: date


@dataclass(frozen=True)
class Person:
    """One person, as somebody who knew everything would write them."""

    number: int
    given: str
    middle: str
    family: str
    gender: str
    birth_date: date
    country: str
    credentials: str
    specialties: tuple[str, ...]
    sites: tuple[int, ...]
    phone: str
    email: str
    npi: str = ""
    orcid: str = ""
    prefix: str = "Dr."
    suffix: str = ""
    second_family: str = ""
    former_family: str = ""
    licences: tuple[Licence, ...] = ()
    opted_out: bool = False


def people(rng: Random, count: int, sites: Sequence[Site], phones: Telephones) -> list[Person]:
    """All people, numbered from zero; a son directly follows his father; one person has opted out."""
    families = _families(rng)
    # Even numbers only, so that the next one is free for the son.
    fathers = set(rng.sample(range(0, count - 1, 2), max(1, round(count * FATHERS_AND_SONS))))
    made: list[Person] = []
    while len(made) < count:
        person = _person(rng, len(made), families, sites, phones)
        made += _father_and_son(rng, person) if person.number in fathers else (person,)
    made = _with_own_email(made)
    out = rng.randrange(count)
    made[out] = replace(made[out], opted_out=True)
    return made


def _with_own_email(made: Sequence[Person]) -> list[Person]:
    """Nobody's address is given to a second person; the later one gets a number, as mail systems do."""
    taken: set[str] = set()
    own = []
    for person in made:
        local, domain = person.email.split("@")
        email = f"{local}{person.number}@{domain}" if person.email in taken else person.email
        taken.add(email)
        own.append(replace(person, email=email))
    return own


def nickname(rng: Random, given: str) -> str:
    """What friends say instead of the given name, or the given name."""
    return rng.choice(words.NICKNAMES.get(given, (given,)))


def _families(rng: Random) -> dict[str, list[str]]:
    """The families of each country, the common ones first."""
    names = {}
    for country, (heads, tails) in words.FAMILY_PARTS.items():
        names[country] = [head + tail for head in heads for tail in tails]
        rng.shuffle(names[country])
    return names


def _family(rng: Random, families: Sequence[str]) -> str:
    """A name by its rank: the first are common, the last nearly unique; a short list is drawn from evenly."""
    skew = 2.2 if len(families) > 500 else 1.0
    return families[min(int(len(families) * rng.random() ** skew), len(families) - 1)]


def _person(rng: Random, number: int, families: Mapping[str, Sequence[str]], sites: Sequence[Site], phones: Telephones) -> Person:
    home = rng.choice(sites)
    country = home.address.country
    gender = rng.choice("FM")
    pool, own = words.GIVEN[country][gender], families[country]
    family = _family(rng, own)
    maiden = _family(rng, own) if country == "US" and gender == "F" and rng.random() < MARRIED else ""
    given = rng.choice(pool)
    more = [s.number for s in rng.sample(sites, min(2, len(sites))) if s.address.city == home.address.city]
    degree = rng.choices([c for c, _ in words.CREDENTIALS], [w for _, w in words.CREDENTIALS])[0]
    return Person(
        number=number, given=given, middle=rng.choice(pool),
        family=family, former_family=maiden, gender=gender, country=country, credentials=degree,
        second_family=_family(rng, own) if country in ("ES", "MX") else "",
        birth_date=date(1948, 1, 1) + timedelta(days=rng.randrange(44 * 365)),
        specialties=tuple(rng.sample([s[0] for s in words.SPECIALTIES], rng.choices((1, 2), (8, 2))[0])),
        sites=(home.number, *[n for n in more if n != home.number]),
        phone=phones.next(area_code(home.address), country),
        email=_email(rng, given, family, number, home.domain),
        npi=noise.npi(10_000_000 + number * 7919 % 70_000_000) if country == "US" else "",
        orcid=noise.orcid(rng) if rng.random() < 0.3 else "",
        prefix="Dr." if degree not in ("NP", "RN") else ("Ms." if gender == "F" else "Mr."),
        licences=_licences(rng, number, home.address.region, degree) if country == "US" else (),
    )  # fmt: skip


def _email(rng: Random, given: str, family: str, number: int, domain: str) -> str:
    local = noise.plain(f"{given}.{family}" if rng.random() < 0.6 else f"{given[0]}{family}").lower()
    tail = domain if rng.random() < 0.7 else "mail.example"
    return f"{local}{number % 97 if tail == 'mail.example' else ''}@{tail}"


def _licences(rng: Random, number: int, state: str, degree: str) -> tuple[Licence, ...]:
    states = [state] + ([rng.choice(words.CITIES)[1]] if rng.random() < 0.15 else [])
    return tuple(
        Licence(
            f"{rng.choice('ABCDEG')}{100000 + number * 3 + place}", where, degree,
            "active" if rng.random() < 0.95 else "expired", date(2026, 6, 30) + timedelta(days=rng.randrange(900)),
        )
        for place, where in enumerate(dict.fromkeys(states))
    )  # fmt: skip


def _father_and_son(rng: Random, person: Person) -> tuple[Person, Person]:
    """Two people of one name at one address with one telephone."""
    given = person.given if person.gender == "M" else rng.choice(words.MALE)
    father = replace(
        person, given=given, gender="M", suffix="Sr", former_family="",
        email=f"{noise.plain(given).lower()}.{noise.plain(person.family).lower()}.sr{person.number}@mail.example",
        birth_date=date(1948, 1, 1) + timedelta(days=rng.randrange(9 * 365)),
    )  # fmt: skip
    son = replace(
        father, number=father.number + 1, suffix="Jr", npi=noise.npi(80_000_000 + father.number) if father.npi else "",
        birth_date=date(1976, 1, 1) + timedelta(days=rng.randrange(12 * 365)),
        email=father.email.replace(".sr", ".jr"), orcid="", middle=rng.choice(words.MALE),
        licences=tuple(replace(held, number=f"Z{held.number[1:]}") for held in father.licences),
    )  # fmt: skip
    return father, son
