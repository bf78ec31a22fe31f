"""Plans, gates, locks and sums: nothing is published that somebody has not let through."""

from collections.abc import Callable
from dataclasses import replace

import pytest
import sqlalchemy as sa

from mdm import pipeline
from mdm.errors import ConflictError, LedgerError, LockedError, NotFoundError, UsageError
from mdm.stages import cluster, survive
from mdm.testing.toy import Toy
from tests.laws.moment import EVER, published

FIRST = [{"id": "1", "name": "Ana Lopez", "city": "Rome"}, {"id": "2", "name": "Emil Frost", "city": "Bern", "part_1": "p1"}]
SECOND = [
    {"id": "1", "name": "Ana Lopez", "city": "Oslo"}, {"id": "3", "name": "Emil Frost", "city": "Bern", "whole": "1"},
    {"id": "4", "name": "Dora Quill"},
]  # fmt: skip
New = Callable[..., Toy]


def seen(toy: Toy) -> dict:
    return published(toy.context.hub, EVER)


def state_of(toy: Toy, number: int) -> str:
    part = toy.context.hub.fixed["run_entity"]
    with toy.context.hub.read() as session:
        return session.scalar(sa.select(part.c.state).where(part.c.run_id == number))


def gated(toy: Toy, **limits: float) -> None:
    toy.context = replace(toy.context, settings=replace(toy.context.settings, gates={"thing": limits}))


@pytest.fixture
def planned(toy: Toy) -> tuple[Toy, int, dict]:
    """A toy with a publication and a plan over it, the plan's number, and what readers saw before."""
    toy.deliver("a", FIRST).run()
    before = seen(toy)
    report = toy.deliver("a", SECOND).run(plan=True)
    assert report.entities[0].state == "planned"
    return toy, report.run, before


def test_a_plan_publishes_nothing_and_approving_it_exactly_that(planned: tuple[Toy, int, dict], new_toy: New):
    toy, number, before = planned
    control = new_toy().deliver("a", FIRST)
    control.run()
    control.deliver("a", SECOND).run()
    assert seen(toy) == before

    report = pipeline.approve(toy.context, number)

    assert (report.entities[0].state, report.entities[0].run) == ("published", number)
    assert {r: v for r, v in seen(toy).items() if r != "change"} == {r: v for r, v in seen(control).items() if r != "change"}
    assert [(r["seq"], r["kind"]) for r in _changes(toy)] == [(r["seq"], r["kind"]) for r in _changes(control)]
    after = seen(toy)
    toy.run()
    assert seen(toy) == after


def _changes(toy: Toy) -> list[dict]:
    return sorted(toy.rows("change"), key=lambda r: r["seq"])


def test_a_rejected_plan_leaves_readers_where_they_were(planned: tuple[Toy, int, dict]):
    toy, number, before = planned

    assert pipeline.reject(toy.context, number, reason="too many") == ["thing"]

    assert seen(toy) == before
    assert state_of(toy, number) == "rejected"
    with pytest.raises(ConflictError, match=f"run {number} holds no plan"):
        pipeline.approve(toy.context, number)
    with pytest.raises(ConflictError, match=f"run {number} holds no plan"):
        pipeline.reject(toy.context, number, reason="again")
    toy.run()
    assert len(toy.partition()) == 3


def test_a_rejection_needs_a_reason_and_a_plan_a_number(planned: tuple[Toy, int, dict]):
    toy, number, _ = planned

    with pytest.raises(UsageError, match="needs a reason"):
        pipeline.reject(toy.context, number, reason=" ")
    with pytest.raises(NotFoundError, match="there is no run 99"):
        pipeline.approve(toy.context, 99)

    assert state_of(toy, number) == "planned"


def test_a_new_run_sweeps_a_plan_and_approving_it_then_computes_it_again(planned: tuple[Toy, int, dict]):
    toy, number, before = planned
    again = toy.run(plan=True).run
    assert (state_of(toy, number), state_of(toy, again)) == ("swept", "planned")
    assert seen(toy) == before

    report = pipeline.approve(toy.context, number)

    assert report.entities[0].run > again
    assert report.entities[0].state == "published"
    assert "was stale" in report.entities[0].notes[-1]
    assert len(toy.partition()) == 3


