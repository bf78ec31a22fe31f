import pytest
from hypothesis import given
from hypothesis import strategies as st

from mdm import audit, decisions
from mdm.decisions.standing import Decided, Standing
from mdm.errors import ConflictError, ContradictionError, NotFoundError, UsageError

ONE, TWO, THREE, FOUR = (f"crm/things:{n}" for n in range(1, 5))


def say(hub, a, b, verdict, reason="seen on paper", **more):
    with hub.begin() as tx:
        return decisions.decide(tx, "thing", a, b, verdict, actor="ana", reason=reason, **more)


def take_back(hub, number):
    with hub.begin() as tx:
        return decisions.withdraw(tx, number, actor="ben", reason="it was a mistake")


def states(hub):
    with hub.read() as session:
        return dict(decisions.listed(session, "thing").select("number", "state").iter_rows())


def test_a_decision_is_kept_with_its_members_and_its_event(published):
    number = say(published, "THG-ONE", THREE, "no_match")

    with published.read() as session:
        decided, members = decisions.live(session, "thing", audit.head(session).seq)
        assert decided.rows() == [(number, "no_match")]
        assert sorted(members.group_by("side").len().iter_rows()) == [("a", 2), ("b", 1)]
        assert members["seen_seq"].null_count() == 0
        event = session.rows(published.fixed["event"].select())[0]
    assert (event["action"], event["actor"], event["object"]) == ("decide", "ana", f"decision:{number}")


def test_the_same_decision_said_again_is_the_old_one(published):
    first = say(published, ONE, TWO, "match")

    assert say(published, TWO, ONE, "match") == first
    with published.read() as session:
        assert audit.head(session).seq == 1


def test_a_contradiction_names_the_decision_that_stands(published):
    number = say(published, ONE, TWO, "match")

    with pytest.raises(ContradictionError, match=f"decision {number} says match"):
        say(published, ONE, TWO, "no_match")


def test_a_chain_of_matches_is_a_contradiction_too(published):
    chain = [say(published, ONE, TWO, "match"), say(published, TWO, THREE, "match")]
    say(published, THREE, FOUR, "match")

    with pytest.raises(ContradictionError) as refused:
        say(published, ONE, THREE, "no_match")

    assert all(f"decision {number} " in str(refused.value) for number in chain)


def test_a_match_that_would_join_what_was_parted_is_refused(published):
    say(published, ONE, TWO, "match")
    number = say(published, TWO, THREE, "no_match")
    say(published, THREE, FOUR, "match")

    with pytest.raises(ContradictionError, match=f"decision {number} says no_match"):
        say(published, ONE, FOUR, "match")


def test_unsure_contradicts_nothing(published):
    say(published, ONE, TWO, "match")

    assert say(published, ONE, TWO, "unsure") == 2


def test_a_withdrawn_decision_contradicts_nothing(published):
    take_back(published, say(published, ONE, TWO, "match"))

    assert say(published, ONE, TWO, "no_match") == 2


def test_a_decision_can_be_withdrawn_once(published):
    number = say(published, ONE, TWO, "match")
    take_back(published, number)

    with pytest.raises(ConflictError, match="was withdrawn already, by ben"):
        take_back(published, number)


def test_what_was_never_said_cannot_be_withdrawn(published):
    with pytest.raises(NotFoundError, match="nothing has the number 7"):
        take_back(published, 7)


@pytest.mark.parametrize(
    ("a", "b", "verdict", "reason", "says"),
    [
        (ONE, TWO, "match", " ", "say why"),
        (ONE, TWO, "maybe", "x", "not 'maybe'"),
        (ONE, ONE, "match", "x", "the same record"),
        (ONE, "THG-ONE", "no_match", "x", "name its source records"),
        ("THG-ONE", "THG-OLD", "match", "x", "not apart"),
    ],
    ids=["no reason", "no verdict", "one record", "overlapping sides", "one golden record"],
)
def test_a_decision_that_says_nothing_is_refused(published, a, b, verdict, reason, says):
    with pytest.raises(UsageError, match=says):
        say(published, a, b, verdict, reason)


