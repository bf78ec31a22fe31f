"""Golden ids: how they are made, and which part of a change keeps which id. Pure.

Laws: an id is never given to something else. After a change an old id goes to the part that holds most of its last
members; a part claimed by several ids keeps the oldest; the others retire and resolve to their successors. A part
without a claim first revives the id its founder last held, else it gets a new id made from entity, founder and a counter.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import polars as pl

# No 0, I, L, O and no U: over a telephone each of the others is unmistakable. 31 is prime, which the check needs.
ALPHABET = "123456789ABCDEFGHJKMNPQRSTVWXYZ"
_BODY = 10
_SPACE = 31**_BODY
_LETTERS = np.frombuffer(ALPHABET.encode(), dtype="S1")
_STEP = 0x9E3779B97F4A7C15


def golden_ids(prefix: str, founders: pl.Series, counters: pl.Series) -> pl.Series:
    """Ids for founding records (63-bit names) and their counters, vectorised."""
    salt = np.uint64(int.from_bytes(hashlib.sha256(prefix.encode()).digest()[:8]))
    number = founders.to_numpy().astype(np.uint64) + salt + counters.to_numpy().astype(np.uint64) * np.uint64(_STEP)
    number %= np.uint64(_SPACE)
    digits = np.empty((len(number), _BODY), dtype=np.uint64)
    for place in range(_BODY - 1, -1, -1):
        digits[:, place] = number % np.uint64(31)
        number //= np.uint64(31)
    check = (digits * np.arange(1, _BODY + 1, dtype=np.uint64)).sum(axis=1) % np.uint64(31)
    body = _LETTERS[digits.astype(np.intp)].view(f"S{_BODY}").ravel().astype(str) if len(number) else np.array([], dtype=str)
    ends = _LETTERS[check.astype(np.intp)].astype(str) if len(number) else body
    frame = pl.DataFrame({"body": body, "end": ends}, schema={"body": pl.String, "end": pl.String})
    return frame.select(pl.format("{}-{}-{}", pl.lit(prefix), "body", "end").alias("golden_id")).to_series()


def well_formed(golden_id: str) -> bool:
    """The id has the right shape and check character: no single slip of a letter, no swap of neighbours."""
    parts = golden_id.split("-")
    if len(parts) != 3 or len(parts[1]) != _BODY or len(parts[2]) != 1 or any(c not in ALPHABET for c in parts[1] + parts[2]):
        return False
    total = sum((i + 1) * ALPHABET.index(c) for i, c in enumerate(parts[1]))
    return ALPHABET[total % 31] == parts[2]


@dataclass(frozen=True)
class Past:
    """What is known of ids before a change.

    `members`: record_id, golden_id, one row per last member (records that are gone included).
    `ids`: golden_id, founder, born (run of birth; 0: adopted), for every id in `members` and `held`.
    `held`: record_id, golden_id, until: ids that records held before and that nobody holds now.
    `undone`: golden ids from which a withdrawn `match` is taken out.
    """

    members: pl.DataFrame
    ids: pl.DataFrame
    held: pl.DataFrame
    undone: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Future:
    """`assigned`: cluster, golden_id, founder, born, kind (kept, created, restored).

    `retired`: golden_id, successor_id (null: none).
    """

    assigned: pl.DataFrame
    retired: pl.DataFrame


def assign(prefix: str, parts: pl.DataFrame, past: Past, *, run: int, taken: Callable[[pl.Series], set[str]]) -> Future:
    """Give every part its id.

    `parts`: record_id, cluster, source, stream, source_key. `taken` tells which of some ids were ever issued.
    """
    founders, known = _founders(parts), _aged(past, parts)
    share = past.members.join(parts.select("record_id", "cluster"), on="record_id").group_by("golden_id", "cluster").len("n")
    share = share.join(known, on="golden_id", how="left").join(founders.select("cluster", "name"), on="cluster")
    revived, younger = _taken_apart(past, share, parts, known)
    kept = _claims(share.join(revived, on="cluster", how="anti"))
    open_parts = founders.join(kept, on="cluster", how="anti").join(revived, on="cluster", how="anti")
    back = _revivals(open_parts, past, used=pl.concat([kept["golden_id"], revived["golden_id"]]))
    fresh = _fresh(prefix, open_parts.join(back, on="cluster", how="anti"), taken)
    columns = ["cluster", "golden_id", "founder", "born", "kind"]
    assigned = pl.concat(
        [
            kept.join(known, on="golden_id").with_columns(kind=pl.lit("kept")).select(columns),
            pl.concat([revived, back]).join(known, on="golden_id").with_columns(kind=pl.lit("restored")).select(columns),
            fresh.with_columns(born=pl.lit(run, pl.Int64), kind=pl.lit("created")).select(columns),
        ]
    )
    return Future(assigned, _retirements(past, pl.concat([share.select("golden_id", "cluster"), younger]), assigned))


def _aged(past: Past, parts: pl.DataFrame) -> pl.DataFrame:
    """Every id with what its age is told by, and where its founder is now: golden_id, founder, born, founder_name, home."""
    here = parts.select(founder="record_id", founder_name=_name(), home="cluster")
    return past.ids.select("golden_id", "founder", "born").unique("golden_id").join(here, on="founder", how="left")


def _name() -> pl.Expr:
    return pl.concat_str("source", "stream", "source_key", separator="\x1f")


def _founders(parts: pl.DataFrame) -> pl.DataFrame:
    """Per part: its founder, the smallest (source, stream, key) among its members, and that name."""
    named = parts.select("cluster", founder="record_id", name=_name())
    crowd = (
        named.filter(pl.len().over("cluster") > 1).sort("cluster", "name").unique("cluster", keep="first", maintain_order=True)
    )
    return pl.concat([named.filter(pl.len().over("cluster") == 1), crowd])


def _claims(share: pl.DataFrame) -> pl.DataFrame:
    """Which id each part keeps: cluster, golden_id."""
    return _oldest(_mostly(share)).select("cluster", "golden_id")


def _mostly(share: pl.DataFrame) -> pl.DataFrame:
    """The part that holds most of each id's last members; of several, the one with its founder, then the first by name."""
    at_home = (pl.col("home") == pl.col("cluster")).fill_null(False)
    order = share.with_columns(at_home=at_home).sort(["golden_id", "n", "at_home", "name"], descending=[False, True, True, False])
    return order.unique("golden_id", keep="first", maintain_order=True)


