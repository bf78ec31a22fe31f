"""The files connector keeps the connector contract, whatever the format."""

import gzip
import hashlib
import io
import json
import tarfile
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import fsspec
import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq

from connectors.files import Files
from mdm.connector import Context, StreamRequest
from mdm.testing import connector_suite
from mdm.testing.connector_suite import Opened, Subject
from tests.fakes import s3, sftp

KEYS = [f"{number:03d}" for number in range(1, 12)]
LINES = ["Id,Name,Modified", *(f'{key},"Ana, {key}",2026-01-{int(key):02d}' for key in KEYS)]
TEXTS = [json.dumps({"who": {"Id": key}, "Name": f"Ana {key}", "Modified": "2026-01-01"}) for key in KEYS]


def subject(write: Callable[[Path], None], key: str, **options: object) -> Opened:
    @contextmanager
    def opened(folder: Path) -> Iterator[Subject]:
        write(folder)
        yield Subject(
            connector=lambda: Files("tested", {"path": "things*", "page_rows": 3, **options}),
            context=Context(home=folder),
            requests=(StreamRequest("things", (key,), "Modified"),),
            keys={"things": KEYS},
        )

    return opened


def two_files(folder: Path) -> None:
    (folder / "things_1.csv").write_text("\n".join(LINES[:8]) + "\n")
    (folder / "things_2.csv").write_text("\n".join([LINES[0], *LINES[8:]]) + "\n")


def zipped(folder: Path) -> None:
    with zipfile.ZipFile(folder / "things.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("export/things_1.csv", "\r\n".join(LINES[:8]))
        archive.writestr("export/things_2.csv", "\r\n".join([LINES[0], *LINES[8:]]))


def packed(folder: Path) -> None:
    (folder / "things.csv.gz").write_bytes(gzip.compress("\n".join(LINES).encode()))


def json_lines(folder: Path) -> None:
    (folder / "things.jsonl").write_text("\n".join(TEXTS) + "\n")


def json_array(folder: Path) -> None:
    (folder / "things.json").write_text(f"[{', '.join(TEXTS)}]")


def json_documents(folder: Path) -> None:
    for at, text in enumerate(TEXTS, start=1):
        (folder / f"things_{at}.json").write_text(text)


def workbook(folder: Path) -> None:
    book = openpyxl.Workbook()
    for line in LINES:
        book.active.append([part.strip('"') for part in line.replace("Ana, ", "Ana ").split(",")])
    book.save(folder / "things.xlsx")


def tarred(folder: Path) -> None:
    with tarfile.open(folder / "things.tgz", "w:gz") as archive:
        for name, lines in (("out/things_1.csv", LINES[:8]), ("out/things_2.csv", [LINES[0], *LINES[8:]])):
            data = "\n".join(lines).encode()
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))


def columns(folder: Path) -> None:
    table = {"Id": KEYS, "Name": [f"Ana {key}" for key in KEYS], "Modified": ["2026-01-01"] * len(KEYS)}
    pq.write_table(pa.table(table), folder / "things.parquet", row_group_size=4)


def framed(folder: Path) -> None:
    rows = [
        "|Id  |Name      |Modified  |",
        "|----|----------|----------|",
        *(f"|{key} |Ana {key}   |2026-01-01|" for key in KEYS),
    ]
    (folder / "things.txt").write_text("\n".join(["A list", "-" * 27, *rows, "-" * 27, "EOF"]))


def escaped(folder: Path) -> None:
    (folder / "things.txt").write_text("Id,Name,Modified\n" + "".join(f'{key},"Ana \\"{key}\\"",2026-01-01\n' for key in KEYS))


def elsewhere(folder: Path) -> None:
    two_files(folder)
    for file in folder.iterdir():
        fsspec.filesystem("memory").pipe(f"/contract/{file.name}", file.read_bytes())


def proven(folder: Path) -> None:
    two_files(folder)
    for file in list(folder.iterdir()):
        rows = len(file.read_text().splitlines()) - 1
        (folder / f"{file.name}.ctl").write_text(f"{file.name};{rows};{hashlib.md5(file.read_bytes()).hexdigest()}")