def test_a_decision_is_pending_until_a_run_has_seen_it(published):
    from tests.decisions.conftest import publish

    seen, taken = say(published, ONE, TWO, "match"), say(published, THREE, FOUR, "match")
    assert states(published) == {seen: "pending", taken: "pending"}

    publish(published, {}, run=2)
    take_back(published, taken)
    brief = say(published, ONE, THREE, "no_match")
    take_back(published, brief)

    assert states(published) == {seen: "live", taken: "pending", brief: "withdrawn"}


def test_a_run_sees_only_what_was_said_before_it(published):
    say(published, ONE, TWO, "match")
    number = say(published, THREE, FOUR, "match")
    take_back(published, number)

    with published.read() as session:
        seen = [decisions.live(session, "thing", seq)[0]["number"].to_list() for seq in range(4)]
    assert seen == [[], [1], [1, 2], [1]]


def test_the_second_of_two_stewards_is_told(published):
    with published.read() as session:
        before = decisions.version(session, "thing", ONE, TWO)
    say(published, ONE, TWO, "match", expected_version=before)

    with pytest.raises(ConflictError, match="decided meanwhile"):
        say(published, TWO, ONE, "no_match", expected_version=before)


def test_a_file_of_decisions_is_taken_whole(published, tmp_path):
    file = tmp_path / "said.csv"
    file.write_text(f"a,b,verdict,reason\n{ONE},{TWO},match,same\n{THREE},{FOUR},no_match,not same\n")

    with published.begin() as tx:
        assert decisions.from_file(tx, "thing", file, actor="ana") == [1, 2]


def test_a_row_without_a_verdict_says_nothing(published, tmp_path):
    file = tmp_path / "said.csv"
    file.write_text(f"a,b,verdict,reason,name a\n{ONE},{TWO},,audit sample 1,Blue\n{THREE},{FOUR},no_match,not same,Red\n")

    with published.begin() as tx:
        assert decisions.from_file(tx, "thing", file, actor="ana") == [1]

    assert decisions.unanswered(file) == 1


def test_a_file_with_a_wrong_line_is_refused_whole(published, tmp_path):
    file = tmp_path / "said.csv"
    file.write_text(f"a,b,verdict,reason\n{ONE},{TWO},match,same\n{ONE},crm/things:99,match,same\n{TWO},{ONE},no_match,no\n")

    with pytest.raises(UsageError, match=r"(?s)line 3: .*line 4: .*Nothing was written"), published.begin() as tx:
        decisions.from_file(tx, "thing", file, actor="ana")

    assert states(published) == {}


@pytest.mark.parametrize("text", ["a,verdict\n1,2\n", "a,b,verdict\n1,2\n", ""], ids=["column", "ragged", "empty"])
def test_a_file_of_another_shape_is_refused(published, tmp_path, text):
    file = tmp_path / "said.csv"
    file.write_text(text)

    with pytest.raises(UsageError), published.begin() as tx:
        decisions.from_file(tx, "thing", file, actor="ana")


SIDES = st.frozensets(st.integers(0, 6), min_size=1, max_size=2)


@given(st.lists(st.tuples(st.sampled_from(["match", "no_match"]), SIDES, SIDES).filter(lambda d: not d[1] & d[2]), max_size=12))
def test_what_stands_never_contradicts_itself_and_a_refusal_names_a_true_contradiction(said):
    present = Standing()
    for number, (verdict, a, b) in enumerate(said, start=1):
        against = present.against(verdict, a, b)
        everything = [*present.decisions.values(), Decided(number, verdict, a, b)]

        assert bool(against) == (not possible(everything))
        if against:
            assert not possible([*others(present, against), Decided(number, verdict, a, b)])
        else:
            present.add(Decided(number, verdict, a, b))


def others(present, against):
    # A no_match contradicts through the matches that are there; a chain of matches stands for itself.
    matches = [d for d in present.decisions.values() if d.verdict == "match"] if against[0].verdict == "no_match" else []
    return [*matches, *against]


def possible(everything):
    group = {n: {n} for n in range(7)}
    for decided in everything:
        if decided.verdict == "match":
            whole = set().union(*(group[r] for r in decided.a | decided.b))
            group.update(dict.fromkeys(whole, whole))
    return not any(group[x] is group[y] or y in group[x] for d in everything if d.verdict == "no_match" for x in d.a for y in d.b)
