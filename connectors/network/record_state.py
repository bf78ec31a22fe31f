"""What Veeva Network says of the life of a record, as operations.

An unknown state is a signal: it is reported, and the record is taken as it stands. The loser of a merge follows its
winner, and the winner of that winner where the same page tells it.
"""

from collections.abc import Mapping

import polars as pl

from mdm.connector import Message, Notice, Records

STATE, MASTER = "record_state__v", "master_vid__v"
OPERATION = {
    "VALID": "upsert",
    "UNDER_REVIEW": "upsert",
    "INVALID": "inactive",
    "DELETED": "delete",
    "MERGED_INTO": "merged_into",
    "MERGED_INACTIVE": "merged_into",
}
LONGEST_CHAIN = 25


def told(message: Records, *, owned: bool) -> list[Message]:
    """Records with the operation their state means; what is `owned` by another record is there or it is gone."""
    frame = message.frame
    state = frame["payload"].str.json_path_match(f"$['{STATE}']")
    if state.null_count() == len(state):
        return [message]
    op = state.replace_strict(OPERATION, default="upsert", return_dtype=pl.String)
    if owned:
        op = pl.select(pl.when(op != "upsert").then(pl.lit("delete")).otherwise(op)).to_series()
    winner = frame["payload"].str.json_path_match(f"$['{MASTER}']")
    winner = pl.select(pl.when((op == "merged_into") & (winner != "") & (winner != frame["source_key"])).then(winner)).to_series()
    # A loser without a winner is not there any more, and nobody knows where it went.
    op = pl.select(pl.when((op == "merged_into") & winner.is_null()).then(pl.lit("inactive")).otherwise(op)).to_series()
    last = _last(dict(frame.select("source_key", winner=winner).drop_nulls().iter_rows()))
    winner = winner.replace_strict(last, default=None, return_dtype=pl.String) if last else winner
    kept = pl.when(pl.col("op") != "delete").then("payload").alias("payload")
    told = frame.with_columns(op.alias("op"), winner.alias("merged_into")).with_columns(kept)
    return [Records(told, message.fields, message.tabular), *_signals(state, told)]


def _last(follows: Mapping[str, str]) -> dict[str, str]:
    """Where the chain of merges that begins at each winner ends."""
    ends = {}
    for winner in set(follows.values()):
        end = winner
        for _ in range(LONGEST_CHAIN):
            end = follows.get(end, end)
        ends[winner] = end
    return ends


def _signals(state: pl.Series, told: pl.DataFrame) -> list[Message]:
    said: list[Message] = []
    unknown = told.filter(state.is_not_null() & (state != "") & ~state.is_in(list(OPERATION)))
    if len(unknown):
        names = sorted(set(state.drop_nulls().unique()) - {*OPERATION, ""})
        said.append(
            Notice(
                f"{unknown['position'][0]}: {STATE} {', '.join(map(repr, names))} is not known, so the record is taken as valid"
            )
        )
    lost = told.filter(state.str.starts_with("MERGED").fill_null(False) & (pl.col("op") == "inactive"))
    if len(lost):
        said.append(
            Notice(f"{lost['position'][0]}: {len(lost)} records were merged, but {MASTER} names no winner; they are inactive")
        )
    return said
