"""Whole lists: sites, users, investigators and subjects, which Rave tells in one answer.

An answer has no pages of its own. A place in it is a count of records and a fingerprint of them: a reading that was
stopped goes on there if a new answer begins with the same records, and else begins again.
"""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import IO, Any

from connectors.odm.clinical import Said
from connectors.odm.document import STEP, Document
from connectors.odm.page import Stretch, messages
from connectors.odm.stream import KINDS, said
from connectors.rave.answer import whole_xml
from connectors.rave.client import Client, path_of, study_key
from mdm.connector import Checkpoint, Complete, Message, Notice, Options, StreamRequest

INCLUDED = "inactiveAndDeleted"


def document_of(file: IO[bytes], label: str) -> Document:
    """An answer as a document."""

    def blocks() -> Iterator[bytes]:
        file.seek(0)
        while block := file.read(STEP):
            yield block

    return Document(label, blocks)


@dataclass
class Listing:
    """One list, as one answer tells it."""

    client: Client
    request: StreamRequest
    options: Options
    kind: str
    notes: list[str] = field(default_factory=list)

    def messages(self, state: dict[str, Any] | None) -> Iterator[Message]:
        """Every record of the list."""
        at = dict((state or {}).get("at") or {})
        path, params = self.asked()
        label = path.rpartition("/")[2]
        file, _ = self.client.kept(path, params, whole_xml)
        with file:
            document = document_of(file, label)
            document.prove()
            yield from self._pages(document, at)
        yield from map(Notice, self.notes)
        yield Complete()
        yield Checkpoint({})

    def fields(self) -> tuple[str, ...]:
        """The fields of the first records."""
        path, params = self.asked()
        file, _ = self.client.kept(path, params, whole_xml)
        with file:
            first = list(islice(self._said(document_of(file, path)), 100))
        return tuple(dict.fromkeys(name for one in first for name in one.record))

    def asked(self) -> tuple[str, dict[str, str]]:
        """What to ask for."""
        study = study_key(self.options)
        if self.kind == "subjects":
            params = {"status": "all", "include": INCLUDED, "subjectKeyType": "SubjectUUID"}
            return path_of("studies", study, "subjects"), params
        if self.kind == "sites":
            return "datasets/Sites.odm", {"studyoid": study}
        site = self.options["site"]
        return "datasets/Users.odm", {"studyoid": study} | ({"locationoid": site} if site else {})

    def _said(self, document: Document) -> Iterator[Said]:
        return said(self.kind, document, {**self.options, "item_group": None}, self.notes)

    def _pages(self, document: Document, at: dict[str, Any]) -> Iterator[Message]:
        after, seen = int(at.get("after", 0)), hashlib.blake2b(digest_size=16)
        records = self._said(document)
        if after:
            for one in islice(records, after):
                _marked(seen, one)
            if seen.hexdigest() != at.get("print"):
                yield Notice(f"{document.label}: the list changed since the reading was stopped, so it was begun again")
                records, after, seen = self._said(document), 0, hashlib.blake2b(digest_size=16)
        keys: set[str] = set()
        while held := list(islice(records, self.options["page_rows"])):
            after += len(held)
            for one in held:
                _marked(seen, one)
                self._twice(one, keys)
            yield from messages(Stretch(held), KINDS[self.kind], self.request, document.label, document.head.as_of)
            yield Checkpoint({"at": {"after": after, "print": seen.hexdigest()}})

    def _twice(self, one: Said, keys: set[str]) -> None:
        """Note an id that two records have, for then one of them would hide the other."""
        if self.request.key or self.kind == "subjects":
            return
        if one.key in keys and not self.notes:
            self.notes.append(
                f"line {one.line}: {one.key!r} is the OID of several records, of which only the last counts; where a person has one "
                'record for each role, set key = ["OID", "mdsol:UserRole"]'
            )
        keys.add(one.key)


def _marked(seen: Any, one: Said) -> None:
    seen.update(json.dumps([one.key, one.gone, one.record], ensure_ascii=False).encode())