@contextmanager
def whole_lists(folder: Path) -> Iterator[Subject]:
    """A list delivered whole each time, with a manifest: what is absent was deleted."""

    def write(keys: list[str]) -> None:
        (folder / "things.csv").write_text(
            "".join(f"{line}\n" for line in [LINES[0], *(f"{key},Ana,2026-01-01" for key in keys)])
        )
        (folder / "things.csv.rows").write_text(str(len(keys)))

    left = list(KEYS)

    def delete(stream: str, key: str) -> None:
        left.remove(key)
        write(left)

    write(left)
    yield Subject(
        connector=lambda: Files("tested", {"path": "*.csv", "page_rows": 3, "manifest": "{name}.rows"}),
        context=Context(home=folder),
        requests=(StreamRequest("things", ("Id",), "Modified", delivery="full"),),
        keys={"things": KEYS},
        delete=delete,
    )


@contextmanager
def by_sftp(folder: Path) -> Iterator[Subject]:
    """A folder on a real server, with a password."""
    two_files(folder)
    with sftp.serving(folder) as server:
        given = {
            "path": f"sftp://{server.user}@127.0.0.1:{server.port}/things*", "host_key": server.pin, "page_rows": 3,
            "password": "env:SFTP_PASSWORD",
        }  # fmt: skip
        secrets = {"env:SFTP_PASSWORD": server.password, "env:WRONG": "wrong-invented-password"}
        yield Subject(
            connector=lambda: Files("tested", given),
            context=Context(home=folder, resolve=lambda reference: secrets.get(reference, reference), sleep=lambda seconds: None),
            requests=(StreamRequest("things", ("Id",), "Modified"),),
            keys={"things": KEYS},
            secrets=list(secrets.values()),
            failing=[lambda: Files("tested", {**given, "password": "env:WRONG"})],
            wrong_password=lambda: Files("tested", {**given, "password": "env:WRONG"}),
            login_attempts=lambda: len(server.logins),
        )


@contextmanager
def by_s3(folder: Path) -> Iterator[Subject]:
    """A bucket of a store that asks for a key."""
    two_files(folder)
    with s3.serving({f"in/{file.name}": file.read_bytes() for file in folder.iterdir()}) as store:
        given = {
            "path": "s3://landing/in/things*", "endpoint_url": store.url, "access_key": store.access_key, "region": "us-east-1",
            "secret_key": "env:S3_SECRET", "page_rows": 5,
        }  # fmt: skip
        secrets = {"env:S3_SECRET": "wJalr-invented-secret"}
        yield Subject(
            connector=lambda: Files("tested", given),
            context=Context(home=folder, resolve=lambda reference: secrets.get(reference, reference), sleep=lambda seconds: None),
            requests=(StreamRequest("things", ("Id",), "Modified"),),
            keys={"things": KEYS},
            secrets=list(secrets.values()),
            failing=[lambda: Files("tested", {**given, "access_key": "AKIAWRONG"})],
            wrong_password=lambda: Files("tested", {**given, "access_key": "AKIAWRONG"}),
            login_attempts=lambda: len(store.calls),
        )


TestTwoFiles = connector_suite.tests(subject(two_files, "Id"))
TestZip = connector_suite.tests(subject(zipped, "Id", member="*.csv"))
TestGzip = connector_suite.tests(subject(packed, "Id"))
TestJsonLines = connector_suite.tests(subject(json_lines, "who.Id"))
TestJsonArray = connector_suite.tests(subject(json_array, "who.Id"))
TestJsonDocuments = connector_suite.tests(subject(json_documents, "who.Id"))
TestExcel = connector_suite.tests(subject(workbook, "Id"))
TestTar = connector_suite.tests(subject(tarred, "Id"))
TestParquet = connector_suite.tests(subject(columns, "Id"))
TestFramedList = connector_suite.tests(subject(framed, "Id", frame="|", end_marker="EOF"))
TestEscapedText = connector_suite.tests(subject(escaped, "Id", escape="\\"))
TestElsewhere = connector_suite.tests(subject(elsewhere, "Id", path="memory://contract/things*"))
TestManifest = connector_suite.tests(subject(proven, "Id", path="things*.csv", manifest="{name}.ctl"))
TestWholeLists = connector_suite.tests(whole_lists)
TestSftp = connector_suite.tests(by_sftp)
TestS3 = connector_suite.tests(by_s3)
