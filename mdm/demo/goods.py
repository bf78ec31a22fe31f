"""The invented materials: substances, the products made of them, their packages, and clinical supplies."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from random import Random

from mdm.demo import noise, words

SHARES = (("substance", 0.10), ("product", 0.28), ("package", 0.44), ("clinical_supply", 0.18))
STRENGTHS = ((5, "mg"), (10, "mg"), (20, "mg"), (25, "mg"), (50, "mg"), (100, "mg"), (250, "mg"), (500, "mg"), (1000, "mg"))
# One substance in so many is the free base of the one before it, which is sold as a salt.
SALT_AND_BASE = 7
PACKS = (10, 14, 28, 30, 56, 90, 100)


@dataclass(frozen=True)
class Substance:
    """An active substance and the salt it is sold as."""

    base: str
    salt: str
    unii: str
    cas: str
    maker: int

    @property
    def name(self) -> str:
        """The substance with its salt."""
        return f"{self.base} {self.salt}".strip()


@dataclass(frozen=True)
class Material:
    """One material of one level, as somebody who knew everything would write it."""

    number: int
    level: str
    substance: Substance
    maker: int
    storage: int
    brand: str = ""
    strength: int = 0
    unit: str = ""
    form: int = 0
    part_number: str = ""
    ndc: tuple[str, str, str] = ("", "", "")
    gtin: str = ""
    pack: int = 0
    protocol: str = ""
    parent: int | None = None


def materials(rng: Random, count: int) -> list[Material]:
    """All materials, numbered from zero; every level after the one it is made of."""
    sizes = [max(2, round(count * share)) for _, share in SHARES[:-1]]
    sizes.append(max(2, count - sum(sizes)))
    made: list[Material] = []
    for number in range(sizes[0]):
        made.append(_free_base(rng, made[-1]) if _is_free_base(number) else _substance(rng, number))
    made += _products(rng, made, sizes[1])
    products = [m for m in made if m.level == "product"]
    made += _packages(rng, products, len(made), sizes[2])
    return made + _supplies(rng, products, len(made), sizes[3])


def _substance(rng: Random, number: int) -> Material:
    pieces = (words.SUBSTANCE_HEADS, words.SUBSTANCE_MIDDLES, words.SUBSTANCE_TAILS)
    # The number walks through all heads, so that no two substances share a name.
    head = pieces[0][number % len(pieces[0])]
    middle = pieces[1][number // len(pieces[0]) % len(pieces[1])]
    salt = rng.choice(words.SALTS) if rng.random() < 0.6 or _is_free_base(number + 1) else ""
    maker = rng.randrange(len(words.MAKERS))
    made = Substance(f"{head}{middle}{rng.choice(pieces[2])}", salt, noise.unii(rng), noise.cas(rng), maker)
    return Material(number, "substance", made, maker, rng.randrange(3), part_number=f"API-{4000 + number}")


def _is_free_base(number: int) -> bool:
    return number % SALT_AND_BASE == 1


def _free_base(rng: Random, salt: Material) -> Material:
    """The base of a salt, from the same maker: another substance with codes of its own."""
    number = salt.number + 1
    made = replace(salt.substance, salt="", unii=noise.unii(rng), cas=noise.cas(rng))
    return replace(salt, number=number, substance=made, part_number=f"API-{4000 + number}")


def _products(rng: Random, substances: Sequence[Material], count: int) -> list[Material]:
    """Products come in two strengths or more, so that only the number tells them apart."""
    made: list[Material] = []
    family = 0
    while len(made) < count:
        substance = substances[family % len(substances)].substance
        generic = family % 4 == 3
        form, maker, storage = rng.randrange(len(words.FORMS)), rng.randrange(len(words.MAKERS)), rng.randrange(3)
        brand = "" if generic else _brand(rng, substance.base)
        labeler, at = f"{95000 + maker * 111 + len(made) // 900}", rng.randrange(len(STRENGTHS) - 3)
        for step in range(rng.choice((2, 2, 3))):
            number = len(substances) + len(made)
            strength, unit = STRENGTHS[at + step]
            made.append(
                Material(
                    number, "product", substance, maker, storage, brand, strength, unit, form,
                    ndc=(labeler, f"{100 + number % 900:03d}", ""),
                )
            )  # fmt: skip
        family += 1
    return made[:count]


def _brand(rng: Random, base: str) -> str:
    return f"{base[:3].capitalize()}{rng.choice(('ovia', 'enza', 'yra', 'ulo', 'adis', 'exo'))}"


def _packages(rng: Random, products: Sequence[Material], first: int, count: int) -> list[Material]:
    made = []
    for place in range(count):
        product = products[place % len(products)]
        # A product's packages differ in size: the second one starts where the first cannot be.
        pack = PACKS[(product.number * 3 + place // len(products)) % len(PACKS)]
        labeler, code, _ = product.ndc
        segment = f"{10 + place // len(products):02d}"
        body = f"003{labeler}{code}{segment}"
        made.append(
            Material(
                first + place, "package", product.substance, product.maker, product.storage, product.brand,
                product.strength, product.unit, product.form, ndc=(labeler, code, segment), gtin=noise.gtin(body),
                pack=pack, part_number=f"{product.brand[:2].upper() or 'GX'}{7000 + first + place}", parent=product.number,
            )
        )  # fmt: skip
    return made


def _supplies(rng: Random, products: Sequence[Material], first: int, count: int) -> list[Material]:
    """Supplies of studies; a study has each product once, since its number alone would tell two of them apart."""
    pairs = [(product, study) for study in range(6) for product in products]
    chosen = rng.sample(pairs, count) if count < len(pairs) else (pairs * count)[:count]
    return [_supply(rng, product, first + place, f"PRX-{301 + study}") for place, (product, study) in enumerate(chosen)]


def _supply(rng: Random, product: Material, number: int, protocol: str) -> Material:
    return Material(
        number, "clinical_supply", product.substance, product.maker, product.storage, "", product.strength,
        product.unit, product.form, part_number=f"KIT-{rng.randrange(100, 999)}-{number}",
        gtin=noise.gtin(f"0952{number:09d}"), protocol=protocol, parent=product.number,
    )  # fmt: skip
