"""The plain item group, as nearly all are: items that say their id and their value and nothing more.

Such a group is written as text by one library and taken apart by another, all items at once, which is much quicker than to
ask each of them. Whatever is not plain in any way is left to be read item by item.
"""

import json
import re
from functools import lru_cache
from typing import Any, NamedTuple

from lxml import etree

from connectors.odm.place import Place

_written = json.JSONEncoder(ensure_ascii=False, check_circular=False).encode
_SAYS = ["ItemOID", "Value"]
# What stands around plain items: the two tags of the group itself.
_AROUND = 2


class Plain(NamedTuple):
    """The ids and values of a plain group's items, in their order; nothing in them needs an escape, in XML or in JSON."""

    oids: list[str]
    values: list[str]

    def record(self, place: Place) -> tuple[dict[str, Any], str] | None:
        """The group as a record, and that as JSON; none if a transaction is in force, or a name stands twice."""
        about = {**place.ids, **place.said}
        if place.transaction is not None or not about:
            return None
        record = {**about, **dict(zip(self.oids, self.values, strict=True))}
        if len(record) != len(about) + len(self.oids):
            return None
        items = '", "'.join(map('": "'.join, zip(self.oids, self.values, strict=True)))
        return record, f'{_written(about)[:-1]}, "{items}"}}'


def plainly(group: etree._Element) -> Plain | None:
    """The items of a group, if it is plain."""
    first = group[0] if len(group) else None
    if first is None or first.keys() != _SAYS or len(first):
        return None
    parts = _item(group.prefix).split(etree.tostring(group, encoding="unicode", with_tail=False))
    around = "".join(parts[::3])
    # Anything else that stands between has a tag of its own, or is an entity.
    if around.count("<") != _AROUND or "&" in around:
        return None
    return Plain(parts[1::3], parts[2::3])


@lru_cache(64)
def _item(prefix: str | None) -> re.Pattern[str]:
    name = re.escape(f"{prefix}:ItemData" if prefix else "ItemData")
    return re.compile(rf'<{name} ItemOID="([^"&\\]*)" Value="([^"&\\]*)"/>')
