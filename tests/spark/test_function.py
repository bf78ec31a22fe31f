"""Every function that is translated has the same value on Spark as in DuckDB, to the last bit."""

import random
from pathlib import Path

import polars as pl
import pytest

from mdm.bench import Bench
from mdm.settings import HubSettings, RunSettings, Settings
from mdm.spark import Pairs, pairs

pytestmark = pytest.mark.long

LETTERS = ["ab ", "abcdefgh -'", "aäáåæøß çčć", "абвгд ёж", "小龍 東京市", "🙂🙃a "]
PAIRS = 20_000
# A column of the left record holds DuckDB's value for the pair.
SAID = {
    "jaro": "jaro_similarity(l.x, r.x)",
    "winkler": "jaro_winkler_similarity(l.x, r.x)",
    "edits": "levenshtein(l.x, r.x)",
    "slips": "damerau_levenshtein(l.x, r.x)",
    "length": "length(r.x)",
    "head": "substr(r.x, 1, 2)",
    "tail": "right(r.x, 2)",
    "common": "array_length(list_intersect(string_split(l.x, ' '), string_split(r.x, ' ')))",
    "any_common": "list_has_any(string_split(l.x, ' '), string_split(r.x, ' '))",
    "all_common": "list_has_all(string_split(array_to_string(string_split(l.x, ' '), ' '), ' '), string_split(r.x, ' '))",
    "smaller": "least(length(l.x), nullif(length(r.x), 0))",
}


def written(chance: random.Random, letters: str) -> str:
    return "".join(chance.choices(letters, k=chance.randint(0, 14)))


def miswritten(chance: random.Random, text: str, letters: str) -> str:
    """The text with up to three letters lost, added or exchanged."""
    found = list(text)
    for _ in range(chance.randint(0, 3)):
        at = chance.randint(0, max(len(found) - 1, 0))
        kind = chance.choice("lax")
        if kind == "a" or not found:
            found.insert(at, chance.choice(letters))
        elif kind == "l":
            found.pop(at)
        else:
            found[at : at + 2] = found[at : at + 2][::-1]
    return "".join(found)


def texts() -> list[str]:
    """Pairs of texts, one after the other: some of chance alone, some nearly alike."""
    chance = random.Random(11)
    found = []
    for number in range(PAIRS):
        letters = LETTERS[number % len(LETTERS)]
        text = written(chance, letters)
        found += [text, written(chance, letters) if number % 3 == 0 else miswritten(chance, text, letters)]
    return found


def test_no_value_differs(tmp_path: Path, spark: RunSettings):
    bench = Bench(None)
    bench.store("bench.compare", pl.DataFrame({"x": texts()}).with_row_index("record_id").cast({"record_id": pl.Int64}))
    said = ", ".join(f'{sql} as "{name}"' for name, sql in SAID.items())
    bench.execute(
        f"create or replace table bench.compare as select l.*, {said} from bench.compare l left join bench.compare r "
        "on r.record_id = l.record_id + 1 and l.record_id % 2 = 0"
    )
    bench.execute("create temp table distinct_record (record_id bigint, stream varchar)")
    bench.execute("create table changed_ids (record_id bigint)")
    differ = [f'coalesce({sql} <> l."{name}", ({sql} is null) <> (l."{name}" is null))' for name, sql in SAID.items()]
    # The first two pairs always join, so that nothing found is something looked for.
    keys = {0: "select record_id, record_id // 2 as k from bench.compare"}
    asked = Pairs("text", keys, [*differ, "l.record_id < 4"], model=None, floor=0.0, whole=True)
    settings = Settings(tmp_path / "mdm.toml", HubSettings("sqlite://", tmp_path, tmp_path / "bench"), spark)

    found = pairs(bench, settings, asked)

    assert found == PAIRS
    wrong = "select l.x, r.x, a, b from joined join bench.compare l on l.record_id = a join bench.compare r on r.record_id = b"
    assert [row[2:] for row in bench.execute(f"{wrong} order by a")] == [(0, 1), (2, 3)]
