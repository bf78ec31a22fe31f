"""Rarity: how much each word of a text says, by how few records have it (inverse document frequency).

Like all term frequencies it belongs to the numbered model: it is counted when a model is trained and never moves until
the next training, so that a pair weighs the same whatever else has landed.
"""

from collections.abc import Mapping

import polars as pl

from mdm.bench import Bench
from mdm.compare import RARITY
from mdm.entity import Entity

# Whole thousandths: sums of them are exact, in whatever order they are added.
_UNIT = 1000
_COMMON = "list_sum(list_transform(map_keys(a.words), lambda word: a.words[word] * b.words[word]))"
MACROS = (
    f"create or replace macro spelling(a, b) as coalesce({_COMMON} / sqrt(a.square * b.square), 0)",
    f"create or replace macro likeness(a, b) as coalesce({_COMMON} / sqrt(sqrt(a.square * b.square) "
    "* least(a.square, b.square)), 0)",
)


def keys(entity: Entity) -> list[str]:
    """The keys whose elements count by their rarity."""
    return [k.name for k in entity.keys if k.rare]


def counted(bench: Bench, key: str) -> pl.DataFrame:
    """What each element of a key weighs: word, weight in thousandths; the empty word stands for one never met."""
    return bench.frame(
        f'with each as (select unnest("{key}") as word from bench.compare), '
        f'filled as (select greatest(count("{key}"), 1) as n from bench.compare) '
        f"select word, round({_UNIT} * ln(1 + n / count(*)))::bigint as weight from each, filled group by word, n "
        f"union all select '', round({_UNIT} * ln(1 + n))::bigint from filled order by word"
    )


def weigh(bench: Bench, names: Mapping[str, pl.DataFrame], source: str, target: str) -> None:
    """Make `target`: the rows of `source` with a column per rare key that `likeness` and `spelling` can compare."""
    for macro in MACROS:
        bench.execute(macro)
    columns, joins = "", ""
    for number, (key, weights) in enumerate(sorted(names.items())):
        bench.store(f"rarity_{number}", weights)
        bench.execute(
            f'create or replace temp table weighed_{number} as with each as (select record_id, unnest("{key}") as word '
            f"from {source}), known as (select record_id, word, coalesce(w.weight, (select weight from rarity_{number} where "
            f"word = ''))::double as weight from each left join rarity_{number} w using (word)) "
            "select record_id, struct_pack(square := sum(weight * weight), words := map_from_entries(list(row(word, weight)))) "
            "as held from known group by record_id"
        )
        columns += f', w{number}.held as "{key}{RARITY}"'
        joins += f" left join weighed_{number} w{number} on w{number}.record_id = s.record_id"
    bench.execute(f"create or replace temp table {target} as select s.*{columns} from {source} s{joins}")
