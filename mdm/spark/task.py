"""This side of the seam: what Spark works on is written to Parquet, what it found is read back."""

import contextlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from mdm import model
from mdm.bench import Bench
from mdm.errors import EngineError
from mdm.model import Model
from mdm.settings import Settings
from mdm.spark import dialect, java

_UNITS = {"k": 1, "m": 2, "g": 3, "t": 4}
_ROOT = Path(__file__).parent.parent.parent


@dataclass(frozen=True)
class Pairs:
    """What pairs are asked for: `keys` is SQL of (record_id, k) per rule, hot ones left out; `joins` are conditions over l
    and r under which a pair joins by itself; without a model nothing is scored. `floor` is in bits."""

    entity: str
    keys: Mapping[int, str]
    joins: Sequence[str]
    model: Model | None
    floor: float
    whole: bool


def pairs(bench: Bench, settings: Settings, wanted: Pairs) -> int:
    """Fill `scored` (a, b, weight, rule) and `joined` (a, b); the number of candidate pairs."""
    said = None if wanted.model is None else dialect.settings(wanted.entity, wanted.model.settings)
    joins = [dialect.translated(f"{wanted.entity}: an identifier", condition) for condition in wanted.joins]
    terms = {} if wanted.model is None else wanted.model.terms
    with _folder(settings) as folder:
        _write_keys(bench, folder, wanted)
        # Words are weighed for all records: which of them stand in a pair is known only there.
        bench.execute("drop table if exists blocked")
        model.comparable(bench, {} if wanted.model is None else wanted.model.rarity)
        bench.execute(f"copy (from comparable) to '{folder / 'records.parquet'}'")
        for number, frame in enumerate(terms.values()):
            frame.write_parquet(folder / f"terms_{number}.parquet")
        job = {"settings": said, "joins": joins, "terms": list(terms), "floor": wanted.floor, "whole": wanted.whole}
        _run(settings, folder, {"kind": "pairs", **job})
        _read(bench, folder, "scored", "a bigint, b bigint, weight double, rule integer", ["scored"])
        _read(bench, folder, "joined", "a bigint, b bigint", [f"joined_{n}" for n in range(len(joins))])
        return bench.execute(f"select count(*) from read_parquet('{folder / 'blocked.parquet'}/*.parquet')")[0][0]


def components(settings: Settings) -> Callable[[pl.DataFrame], pl.DataFrame]:
    """Connected components of edges (a, b), as `constraint.components` gives them."""

    def connected(edges: pl.DataFrame) -> pl.DataFrame:
        schema: Any = {"record_id": pl.Int64, "component": pl.Int64}
        if edges.is_empty():
            return pl.DataFrame(schema=schema)
        with _folder(settings) as folder:
            edges.select("a", "b").unique().write_parquet(folder / "edges.parquet")
            _run(settings, folder, {"kind": "components"})
            return pl.read_parquet(folder / "component.parquet" / "*.parquet").select(*schema).cast(schema)

    return connected


def _write_keys(bench: Bench, folder: Path, wanted: Pairs) -> None:
    # DuckDB's hash is unsigned; the whole range, moved, fits a signed number.
    each = " union all ".join(
        f"select {rule}::integer as rule, (k::hugeint - 9223372036854775808)::bigint as k, record_id from ({sql})"
        for rule, sql in wanted.keys.items()
    )
    each = each or "select 0 as rule, 0::bigint as k, 0::bigint as record_id where false"
    bench.execute(
        "copy (select rule, k, record_id, stream, c.record_id is not null as changed "
        f"from ({each}) e left join distinct_record d using (record_id) left join changed_ids c using (record_id)) "
        f"to '{folder / 'keys.parquet'}'"
    )


def _read(bench: Bench, folder: Path, table: str, columns: str, names: Sequence[str]) -> None:
    """A table of the bench from what Spark wrote; empty where it wrote nothing."""
    bench.execute(f"create or replace table {table} ({columns})")
    fields = ", ".join(column.split()[0] for column in columns.split(", "))
    for name in names:
        if any((folder / f"{name}.parquet").glob("*.parquet")):
            bench.execute(f"insert into {table} select {fields} from read_parquet('{folder / name}.parquet/*.parquet')")


@contextlib.contextmanager
def _folder(settings: Settings) -> Iterator[Path]:
    """A folder for one job, gone with it."""
    place = settings.run.spark.folder or settings.hub.bench
    place.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="spark-", dir=place)).resolve()
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _run(settings: Settings, folder: Path, job: Mapping[str, Any]) -> None:
    """Run a job to its end; what Spark says goes to a log beside the bench."""
    text = json.dumps({**job, "conf": configured(settings, folder)})
    (folder / "job.json").write_text(text, encoding="utf-8")
    log = settings.hub.bench.resolve() / "spark.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    path = os.pathsep.join(filter(None, [str(_ROOT), os.environ.get("PYTHONPATH")]))
    environ = {**os.environ, "PYTHONPATH": path, **java.environment(java.found(), folder)}
    if settings.run.spark.master.startswith("local"):
        environ["SPARK_LOCAL_IP"] = "127.0.0.1"
    with log.open("w", encoding="utf-8") as said:
        done = subprocess.run(
            [sys.executable, "-m", "mdm.spark.job", str(folder)],
            cwd=folder, env=environ, stdin=subprocess.DEVNULL, stdout=said, stderr=subprocess.STDOUT, check=False,
        )  # fmt: skip
    if done.returncode:
        raise EngineError(
            f"Spark broke off ({_reason(log)}), and nothing was published; {log} has the whole story. Put it right and run "
            'again, or set engine = "duckdb" in [run]'
        )


def _reason(log: Path) -> str:
    """The last line that names an error."""
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    named = [line.strip() for line in lines if re.match(r"[\w.]*(?:Error|Exception)\b", line)]
    return (named or lines or ["it said nothing"])[-1][:300]


def configured(settings: Settings, folder: Path) -> dict[str, str]:
    """Spark's configuration for a job: bounded, on the loopback where it is local, and what mdm.toml says on top."""
    spark, conf = settings.run.spark, {}
    if spark.master.startswith("local"):
        threads = re.match(r"local\[(\d+)", spark.master)
        # One task a core is enough in one machine; two hundred, the default, are mostly overhead.
        parts = str(2 * (int(threads[1]) if threads else os.cpu_count() or 1))
        conf = {
            "spark.driver.bindAddress": "127.0.0.1", "spark.driver.host": "127.0.0.1",
            "spark.sql.shuffle.partitions": parts, "spark.default.parallelism": parts,
        }  # fmt: skip
    return {
        "spark.master": spark.master,
        "spark.driver.memory": f"{megabytes(settings.run.memory)}m",
        "spark.local.dir": str(folder / "local"),
        "spark.sql.warehouse.dir": str(folder / "warehouse"),
        "spark.sql.session.timeZone": "UTC",
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.log.level": "ERROR",
        **conf,
        **spark.conf,
        # What has no value is null, as in DuckDB, and not an error.
        "spark.sql.ansi.enabled": "false",
    }


def megabytes(memory: str) -> int:
    """`[run] memory` in megabytes, as the JVM wants it; a share is of this machine's memory."""
    amount = float(re.match(r"[\d.]+", memory)[0])  # type: ignore[index]
    unit = memory.strip()[len(re.match(r"[\d.]+", memory)[0]) :].strip().lower()  # type: ignore[index]
    if unit == "%":
        return int(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") * amount / 100) >> 20
    step = 1024 if "i" in unit else 1000
    return max(int(amount * step ** _UNITS[unit[0]]) >> 20, 512)
