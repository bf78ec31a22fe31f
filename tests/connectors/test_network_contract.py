"""The network connector keeps the connector contract, over exports and over the API."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from connectors.network import Network
from mdm.connector import Context, StreamRequest
from mdm.testing import connector_suite
from mdm.testing.connector_suite import Subject
from tests.fakes.network import PASSWORD, FakeNetwork, export

KEYS = [f"{243_000_000_000_000_000 + at}" for at in range(11)]


def row(at: int) -> dict[str, str]:
    return {
        "vid__v": KEYS[at], "last_name__v": f"Ana {at}", "record_state__v": "VALID", "master_vid__v": "",
        "modified_date__v": f"2026-01-{at + 1:02d}T00:00:00.000Z",
    }  # fmt: skip


@contextmanager
def exported(folder: Path) -> Iterator[Subject]:
    export(folder / "export_1_full.zip", {"HCP.csv": map(row, range(7)), "HCO.csv": map(row, range(2))})
    export(folder / "export_2_delta.zip", {"HCP.csv": map(row, range(7, 11))})
    deleted: list[str] = []

    def delete(stream: str, key: str) -> None:
        deleted.append(key)
        gone = {**row(KEYS.index(key)), "record_state__v": "DELETED", "modified_date__v": "2026-02-01T00:00:00.000Z"}
        export(folder / f"export_{2 + len(deleted)}_delta.zip", {"HCP.csv": [gone]})

    yield Subject(
        connector=lambda: Network("tested", {"path": "export_*.zip", "page_rows": 3}),
        context=Context(home=folder),
        requests=(StreamRequest("hcp", ("vid__v",), "modified_date__v"),),
        keys={"hcp": set(KEYS)},
        delete=delete,
    )


@contextmanager
def searched(folder: Path) -> Iterator[Subject]:
    with FakeNetwork() as network:
        network.records["HCP"] = [dict(row(at)) for at in range(11)]
        options = network.options(password="env:NETWORK_PASSWORD", page_size=3)
        secrets = {"env:NETWORK_PASSWORD": PASSWORD, "env:OTHER": "not-the-pass-phrase"}
        yield Subject(
            connector=lambda: Network("tested", options),
            context=Context(home=folder, resolve=secrets.__getitem__, sleep=lambda seconds: None),
            requests=(StreamRequest("hcp", ("vid__v",), "modified_date__v"),),
            keys={"hcp": set(KEYS)},
            secrets=(PASSWORD, "not-the-pass-phrase"),
            failing=(lambda: Network("tested", {**options, "password": "env:OTHER"}),),
            delete=lambda stream, key: network.change("HCP", key, time.time() - 5, record_state__v="DELETED"),
            expire=network.expire,
            wrong_password=lambda: Network("tested", {**options, "password": "env:OTHER"}),
            login_attempts=lambda: len(network.asked("/auth")),
        )


TestExported = connector_suite.tests(exported)
TestSearched = connector_suite.tests(searched)
