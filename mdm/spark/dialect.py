"""The comparisons of a model in Spark's words: DuckDB's SQL, word for word, or a refusal that names the comparison.

A function is translated only if both engines are known to give the same value for it. The names that begin with `mdm_`
are defined in `mdm.spark.function`.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import sqlglot
from sqlglot import exp
from sqlglot.errors import ErrorLevel, SqlglotError

from mdm.errors import DeclarationError

# Means the same in both engines.
_ALIKE = (
    exp.Column, exp.Identifier, exp.Literal, exp.Boolean, exp.Null, exp.Paren, exp.Tuple, exp.Case, exp.If,
    exp.And, exp.Or, exp.Not, exp.Is, exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE, exp.Between, exp.In,
    exp.Add, exp.Sub, exp.Mul, exp.Neg, exp.Abs, exp.Least, exp.Greatest, exp.Coalesce, exp.Nullif,
    exp.DPipe, exp.Length, exp.Left, exp.Right, exp.DataType,
)  # fmt: skip
_NAMED = {
    "jaro_similarity": "mdm_jaro",
    "jaro_winkler_similarity": "mdm_jaro_winkler",
    "levenshtein": "mdm_levenshtein",
    "damerau_levenshtein": "mdm_damerau_levenshtein",
    "likeness": "mdm_likeness",
    "spelling": "mdm_spelling",
    "list_intersect": "array_intersect",
    "array_intersect": "array_intersect",
    "list_has_any": "arrays_overlap",
    "array_has_any": "arrays_overlap",
    "list_has_all": "mdm_has_all",
    "array_has_all": "mdm_has_all",
    "array_length": "array_size",
    "array_to_string": "array_join",
    "string_split": "mdm_split",
}
_TEXTS = {exp.DataType.Type.TEXT, exp.DataType.Type.VARCHAR}


def settings(entity: str, said: Mapping[str, Any]) -> dict[str, Any]:
    """Splink settings for Spark: the same comparisons and weights; candidate pairs are given, so no blocking."""
    comparisons = [
        {
            **c,
            "comparison_levels": [_level(f"{entity}: comparison {c['output_column_name']!r}", v) for v in c["comparison_levels"]],
        }
        for c in said["comparisons"]
    ]
    return {**said, "comparisons": comparisons, "blocking_rules_to_generate_predictions": [], "sql_dialect": "spark"}


def _level(where: str, level: Mapping[str, Any]) -> dict[str, Any]:
    condition = level["sql_condition"]
    return dict(level) if condition.strip().upper() == "ELSE" else {**level, "sql_condition": translated(where, condition)}


def translated(where: str, condition: str) -> str:
    """A condition in DuckDB's SQL as Spark's; `where` begins the refusal."""
    try:
        tree = sqlglot.parse_one(condition, read="duckdb")
    except SqlglotError as error:
        raise DeclarationError(
            f"{where}: {condition!r} cannot be read as SQL: {str(error).splitlines()[0]}; write it anew"
        ) from None
    return tree.transform(_checked(where), copy=False).sql(dialect="spark")


def _checked(where: str) -> Callable[[exp.Expression], exp.Expression]:
    def node(found: exp.Expression) -> exp.Expression:
        name = _name(found)
        if name in _NAMED and _whole(found):
            # What a transformation replaced, it does not walk into.
            return exp.Anonymous(this=_NAMED[name], expressions=[one.transform(node) for one in _arguments(found)])
        if isinstance(found, _ALIKE) or _plain(found):
            return found
        raise DeclarationError(
            f"{where} uses {found.sql(dialect='duckdb', unsupported_level=ErrorLevel.IGNORE)!r}, which is not known to mean the same on Spark; write it with "
            f'{", ".join(_NAMED)} or plain comparisons, or set engine = "duckdb" in [run]'
        )

    return node


def _name(found: exp.Expression) -> str:
    """What DuckDB calls a function, however the parser understood it."""
    if isinstance(found, exp.Anonymous):
        return found.name.lower()
    known: dict[type, str] = {
        exp.JarowinklerSimilarity: "jaro_winkler_similarity", exp.Levenshtein: "levenshtein", exp.ArrayOverlaps: "list_has_any",
        exp.ArraySize: "array_length", exp.ArrayIntersect: "array_intersect", exp.Split: "string_split",
        exp.ArrayContainsAll: "list_has_all", exp.ArrayToString: "array_to_string",
    }  # fmt: skip
    return known.get(type(found), "")


def _arguments(found: exp.Expression) -> Iterable[exp.Expression]:
    if isinstance(found, exp.Anonymous | exp.ArrayIntersect):
        return found.expressions
    given = (found.args.get("this"), found.args.get("expression"))
    return [one for one in given if isinstance(one, exp.Expression)]


def _whole(found: exp.Expression) -> bool:
    """Nothing is said but the arguments: no bound, no cost of its own."""
    said = {name for name, value in found.args.items() if value not in (None, False, [])}
    return isinstance(found, exp.Anonymous) or said <= {"this", "expression", "expressions"}


def _plain(found: exp.Expression) -> bool:
    """A cast to text, or a part of a text that begins within it: DuckDB counts places before the first."""
    if isinstance(found, exp.Cast):
        return found.to.this in _TEXTS
    start = found.args.get("start") if isinstance(found, exp.Substring) else None
    return isinstance(start, exp.Literal) and start.is_int and int(start.name) > 0
