"""One object read in one run.

The state: `cursor`, the time (by Salesforce's clock) up to which the last finished run read; `fields`, the object's fields
and their types then; `covered`, where its feed of deletions ended if that was earlier. While a run is under way: `upper`,
the time up to which it reads, `job`, the query job it reads from (and what it was `asked`), `locator`, the page to go on
with, how many there were (`page`), and `losers` of merges among them.
"""

import difflib
import hashlib
from collections.abc import Generator, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import polars as pl

from connectors.salesforce import profile
from connectors.salesforce.client import Client, Gone, moment, seconds
from connectors.salesforce.deletion import Deletions, Fates
from connectors.salesforce.identifier import long_ids
from connectors.salesforce.job import Jobs
from mdm.connector import Checkpoint, Complete, Message, Notice, Options, Records, SchemaChange, StreamRequest, keyed
from mdm.errors import ConfigError, DamagedError, DriftError, FullReconcileRequired

DAY = 86_400
REMEMBERED = 30 * DAY
# Asking for a day less than Salesforce remembers leaves time to read what it answers.
MARGIN = DAY
LONGEST = 100_000
IDS = ("id", "reference")
NUL, SHOWN = "\x00", "\N{SYMBOL FOR NULL}"
PLACE = ("job", "asked", "locator", "page")


@dataclass
class Described:
    """What an object says of itself."""

    name: str
    types: dict[str, str]
    labels: dict[str, str]
    replicates: bool


