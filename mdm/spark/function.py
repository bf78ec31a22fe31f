"""DuckDB's functions on Spark, so that a pair weighs the same on both.

Spark's own are not used where they differ: DuckDB compares texts byte by byte, and its Jaro counts whole transpositions.
The Java source is compiled by the compiler that Spark brings along.
"""

import zipfile
from pathlib import Path
from typing import Any

from pyspark.sql import SparkSession

_SOURCE = Path(__file__).with_name("Similarity.java")
_CLASSES = {"mdm_jaro": "mdm.spark.Similarity", "mdm_jaro_winkler": "mdm.spark.Similarity$Winkler"}
# A byte as a letter, so that functions over letters are functions over bytes.
_BYTES = "decode(encode({0}, 'UTF-8'), 'ISO-8859-1')"
_WORDS = "struct<square: double, words: map<string, double>>"
_COMMON = "aggregate(map_keys(a.words), 0D, (sum, word) -> sum + coalesce(a.words[word] * b.words[word], 0D))"
_DEFINED = (
    f"mdm_levenshtein(a string, b string) returns int return levenshtein({_BYTES.format('a')}, {_BYTES.format('b')})",
    "mdm_damerau_levenshtein(a string, b string) returns double "
    f"return damerau_levenshtein({_BYTES.format('a')}, {_BYTES.format('b')})",
    "mdm_split(a string, b string) returns array<string> return split(a, concat('\\\\Q', b, '\\\\E'))",
    "mdm_has_all(a array<string>, b array<string>) returns boolean return forall(b, x -> array_contains(a, x))",
    f"mdm_spelling(a {_WORDS}, b {_WORDS}) returns double return coalesce({_COMMON} / sqrt(a.square * b.square), 0D)",
    f"mdm_likeness(a {_WORDS}, b {_WORDS}) returns double "
    f"return coalesce({_COMMON} / sqrt(sqrt(a.square * b.square) * least(a.square, b.square)), 0D)",
)


def define(session: SparkSession, folder: Path) -> None:
    """Make the functions known to a session; `folder` takes the compiled ones."""
    loader = _compiled(session, folder / "similarity.jar")
    jvm: Any = session._jvm
    for name, place in _CLASSES.items():
        made = jvm.java.lang.Class.forName(place, True, loader).newInstance()
        session._jsparkSession.udf().register(name, made, jvm.org.apache.spark.sql.types.DataTypes.DoubleType)
    for function in _DEFINED:
        session.sql(f"create temporary function {function}")


def _compiled(session: SparkSession, jar: Path) -> Any:
    """The class loader that knows our classes, here; the jar takes them to every worker."""
    jvm: Any = session._jvm
    compiler = jvm.org.codehaus.janino.SimpleCompiler()
    compiler.cook(_SOURCE.read_text(encoding="utf-8"))
    classes = compiler.getBytecodes()
    with zipfile.ZipFile(jar, "w") as file:
        for name in classes.keySet():
            file.writestr(f"{name.replace('.', '/')}.class", bytes(classes.get(name)))
    loader = jvm.java.lang.Thread.currentThread().getContextClassLoader()
    loader.addURL(jvm.java.io.File(str(jar)).toURI().toURL())
    session.sparkContext._jsc.addJar(str(jar))
    return loader
