"""Survivorship: whatever wins was offered by a member, and by the one whom the rule ranks first."""

from datetime import date

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mdm import standard, survivorship
from mdm.entity import Attribute, Entity
from mdm.prepare import DTYPES
from mdm.stages.survive import golden

ROLES = ("register", "master", "crm", "file", "")
RANKS = ("register", "master")
COLD = survivorship.most_restrictive("frozen", "cold", "warm")
RULES = [
    survivorship.by_role(*RANKS), survivorship.by_role(), survivorship.recent, survivorship.longest,
    survivorship.most_frequent, COLD, survivorship.union, survivorship.largest, survivorship.smallest,
    survivorship.weighed({"register": 1.0, "crm": 0.6}, half_life=0.0001, floor=0.1, agreement=0.2, completeness=0.1),
]  # fmt: skip
offer = st.fixed_dictionaries(
    {
        "cluster": st.sampled_from(("one", "two")),
        "role": st.sampled_from(ROLES),
        "source_time": st.sampled_from((None, 10, 20, 30)),
        "demoted": st.booleans(),
        "value": st.sampled_from((None, "warm", "cold", "frozen", "a longer value")),
        "broken": st.booleans(),
    }
)
offers = st.lists(offer, min_size=1, max_size=8)
rules = pytest.mark.parametrize("rule", RULES, ids=str)
_SCHEMA = {
    "cluster": pl.String, "role": pl.String, "source_time": pl.Int64, "demoted": pl.Boolean, "value": pl.String,
    "broken": pl.Boolean, "record_id": pl.Int64, "name_rank": pl.Int64,
    "filled": pl.Float64,
}  # fmt: skip


def candidates(said: list[dict]) -> pl.DataFrame:
    return pl.DataFrame([{**o, "record_id": 100 + i, "name_rank": i, "filled": 1.0} for i, o in enumerate(said)], schema=_SCHEMA)


def won(frame: pl.DataFrame, rule: survivorship.Rule) -> dict[str, dict | None]:
    """Per cluster the candidate that won, as it was offered."""
    failed = {"value": frame.filter("broken")["record_id"]}
    found = survivorship.winners(frame.drop("broken"), ["value"], rule, failed)
    said = {o["record_id"]: o for o in frame.to_dicts()}
    for row in found.to_dicts():
        assert row["value"] == (said[row["value@"]]["value"] if row["value@"] is not None else None)
    return {row["cluster"]: said.get(row["value@"]) for row in found.to_dicts()}


@rules
@given(said=offers)
def test_a_value_comes_from_a_member_that_has_one(rule: survivorship.Rule, said: list[dict]):
    frame = candidates(said)

    found = won(frame, rule)

    assert set(found) == set(frame["cluster"])
    for cluster, winner in found.items():
        has = [o for o in said if o["cluster"] == cluster and o["value"] is not None]
        assert (winner is None) == (not has)
        assert winner is None or winner["cluster"] == cluster


@rules
@given(said=offers, seed=st.integers(0, 99))
def test_the_order_of_members_changes_nothing(rule: survivorship.Rule, said: list[dict], seed: int):
    frame = candidates(said)

    assert won(frame.sample(fraction=1, shuffle=True, seed=seed), rule) == won(frame, rule)


@pytest.mark.parametrize("rule", [r for r in RULES if r.by not in ("union", "weight")], ids=str)
@given(said=offers)
def test_a_value_that_failed_a_check_loses_to_any_that_did_not(rule: survivorship.Rule, said: list[dict]):
    found = won(candidates(said), rule)

    for cluster, winner in found.items():
        sound = [o for o in said if o["cluster"] == cluster and o["value"] is not None and not o["broken"]]
        assert winner is None or not winner["broken"] or not sound


def _rivals(said: list[dict], cluster: str) -> list[dict]:
    """Those who may win: sound before broken, and records merged away only where nobody else has a value."""
    mine = [o for o in said if o["cluster"] == cluster and o["value"] is not None]
    mine = [o for o in mine if not o["broken"]] or mine
    return [o for o in mine if not o["demoted"]] or mine


@given(said=offers)
def test_a_more_trusted_role_never_loses(said: list[dict]):
    place = {role: i for i, role in enumerate(RANKS)}

    found = won(candidates(said), survivorship.by_role(*RANKS))

    for cluster, winner in found.items():
        best = min((place.get(o["role"], len(place)) for o in _rivals(said, cluster)), default=None)
        assert winner is None or place.get(winner["role"], len(place)) == best


@given(said=offers)
def test_the_most_recent_wins_where_recency_rules(said: list[dict]):
    found = won(candidates(said), survivorship.recent)

    for cluster, winner in found.items():
        latest = max((o["source_time"] or 0 for o in _rivals(said, cluster)), default=None)
        assert winner is None or (winner["source_time"] or 0) == latest


@given(said=offers)
def test_the_most_restrictive_wins_whoever_says_it(said: list[dict]):
    order = {"frozen": 0, "cold": 1, "warm": 2}

    found = won(candidates(said), COLD)

    for cluster, winner in found.items():
        first = min((order.get(o["value"], 3) for o in _rivals(said, cluster)), default=None)
        assert winner is None or order.get(winner["value"], 3) == first


