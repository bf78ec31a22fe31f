"""An ODM document is read once: its pages wait until its end is known, and plain groups are read all items at once."""

import json
import tempfile
from pathlib import Path
from typing import Any

import pytest

from connectors.odm import Odm
from connectors.odm.document import Document
from mdm.connector import Checkpoint, Context, Records, StreamRequest
from mdm.errors import DamagedError
from tests.connectors.test_odm_clinical import group, item, odm, read, subject

MANY = [subject(group(*(item(f"I{at}", str(number * at)) for at in range(3))), key=f"P{number}") for number in range(40)]


def opened(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The documents that are parsed from their beginning to their end, as they are."""
    parsed: list[str] = []
    whole = Document._read

    def noted(self: Document, names: Any) -> Any:
        parsed.append(self.label)
        return whole(self, names)

    monkeypatch.setattr(Document, "_read", noted)
    return parsed


@pytest.mark.parametrize("delivery", ["delta", "full"])
def test_a_document_is_parsed_once(tmp_path, monkeypatch, delivery):
    parsed = opened(monkeypatch)

    said = read(tmp_path, odm(*MANY), page_rows=7, delivery=delivery)

    assert len(said.keys) == 40
    assert parsed == ["study.xml"]


def test_a_second_stream_of_a_proven_document_keeps_no_pages(tmp_path, monkeypatch):
    (tmp_path / "study.xml").write_text(odm(*MANY))
    connector, context = Odm("edc", {"path": "*.xml", "page_rows": 7}), Context(home=tmp_path)
    first = list(connector.read(context, StreamRequest("item_groups"), None))
    monkeypatch.setattr(tempfile, "TemporaryFile", lambda: pytest.fail("a file was opened"))

    second = list(connector.read(context, StreamRequest("item_groups"), None))

    assert [repr(message) for message in second] == [repr(message) for message in first]


@pytest.mark.parametrize(
    ("was", "now"),
    [
        ('SubjectKey="P39"', 'Subjectkey="P39"'),
        ('ItemOID="I2" Value="78"', 'Value="78"'),
        ("</ClinicalData>", "</ClinicalData><FormData/>"),
        ("</ClinicalData>\n</ODM>\n", ""),
        ("</ClinicalData>", "</SubjectData>"),
        ('Value="78"', 'Value="&unknown;"'),
    ],
    ids=["subject without its key", "item without its id", "misplaced", "cut off", "broken", "entity"],
)
def test_no_page_goes_on_before_the_end_is_known(tmp_path, was, now):
    text = odm(*MANY)
    assert was in text
    (tmp_path / "study.xml").write_text(text.replace(was, now))
    said = []

    with pytest.raises(DamagedError):
        said += Odm("edc", {"path": "*.xml", "page_rows": 7}).read(Context(home=tmp_path), StreamRequest("item_groups"), None)

    assert said == []


def test_a_reading_that_was_stopped_goes_on_where_it_was(tmp_path):
    (tmp_path / "study.xml").write_text(odm(*MANY))

    def keys(state: dict[str, Any] | None) -> tuple[list[str], list[dict[str, Any]]]:
        told = list(
            Odm("edc", {"path": "*.xml", "page_rows": 7}).read(Context(home=tmp_path), StreamRequest("item_groups"), state)
        )
        found = [key for message in told if isinstance(message, Records) for key in message.frame["source_key"]]
        return found, [message.state for message in told if isinstance(message, Checkpoint)]

    whole, states = keys(None)

    assert len(whole) == 40
    assert [json.loads(json.dumps(state))["at"]["rows"] for state in states[:2]] == [7, 14]
    assert keys(states[1])[0] == whole[14:]


@pytest.mark.parametrize(
    "more",
    [
        item("I1", "again"),
        item("StudyOID", "clash"),
        item("I9", "a&amp;b &lt; &quot;c&quot; \\ d&#9;e&#10;f"),
        item("I9", "1", ' mdsol:x="y"'),
        item("I9", None, ' IsNull="Yes"'),
        item("I9", "1", inside="<AuditRecord><DateTimeStamp>2026-01-01T00:00:00</DateTimeStamp></AuditRecord>"),
        '<ItemData Value="1" ItemOID="I9"/>',
        '<ItemData xmlns:other="http://other.example" ItemOID="I9" Value="1"/>',
        "<ItemDataString ItemOID='I9'>text</ItemDataString>",
        '<Annotation SeqNum="1"><Comment>why</Comment></Annotation>',
        "<mdsol:Review/>",
        "some text <![CDATA[<and more>]]> between",
        item("I9", "ümlaut ☃ \U0001f9ea") + "<!-- a word -->",
    ],
    ids=[
        "twice",
        "clash",
        "escapes",
        "vendor",
        "null",
        "audit",
        "order",
        "space",
        "typed",
        "annotation",
        "vendor's",
        "text",
        "letters",
    ],
)
def test_a_group_says_the_same_however_it_is_read(tmp_path, monkeypatch, more):
    text = odm(subject(group(item("I1", "1"), item("I2", ""), "\n  ", more)), subject(group(item("I1", "2"), more, oid="IG.2")))
    quick = read(tmp_path, text)
    monkeypatch.setattr("connectors.odm.clinical.plainly", lambda group: None)

    slow = read(tmp_path, text)

    assert quick.payloads == slow.payloads
    assert quick.keys == slow.keys


@pytest.mark.parametrize(
    "spaces", ['xmlns:o="http://www.cdisc.org/ns/odm/v1.3"', ""], ids=["with a prefix", "without a namespace"]
)
def test_plain_groups_are_known_by_any_prefix(tmp_path: Path, spaces):
    prefix = "o:" if spaces else ""
    text = odm(subject(group(item("I1", "1"), item("I2", "2"))), spaces=spaces).replace("</", "\0").replace("<?", "\1")
    text = text.replace("<", f"<{prefix}").replace("\0", f"</{prefix}").replace("\1", "<?")

    assert read(tmp_path, text).payloads[0]["I2"] == "2"
