"""Where a mapped field goes: an attribute, or an attribute of a numbered child (`licence[1].number`)."""

import re
from dataclasses import dataclass

from mdm.errors import ConfigError

_CHILD = re.compile(r"([A-Za-z_]\w*)\[(-?\d+)\]\.([A-Za-z_]\w*)\Z")


@dataclass(frozen=True)
class Target:
    """An attribute of the entity, or of its `index`-th child in `collection`."""

    attribute: str
    collection: str | None = None
    index: int = 0

    def __str__(self) -> str:
        return self.attribute if self.collection is None else f"{self.collection}.{self.attribute}"


def target(text: str) -> Target:
    """The target a mapping names."""
    match = _CHILD.match(text)
    if match is not None:
        if int(match[2]) < 1:
            raise ConfigError(f"{text!r}: indexes of a collection start at 1")
        return Target(match[3], match[1], int(match[2]))
    if "." in text or "[" in text:
        collection, _, attribute = text.replace("[]", "").partition(".")
        collection = collection.partition("[")[0]
        raise ConfigError(f"{text!r} cannot be read as a target; write '{collection}[1].{attribute or 'attribute'}'")
    return Target(text)
