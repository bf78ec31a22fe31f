"""A sample from draw to report, on a hub whose truth is known, in both dialects."""

from itertools import combinations

import pytest

from mdm import audit, decisions, sample
from mdm.errors import ConflictError, NotFoundError, UsageError
from mdm.sample import draw
from mdm.sample.population import Release
from mdm.sample.stratum import strata
from mdm.testing.toy import Toy


def population(toy):
    """Every automatic decision with the names of its records."""
    entity = toy.context.entity("thing")
    with toy.context.hub.read() as session:
        release = Release.read(session, "thing")
    pairs = draw.population(toy.context, entity, release, joins_only=False)
    with toy.context.hub.read() as session:
        names = decisions.names(session, [*pairs["a"], *pairs["b"]])
    return [(r["kind"], names[r["a"]], names[r["b"]]) for r in pairs.to_dicts()]


def figure(report, measure, band="", sources=""):
    return next(f for f in report.figures if (f.measure, f.band, f.sources) == (measure, band, sources))


def report(toy):
    return sample.reported(toy.context, "thing")


def test_the_population_is_what_the_machine_decided_alone(known):
    toy, _ = known
    ids = toy.ids()

    decided = population(toy)

    joins = {frozenset(p) for kind, *p in decided if kind == "join"}
    assert joins == {frozenset(p) for p in combinations(ids, 2) if ids[p[0]] == ids[p[1]]}
    assert {ids[a] == ids[b] for kind, a, b in decided if kind == "refusal"} == {False}
    asked = {frozenset((ids[r["a"]], ids[r["b"]])) for r in toy.rows("thing_queue")}
    assert not asked & {frozenset((ids[a], ids[b])) for kind, a, b in decided if kind == "refusal"}


def test_what_people_decided_is_not_the_machines(known):
    toy, _ = known
    ids = toy.ids()
    apart, together = (
        next((a, b) for a, b in combinations(sorted(ids), 2) if (ids[a] == ids[b]) is same) for same in (False, True)
    )
    toy.decide(*together, "match")
    toy.decide(*apart, "match")
    toy.run()
    now = toy.ids()
    joined = {r for r in now if now[r] == now[apart[0]]}

    decided = {frozenset(p) for _, *p in population(toy)}

    assert frozenset(together) not in decided
    assert frozenset(apart) not in decided
    assert not any({ids[x], ids[y]} == {ids[apart[0]], ids[apart[1]]} for x, y in map(sorted, decided) if {x, y} <= joined)


def test_answers_from_the_truth_bring_the_truth_back(known, answers):
    toy, truth = known
    decided = [(kind, truth[a] == truth[b]) for kind, a, b in population(toy)]
    right, joins = decided.count(("join", True)), sum(kind == "join" for kind, _ in decided)
    missed = decided.count(("refusal", True))

    drawn = sample.drawn(toy.context, "thing", 200)
    assert answers(toy, truth) == drawn.pairs.height == 200
    found = report(toy)

    precision, recall = figure(found, "automatic_precision"), figure(found, "automatic_recall")
    assert found.progress == {"drawn": 200, "answered": 200, "unsure": 0, "open": 0}
    assert precision.population == joins
    assert precision.share.low < right / joins < precision.share.high
    assert recall.share.low < right / (right + missed) < recall.share.high
    assert precision.share.high - precision.share.low < 0.2


def test_everything_looked_at_gives_the_shares_themselves(known, answers):
    toy, truth = known
    joins = [truth[a] == truth[b] for kind, a, b in population(toy) if kind == "join"]

    sample.drawn(toy.context, "thing", 5000, joins_only=True)
    answers(toy, truth)

    precision = figure(report(toy), "automatic_precision")
    assert precision.answered == len(joins)
    assert precision.share.value == pytest.approx(sum(joins) / len(joins))
    assert not [f for f in report(toy).figures if f.measure == "automatic_recall"]


def test_an_answer_that_corrects_the_machine_changes_no_estimate(known, answers):
    toy, truth = known
    sample.drawn(toy.context, "thing", 100)
    answers(toy, truth)
    before = report(toy).figures

    toy.run()

    ids = toy.ids()
    with toy.context.hub.read() as session:
        now = {r["a"]: r["b"] for r in decisions.everything(session, "thing") if r["said"] == "no_match"}
    assert now
    assert all(ids[a] != ids[b] for a, b in now.items())
    assert report(toy).figures == before


def test_the_same_release_and_number_draw_the_same_pairs(known):
    toy, _ = known
    entity = toy.context.entity("thing")
    with toy.context.hub.read() as session:
        release = Release.read(session, "thing")
    found, pairs = strata(draw.population(toy.context, entity, release, joins_only=False))

    one, again = (draw.choice(found, p, 60, "thing|1|1") for p in (pairs, pairs.sample(fraction=1, shuffle=True, seed=5)))
    other = draw.choice(found, pairs, 60, "thing|1|2")

    assert one.equals(again)
    assert not one.select("a", "b").equals(other.select("a", "b"))
    assert sample.drawn(toy.context, "thing", 60).pairs.equals(draw.choice(found, pairs, 60, f"thing|{release.run}|1"))


