"""Generated people with known truth, for benchmarks: a million records in seconds, the same ones for a seed.

A fifth of the records are copies of others, spread over four sources, with typing errors, nicknames, initials, moves,
new e-mail and telephone. Colleagues share an address and often a telephone, which is what makes matching hard.

    python benchmarks/generate.py FOLDER --count 1000000
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from mdm.demo import words

SOURCES = ("crm", "vault", "register", "edc")
ROLES = {"crm": "crm", "vault": "master", "register": "register", "edc": "edc"}
NO_NPI = "edc"
COPIES = 0.2
PER_PRACTICE = 8
COLUMNS = (
    "source_key", "given_name", "middle_name", "family_name", "npi", "birth_date", "specialty", "email", "phone",
    "line_1", "city", "region", "postcode", "modified",
)  # fmt: skip
# How often a copy differs from its original, by what happened to it.
WOUNDS = {
    "nickname": 0.12, "initial": 0.05, "family_typo": 0.10, "given_typo": 0.05, "married": 0.03, "moved": 0.10,
    "email": 0.15, "phone": 0.15, "swapped": 0.01, "birth_date": 0.01,
}  # fmt: skip
LETTERS = np.array(list("aeiorstlnm"))


@dataclass(frozen=True)
class Lists:
    """The pools names and places are drawn from."""

    given: np.ndarray
    family: np.ndarray


def hcps(count: int, seed: int = 7) -> pl.DataFrame:
    """Source records of people: `source`, the columns of a record, and `cluster`, the truth."""
    rng = np.random.default_rng([seed, count])
    people = round(count * (1 - COPIES))
    lists = _lists(people)
    originals = _people(rng, people, lists)
    chosen = np.sort(rng.integers(0, people, count - people))
    copies = _wounded(rng, originals[chosen], originals, lists)
    records = pl.concat([originals, copies]).with_columns(
        source=pl.Series(np.array(SOURCES)[rng.integers(0, len(SOURCES), count)]),
        modified=_days(rng, count, 18_000, 20_400).cast(pl.Datetime("ms")).dt.strftime("%Y-%m-%dT%H:%M:%SZ"),
    )
    records = _with_gaps(rng, records)[rng.permutation(count)]
    key = pl.col("source").str.slice(0, 1).str.to_uppercase() + pl.int_range(pl.len()).cast(pl.String).str.zfill(9)
    return records.with_columns(source_key=key).select("source", *COLUMNS, "cluster")


def changed(records: pl.DataFrame, count: int, seed: int = 8) -> pl.DataFrame:
    """New versions of some records under their old keys: new e-mail, telephone or a corrected name."""
    rng = np.random.default_rng([seed, count])
    chosen = records[np.sort(rng.choice(len(records), count, replace=False))]
    kind = pl.Series(rng.integers(0, 3, count))
    return chosen.with_columns(
        email=pl.when(kind == 0).then(pl.lit("new") + pl.col("source_key") + "@post.example").otherwise("email"),
        phone=pl.when(kind == 1).then(_phones(rng, count)).otherwise("phone"),
        family_name=pl.when(kind == 2).then(_typo(rng, chosen["family_name"])).otherwise("family_name"),
        modified=pl.lit("2026-03-01T00:00:00Z"),
    )


def write(folder: Path, records: pl.DataFrame, *, name: str = "people") -> None:
    """Write one CSV per source, called after the delivery."""
    for source in SOURCES:
        (folder / source).mkdir(parents=True, exist_ok=True)
        records.filter(pl.col("source") == source).select(COLUMNS).write_csv(folder / source / f"{name}.csv")


def write_truth(folder: Path, records: pl.DataFrame) -> None:
    """Write which records are one person."""
    records.select(pl.col("cluster"), "source", pl.lit("people").alias("stream"), "source_key").write_csv(folder / "truth.csv")


def settings() -> str:
    """An `mdm.toml` that reads what `write` wrote."""
    fields = ["given_name", "middle_name", "family_name", "npi", "birth_date", "specialty", "email", "phone"]
    mapped = [f'{name} = "{name}"' for name in fields]
    mapped.append('line_1 = ["address", "address[1].line_1"]')
    mapped += [f'{name} = ["{name}", "address[1].{name}"]' for name in ("city", "region", "postcode")]
    parts = ['[hub]\nurl = "sqlite:///mdm.db"\n']
    for source in SOURCES:
        parts.append(
            f'[sources.{source}]\nconnector = "files"\nrole = "{ROLES[source]}"\npath = "{source}/*.csv"\n\n'
            f'[sources.{source}.streams.people]\nkey = ["source_key"]\nmodified = "modified"\ndelivery = "delta"\n\n'
            f'[[sources.{source}.streams.people.map]]\nentity = "hcp"\nfields = {{ {", ".join(mapped)} }}\n'
        )
    return "\n".join(parts)


def _lists(people: int) -> Lists:
    """Names: the most common first; more families where there are more people, as in life."""
    heads = "b br c d dr f g h k l m n p r s st t tr v w".split()
    syllables = [head + vowel + tail for head in heads for vowel in "aeiou" for tail in ("", "n", "r", "l")]
    ends = ["ton", "ley", "man", "sen", "berg", "well", "ford", "ska", "ini", "ez", "ard", "oux", "wick", "dale", "mann"]
    wanted = max(2_000, min(120_000, people // 6))
    family = np.array([a + b + end for end in ends for a in syllables for b in ["", *syllables[::7]]])
    given = np.array([*words.MALE, *words.FEMALE, *(s + e for s in syllables for e in ("a", "o", "ie", "us"))])
    shuffled = np.random.default_rng(1).permutation(family)[:wanted]
    return Lists(np.char.capitalize(given), np.char.capitalize(shuffled))


def _zipf(rng: np.random.Generator, count: int, size: int, *, flat: float) -> np.ndarray:
    """Ranks drawn as names are: rank r about as often as 1 / (r + flat)."""
    weights = 1 / (np.arange(size) + flat)
    return np.searchsorted(np.cumsum(weights / weights.sum()), rng.random(count)).clip(0, size - 1)


def _people(rng: np.random.Generator, count: int, lists: Lists) -> pl.DataFrame:
    practice = _practices(rng, max(1, count // PER_PRACTICE))
    given = pl.Series(lists.given[_zipf(rng, count, len(lists.given), flat=20)])
    family = pl.Series(lists.family[_zipf(rng, count, len(lists.family), flat=30)])
    names = pl.DataFrame({"given_name": given, "family_name": family})
    local = names["given_name"].str.to_lowercase() + "." + names["family_name"].str.to_lowercase()
    where = practice[rng.integers(0, len(practice), count)]
    return names.with_columns(
        middle_name=pl.Series(lists.given[rng.integers(0, 90, count)]),
        npi=_npis(count), birth_date=_days(rng, count, -8_000, 10_000).cast(pl.String),
        specialty=pl.Series(np.array([s[0] for s in words.SPECIALTIES])[rng.integers(0, len(words.SPECIALTIES), count)]),
        email=local + pl.Series(np.arange(count) % 9973).cast(pl.String) + "@mail.example",
        phone=pl.when(pl.Series(rng.random(count) < 0.6)).then(where["practice_phone"]).otherwise(_phones(rng, count)),
        cluster=pl.Series(np.arange(count)),
    ).with_columns(where.drop("practice_phone"))  # fmt: skip


def _practices(rng: np.random.Generator, count: int) -> pl.DataFrame:
    towns = max(40, count // 25)
    town = rng.integers(0, towns, count)
    street = np.array(words.STREETS)[rng.integers(0, len(words.STREETS), count)]
    kind = np.array([k for k, _ in words.STREET_KINDS])[rng.integers(0, len(words.STREET_KINDS), count)]
    heads, tails = np.array(words.FAMILY_HEADS), np.array(words.FAMILY_TAILS)
    states = np.array([c[1] for c in words.CITIES])
    frame = pl.DataFrame({"number": rng.integers(1, 9900, count), "street": street, "kind": kind, "town": town})
    return frame.select(
        line_1=pl.col("number").cast(pl.String) + " " + pl.col("street") + " " + pl.col("kind"),
        city=pl.Series(heads[town % len(heads)]) + pl.Series(tails[town // len(heads) % len(tails)]),
        region=pl.Series(states[town % len(states)]),
        postcode=(pl.col("town") * 7919 % 90_000 + 10_000).cast(pl.String),
        practice_phone=_phones(rng, count),
    )


def _wounded(rng: np.random.Generator, copies: pl.DataFrame, originals: pl.DataFrame, lists: Lists) -> pl.DataFrame:
    """Copies as another system has them."""
    count = len(copies)
    hit = {name: pl.Series(rng.random(count) < share) for name, share in WOUNDS.items()}
    elsewhere = originals[rng.integers(0, len(originals), count)]
    short = {name: nicknames[0] for name, nicknames in words.NICKNAMES.items()}
    given, family = pl.col("given_name"), pl.col("family_name")
    moved = [
        pl.when(hit["moved"]).then(elsewhere[name]).otherwise(pl.col(name)).alias(name)
        for name in ("line_1", "city", "region", "postcode")
    ]
    copies = copies.with_columns(
        *moved,
        given_name=pl.when(hit["nickname"]).then(given.replace(short))
        .when(hit["initial"]).then(given.str.slice(0, 1))
        .when(hit["given_typo"]).then(_typo(rng, copies["given_name"])).otherwise(given),
        family_name=pl.when(hit["married"]).then(pl.Series(lists.family[rng.integers(0, len(lists.family), count)]))
        .when(hit["family_typo"]).then(_typo(rng, copies["family_name"])).otherwise(family),
        email=pl.when(hit["email"]).then(pl.lit("p") + pl.Series(rng.integers(0, 10**9, count)).cast(pl.String) + "@post.example")
        .otherwise("email"),
        phone=pl.when(hit["phone"]).then(_phones(rng, count)).otherwise("phone"),
        birth_date=pl.when(hit["birth_date"]).then(_days(rng, count, -8_000, 10_000).cast(pl.String)).otherwise("birth_date"),
    )  # fmt: skip
    swap = hit["swapped"]
    return copies.with_columns(
        given_name=pl.when(swap).then(family).otherwise(given), family_name=pl.when(swap).then(given).otherwise(family)
    )


def _with_gaps(rng: np.random.Generator, records: pl.DataFrame) -> pl.DataFrame:
    """What a source does not say; one source knows no NPI at all."""
    missing = {"npi": 0.4, "middle_name": 0.5, "email": 0.25, "phone": 0.2, "birth_date": 0.5, "specialty": 0.15}
    gaps = {name: pl.Series(rng.random(len(records)) < share) for name, share in missing.items()}
    gaps["npi"] = gaps["npi"] | (records["source"] == NO_NPI)
    return records.with_columns(pl.when(gap).then(None).otherwise(pl.col(name)).alias(name) for name, gap in gaps.items())


def _typo(rng: np.random.Generator, names: pl.Series) -> pl.Series:
    """Each name with one key struck wrongly: a letter changed, left out, or doubled."""
    count, name = len(names), pl.col("name")
    frame = pl.DataFrame({"name": names, "at": rng.integers(1, 6, count), "kind": rng.integers(0, 3, count)})
    last = name.str.len_chars().cast(pl.Int64) - 1
    frame = frame.with_columns(at=pl.min_horizontal("at", last), letter=pl.Series(rng.choice(LETTERS, count)))
    head, tail = name.str.slice(0, pl.col("at")), name.str.slice(pl.col("at") + 1)
    struck = name.str.slice(pl.col("at"), 1)
    middle = pl.when(pl.col("kind") == 0).then("letter").when(pl.col("kind") == 1).then(pl.lit("")).otherwise(struck + struck)
    return frame.select(head + middle + tail).to_series()


def _npis(count: int) -> pl.Series:
    """NPIs with right check digits from the range that nobody was ever given."""
    serial = 200_000_000 + np.arange(count, dtype=np.int64) * 97 % 100_000_000
    total, rest = np.full(count, 24), serial.copy()
    for place in range(9):
        digit = rest % 10 * (2 if place % 2 == 0 else 1)
        total += np.where(digit > 9, digit - 9, digit)
        rest //= 10
    return pl.Series(serial * 10 + -total % 10).cast(pl.String)


def _phones(rng: np.random.Generator, count: int) -> pl.Series:
    area, line = pl.Series(rng.integers(200, 980, count)), pl.Series(rng.integers(0, 10_000, count))
    return area.cast(pl.String) + "555" + line.cast(pl.String).str.zfill(4)


def _days(rng: np.random.Generator, count: int, low: int, high: int) -> pl.Series:
    return pl.Series(rng.integers(low, high, count).astype(np.int32)).cast(pl.Date)


def main() -> None:
    """Write a folder to benchmark with."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--count", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--changed", type=int, default=0, help="also write a second delivery with this many changed records")
    given = parser.parse_args()
    records = hcps(given.count, given.seed)
    write(given.folder, records)
    write_truth(given.folder, records)
    (given.folder / "mdm.toml").write_text(settings(), encoding="utf-8")
    if given.changed:
        write(given.folder, changed(records, given.changed), name="people_changed")


if __name__ == "__main__":
    main()
