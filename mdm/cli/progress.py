"""Progress on stderr: a moving line at a terminal, plain lines in a log."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from mdm.cli import talk

_WORDS = {
    "pull": "pulling", "standardise": "standardising", "check": "checking", "train": "training a match model for",
    "match": "matching", "suggest": "looking at", "blocking": "counting and sampling",
    "cluster": "joining", "survive": "choosing values of", "publish": "publishing",
}  # fmt: skip


@contextmanager
def shown(*, quiet: bool = False) -> Iterator[Callable[[str, str], None]]:
    """Gives a function that says which stage has begun, about what."""
    if quiet:
        yield lambda _stage, _words: None
        return
    if sys.stderr.isatty():
        with talk.err().status("starting") as line:
            yield lambda stage, words: line.update(f"{_WORDS.get(stage, stage)} {words}")
        return
    started = time.monotonic()
    yield lambda stage, words: talk.say(f"{time.monotonic() - started:7.1f}s  {_WORDS.get(stage, stage)} {words}")