def test_no_answer_and_unsure_are_told_and_count_as_not_looked_at(known, answers):
    toy, truth = known
    sample.drawn(toy.context, "thing", 60)
    answers(toy, truth, most=20)
    first = sample.listing(toy.context, report(toy).sample, report(toy).pairs).row(0, named=True)
    number = toy.decide(first["a"], first["b"], "unsure")

    found = report(toy)

    assert found.progress == {"drawn": 60, "answered": 20, "unsure": 1, "open": 39}
    assert sample.listing(toy.context, found.sample, found.pairs).height == 39
    toy.withdraw(number)
    assert report(toy).progress["open"] == 40


def test_the_list_does_not_lead_and_hides_what_a_steward_may_not_see(known):
    toy, _ = known
    drawn = sample.drawn(toy.context, "thing", 40)

    rows = sample.listing(toy.context, drawn, report(toy).pairs)

    assert rows.columns[:4] == ["a", "b", "verdict", "reason"]
    assert set(rows["verdict"]) == {""}
    assert not {"weight", "band", "kind", "stratum"} & set(rows.columns)
    shares = [kind == "join" for kind in drawn.pairs.join(drawn.strata, on="stratum").sort("ordinal")["kind"]]
    assert len(set(shares[:10])) == 2


def test_figures_are_published_with_the_run_they_measure_and_an_event(known, answers):
    toy, truth = known
    drawn = sample.drawn(toy.context, "thing", 100)
    answers(toy, truth)
    found = report(toy)

    assert sample.published(toy.context, found)
    assert not sample.published(toy.context, found)

    rows = [r for r in toy.rows("quality") if r["measure"].startswith("automatic_")]
    whole = next(r for r in rows if r["measure"] == "automatic_precision" and r["band"] is None and r["source"] is None)
    assert {r["run_id"] for r in rows} == {drawn.run}
    assert whole["low"] < whole["value"] < whole["high"]
    assert {"same identifier", "through other records"} <= {r["band"] for r in rows}
    assert {"a+a", "a+b", "b+b"} <= {r["source"] for r in rows}
    with toy.context.hub.read() as session:
        event = toy.context.hub.fixed["event"]
        acts = [r["action"] for r in session.rows(event.select().order_by(event.c.seq))]
        assert audit.verify(session).whole
    assert [a for a in acts if "sample" in a] == ["draw audit sample", "publish audit sample"]


def test_recall_takes_in_what_blocking_lost_when_that_was_measured(known, answers):
    toy, truth = known
    drawn = sample.drawn(toy.context, "thing", 100)
    answers(toy, truth)
    row = {"run_id": drawn.run, "entity": "thing", "source": "", "attribute": "", "band": "", "measure": "blocking_recall"}
    with toy.context.hub.begin() as tx:
        tx.execute(tx.hub.fixed["quality_figure"].insert().values(**row, value=0.9, low=0.85, high=0.94))

    found = report(toy)

    without, whole = (figure(found, m).share for m in ("automatic_recall", "automatic_recall_with_blocking"))
    assert whole.value == pytest.approx(without.value * 0.9)
    assert (whole.low, whole.high) == pytest.approx((without.low * 0.85, without.high * 0.94))


def test_refusals_are_drawn_only_on_the_bench_of_the_release(known):
    toy, _ = known
    toy.forget_bench()

    with pytest.raises(ConflictError, match=r"mdm run thing.*--joins"):
        sample.drawn(toy.context, "thing", 20)

    assert sample.drawn(toy.context, "thing", 20, joins_only=True).pairs.height == 20


def test_a_plan_needs_no_sample_and_a_sample_answers_it(known, answers):
    toy, truth = known

    plan = sample.planned(toy.context, "thing", 0.5, 0.9)
    assert (plan.sample, plan.supported) == (None, None)
    assert 0 < plan.thresholds[0].more <= plan.size

    sample.drawn(toy.context, "thing", 144, joins_only=True)
    answers(toy, truth)
    now = sample.planned(toy.context, "thing", 0.5, 0.9)
    assert now.supported == pytest.approx(0.05)
    assert now.thresholds[0].low >= 0.5
    assert sample.planned(toy.context, "thing", 0.99, 0.95).thresholds[0].more is None


def test_without_a_run_or_a_sample_it_says_what_to_do(tmp_path, fresh_sqlite):
    toy = Toy(tmp_path, fresh_sqlite).lay()

    with pytest.raises(NotFoundError, match="mdm audit-sample thing"):
        sample.reported(toy.context, "thing")
    with pytest.raises(UsageError, match="mdm run thing"):
        sample.drawn(toy.context, "thing")
    with pytest.raises(UsageError, match=r"0\.995"):
        sample.planned(toy.context, "thing", 99.5)
