"""Merges: which record a deleted duplicate was merged into.

A Vault deletes the duplicate and tells of the deletion as of any other. Who won is told by the results of the merge's job,
for as long as the Vault keeps them.
"""

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote

import polars as pl

from connectors.vault.answer import Refused
from connectors.vault.client import Client, moment
from mdm.connector import RECORDS, Options, Records

PAGE = 200
# Jobs are asked for from a day before the cursor: a merge's deletions come before its job has ended.
EARLIER = 86_400
REMEMBERED = 30 * 86_400


def winners(client: Client, options: Options, since: float | None) -> dict[str, str]:
    """The winner of each duplicate that was merged since, as far as jobs tell."""
    found: dict[str, str] = {}
    if options["merges"]:
        for job in _jobs(client, client.now - REMEMBERED if since is None else since - EARLIER):
            found |= _results(client, job)
    for job in options["merge_jobs"] or []:
        found |= _results(client, str(job))
    return found


def merged(winners: Mapping[str, str], where: str) -> Records:
    """The merges as records."""
    frame = pl.DataFrame(
        {"source_key": list(winners), "merged_into": list(winners.values())}, schema={"source_key": pl.String, "merged_into": pl.String}
    ).with_columns(
        payload=pl.lit(None, pl.String), source_time=pl.lit(None, pl.Int64), op=pl.lit("merged_into"),
        position=pl.format("{} merge of {}", pl.lit(where), "source_key"),
    )  # fmt: skip
    return Records(frame.select(list(RECORDS)))


def _jobs(client: Client, since: float) -> Iterator[str]:
    """The merge jobs that ended since."""
    span = f"start_date={moment(since)[:19]}Z&end_date={moment(client.now + 1)[:19]}Z"
    offset = 0
    while True:
        answer = client.ask("GET", client.path(f"services/jobs/histories?{span}&limit={PAGE}&offset={offset}"))
        jobs = answer.get("jobs") or []
        yield from (str(job.get("job_id", job.get("id"))) for job in jobs if "merge" in str(job.get("title", "")).lower())
        offset += len(jobs)
        if len(jobs) < PAGE:
            return


def _results(client: Client, job: str) -> dict[str, str]:
    try:
        rows = client.ask("GET", client.path(f"vobjects/merges/{quote(job, safe='')}/results")).get("data") or []
    except Refused as refused:
        client.told.append(f"the results of merge job {job} cannot be read: {refused}")
        return {}
    return {str(row["duplicate_record_id"]): str(row["main_record_id"]) for row in rows if _merged(row)}


def _merged(row: Mapping[str, Any]) -> bool:
    """Whether a result tells of a merge that was done."""
    told = row.get("duplicate_record_id") and row.get("main_record_id")
    return bool(told) and str(row.get("responseStatus", "SUCCESS")).upper() in ("SUCCESS", "WARNING")
