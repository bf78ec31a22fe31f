"""A Vault landed by the real runner: merges and messages in the hub, and a process killed in mid-reading."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from connectors.vault.client import moment
from connectors.vault.inbox import append
from mdm import pipeline, settings
from mdm.testing.toy import Toy
from tests.fakes.vault import DNS, PASSWORD, USERNAME, FakeVault
from tests.fakes.vault_direct import News

NAME, EXTRACT = "account__v", "Object.account__v"
NIGHT, FIRST = "2026-01-02T01:00Z", "2026-01-02T01:15Z"
NAMES = ("Ana Lopez", "Emil Frost", "Dora Quill", "Ute Brand", "Otto Reed", "Ida Stone", "Max Field", "Eva Marsh")
MDM = """
[hub]
url = "{url}"

[sources.vault]
connector = "vault"
role = "register"
base_url = "{vault}"
username = "{username}"
password = "env:VAULT_PASSWORD"
vault_dns = "{dns}"
{options}

[sources.vault.streams.account__v]
key = ["id"]
modified = "modified_date__v"
shrink = 1.0
ignore = ["id", "modified_date__v"]

[[sources.vault.streams.account__v.map]]
entity = "thing"
fields = {{ name__v = "name" }}
"""
SYNC = """
from mdm import pipeline, settings
from mdm.context import Context
from mdm.hub import Hub
from mdm.testing.toy import thing

read = settings.load()
pipeline.sync(Context(read, {"thing": thing}, Hub(read.hub.url, [thing]), "tester"))
"""
New = Callable[[str], Toy]


@pytest.fixture
def vault() -> Iterator[FakeVault]:
    with FakeVault() as server:
        server.objects[NAME] = [row(at) for at in range(len(NAMES))]
        server.direct.full(NIGHT, News({EXTRACT: server.objects[NAME]}))
        yield server


@pytest.fixture
def project(tmp_path: Path, vault: FakeVault, monkeypatch: pytest.MonkeyPatch) -> Iterator[New]:
    monkeypatch.setenv("VAULT_PASSWORD", PASSWORD)
    made: list[Toy] = []

    def build(options: str) -> Toy:
        if not made:
            made.append(Toy(tmp_path, f"sqlite:///{tmp_path}/hub.db").lay())
        words = {"url": made[0].context.hub.url, "vault": vault.url, "username": USERNAME, "dns": DNS, "options": options}
        (tmp_path / "mdm.toml").write_text(MDM.format(**words), encoding="utf-8")
        made[0].context = replace(made[0].context, settings=settings.load(tmp_path / "mdm.toml"))
        return made[0]

    yield build
    for one in made:
        one.context.hub.dispose()


def key(at: int) -> str:
    return f"V0P{at:012d}"


def row(at: int, name: str | None = None) -> dict[str, Any]:
    return {"id": key(at), "name__v": name or NAMES[at], "modified_date__v": f"2026-01-01T00:00:{at:02d}.000Z"}


def synced(toy: Toy, **options: Any) -> dict[str, int]:
    """What a sync counted, zeros left out."""
    (report,) = pipeline.sync(toy.context, **options)
    assert report.error is None, report.error
    return {name: count for name, count in report.read.items() if count}


def landed(toy: Toy) -> dict[str, tuple[str, str | None]]:
    """Each record's operation and payload."""
    table = toy.context.hub.fixed["source_record"]
    with toy.context.hub.read() as session:
        return {r[0]: (r[1], r[2]) for r in session.execute(sa.select(table.c.source_key, table.c.op, table.c.payload))}


def versions(toy: Toy) -> int:
    with toy.context.hub.read() as session:
        return int(session.scalar(sa.select(sa.func.count()).select_from(toy.context.hub.fixed["source_version"])) or 0)


@pytest.mark.parametrize("options", ["page_size = 2", 'mode = "direct"\npage_rows = 2'], ids=["queries", "archives"])
@pytest.mark.parametrize("point", ["land:1", "land:3"])
def test_a_process_killed_in_mid_reading_goes_on_where_it_was(project, vault, options, point):
    toy = project(options)
    sync = [sys.executable, "-c", SYNC]
    environ = {**os.environ, "MDM_FAULT": point, "MDM_CONFIG": str(toy.folder / "mdm.toml")}

    killed = subprocess.run(sync, env=environ, capture_output=True, text=True, check=False)
    counted = synced(toy)

    assert killed.returncode == -signal.SIGKILL
    assert landed(toy).keys() == {key(at) for at in range(len(NAMES))}
    assert 0 < counted["new"] < len(NAMES)
    assert versions(toy) == 0
    # Queries read again what is not older than the overlap; archives are through.
    again = synced(toy)
    assert set(again) <= {"total", "unchanged"}


@pytest.mark.parametrize("options", ["merges = true", 'merges = true\nmode = "direct"'], ids=["queries", "archives"])
def test_a_merge_leads_to_the_winner_and_a_deletion_to_nobody(project, vault, options):
    toy = project(options)
    toy.run()
    now = moment(datetime.now(UTC).timestamp() - 2)
    vault.merge(NAME, key(1), key(2), now)
    vault.delete(NAME, key(3), now)
    vault.direct.incremental(NIGHT, FIRST, News({}, {EXTRACT: [{"id": key(1)}, {"id": key(3)}]}))

    report = toy.run()

    assert report.sources[0].error is None
    assert frozenset({f"vault/{NAME}:{key(1)}", f"vault/{NAME}:{key(2)}"}) in toy.partition()
    assert key(3) not in "".join(member for members in toy.partition() for member in members)
    before = toy.partition()
    toy.run()
    assert toy.partition() == before


def test_a_message_is_followed_once_and_survives_what_comes_after(project, vault):
    toy = project('spark_inbox = "inbox"')
    synced(toy)
    vault.objects[NAME][4]["name__v"] = "Otto Reed the Second"
    vault.objects[NAME] = vault.objects[NAME][1:]
    append(toy.folder / "inbox", "m1", NAME, [key(0), key(4)])

    assert synced(toy) == {"total": 2, "changed": 1, "deleted": 1}
    assert synced(toy) == {}
    assert landed(toy)[key(0)][0] == "delete"
    assert "the Second" in (landed(toy)[key(4)][1] or "")


def test_another_way_of_reading_is_reconciled_by_a_full_reading(project, vault):
    synced(project("page_size = 3"))
    vault.direct.items.clear()
    vault.direct.full(NIGHT, News({EXTRACT: [row(at) for at in range(1, len(NAMES))]}))
    toy = project('mode = "direct"')

    (refused,) = pipeline.sync(toy.context)
    healed = synced(toy, anew=True)

    assert "mdm run --full" in (refused.error or "")
    assert healed["deleted"] == 1
    assert landed(toy)[key(0)][0] == "delete"


def test_a_password_is_nowhere_in_the_hub(project, vault, tmp_path):
    toy = project("page_size = 3")
    synced(toy)
    vault.faults.login = f"REFUSED {PASSWORD}"
    pipeline.sync(toy.context)
    toy.context.hub.dispose()

    held = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())

    assert PASSWORD.encode() not in held
    assert [session for session in vault.sessions if session.encode() in held] == []
