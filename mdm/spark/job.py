"""The part that runs on Spark, in a process of its own: files in, files out.

    python -m mdm.spark.job FOLDER

`job.json` in the folder says what to do; the tables beside it are Parquet. The process ends with its work, and takes the
JVM along.
"""

import json
import sys
from pathlib import Path
from typing import Any

from pyspark.sql import DataFrame, SparkSession
from splink import Linker
from splink.backends.spark import SparkAPI, similarity_jar_location
from splink.clustering import cluster_pairwise_predictions_at_threshold

from mdm.spark import function


def main(folder: Path) -> None:
    """Do what the folder's job says."""
    job = json.loads((folder / "job.json").read_text(encoding="utf-8"))
    session = _session(folder, job["conf"])
    try:
        {"pairs": _pairs, "components": _components}[job["kind"]](session, folder, job)
    finally:
        session.stop()


def _session(folder: Path, conf: dict[str, str]) -> SparkSession:
    jars = ",".join(filter(None, [conf.pop("spark.jars", ""), similarity_jar_location()]))
    builder = SparkSession.builder.appName("mdm").config("spark.jars", jars)
    for name, value in conf.items():
        builder = builder.config(name, value)
    session = builder.getOrCreate()
    session.sparkContext.setCheckpointDir((folder / "checkpoint").as_uri())
    return session


def _pairs(session: SparkSession, folder: Path, job: dict[str, Any]) -> None:
    """`blocked` (a, b, rule), `scored` (a, b, weight, rule) and `joined` (a, b)."""
    _table(session, folder, "keys")
    records = _table(session, folder, "records")
    # It brings functions of its own, which ours stand on.
    api = SparkAPI(spark_session=session, break_lineage_method="parquet")
    function.define(session, folder)
    pair = "x.record_id < y.record_id" if job["whole"] else "x.changed and x.record_id <> y.record_id"
    found = session.sql(
        "select a, b, min(rule) as rule from (select least(x.record_id, y.record_id) as a, greatest(x.record_id, y.record_id) as b, "
        f"x.rule from keys x join keys y on x.rule = y.rule and x.k = y.k and {pair} and coalesce(x.stream <> y.stream, true)) "
        "group by a, b"
    )
    blocked = _written(session, folder, "blocked", found)
    if job["settings"] is not None:
        _written(session, folder, "scored", _scored(api, folder, job, records, blocked))
    for number, condition in enumerate(job["joins"]):
        met = session.sql(
            "select a, b from blocked join records l on l.record_id = a join records r on r.record_id = b where " + condition
        )
        _written(session, folder, f"joined_{number}", met)


def _scored(api: SparkAPI, folder: Path, job: dict[str, Any], records: DataFrame, blocked: DataFrame) -> DataFrame:
    linker = Linker(api.register(records, table_name="compared"), job["settings"], log_level=40)
    for number, column in enumerate(job["terms"]):
        terms = _table(api.spark, folder, f"terms_{number}")
        linker.table_management.register_term_frequency_lookup(api.register(terms, table_name=f"looked_up_{number}"), column)
    pairs = blocked.selectExpr("cast(rule as string) as match_key", "a as join_key_l", "b as join_key_r")
    linker.table_management.register_blocked_pairs_for_predict(api.register(pairs, table_name="candidate_pairs"))
    scored = linker.inference.predict(threshold_match_weight=job["floor"], warning_mode="never")
    return api.spark.table(scored.physical_name).selectExpr(
        "least(record_id_l, record_id_r) as a", "greatest(record_id_l, record_id_r) as b", "match_weight as weight",
        "cast(match_key as int) as rule",
    )  # fmt: skip


def _components(session: SparkSession, folder: Path, job: dict[str, Any]) -> None:
    """`component` (record_id, component: its smallest record) of the edges (a, b)."""
    edges = _table(session, folder, "edges").selectExpr("a as record_id_l", "b as record_id_r")
    nodes = session.sql("select a as record_id from edges union select b from edges")
    api = SparkAPI(spark_session=session, break_lineage_method="parquet")
    joined = cluster_pairwise_predictions_at_threshold(
        api.register(nodes, table_name="nodes"), api.register(edges, table_name="links"), api, "record_id"
    )
    session.table(joined.physical_name).createOrReplaceTempView("grouped")
    least = session.sql("select record_id, min(record_id) over (partition by cluster_id) as component from grouped")
    _written(session, folder, "component", least)


def _table(session: SparkSession, folder: Path, name: str) -> DataFrame:
    frame = session.read.parquet((folder / f"{name}.parquet").as_uri())
    frame.createOrReplaceTempView(name)
    return frame


def _written(session: SparkSession, folder: Path, name: str, frame: DataFrame) -> DataFrame:
    """The same rows, from disk: what was worked out once is not worked out again."""
    frame.write.parquet((folder / f"{name}.parquet").as_uri())
    return _table(session, folder, name)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
