"""Splink as its tutorial and its examples would have it: comparisons by the kind of column, blocking on what is obvious.

The people's sets follow Splink's own published examples for them. Clusters are taken at a probability of 0.95; of two
tables, where no table holds one thing twice, as single best links.
"""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import splink.comparison_library as cl
from splink import DuckDBAPI, Linker, SettingsCreator, block_on

from benchmarks.accuracy import answer, sets

THRESHOLD = 0.95
SAMPLE = 1e7
# Where no column is an obvious block and the set is small, all pairs are compared.
ALL = "1=1"
Rule = Any


@dataclass(frozen=True)
class Model:
    """What a user of Splink writes down for a set; `words` is the text whose words become a list column of that name."""

    comparisons: Sequence[Any]
    block: Sequence[Rule]
    certain: Sequence[Rule]
    # Of the certain rules; where there are none, the chance that two random records match, as a user would state it.
    recall: float
    train: Sequence[Rule]
    words: str | None = None


def frequent(comparison: Any) -> Any:
    """The comparison with adjustments for frequent values."""
    return comparison.configure(term_frequency_adjustments=True)


FIGURE = Model(
    comparisons=[
        cl.ForenameSurnameComparison("first_name", "surname", forename_surname_concat_col_name="first_and_surname"),
        cl.DateOfBirthComparison("dob", input_is_string=True),
        cl.PostcodeComparison("postcode_fake"),
        frequent(cl.ExactMatch("birth_place")),
        frequent(cl.ExactMatch("occupation")),
    ],
    block=[
        block_on("first_name", "surname"), block_on("surname", "dob"), block_on("first_name", "dob"),
        block_on("postcode_fake", "first_name"), block_on("postcode_fake", "surname"), block_on("dob", "birth_place"),
        block_on("substr(postcode_fake,1,3)", "dob"), block_on("substr(postcode_fake,1,3)", "first_name"),
        block_on("substr(postcode_fake,1,3)", "surname"),
        block_on("substr(first_name,1,2)", "substr(surname,1,2)", "substr(dob,1,4)"),
    ],
    certain=[
        block_on("first_name", "surname", "dob"),
        block_on("substr(first_name,1,2)", "surname", "substr(postcode_fake,1,2)"),
        block_on("dob", "postcode_fake"),
    ],
    recall=0.6,
    train=[block_on("first_name", "surname"), block_on("dob")],
)  # fmt: skip
PERSON_SWAPPED = "l.given_name = r.surname and l.surname = r.given_name"
PERSON_CERTAIN = [
    block_on("soc_sec_id"),
    block_on("given_name", "surname", "date_of_birth"),
    f"{PERSON_SWAPPED} and l.date_of_birth = r.date_of_birth",
]
BORN = cl.DateOfBirthComparison("date_of_birth", input_is_string=True, datetime_format="%Y%m%d")

WORDS = cl.ArrayIntersectAtSizes("words", [5, 4, 3, 2, 1])

