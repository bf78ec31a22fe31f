"""DuckDB's comparisons in Spark's words, or refused by name."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import splink.comparison_level_library as cll
import splink.comparison_library as cl

from mdm import catalog, model
from mdm.errors import DeclarationError
from mdm.spark import dialect
from mdm.testing.toy import thing

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ('"name_l" is null or "name_r" is null', "`name_l` IS NULL OR `name_r` IS NULL"),
        ('jaro_winkler_similarity("a_l", "a_r") >= 0.92', "MDM_JARO_WINKLER(`a_l`, `a_r`) >= 0.92"),
        ("levenshtein(cast(d_l as varchar), d_r) = 1", "MDM_LEVENSHTEIN(CAST(d_l AS STRING), d_r) = 1"),
        ("array_length(list_intersect(a_l, a_r)) >= 1", "ARRAY_SIZE(ARRAY_INTERSECT(a_l, a_r)) >= 1"),
        ("list_has_any(string_split(l.a, ' '), r.b)", "ARRAYS_OVERLAP(MDM_SPLIT(l.a, ' '), r.b)"),
        ("list_has_all(a, string_split(array_to_string(b, ' '), ' '))", "MDM_HAS_ALL(a, MDM_SPLIT(ARRAY_JOIN(b, ' '), ' '))"),
        ("greatest(likeness(a, b), spelling(c, d)) >= 0.9", "GREATEST(MDM_LIKENESS(a, b), MDM_SPELLING(c, d)) >= 0.9"),
        ("substr(a_l, 1, 1) = left(a_r, 1)", "SUBSTRING(a_l, 1, 1) = LEFT(a_r, 1)"),
    ],
)
def test_what_means_the_same_is_translated(said: str, expected: str):
    assert dialect.translated("here", said) == expected


@pytest.mark.parametrize(
    "said",
    [
        "lower(a_l) = a_r", "cast(a_l as int) = 1", "substr(a_l, 0, 1) = a_r", "a_l ilike a_r", "regexp_matches(a_l, 'x')",
        "levenshtein(a_l, a_r, 2) <= 1", "damerau_levenshtein(lower(a_l), a_r) <= 1", "a_l in (select 1)", "metaphone(a_l) = 'x'",
    ],
)  # fmt: skip
def test_what_may_mean_something_else_is_refused(said: str):
    with pytest.raises(DeclarationError, match=r"^here uses .* not known to mean the same on Spark; .*duckdb"):
        dialect.translated("here", said)


def test_what_is_no_sql_is_refused():
    with pytest.raises(DeclarationError, match=r"^here: .* cannot be read as SQL"):
        dialect.translated("here", "a_l = = a_r")


def test_a_refusal_names_entity_and_comparison():
    odd = cl.CustomComparison(
        output_column_name="sound", comparison_levels=[cll.CustomLevel("soundex(name_l) = soundex(name_r)"), cll.ElseLevel()]
    )
    entity = replace(thing, comparisons=[*thing.comparisons, odd])

    with pytest.raises(DeclarationError, match=r"^thing: comparison 'sound' uses"):
        dialect.settings(entity.name, model.declared(entity))


@pytest.mark.parametrize("entity", catalog.entities(ROOT / "rules").values(), ids=lambda entity: entity.name)
def test_our_own_rules_are_translated_and_keep_their_weights(entity):
    declared = model.declared(entity)

    said = dialect.settings(entity.name, declared)

    assert said["sql_dialect"] == "spark"
    for ours, theirs in zip(said["comparisons"], declared["comparisons"], strict=True):
        drop = {"sql_condition"}
        assert [{k: v for k, v in level.items() if k not in drop} for level in ours["comparison_levels"]] == [
            {k: v for k, v in level.items() if k not in drop} for level in theirs["comparison_levels"]
        ]
        assert '"' not in "".join(level["sql_condition"] for level in ours["comparison_levels"])


def test_a_run_without_spark_never_loads_it():
    code = "import sys, mdm.pipeline; assert 'pyspark' not in sys.modules, 'loaded'"

    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr
