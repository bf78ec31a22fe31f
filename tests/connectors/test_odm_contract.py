"""The ODM connector keeps the connector contract for clinical data, audit trails and datasets."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from connectors.odm import Odm
from mdm.connector import Context, StreamRequest
from mdm.testing import connector_suite
from mdm.testing.connector_suite import Opened, Subject
from tests.connectors.test_odm_clinical import AUDIT, group, item, odm, step, subject, trail
from tests.connectors.test_odm_dataset import document, lines

PEOPLE = [f"P{at:02d}" for at in range(11)]
REMOVED = '<SubjectData SubjectKey="{}" TransactionType="Remove"/>'


def transactions(folder: Path) -> None:
    for number, people in enumerate((PEOPLE[:6], PEOPLE[6:]), start=1):
        data = [subject(group(item("A", "1")), key=key, more=' TransactionType="Insert"') for key in people]
        (folder / f"study_{number}.xml").write_text(odm(*data, kind="Transactional"))


def audits(folder: Path) -> None:
    made = f'<SubjectData SubjectKey="{{}}" TransactionType="Upsert">{AUDIT}<SiteRef LocationOID="L1"/></SubjectData>'
    (folder / "study_1.xml").write_text(trail(*(step("SubjectCreated", made.format(key)) for key in PEOPLE)))


def rows(folder: Path) -> None:
    (folder / "study_1.json").write_text(document([[1, key, "F"] for key in PEOPLE[:6]]))
    (folder / "study_2.ndjson").write_text(lines([[1, key, "F"] for key in PEOPLE[6:]]))


def opened(write: Callable[[Path], None], stream: str, key: str, *, removal: str = "") -> Opened:
    @contextmanager
    def source(folder: Path) -> Iterator[Subject]:
        write(folder)

        def delete(_stream: str, key: str) -> None:
            number = sum(1 for _ in folder.iterdir()) + 1
            (folder / f"study_{number}.xml").write_text(odm(removal.format(key.split("|")[1]), kind="Transactional"))

        yield Subject(
            connector=lambda: Odm("tested", {"path": "study*", "page_rows": 3}),
            context=Context(home=folder),
            requests=(StreamRequest(stream),),
            keys={stream: [key.format(person) for person in PEOPLE]},
            delete=delete if removal else None,
        )

    return source


GROUP = subject(group(item("A", None), more=' TransactionType="Remove"'), key="{}")
TestItemGroups = connector_suite.tests(opened(transactions, "item_groups", "S1|{}|V1|1|DM||IG.DM|1", removal=GROUP))
TestItems = connector_suite.tests(opened(transactions, "items", "S1|{}|V1|1|DM||IG.DM|1|A", removal=GROUP))
TestSubjects = connector_suite.tests(opened(transactions, "subjects", "S1|{}", removal=REMOVED))
TestAudit = connector_suite.tests(opened(audits, "audit", "S1|{}", removal=REMOVED))
TestDataset = connector_suite.tests(opened(rows, "dataset", "{}|1"))