def test_what_was_never_a_plan_cannot_be_approved(new_toy: New, monkeypatch: pytest.MonkeyPatch):
    toy = new_toy().deliver("a", FIRST)
    done = toy.run().run
    with monkeypatch.context() as patch, pytest.raises(ZeroDivisionError):
        patch.setattr(survive, "run", lambda *_: 1 / 0)
        toy.run()
    crashed = done + 1
    assert state_of(toy, crashed) == "running"

    for number in (done, crashed):
        with pytest.raises(ConflictError, match=f"run {number} holds no plan"):
            pipeline.approve(toy.context, number)
    toy.run()
    with pytest.raises(ConflictError, match=f"run {crashed} holds no plan"):
        pipeline.approve(toy.context, crashed)


def test_a_gate_holds_a_run_until_somebody_lets_it_through(new_toy: New):
    toy = new_toy()
    gated(toy, retired=0.4)
    toy.deliver("a", FIRST).run()
    before = seen(toy)

    report = toy.deliver("a", [{**r, "gone": "1"} for r in FIRST[:1]]).run()

    assert report.entities[0].state == "held"
    assert report.entities[0].notes == ["retired: 1 of 1 (100.0%) is more than the gate's 40.0%"]
    assert seen(toy) == before
    assert toy.run().entities[0].state == "held"
    assert seen(toy) == before
    pipeline.approve(toy.context, report.run + 1)
    assert toy.partition() == {frozenset({"a/things:2"})}
    assert toy.run().entities[0].state == "published"


def test_a_gate_on_quarantine_counts_the_records(new_toy: New):
    toy = new_toy()
    gated(toy, quarantined=0.3)
    toy.deliver("a", FIRST).run()

    report = toy.deliver("a", [{"id": "5", "name": ""}]).run()

    assert report.entities[0].state == "held"
    assert "quarantined: 1 of 3" in report.entities[0].notes[0]


def test_a_second_run_of_an_entity_waits_for_nobody(toy: Toy):
    toy.deliver("a", FIRST).run()
    before = seen(toy)

    with toy.context.hub.lock("entity:thing"):
        with pytest.raises(LockedError, match="entity:thing is being worked on"):
            toy.deliver("a", SECOND).run()
        with pytest.raises(LockedError):
            pipeline.train_model(toy.context, "thing")

    assert seen(toy) == before
    toy.run()
    assert len(toy.partition()) == 3


def test_a_source_that_is_being_synced_is_left_alone_and_said_so(new_toy: New):
    toy = new_toy()
    toy.deliver("a", FIRST).deliver("b", FIRST[:1])

    with toy.context.hub.lock("source:a"):
        report = toy.run()

    assert "source:a is being worked on" in next(s.error for s in report.sources if s.source == "a")
    assert toy.partition() == {frozenset({"b/things:1"})}


def test_a_stage_that_loses_a_row_publishes_nothing(new_toy: New, monkeypatch: pytest.MonkeyPatch):
    toy = new_toy()
    toy.deliver("a", FIRST).run()
    before, real = seen(toy), cluster.run

    def losing(hub, entity, run):
        tally = real(hub, entity, run)
        run.bench.execute("delete from assigned where record_id = (select max(record_id) from assigned)")
        return tally

    with monkeypatch.context() as patch, pytest.raises(LedgerError, match="4 live source records, but 3 are members") as raised:
        patch.setattr(cluster, "run", losing)
        toy.deliver("a", SECOND).run()

    assert raised.value.exit_code == 1
    assert seen(toy) == before
    toy.run()
    assert len(toy.partition()) == 3


def test_a_stage_that_invents_a_row_publishes_nothing(new_toy: New, monkeypatch: pytest.MonkeyPatch):
    toy = new_toy().deliver("a", FIRST)
    real = cluster.run

    def inventing(hub, entity, run):
        tally = real(hub, entity, run)
        run.bench.execute("insert into assigned select 1, max(golden_id) from assigned")
        return tally

    with monkeypatch.context() as patch, pytest.raises(LedgerError, match="2 live source records, but 3 are members"):
        patch.setattr(cluster, "run", inventing)
        toy.run()

    assert not any(seen(toy).values())
