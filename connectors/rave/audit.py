"""The audit trail: every transaction since the last one read, removals among them.

Audits are numbered in the order they happened, with gaps. A page begins at a number; the answer's Link header says where
the next begins, and no Link means that there is no more for now.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

from connectors.odm.clinical import Clinical, Said
from connectors.odm.page import Stretch, messages
from connectors.odm.stream import KINDS
from connectors.rave.answer import whole_xml
from connectors.rave.client import Client, study_key
from connectors.rave.listing import document_of
from mdm.connector import Checkpoint, Complete, Message, Options, StreamRequest
from mdm.errors import DamagedError

FIRST = 1


@dataclass
class Audit:
    """The audit trail of one study."""

    client: Client
    request: StreamRequest
    options: Options

    def messages(self, state: dict[str, Any] | None) -> Iterator[Message]:
        """Every transaction from where the last reading ended."""
        begun = (state or {}).get("startid")
        start = FIRST if begun is None else int(begun)
        while True:
            page, last, following = self._page(start, self.options["per_page"])
            yield from page
            if following is None:
                break
            if following <= start:
                raise DamagedError(
                    f"source {self.client.source!r}: the page of audits from {start} leads back to {following}; report it to the "
                    "EDC's support"
                )
            start = following
            yield Checkpoint({"startid": start})
        if begun is None:
            yield Complete()
        yield Checkpoint({"startid": max(start, last + 1)})

    def fields(self) -> tuple[str, ...]:
        """The fields of the first audits."""
        page, _, _ = self._page(FIRST, 100)
        return tuple(dict.fromkeys(name for message in page for name in getattr(message, "fields", ())))

    def _page(self, start: int, size: int) -> tuple[list[Message], int, int | None]:
        params = {"studyoid": study_key(self.options), "startid": str(start), "per_page": str(size), "unicode": "true"}
        if self.options["mode"]:
            params["mode"] = self.options["mode"]
        file, response = self.client.kept("datasets/ClinicalAuditRecords.odm", params, whole_xml)
        with file:
            following = self.client.following(response)
            document = document_of(file, f"ClinicalAuditRecords.odm startid {start}")
            document.prove()
            steps = Clinical(document).audit()
            told: list[Message] = []
            last = start - 1
            while held := list(islice(steps, self.options["page_rows"])):
                last = max([last, *map(_number, held)])
                told += messages(Stretch(held), KINDS["audit"], self.request, document.label, document.head.as_of)
        return told, last, following


def _number(one: Said) -> int:
    audit = one.record.get("AuditRecord")
    told = audit.get("SourceID") if isinstance(audit, dict) else None
    return int(told) if isinstance(told, str) and told.isascii() and told.isdigit() else 0
