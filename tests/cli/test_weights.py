"""Words for match models."""

import pytest

from mdm.cli import weights

LINE = {"shift": -1.0, "slopes": [0.5] * 6, "ceiling": 20.0}
MOVES = {"before": 1, "candidates": 10, "every": 1, "moves": {"joined -> queue": 3}, "merged": 0, "split": 2}


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [(1, 2, {"joined -> queue": 3}), (2, 1, {"queue -> joined": 3}), (3, 2, None), (2, 2, None), (None, 2, None)],
    ids=["onwards", "back", "compared with another", "the same", "the first"],
)
def test_what_is_about_to_change_is_told_from_what_training_found(before, after, expected):
    kept = {2: {"difference": MOVES}, 3: {}}

    told = weights.change(before, after, lambda number: kept[number])

    assert (told and told["moves"]) == expected
    assert told is None or (told["merged"], told["split"]) == ((0, 2) if before == 1 else (2, 0))


@pytest.mark.parametrize(
    ("said", "line", "words"),
    [
        ({"match": 0, "no_match": 0, "used": False}, None, "3 records; 0 pairs share an identifier"),
        ({"match": 9, "no_match": 4, "used": False}, None, "9 match, 4 no_match: too few to learn from"),
        ({"match": 90, "no_match": 40, "used": True}, LINE, "calibrated: 5 bits count 1.5, 10 bits count 4.0, 20 bits count 9.0"),
        ({"match": 90, "no_match": 40, "used": True}, None, "not calibrated: too few of which the weight decides"),
    ],
)
def test_the_evidence_says_what_decisions_taught(said, line, words):
    assert weights.evidence({"records": 3, "decisions": said, "calibration": line}).endswith(words)


def test_an_older_model_has_less_evidence():
    assert weights.evidence({"records": 3}) == "3 records; 0 pairs share an identifier"
