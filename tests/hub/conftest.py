"""A toy entity with one attribute of each type, and a hub that holds it."""

from collections.abc import Iterator
from datetime import date

import pytest

from mdm.entity import Attribute, Collection, Entity, Link
from mdm.hub import Hub, migration


def thing(*more: Attribute, links: tuple[Link, ...] = ()) -> Entity:
    return Entity(
        name="thing",
        about="A thing, one row per thing.",
        prefix="THG",
        attributes=[
            Attribute("code", "Code on the label; 100% of them have one, it's said.", identifies=True),
            Attribute("order", "Place in the row.", type=int),
            Attribute("size", "Length in metres.", type=float),
            Attribute("ok", "Whether it works.", type=bool),
            Attribute("made_on", "Day it was made.", type=date),
            Attribute("tags", "Words on it.", type=list),
            *more,
        ],
        collections=[Collection("part", "A part of a thing.", key=("number",), attributes=[Attribute("number", "Part number.")])],
        links=[Link("parent", "thing", "The thing it belongs to."), *links],
        block=[["code"]],
    )


def place() -> Entity:
    return Entity(name="place", about="A place.", prefix="PLC", attributes=[Attribute("title", "Its title.")])


@pytest.fixture
def hub(hub_url: str) -> Iterator[Hub]:
    """A hub of things and places, with nothing in it."""
    hub = Hub(hub_url, [thing(), place()])
    migration.lay(hub)
    yield hub
    hub.dispose()
