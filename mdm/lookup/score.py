"""Scoring by one prepared statement: the SQL that Splink writes for the model, planned once and run for every record.

DuckDB plans a statement that reads a table each time anew, which costs more than scoring; so records come as a parameter.

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
# The record in question with each other. A parameter in a condition would have the statement planned anew each time.
_PAIR = (
    "select least(record_id, own) as a, greatest(record_id, own) as b from held, "
    "(select unnest($2::varchar::json::bigint[]) as own) where record_id <> own"
)


class Scorer:
    """The model of a snapshot as a prepared statement, and the keys of a record as another."""

    def __init__(self, entity: Entity, snapshot: Snapshot):
        self.entity, self.snapshot = entity, snapshot
        self.bench = Bench(None, threads=1)
        # The statements are planned before there is a record: nothing must be taken for granted of what records will hold.
        self.bench.execute("set disabled_optimizers = 'statistics_propagation,compressed_materialization'")
        self._plain = [c for c in snapshot.compared.columns if c not in {f"tf_{t}" for t in snapshot.terms}]
        self.bench.store("bench.compare", snapshot.compared.select(self._plain).clear())
        keys = [
            f"select {rule}::bigint as rule, k from ({blocking.key_sql(self.bench, columns, source='asked')})"
            for rule, columns in blocking.rules(entity)
        ]
        self.bench.store("held", self._weighed(snapshot.compared.clear()))
        for macro in rarity.MACROS:
            self.bench.execute(macro)
        asked, held = self._given("bench.compare"), self._given("held")
        self.bench.execute(f"prepare keys_of as with asked as materialized ({asked}) {' union '.join(keys)} order by rule, k")
        self.bench.execute(f"prepare score as with held as materialized ({held}), pair as ({_PAIR}), {self._sql()}")

    def keys(self, asked: pl.DataFrame) -> list[tuple[int, int]]:
        """The blocking keys of one compared record: rule, hash."""
        return [(rule, key) for rule, key in self.bench.execute(f"execute keys_of({_literal(asked.select(self._plain))})")]

    def scored(self, asked: pl.DataFrame, rows: pl.Series) -> pl.DataFrame:
        """The pairs of one compared record with rows of the snapshot: a, b, weight, joined, and what Splink says of each."""
        others = self.snapshot.compared[rows]
        own = asked.item(0, "record_id")
        terms = (column.of(asked[name]).alias(f"tf_{name}") for name, column in sorted(self.snapshot.terms.items()))
        held = pl.concat([asked.with_columns(terms).select(others.columns), others])
        return self.bench.frame(f"execute score({_literal(self._weighed(held))}, '[{own}]')")

    def _given(self, table: str) -> str:
        """SQL of the records in the first parameter, in the types of a table's columns."""
        columns = self.bench.execute(f"describe {table}")
        types = ", ".join(f'"{name}" {kind}' for name, kind, *_ in columns)
        return f"select unnest($1::varchar::json::struct({types})[], max_depth := 2)"

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
                "scored as (select a as record_id_l, b as record_id_r, null::double as match_weight, null::double as calibrated, "
                f"coalesce({joined}, false) as joined from pair join held l on l.record_id = a join held r on r.record_id = b) from scored"
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
        f"weighed as (select *{weighed} from held), "
        f"blocked as (select {blocked}, '0' as match_key, coalesce({joined}, false) as joined from pair b "
        "join weighed l on l.record_id = b.a join weighed r on r.record_id = b.b), "
        f"levels as (select {levels}, joined from blocked), parts as (select {parts}, joined from levels) "
        f"select *, {weight} as match_weight, round({calibrated}, 6) as calibrated from parts"
    )


def _literal(rows: pl.DataFrame) -> str:
    """Rows as JSON, quoted for SQL."""
    return "'" + rows.write_json().replace("'", "''") + "'"
