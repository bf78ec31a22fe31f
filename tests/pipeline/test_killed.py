"""A sync whose process is killed in mid-paging: the next one goes on, loses nothing and doubles nothing."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import sqlalchemy as sa

from mdm import context, pipeline
from mdm.context import Context
from mdm.hub import migration

SETTINGS = """
[hub]
url = "sqlite:///{folder}/hub.db"
rules = "rules"

[sources.a]
connector = "files"
path = "a.jsonl"
page_rows = 3

[sources.a.streams.things]
key = ["id"]
deleted = {{ field = "gone", values = ["1"] }}
"""
PROGRAM = "from pathlib import Path; from mdm import context, pipeline; print(pipeline.sync(context.opened(Path('mdm.toml')))[0])"


def project(folder: Path) -> Context:
    """A project whose source has six pages, the last with deletions."""
    (folder / "rules").mkdir()
    (folder / "rules" / "thing.py").write_text("from mdm.testing.toy import thing\n", encoding="utf-8")
    (folder / "mdm.toml").write_text(SETTINGS.format(folder=folder.as_posix()), encoding="utf-8")
    lines = [f'{{"id": "{number % 12}", "name": "{number}", "gone": "{int(number > 15)}"}}' for number in range(18)]
    (folder / "a.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    opened = context.opened(folder / "mdm.toml")
    migration.lay(opened.hub)
    return opened


def killed(folder: Path, fault: str) -> int:
    environ = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2]), "MDM_FAULT": fault}
    return subprocess.run([sys.executable, "-c", PROGRAM], cwd=folder, env=environ, check=False).returncode


def landed(opened: Context) -> list[tuple]:
    record, version, held = (opened.hub.fixed[name] for name in ("source_record", "source_version", "held_delete"))
    with opened.hub.read() as session:
        heads = session.execute(sa.select(record.c.source_key, record.c.op, record.c.payload)).all()
        kept = session.execute(sa.select(version.c.record_id, version.c.op, version.c.payload)).all()
        waiting = session.scalar(sa.select(sa.func.count()).select_from(held))
    return [*sorted(map(tuple, heads)), *sorted(map(tuple, kept)), ("waiting", waiting)]


@pytest.mark.parametrize("page", [2, 6])
def test_a_sync_killed_after_a_page_goes_on_in_the_next(tmp_path: Path, page: int):
    (tmp_path / "whole").mkdir()
    (tmp_path / "broken").mkdir()
    whole, broken = project(tmp_path / "whole"), project(tmp_path / "broken")
    pipeline.sync(whole)

    assert killed(tmp_path / "broken", f"land:{page}") == -signal.SIGKILL
    assert landed(broken) != landed(whole)
    pipeline.sync(broken)

    assert landed(broken) == landed(whole)
    assert ("4", "delete") in {row[:2] for row in landed(whole)}
    whole.hub.dispose()
    broken.hub.dispose()
