"""The small lists of a project, read whole each time: data access groups, users, the data dictionary, events and arms.

The state, while a list is under way: how many of its rows were told, and a digest of the list they were counted in.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import polars as pl

from connectors.redcap.client import Absent, Client, Row
from mdm.connector import Checkpoint, Complete, Message, Notice, StreamRequest, keyed_json
from mdm.errors import DeniedError

KEYS = {
    "dags": ("unique_group_name",),
    "users": ("username",),
    "metadata": ("field_name",),
    "events": ("unique_event_name",),
    "arms": ("arm_num",),
}
ABOUT = {
    "records": "One row for each record, event and instance.",
    "dags": "The data access groups, which are the sites of a study.",
    "users": "The users with their rights, their role and their group.",
    "metadata": "The data dictionary, one row for each field.",
    "events": "The events of a longitudinal project.",
    "arms": "The arms of a longitudinal project.",
}
_CONTENT = {"dags": "dag", "metadata": "metadata", "events": "event", "arms": "arm"}


def listed(client: Client, content: str) -> tuple[list[Row], list[Notice], bool]:
    """The rows of a list, what could not be read, and whether the list is whole for all that."""
    _ = client.project
    if content == "users":
        return *_users(client), True
    try:
        return client.ask(_CONTENT[content]), [], True
    except Absent as error:
        return [], [Notice(str(error))], False


def messages(
    client: Client, content: str, request: StreamRequest, state: Mapping[str, Any] | None, size: int
) -> Iterator[Message]:
    """A list, a page at a time."""
    rows, notices, whole = listed(client, content)
    payloads = [json.dumps(row, ensure_ascii=False) for row in rows]
    digest = hashlib.blake2b("\n".join(payloads).encode(), digest_size=16).hexdigest()
    state = state or {}
    start = int(state["at"]) if state.get("of") == digest and "at" in state else 0
    wanted = request if request.key else replace(request, key=KEYS[content])
    fields = tuple(dict.fromkeys(name for row in rows for name in row))
    for begin in range(start, len(rows), size):
        part = payloads[begin : begin + size]
        position = pl.Series([f"{content} {at}" for at in range(begin + 1, begin + len(part) + 1)], dtype=pl.String)
        yield from keyed_json(pl.Series(part, dtype=pl.String), wanted, position=position, where=content, fields=fields)
        yield Checkpoint({"of": digest, "at": begin + len(part)})
    yield from notices
    if whole and not start:
        yield Complete()
    yield Checkpoint({})


def _users(client: Client) -> tuple[list[Row], list[Notice]]:
    """Users with what stands elsewhere: the role each has, that role's rights, and the groups each belongs to."""
    notices: list[Notice] = []
    roles = {str(row["unique_role_name"]): row for row in _allowed(client, "userRole", notices)}
    held = {str(row["username"]): str(row["unique_role_name"] or "") for row in _allowed(client, "userRoleMapping", notices)}
    groups: dict[str, list[str]] = {}
    for row in _allowed(client, "userDagMapping", notices):
        groups.setdefault(str(row["username"]), []).append(str(row["redcap_data_access_group"] or ""))
    users = []
    for user in client.ask("user"):
        name = str(user["username"])
        role = held.get(name, "")
        more = {
            "unique_role_name": role,
            "role": roles.get(role),
            "redcap_data_access_groups": sorted(filter(None, groups.get(name, []))),
        }
        users.append({**user, **more})
    return sorted(users, key=lambda row: str(row["username"])), notices


def _allowed(client: Client, content: str, notices: list[Notice]) -> list[Row]:
    """What this token may see of it; a version or a right that lacks it is told, and stops nothing."""
    try:
        return client.ask(content)
    except (Absent, DeniedError) as error:
        notices.append(Notice(f"users are read without {content}: {error}"))
        return []
