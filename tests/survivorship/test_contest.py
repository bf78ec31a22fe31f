"""The contest: the winner of the rule is first, and whoever lost is told why and what would turn it round."""

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mdm import survivorship
from mdm.errors import DeclarationError

DAY = 86_400_000_000
TRUSTED = survivorship.weighed({"register": 1.0, "crm": 0.6}, half_life=365, floor=0.2, failed=0.5)
RULES = [
    survivorship.by_role("register", "crm"), survivorship.recent, survivorship.longest, survivorship.most_frequent,
    survivorship.most_restrictive("frozen", "cold"), survivorship.largest, TRUSTED,
]  # fmt: skip
offer = st.fixed_dictionaries(
    {
        "role": st.sampled_from(("register", "crm", "")),
        "source_time": st.one_of(st.none(), st.integers(0, 900).map(lambda days: days * DAY)),
        "demoted": st.booleans(),
        "value": st.sampled_from((None, "cold", "frozen", "a longer value")),
        "broken": st.booleans(),
    }
)


def candidates(said: list[dict]) -> tuple[pl.DataFrame, dict[str, pl.Series]]:
    usual = {"demoted": False, "broken": False, "source_time": None, "role": ""}
    rows = [{**usual, **o, "cluster": "", "record_id": 100 + i, "name_rank": i, "filled": 0.5} for i, o in enumerate(said)]
    schema = {"source_time": pl.Int64, "value": pl.String, "broken": pl.Boolean, "demoted": pl.Boolean, "role": pl.String}
    frame = pl.DataFrame(rows, schema_overrides=schema)
    return frame.drop("broken"), {"value": frame.filter("broken")["record_id"]}


def held(rule: survivorship.Rule, *said: dict) -> list[survivorship.Candidate]:
    frame, failed = candidates(list(said))
    return survivorship.contest(frame, "value", rule, failed)


@pytest.mark.parametrize("rule", RULES, ids=str)
@given(said=st.lists(offer, min_size=1, max_size=7))
def test_the_first_of_a_contest_is_who_wins(rule: survivorship.Rule, said: list[dict]):
    frame, failed = candidates(said)

    found = survivorship.contest(frame, "value", rule, failed)
    winner = survivorship.winners(frame, ["value"], rule, failed).row(0, named=True)

    assert (found[0].record_id if found else None) == winner["value@"]
    assert [c.place for c in found] == list(range(1, len(found) + 1))
    assert len(found) == frame["value"].count()
    assert all(c.lost and c.flip for c in found[1:])
    merged = frame.filter("demoted")["record_id"]
    scores = [c.score for c in found if c.score is not None and c.record_id not in merged]
    assert scores == sorted(scores, reverse=True)


def test_a_role_that_stands_later_is_named():
    _, second = held(
        survivorship.by_role("register", "crm"), {"role": "register", "value": "cold"}, {"role": "crm", "value": "frozen"}
    )

    assert (second.lost, second.flip) == ("register stands before crm", "if crm stood before register in the rule")


def test_age_is_told_in_days_and_what_would_turn_it_round():
    _, second = held(
        survivorship.recent, {"source_time": 400 * DAY, "value": "cold"}, {"source_time": 359 * DAY, "value": "frozen"}
    )

    assert second.lost == "older by 41 days"
    assert second.flip == "if its source said it again after 1971-02-05"


def test_a_failed_check_comes_before_everything_else():
    first, second = held(
        survivorship.by_role("register", "crm"),
        {"role": "register", "value": "cold", "broken": True},
        {"role": "crm", "value": "frozen"},
    )

    assert (first.role, second.lost) == ("crm", "its value fails a check")


def test_a_rule_that_weighs_lets_a_newer_value_overtake_a_more_trusted_one():
    old = {"role": "register", "source_time": 0, "value": "cold"}

    near = held(TRUSTED, old, {"role": "crm", "source_time": 200 * DAY, "value": "frozen"})
    far = held(TRUSTED, old, {"role": "crm", "source_time": 400 * DAY, "value": "frozen"})

    assert (near[0].role, far[0].role) == ("register", "crm")
    assert dict(far[1].parts)["age"] == pytest.approx(0.5 ** (400 / 365), abs=1e-4)
    assert far[1].flip == "if its source said it again today"


def test_age_takes_no_more_than_the_floor_leaves():
    _, last = held(
        TRUSTED,
        {"role": "register", "source_time": 9000 * DAY, "value": "cold"},
        {"role": "register", "source_time": 0, "value": "x"},
    )

    assert last.score == 0.2


def test_time_passing_alone_changes_no_winner():
    said = [{"role": "register", "source_time": 0, "value": "cold"}, {"role": "crm", "source_time": 300 * DAY, "value": "frozen"}]
    later = [{**o, "source_time": o["source_time"] + 5000 * DAY} for o in said]

    assert [c.score for c in held(TRUSTED, *said)] == [c.score for c in held(TRUSTED, *later)]


def test_a_soft_failure_costs_what_the_rule_says():
    first, second = held(
        TRUSTED,
        {"role": "register", "source_time": 0, "value": "cold", "broken": True},
        {"role": "crm", "source_time": 0, "value": "frozen"},
    )

    assert (first.role, first.score, second.score) == ("crm", 0.6, 0.5)
    assert second.flip == "if its value passed the checks"


def test_agreement_and_completeness_add_up():
    rule = survivorship.weighed({"register": 0.5}, agreement=0.3, completeness=0.2)

    first, *_ = held(rule, {"role": "register", "value": "cold"}, {"value": "cold"}, {"value": "frozen"})

    assert first.score == pytest.approx(0.5 + 0.3 / 2 + 0.2 * 0.5)


@pytest.mark.parametrize(
    "options", [{"floor": 2}, {"half_life": 0}, {"failed": -1}, {"agreement": -0.1}], ids=lambda o: next(iter(o))
)
def test_a_weight_that_makes_no_sense_is_refused(options):
    with pytest.raises(DeclarationError, match=next(iter(options))):
        survivorship.weighed({"register": 1.0}, **options)
