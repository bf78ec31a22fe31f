"""Fault points: places where a test may end the process, to show that a crash anywhere is survived.

Asleep unless MDM_FAULT names a point: `MDM_FAULT=publish.append:3` kills the process the third time it is passed.
"""

import os
import signal
from collections import Counter

_passed: Counter[str] = Counter()


def point(name: str) -> None:
    """A place where the process may be killed."""
    wanted = os.environ.get("MDM_FAULT")
    if wanted is None:
        return
    _passed[name] += 1
    where, _, count = wanted.partition(":")
    if where == name and _passed[name] == int(count or 1):
        os.kill(os.getpid(), signal.SIGKILL)
