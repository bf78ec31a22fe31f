"""Scoring by one prepared statement: the SQL that Splink writes for the model, planned once and run for every record.

The statement has Splink's own parts (levels, weights, term frequencies, prior) in Splink's own order, so that a pair weighs
to the last bit what it weighs in a run.
"""

from typing import Any

import polars as pl
from splink import SettingsCreator
from splink.internals.dialects import SplinkDialect
from splink.internals.predict import _combine_prior_and_mws
from splink.internals.settings import Settings

from mdm import blocking, rarity
from mdm.bench import Bench
from mdm.compare import RARITY
from mdm.entity import Entity
from mdm.lookup.snapshot import Snapshot
from mdm.stages import match

# A record that has not landed has no number yet; it stands on the right of every pair.
UNKNOWN = 2**63 - 1


class Scorer:
    """The model of a snapshot as a prepared statement, and the keys of a record as another."""

    def __init__(self, entity: Entity, snapshot: Snapshot):
        self.entity, self.snapshot = entity, snapshot
        self.bench = Bench(None, threads=1)
        # The statements are planned over empty tables: what these hold then must not be taken for what they will hold.
        self.bench.execute("set disabled_optimizers = 'statistics_propagation,compressed_materialization'")
        self._plain = [c for c in snapshot.compared.columns if c not in {f"tf_{t}" for t in snapshot.terms}]
        self.bench.store("bench.compare", snapshot.compared.select(self._plain).clear())
        keys = [
            f"select {rule}::bigint as rule, k from ({blocking.key_sql(self.bench, columns)})"
            for rule, columns in blocking.rules(entity)
        ]
        self.bench.execute(f"prepare keys_of as {' union '.join(keys)} order by rule, k")
        self.bench.store("held", self._weighed(snapshot.compared.clear()))
        self.bench.execute("create temp table pair (a bigint, b bigint)")
        for macro in rarity.MACROS:
            self.bench.execute(macro)
        self.bench.execute(f"prepare score as {self._sql()}")

    def keys(self, asked: pl.DataFrame) -> list[tuple[int, int]]:
        """The blocking keys of one compared record: rule, hash."""
        self._fill("bench.compare", asked.select(self._plain))
        return [(rule, key) for rule, key in self.bench.execute("execute keys_of")]

    def scored(self, asked: pl.DataFrame, rows: pl.Series) -> pl.DataFrame:
        """The pairs of one compared record with rows of the snapshot: a, b, weight, joined, and what Splink says of each."""
        others = self.snapshot.compared[rows]
        own = asked.item(0, "record_id")
        terms = (column.of(asked[name]).alias(f"tf_{name}") for name, column in sorted(self.snapshot.terms.items()))
        held = pl.concat([asked.with_columns(terms).select(others.columns), others])
        ids = pl.col("record_id")
        pairs = others.select(a=pl.min_horizontal(ids, pl.lit(own)), b=pl.max_horizontal(ids, pl.lit(own)))
        self._fill("held", self._weighed(held))
        self._fill("pair", pairs)
        return self.bench.frame("execute score")

    def _fill(self, table: str, rows: pl.DataFrame) -> None:
        self.bench.execute(f"delete from {table}")
        self.bench.store(table, rows, append=True)

    def _weighed(self, rows: pl.DataFrame) -> pl.DataFrame:
        """With the words of each rare key and what they weigh, as a list of pairs."""
        for key, known in self.snapshot.words.items():
            each = rows.select("record_id", word=pl.col(key)).explode("word").drop_nulls("word")
            pairs = (
                each.with_columns(weight=known.of(each["word"]))
                .group_by("record_id")
                .agg(pl.struct("word", "weight").alias(f"{key}_words"))
            )
            rows = rows.join(pairs, on="record_id", how="left", maintain_order="left")
        return rows

    def _sql(self) -> str:
        joined = " or ".join(f"({match.joins(a)})" for a in match.joining(self.entity)) or "false"
        if self.snapshot.model is None:
            return (
                "select a as record_id_l, b as record_id_r, null::double as match_weight, null::double as calibrated, "
                f"coalesce({joined}, false) as joined from pair join held l on l.record_id = a join held r on r.record_id = b"
            )
        said = dict(self.snapshot.model.settings, retain_matching_columns=False)
        settings = SettingsCreator.from_path_or_dict(said).get_settings("duckdb")
        return _statement(settings, joined, list(self.snapshot.words), self.snapshot.model.calibrated("match_weight"))


def _statement(settings: Settings, joined: str, rare: list[str], calibrated: str) -> str:
    ids, comparisons = settings.column_info_settings.unique_id_input_columns, settings.comparisons
    told: Any = {
        "unique_id_input_columns": ids, "comparisons": comparisons, "retain_matching_columns": True,
        "additional_columns_to_retain": [],
    }  # fmt: skip
    weighed = "".join(
        f', case when "{key}_words" is not null then struct_pack(square := list_sum(list_transform("{key}_words", lambda w: '
        f'w.weight * w.weight)), words := map_from_entries(list_transform("{key}_words", lambda w: row(w.word, w.weight)))) end '
        f'as "{key}{RARITY}"'
        for key in rare
    )
    blocked = ", ".join(settings._columns_to_select_for_blocking)
    levels = ", ".join(Settings.columns_to_select_for_comparison_vector_values(**told))
    parts = ", ".join(Settings.columns_to_select_for_match_weight_parts(**told, retain_intermediate_calculation_columns=True))
    terms = [term for comparison in comparisons for term in comparison._match_weight_columns_to_sum]
    weight, _ = _combine_prior_and_mws(settings._probability_two_random_records_match, terms, SplinkDialect.from_string("duckdb"))
    return (
        f"with weighed as (select *{weighed} from held), "
        f"blocked as (select {blocked}, '0' as match_key, coalesce({joined}, false) as joined from pair b "
        "join weighed l on l.record_id = b.a join weighed r on r.record_id = b.b), "
        f"levels as (select {levels}, joined from blocked), parts as (select {parts}, joined from levels) "
        f"select *, {weight} as match_weight, round({calibrated}, 6) as calibrated from parts"
    )
