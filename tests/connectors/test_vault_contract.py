"""The vault connector keeps the connector contract, against a server and against a recording."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from connectors.vault import Vault, record
from mdm.connector import Context, StreamRequest
from mdm.testing import connector_suite
from mdm.testing.connector_suite import Subject
from tests.fakes.vault import PASSWORD, FakeVault

ROWS = [
    {"id": f"V0P{at:012d}", "name__v": f"Ana {at}", "kind__c": ["hcp__c"], "modified_date__v": f"2026-01-{day:02d}T00:00:00.000Z"}
    for at, day in enumerate([1, 2, 2, 2, 2, 2, 2, 2, 3, 4, 4, 5, 6, 7, 8], start=1)
]
KEYS = {"account__v": {row["id"] for row in ROWS}}
REQUESTS = (StreamRequest("account__v", ("id",), "modified_date__v"),)


@contextmanager
def served(folder: Path) -> Iterator[Subject]:
    with FakeVault() as vault:
        vault.objects["account__v"] = ROWS
        options = vault.options(password="env:VAULT_PASSWORD", page_size=3)
        yield Subject(
            connector=lambda: Vault("tested", options),
            context=Context(
                home=folder, resolve={"env:VAULT_PASSWORD": PASSWORD, "env:OTHER": "not-the-pass-phrase"}.__getitem__
            ),
            requests=REQUESTS,
            keys=KEYS,
            # Rows that share the time of the last one are read again.
            again=3,
            secrets=(PASSWORD, "not-the-pass-phrase"),
            failing=(lambda: Vault("tested", {**options, "password": "env:OTHER"}),),
        )


@contextmanager
def recorded(folder: Path) -> Iterator[Subject]:
    record(folder / "vault", "account__v", ROWS)
    yield Subject(
        connector=lambda: Vault("tested", {"recorded": "vault", "page_size": 3}),
        context=Context(home=folder),
        requests=REQUESTS,
        keys=KEYS,
        again=3,
    )


TestServed = connector_suite.tests(served)
TestRecorded = connector_suite.tests(recorded)
