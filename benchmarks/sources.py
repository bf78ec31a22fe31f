"""How fast and in how much memory sources are read, each beside the bare library it stands on, in the same sitting.

    python benchmarks/sources.py [--count 1000000] [--gigabytes 1] [--rows 200000] [--only csv odm vault] [--folder DIR]

- csv: a file of people through the `files` connector, and through `mdm sync` into an empty hub, beside DuckDB's own CSV
  reader (every column as text, into an Arrow table);
- odm: a file of clinical data through the `odm` connector, beside lxml's bare iterparse that clears what it has read;
- vault: rows of a Vault on loopback through the `vault` connector, beside a bare loop over the same pages.

Every measurement is a process of its own: wall and processor time from the moment its libraries are loaded, peak memory as
the system accounts for it, beside that of a process that only loads them. Each is made at a tenth of the size as well, to show whether memory grows with the file. The Vault is a
process of its own and counts in neither. Prints a table and, last, one JSON document.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pyarrow as pa

ROOT = Path(__file__).resolve().parent.parent
SETTINGS = """[hub]
url = "sqlite:///mdm.db"

[sources.people]
connector = "files"
role = "crm"
path = "people.csv"

[sources.people.streams.people]
key = ["source_key"]
modified = "modified"

[[sources.people.streams.people.map]]
entity = "hcp"
fields = { given_name = "given_name", family_name = "family_name", npi = "npi", email = "email", phone = "phone" }
"""
# The limit each is held against comes first.
MEASURED = {
    "csv": ("csv_limit", "csv_connector", "csv_sync"),
    "odm": ("odm_limit", "odm_connector"),
    "vault": ("vault_limit", "vault_connector"),
}
ODM = "http://www.cdisc.org/ns/odm/v1.3"
OBJECT = "account__v"
PAGE = 1000


def main() -> None:
    """Measure, and print."""
    options = _options()
    if options.mode:
        _inside(options)
        return
    sizes = {"csv": options.count, "odm": round(options.gigabytes * 1e9), "vault": options.rows}
    measured: dict[str, dict[str, dict[str, Any]]] = {}
    for kind in options.only:
        with tempfile.TemporaryDirectory(dir=options.folder) as spare:
            for name, size in (("tenth", sizes[kind] // 10), ("whole", sizes[kind])):
                folder = Path(spare) / name
                folder.mkdir()
                measured.setdefault(kind, {})[name] = _measured(kind, size, folder)
    _tell(sizes, measured)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=1_000_000, help="rows of the CSV file")
    parser.add_argument("--gigabytes", type=float, default=1.0, help="size of the ODM file")
    parser.add_argument("--rows", type=int, default=200_000, help="rows of the Vault")
    parser.add_argument("--only", nargs="+", choices=sorted(MEASURED), default=sorted(MEASURED))
    parser.add_argument("--folder", type=Path, help="where files are generated; they are removed afterwards")
    parser.add_argument("--mode", help=argparse.SUPPRESS)
    parser.add_argument("--size", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--url", help=argparse.SUPPRESS)
    return parser.parse_args()


def _measured(kind: str, size: int, folder: Path) -> dict[str, Any]:
    """What each reader of one kind took, and what loading its libraries alone takes."""
    if kind == "vault":
        with _vault(size, folder) as url:
            return {mode: _process(mode, size, folder, url) for mode in (*MEASURED[kind], f"{kind}_idle")}
    _process(f"make_{kind}", size, folder)
    return {mode: _process(mode, size, folder) for mode in (*MEASURED[kind], f"{kind}_idle")}


def _command(mode: str, size: int, folder: Path, url: str = "") -> list[str]:
    return [sys.executable, __file__, "--mode", mode, "--size", str(size), "--folder", str(folder), "--url", url]


def _process(mode: str, size: int, folder: Path, url: str = "") -> dict[str, Any]:
    print(f"measuring: {mode} of {size:,}", file=sys.stderr, flush=True)
    done = subprocess.run(_command(mode, size, folder, url), capture_output=True, text=True, check=False, cwd=folder)
    if done.returncode:
        raise SystemExit(done.stderr[-3000:])
    return json.loads(done.stdout.splitlines()[-1])


@contextmanager
def _vault(size: int, folder: Path) -> Iterator[str]:
    """A Vault of so many rows in a process of its own."""
    server = subprocess.Popen(_command("serve", size, folder), stdout=subprocess.PIPE, text=True, cwd=folder)
    try:
        assert server.stdout is not None
        yield server.stdout.readline().strip()
    finally:
        server.terminate()
        server.wait()


def _inside(options: argparse.Namespace) -> None:
    sys.path[:0] = [str(ROOT), str(ROOT / "benchmarks")]
    os.chdir(options.folder)
    if options.mode == "serve":
        _serve(options.size)
        return
    for name in LIBRARIES[options.mode]:
        importlib.import_module(name)
    started, cpu = time.monotonic(), time.process_time()
    figures = WORK[options.mode](options)
    figures["wall"] = round(time.monotonic() - started, 2)
    figures["cpu"] = round(time.process_time() - cpu, 2)
    figures["peak_mb"] = round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
    print(json.dumps(figures))


def _idle(_options: argparse.Namespace) -> dict[str, Any]:
    """Nothing: what the libraries take by being there."""
    return {"rows": 0}


def _make_csv(options: argparse.Namespace) -> dict[str, Any]:
    import generate

    generate.hcps(options.size).select(generate.COLUMNS).write_csv("people.csv")
    Path("mdm.toml").write_text(SETTINGS, encoding="utf-8")
    return {"bytes": Path("people.csv").stat().st_size}


def _csv_limit(_options: argparse.Namespace) -> dict[str, Any]:
    import duckdb

    table: pa.Table = duckdb.connect().execute("select * from read_csv('people.csv', all_varchar = true)").to_arrow_table()
    return {"rows": table.num_rows, "columns": table.num_columns}


def _csv_connector(_options: argparse.Namespace) -> dict[str, Any]:
    from connectors.files import Files

    return _consumed(Files("people", {"path": "people.csv"}), "people", ("source_key",), "modified")


def _csv_sync(_options: argparse.Namespace) -> dict[str, Any]:
    from mdm import context, pipeline
    from mdm.hub import migration

    opened = context.opened()
    migration.lay(opened.hub)
    (report,) = pipeline.sync(opened)
    if report.error:
        raise SystemExit(report.error)
    return {"rows": report.read["total"]}


def _make_odm(options: argparse.Namespace) -> dict[str, Any]:
    import clinical

    return {"rows": clinical.write(Path("clinical.xml"), options.size), "bytes": Path("clinical.xml").stat().st_size}


def _odm_limit(_options: argparse.Namespace) -> dict[str, Any]:
    from lxml import etree

    rows = 0
    for _, element in etree.iterparse("clinical.xml", tag=[f"{{{ODM}}}ItemGroupData", f"{{{ODM}}}SubjectData"]):
        rows += element.tag.endswith("ItemGroupData")
        element.clear()
        while element.getprevious() is not None:
            del element.getparent()[0]
    return {"rows": rows}


def _odm_connector(_options: argparse.Namespace) -> dict[str, Any]:
    from connectors.odm import Odm

    return _consumed(Odm("edc", {"path": "clinical.xml"}), "item_groups", (), None)


def _vault_limit(options: argparse.Namespace) -> dict[str, Any]:
    import accounts
    import requests

    from tests.fakes.vault import DNS, PASSWORD, USERNAME

    http, api = requests.Session(), f"{options.url}/api/v25.2"
    http.trust_env = False
    form = {"username": USERNAME, "password": PASSWORD, "vaultDNS": DNS}
    http.headers["Authorization"] = http.post(f"{api}/auth", data=form).json()["sessionId"]
    fields = ", ".join(accounts.row(1))
    query = f"SELECT {fields} FROM {OBJECT} ORDER BY modified_date__v ASC, id ASC PAGESIZE {PAGE}"
    answer, rows = http.post(f"{api}/query", data={"q": query}).json(), 0
    while True:
        rows += len(answer["data"])
        if "next_page" not in answer["responseDetails"]:
            return {"rows": rows}
        answer = http.post(options.url + answer["responseDetails"]["next_page"]).json()


def _vault_connector(options: argparse.Namespace) -> dict[str, Any]:
    from connectors.vault import Vault
    from tests.fakes.vault import DNS, PASSWORD, USERNAME

    chosen = {"base_url": options.url, "username": USERNAME, "password": PASSWORD, "vault_dns": DNS, "page_size": PAGE}
    return _consumed(Vault("crm", chosen), OBJECT, ("id",), "modified_date__v")


def _consumed(connector: Any, stream: str, key: tuple[str, ...], modified: str | None) -> dict[str, Any]:
    """Every message of a connector, as a runner would take them, and nothing done with them."""
    from mdm.connector import Checkpoint, Context, Records, Rejected, StreamRequest

    figures = {"rows": 0, "pages": 0, "rejected": 0}
    for message in connector.read(Context(home=Path.cwd()), StreamRequest(stream, key, modified), None):
        figures["rows"] += message.frame.height if isinstance(message, Records) else 0
        figures["rejected"] += message.frame.height if isinstance(message, Rejected) else 0
        figures["pages"] += isinstance(message, Checkpoint)
    return figures


def _serve(size: int) -> None:
    """A Vault that answers until it is ended."""
    import accounts

    from tests.fakes.vault import FakeVault
    from tests.fakes.vault_query import Held

    with FakeVault() as vault:
        vault.objects[OBJECT] = Held([accounts.row(at) for at in range(size)])
        print(vault.url, flush=True)
        while True:
            # Calls are noted for tests; here they would only fill the memory.
            time.sleep(1)
            vault.calls.clear()


WORK: dict[str, Callable[[argparse.Namespace], dict[str, Any]]] = {
    "make_csv": _make_csv, "csv_limit": _csv_limit, "csv_connector": _csv_connector, "csv_sync": _csv_sync, "csv_idle": _idle,
    "make_odm": _make_odm, "odm_limit": _odm_limit, "odm_connector": _odm_connector, "odm_idle": _idle,
    "vault_limit": _vault_limit, "vault_connector": _vault_connector, "vault_idle": _idle,
}  # fmt: skip
# Loaded before the clock starts: a reading is measured, not an installation.
LIBRARIES: dict[str, tuple[str, ...]] = {
    "make_csv": (), "csv_limit": ("duckdb", "pyarrow"), "csv_connector": ("connectors.files",), "csv_idle": ("connectors.files",),
    "csv_sync": ("connectors.files", "mdm.pipeline", "mdm.context"), "make_odm": (), "odm_limit": ("lxml.etree",),
    "odm_connector": ("connectors.odm",), "odm_idle": ("connectors.odm",), "vault_limit": ("requests", "tests.fakes.vault"),
    "vault_connector": ("connectors.vault", "tests.fakes.vault"), "vault_idle": ("connectors.vault", "tests.fakes.vault"),
}  # fmt: skip


def _tell(sizes: dict[str, int], measured: dict[str, dict[str, dict[str, Any]]]) -> None:
    print(f"{'':8} {'reader':16} {'rows':>10} {'wall s':>8} {'cpu s':>8} {'rows/s':>10} {'peak MB':>8} {'over idle':>9}")
    ratios: dict[str, float] = {}
    for kind, runs in measured.items():
        for size, modes in runs.items():
            for mode, one in modes.items():
                pace, over = one["rows"] / max(one["wall"], 0.01), one["peak_mb"] - modes[f"{kind}_idle"]["peak_mb"]
                told = f"{one['wall']:8.2f} {one['cpu']:8.2f} {pace:10,.0f} {one['peak_mb']:8,}"
                # A limit loads other libraries, so it has nothing to be over.
                print(f"{size:8} {mode:16} {one['rows']:10,} {told}" + ("" if mode.endswith("limit") else f" {over:9,}"))
        ratios |= _ratios(MEASURED[kind], runs)
    for name, ratio in ratios.items():
        print(f"{name}: {ratio}")
    print(json.dumps({"sizes": sizes, "measured": measured, "ratios": ratios}))


def _ratios(modes: tuple[str, ...], runs: dict[str, dict[str, Any]]) -> dict[str, float]:
    """Each reader against its limit, and its memory at the whole size against that at a tenth."""
    limit, whole = runs["whole"][modes[0]], runs["whole"]
    ratios = {}
    for mode in modes[1:]:
        for what, name in (("wall", "wall"), ("cpu", "processor")):
            ratios[f"{mode} / {modes[0]}, {name}"] = round(whole[mode][what] / max(limit[what], 0.01), 2)
        ratios[f"{mode}, peak at the whole / at a tenth"] = round(whole[mode]["peak_mb"] / runs["tenth"][mode]["peak_mb"], 2)
    return ratios


if __name__ == "__main__":
    main()
