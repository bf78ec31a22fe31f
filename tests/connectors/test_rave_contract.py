"""The Rave connector keeps the connector contract, for its lists, its audit trail and its clinical views."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from connectors.rave import Rave
from mdm.connector import Context, StreamRequest
from mdm.testing import connector_suite
from mdm.testing.connector_suite import Subject
from tests.fakes.rave import PASSWORD, FakeRave

WORDS = {"env:PASSWORD": PASSWORD, "env:OTHER": "not-the-pass-phrase"}
STUDY = "Mediflex (1)(Prod)"
SITES = [f"L{at}" for at in range(1, 9)]
USERS = [f"user{at}" for at in range(1, 9)]
SUBJECTS = [f"{at:08d}-0000-4000-8000-000000000000" for at in range(1, 9)]
AUDITED = [f"{STUDY}|{key}" for key in SUBJECTS]
ROWS = [
    {"RecordId": str(at), "Subject": f"S{at}", "SEX": "F, or M", "MaxUpdated": f"2026-01-{at:02d}T00:00:00"}
    for at in range(1, 12)
]


def filled(rave: FakeRave) -> FakeRave:
    """A Rave with a little of everything."""
    for at in range(1, 9):
        rave.site(at)
        rave.user(f"user{at}", "Principal Investigator" if at % 2 else "Data Entry")
        rave.subject(SUBJECTS[at - 1], f"S-{at}")
        rave.audit(at * 7, SUBJECTS[at - 1])
    rave.form("DM", ROWS)
    return rave


def subject(folder: Path, rave: FakeRave, stream: str, keys: list[str], **more: object) -> Subject:
    options = rave.options(password="env:PASSWORD", page_rows=3, per_page=3)

    def wrong() -> Rave:
        return Rave("tested", {**options, "password": "env:OTHER"})

    return Subject(
        connector=lambda: Rave("tested", options),
        context=Context(home=folder, resolve=WORDS.__getitem__, sleep=lambda seconds: None),
        requests=(StreamRequest(stream),),
        keys={stream: keys},
        secrets=(PASSWORD, "not-the-pass-phrase"),
        failing=(wrong,),
        wrong_password=wrong,
        login_attempts=lambda: rave.logins,
        **more,
    )


@contextmanager
def sites(folder: Path) -> Iterator[Subject]:
    with filled(FakeRave(STUDY)) as rave:

        def delete(stream: str, key: str) -> None:
            rave.sites = [text for text in rave.sites if f'"{key}"' not in text]

        yield subject(folder, rave, "sites", SITES, delete=delete)


@contextmanager
def users(folder: Path) -> Iterator[Subject]:
    with filled(FakeRave(STUDY)) as rave:

        def delete(stream: str, key: str) -> None:
            rave.users = [text for text in rave.users if f'"{key}"' not in text]

        yield subject(folder, rave, "users", USERS, delete=delete)


@contextmanager
def subjects(folder: Path) -> Iterator[Subject]:
    with filled(FakeRave(STUDY)) as rave:

        def delete(stream: str, key: str) -> None:
            uuid = key.partition("|")[2]
            rave.subject(uuid, "S-gone", **{"mdsol:Deleted": "Yes"})

        yield subject(folder, rave, "subjects", AUDITED, delete=delete)


@contextmanager
def audit(folder: Path) -> Iterator[Subject]:
    with filled(FakeRave(STUDY)) as rave:

        def delete(stream: str, key: str) -> None:
            rave.audit(rave.audits[-1][0] + 5, key.partition("|")[2], kind="Remove")

        yield subject(folder, rave, "audit", AUDITED, delete=delete)


@contextmanager
def view(folder: Path) -> Iterator[Subject]:
    with filled(FakeRave(STUDY)) as rave:

        def delete(stream: str, key: str) -> None:
            names, rows = rave.forms["DM"]
            rave.forms["DM"] = (names, [row for row in rows if row["RecordId"] != key])

        yield subject(folder, rave, "dataset:DM", [row["RecordId"] for row in ROWS], delete=delete)


TestSites = connector_suite.tests(sites)
TestUsers = connector_suite.tests(users)
TestSubjects = connector_suite.tests(subjects)
TestAudit = connector_suite.tests(audit)
TestView = connector_suite.tests(view)
