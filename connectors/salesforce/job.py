"""Bulk query jobs: asked for once, waited for with patience, and read page by page from the place a locator names.

A job is a picture of the moment it ran. Its results wait for seven days, so a reading that was interrupted goes on in the
same picture.
"""

from dataclasses import dataclass
from typing import Any

import polars as pl

from connectors.salesforce.client import Client, Gone
from mdm.errors import DamagedError, UnavailableError

DONE = "JobComplete"
OVER = ("Failed", "Aborted")
UNDER_WAY = ("UploadComplete", "InProgress", "Open", "Queued")
FIRST_WAIT, LONGEST_WAIT, GROWTH = 1.0, 30.0, 1.6
# Twice what Salesforce says a page of results may be.
LARGEST = 2 << 30
# How Salesforce writes that no page follows: four letters, where others leave the header out.
NO_MORE = "null"


@dataclass(frozen=True)
class Page:
    """One page of a job's results, every value as text, and the locator of the next (None: this was the last)."""

    frame: pl.DataFrame
    locator: str | None


@dataclass
class Jobs:
    """The query jobs of one org; `patience` is how many seconds one may take."""

    client: Client
    patience: float

    def created(self, query: str, operation: str) -> str:
        """The id of a new job."""
        asked = {"operation": operation, "query": query, "contentType": "CSV", "columnDelimiter": "COMMA", "lineEnding": "LF"}
        answer = self.client.ask("POST", self.client.path("jobs/query"), json=asked)
        job_id = answer.get("id") if isinstance(answer, dict) else None
        if not isinstance(job_id, str) or not job_id.isalnum():
            raise DamagedError(f"source {self.client.source!r}: a query job was created without an id; check version")
        return job_id

    def finished(self, job_id: str) -> dict[str, Any]:
        """What there is to know of a job once it is done."""
        told = self._ended(job_id)
        if told["state"] == "Aborted":
            raise UnavailableError(f"{self._where(job_id)}: somebody aborted it; run again")
        if told["state"] != DONE:
            raise self.client.error("InvalidBatch", f"the query failed: {told.get('errorMessage') or 'no reason given'}")
        return told

    def usable(self, job_id: str) -> bool:
        """Whether a job of an earlier run can be read on."""
        try:
            return bool(self._ended(job_id)["state"] == DONE)
        except Gone:
            return False

    def _ended(self, job_id: str) -> dict[str, Any]:
        """A job that is over, in whatever way."""
        context = self.client.context
        started, wait = context.clock(), FIRST_WAIT
        while True:
            told = self.client.ask("GET", self.client.path(f"jobs/query/{job_id}"))
            state = told.get("state") if isinstance(told, dict) else None
            if state == DONE or state in OVER:
                return dict(told)
            if state not in UNDER_WAY:
                raise DamagedError(f"{self._where(job_id)}: it is in the unknown state {state!r}; check version")
            if context.clock() - started + wait > self.patience:
                raise UnavailableError(
                    f"{self._where(job_id)}: still under way after {self.patience:,.0f} s; run again to go on waiting for it, or "
                    "raise `job_wait`"
                )
            context.sleep(wait)
            wait = min(wait * GROWTH, LONGEST_WAIT)

    def page(self, job_id: str, locator: str | None, size: int) -> Page:
        """One page of a job's results."""
        wanted = {"maxRecords": str(size), **({"locator": locator} if locator else {})}
        file, response = self.client.download(
            self.client.path(f"jobs/query/{job_id}/results"), params=wanted, headers={"Accept": "text/csv"}, largest=LARGEST
        )
        with file:
            frame = _frame(file, self._where(job_id))
        told, following = response.headers.get("Sforce-NumberOfRecords"), response.headers.get("Sforce-Locator")
        if told is None or following is None:
            raise DamagedError(
                f"{self._where(job_id)}: a page came without Sforce-Locator or Sforce-NumberOfRecords, so nobody can tell "
                "whether it is whole; let nothing between here and Salesforce take headers away"
            )
        if told != str(frame.height):
            raise DamagedError(f"{self._where(job_id)}: a page promised {told} rows and holds {frame.height}; run again")
        return Page(frame, None if following in (NO_MORE, "") else following)

    def _where(self, job_id: str) -> str:
        return f"source {self.client.source!r}, job {job_id}"


def _frame(file: Any, where: str) -> pl.DataFrame:
    """A page as columns of text; what is empty is null, for Salesforce knows no empty text."""
    try:
        return pl.read_csv(file, infer_schema=False, encoding="utf8").with_columns(
            pl.when(pl.all() != "").then(pl.all()).name.keep()
        )
    except pl.exceptions.NoDataError:
        return pl.DataFrame()
    except pl.exceptions.PolarsError as error:
        raise DamagedError(f"{where}: a page is no CSV ({str(error).splitlines()[0][:120]}); run again") from None