@given(said=offers)
def test_what_most_say_wins_where_agreement_rules(said: list[dict]):
    found = won(candidates(said), survivorship.most_frequent)

    for cluster, winner in found.items():
        if winner is not None:
            here = [o for o in said if o["cluster"] == cluster]
            assert all(
                sum(o["value"] == winner["value"] for o in here) >= sum(o["value"] == rival["value"] for o in here)
                for rival in _rivals(said, cluster)
            )


def test_lists_are_pooled_without_repeats():
    frame = pl.DataFrame(
        {
            "cluster": ["one"] * 3, "record_id": [1, 2, 3], "role": [""] * 3, "source_time": [3, 2, 1], "name_rank": [0, 1, 2],
            "demoted": [False] * 3, "value": [["red", "blue"], None, ["blue", "green"]],
        }
    )  # fmt: skip

    found = survivorship.winners(frame, ["value"], survivorship.union, {})

    assert found.to_dicts() == [{"cluster": "one", "value": ["blue", "green", "red"], "value@": 1}]


shop = Entity(
    name="shop", about="A shop.", prefix="SHP",
    attributes=[
        Attribute("name", "Its name.", survive=survivorship.by_role("register", "crm")),
        Attribute("street", "Where it is.", group="address", survive=survivorship.recent),
        Attribute("city", "The city.", group="address"),
        Attribute("opened", "Since when.", type=date),
        Attribute("size", "How large it is.", type=float, survive=survivorship.longest),
        Attribute("wares", "What it sells.", type=list, standardise=standard.split(";")),
    ],
)  # fmt: skip


def member(record: int, cluster: str = "S1", **values: object) -> dict:
    return {
        "cluster": cluster, "record_id": record, "role": "crm", "demoted": False, "source": "a", "stream": "t",
        "source_key": str(record), "source_time": record, **dict.fromkeys(a.name for a in shop.attributes), **values,
    }  # fmt: skip


def made(*members: dict, failed: list[tuple[int, str]] = (), pinned: list[tuple[int, str, str, int]] = ()) -> dict[str, dict]:
    schema = {
        "cluster": pl.String, "record_id": pl.Int64, "role": pl.String, "demoted": pl.Boolean, "source": pl.String,
        "stream": pl.String, "source_key": pl.String, "source_time": pl.Int64,
        **{a.name: DTYPES[a.type] for a in shop.attributes},
    }  # fmt: skip
    bad = pl.DataFrame(failed, schema={"record_id": pl.Int64, "attribute": pl.String}, orient="row")
    by_hand = {"record_id": pl.Int64, "attribute": pl.String, "value": pl.String, "number": pl.Int64}
    pins = pl.DataFrame(pinned, schema=by_hand, orient="row")
    return {r["golden_id"]: r for r in golden(pl.DataFrame(list(members), schema=schema), shop, bad, pins).to_dicts()}


addresses = st.lists(
    st.fixed_dictionaries({"street": st.sampled_from((None, "A", "B")), "city": st.sampled_from((None, "Rome", "Oslo"))}),
    min_size=1,
    max_size=5,
)


@given(said=addresses)
def test_a_group_survives_from_one_record(said: list[dict]):
    row = made(*(member(i, **one) for i, one in enumerate(said)))["S1"]

    whole = [(one["street"], one["city"]) for one in said]
    assert (row["street"], row["city"]) in whole
    assert row["street"] is not None or not any(street for street, _ in whole)


@pytest.mark.parametrize(
    ("attribute", "value", "expected"),
    [
        ("name", "Corner", "Corner"),
        ("opened", "2020-02-03", date(2020, 2, 3)),
        ("size", "12.5", 12.5),
        ("wares", "tea;milk", ["tea", "milk"]),
    ],
)
@pytest.mark.parametrize("crowd", [1, 2])
def test_a_pin_wins_over_every_source(attribute: str, value: str, expected: object, crowd: int):
    others = {"name": "Old", "opened": date(1999, 1, 1), "size": 99999.0, "wares": ["salt"], "role": "register"}
    members = [member(i, **others) for i in range(crowd)]

    row = made(*members, pinned=[(0, attribute, value, 7)])["S1"]

    assert row[attribute] == expected
    assert f'"{attribute}":-7' in row["winners"]


def test_of_two_pins_the_newer_stands():
    row = made(member(1, name="Old"), member(2), pinned=[(1, "name", "First", 3), (2, "name", "Second", 4)])["S1"]

    assert row["name"] == "Second"


def test_a_pin_touches_no_other_golden_record():
    rows = made(member(1, name="Old"), member(2, cluster="S2", name="Other"), pinned=[(1, "name", "Pinned", 3)])

    assert (rows["S1"]["name"], rows["S2"]["name"]) == ("Pinned", "Other")
    assert rows["S2"]["sole"] == 2


def test_a_record_alone_needs_no_contest():
    row = made(member(1, name="Only", size=3.0))["S1"]

    assert (row["name"], row["size"], row["sole"], row["winners"], row["source_count"]) == ("Only", 3.0, 1, None, 1)
