"""A measured process: wall and processor time, and peak memory with all its children, within a limit of time.

Memory is the largest sum of resident sizes seen five times a second, and never less than the system's own peak of the
largest single process.
"""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

BEAT = 0.2
PATIENCE = 3


@dataclass(frozen=True)
class Measured:
    """What the system says of a process that finished, failed, or was ended at its limit."""

    finished: bool
    ended: bool
    wall: float
    cpu: float
    peak_mb: int

    def as_dict(self) -> dict[str, Any]:
        """For a document."""
        return asdict(self)


def process(command: Sequence[str], *, folder: Path, environment: Mapping[str, str], seconds: float) -> Measured:
    """Run a command in a folder, its words in `out.txt` and `err.txt` there; end it and its children after the limit.

    The limit is of wall or processor time, whichever is less, so that a busy machine does not count against a tool;
    what waits for three times as long is ended as well.
    """
    started, peak, ended = time.monotonic(), 0, False
    with (folder / "out.txt").open("wb") as out, (folder / "err.txt").open("wb") as err:
        child = subprocess.Popen(command, cwd=folder, env=dict(environment), stdout=out, stderr=err, start_new_session=True)
        while True:
            pid, status, usage = os.wait4(child.pid, os.WNOHANG)
            if pid:
                break
            cpu, resident = _family(child.pid)
            wall, peak = time.monotonic() - started, max(peak, resident)
            if not ended and (min(wall, cpu) > seconds or wall > PATIENCE * seconds):
                os.killpg(child.pid, signal.SIGKILL)
                ended = True
            time.sleep(BEAT)
    # The system was asked directly, so that the child need not be waited for again.
    child.returncode = os.waitstatus_to_exitcode(status)
    return Measured(
        not ended and child.returncode == 0,
        ended,
        round(time.monotonic() - started, 1),
        round(usage.ru_utime + usage.ru_stime, 1),
        max(round(peak / 1024), round(usage.ru_maxrss / 1024)),
    )


def _family(first: int) -> tuple[float, int]:
    """Processor seconds and resident kilobytes of a process and its descendants; nothing where there is no /proc."""
    parents, sizes, times = {}, {}, {}
    for entry in Path("/proc").glob("[0-9]*"):
        pid = int(entry.name)
        try:
            stat = (entry / "stat").read_text().rpartition(")")[2].split()
            pages = int((entry / "statm").read_text().split()[1])
        except (OSError, IndexError):
            continue
        parents[pid] = int(stat[1])
        # Its own time, and that of children it has waited for.
        times[pid] = sum(int(t) for t in stat[11:15]) / os.sysconf("SC_CLK_TCK")
        sizes[pid] = pages * os.sysconf("SC_PAGE_SIZE") // 1024
    ours, more = {first}, {first}
    while more:
        more = {p for p, parent in parents.items() if parent in ours} - ours
        ours |= more
    return sum(times.get(p, 0.0) for p in ours), sum(sizes.get(p, 0) for p in ours)
