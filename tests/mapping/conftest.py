"""A toy entity, and landed records to map to it."""

import json

import polars as pl
import pytest

from mdm.digest import record_ids
from mdm.entity import Attribute, Collection, Entity, Link
from mdm.settings import StreamSettings


@pytest.fixture
def thing():
    """An entity with everything a mapping can feed."""
    names = ("name", "sort_name", "code", "status", "country")
    return Entity(
        name="thing",
        about="A thing.",
        prefix="THG",
        attributes=[*(Attribute(n, f"The {n}.") for n in names), Attribute("kinds", "All kinds.", type=list)],
        collections=[
            Collection("licence", "Licences.", ("number",), [Attribute(n, "x") for n in ("number", "state", "status")]),
            Collection("address", "Addresses.", ("line_1",), [Attribute(n, "x") for n in ("line_1", "city")]),
        ],
        links=[Link("owner", to="thing", about="Who owns it."), Link("part", to="thing", about="What it is part of.")],
    )


@pytest.fixture
def landed():
    """Landed records from payloads (JSON text is taken as it is), by position or as `key=payload`."""

    def land(*payloads, op="upsert", key=None, stream="things"):
        keys = [f"k{i}" for i in range(len(payloads))] if key is None else key
        frame = pl.DataFrame(
            {
                "source": "src",
                "stream": stream,
                "source_key": keys,
                "source_time": [100 + i for i in range(len(payloads))],
                "op": [op] * len(payloads) if isinstance(op, str) else op,
                "seq": list(range(1, len(payloads) + 1)),
                "payload": [_text(p) for p in payloads],
            },
            schema_overrides={"payload": pl.String, "source_key": pl.String, "op": pl.String},
        )
        return frame.with_columns(record_ids(frame))

    return land


@pytest.fixture
def delivered():
    """Delivered records, as a connector says them."""

    def deliver(*payloads, op="upsert", key=None, merged_into=None):
        return pl.DataFrame(
            {
                "source_key": [f"k{i}" for i in range(len(payloads))] if key is None else key,
                "payload": [_text(p) for p in payloads],
                "source_time": [None] * len(payloads),
                "op": [op] * len(payloads) if isinstance(op, str) else op,
                "merged_into": [merged_into] * len(payloads),
                "position": [f"row {i}" for i in range(len(payloads))],
            },
            schema_overrides=dict.fromkeys(("source_key", "payload", "op", "merged_into", "position"), pl.String)
            | {"source_time": pl.Int64},
        )

    return deliver


@pytest.fixture
def stream():
    """A stream with these maps and settings."""

    def make(*maps, **settings):
        return StreamSettings(**{"name": "things", "source": "src", "key": ("id",), "maps": maps, **settings})

    return make


def _text(payload):
    return payload if payload is None or isinstance(payload, str) else json.dumps(payload)