MODELS = {
    "historical50k": FIGURE,
    "febrl3": Model(
        comparisons=[
            cl.NameComparison("given_name"), cl.NameComparison("surname"), BORN,
            cl.DamerauLevenshteinAtThresholds("soc_sec_id", [2]), frequent(cl.ExactMatch("street_number")),
            frequent(cl.ExactMatch("postcode")),
        ],
        block=[block_on(c) for c in ("soc_sec_id", "given_name", "surname", "date_of_birth", "postcode")],
        certain=PERSON_CERTAIN,
        recall=0.9,
        train=[block_on("date_of_birth"), block_on("postcode")],
    ),
    "febrl4": Model(
        comparisons=[
            cl.NameComparison("given_name"), cl.NameComparison("surname"), BORN,
            cl.DamerauLevenshteinAtThresholds("soc_sec_id", [1, 2]), frequent(cl.ExactMatch("street_number")),
            frequent(cl.DamerauLevenshteinAtThresholds("postcode", [1, 2])),
        ],
        block=[
            block_on("given_name", "surname"), PERSON_SWAPPED, block_on("date_of_birth"), block_on("soc_sec_id"),
            block_on("state", "address_1"), block_on("street_number", "address_1"), block_on("postcode"),
        ],
        certain=PERSON_CERTAIN,
        recall=0.8,
        train=[block_on("date_of_birth"), block_on("postcode")],
    ),
    "chicago_sites": Model(
        comparisons=[
            cl.NameComparison("site_name"), cl.JaroWinklerAtThresholds("address"), frequent(cl.ExactMatch("zip")),
            cl.LevenshteinAtThresholds("phone"),
        ],
        block=[block_on("phone"), block_on("address"), block_on("site_name"), block_on("zip", "substr(site_name,1,4)")],
        certain=[block_on("site_name", "address"), block_on("address", "phone")],
        recall=0.7,
        train=[block_on("phone"), block_on("address")],
    ),
    "leipzig": Model(
        comparisons=[cl.JaroWinklerAtThresholds("affiliation", [0.9, 0.8, 0.7]), WORDS],
        block=[ALL],
        certain=[block_on("substr(affiliation,1,20)")],
        recall=0.3,
        train=[block_on("substr(affiliation,1,10)"), "len(list_intersect(l.words, r.words)) >= 2"],
        words="affiliation",
    ),
    "fodors_zagat": Model(
        comparisons=[
            cl.NameComparison("name"), cl.JaroWinklerAtThresholds("addr"), cl.JaroWinklerAtThresholds("city"),
            cl.LevenshteinAtThresholds("phone"), cl.ExactMatch("type"),
        ],
        block=[block_on("phone"), block_on("name"), block_on("addr"), block_on("city")],
        certain=[block_on("name", "city"), block_on("phone")],
        recall=0.8,
        train=[block_on("phone"), block_on("city")],
    ),
    "abt_buy": Model(
        comparisons=[
            cl.JaroWinklerAtThresholds("name", [0.9, 0.8, 0.7]), WORDS, cl.JaroWinklerAtThresholds("description"),
            cl.ExactMatch("price"),
        ],
        block=[ALL],
        certain=[],
        recall=1 / 1076,
        train=[block_on("price"), block_on("substr(name,1,10)")],
        words="name",
    ),
    "amazon_google": Model(
        comparisons=[
            cl.JaroWinklerAtThresholds("title", [0.9, 0.8, 0.7]), WORDS, cl.JaroWinklerAtThresholds("description"),
            cl.JaroWinklerAtThresholds("manufacturer"), cl.ExactMatch("price"),
        ],
        block=[ALL],
        certain=[],
        recall=1 / 3039,
        train=[block_on("price"), block_on("substr(title,1,10)")],
        words="title",
    ),
    "musicbrainz20k": Model(
        comparisons=[
            cl.JaroWinklerAtThresholds("title"), cl.JaroWinklerAtThresholds("artist"), cl.JaroWinklerAtThresholds("album"),
            cl.LevenshteinAtThresholds("length"), cl.ExactMatch("number"), cl.ExactMatch("year"), cl.ExactMatch("language"),
        ],
        block=[
            block_on("title"), block_on("artist", "album"), block_on("album", "number"),
            block_on("substr(title,1,6)", "substr(artist,1,3)"), block_on("substr(title,1,6)", "substr(album,1,3)"),
        ],
        certain=[block_on("title", "artist"), block_on("title", "album")],
        recall=0.5,
        train=[block_on("title"), block_on("album")],
    ),
}  # fmt: skip


def main() -> None:
    """Answer for the set of the first argument, prepared in the folder of the second."""
    chosen, folder = sets.SETS[sys.argv[1]], Path(sys.argv[2])
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr)
    model, api = MODELS[chosen.name], DuckDBAPI()
    tables = [
        api.register(_table(folder, t, model.words), table_name=f"table_{t}", dataset_display_name=t) for t in chosen.tables
    ]
    settings = SettingsCreator(
        link_type="link_only" if chosen.two else "dedupe_only",
        unique_id_column_name=sets.ID,
        comparisons=list(model.comparisons),
        blocking_rules_to_generate_predictions=list(model.block),
        probability_two_random_records_match=0.0001 if model.certain else model.recall,
    )
    linker = Linker(tables if chosen.two else tables[0], settings)
    _train(linker, model)
    pairs = linker.inference.predict(threshold_match_probability=THRESHOLD)
    clustering = linker.clustering
    if chosen.two:
        clusters = clustering.cluster_using_single_best_links(
            pairs, duplicate_free_datasets=list(chosen.tables), threshold_match_probability=THRESHOLD
        )
    else:
        clusters = clustering.cluster_pairwise_predictions_at_threshold(pairs, threshold_match_probability=THRESHOLD)
    said = clusters.as_pyarrow_table().to_pylist()
    answer.write(folder, answer.CLUSTERS, ((row[sets.ID], row["cluster_id"]) for row in said))


def _table(folder: Path, table: str, text: str | None) -> pa.Table:
    rows: list[dict[str, Any]] = [*sets.prepared(folder, table)]
    for row in rows if text else []:
        row["words"] = sorted(set(re.findall(r"[a-z0-9]+", row[text] or "")))
    return pa.Table.from_pylist(rows)


def _train(linker: Linker, model: Model) -> None:
    training = linker.training
    if model.certain:
        training.estimate_probability_two_random_records_match(list(model.certain), recall=model.recall)
    training.estimate_u_using_random_sampling(max_pairs=SAMPLE, seed=1)
    for rule in model.train:
        training.estimate_parameters_using_expectation_maximisation(rule)


if __name__ == "__main__":
    main()