@dataclass
class SalesforceReading:
    """A stream, from a state on."""

    client: Client
    request: StreamRequest
    options: Options
    fates: Fates = field(init=False)
    _from_start: bool = False

    def __post_init__(self) -> None:
        self.jobs = Jobs(self.client, self.options["job_wait"])
        self.wanted = replace(
            self.request, key=self.request.key or ("Id",), modified=self.request.modified or self.options["cursor"] or None
        )

    @property
    def object(self) -> str:
        """The object that is read."""
        return self.options["object"] or self.request.stream

    def messages(self, state: dict[str, Any] | None) -> Iterator[Message]:
        """Changed rows, deletions, and the state to go on from."""
        state = dict(state or {})
        since = state.get("cursor") if self.options["cursor"] else None
        self._deletable()
        there = described(self.client, self.object)
        yield from _changes(state.get("fields", {}), there.types)
        self.fates = Fates(self.client, self.object, "MasterRecordId" in there.types, losers=set(state.get("losers", ())))
        upper = state.get("upper") or moment(self.client.now)
        self._remembered(since)
        known = {"fields": there.types, **({} if since is None else {"cursor": since})}
        at = {name: state[name] for name in PLACE if name in state}
        # A full reading has no upper bound: a row that changes meanwhile must not go missing from it.
        query = self._query(self._fields(there), since, upper)
        yield from self._rows(query, there, at, {**known, "upper": upper, **_covered(state)})
        done: dict[str, Any] = {"cursor": upper, "fields": there.types}
        if since is None and self._from_start:
            # What was read before an interruption may be gone by now, so only a reading in one go proves anything.
            yield Complete()
        if since is not None and self.options["deletions"]:
            done |= yield from self._deletions(there, min(since, state.get("covered", since)), upper)
        yield Checkpoint(done)

    def _deletable(self) -> None:
        """Refuse a key that deletions cannot be told by, before anything is read."""
        if self.options["deletions"] and self.wanted.key != ("Id",):
            raise ConfigError(
                f"stream {self.request.stream!r}: deletions and merges are told by Id, not by {', '.join(self.wanted.key)!r}; "
                "set key = ['Id'], or deletions = false"
            )

    def _remembered(self, since: str | None) -> None:
        if since is not None and self.options["deletions"] and self.client.now - seconds(since) > REMEMBERED - MARGIN:
            raise FullReconcileRequired(
                f"{self.object}: last read {since}, and Salesforce remembers deletions for 30 days at most; read all of it again "
                "(`mdm run --full`), so that what was deleted since is noticed"
            )

    def _fields(self, there: Described) -> list[str]:
        wanted = list(self.options["fields"] or profile.fields(self.object, there.types, self.options["profile"]))
        needed = [*self.wanted.key, *([self.options["cursor"]] if self.options["cursor"] else [])]
        needed += [self.wanted.modified] if self.wanted.modified else []
        if self.options["deletions"]:
            needed += [name for name in ("IsDeleted", "MasterRecordId") if name in there.types]
        wanted += [name for name in dict.fromkeys(needed) if name not in wanted]
        for name in wanted:
            # Fields reached through a relationship are Salesforce's to judge.
            if "." not in name and name not in there.types:
                near = difflib.get_close_matches(name, there.types, n=3)
                hint = f"did you mean {' or '.join(map(repr, near))}?" if near else "see `mdm discover`"
                raise DriftError(
                    f"{self.object} has no field {name!r}, or this user may not see it; {hint} Adapt `fields`, `key`, `cursor` or "
                    "the mapping"
                )
        return wanted

    def _query(self, fields: list[str], since: str | None, upper: str) -> str:
        cursor, conditions = self.options["cursor"], []
        if since is not None:
            conditions += [f"{cursor} >= {moment(seconds(since) - self.options['overlap'])}", f"{cursor} < {upper}"]
        conditions += [f"({self.options['where']})"] if self.options["where"] else []
        where = f" WHERE {' AND '.join(conditions)}" if conditions else ""
        query = f"SELECT {', '.join(fields)} FROM {self.object}{where}"
        if len(query) > LONGEST:
            raise ConfigError(f"{self.object}: the query is longer than {LONGEST:,} characters; name fewer `fields`")
        return query

    def _rows(self, query: str, there: Described, at: dict[str, Any], state: dict[str, Any]) -> Iterator[Message]:
        """The rows of a job; of the one an earlier run began, if that is still to be had."""
        if not at or at["asked"] != _short(query) or not self.jobs.usable(at["job"]):
            at = yield from self._begun(query, state)
        self._from_start = at["page"] == 0
        while True:
            try:
                page = self.jobs.page(at["job"], at["locator"], self.options["page_size"])
            except Gone:
                # Its results were deleted under our hands: the window is read from its beginning.
                yield Notice(f"{self.object}: the results of job {at['job']} are gone, so its rows were asked for again")
                at = yield from self._begun(query, state)
                self._from_start = True
                continue
            at = {**at, "locator": page.locator, "page": at["page"] + 1}
            yield from self._records(page.frame, there, at["page"])
            if page.locator is None:
                return
            yield Checkpoint({**state, **at, **self._losers()})

    def _losers(self) -> dict[str, Any]:
        """Whom the rows said to be merged so far, so that the feed does not say it again after an interruption."""
        return {"losers": sorted(self.fates.losers)} if self.fates.losers else {}

    def _begun(self, query: str, state: dict[str, Any]) -> Generator[Message, None, dict[str, Any]]:
        """A new job, waited for; the checkpoint lets a later run wait for it where this one did not live to."""
        job = self.jobs.created(query, "queryAll" if self.options["deletions"] else "query")
        at = {"job": job, "asked": _short(query), "locator": None, "page": 0}
        yield Checkpoint({**state, **at})
        self.jobs.finished(job)
        return at

    def _records(self, frame: pl.DataFrame, there: Described, page: int) -> Iterator[Message]:
        if frame.is_empty():
            return
        ids = [name for name in frame.columns if there.types.get(name) in IDS or name.endswith(".Id")]
        ids += [name for name in self.options["ids"] or () if name in frame.columns and name not in ids]
        frame = frame.with_columns(long_ids(pl.col(name)) for name in ids)
        where = f"{self.object} page {page}"
        if frame.select(pl.any_horizontal(pl.all().str.contains(NUL, literal=True).any())).item():
            frame = frame.with_columns(pl.all().str.replace_all(NUL, SHOWN, literal=True))
            yield Notice(f"{where}: holds NUL characters, which no database keeps; they are written as {SHOWN}")
        position = frame.select(pl.format(f"{where} row {{}}", pl.int_range(1, pl.len() + 1))).to_series()
        for message in keyed(frame, self.wanted, position=position, where=where):
            yield self._told(message, frame) if isinstance(message, Records) else message

    def _told(self, message: Records, frame: pl.DataFrame) -> Records:
        """The records with what became of those that were deleted or merged."""
        if not self.options["deletions"] or "IsDeleted" not in frame.columns:
            return message
        if len(message.frame) != len(frame):
            raise DamagedError(f"{self.object}: a row came without an Id; run again")
        op, winner = self.fates.of(frame)
        kept = pl.when(op != "delete").then("payload").alias("payload")
        return replace(message, frame=message.frame.with_columns(op.alias("op"), winner.alias("merged_into")).with_columns(kept))

    def _deletions(self, there: Described, since: str, upper: str) -> Generator[Message, None, dict[str, Any]]:
        """What the feed of deletions says, beyond what the rows said already."""
        if not there.replicates:
            yield Notice(
                f"{self.object}: has no feed of deletions, so only what is still in the recycle bin (15 days) is noticed; read it "
                "whole now and then (`mdm run --full`)"
            )
            return {}
        feed = Deletions(self.client, self.object, self.fates)
        yield from feed.messages(seconds(since) - self.options["overlap"], seconds(upper))
        return {} if feed.covered is None else {"covered": moment(feed.covered)}


def _short(query: str) -> str:
    """A query's identity, by which a job is known to be for it."""
    return hashlib.blake2b(query.encode(), digest_size=8).hexdigest()


def _covered(state: dict[str, Any]) -> dict[str, Any]:
    return {"covered": state["covered"]} if "covered" in state else {}


def _changes(known: dict[str, str], there: dict[str, str]) -> Iterator[Message]:
    """Word of what is different about an object's fields."""
    if known and there != known:
        yield SchemaChange(
            tuple(name for name in there if name not in known),
            tuple(name for name in known if name not in there),
            {name: (known[name], kind) for name, kind in there.items() if known.get(name, kind) != kind},
        )


def described(client: Client, name: str) -> Described:
    """An object as Salesforce describes it to this user."""
    if not name.replace("_", "").isalnum():
        raise ConfigError(f"source {client.source!r}: {name!r} is no name of an object; set `object`")
    answer = client.ask("GET", client.path(f"sobjects/{name}/describe"))
    rows = answer.get("fields") if isinstance(answer, dict) else None
    if not rows:
        raise DamagedError(f"source {client.source!r}: the description of {name} has no fields; check version")
    return Described(
        name,
        {str(one["name"]): str(one.get("type", "")) for one in rows},
        {str(one["name"]): str(one.get("label") or "") for one in rows},
        bool(answer.get("replicateable", True)),
    )
