"""The salesforce connector keeps the connector contract, against a server."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from connectors.salesforce import Salesforce
from connectors.salesforce.identifier import long_id
from mdm.connector import Context, StreamRequest
from mdm.testing import connector_suite
from mdm.testing.connector_suite import Subject
from tests.fakes.salesforce import CLIENT_SECRET, FakeSalesforce, stamp

KEYS = [long_id(f"001A0000006{at:04d}") for at in range(1, 12)]


@contextmanager
def served(folder: Path) -> Iterator[Subject]:
    with FakeSalesforce() as org:
        now = time.time()
        org.objects["Account"] = [
            {
                "Id": key,
                "Name": f"Ana {at}",
                "IsDeleted": False,
                "MasterRecordId": None,
                "SystemModstamp": stamp(now - 9_000_000 + at),
            }
            for at, key in enumerate(KEYS)
        ]
        options = org.options(client_secret="env:SECRET", page_size=3)
        resolve = {"env:SECRET": CLIENT_SECRET, "env:OTHER": "not-the-secret"}.__getitem__
        yield Subject(
            connector=lambda: Salesforce("tested", options),
            context=Context(home=folder, resolve=resolve, sleep=lambda seconds: None),
            requests=(StreamRequest("Account", ("Id",), "SystemModstamp"),),
            keys={"Account": set(KEYS)},
            secrets=(CLIENT_SECRET, "not-the-secret"),
            failing=(lambda: Salesforce("tested", {**options, "client_secret": "env:OTHER"}),),
            delete=lambda stream, key: org.delete(stream, key, stamp(time.time() - 5)),
            expire=org.expire,
            wrong_password=lambda: Salesforce("tested", {**options, "client_secret": "env:OTHER"}),
            login_attempts=lambda: len(org.asked("/token")),
        )


TestServed = connector_suite.tests(served)
