"""The archives a Vault offers, and the order in which they follow each other.

Each archive tells what happened between two times. The next one to apply begins where the last one ended: what is missing
in between is refused, never skipped.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from connectors.vault.client import Client, moment, seconds
from mdm.errors import DamagedError, FullReconcileRequired, UnavailableError

FULL, INCREMENTAL, LOG = "full_directdata", "incremental_directdata", "log_directdata"
# Asked for from a little before the cursor, so that an archive that straddles it is seen.
EARLIER = 3600
_PLAIN = re.compile(r"\w[\w.-]{0,199}")
_STOP = re.compile(r"-(\d{4})(\d\d)(\d\d)-(\d\d)(\d\d)-[FNL]")


@dataclass(frozen=True)
class Part:
    """One file of an archive."""

    name: str
    md5: str | None
    size: int


@dataclass(frozen=True)
class Archive:
    """What happened from `start` to `stop` (seconds since 1970); without parts nothing did."""

    name: str
    start: float
    stop: float
    parts: tuple[Part, ...]


@dataclass(frozen=True)
class Failed:
    """An archive the Vault could not make; `stop` is known where its name says it."""

    name: str
    stop: float | None
    message: str
    next_retry: str | None


@dataclass(frozen=True)
class Listing:
    """The archives of one kind, oldest first."""

    archives: list[Archive]
    failed: list[Failed] = field(default_factory=list)

    def after(self, cursor: float | None) -> Iterator[Archive]:
        """The archives that follow on from this time; an error where one is missing."""
        for archive in self.archives:
            if cursor is not None and archive.stop <= cursor:
                continue
            if cursor is not None and archive.start > cursor:
                self.waiting(cursor, archive.start)
                raise Gap(cursor, archive)
            yield archive
            cursor = archive.stop
        self.waiting(cursor)

    def waiting(self, cursor: float | None, until: float | None = None) -> None:
        """Wait for an archive that belongs here and that the Vault will try to make again."""
        for one in self.failed:
            late = until is not None and one.stop is not None and one.stop > until
            if late or (cursor is not None and one.stop is not None and one.stop <= cursor):
                continue
            again = f"at {one.next_retry}" if one.next_retry else "later"
            raise UnavailableError(
                f"{one.name}: the Vault could not make this archive ({one.message or 'no reason given'}) and tries again {again}; "
                "what came before it has been read: run again after that"
            )


class Gap(Exception):
    """An archive is missing before this one."""

    def __init__(self, cursor: float, archive: Archive) -> None:
        super().__init__()
        self.cursor, self.archive = cursor, archive


def listed(client: Client, kind: str, cursor: float | None = None) -> Listing:
    """The archives of a kind, from a time on."""
    since = "" if cursor is None else f"&start_time={minute(cursor - EARLIER)}"
    answer = client.ask("GET", client.path(f"services/directdata/files?extract_type={kind}{since}"))
    items = answer.get("data")
    if not isinstance(items, list) or any(not isinstance(item, dict) for item in items):
        raise UnavailableError(f"the list of {kind} archives has no data; try again later")
    failed = [_failed(item) for item in items if item.get("error")]
    archives = [_archive(item) for item in items if not item.get("error")]
    return Listing(sorted(archives, key=lambda one: (one.stop, one.start, one.name)), failed)


def gap(client: Client, extract: str, missing: Gap) -> Exception:
    """The error for a missing archive: whether reading all again would help."""
    between = f"from {minute(missing.cursor)} to {minute(missing.archive.start)}"
    text = f"{extract}: the archive {between} is missing; the next one is {missing.archive.name}"
    if is_log(extract):
        return FullReconcileRequired(
            f"{text}. A Vault keeps log archives for two days, so those entries can only be had from its audit trail; go on from the "
            "oldest archive there is with `mdm run --full`"
        )
    healing = [one for one in listed(client, FULL).archives if one.stop >= missing.archive.start]
    if healing:
        return FullReconcileRequired(
            f"{text}. A Vault keeps incremental archives for ten days; read all of it again from {healing[-1].name} (`mdm run --full`)"
        )
    return DamagedError(
        f"{text}, and no full archive is newer than that; the next one is made within a day: run again then, or ask Veeva's support"
    )


def is_log(extract: str) -> bool:
    """Whether an extract is told by log archives."""
    return extract.startswith("Log.")


def minute(seconds: float) -> str:
    """A time as Direct Data writes it."""
    text = moment(seconds)
    return f"{text[:16]}Z" if text.endswith(":00.000Z") else text


def _archive(item: Mapping[str, Any]) -> Archive:
    name = _plain(item.get("name"))
    details = item.get("filepart_details") or []
    numbers = sorted(int(one.get("filepart", 0)) for one in details)
    count = int(item.get("fileparts") or 0)
    if numbers != list(range(1, count + 1)) or (not count and int(item.get("record_count") or 0)):
        raise DamagedError(f"{name}: {count} parts are claimed and {numbers} are offered; run again, or ask Veeva's support")
    parts = tuple(_part(one) for one in sorted(details, key=lambda one: int(one["filepart"])))
    try:
        return Archive(name, seconds(item["start_time"]), seconds(item["stop_time"]), parts)
    except (KeyError, TypeError, ValueError):
        raise DamagedError(f"{name}: does not say from when to when it tells; ask Veeva's support") from None


def _part(item: Mapping[str, Any]) -> Part:
    return Part(
        _plain(item.get("name")), str(item["md5checksum"]) if item.get("md5checksum") else None, int(item.get("size") or 0)
    )


def _plain(name: Any) -> str:
    if not isinstance(name, str) or not _PLAIN.fullmatch(name) or ".." in name:
        raise DamagedError(f"the list of archives names {str(name)[:80]!r}, which is no name of an archive; it was not asked for")
    return name


def _failed(item: Mapping[str, Any]) -> Failed:
    error = item["error"] if isinstance(item["error"], dict) else {"message": str(item["error"])}
    name = str(item.get("name", "an archive"))[:200]
    found = _STOP.search(name)
    stop = seconds("{}-{}-{}T{}:{}Z".format(*found.groups())) if found else None
    return Failed(name, stop, str(error.get("message", ""))[:200], str(error["next_retry"]) if error.get("next_retry") else None)


def part_link(client: Client, part: Part) -> str:
    """Where a part is to be had: made from its name, whatever address the list gives."""
    return client.path(f"services/directdata/files/{quote(part.name)}")


def newest(archives: Sequence[Archive], name: str | None) -> Archive | None:
    """The archive of this name, if it is still there, or else the newest one."""
    named = [one for one in archives if one.name == name]
    usable = [one for one in archives if one.parts]
    return named[0] if named else usable[-1] if usable else None
