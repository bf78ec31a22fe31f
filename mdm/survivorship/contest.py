"""A contest anyone can read: every candidate in its place, why it lost, and what would have made it win."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl

from mdm.survivorship.order import Criterion, agreement, criteria, decay, ordered, trust, weight
from mdm.survivorship.rule import Rule

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Candidate:
    """One record's value in a contest: its place (1 has won), why it is not first, and what would put it there.

    `score` is what it weighs under a rule that weighs, and `parts` how that is made; both are empty under other rules.
    """

    record_id: int
    value: Any
    role: str
    source_time: datetime | None
    place: int
    lost: str | None = None
    flip: str | None = None
    score: float | None = None
    parts: tuple[tuple[str, float], ...] = ()


def contest(candidates: pl.DataFrame, name: str, rule: Rule, failed: Mapping[str, pl.Series]) -> list[Candidate]:
    """The candidates of one cluster for one attribute, the winner first; none under a rule that takes all values."""
    if rule.by == "union":
        return []
    broken = failed.get(name)
    keys = criteria(rule, name, broken)
    offered = ordered(candidates, name, rule, broken)
    looked = offered.with_columns(**{f"_{i}": c.key for i, c in enumerate(keys)}, **_parts(rule, name, broken)).to_dicts()
    return [_candidate(row, looked[0], place, name, rule, keys) for place, row in enumerate(looked, start=1)]


def _parts(rule: Rule, name: str, broken: pl.Series | None) -> dict[str, pl.Expr]:
    if rule.weights is None:
        return {}
    bad = pl.col("record_id").is_in(broken.implode()) if broken is not None and broken.len() else None
    held = rule.weights
    made = {"role": trust(rule), "age": decay(rule), "failed": pl.when(bad).then(held.failed).otherwise(1.0) if bad is not None else 1.0,
            "agreement": held.agreement * agreement(name)}  # fmt: skip
    made["completeness"] = held.completeness * pl.col("filled") if held.completeness else 0.0
    return {f"_{k}": v if isinstance(v, pl.Expr) else pl.lit(v) for k, v in made.items()} | {"_score": weight(rule, name, bad)}


def _candidate(
    row: Mapping[str, Any], first: Mapping[str, Any], place: int, name: str, rule: Rule, keys: list[Criterion]
) -> Candidate:
    lost = flip = None
    if row is not first:
        at = next(i for i in range(len(keys)) if row[f"_{i}"] != first[f"_{i}"])
        lost, flip = _told(keys[at], row, first, f"_{at}", name, rule)
    parts = ("role", "age", "failed", "agreement", "completeness") if rule.weights else ()
    return Candidate(
        row["record_id"], row[name], row["role"], _moment(row["source_time"]), place, lost, flip,
        row["_score"] if parts else None, tuple((p, round(row[f"_{p}"], 4)) for p in parts),
    )  # fmt: skip


def _told(
    criterion: Criterion, row: Mapping[str, Any], first: Mapping[str, Any], key: str, name: str, rule: Rule
) -> tuple[str, str]:
    """Why a candidate lost to the first, and what would turn it round."""
    mine, theirs = row[key], first[key]
    match criterion.name:
        case "sound":
            return "its value fails a check", "if its value passed the checks"
        case "demoted":
            return "its source has merged this record into another", "if its source took the merge back"
        case "role":
            ours, winning = _role(row), _role(first)
            return f"{winning} stands before {ours}", f"if {ours} stood before {winning} in the rule"
        case "recency":
            return _older(row, first)
        case "length":
            return f"{mine} characters against {theirs}", f"with more than {theirs} characters"
        case "agreement":
            return f"{mine} of the records say so, {theirs} say the winning value", f"if {theirs - mine + 1} more records said so"
        case "size":
            word = "smaller" if rule.values == ("largest",) else "larger"
            return f"{word} than {theirs}", f"if it were not {word} than {theirs}"
        case "order":
            said = first[name]
            return f"less restrictive than {said!r}", f"if no record said {said!r}"
        case "weight":
            return f"weighs {mine:g} against {theirs:g}", _heavier(row, theirs, rule)
    return "equal in all else, and its name stands later", "if it were newer, by however little"


def _role(row: Mapping[str, Any]) -> str:
    return row["role"] or "a source without a role"


def _older(row: Mapping[str, Any], first: Mapping[str, Any]) -> tuple[str, str]:
    newest = _moment(first["source_time"])
    assert newest is not None
    said = newest.strftime("%Y-%m-%d")
    if row["source_time"] is None:
        return "it has no date", f"if its source dated it after {said}"
    days = (first["source_time"] - row["source_time"]) / 86_400_000_000
    return f"older by {_days(days)}", f"if its source said it again after {said}"


def _days(days: float) -> str:
    if days < 1:
        return "less than a day"
    return "a day" if round(days) == 1 else f"{round(days):,} days"


def _heavier(row: Mapping[str, Any], needed: float, rule: Rule) -> str:
    """What would make it weigh more than `needed`: the one part that can, the most natural first."""
    assert rule.weights is not None
    extras = row["_agreement"] + row["_completeness"]
    if rule.weights.half_life and row["_role"] * row["_failed"] + extras > needed and row["_age"] < 1:
        return "if its source said it again today"
    if row["_failed"] < 1 and row["_role"] * row["_age"] + extras > needed:
        return "if its value passed the checks"
    rest = row["_age"] * row["_failed"]
    role = (needed - extras) / rest if rest else 2.0
    if role < 1:
        return f"if {_role(row)} were trusted by more than {role:.2f} (now {row['_role']:g})"
    return "by no single change: it is less trusted, older or alone with it"


def _moment(micros: int | None) -> datetime | None:
    return _EPOCH + timedelta(microseconds=micros) if micros is not None else None
