"""A fingerprint of everything in a stream's mapping that changes what its records say, or which of them may be one."""

import hashlib
import json
from dataclasses import asdict
from typing import Any

from mdm.settings import MapSettings, StreamSettings

# Raised when the same mapping comes to mean something else.
MEANING = 1
_READ = ("source", "name", "key", "modified", "deleted", "inactive", "merged_into", "pseudonymise", "distinct")


def fingerprint(stream: StreamSettings) -> str:
    """The same for the same mapping, however it is written down."""
    said = asdict(stream)
    whole = {**{name: said[name] for name in _READ}, "maps": [_map(m) for m in stream.maps], "meaning": MEANING}
    return hashlib.sha256(json.dumps(whole, sort_keys=True).encode()).hexdigest()


def _map(mapping: MapSettings) -> dict[str, Any]:
    # By target, since the order of fields means something only where several feed one attribute.
    feeding: dict[str, list[str]] = {}
    for field, names in mapping.fields.items():
        for name in names:
            feeding.setdefault(name, []).append(field)
    return {**asdict(mapping), "fields": feeding}
