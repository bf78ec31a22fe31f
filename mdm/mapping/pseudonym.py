"""Pseudonyms: values replaced by a keyed hash (HMAC-SHA256, hexadecimal) before anything is written.

The same value has the same pseudonym in every field and stream, so that keys and links still meet.
"""

import hashlib
import hmac
import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import polars as pl

from mdm.errors import ConfigError
from mdm.mapping.key import parts, written
from mdm.mapping.path import Step, plain, ways
from mdm.mapping.text import per_distinct
from mdm.settings import StreamSettings

# Numbers travel through Python as marked texts, so that those nobody hides stay as the source wrote them.
_MARK = "\x00number:"
_MARKED = re.compile(r'"\\u0000number:([^"]*)"')


@dataclass(frozen=True)
class _Number:
    text: str


def pseudonymised(frame: pl.DataFrame, stream: StreamSettings, key: str | None) -> pl.DataFrame:
    """The records with pseudonyms in their payloads, and in their keys where a field of the key is named."""
    if not stream.pseudonymise:
        return frame
    if not key:
        raise ConfigError(f"{stream}: pseudonymise needs a key; set hub.pseudonym_key to a reference such as 'file:PATH'")
    name = _namer(key)
    hidden = [_hidden(field, stream) for field in stream.key]
    # A winner's key is a key: it has to meet the pseudonym its own record has.
    fields = [*stream.pseudonymise, *(stream.merged_into if any(hidden) else ())]
    hide = lru_cache(maxsize=65536)(lambda text: _payload(text, fields, name))
    rename = lru_cache(maxsize=65536)(lambda text: _key(text, hidden, name))
    changed = {"payload": hide, **({"source_key": rename, "merged_into": rename} if any(hidden) else {})}
    return frame.with_columns(per_distinct(frame[column], say).alias(column) for column, say in changed.items())


def _namer(key: str) -> Callable[[str], str]:
    secret = key.encode()
    return lambda text: hmac.new(secret, text.encode(), hashlib.sha256).hexdigest() if text else text


def _hidden(field: str, stream: StreamSettings) -> bool:
    return any(plain(field) == plain(p) or plain(field).startswith(plain(p) + ".") for p in stream.pseudonymise)


def _key(key: str, hidden: Sequence[bool], name: Callable[[str], str]) -> str:
    found = parts(key)
    if len(found) != len(hidden):
        # Not the key the settings describe: rather hide it all than show what was to be hidden.
        return written([name(part) for part in found])
    return written([name(part) if hide else part for part, hide in zip(found, hidden, strict=True)])


def _payload(text: str, fields: Sequence[str], name: Callable[[str], str]) -> str:
    payload = json.loads(text, parse_float=_marked, parse_int=_marked)
    for way in (way for field in fields for way in ways(field)):
        payload = _masked(payload, way, name)
    said = json.dumps(payload, ensure_ascii=False, separators=(",", ":"))
    return _MARKED.sub(r"\1", said)


def _masked(value: Any, way: Sequence[Step], name: Callable[[str], str]) -> Any:
    if isinstance(value, list):
        if way and isinstance(way[0], int):
            return [_masked(one, way[1:], name) if i == way[0] else one for i, one in enumerate(value)]
        return [_masked(one, way, name) for one in value]
    if isinstance(value, dict):
        inside = way[1:] if way else way
        return {k: _masked(v, inside, name) if not way or k == way[0] else v for k, v in value.items()}
    if way or value is None:
        return value
    return name(_plain_text(value))


def _plain_text(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return str(value).removeprefix(_MARK)


def _marked(number: str) -> str:
    return _MARK + number
