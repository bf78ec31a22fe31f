"""The vault connector keeps the connector contract: by queries, from archives, and from a recording."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

from connectors.vault import Vault, record
from connectors.vault.client import moment
from mdm.connector import Context, StreamRequest
from mdm.testing import connector_suite
from mdm.testing.connector_suite import Subject
from tests.fakes.vault import PASSWORD, SECRET, TOKEN, FakeVault
from tests.fakes.vault_direct import News

NAME = "account__v"
ROWS = [
    {"id": f"V0P{at:012d}", "name__v": f"Ana {at}", "kind__c": ["hcp__c"], "modified_date__v": f"2026-01-{day:02d}T00:00:00.000Z"}
    for at, day in enumerate([1, 2, 2, 2, 2, 2, 2, 2, 3, 4, 4, 5, 6, 7, 8], start=1)
]
KEYS = {NAME: {row["id"] for row in ROWS}}
REQUESTS = (StreamRequest(NAME, ("id",), "modified_date__v"),)
WORDS = {"env:PASSWORD": PASSWORD, "env:OTHER": "not-the-pass-phrase", "env:SECRET": SECRET}


def subject(folder: Path, vault: FakeVault, options: dict[str, Any], **more: Any) -> Subject:
    """A source with a hand at the Vault."""
    secret = "client_secret" if "oauth_profile" in options else "password"

    def wrong() -> Vault:
        return Vault("tested", {**options, secret: "env:OTHER"})

    return Subject(
        connector=lambda: Vault("tested", options),
        context=Context(home=folder, resolve=WORDS.__getitem__),
        requests=REQUESTS,
        keys=KEYS,
        secrets=(PASSWORD, SECRET, TOKEN, "not-the-pass-phrase"),
        failing=(wrong,),
        expire=vault.expire,
        wrong_password=wrong,
        login_attempts=lambda: len(vault.asked("/token" if secret == "client_secret" else "/auth")),
        **more,
    )


def deleter(vault: FakeVault) -> Callable[[str, str], None]:
    """Deletes rows as a user of the Vault does."""
    return lambda stream, key: vault.delete(stream, key, moment(datetime.now(UTC).timestamp() - 1))


@contextmanager
def served(folder: Path) -> Iterator[Subject]:
    with FakeVault() as vault:
        vault.objects[NAME] = list(ROWS)
        options = vault.options(password="env:PASSWORD", page_size=3)
        # Rows that share the time of the last one are read again.
        yield subject(folder, vault, options, again=3, delete=deleter(vault))


@contextmanager
def by_oauth(folder: Path) -> Iterator[Subject]:
    with FakeVault() as vault:
        vault.objects[NAME] = list(ROWS)
        given = {"token_url": f"{vault.url}/token", "client_id": "mdm", "client_secret": "env:SECRET", "page_size": 3}
        yield subject(folder, vault, vault.oauth_options(**given), again=3, delete=deleter(vault))


@contextmanager
def from_archives(folder: Path) -> Iterator[Subject]:
    with FakeVault() as vault:
        vault.objects[NAME] = list(ROWS)
        times = [datetime(2026, 1, 9, 1, tzinfo=UTC) + timedelta(minutes=15 * at) for at in range(50)]
        said = pairwise(times)

        def incremental(news: News) -> None:
            start, stop = next(said)
            vault.direct.incremental(*(f"{at:%Y-%m-%dT%H:%MZ}" for at in (start, stop)), news, parts=2)

        extract = f"Object.{NAME}"
        columns = {extract: dict.fromkeys(ROWS[0], "String")}
        flat = [{**row, "kind__c": "hcp__c"} for row in ROWS]
        vault.direct.full(f"{times[0]:%Y-%m-%dT%H:%MZ}", News({extract: flat[:8]}, columns=columns), parts=3)
        incremental(News({extract: flat[8:12]}))
        incremental(News({extract: flat[12:]}))

        def delete(stream: str, key: str) -> None:
            incremental(News({}, {f"Object.{stream}": [{"id": key}]}))

        options = vault.options(password="env:PASSWORD", mode="direct", page_rows=3)
        yield subject(folder, vault, options, delete=delete)


@contextmanager
def recorded(folder: Path) -> Iterator[Subject]:
    record(folder / "vault", NAME, ROWS)
    yield Subject(
        connector=lambda: Vault("tested", {"recorded": "vault", "page_size": 3}),
        context=Context(home=folder),
        requests=REQUESTS,
        keys=KEYS,
        again=3,
    )


TestServed = connector_suite.tests(served)
TestByOAuth = connector_suite.tests(by_oauth)
TestFromArchives = connector_suite.tests(from_archives)
TestRecorded = connector_suite.tests(recorded)
