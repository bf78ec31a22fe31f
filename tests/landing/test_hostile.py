"""Hostile text in what a source says is landed as text, or rejected; it never becomes a statement, and never stops the rest."""

import json

import pytest

from mdm.connector import rejected
from mdm.hub import Hub, migration
from tests.landing.scripted import Bay, rows

HOSTILE = [
    "'; drop table source_record; --",
    '"; drop table source_record; --',
    "1 or 1=1",
    "%s %(x)s :name ? {0}",
    "line\nbreak\r\n\ttab",
    "\u202egpj.exe\u202c",
    "<img src=x onerror=alert(1)>",
    "=cmd|' /C calc'!A0",
    "../../etc/passwd",
    "\\",
    "😀" * 50,
    "\x1b[31mred",
    "x" * 5000,
]


@pytest.fixture
def either(hub_url: str):
    """A landing place in each dialect."""
    hub = Hub(hub_url)
    migration.lay(hub)
    yield Bay(hub)
    hub.dispose()


def test_hostile_keys_and_values_are_landed_as_they_are(either: Bay):
    either.land(*(rows(text, name=text) for text in HOSTILE))
    either.land(*(rows(text, op="delete") for text in HOSTILE[:5]))

    assert either.live() == set(HOSTILE[5:])
    said = {row.source_key: json.loads(row.payload)["name"] for row in either.rows("source_record") if row.payload}
    assert all(said[text] == text for text in HOSTILE[5:])


def test_a_nul_is_rejected_and_the_others_go_on(either: Bay):
    tally = either.land(rows("a", "b\0", "c", name="x"), rejected([("line\0 1", "why\0", "text\0")]))

    assert either.live() == {"a", "c"}
    assert (tally.counts["new"], tally.counts["rejected"]) == (2, 2)
    assert [(row.position, row.reason[:15], row.excerpt[:20]) for row in either.rows("rejected_row")] == [
        ("b\u2400", "it holds a NUL,", '{"id": "b\\u0000", "n'),
        ("line\u2400 1", "why\u2400", "text\u2400"),
    ]
