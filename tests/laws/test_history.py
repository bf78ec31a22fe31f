"""Laws 1 and 3 together: whatever was delivered, said and taken back in whatever order, the end is the same.

Not even ids move when everything is worked on again; and a hub that hears it all at once holds the same golden records.
"""

import tempfile
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mdm import decisions
from mdm.errors import ConflictError, NotFoundError, UsageError
from mdm.testing.toy import Toy

RECORDS = [f"{source}/things:{key}" for source in "ab" for key in "123"]
row = st.fixed_dictionaries(
    {
        "id": st.sampled_from("123"),
        "name": st.sampled_from(("Ana Lopez", "Anna Lopez", "Bob Stone", "Bob Stonne", "")),
        "code": st.sampled_from(("", "", "K1", "K2")),
        "city": st.sampled_from(("", "Rome", "Paris")),
        "kind": st.sampled_from(("", "", "x", "y")),
        "colours": st.sampled_from(("", "red", "red;blue")),
        "part_1": st.sampled_from(("", "p1")),
        "whole": st.sampled_from(("", "1", "2")),
        "gone": st.sampled_from(("", "", "", "", "1")),
        "asleep": st.sampled_from(("", "", "", "1")),
        "into": st.sampled_from(("", "", "", "", "1")),
    }
)
delivered = st.tuples(st.just("deliver"), st.sampled_from("ab"), st.lists(row, min_size=1, max_size=4))
decided = st.tuples(
    st.just("decide"), st.sampled_from(RECORDS), st.sampled_from(RECORDS), st.sampled_from(("match", "no_match", "no_match"))
)
withdrawn = st.tuples(st.just("withdraw"), st.integers(0, 3))
corrected = st.tuples(st.just("set"), st.sampled_from(RECORDS), st.sampled_from(("city", "kind")), st.sampled_from(("Rome", "x")))
step = delivered | delivered | decided | decided | withdrawn | corrected


class Story:
    """A toy that things happen to."""

    def __init__(self, folder: Path):
        folder.mkdir()
        self.toy, self.numbers, self.clock = Toy(folder, f"sqlite:///{folder}/hub.db").lay(), list[int](), 0
        # One model for all, trained on nothing: the declared weights.
        self.toy.run()

    def deliver(self, source: str, rows: list[dict], **options: bool) -> None:
        timed = []
        for one in rows:
            self.clock += 1
            timed.append({**one, "modified": f"2026-01-01T00:{self.clock // 60:02}:{self.clock % 60:02}Z"})
        self.toy.deliver("a", []).deliver("b", []).deliver(source, timed).run(**options)

    def say(self, what: str, *told: str) -> bool:
        """Whether it could be said."""
        try:
            if what == "decide":
                self.numbers.append(self.toy.decide(*told))
            elif what == "withdraw":
                self.toy.withdraw(self.numbers[told[0]])
            else:
                with self.toy.context.hub.begin() as tx:
                    self.numbers.append(decisions.set_value(tx, "thing", *told, actor="steward", reason="because"))
        except (ConflictError, NotFoundError, UsageError, IndexError):
            return False
        return True


@settings(max_examples=6, suppress_health_check=list(HealthCheck))
@given(steps=st.lists(step, min_size=3, max_size=8))
def test_the_end_does_not_depend_on_the_way(steps: list[tuple]):
    with tempfile.TemporaryDirectory() as name:
        story, control = Story(Path(name) / "story"), Story(Path(name) / "control")
        said = []
        for what, *told in steps:
            if what == "deliver":
                story.deliver(*told)
                control.deliver(*told, plan=True)
            elif story.say(what, *told):
                said.append((what, *told))
        story.toy.deliver("a", []).deliver("b", []).run()
        expected = story.toy.state(ids=True)

        assert all(control.say(*one) for one in said)
        control.toy.deliver("a", []).deliver("b", []).run()
        assert control.toy.state() == story.toy.state()

        story.toy.run(full=True)
        assert story.toy.state(ids=True) == expected
        for one in (story, control):
            one.toy.context.hub.dispose()