def _oldest(share: pl.DataFrame) -> pl.DataFrame:
    """The oldest id of each part; of the same run, the one whose founding record comes first."""
    order = share.sort("cluster", "born", "founder_name", "golden_id", nulls_last=True)
    return order.unique("cluster", keep="first", maintain_order=True)


def _taken_apart(past: Past, share: pl.DataFrame, parts: pl.DataFrame, known: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """A withdrawn match gives back the ids it had retired, before anybody claims by majority.

    Returns (cluster, golden_id) given back, and (golden_id, cluster) of those that without the match would have gone there.
    """
    split = share.filter(pl.col("golden_id").is_in(list(past.undone))).filter(pl.len().over("golden_id") > 1)
    last = past.held.filter(pl.col("until") == pl.col("until").max().over("golden_id"))
    here = parts.select("record_id", "cluster").join(split.select("cluster", "name").unique(), on="cluster")
    claims = last.join(here, on="record_id").group_by("golden_id", "cluster", "name", "until").len("n")
    wanted = _mostly(claims.join(known, on="golden_id"))
    best = _oldest(wanted)
    # The id itself must stay with one part: never revive in all of them.
    claimed = split.join(best.select("cluster", back="golden_id"), on="cluster", how="left")
    full = claimed.group_by("golden_id").agg(
        everywhere=pl.col("back").is_not_null().all(), last=pl.col("cluster").sort_by("n", "cluster").last()
    )
    back = best.join(full.filter("everywhere").select(cluster="last"), on="cluster", how="anti")
    younger = wanted.join(back.select("cluster", heir="golden_id", since="until"), on="cluster")
    younger = younger.filter((pl.col("golden_id") != pl.col("heir")) & (pl.col("until") >= pl.col("since")))
    return back.select("cluster", "golden_id"), younger.select("golden_id", "cluster")


def _revivals(open_parts: pl.DataFrame, past: Past, *, used: pl.Series) -> pl.DataFrame:
    """The id that the founder of an unclaimed part last held, if nobody holds it: cluster, golden_id."""
    offers = open_parts.join(past.held, left_on="founder", right_on="record_id").select("cluster", "name", "golden_id", "until")
    offers = offers.filter(~pl.col("golden_id").is_in(used.implode()))
    done = [offers.select("cluster", "golden_id").clear()]
    while offers.height:
        last = offers.sort(["cluster", "until", "golden_id"], descending=[False, True, False])
        last = last.unique("cluster", keep="first", maintain_order=True)
        won = last.sort("name").unique("golden_id", keep="first", maintain_order=True).select("cluster", "golden_id")
        done.append(won)
        # Whoever came too late is offered what its founder held before that.
        offers = offers.join(won, on="cluster", how="anti").join(won, on="golden_id", how="anti")
    return pl.concat(done)


def _fresh(prefix: str, open_parts: pl.DataFrame, taken: Callable[[pl.Series], set[str]]) -> pl.DataFrame:
    """New ids: cluster, golden_id, founder. A collision counts on."""
    waiting = open_parts.sort("name").with_columns(counter=pl.lit(0, pl.Int64))
    done = []
    issued: set[str] = set()
    while waiting.height:
        offer = waiting.with_columns(golden_id=golden_ids(prefix, waiting["founder"], waiting["counter"]))
        refused = taken(offer["golden_id"]) | issued
        clash = pl.col("golden_id").is_in(list(refused)) | ~pl.col("golden_id").is_first_distinct()
        good = offer.filter(~clash)
        done.append(good.select("cluster", "golden_id", "founder"))
        waiting = offer.filter(clash).drop("golden_id").with_columns(pl.col("counter") + 1)
        if waiting.height:
            issued |= set(good["golden_id"])
    empty = open_parts.select("cluster", pl.lit("").alias("golden_id"), "founder").clear()
    return pl.concat([empty, *done])


def _retirements(past: Past, went: pl.DataFrame, assigned: pl.DataFrame) -> pl.DataFrame:
    """Ids that nobody keeps, with every id their last members went to (`went`: golden_id, cluster)."""
    named = pl.concat([past.members.select("golden_id"), went.select("golden_id")])
    gone = named.unique().join(assigned, on="golden_id", how="anti")
    heirs = went.join(assigned.select("cluster", successor_id="golden_id"), on="cluster")
    return gone.join(heirs.select("golden_id", "successor_id").unique(), on="golden_id", how="left").sort(
        "golden_id", "successor_id"
    )
