"""What a delivery is against what we have: every row in exactly one class. Pure."""

import polars as pl


def classified(page: pl.DataFrame, heads: pl.DataFrame, seen: pl.Series) -> pl.DataFrame:
    """Every row of a page with its `kind`, pure; a record is at most once in the page.

    `page`: record_id, digest, op, source_time, wanted. `heads`: the current versions of those records. `seen`: ids met
    before in this delivery. Kinds: new, changed, late (older than what we have), deleted, unchanged, duplicate, filtered.
    """
    held = heads.rename({"digest": "h_digest", "op": "h_op", "source_time": "h_time"})
    known = page.join(held, on="record_id", how="left", maintain_order="left")
    same = (pl.col("digest") == pl.col("h_digest")) & (pl.col("op") == pl.col("h_op"))
    is_known = pl.col("h_digest").is_not_null()
    kind = (
        pl.when(~is_known & (~pl.col("wanted") | (pl.col("op") != "upsert"))).then(pl.lit("filtered"))
        .when(~is_known).then(pl.lit("new"))
        .when(pl.col("record_id").is_in(seen.implode()) & same).then(pl.lit("duplicate"))
        .when((pl.col("op") == "delete") & (pl.col("h_op") == "delete")).then(pl.lit("unchanged"))
        .when(same).then(pl.lit("unchanged"))
        .when(pl.col("source_time") < pl.col("h_time")).then(pl.lit("late"))
        .when(pl.col("op") == "delete").then(pl.lit("deleted"))
        .otherwise(pl.lit("changed"))
    )  # fmt: skip
    return known.with_columns(kind=kind).drop("h_digest", "h_op", "h_time")


def rounds(page: pl.DataFrame) -> list[pl.DataFrame]:
    """A page cut so that each part has a record at most once, a record's versions in the order of their source time.

    A version without a time stands where it was read: after those that came before it.
    """
    placed = page.with_row_index("_at").with_columns(
        _time=pl.col("source_time").cum_max().forward_fill().over("record_id").fill_null(-(2**62))
    )
    time = pl.coalesce("source_time", "_time")
    ranked = placed.with_columns(_turn=pl.struct(time.alias("t"), "_at").rank("ordinal").over("record_id"))
    turns = int(ranked["_turn"].max() or 0)  # type: ignore[arg-type]
    return [ranked.filter(pl.col("_turn") == turn).drop("_at", "_time", "_turn") for turn in range(1, turns + 1)]
